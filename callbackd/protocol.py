"""The steps of the dialling protocol by name, so that a test can end the daemon at each of them.

``reached`` does nothing in a daemon that is not under test. A crash between two steps is the same as one at the first
of them.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Step(StrEnum):
    RIGHT_TAKEN = "right taken"
    RESTORED = "restored"
    """The rows of the earlier run have been taken up; Asterisk has not been asked yet."""
    PROMISE_ASKED = "promise asked"
    PROMISE_STORED = "promise stored"
    """The promise is committed, and nobody has heard it yet."""
    INTENT_ASKED = "intent asked"
    INTENT_STORED = "intent stored"
    """The intent is committed, and nobody has been dialled yet."""
    DIAL_ASKED = "dial asked"
    DIAL_ANSWERED = "dial answered"
    RING_ASKED = "ring asked"
    RING_ANSWERED = "ring answered"
    JOIN_ASKED = "join asked"
    JOIN_ANSWERED = "join answered"
    TRACE_ASKED = "trace asked"
    TRACE_ANSWERED = "trace answered"
    TRANSFER_ASKED = "transfer asked"
    TRANSFER_SENT = "transfer sent"
    """The dialplan has the caller; the telephone that asked has no answer yet."""
    TRANSFER_ANSWERED = "transfer answered"


def _ignore(_: Step) -> None:
    pass


watch: Callable[[Step], None] = _ignore


def reached(step: Step | None) -> None:
    if step:
        watch(step)

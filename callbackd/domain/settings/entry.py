"""Who is let into a line, and where the others go."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from annotated_types import Ge

from callbackd.domain.settings.values import Pattern, Seconds


class Way(StrEnum):
    """What becomes of a caller whom a rule takes out of, or keeps out of, the line."""

    WAIT = "wait"
    """The rule does nothing: they wait."""
    CALLBACK = "callback"
    """A callback at a time is proposed; the last resort that is never a dead end."""
    QUEUE = "queue"
    """Another queue, with the time of arrival kept."""
    DIALPLAN = "dialplan"
    """Back to the dialplan, at an extension of ``dead_man.exit_context``."""


@dataclass(frozen=True, slots=True)
class Exit:
    way: Way
    to: str = ""
    """The queue's name, or the extension."""


_WAIT, _CALLBACK = Exit(Way.WAIT), Exit(Way.CALLBACK)


@dataclass(frozen=True, slots=True)
class EntryRules:
    """Who is let into the line, and who is taken out of it."""

    max_places: Annotated[int, Ge(1)] | None = None
    """The line is full with this many places, promises included."""
    full: Exit = _CALLBACK
    """Where callers go when the line is full."""
    closed: Exit = _CALLBACK
    """Where callers go outside opening hours."""
    holiday: Exit = _CALLBACK
    """Where callers go on a holiday."""
    no_agents: Exit = _WAIT
    """Where callers go when no agent is logged in."""
    all_paused: Exit = _WAIT
    """Where callers go when every agent who is logged in is paused."""
    max_wait_s: Annotated[Seconds, Ge(1)] | None = None
    """How long a caller may wait in this line."""
    max_wait: Exit = _CALLBACK
    """Where callers go after that."""
    empty_after_s: Seconds | None = None
    """After this long with no agent at work, waiting callers are taken out; not set: never."""
    empty_when_paused: bool = False
    """Whether a queue with only paused agents counts as empty."""
    empty: Exit = _CALLBACK
    """Where waiting callers go when the queue is empty."""
    key: Annotated[str, Pattern(r"^[0-9*#]?$")] = ""
    """A key that takes a waiting caller out, other than the offer's 1 and 2; callers hear of it; empty: none."""
    key_exit: Exit = _CALLBACK
    """Where callers go when they press it."""

"""AMI's events as claims. Nothing here is a fact yet: app/hearsay asks ARI about each claim, and only then it is one.

Asterisk writes a caller's number into an event as it came, line breaks included, so anybody who can call us can write
events of their own onto this line. Therefore only what can be checked is claimed here: that one of our legs is gone,
and that a telephone dials. Whether Asterisk is alive is learnt from ARI alone.

ARI alone is not enough: it reports a channel in the dialplan only after we have subscribed to it, and a call that is
refused at once is over before that. AMI's `Hangup`, filtered to our own ids, closes that gap.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from callbackd.causes import Whose, judged
from callbackd.domain.events import Ending, LegEnded
from callbackd.domain.ids import OURS, LegId, minted_at

_UNIQUEID = re.compile(r"[A-Za-z0-9_.-]{1,150}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9]{2,16}/[A-Za-z0-9_.@+*#:/;-]{1,150}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TelephoneDials:
    """Somebody's telephone makes a call of its own: none of our legs has a channel that dials."""

    channel: str
    """The unique id of the telephone's channel."""
    name: str
    """That channel's name; up to the last dash it is the telephone's endpoint."""
    far: str
    """The unique id of the channel that was made to reach the other party."""
    far_name: str
    number: str

    @property
    def endpoint(self) -> str:
        return self.name.rpartition("-")[0]


@dataclass(frozen=True, slots=True)
class TelephoneDialled:
    """The call has stopped ringing: somebody answered, or nobody did."""

    name: str
    far: str
    answered: bool

    @property
    def endpoint(self) -> str:
        return self.name.rpartition("-")[0]


Claim = LegEnded | TelephoneDials | TelephoneDialled


class Decode:
    """Call it with an event's fields as AMI names them; it returns a claim, or None. `dropped` counts the reasons for
    None."""

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()

    def __call__(self, fields: dict[str, Any]) -> Claim | None:
        kind = fields.get("Event")
        reader = _READERS.get(kind) if isinstance(kind, str) else None
        if reader is None:
            self.dropped["a type of event we do not use"] += 1
            return None
        try:
            return reader(fields)
        except (KeyError, ValueError, TypeError, AttributeError) as why:
            self.dropped[f"{kind}: {type(why).__name__}"] += 1
            return None


def _hangup(fields: dict[str, Any]) -> Claim | None:
    """The second witness of how one of our legs ended.

    A customer is dialled into the dialplan, and ARI reports that channel only once we have subscribed to it. A call
    that is busy at once is over by then, in one case out of four on loopback; AMI's Hangup reports every channel.
    """
    leg, state = LegId(fields["Uniqueid"]), fields["ChannelStateDesc"]
    cause, tech_cause = int(fields["Cause"]), int(fields.get("TechCause") or 0)
    if not minted_at(leg):
        return None
    if state == "Up":
        return LegEnded(leg, Ending.NORMAL, cause, tech_cause)
    if state == "Down" and tech_cause == 480:
        # The customer's network, or Asterisk giving up after silence? ARI knows which: a call this long it did not
        # miss.
        return None
    if state == "Down" and tech_cause == 408:  # nothing rang: the customer never knew of a call
        return LegEnded(leg, Ending.CONGESTION, cause, tech_cause)
    how, whose = judged(cause, tech_cause)
    return LegEnded(leg, how, cause, tech_cause, perhaps_trunk=whose is Whose.EITHER)


def _dial_begin(fields: dict[str, Any]) -> Claim | None:
    channel, far = fields["Uniqueid"], fields["DestUniqueid"]
    name, far_name, number = fields["Channel"], fields["DestChannel"], fields["DestCallerIDNum"]
    if not _is_somebodys(far) or not number:
        return None
    if not _UNIQUEID.fullmatch(channel) or not _NAME.fullmatch(name) or not _NAME.fullmatch(far_name):
        return None
    return TelephoneDials(channel, name, far, far_name, str(number))


def _dial_end(fields: dict[str, Any]) -> Claim | None:
    name, far, status = fields["Channel"], fields["DestUniqueid"], fields["DialStatus"]
    if not _is_somebodys(far) or not _NAME.fullmatch(name):
        return None
    return TelephoneDialled(name, far, status == "ANSWER")


def _is_somebodys(channel: str) -> bool:
    return _UNIQUEID.fullmatch(channel) is not None and not channel.startswith(OURS)


_READERS: dict[str, Callable[[dict[str, Any]], Claim | None]] = {
    "Hangup": _hangup,
    "DialBegin": _dial_begin,
    "DialEnd": _dial_end,
}

"""AMI's events into the domain's. AMI is the second witness of how a leg of ours ended.

A customer is dialled into the dialplan, and ARI tells of that channel only once we have subscribed to it. A call that
is busy at once is over by then in one case out of four on loopback; AMI's Hangup tells of every channel.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from callbackd.causes import ending
from callbackd.domain.events import AgentDialled, Ending, Event, LegEnded, PbxLost
from callbackd.domain.ids import OURS, LegId


class Decode:
    """Call it with an event's fields as AMI names them. `dropped` counts why events gave nothing."""

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()

    def __call__(self, fields: dict[str, Any]) -> Event | None:
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


def _hangup(fields: dict[str, Any]) -> Event | None:
    leg, state = LegId(fields["Uniqueid"]), fields["ChannelStateDesc"]
    cause, tech_cause = int(fields["Cause"]), int(fields.get("TechCause") or 0)
    if not leg.startswith(OURS):
        return None
    if state == "Up":
        return LegEnded(leg, Ending.NORMAL, cause, tech_cause)
    if state == "Down" and tech_cause == 480:
        # The customer's network, or Asterisk giving up after silence? ARI saw which; so long a call it did not miss.
        return None
    return LegEnded(leg, ending(cause, tech_cause), cause, tech_cause)


def _dial_end(fields: dict[str, Any]) -> Event | None:
    """The end of an agent's own dialling: none of our legs has a channel that dials, so it is somebody's telephone."""
    channel, number = fields["Channel"], fields["DestCallerIDNum"]
    if fields["DestUniqueid"].startswith(OURS) or not channel:
        return None
    return AgentDialled(channel.rpartition("-")[0], number, fields["DialStatus"] == "ANSWER")


def _shutdown(fields: dict[str, Any]) -> Event:
    """Earlier than the end of ARI's event stream. That Asterisk is back, ARI tells: only then can we work."""
    return PbxLost(f"Asterisk shuts down {fields['Shutdown'].lower()}")


_READERS: dict[str, Callable[[dict[str, Any]], Event | None]] = {
    "Hangup": _hangup,
    "DialEnd": _dial_end,
    "Shutdown": _shutdown,
}

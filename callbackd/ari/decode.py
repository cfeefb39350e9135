"""ARI's JSON into the domain's events. Nothing is raised, whatever comes: the unreadable is counted and dropped."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from callbackd.causes import ending
from callbackd.domain.events import (
    CallArrived,
    DigitPressed,
    Event,
    FeatureCodeDialled,
    LegAnswered,
    LegEnded,
    LegEntered,
    LegLeft,
    LegRinging,
    Party,
    PlaybackEnded,
)
from callbackd.domain.ids import OURS, AttemptId, LegId, PlaybackId

Json = dict[str, Any]


class Unreadable(ValueError):
    """An event lacks what it must have; the text says what."""


class Decode:
    """Call it with an event as ARI sent it. `dropped` counts why events gave nothing."""

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()

    def __call__(self, raw: Any) -> Event | None:
        kind = raw.get("type") if isinstance(raw, dict) else None
        reader = _READERS.get(kind) if isinstance(kind, str) else None
        if reader is None:
            self.dropped["a type of event we do not use"] += 1
            return None
        try:
            return reader(raw)
        except Unreadable as why:
            self.dropped[f"{kind}: {why}"] += 1
            return None


def entered(channel: Json, args: Sequence[str]) -> Event:
    """A channel is in our application. `args` are the words the dialplan gave after the application's name:

    ``inbound,<queue>[,<language>]`` · ``feature,<code>`` · ``agent,<entry>`` · ``customer,<attempt>``. A stranger with
    other words is a caller for a queue that does not exist: the domain hands it to the fallback, silence would not.
    """
    leg = LegId(_text(channel, "id"))
    role, *rest = (*args, "", "", "")[: max(3, len(args))]
    if role == Party.AGENT:
        return LegEntered(leg, Party.AGENT)
    if role == Party.CUSTOMER:
        return LegEntered(leg, Party.CUSTOMER, AttemptId(rest[0] or leg.removeprefix(OURS)))
    if role == "feature":
        return FeatureCodeDialled(leg, rest[0], _text(channel, "name").rpartition("-")[0])
    if leg.startswith(OURS):
        raise Unreadable("a leg of ours without a role")
    queue, language = (rest[0], rest[1]) if role == "inbound" else (",".join(args), "")
    return CallArrived(
        leg,
        queue,
        number=_text(channel, "caller", "number"),
        name=_text(channel, "caller", "name"),
        language=language,
        dialled=_text(channel, "dialplan", "exten"),
    )


def _start(raw: Json) -> Event:
    args = _at(raw, "args")
    if not isinstance(args, list) or not all(isinstance(word, str) for word in args):
        raise Unreadable("args is no list of words")
    return entered(_at(raw, "channel"), args)


def _state(raw: Json) -> Event | None:
    """Only of legs that we dial: a caller's changes when we answer it, which we know."""
    leg, state = LegId(_text(raw, "channel", "id")), _text(raw, "channel", "state")
    if not leg.startswith(OURS):
        return None
    return LegRinging(leg) if state == "Ringing" else LegAnswered(leg) if state == "Up" else None


def _hangup(raw: Json) -> Event | None:
    """The earliest word of a hangup. Before answer the channel's end is awaited: it knows the cause for certain."""
    leg, state = LegId(_text(raw, "channel", "id")), _text(raw, "channel", "state")
    return LegEnded(leg, cause=_number(raw, "cause"), tech_cause=_number(raw, "tech_cause")) if state == "Up" else None


def _destroyed(raw: Json) -> Event:
    cause, tech_cause = _number(raw, "cause"), _number(raw, "tech_cause")
    return LegEnded(LegId(_text(raw, "channel", "id")), ending(cause, tech_cause), cause, tech_cause)


def _left(raw: Json) -> Event:
    return LegLeft(LegId(_text(raw, "channel", "id")))


def _digit(raw: Json) -> Event:
    digit = _text(raw, "digit")
    if not re.fullmatch(r"[0-9*#A-D]", digit):
        raise Unreadable("digit is no key of a telephone")
    return DigitPressed(LegId(_text(raw, "channel", "id")), digit)


def _played(raw: Json) -> Event | None:
    playback = _text(raw, "playback", "id")
    return PlaybackEnded(PlaybackId(playback)) if playback.startswith(OURS) else None


_READERS: dict[str, Callable[[Json], Event | None]] = {
    "StasisStart": _start,
    "StasisEnd": _left,
    "ChannelStateChange": _state,
    "ChannelHangupRequest": _hangup,
    "ChannelDestroyed": _destroyed,
    "ChannelDtmfReceived": _digit,
    "PlaybackFinished": _played,
}
WANTED = frozenset(_READERS)
"""The types of events that mean something to us: the event filter."""


def _at(raw: Any, *path: str) -> Any:
    for key in path:
        if not isinstance(raw, dict) or key not in raw:
            raise Unreadable(f"no {'.'.join(path)}")
        raw = raw[key]
    return raw


def _text(raw: Json, *path: str) -> str:
    value = _at(raw, *path)
    if not isinstance(value, str) or (path[-1] == "id" and not value):
        raise Unreadable(f"{'.'.join(path)} is no text")
    return value


def _number(raw: Json, key: str) -> int:
    """0 when not told; both causes are optional in ARI."""
    value = raw.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unreadable(f"{key} is no number")
    return value

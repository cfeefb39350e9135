"""ARI's JSON into the domain's events. Nothing is raised: an event that cannot be read is counted and dropped."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from callbackd.causes import Whose, judged
from callbackd.domain.events import (
    CallArrived,
    DeviceSeen,
    DeviceState,
    DigitPressed,
    Ending,
    Event,
    FeatureCodeDialled,
    LegAnswered,
    LegEnded,
    LegEntered,
    LegHeld,
    LegLeft,
    LegReplaced,
    LegRinging,
    LegUnheld,
    Party,
    PlaybackBegan,
    PlaybackEnded,
    TransferAsked,
)
from callbackd.domain.ids import OURS, AttemptId, EntryId, LegId, PlaybackId

Json = dict[str, Any]

PLACE_VARIABLE = "CBD_PLACE"
"""Carries a caller's place, ``<queue>:<Unix time>``; ari.conf must list it in ``channelvars`` for us to see it."""


log = structlog.get_logger("ari")


class Unreadable(ValueError):
    """An event lacks something it must have; the text names it."""


class Decode:
    """Call it with an event as ARI sent it; it returns ours, or None. `dropped` counts the reasons for None.

    It remembers a few things about a leg until the leg ends:
    - whether it has hung up: then it is no news that it leaves the application, otherwise it lives on in the dialplan;
    - whether the far end was heard from, and whether it rang: Asterisk reports 480 when it gives up ringing, as a phone
      would, and 408 when nobody answers its INVITE for 32 s (timer B). After complete silence, or with a 408 before any
      ringing, the trunk has failed; it is not a customer who is out;
    - whether the far end ended the ring: Asterisk reports a hangup request then, but not when it gives up itself.
    """

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self._heard: set[str] = set()
        self._rang: set[str] = set()
        self._hung_up: set[str] = set()
        self._refused: set[str] = set()
        self.readers: dict[str, Callable[[Json], Event | None]] = {
            "StasisStart": _start,
            "StasisEnd": self._left,
            "Dial": self._dial,
            "ChannelHangupRequest": self._hangup,
            "ChannelDestroyed": self._destroyed,
            "ChannelDtmfReceived": _digit,
            "PlaybackStarted": _began,
            "PlaybackFinished": _played,
            "ChannelHold": lambda raw: LegHeld(LegId(_text(raw, "channel", "id"))),
            "ChannelTransfer": _transfer,
            "DeviceStateChanged": lambda raw: device_seen(_at(raw, "device_state")),
            "ChannelUnhold": lambda raw: LegUnheld(LegId(_text(raw, "channel", "id"))),
        }

    def remembered(self) -> int:
        """How many things it remembers about legs; 0 when all of them have ended."""
        return sum(map(len, (self._heard, self._rang, self._hung_up, self._refused)))

    def __call__(self, raw: Any) -> Event | None:
        kind = raw.get("type") if isinstance(raw, dict) else None
        reader = self.readers.get(kind) if isinstance(kind, str) else None
        if reader is None:
            self.dropped["a type of event we do not use"] += 1
            return None
        try:
            return reader(raw)
        except Unreadable as why:
            self._drop(f"{kind}: {why}")
            return None

    def _drop(self, why: str) -> None:
        """Each reason is logged once: an Asterisk that writes its events differently does so all day."""
        self.dropped[why] += 1
        if self.dropped[why] == 1:
            log.warning("ari_event_unreadable", why=why)

    def _dial(self, raw: Json) -> Event | None:
        leg, status = LegId(_text(raw, "peer", "id")), _text(raw, "dialstatus")
        if not leg.startswith(OURS) or status not in ("RINGING", "PROGRESS", "ANSWER"):
            return None  # the channel's own events report the other endings, with their causes
        self._heard.add(leg)
        self._rang.add(leg)
        return LegAnswered(leg) if status == "ANSWER" else LegRinging(leg)

    def _hangup(self, raw: Json) -> Event | None:
        """The first news of a hangup. For a caller's leg it is the only one; for a leg we dial, which has not been
        answered, a more precise one follows."""
        leg, cause, tech_cause = LegId(_text(raw, "channel", "id")), _number(raw, "cause"), _number(raw, "tech_cause")
        if leg.startswith(OURS) and _text(raw, "channel", "state") != "Up":
            if tech_cause:
                self._heard.add(leg)
                self._refused.add(leg)
            return None
        if leg in self._hung_up:
            return None
        self._hung_up.add(leg)
        return LegEnded(leg, Ending.NORMAL, cause, tech_cause)

    def _left(self, raw: Json) -> Event | None:
        leg = LegId(_text(raw, "channel", "id"))
        if leg not in self._hung_up:
            return LegLeft(leg)
        if not leg.startswith(OURS):  # this is the last event about it
            self._hung_up.discard(leg)
        return None

    def _destroyed(self, raw: Json) -> Event | None:
        leg, cause, tech_cause = LegId(_text(raw, "channel", "id")), _number(raw, "cause"), _number(raw, "tech_cause")
        state, known, refused = _text(raw, "channel", "state"), leg in self._hung_up, leg in self._refused
        silent = (tech_cause == 480 and leg not in self._heard) or (tech_cause == 408 and leg not in self._rang)
        for remembered in (self._heard, self._rang, self._hung_up, self._refused):
            remembered.discard(leg)
        if known:
            return None
        if state == "Up":
            return LegEnded(leg, Ending.NORMAL, cause, tech_cause)
        if silent and state == "Down":
            return LegEnded(leg, Ending.CONGESTION, cause, tech_cause)
        how, whose = judged(cause, tech_cause)
        refused = refused and how is Ending.NO_ANSWER
        return LegEnded(leg, how, cause, tech_cause, perhaps_trunk=whose is Whose.EITHER, refused=refused)


def entered(channel: Json, args: Sequence[str]) -> Event:
    """A channel is in our application. `args` are the words that the dialplan gave after the application's name:

    ``inbound,<queue>[,<language>[,<priority>[,<needs>[,<place>]]]]`` · ``feature,<code>`` · ``agent,<entry>`` ·
    ``customer,<attempt>``. A leg that is not ours and comes with other words is a caller for a queue that does not
    exist: the domain sends it to the fallback, where ignoring it would leave it in silence.

    The dialplan passes CBD_LANGUAGE and not CHANNEL(language), which is never empty: a queue's own language would never
    be spoken.
    """
    leg = LegId(_text(channel, "id"))
    role, *rest = [*args, "", "", "", "", ""]
    if role == Party.AGENT:
        return LegEntered(leg, Party.AGENT)
    if role == Party.CUSTOMER:
        return LegEntered(leg, Party.CUSTOMER, AttemptId(rest[0] or leg.removeprefix(OURS)))
    if role == "feature":
        minutes = rest[1] if rest[1].isdecimal() else ""
        return FeatureCodeDialled(leg, rest[0], _text(channel, "name").rpartition("-")[0], minutes)
    if leg.startswith(OURS) and role != "inbound":
        raise Unreadable("one of our legs without a role")
    inbound = rest if role == "inbound" else [",".join(args), *[""] * 5]
    queue, language, priority, needs, place, origin, *_ = [*inbound, "", ""]
    variables = channel.get("channelvars")
    note = place or str(variables.get(PLACE_VARIABLE, "") if isinstance(variables, dict) else "")
    stood_in, stood_since = noted(note)
    came_from, came_since = noted(origin)
    return CallArrived(
        leg,
        queue,
        number=_text(channel, "caller", "number"),
        name=_text(channel, "caller", "name"),
        language=language,
        dialled=_text(channel, "dialplan", "exten"),
        priority=int(priority) if re.fullmatch(r"-?[0-9]{1,4}", priority) else 0,
        needs=needs,
        stood_in=stood_in,
        stood_since=float(stood_since),
        came_from=EntryId(came_from) if came_from else None,
        came_since=float(came_since),
    )


_DEVICE_STATES = {
    "NOT_INUSE": DeviceState.FREE,
    **dict.fromkeys(("INUSE", "BUSY", "ONHOLD", "RINGING", "RINGINUSE"), DeviceState.IN_USE),
    "UNAVAILABLE": DeviceState.OFF,
}


def device_seen(device: Json) -> Event:
    """What a phone is doing. Raises ``Unreadable`` for states that mean nothing (``UNKNOWN``, ``INVALID``)."""
    state = _DEVICE_STATES.get(_text(device, "state"), DeviceState.UNKNOWN)
    return DeviceSeen(_text(device, "name"), state)


def noted(place: str) -> tuple[str, str]:
    """The queue and time that ``NotePlace`` wrote, or the entry and time of a transfer; two empty texts if neither."""
    noted = re.fullmatch(r"([^:,]+):([0-9]{1,12}(?:\.[0-9]{1,6})?)", place)
    return (noted[1], noted[2]) if noted else ("", "0")


def _start(raw: Json) -> Event:
    args = _at(raw, "args")
    if not isinstance(args, list) or not all(isinstance(word, str) and "\0" not in word for word in args):
        raise Unreadable("args is not a list of words")
    if old := _of(raw, "replace_channel", "id"):
        number, channel = _of(raw, "channel", "connected", "number"), _text(raw, "channel", "name")
        return LegReplaced(LegId(old), LegId(_text(raw, "channel", "id")), number, channel)
    return entered(_at(raw, "channel"), args)


def _transfer(raw: Json) -> Event | None:
    """REFER on one of our legs. The text between ``sip:`` and ``@`` is what was dialled.

    The same event comes again with a ``state``: that is our own answer to it.
    """
    if raw.get("state"):
        return None
    wanted = _at(raw, "refer_to")
    to = re.sub(r"^sips?:", "", _of(wanted, "requested_destination", "destination")).partition("@")[0].partition(";")[0]
    consult = _of(wanted, "destination_channel", "id")
    return TransferAsked(
        LegId(_text(raw, "referred_by", "source_channel", "id")),
        to,
        LegId(consult) if consult else None,
        _of(wanted, "connected_channel", "name"),
        _of(wanted, "connected_channel", "caller", "number"),
    )


def _of(raw: Any, *path: str) -> str:
    """The text at that path, empty when there is none."""
    for key in path:
        raw = raw.get(key) if isinstance(raw, dict) else None
    return raw if isinstance(raw, str) else ""


def _digit(raw: Json) -> Event:
    digit = _text(raw, "digit")
    if not re.fullmatch(r"[0-9*#A-D]", digit):
        raise Unreadable("digit is not a key of a telephone")
    return DigitPressed(LegId(_text(raw, "channel", "id")), digit)


def _began(raw: Json) -> Event | None:
    playback = _text(raw, "playback", "id")
    return PlaybackBegan(PlaybackId(playback)) if playback.startswith(OURS) else None


def _played(raw: Json) -> Event | None:
    playback = _text(raw, "playback", "id")
    return PlaybackEnded(PlaybackId(playback)) if playback.startswith(OURS) else None


def _at(raw: Any, *path: str) -> Any:
    for key in path:
        if not isinstance(raw, dict) or key not in raw:
            raise Unreadable(f"no {'.'.join(path)}")
        raw = raw[key]
    return raw


def _text(raw: Json, *path: str) -> str:
    """The text at that path, fit for a database; an id must not be empty. Raises ``Unreadable`` otherwise."""
    value = _at(raw, *path)
    if not isinstance(value, str) or "\0" in value or (path[-1] == "id" and not value):
        raise Unreadable(f"{'.'.join(path)} is not a text")
    return value


def _number(raw: Json, key: str) -> int:
    """The number under this key, 0 when it is missing: both causes are optional in ARI. Raises ``Unreadable``."""
    value = raw.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unreadable(f"{key} is not a number")
    return value


WANTED = frozenset(Decode().readers)
"""The types of events that mean something to us: Asterisk is asked to send only these."""

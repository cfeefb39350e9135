"""Recorded conversations of Asterisk 22.10.1 with SIPp phones, as events of the domain; and what no Asterisk sends.

Recorded with the event filter on and nothing else on the switch, one scene to a file; only asterisk_id is made up.
"""

import copy
from itertools import zip_longest
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbackd.ari.decode import WANTED, Decode, entered
from callbackd.domain import events
from callbackd.domain.events import (
    CallArrived,
    DigitPressed,
    Ending,
    Event,
    FeatureCodeDialled,
    LegAnswered,
    LegEnded,
    LegEntered,
    LegHeld,
    LegLeft,
    LegRinging,
    LegUnheld,
    Party,
    PlaybackBegan,
    PlaybackEnded,
    TransferAsked,
)
from callbackd.domain.ids import OURS, AttemptId, LegId, PlaybackId

SCENES = {path.stem: path for path in (Path(__file__).parent / "recorded").glob("*.jsonl")}


def scene(name: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in SCENES[name].read_bytes().splitlines()]


ALL = [raw for name in sorted(SCENES) for raw in scene(name)]


def heard(name: str) -> list[Event]:
    """The events of a scene, with its one leg named ``leg`` and a playback ``playback``."""
    decode = Decode()
    found = [event for raw in scene(name) if (event := decode(raw))]
    assert not decode.dropped
    return [_anonymous(event) for event in found]


def _anonymous(event: Event) -> Event:
    if isinstance(event, PlaybackEnded):
        assert event.playback.startswith(OURS)
        return PlaybackEnded(PlaybackId("playback"))
    values = {field: getattr(event, field) for field in event.__slots__}
    if isinstance(event, LegEntered) and event.attempt:
        assert event.leg == OURS + event.attempt
        values["attempt"] = AttemptId("attempt")
    return type(event)(**{**values, "leg": LEG})


LEG = LegId("leg")
ARRIVED = CallArrived(LEG, "support", number="caller", name="Jan Kowalski", dialled="support")


@pytest.mark.parametrize(
    ("name", "told"),
    {
        "caller-hangs-up": [
            CallArrived(LEG, "support", number="caller", name="Jan Kowalski", language="pl", dialled="support"),
            DigitPressed(LEG, "5"),
            PlaybackEnded(PlaybackId("playback")),
            LegEnded(LEG),
        ],
        "dead-man": [ARRIVED, LegLeft(LEG)],
        "we-hang-up-a-caller": [ARRIVED, LegEnded(LEG, cause=32)],
        "feature-code": [FeatureCodeDialled(LEG, "login", "PJSIP/agent1"), LegEnded(LEG, cause=32)],
        "agent-answers-and-hangs-up": [
            LegRinging(LEG),
            LegAnswered(LEG),
            LegEntered(LEG, Party.AGENT),
            LegEnded(LEG),
        ],
        "agent-holds-and-hangs-up-on-hold": [
            LegRinging(LEG),
            LegAnswered(LEG),
            LegEntered(LEG, Party.AGENT),
            LegHeld(LEG),
            LegUnheld(LEG),
            LegHeld(LEG),
            LegEnded(LEG),
        ],
        "we-hang-up-an-agent": [
            LegRinging(LEG),
            LegAnswered(LEG),
            LegEntered(LEG, Party.AGENT),
            LegEnded(LEG, cause=32),
        ],
        "agent-transfers": [TransferAsked(LEG, "8002")],
        "agent-consults-and-transfers": [
            TransferAsked(LEG, "agent3", LegId("consult"), "PJSIP/agent3-00000004", "agent3"),
        ],
        "agent-busy": [LegRinging(LEG), LegEnded(LEG, Ending.BUSY, 17, 486)],
        "agent-does-not-answer": [LegRinging(LEG), LegEnded(LEG, Ending.NO_ANSWER, 19, 480)],
        "we-stop-ringing-an-agent": [LegRinging(LEG), LegEnded(LEG, Ending.NORMAL, 16)],
        "phone-is-dead": [LegEnded(LEG, Ending.CONGESTION, 19, 480)],
        "customer-answers-and-hangs-up": [
            LegRinging(LEG),
            LegAnswered(LEG),
            LegEntered(LEG, Party.CUSTOMER, AttemptId("attempt")),
            LegEnded(LEG),
        ],
        "customer-hangs-up-during-the-greeting": [LegRinging(LEG), LegAnswered(LEG), LegEnded(LEG)],
        "customer-unavailable-after-early-media": [
            LegRinging(LEG),
            LegEnded(LEG, Ending.NO_ANSWER, 19, 480, refused=True),
        ],
        "customer-unavailable-at-once": [LegEnded(LEG, Ending.NO_ANSWER, 19, 480, refused=True)],
        "trunk-refuses": [LegEnded(LEG, Ending.CONGESTION, 34, 503)],
        "trunk-is-silent": [LegEnded(LEG, Ending.CONGESTION, 19, 480)],
    }.items(),
)
def test_a_recorded_scene_becomes_events_of_the_domain(name: str, told: list[Event]) -> None:
    assert heard(name) == told


def test_the_filter_lets_through_the_events_that_are_read() -> None:
    assert {raw["type"] for raw in ALL} | {"PlaybackStarted", "ChannelTransfer", "DeviceStateChanged"} == WANTED, (
        "in no scene"
    )


def test_only_the_beginning_of_our_own_playback_is_reported() -> None:
    begins = {"type": "PlaybackStarted", "playback": {"id": "cbd-1"}}
    assert Decode()(begins) == PlaybackBegan(PlaybackId("cbd-1"))
    assert Decode()(begins | {"playback": {"id": "somebody-elses"}}) is None


def test_two_scenes_at_once_do_not_mix() -> None:
    decode = Decode()
    mixed = zip_longest(scene("agent-busy"), scene("phone-is-dead"))
    told = [event for pair in mixed for raw in pair if raw and (event := decode(raw))]
    assert {event.ending for event in told if isinstance(event, LegEnded)} == {Ending.BUSY, Ending.CONGESTION}


def test_nothing_is_remembered_of_legs_that_are_gone() -> None:
    decode = Decode()
    for raw in ALL:
        decode(raw)
    assert decode.remembered() == 0


def test_a_strange_leg_in_the_application_is_a_caller_for_no_queue() -> None:
    start = scene("dead-man")[0]
    for args, queue in (([], ""), (["outbound", "x"], "outbound,x"), (["inbound"], ""), (["inbound", ""], "")):
        event = Decode()({**start, "args": args})
        assert isinstance(event, CallArrived)
        assert event.queue == queue


def test_a_customers_attempt_can_be_told_from_the_leg() -> None:
    start = next(raw for raw in scene("customer-answers-and-hangs-up") if raw["type"] == "StasisStart")
    event = Decode()({**start, "args": ["customer"]})
    assert isinstance(event, LegEntered)
    assert event.attempt == start["channel"]["id"].removeprefix(OURS)


@pytest.mark.parametrize(
    "raw", [None, 1, "x", [], {}, {"type": None}, {"type": []}, {"type": "StasisStartx"}], ids=repr
)
def test_an_unreadable_event_is_counted(raw: Any) -> None:
    decode = Decode()
    assert decode(raw) is None
    assert decode.dropped.total() == 1


@pytest.mark.parametrize(
    "wanted", [None, [], {}, {"requested_destination": None}, {"requested_destination": []}], ids=repr
)
def test_a_transfer_to_nowhere_is_reported_all_the_same(wanted: Any) -> None:
    """The telephone waits for an answer."""
    (raw,) = (raw for raw in scene("agent-transfers") if raw["type"] == "ChannelTransfer" and not raw.get("state"))
    leg = raw["referred_by"]["source_channel"]["id"]
    assert Decode()({**raw, "refer_to": wanted}) == TransferAsked(LegId(leg), "")


def test_a_missing_or_wrong_part_of_an_event_is_named() -> None:
    decode = Decode()
    assert decode({"type": "StasisStart", "args": ["inbound", "q"], "channel": {"id": ""}}) is None
    assert decode({"type": "ChannelDtmfReceived", "digit": "x", "channel": {"id": "1.2"}}) is None
    assert decode({"type": "ChannelDestroyed", "cause": "16"}) is None
    assert dict(decode.dropped) == {
        "StasisStart: id is not a text": 1,
        "ChannelDtmfReceived: digit is not a key of a telephone": 1,
        "ChannelDestroyed: no channel.id": 1,
    }


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.builds(list),
    st.builds(dict),
    st.builds(lambda: [None]),
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in _places(item, (*path, key)))]


@given(st.data())
def test_a_spoilt_event_never_raises(data: st.DataObject) -> None:
    raw = {"": copy.deepcopy(data.draw(st.sampled_from(ALL)))}
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from([place for place in _places(raw) if place]))
        holder = raw
        for key in way:
            holder = holder[key]
        if isinstance(holder, dict) and data.draw(st.booleans()):
            del holder[last]
            raw.setdefault("", {})
        else:
            holder[last] = data.draw(JUNK)
    event = Decode()(raw[""])
    assert event is None or isinstance(event, get_args(events.Event))


@pytest.mark.parametrize(
    ("args", "priority", "needs"),
    [
        (["inbound", "support", "en"], 0, ""),
        (["inbound", "support", "en", "5", "polish:2+vip"], 5, "polish:2+vip"),
        (["inbound", "support", "en", "-3", ""], -3, ""),
        (["inbound", "support", "en", "high", ""], 0, ""),
        (["inbound", "support", "en", "99999", "", "more", "words"], 0, ""),
    ],
)
def test_a_callers_priority_and_needs_come_with_the_arrival(args, priority, needs):
    arrived = entered({"id": "1.2", "caller": {"number": "", "name": ""}, "dialplan": {"exten": ""}}, args)
    assert isinstance(arrived, CallArrived)
    assert (arrived.priority, arrived.needs) == (priority, needs)

"""Each command of the domain: what Asterisk is asked, and which events come back when Asterisk will not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
import structlog
from aiohttp import web

from callbackd.ari.fallback import LEFT, Stranded, stranded
from callbackd.ari.perform import ASKS_US, STAYS, Perform
from callbackd.ari.resync import resync
from callbackd.domain.commands import (
    Act,
    ArmDeadMan,
    DialCustomer,
    DropBridge,
    HangUp,
    Join,
    LookAtPlayback,
    MakeBridge,
    NotePlace,
    Play,
    RingAgent,
    SendToFallback,
    StartMusic,
    StopMusic,
    StopPlayback,
    TraceAttempt,
)
from callbackd.domain.events import (
    AttemptTraced,
    CallArrived,
    DialAccepted,
    DialRefused,
    DialUnknown,
    Ending,
    Event,
    Finding,
    LegAnswered,
    LegEnded,
    LegEntered,
    LegLeft,
    LegReplaced,
    LegRinging,
    LegsJoined,
    LegsSeen,
    Party,
    PlaybackEnded,
    RequestFailed,
)
from callbackd.domain.ids import AttemptId, BridgeId, EntryId, LegId, PlaybackId
from callbackd.domain.phrase import Fixed, Phrase, Position
from callbackd.domain.settings import Dialling
from tests.ari.fake_asterisk import FakeAsterisk, asking, serving

CALLER, AGENT, CUSTOMER = LegId("1795393218.74"), LegId("cbd-agent"), LegId("cbd-customer")
BRIDGE, PLAYBACK = BridgeId("cbd-bridge"), PlaybackId("cbd-playback")
RING = RingAgent(AGENT, "PJSIP/agent1", "+48221234567", "support", 14.2, EntryId("e1"))
TRACE = TraceAttempt(CUSTOMER, AttemptId("x"))
DIAL = DialCustomer(
    CUSTOMER, AttemptId("customer"), "+48221234567", 30.0, (Fixed.OFFER,), (Fixed.GOODBYE,), "pl", "support"
)
PLAY = Play(CALLER, PLAYBACK, (Fixed.OFFER, Position(2)), "pl", "support")
JOIN = Join(BRIDGE, (CALLER, AGENT))


class Pbx(FakeAsterisk):
    """Accepts every request, except those in `says`: the start of ``METHOD /path``, and its status or body."""

    def __init__(self) -> None:
        super().__init__()
        self.says: dict[str, Any] = {}
        self.answer = self.by_table

    async def by_table(self, request: web.Request) -> web.StreamResponse:
        asked = f"{request.method} {request.path.removeprefix('/ari')}"
        said: Any = next((self.says[start] for start in self.says if asked.startswith(start)), {})
        if isinstance(said, int):
            return web.json_response({"message": "because"}, status=said)
        if said == "silence" and request.transport:
            request.transport.abort()
        return web.json_response(said)


@pytest.fixture
async def pbx() -> AsyncIterator[Pbx]:
    fake = Pbx()
    async with serving(fake):
        yield fake


def media(phrases: tuple[Phrase, ...], language: str, queue: str) -> list[str]:
    return [f"sound:/{queue}/{language}/{getattr(phrase, 'value', 'position-2')}" for phrase in phrases]


async def perform(pbx: Pbx, act: Act, dialling: Dialling | None = None, **options: Any) -> tuple[Event, ...]:
    pbx.asked.clear()
    async with asking(pbx, **options) as ari:
        return await Perform(ari, media, dialling or Dialling(caller_id="+442079460000"))(act)


def asked(pbx: Pbx) -> list[str]:
    return [f"{method} {unquote(path.removeprefix('/ari'))}" for method, path, _ in pbx.asked]


@pytest.mark.parametrize(
    ("act", "request_line"),
    [
        (
            PLAY,
            f"POST /channels/{CALLER}/play/{PLAYBACK}?media=sound:/support/pl/offer,sound:/support/pl/position-2",
        ),
        (LookAtPlayback(CALLER, PLAYBACK), f"GET /playbacks/{PLAYBACK}"),
        (StopPlayback(CALLER, PLAYBACK), f"DELETE /playbacks/{PLAYBACK}"),
        (MakeBridge(BRIDGE), f"POST /bridges/{BRIDGE}?type=mixing"),
        (JOIN, f"POST /bridges/{BRIDGE}/addChannel?channel={CALLER},{AGENT}&inhibitConnectedLineUpdates=true"),
        (DropBridge(BRIDGE), f"DELETE /bridges/{BRIDGE}"),
        (HangUp(CALLER, "all is said"), f"DELETE /channels/{CALLER}?reason=normal"),
        (
            ArmDeadMan(CALLER, 14400.0),
            f"POST /channels/{CALLER}/variable?variable=TIMEOUT(absolute)&value=14400",
        ),
        (
            NotePlace(CALLER, "sales", 1800000000.25),
            f"POST /channels/{CALLER}/variable?variable=CBD_PLACE&value=sales:1800000000.250000",
        ),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
async def test_a_command_is_one_request(pbx: Pbx, act: Act, request_line: str) -> None:
    told = await perform(pbx, act)
    assert asked(pbx) == [request_line]
    assert told == ((LegsJoined(JOIN.legs),) if act is JOIN else ())


async def test_an_agent_is_dialled_into_the_dialplan_and_watched(pbx: Pbx) -> None:
    assert await perform(pbx, RING) == (DialAccepted(AGENT),)
    assert asked(pbx) == [
        f"POST /channels/{AGENT}?endpoint=PJSIP/agent1&extension=s&context=callbackd-agent&label=begin"
        '&callerId="support" <+48221234567>&timeout=15',
        f"POST /applications/callbackd/subscription?eventSource=channel:{AGENT}",
    ]
    assert pbx.asked[0][2] == {"variables": {"CBD_ENTRY": "e1", **ASKS_US, **STAYS}}


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (404, "Asterisk has no endpoint PJSIP/agent1; see endpoint in [agents]"),
        ({"technology": "PJSIP", "resource": "agent1", "state": "offline"}, "the phone is not registered"),
        ({"technology": "PJSIP", "resource": "agent1", "state": "online"}, "500 because"),
        (503, "500 because"),
    ],
    ids=["wrong", "off", "on", "no answer"],
)
async def test_why_an_agents_phone_is_not_dialled_is_looked_up(pbx: Pbx, says: Any, reason: str) -> None:
    pbx.says = {"POST /channels": 500, "GET /endpoints/PJSIP/agent1": says}
    assert await perform(pbx, RING) == (DialRefused(AGENT, reason),)


async def test_an_endpoint_that_does_not_exist_is_logged_once(pbx: Pbx) -> None:
    pbx.says = {"POST /channels": 500, "GET /endpoints": 404}
    async with asking(pbx) as ari:
        perform = Perform(ari, media, Dialling())
        with structlog.testing.capture_logs() as logs:
            for _ in range(3):
                await perform(RING)
    (told,) = [line for line in logs if line["log_level"] == "error"]
    assert told["endpoint"] == "PJSIP/agent1"
    assert "endpoint" in told["why"]


IN = f"POST /bridges/callbackd-hold-d/addChannel?channel={CALLER}&role=holding_participant"
OUT = f"POST /bridges/callbackd-hold-d/removeChannel?channel={CALLER}"
CLASS = f"POST /channels/{CALLER}/variable?variable=CHANNEL(musicclass)&value="


LOOK = "GET /bridges/callbackd-hold-d"
HERE = {"id": "callbackd-hold-d", "channels": [CALLER]}


async def test_music_is_asterisks_own_in_a_bridge_and_asked_for_once(pbx: Pbx) -> None:
    async with asking(pbx) as ari:
        perform = Perform(ari, media, Dialling())
        perform.heard(CallArrived(CALLER, "sales"))
        await perform(StartMusic(CALLER, "sales"))
        await perform(StartMusic(CALLER, "sales"))
        assert asked(pbx) == [CLASS + "sales", IN], "who is put in twice would stay without the role"
        await perform(StartMusic(CALLER, "support"))
        assert asked(pbx)[2:] == [CLASS + "support", OUT, IN]
        await perform(StopMusic(CALLER))
        assert asked(pbx)[5:] == [OUT]


@pytest.mark.parametrize(
    ("answers", "then"),
    [
        ({LOOK: HERE, "GET /channels": {"value": "sales"}}, []),
        ({LOOK: HERE, "GET /channels": {"value": "support"}}, [CLASS + "sales", OUT, IN]),
        ({LOOK: HERE | {"channels": []}}, [CLASS + "sales", IN]),
        ({LOOK: 404}, [CLASS + "sales", IN]),
        ({LOOK: 500}, [CLASS + "sales", OUT, IN]),
    ],
    ids=["hears it already", "another class", "not on hold", "no bridge yet", "Asterisk does not say"],
)
async def test_who_may_be_on_hold_already_is_looked_for_and_not_taken_out_in_vain(
    pbx: Pbx, answers: dict[str, Any], then: list[str]
) -> None:
    """Between out and in, a caller would be left in silence if we were killed."""
    pbx.says = answers
    async with asking(pbx) as ari:
        perform = Perform(ari, media, Dialling())
        perform.heard(CallArrived(CALLER, "sales"))
        perform.hold.forget_all()  # the event stream was broken
        await perform(StartMusic(CALLER, "sales"))
        await perform(StartMusic(CALLER, "sales"))
    assert [line for line in asked(pbx) if not line.startswith("GET")] == then


async def test_a_bridge_to_wait_in_is_made_when_it_is_first_wanted(pbx: Pbx) -> None:
    pbx.says = {LOOK: 404, "POST /bridges/callbackd-hold-d/addChannel": 404}
    assert await perform(pbx, StartMusic(CALLER, "sales")) == (LegEnded(CALLER, Ending.UNKNOWN),)
    assert asked(pbx)[2:] == [IN, "POST /bridges/callbackd-hold-d?type=holding", IN]


async def test_music_that_the_dialplan_started_ends_too(pbx: Pbx) -> None:
    pbx.says = {"POST /bridges": 422}
    assert await perform(pbx, StopMusic(CALLER)) == ()
    assert asked(pbx) == [OUT, f"DELETE /channels/{CALLER}/moh"]


async def test_a_caller_who_goes_back_to_the_dialplan_hears_its_music(pbx: Pbx) -> None:
    assert await perform(pbx, SendToFallback(CALLER, "callbackd-fallback", "sales")) == ()
    assert asked(pbx) == [
        CLASS,
        f"POST /channels/{CALLER}/continue?context=callbackd-fallback&extension=sales&priority=1",
    ]


async def test_a_caller_who_hears_a_prompt_is_on_hold_with_music(pbx: Pbx) -> None:
    pbx.says = {LOOK: 404}
    await perform(pbx, replace(PLAY, music="sales"))
    assert asked(pbx)[1:3] == [CLASS + "sales", IN]
    assert asked(pbx)[3].startswith(f"POST /channels/{CALLER}/play/")


async def test_nothing_is_said_to_a_caller_of_whom_nobody_knows_whether_music_follows(pbx: Pbx) -> None:
    """If we were killed during the prompt, silence would follow it."""
    pbx.says = {IN.partition("?")[0]: "silence"}
    events = await perform(pbx, replace(PLAY, music="sales"))
    assert events[1:] == (PlaybackEnded(PLAYBACK),)
    assert isinstance(events[0], RequestFailed)
    assert asked(pbx).count(IN) == 2, "asked again"
    assert not [line for line in asked(pbx) if "/play/" in line]


ARRIVED = CallArrived(CALLER, "support", "+48221234567")


async def test_a_caller_who_has_just_come_hears_the_music_of_the_dialplan_until_joined(pbx: Pbx) -> None:
    async with asking(pbx) as ari:
        perform = Perform(ari, media, Dialling())
        perform.heard(ARRIVED)
        await perform(StopMusic(CALLER))
        assert asked(pbx) == [f"DELETE /channels/{CALLER}/moh"]


async def test_a_leg_whose_end_was_reported_is_not_hung_up(pbx: Pbx) -> None:
    async with asking(pbx) as ari:
        perform = Perform(ari, media, Dialling())
        perform.heard(LegEnded(CALLER))
        assert await perform(HangUp(CALLER, "the agent hung up")) == ()
        assert asked(pbx) == []


@pytest.mark.parametrize("since", [ARRIVED, None], ids=["the name came again", "the event stream was broken"])
async def test_an_end_that_may_be_anothers_does_not_keep_a_leg_from_being_hung_up(
    pbx: Pbx, since: Event | None
) -> None:
    async with asking(pbx) as ari:
        perform = Perform(ari, media, Dialling())
        perform.heard(LegEnded(CALLER))
        perform.heard(since) if since else perform.doubt()
        await perform(HangUp(CALLER, "all is said"))
        assert asked(pbx) == [f"DELETE /channels/{CALLER}?reason=normal"]


@pytest.mark.parametrize("told", [LegEnded(CALLER), LegLeft(CALLER), LegReplaced(CALLER, AGENT)])
async def test_nothing_is_remembered_of_legs_that_are_gone(pbx: Pbx, told: Event) -> None:
    async with asking(pbx) as ari:
        perform = Perform(ari, media, Dialling())
        await perform(StartMusic(CALLER, "sales"))
        assert perform.hold.remembered == 1
        assert perform.heard(told) is told
        assert perform.hold.remembered == 0


async def test_an_agents_leg_that_is_gone_before_it_is_watched_has_ended(pbx: Pbx) -> None:
    pbx.says = {"POST /applications": 422, f"GET /channels/{AGENT}": 404}
    assert await perform(pbx, RING) == (DialAccepted(AGENT), LegEnded(AGENT, Ending.UNKNOWN))


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ({}, (AttemptTraced(AttemptId("x"), Finding.ALIVE),)),
        ({"GET /channels": {"state": "Up"}}, (AttemptTraced(AttemptId("x"), Finding.ALIVE), LegAnswered(CUSTOMER))),
        ({"GET /channels": 404}, (AttemptTraced(AttemptId("x"), Finding.DIALLED),)),
        ({"GET /channels": 500}, ()),
        ({"GET /asterisk/ping": 503}, ()),
    ],
    ids=["alive", "talking", "gone", "unanswered look", "no sign of life"],
)
async def test_a_dial_is_traced_by_a_look_and_then_by_the_log(
    pbx: Pbx, monkeypatch: pytest.MonkeyPatch, says: dict[str, Any], told: tuple[Event, ...]
) -> None:
    monkeypatch.setattr("callbackd.ari.perform.SETTLE_S", 0.0)
    pbx.says = {"GET /channels": {"state": "Down"}, **says}
    async with asking(pbx) as ari:
        performed = await Perform(ari, media, Dialling(), lambda leg: Finding.DIALLED)(TRACE)
    assert performed == told


async def test_a_join_without_an_answer_is_looked_at(pbx: Pbx) -> None:
    pbx.says = {"POST /bridges": "silence", f"GET /bridges/{BRIDGE}": {"id": BRIDGE, "channels": [CALLER, AGENT]}}
    assert await perform(pbx, JOIN) == (LegsJoined(JOIN.legs),)
    pbx.says[f"GET /bridges/{BRIDGE}"] = {"id": BRIDGE, "channels": [CALLER]}
    (failed,) = await perform(pbx, JOIN)
    assert isinstance(failed, RequestFailed)


async def test_a_customer_is_dialled_into_the_dialplan_and_watched(pbx: Pbx) -> None:
    pbx.says = {f"GET /channels/{CUSTOMER}": {"state": "Ringing"}}
    assert await perform(pbx, DIAL) == (DialAccepted(CUSTOMER), LegRinging(CUSTOMER))
    assert asked(pbx) == [
        f"POST /channels/{CUSTOMER}?endpoint=PJSIP/+48221234567@trunk&extension=s&context=callbackd-outbound"
        "&label=begin&callerId=+442079460000&timeout=30",
        f"POST /applications/callbackd/subscription?eventSource=channel:{CUSTOMER}",
        f"GET /channels/{CUSTOMER}",
    ]
    assert pbx.asked[0][2] == {
        "variables": {
            **STAYS,
            "CHANNEL(language)": "pl",
            "CBD_ATTEMPT": "customer",
            "CBD_HELLO": "/support/pl/offer",
            "CBD_SORRY": "/support/pl/goodbye",
        }
    }


async def test_a_customer_who_was_faster_than_our_subscription_is_not_missed(pbx: Pbx) -> None:
    pbx.says = {f"GET /channels/{CUSTOMER}": {"state": "Up"}}
    assert await perform(pbx, DIAL) == (DialAccepted(CUSTOMER), LegAnswered(CUSTOMER))
    pbx.says = {"POST /applications": 422}
    assert await perform(pbx, DIAL) == (DialAccepted(CUSTOMER),), "gone already: AMI knows how"


async def test_the_plus_is_left_out_where_the_trunk_wants_it_so(pbx: Pbx) -> None:
    await perform(pbx, DIAL, Dialling(endpoint="PJSIP/00{number}@trunk", plus=False))
    assert "endpoint=PJSIP/0048221234567@trunk" in asked(pbx)[0]
    assert "callerId" not in asked(pbx)[0]


@pytest.mark.parametrize("number", ["", "+", "48221234567", "+4822 1234567", "+48221234567@evil", "+0123456", "+1" * 9])
async def test_a_text_that_is_not_a_number_is_never_dialled(pbx: Pbx, number: str) -> None:
    act = DialCustomer(CUSTOMER, AttemptId("customer"), number, 30.0, (), (), "pl")
    assert await perform(pbx, act) == (DialRefused(CUSTOMER, "the number is not E.164"),)
    assert asked(pbx) == []


async def test_only_plain_paths_enter_the_dialplan(pbx: Pbx) -> None:
    async with asking(pbx) as ari:
        evil = ["sound:/a&b", "sound:${SHELL(id)}", "tone:ring", "sound:/ok"]
        await Perform(ari, lambda *_: evil, Dialling())(DIAL)
    assert pbx.asked[0][2]["variables"]["CBD_HELLO"] == "/ok"


@pytest.mark.parametrize(
    ("name", "number", "shown"),
    [
        ("support", "", '"support - anonymous" <anonymous>'),
        ("", "anonymous", '"anonymous" <anonymous>'),
        ("", "123", "<123>"),
        ('x" <900>', "1>2;,&", '"x 900" <12>'),
        ("Żółć 2", "+48 22\r\n", '"Żółć 2" <+4822>'),
    ],
)
async def test_a_callers_name_cannot_become_something_else(pbx: Pbx, name: str, number: str, shown: str) -> None:
    await perform(pbx, RingAgent(AGENT, "PJSIP/agent1", number, name, 15.0, EntryId("e1")))
    assert f"&callerId={shown}&timeout=15" in asked(pbx)[0]


async def test_a_withheld_number_is_described_in_the_agents_language(pbx: Pbx) -> None:
    async with asking(pbx) as ari:
        perform = Perform(ari, lambda *_: [], Dialling(), withheld={"PJSIP/agent1": "rejtett szám"}.__getitem__)
        await perform(RingAgent(AGENT, "PJSIP/agent1", "", "support", 15.0, EntryId("e1")))
    assert '&callerId="support - rejtett szám" <anonymous>&' in asked(pbx)[0]


@pytest.mark.parametrize("act", [RING, DIAL], ids=["agent", "customer"])
@pytest.mark.parametrize(
    ("status", "told"),
    [(400, DialRefused), (401, DialRefused), (500, DialRefused), (503, DialRefused), ("silence", DialUnknown)],
)
async def test_only_a_clear_no_is_a_refusal(pbx: Pbx, act: Any, status: Any, told: type[Event]) -> None:
    pbx.says = {"POST /channels": status}
    (event,) = await perform(pbx, act)
    assert type(event) is told
    assert [line for line in asked(pbx) if line.startswith("POST")] == asked(pbx)[:1]


async def test_a_409_is_believed_only_after_a_look(pbx: Pbx) -> None:
    pbx.says = {"POST /channels": 409, f"GET /channels/{AGENT}": {"state": "Ringing"}}
    assert await perform(pbx, RING) == (DialAccepted(AGENT),)
    pbx.says[f"GET /channels/{AGENT}"] = 404
    (event,) = await perform(pbx, RING)
    assert isinstance(event, DialUnknown)
    pbx.says[f"GET /channels/{AGENT}"] = 500
    (event,) = await perform(pbx, RING)
    assert isinstance(event, DialUnknown), "a look that failed says nothing about the dial"


GONE = LegEnded(CALLER, Ending.UNKNOWN)


@pytest.mark.parametrize(
    "act",
    [
        StartMusic(CALLER, "default"),
        StopMusic(CALLER),
        HangUp(CALLER, "x"),
        ArmDeadMan(CALLER, 60.0),
        SendToFallback(CALLER, "c", "e"),
    ],
    ids=lambda act: type(act).__name__,
)
async def test_a_missing_leg_has_ended_and_other_trouble_is_a_failed_request(pbx: Pbx, act: Act) -> None:
    pbx.says = {"": 404}
    assert await perform(pbx, act) == (GONE,)
    for status in (409, 412, 500):
        pbx.says = {"": status}
        assert await perform(pbx, act) == (RequestFailed(CALLER, type(act).__name__, f"{status} because"),)
    pbx.says = {"": "silence"}
    (event,) = await perform(pbx, act)
    assert isinstance(event, RequestFailed)


async def test_a_playback_that_never_began_has_ended(pbx: Pbx) -> None:
    ended = PlaybackEnded(PLAYBACK)
    pbx.says = {"": 404}
    assert await perform(pbx, PLAY) == (GONE, ended)
    for status in (409, 500):
        pbx.says = {"": status}
        assert await perform(pbx, PLAY) == (RequestFailed(CALLER, "Play", f"{status} because"), ended)
    pbx.says = {"": "silence"}
    (event,) = await perform(pbx, PLAY)
    assert isinstance(event, RequestFailed), "perhaps it plays: its end will be told, or the domain's patience ends"
    pbx.says = {"POST": "silence", "GET": 404}
    failed, over = await perform(pbx, PLAY)
    assert (type(failed), over) == (RequestFailed, PlaybackEnded(PLAYBACK)), "a look shows that it does not play"


@pytest.mark.parametrize(("status", "told"), [(404, (PlaybackEnded(PLAYBACK),)), (200, ()), (500, ())])
async def test_a_playback_is_over_only_when_asterisk_says_so(
    pbx: Pbx, status: int, told: tuple[PlaybackEnded, ...]
) -> None:
    pbx.says = {"": status}
    assert await perform(pbx, LookAtPlayback(CALLER, PLAYBACK)) == told


async def test_a_prompt_with_nothing_to_play_ends_at_once(pbx: Pbx) -> None:
    async with asking(pbx) as ari:
        assert await Perform(ari, lambda *_: [], Dialling())(PLAY) == (PlaybackEnded(PLAYBACK),)
    assert asked(pbx) == []


async def test_a_leg_that_is_already_gone_is_no_trouble(pbx: Pbx) -> None:
    pbx.says = {"": 404}
    assert await perform(pbx, StopPlayback(CALLER, PLAYBACK)) == ()
    assert await perform(pbx, DropBridge(BRIDGE)) == ()
    pbx.says = {"": 409}
    assert await perform(pbx, MakeBridge(BRIDGE)) == ()
    pbx.says = {"": 500}
    assert await perform(pbx, MakeBridge(BRIDGE)) == (), "Join will tell, it knows whom"


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        ([], [RequestFailed(CALLER, "Join", "400 because")]),
        ([CALLER], [GONE]),
        ([AGENT], [LegEnded(AGENT, Ending.UNKNOWN)]),
        ([CALLER, AGENT], [GONE, LegEnded(AGENT, Ending.UNKNOWN)]),
    ],
    ids=["neither", "caller", "agent", "both"],
)
async def test_when_two_cannot_be_joined_it_is_found_out_who_is_gone(
    pbx: Pbx, gone: list[LegId], told: list[Event]
) -> None:
    pbx.says = {"POST /bridges": 400, **{f"GET /channels/{leg}": 404 for leg in gone}}
    assert await perform(pbx, JOIN) == tuple(told)


# --- after a reconnect ------------------------------------------------------------------------------------------------


def channel(leg: str, app_data: str = "", app_name: str = "Stasis", state: str = "Up") -> dict[str, Any]:
    return {
        "id": leg,
        "name": "PJSIP/caller-00000001",
        "state": state,
        "creationtime": "2027-01-15T08:00:00.000+0000",
        "caller": {"name": "Jan", "number": "+48221234567"},
        "dialplan": {"context": "c", "exten": "support", "priority": 1, "app_name": app_name, "app_data": app_data},
    }


def in_context(context: str, there: dict[str, Any]) -> dict[str, Any]:
    return there | {"dialplan": there["dialplan"] | {"context": context}}


def in_fallback(name: str, note: str = "", **dialplan: str) -> dict[str, Any]:
    """A channel that came to the fallback queue at eight o'clock and the seconds in its name."""
    there = channel(name, "callbackd-fallback", "Queue") | {
        "name": name,
        "creationtime": f"2027-01-15T08:00:0{name}.500+0000",
        "channelvars": {"CBD_PLACE": note},
    }
    return there | {"dialplan": there["dialplan"] | {"context": "callbackd-fallback"} | dialplan}


async def test_callers_in_the_fallback_queue_are_found_in_the_order_of_arrival(pbx: Pbx) -> None:
    pbx.says = {
        "GET /channels": [
            in_fallback("1"),
            in_fallback("2", "sales:1800000000.25"),
            in_fallback("3", LEFT),
            in_fallback("4", exten="nosuch"),
            in_fallback("5", context="elsewhere"),
            in_fallback("6", app_name="Playtones"),
            in_fallback("7"),
            in_fallback("8", "nosuch:1700000000"),
        ],
        "GET /bridges": [{"id": "b", "channels": ["7", "agent"]}],
    }
    async with asking(pbx) as ari:
        found = await stranded(ari.api, "callbackd-fallback", {"support", "sales"})
    assert found == (
        Stranded("2", "sales", 1800000000.25),
        Stranded("1", "support", 1800000001.5),
        Stranded("8", "support", 1800000008.5),
    )
    pbx.says = {"GET /channels": 500}
    async with asking(pbx) as ari:
        assert await stranded(ari.api, "callbackd-fallback", {"support"}) is None


async def test_waiting_legs_enter_again_and_talking_legs_are_only_seen(pbx: Pbx) -> None:
    channels = [
        channel("1.1", "callbackd,inbound,support,pl"),
        channel("1.2", "callbackd,inbound,support"),
        channel("cbd-a", "callbackd,agent,e1"),
        channel("cbd-b", "callbackd,agent,e2"),
        channel("cbd-c", "callbackd,customer,c"),
        in_context("callbackd-agent", channel("cbd-r", "(Outgoing Line)", "AppDial2", "Ringing")),
        in_context("sales-desk", channel("cbd-t", "PJSIP/agent3-00000001", "Bridge")),
        channel("1.3", "other,inbound,support"),
        channel("1.4", "support", "Queue"),
        channel("cbd-x", "callbackd,what"),
    ]
    pbx.says = {
        "GET /channels": channels,
        "GET /bridges": [
            {"id": "cbd-1", "channels": ["1.2", "cbd-b"]},
            {"id": "theirs", "channels": ["1.1"]},
            {"id": "callbackd-hold-3", "channels": ["cbd-a", "cbd-c"]},  # callers who wait there talk to nobody
        ],
        "GET /asterisk/info": {"status": {"startup_time": "2027-01-15T08:00:00.000+0000"}},
    }
    async with asking(pbx) as ari:
        told = await resync(ari.api, "callbackd")
    assert told == (
        CallArrived(LegId("1.1"), "support", "+48221234567", "Jan", "pl", "support"),
        LegEntered(LegId("cbd-a"), Party.AGENT),
        LegEntered(LegId("cbd-c"), Party.CUSTOMER, AttemptId("c")),
        LegsSeen(
            frozenset(LegId(one["id"]) for one in channels),
            left=frozenset(map(LegId, ("cbd-r", "cbd-t", "1.3", "1.4"))),
            elsewhere=frozenset(map(LegId, ("cbd-t", "1.3", "1.4"))),
            joined=frozenset(map(LegId, ("1.2", "cbd-b"))),
            alone=frozenset({LegId("1.1")}),
            bridges=frozenset({BridgeId("cbd-1")}),
            since=1800000000.0,
        ),
    )


@pytest.mark.parametrize("what", ["GET /channels", "GET /bridges", "GET /asterisk/info"])
async def test_without_an_answer_no_leg_counts_as_gone(pbx: Pbx, what: str) -> None:
    pbx.says = {"GET /channels": [], "GET /bridges": [], what: 500}
    async with asking(pbx) as ari:
        assert await resync(ari.api, "callbackd") is None


@pytest.mark.parametrize(
    ("note", "stood"),
    [
        ("sales:1800000000.25", ("sales", 1800000000.25)),
        ("sales:", ("", 0.0)),
        ("sales", ("", 0.0)),
        (":5", ("", 0.0)),
        ("sales:nan", ("", 0.0)),
        ("sales:99999999999999999", ("", 0.0)),
    ],
)
async def test_a_leg_carries_its_place_with_it(pbx: Pbx, note: str, stood: tuple[str, float]) -> None:
    there = channel("1.1", "callbackd,inbound,support,pl") | {"channelvars": {"CBD_PLACE": note}}
    pbx.says = {"GET /channels": [there], "GET /bridges": []}
    async with asking(pbx) as ari:
        arrived, _ = await resync(ari.api, "callbackd") or ()
    assert isinstance(arrived, CallArrived)
    assert (arrived.stood_in, arrived.stood_since) == stood

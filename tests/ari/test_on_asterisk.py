"""The ARI adapter on a real Asterisk. Callers are Local channels, dialled phones are `SipPhone`s."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from callbackd.ari.client import Address, Ari, Link
from callbackd.ari.decode import WANTED, Decode
from callbackd.ari.event_log import EventLog, evidence
from callbackd.ari.perform import Perform
from callbackd.ari.reply import Reply
from callbackd.ari.resync import resync
from callbackd.domain.commands import (
    Act,
    ArmDeadMan,
    DialCustomer,
    DropBridge,
    HangUp,
    Join,
    MakeBridge,
    Play,
    RingAgent,
    SendToFallback,
    StartMusic,
    StopMusic,
    StopPlayback,
)
from callbackd.domain.events import (
    CallArrived,
    DialAccepted,
    DialRefused,
    DigitPressed,
    Ending,
    Event,
    Finding,
    LegAnswered,
    LegEnded,
    LegEntered,
    LegHeld,
    LegLeft,
    LegRinging,
    LegsSeen,
    LegUnheld,
    Party,
    PlaybackEnded,
    RequestFailed,
)
from callbackd.domain.ids import AttemptId, EntryId, LegId, Mint, leg_of, playback_of
from callbackd.domain.phrase import Fixed
from callbackd.domain.settings import Dialling
from lab.asterisk import Asterisk
from lab.phones import Stage, answers
from tests.ari.sip_phone import phone

pytestmark = pytest.mark.e2e

MINT = Mint(b"tests of the ARI")
RINGS, ANSWERS, BUSY = "180 Ringing", "200 OK", "486 Busy Here"


def now() -> float:
    return time.time()


class Centre:
    """The ARI adapter wired as the daemon wires it, with a list in place of the domain."""

    def __init__(self, asterisk: Asterisk, app: str = "callbackd") -> None:
        self.asterisk = asterisk
        self.address = Address(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password, app)
        self.told: list[Event | Link] = []
        self.news = asyncio.Event()
        self.decode = Decode()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Centre"]:
        async with Ari(self.address, WANTED) as self.ari:
            self.perform = Perform(self.ari, self.media, Dialling())
            running = asyncio.create_task(self.ari.run(self.on_event, self.tell))
            try:
                await self.hears(Link.CONNECTED)
                yield self
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    def media(self, *_: object) -> list[str]:
        return [f"sound:{self.asterisk.dir}/music/default/tune"] * 5

    def on_event(self, raw: dict[str, Any]) -> None:
        if event := self.decode(raw):
            self.tell(event)

    def tell(self, what: Event | Link, _: str = "") -> None:
        self.told.append(what)
        self.news.set()

    async def does(self, *acts: Act) -> None:
        """Carry out in order; the events that come back are kept, too."""
        for act in acts:
            for event in await self.perform(act):
                self.tell(event)

    async def hears(self, what: Event | Link, within_s: float = 10.0) -> None:
        await self.finds(lambda told: told == what, within_s)

    async def hears_the_end_of(self, leg: LegId) -> None:
        await self.finds(lambda told: isinstance(told, LegEnded) and told.leg == leg)

    async def finds(self, like: Callable[[Any], bool], within_s: float = 10.0) -> Any:
        async with asyncio.timeout(within_s):
            while not (found := [told for told in self.told if like(told)]):
                self.news.clear()
                await self.news.wait()
        return found[0]

    async def caller(self, extension: str = "8001") -> tuple[LegId, str]:
        """A call to a number of the lab: the leg that arrives, and the far end to press keys and hang up at."""
        near, far = f"lab-{MINT.ulid(now())}", f"far-{MINT.ulid(now())}"
        assert await self.ari.fresh.channels.originate_with_id(
            far, endpoint=f"Local/{extension}@lab-callers/n", other_channel_id=near, app="bystander"
        )
        await self.finds(lambda told: isinstance(told, CallArrived) and told.leg == near)
        return LegId(near), far


@pytest.fixture
async def centre(asterisk: Asterisk) -> AsyncIterator[Centre]:
    """Connected, and beside it an application that keeps the far ends of Local channels."""
    async with Centre(asterisk, "bystander").open(), Centre(asterisk).open() as it:
        yield it
        for channel in (await it.ari.api.channels.list_()).body or []:
            await it.ari.api.channels.hangup(channel["id"])


# --- requests and the stream ------------------------------------------------------------------------------------------


async def test_connected_it_knows_the_version_and_only_our_events_are_let_through(centre: Centre) -> None:
    assert centre.ari.version == centre.asterisk.installed.version
    application = (await centre.ari.api.applications.get("callbackd")).body
    assert application
    assert {kind["type"] for kind in application["events_allowed"]} == {
        *WANTED,
        "ApplicationReplaced",
        "ChannelUserevent",
    }


async def test_asterisks_answers_are_sorted(centre: Centre) -> None:
    channels = centre.ari.api.channels
    assert (await channels.answer("1.2")).reply is Reply.GONE
    assert (await channels.originate_with_id("cbd-x", endpoint="PJSIP/nobody", app="x")).reply is Reply.PBX_ERROR
    assert (await channels.originate_with_id("cbd-x", endpoint="")).reply is Reply.REFUSED
    assert (await centre.ari.api.bridges.add_channel("b", channel=["x"])).reply is Reply.GONE
    state = await centre.ari.api.device_states.update("Stasis:a/b c", device_state="BUSY")
    assert state, "a name with a slash and a space stays one name"
    found = (await centre.ari.api.device_states.get("Stasis:a/b c")).body
    assert found
    assert found["state"] == "BUSY"


async def test_after_one_true_409_only_a_fresh_connection_tells_the_truth(centre: Centre) -> None:
    """A fact of Asterisk. When it no longer holds, `fresh` may go."""
    async with phone(centre.asterisk.agent_ports["agent1"], RINGS):
        leg = MINT.leg(now())
        for reply in (Reply.OK, Reply.CONFLICT):
            answer = await centre.ari.api.channels.originate_with_id(leg, endpoint="PJSIP/agent1", app="callbackd")
            assert answer.reply is reply
        for api, reply in ((centre.ari.api, Reply.CONFLICT), (centre.ari.fresh, Reply.PBX_ERROR)):
            answer = await api.channels.originate_with_id("cbd-bad", endpoint="PJSIP/nobody", app="callbackd")
            assert answer.reply is reply
        await centre.does(HangUp(leg, "seen"))


async def test_rings_get_true_answers_after_a_409_too(centre: Centre) -> None:
    async with phone(centre.asterisk.agent_ports["agent1"], RINGS):
        leg, channels = MINT.leg(now()), centre.ari.ringing.channels
        for reply in (Reply.OK, Reply.CONFLICT):
            assert (await channels.originate_with_id(leg, endpoint="PJSIP/agent1", app="callbackd")).reply is reply
        answer = await channels.originate_with_id("cbd-bad", endpoint="PJSIP/nobody", app="callbackd")
        assert answer.reply is Reply.PBX_ERROR
        await centre.does(HangUp(leg, "seen"))


async def test_a_wrong_password_is_reported(asterisk: Asterisk) -> None:
    centre = Centre(asterisk)
    address = replace(centre.address, password="wrong")
    with capture_logs() as said:
        async with Ari(address) as ari:
            running = asyncio.create_task(ari.run(centre.on_event, centre.tell))
            assert (await ari.api.asterisk.ping()).reply is Reply.NOT_AUTHORISED
            await asyncio.sleep(0.3)
            running.cancel()
    assert "the same password" in str(said)
    assert centre.told == []


async def test_a_second_daemon_takes_over_and_the_first_stops(asterisk: Asterisk) -> None:
    async with Centre(asterisk).open() as first, Centre(asterisk).open() as second:
        await first.hears(Link.REPLACED)
        await asyncio.sleep(0.5)
        assert first.told == [Link.CONNECTED, Link.REPLACED]
        assert second.told == [Link.CONNECTED]


async def test_a_killed_asterisk_is_lost_and_found_again(asterisk: Asterisk) -> None:
    async with Centre(asterisk).open() as centre:
        await asterisk.kill()
        await centre.hears(Link.LOST, 1)
        assert (await centre.ari.api.asterisk.ping()).reply is Reply.UNREACHABLE
        assert await resync(centre.ari.api, "callbackd") is None
        centre.told.clear()
        await asterisk.start()
        await centre.hears(Link.CONNECTED)


async def test_a_frozen_asterisk_is_noticed_and_a_request_to_it_is_unknown(asterisk: Asterisk) -> None:
    async with Centre(asterisk).open() as centre:
        asterisk.freeze()
        started = time.monotonic()
        await centre.hears(Link.LOST, 6)
        assert time.monotonic() - started > 2
        assert (await centre.ari.fresh.channels.originate_with_id("cbd-x", endpoint="PJSIP/a")).reply is Reply.UNKNOWN
        centre.told.clear()
        asterisk.thaw()
        await centre.hears(Link.CONNECTED, 8)


# --- a caller ---------------------------------------------------------------------------------------------------------


async def test_a_caller_hears_a_prompt_presses_a_key_and_hangs_up(centre: Centre) -> None:
    leg, far = await centre.caller()
    assert next(told for told in centre.told if isinstance(told, CallArrived)).queue == "support"
    playback, next_one = playback_of(leg, 0), playback_of(leg, 1)
    await centre.does(Play(leg, playback, (Fixed.OFFER,), "en"))
    await centre.ari.api.channels.send_dtmf(far, dtmf="1")
    await centre.hears(DigitPressed(leg, "1"))
    assert PlaybackEnded(playback) not in centre.told, "a key does not stop it"
    await centre.does(StopPlayback(leg, playback))
    await centre.hears(PlaybackEnded(playback), 0.5)
    await centre.does(StartMusic(leg, "default"), StopMusic(leg))
    await centre.does(Play(leg, next_one, (Fixed.OFFER,), "en"))
    await centre.ari.api.channels.hangup(far)
    await centre.hears_the_end_of(leg)
    await asyncio.sleep(0.2)
    await centre.does(StartMusic(leg, "default"))
    assert centre.told[-1] == LegEnded(leg, Ending.UNKNOWN)
    assert LegLeft(leg) not in centre.told
    assert not any(isinstance(told, RequestFailed) for told in centre.told)


async def test_music_for_nobody_and_words_nobody_recorded_have_an_end(centre: Centre) -> None:
    leg, _ = await centre.caller()
    playback = playback_of(leg, 0)
    perform = Perform(centre.ari, lambda *_: ["sound:/no/such/file"], Dialling())
    assert await perform(Play(leg, playback, (Fixed.OFFER,), "en")) == ()
    await centre.hears(PlaybackEnded(playback))


async def test_an_unrenewed_dead_man_takes_the_caller_to_the_fallback(centre: Centre) -> None:
    leg, _ = await centre.caller()
    await centre.does(ArmDeadMan(leg, 1.0), ArmDeadMan(leg, 2.0))
    await asyncio.sleep(1.5)
    assert LegLeft(leg) not in centre.told, "armed again in time"
    await centre.hears(LegLeft(leg))
    await centre.does(ArmDeadMan(leg, 60.0))
    assert isinstance(centre.told[-1], RequestFailed), "it is not ours any more"
    assert "callbackd-fallback" in await centre.asterisk.cli("core show channels concise")


async def test_a_caller_is_handed_to_the_fallback(centre: Centre) -> None:
    leg, _ = await centre.caller()
    await centre.does(SendToFallback(leg, "callbackd-fallback", "support"))
    await centre.hears(LegLeft(leg))


async def test_two_legs_are_joined_and_each_end_is_reported_once(centre: Centre) -> None:
    (one, _), (two, far) = await centre.caller("8001"), await centre.caller("8002")
    bridge = MINT.bridge(now())
    await centre.does(
        MakeBridge(bridge),
        MakeBridge(bridge),
        StopMusic(one),
        Join(bridge, (one, two)),
        ArmDeadMan(one, 60.0),
    )
    found = (await centre.ari.api.bridges.get(bridge)).body
    assert found
    assert set(found["channels"]) == {one, two}
    seen = await resync(centre.ari.api, "callbackd")
    assert seen
    assert not [event for event in seen if isinstance(event, CallArrived)], "they talk, they do not arrive"
    await centre.ari.api.channels.hangup(far)
    await centre.hears_the_end_of(two)
    await centre.does(HangUp(one, "the other hung up"), DropBridge(bridge), DropBridge(bridge))
    await centre.hears_the_end_of(one)
    assert sum(isinstance(told, LegEnded | LegLeft) for told in centre.told) == 2
    assert not any(isinstance(told, RequestFailed) for told in centre.told)


async def test_joining_a_leg_that_is_gone_reports_which(centre: Centre) -> None:
    leg, _ = await centre.caller()
    bridge, nobody = MINT.bridge(now()), MINT.leg(now())
    await centre.does(MakeBridge(bridge), Join(bridge, (leg, nobody)))
    assert centre.told[-1] == LegEnded(nobody, Ending.UNKNOWN)


async def test_callers_who_wait_are_found_again_after_a_reconnect(asterisk: Asterisk) -> None:
    async with Centre(asterisk, "bystander").open():
        async with Centre(asterisk).open() as centre:
            leg, _ = await centre.caller("8004")
            before = next(told for told in centre.told if isinstance(told, CallArrived))
        async with Centre(asterisk).open() as centre:
            found = await resync(centre.ari.api, "callbackd")
            assert found
            arrived, seen = found
            assert arrived == before
            assert isinstance(seen, LegsSeen)
            assert leg in seen.legs
            await centre.does(HangUp(leg, "seen"))


# --- dialling ---------------------------------------------------------------------------------------------------------


def ring(leg: LegId, endpoint: str = "PJSIP/agent1", ring_s: float = 5.0) -> RingAgent:
    return RingAgent(leg, endpoint, "+48221234567", "support", ring_s, EntryId("e1"))


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ((RINGS, BUSY), (Ending.BUSY, 17, 486)),
        (("603 Decline",), (Ending.REJECTED, 21, 603)),
        ((RINGS,), (Ending.NO_ANSWER, 19, 480)),
        ((), (Ending.CONGESTION, 19, 480)),
    ],
    ids=["busy", "declined", "not answered", "dead"],
)
async def test_an_agents_phone_that_does_not_answer_is_judged(
    centre: Centre, says: tuple[str, ...], told: tuple[Ending, int, int]
) -> None:
    leg = MINT.leg(now())
    async with phone(centre.asterisk.agent_ports["agent1"], *says):
        await centre.does(ring(leg, ring_s=1.0))
        await centre.hears_the_end_of(leg)
    ends = [what for what in centre.told if isinstance(what, LegEnded)]
    # A phone that refuses at once may be gone before the leg can be watched: its end is reported, the cause is not. If
    # both are reported, the domain gets the first.
    assert set(ends) <= {LegEnded(leg, *told), LegEnded(leg, Ending.UNKNOWN)}
    # Its ringing may be missed: nobody asks for it.
    assert set(centre.told) <= {Link.CONNECTED, DialAccepted(leg), LegRinging(leg), *ends}


async def test_an_agent_who_answers_enters_our_application(centre: Centre) -> None:
    leg = MINT.leg(now())
    async with phone(centre.asterisk.agent_ports["agent1"], RINGS, ANSWERS):
        await centre.does(ring(leg))
        await centre.hears(LegEntered(leg, Party.AGENT))
        assert LegAnswered(leg) in centre.told
        await centre.does(HangUp(leg, "seen"))
        await centre.hears_the_end_of(leg)


async def test_an_endpoint_that_does_not_exist_is_refused(centre: Centre) -> None:
    leg = MINT.leg(now())
    await centre.does(ring(leg, "PJSIP/nobody"))
    assert isinstance(centre.told[-1], DialRefused)


async def test_the_same_id_rings_once(centre: Centre) -> None:
    leg = MINT.leg(now())
    async with phone(centre.asterisk.agent_ports["agent1"], RINGS) as agent:
        await centre.does(ring(leg), ring(leg))
        assert centre.told.count(DialAccepted(leg)) == 2
        async with asyncio.timeout(5):
            while not agent.invites:
                await asyncio.sleep(0.01)
        await centre.does(HangUp(leg, "seen"))
        await centre.hears_the_end_of(leg)
        assert agent.invites == 1


async def test_a_customer_answers_hears_the_greeting_and_comes_to_us(centre: Centre) -> None:
    attempt = AttemptId(MINT.ulid(now()))
    leg = leg_of(attempt)
    async with phone(centre.asterisk.trunk_port, RINGS, ANSWERS):
        await centre.does(DialCustomer(leg, attempt, "+48221234567", 5.0, (Fixed.OFFER,), (Fixed.GOODBYE,), "pl"))
        await centre.hears(LegEntered(leg, Party.CUSTOMER, attempt), 15)
        assert DialAccepted(leg) in centre.told
        channel = (await centre.ari.api.channels.get(leg)).body
        assert channel
        assert channel["language"] == "pl"
        await centre.does(HangUp(leg, "seen"))
        await centre.hears_the_end_of(leg)


async def test_a_phones_hold_is_reported_and_a_hangup_on_hold_reports_no_end_of_it(centre: Centre) -> None:
    """A real re-INVITE (sendonly, then sendrecv). The metrics end the hold at the hangup for this reason."""
    caller, _ = await centre.caller()
    agent, bridge = MINT.leg(now()), MINT.bridge(now())
    async with Stage.around(centre.asterisk) as stage:
        phone_of_agent = await stage.agent("agent1", behaviour=answers(after=0.1))
        ring = RingAgent(agent, "PJSIP/agent1", "+442079460123", "support", 10.0, EntryId("e"))
        await centre.does(MakeBridge(bridge), ring)
        await centre.hears(LegEntered(agent, Party.AGENT))
        await centre.does(Join(bridge, (caller, agent)))
        call = await phone_of_agent.next_call()
        await call.hold()
        await centre.hears(LegHeld(agent))
        await call.resume()
        await centre.hears(LegUnheld(agent))
        await call.hold()
        await call.hangup()
        await centre.hears_the_end_of(agent)
    about_hold = [type(told) for told in centre.told if isinstance(told, LegHeld | LegUnheld)]
    assert about_hold == [LegHeld, LegUnheld, LegHeld]
    await centre.does(HangUp(caller, "over"), DropBridge(bridge))


# --- the event log ----------------------------------------------------------------------------------------------------


async def test_an_empty_dateformat_undoes_the_one_that_freepbx_sets(centre: Centre) -> None:
    """The GUI's file comes first in [general], ours after it; with the GUI's alone callbackd cannot read the times."""
    etc, record = centre.asterisk.dir / "etc", EventLog(centre.asterisk.event_log)
    was = (etc / "cel.conf").read_text()

    async def of_one_that_was_never_dialled() -> Finding:
        await centre.asterisk.cli("module reload cel")
        await evidence(record, centre.ari.api, MINT.leg(now()))  # makes a line, so that the next is not the first
        return await evidence(record, centre.ari.api, MINT.leg(now()))

    gui, ours = etc / "cel_general_additional.conf", etc / "cel_general_custom.conf"
    (etc / "cel.conf").write_text(f"[general]\n#include {gui.name}\n#include {ours.name}\n")
    gui.write_text("enable=yes\napps=queue\nevents=all\ndateformat=%F %T\n")
    ours.touch()
    centre.asterisk.event_log.unlink(missing_ok=True)
    try:
        assert await of_one_that_was_never_dialled() is Finding.UNKNOWABLE
        ours.write_text("dateformat =\n")
        assert await of_one_that_was_never_dialled() is Finding.NOTHING
    finally:
        (etc / "cel.conf").write_text(was)
        await centre.asterisk.cli("module reload cel")

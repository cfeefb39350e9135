"""The phones judge everything else, so they are judged first: against a real Asterisk, without callbackd."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator

import pytest

from lab.asterisk import Asterisk
from lab.phones import Call, PhoneFailed, Stage, answers, customer, rejects, rings, stays_mute
from lab.slots import Slot

pytestmark = pytest.mark.e2e

DIALPLAN = """
[lab-callers](+)
exten => echo,1,Answer()
 same => n,Echo()
exten => voice,1,Answer()
 same => n,Playback(vm-goodbye&queue-thankyou)
 same => n,Wait(0.5)
 same => n,Hangup()
exten => music,1,Answer()
 same => n,MusicOnHold(sales,10)
exten => quiet,1,Answer()
 same => n,Wait(20)
exten => busy,1,Hangup(17)
exten => ringing,1,Ringing()
 same => n,Wait(20)
exten => early,1,Progress()
 same => n,Playback(vm-goodbye,noanswer)
 same => n,Hangup(21)
exten => keys,1,Answer()
 same => n,Read(NUMBER,,3,,1,10)
 same => n,Dial(PJSIP/${NUMBER}@trunk,20)
exten => agent,1,Answer()
 same => n,Dial(PJSIP/agent1,20)
exten => _+X.,1,Answer()
 same => n,Dial(PJSIP/${EXTEN}@trunk,3)
 same => n,Playback(vm-goodbye)
 same => n,Hangup()
"""


@pytest.fixture(scope="module")
async def asterisk() -> AsyncIterator[Asterisk]:
    with Slot() as slot:
        async with Asterisk(slot) as running:
            with (running.dir / "etc/extensions.conf").open("a") as dialplan:
                dialplan.write(DIALPLAN)
            await running.cli("dialplan reload")
            yield running


@pytest.fixture
async def stage(asterisk: Asterisk) -> AsyncIterator[Stage]:
    async with Stage.around(asterisk) as stage:
        yield stage
        print(stage.story())
    for process in stage.processes:
        assert process.pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)


def near(one: float | None, other: float | None, seconds: float = 0.3) -> bool:
    assert one is not None
    assert other is not None
    return abs(one - other) <= seconds


# --- what is heard -------------------------------------------------------------------------------------------------


async def test_a_caller_hears_their_own_echo_and_nothing_else(stage: Stage) -> None:
    caller = stage.caller("+442079460001")
    await caller.dial("echo", answered=True)
    await caller.hears(caller, seconds=1)
    await caller.hangup()
    assert caller.ended_by == "us"
    assert caller.call.hearing.names() == {caller.name}
    assert caller.gaps(0.5) == []


async def test_a_prompt_is_a_voice_and_the_end_is_theirs(stage: Stage) -> None:
    caller = stage.caller("+442079460001")
    await caller.dial("voice")
    await caller.hears_voice()
    assert await caller.is_over() == "them"
    assert caller.call.hearing.names() == {"voice"}


async def test_music_is_known_by_its_notes_and_has_no_gap(stage: Stage) -> None:
    caller = stage.caller("+442079460001")
    await caller.dial("music")
    await caller.hears_music("sales", seconds=3)
    await caller.hangup()
    assert caller.call.hearing.names() == {"music:sales"}
    assert caller.gaps(0.3) == []
    with pytest.raises(PhoneFailed, match=r"hear a voice .* before it was over"):
        await caller.hears_voice()


async def test_silence_is_noticed(stage: Stage) -> None:
    caller = stage.caller("+442079460001")
    await caller.dial("quiet", answered=True)
    await caller.hears_silence(1.2)
    await caller.hangup()
    (gap,) = caller.gaps(1.0)
    assert gap.seconds > 1.2
    assert "hears nothing for" in stage.story()


async def test_a_failed_wait_tells_the_story(stage: Stage) -> None:
    caller = stage.caller("+442079460001")
    await caller.dial("quiet", answered=True)
    with pytest.raises(PhoneFailed, match=r"should hear agent7 .*\n.*caller \+442079460001 dials quiet"):
        await caller.hears("agent7", within=0.3)


# --- who speaks with whom -------------------------------------------------------------------------------------------


async def test_caller_and_agent_hear_each_other(stage: Stage) -> None:
    agent = await stage.agent("agent1", behaviour=answers(after=0.3))
    other = await stage.agent("agent2")
    caller = stage.caller("+442079460001", display="Ann Example")
    await caller.dial("agent")
    offered = await agent.next_call()
    await asyncio.gather(caller.hears(agent), offered.hears(caller))
    await offered.hangup()
    assert await caller.is_over() == "them"

    assert offered.ended_by == "us"
    assert (offered.from_user, offered.from_display) == ("+442079460001", "Ann Example")
    assert offered.answered_at is not None
    assert offered.ringing_at is not None
    assert near(offered.answered_at - offered.ringing_at, 0.3, 0.15)
    (talk,) = stage.spoke(caller, agent)
    assert talk.seconds > 0.3
    assert stage.spoke(caller, other) == stage.spoke(agent, other) == []
    assert other.calls == []


async def test_one_agent_takes_calls_one_after_another(stage: Stage) -> None:
    agent = await stage.agent("agent1", behaviour=answers(after=0.1, talk=0.5))
    for number in ("+442079460001", "+442079460002", "+442079460003"):
        caller = stage.caller(number)
        await caller.dial("agent")
        taken = await agent.next_call(answered=True)
        assert taken.from_user == number
        assert await caller.is_over() == "them" or caller.call.over
        assert await taken.is_over() == "us"
    assert len(agent.rung) == 3
    assert [talk.other for talk in stage.talks()] == [f"caller +44207946000{n}" for n in (1, 2, 3)]


async def test_agents_call_each_other_from_their_own_identity(stage: Stage) -> None:
    one = await stage.agent("agent1")
    two = await stage.agent("agent2", behaviour=answers(after=0))
    call = await one.dial("agent2", answered=True)
    theirs = await two.next_call(answered=True)
    assert theirs.from_user == "agent1"
    await call.hears(two)
    await theirs.hears(one)
    await call.hangup()
    assert await theirs.is_over() == "them"


# --- keys -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys_by", ["rfc4733", "info"])
async def test_keys_arrive(stage: Stage, keys_by: str) -> None:
    customers = await stage.customers()
    caller = stage.caller("+442079460001", keys_by="info" if keys_by == "info" else "rfc4733")
    await caller.dial("keys", answered=True)
    await caller.press("907")
    dialled = await customers.next_call_to("907", answered=True)
    await caller.hears(customer("907"))
    await caller.hangup()
    assert await dialled.is_over() == "them"


async def test_keys_go_through_both_ways_while_people_speak(stage: Stage) -> None:
    agent = await stage.agent("agent1", behaviour=answers(after=0, press="5"))
    caller = stage.caller("+442079460001")
    await caller.dial("agent")
    offered = await agent.next_call(answered=True)
    await caller.press("12*#")
    await offered.gets_key("#")
    await caller.call.gets_key("5")
    assert offered.keys_heard == "12*#"
    assert caller.call.keys_heard == "5"


# --- calls that come to nothing -------------------------------------------------------------------------------------


async def test_refused_before_the_answer(stage: Stage) -> None:
    caller = stage.caller("+442079460001")
    call = await caller.dial("busy")
    assert await caller.is_over() == "them"
    assert call.status == 486
    assert call.answered_at is None
    with pytest.raises(PhoneFailed, match="be answered before it was over"):
        await caller.is_answered()


async def test_a_caller_who_gives_up_while_it_rings_ends_the_call(stage: Stage) -> None:
    caller = stage.caller("+442079460001")
    call = await caller.dial("ringing")
    await call.is_ringing()
    await caller.hangup()
    assert (call.status, call.ended_by, call.answered_at) == (487, "us", None)
    assert "gives up" in stage.story()


async def test_patience_ends(stage: Stage) -> None:
    waiting, answered = stage.caller("+442079460001"), stage.caller("+442079460002")
    await waiting.dial("ringing", patience=0.6)
    await answered.dial("echo", patience=0.6)
    assert await waiting.is_over(2) == await answered.is_over(2) == "us"
    assert (waiting.call.status, answered.call.status) == (487, 200)
    assert answered.ended_at is not None
    assert near(answered.ended_at, (answered.call.invited_at or 0) + 0.6)


async def test_early_media_is_heard(stage: Stage) -> None:
    caller = stage.caller("+442079460001")
    call = await caller.dial("early")
    await call.hears_voice()
    assert await call.is_over() == "them"
    assert call.answered_at is None


async def test_customers_by_number(stage: Stage) -> None:
    """Busy, no answer, 503, not even ringing, an answer that hangs up: each number its own way, each INVITE counted."""
    customers = await stage.customers(behaviour=rejects(404))
    customers.on("+48111", rejects(486), answers(after=0, talk=0.3))
    customers.on("+48222", rings)
    customers.on("+48333", rejects(503))
    customers.on("+48444", stays_mute)
    calls: dict[str, list[Call]] = {}
    for number in ("+48111", "+48111", "+48222", "+48333", "+48444", "+48555"):
        caller = stage.caller("+442079460001")
        await caller.dial(number)
        received = await customers.next_call_to(number)
        calls.setdefault(number, []).append(received)
    for call in (each for received in calls.values() for each in received):
        await call.is_over()
    busy, taken = calls["+48111"]
    assert (busy.status, busy.ended_by) == (486, "us")
    assert busy.ended_at is not None
    assert near(busy.ended_at, (busy.invited_at or 0) + 0.1, 0.1)
    assert (taken.status, taken.ended_by) == (200, "us")
    (unanswered,) = calls["+48222"]
    assert (unanswered.status, unanswered.ended_by) == (487, "them")
    assert unanswered.ringing_at is not None
    (failed,) = calls["+48333"]
    assert failed.status == 503
    (dead,) = calls["+48444"]
    assert (dead.status, dead.ringing_at) == (487, None)
    (unknown,) = calls["+48555"]
    assert unknown.status == 404
    assert len(customers.calls_to("+48111")) == 2
    assert len(customers.calls_to("+48222")) == 1


async def test_a_silent_phone_sends_no_sound_but_can_press_keys(stage: Stage) -> None:
    customers = await stage.customers(behaviour=answers(after=0, silent=True))
    caller = stage.caller("+442079460001")
    await caller.dial("+48111")
    theirs = await customers.next_call_to("+48111", answered=True)
    await theirs.hears(caller)
    await caller.hears_silence(0.5)
    await theirs.press("1")
    await caller.call.gets_key("1")
    assert stage.talks() == []
    theirs.speak()
    await caller.hears(theirs)
    assert stage.spoke(caller, customer("+48111"))


async def test_agents_reject_ring_on_and_vanish(stage: Stage) -> None:
    agent = await stage.agent("agent1", behaviour=rejects(486))
    caller = stage.caller("+442079460001")
    await caller.dial("agent")
    rejected = await agent.next_call()
    await rejected.is_over()
    assert (rejected.status, rejected.ended_by) == (486, "us")

    agent.behaviour = rings
    await stage.caller("+442079460002").dial("agent")
    offered = await agent.next_call()
    await offered.is_ringing()
    await offered.answer()
    await offered.hears("caller +442079460002")
    await agent.switch_off()
    assert offered.reason == "the phone was switched off"

    unheard = stage.caller("+442079460003")
    await unheard.dial("agent", answered=True)
    await unheard.hears_silence(1)
    assert len(agent.calls) == 2
    await unheard.hangup()
    await agent.switch_on()
    await stage.caller("+442079460004").dial("agent")
    assert (await agent.next_call()).from_user == "+442079460004"


async def test_hold_and_resume(stage: Stage) -> None:
    agent = await stage.agent("agent1", behaviour=answers(after=0))
    caller = stage.caller("+442079460001")
    await caller.dial("agent")
    offered = await agent.next_call(answered=True)
    await caller.hears(agent)
    await offered.hold()
    await caller.hears_music(since=stage.now())
    await offered.resume()
    await caller.hears(agent, since=stage.now())
    await caller.call.hold()
    await offered.hears_music()
    await caller.hangup()
    assert await offered.is_over() == "them"


async def test_a_blind_transfer_returns_what_came_of_it(stage: Stage) -> None:
    one = await stage.agent("agent1", behaviour=answers(after=0))
    two = await stage.agent("agent2", behaviour=answers(after=0))
    caller = stage.caller("+442079460001")
    await caller.dial("agent")
    offered = await one.next_call(answered=True)
    await caller.hears(one)
    await offered.refer("agent2")
    assert (await two.next_call(answered=True)).from_user == "+442079460001"
    await caller.hears(two)
    # The agent's phone was notified that the transfer worked, and hangs up.
    await offered.hangup()
    await caller.hears(two, since=stage.now())
    await caller.hangup()
    assert [(talk.one, talk.other) for talk in stage.talks()] == [("agent1", caller.name), ("agent2", caller.name)]


# --- odd callers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "header", "shown"),
    [
        (None, None, "anonymous"),
        ("%2B44+abc", None, "+44+abc"),
        ("odd", "<sip:127.0.0.2>", None),
        ("odd", '"\\"><script>" <sip:%00x@nowhere.invalid>', None),
        ("odd", '"Żółć" <sip:+48;ext=5@127.0.0.2>', None),
        ("odd", f"<sip:{'9' * 200}@127.0.0.2>", "9" * 79),
    ],
)
async def test_callers_without_a_proper_number(
    stage: Stage, number: str | None, header: str | None, shown: str | None
) -> None:
    agent = await stage.agent("agent1")
    caller = stage.caller(number, from_header=header)
    await caller.dial("agent")
    offered = await agent.next_call(answered=True)
    await caller.hears(agent)
    await caller.hangup()
    await offered.is_over()
    if shown is not None:
        assert offered.from_user == shown


# --- many -----------------------------------------------------------------------------------------------------------


async def test_twenty_phones_at_once(stage: Stage) -> None:
    customers = await stage.customers(behaviour=answers(after=0.1))
    callers = [stage.caller(f"+4420794600{number:02}") for number in range(20)]
    started = time.monotonic()
    await asyncio.gather(*(caller.dial(f"+481{number:02}", answered=True) for number, caller in enumerate(callers)))
    await asyncio.gather(*(caller.hears(customer(f"+481{n:02}"), seconds=2) for n, caller in enumerate(callers)))
    await asyncio.gather(*(caller.hangup() for caller in callers))
    await asyncio.gather(*(call.is_over() for call in customers.calls))
    assert time.monotonic() - started < 8
    assert len(customers.calls) == 20
    talks = stage.talks()
    assert {(talk.one, talk.other) for talk in talks} == {
        (f"caller +4420794600{n:02}", f"customer +481{n:02}") for n in range(20)
    }
    assert all(talk.seconds > 1.9 for talk in talks)
    assert all(call.gaps(0.5) == [] for call in customers.calls)

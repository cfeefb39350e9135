"""The loop and the outbox: written before done, in order within a lane, never stopped by one failure."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from callbackd.app.outbox import Outbox
from callbackd.app.recovery import Recovery
from callbackd.app.runner import Runner
from callbackd.ari.client import Link
from callbackd.domain.acd import Acd
from callbackd.domain.commands import (
    Changed,
    DropBridge,
    HangUp,
    Join,
    LookAtPlayback,
    MakeBridge,
    Play,
    RingAgent,
    SendToFallback,
    StartMusic,
    StopMusic,
    StorePromise,
    TraceAttempt,
)
from callbackd.domain.events import CallArrived, Event, LegEnded, LegsSeen, PbxBack, PbxLost, PromiseNotStored
from callbackd.domain.ids import AttemptId, BridgeId, CallbackId, EntryId, LegId, Mint, PlaybackId
from callbackd.domain.lives.attempt import Attempt
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.entry import Entry
from tests.builders import ANNA, SUPPORT, settings


class Recorder:
    """A journal and a world that write down in which order they were asked."""

    def __init__(self):
        self.told = []
        self.written = asyncio.Event()
        self.answers = []

        self.noted = []

    def note(self, write):
        self.noted.append(write)

    async def commit(self, writes):
        writes, self.noted = [*self.noted, *writes], []
        self.told.append(("wrote", [type(write).__name__ for write in writes]))
        self.written.set()
        answers, self.answers = self.answers, []
        return answers

    def put(self, act):
        self.told.append(("did", type(act).__name__))


async def turned(runner, recorder):
    task = asyncio.create_task(runner.run())
    async with asyncio.timeout(5):
        await recorder.written.wait()
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_commands_for_a_waiting_caller_do_not_wait_for_the_database():
    recorder, inbox = Recorder(), asyncio.Queue[Event]()
    runner = Runner(Acd(settings(), Mint(b"")), recorder, inbox, recorder.put)
    inbox.put_nowait(CallArrived(LegId("leg"), "support", ANNA))
    await turned(runner, recorder)
    assert [kind for kind, _ in recorder.told] == ["did", "did", "wrote"]
    assert recorder.told[1] == ("did", "Play")


LEG, OUTSIDE = LegId("leg"), AttemptId("a")
PLACE = Entry(EntryId("e"), SUPPORT, 0.0, leg=LEG)
PROMISED = Callback(CallbackId("c"), PLACE.id, SUPPORT, ANNA, 0.0, 1.0)


@pytest.mark.parametrize(
    "command",
    [
        Changed(None, PROMISED),
        Changed(None, Attempt(OUTSIDE, PROMISED.id, None, ANNA, 1, 0.0)),
        Changed(PLACE, replace(PLACE, leg=None, callback=PROMISED.id)),
        StorePromise(PLACE, PROMISED),
        Join(BridgeId("b"), (LEG,)),
        SendToFallback(LEG, "fallback", "s"),
    ],
    ids=lambda command: type(command).__name__,
)
async def test_promises_and_what_cannot_be_undone_are_written_before_anything_leaves(command):
    recorder = Recorder()
    runner = Runner(Acd(settings(), Mint(b"")), recorder, asyncio.Queue(), recorder.put)
    await runner.obey([Changed(None, PLACE)])
    assert recorder.told == []
    await runner.obey([StartMusic(LEG, "default"), command])
    kinds = [kind for kind, _ in recorder.told]
    assert kinds == sorted(kinds, reverse=True), "wrote, then did"
    assert recorder.told[0][1][0] == "Changed", "with what was decided before"


async def test_rows_that_nothing_waits_for_are_written_together():
    recorder = Recorder()
    runner = Runner(Acd(settings(), Mint(b"")), recorder, asyncio.Queue(), recorder.put)
    for n in range(3):
        await runner.obey([Changed(None, replace(PLACE, id=EntryId(f"e{n}")))])
    assert recorder.told == []
    await turned(runner, recorder)
    assert recorder.told == [("wrote", ["Changed"] * 3)]


async def test_ready_events_share_one_commit():
    recorder, inbox = Recorder(), asyncio.Queue[Event]()
    runner = Runner(Acd(settings(), Mint(b"")), recorder, inbox, recorder.put)
    for n in range(5):
        inbox.put_nowait(CallArrived(LegId(f"leg-{n}"), "support", ANNA))
    await turned(runner, recorder)
    assert [kind for kind, _ in recorder.told].count("wrote") == 1


async def test_what_became_of_a_write_comes_back_as_an_event():
    recorder, inbox = Recorder(), asyncio.Queue[Event]()
    recorder.answers = [PromiseNotStored(CallbackId("callback"), "full")]
    runner = Runner(Acd(settings(), Mint(b"")), recorder, inbox, recorder.put)
    inbox.put_nowait(CallArrived(LegId("leg"), "support", ANNA))
    await turned(runner, recorder)
    assert runner.moved_at > 0


async def test_a_deadline_wakes_the_loop():
    recorder = Recorder()
    acd = Acd(settings(), Mint(b""))
    acd.handle(CallArrived(LegId("leg"), "support", ANNA), 0.0)
    now = iter([59.95])
    runner = Runner(acd, recorder, asyncio.Queue(), recorder.put, lambda: next(now, 61.0))
    await turned(runner, recorder)
    assert ("did", "StartMusic") in recorder.told


def play(leg, n):
    return Play(leg, PlaybackId(f"p{n}"), (), "en")


async def test_commands_of_one_lane_keep_their_order_and_lanes_do_not_wait_for_one_another():
    done, slow = [], asyncio.Event()

    async def perform(act):
        if act.leg == "slow":
            await slow.wait()
        done.append((act.leg, act.playback))
        return ()

    outbox = Outbox(perform, lambda event: None)
    for n in range(3):
        outbox.put(play("slow", n))
        outbox.put(play("quick", n))
    while len(done) < 3:
        await asyncio.sleep(0)
    assert done == [("quick", "p0"), ("quick", "p1"), ("quick", "p2")]
    slow.set()
    await outbox.drain(1)
    assert done[3:] == [("slow", "p0"), ("slow", "p1"), ("slow", "p2")]


async def test_a_command_that_already_waits_in_its_lane_is_not_put_twice_in_a_row():
    done, slow = [], asyncio.Event()

    async def perform(act):
        await slow.wait()
        done.append(act)
        return ()

    outbox, look = Outbox(perform, lambda event: None), LookAtPlayback(LegId("leg"), PlaybackId("p0"))
    for act in (look, look, look, HangUp(LegId("leg"), "over"), look):
        outbox.put(act)
        await asyncio.sleep(0)
    slow.set()
    await outbox.drain(1)
    assert done == [look, look, HangUp(LegId("leg"), "over"), look], "the one under way, and one that was asked since"


BOTH = (LegId("caller"), LegId("agent"))


@pytest.mark.parametrize(
    ("first", "then", "in_order"),
    [
        (MakeBridge(BridgeId("b")), Join(BridgeId("b"), BOTH), True),
        (StopMusic(LegId("caller")), Join(BridgeId("b"), BOTH), True),
        (Join(BridgeId("b"), BOTH), DropBridge(BridgeId("b")), True),
        (DropBridge(BridgeId("b"), LegId("caller")), StartMusic(LegId("caller"), "default"), True),
        (RingAgent(LegId("agent"), "PJSIP/x", "", "", 1, EntryId("entry")), HangUp(LegId("agent"), "over"), True),
        (
            RingAgent(LegId("agent"), "PJSIP/x", "", "", 1, EntryId("entry")),
            Join(BridgeId("b"), BOTH),
            False,
        ),
        (
            RingAgent(LegId("one"), "PJSIP/x", "", "", 1, EntryId("entry")),
            RingAgent(LegId("other"), "PJSIP/y", "", "", 1, EntryId("entry")),
            False,
        ),
        (
            TraceAttempt(LegId("customer"), AttemptId("attempt")),
            Play(LegId("customer"), PlaybackId("p0"), (), "en"),
            False,
        ),
        (Join(BridgeId("b"), BOTH), StartMusic(LegId("somebody else"), "default"), False),
    ],
)
async def test_a_command_waits_for_earlier_ones_about_the_same_caller_or_bridge(first, then, in_order):
    done, slow = [], asyncio.Event()

    async def perform(act):
        if act == first:
            await slow.wait()
        done.append(act)
        return ()

    outbox = Outbox(perform, lambda event: None)
    outbox.put(first)
    outbox.put(then)
    for _ in range(5):
        await asyncio.sleep(0)
    assert done == ([] if in_order else [then])
    slow.set()
    await outbox.drain(1)
    assert set(done) == {first, then}


async def test_a_command_that_fails_does_not_stop_its_lane():
    events: list[Event] = []

    async def perform(act):
        if isinstance(act, RingAgent):
            raise RuntimeError("a bug")
        return [LegEnded(act.leg)]

    outbox = Outbox(perform, events.append)
    outbox.put(RingAgent(LegId("leg"), "PJSIP/x", "", "", 1, EntryId("entry")))
    outbox.put(HangUp(LegId("leg"), "over"))
    await outbox.drain(1)
    assert events == [LegEnded(LegId("leg"))]


async def test_after_a_connect_the_polled_truth_comes_before_the_stream():
    events: list[Event] = []
    polled = asyncio.Event()

    async def poll():
        await polled.wait()
        return (LegsSeen(frozenset({LegId("leg")})),)

    recovery = Recovery(lambda raw: raw["heard"], poll, events.append)
    recovery.on_link(Link.CONNECTED, "")
    recovery.on_event({"heard": LegEnded(LegId("leg"))})
    await asyncio.sleep(0)
    assert events == []
    polled.set()
    async with asyncio.timeout(5):
        while len(events) < 3:
            await asyncio.sleep(0)
    assert events == [LegsSeen(frozenset({LegId("leg")})), PbxBack(), LegEnded(LegId("leg"))]


async def test_a_lost_stream_is_reported_and_a_replaced_one_ends_us():
    events: list[Event] = []

    async def poll() -> None:
        await asyncio.Event().wait()

    recovery = Recovery(lambda raw: None, poll, events.append)
    recovery.on_link(Link.LOST, "closed")
    assert events == [PbxLost("closed")]
    assert not recovery.replaced.is_set()
    recovery.on_link(Link.REPLACED, "taken")
    assert recovery.replaced.is_set()

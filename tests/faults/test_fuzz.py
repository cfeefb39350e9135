"""An event stream that loses, doubles, delays and garbles: afterwards everybody is served once, and what we believe is
true."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from callbackd.app.recovery import LOOK_EVERY_S, SURE_S
from callbackd.domain.ids import OURS
from lab.holds import customers as customers_called
from lab.holds import served_at, these_hold
from lab.house import ANNA, BEN
from lab.mangle import Between, Mangler, only
from lab.phones import answers, presses_one
from lab.slots import HOST
from lab.wired import QUICK_RETRY

pytestmark = [pytest.mark.e2e, pytest.mark.faults]

STREAM = b"GET /ari/events"
PROMISES = [f"+4420794602{n:02d}" for n in range(4)]
CALLERS = 14
MANGLED_S = 14.0
SERVED_S = 40.0
LOSES = {(ANNA, "StasisStart"), (BEN, "ChannelHangupRequest"), (BEN, "StasisEnd"), (BEN, "ChannelDestroyed")}


@pytest.fixture
async def put_between():
    """``await put_between(house, mangler)``: from here on all events of Asterisk come by way of this mangler."""
    async with AsyncExitStack() as stack:

        async def put(house, mangler):
            here, there = (HOST, house.asterisk.slot.spare(1)), house.ari.there
            between = await stack.enter_async_context(Between(here, there, mangler))
            house.ari.there = between.here
            await cut(house)

        yield put


async def cut(house):
    """The daemon asks Asterisk anew for what there is."""
    since = len(house.daemon.lines)
    house.ari.cut(STREAM)
    await house.daemon.said("resynced", since=since)


async def crowd(house):
    """Callers come all the time; every fifth loses patience at once."""
    for n in range(CALLERS):
        caller = house.stage.caller(f"+442079461{n:03d}", silent=True)
        await caller.dial("8001", patience=2.5 if n % 5 == 4 else None)
        await asyncio.sleep(MANGLED_S / CALLERS)


def waiting(house):
    served = served_at(house)
    return [call for call in house.stage.calls if call.outgoing and not call.over and call.who not in served]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_nobody_is_lost_or_rung_twice_whatever_the_stream_delivers(open_wired, put_between, seed):
    house = await open_wired(promises=PROMISES, queues=QUICK_RETRY)
    await house.stage.customers(behaviour=presses_one())
    for n in (1, 2, 3):
        await house.agent(f"agent{n}", answers(after=0.2, talk=3.0))
    mangler = Mangler(seed)
    await put_between(house, mangler)
    await crowd(house)
    print(mangler.counts)
    assert mangler.counts["lost"] >= 3
    assert mangler.counts.total() > 50
    mangler.on = False
    await cut(house)
    async with asyncio.timeout(SERVED_S):
        while waiting(house):
            await asyncio.sleep(0.1)
    assert len({call.dialled for call in customers_called(house)}) == len(PROMISES)
    assert house.daemon.count("ari_event_dropped")
    await these_hold(house, silence_s=None, in_order=False)


async def test_events_that_never_came_are_found_missing_although_the_stream_stands(wired, put_between):
    house = wired

    def coming_or_going(event):
        channel = event.get("channel", {"id": "", "caller": {}})
        ours, number = channel["id"].startswith(OURS), channel["caller"].get("number")
        return not ours and (number, event["type"]) in LOSES

    ben = await house.joins(BEN)
    await put_between(house, only(coming_or_going))
    since = len(house.daemon.lines)
    anna = await house.calls(ANNA)
    await ben.hangup()  # found out by the next thing that is to be done for him
    missed = await house.daemon.said("events_missed", since=since, within_s=LOOK_EVERY_S + SURE_S + 5)
    assert "was not reported" in missed["differences"][0]
    await house.daemon.said("joined the line", since=since)
    agent = await house.agent("agent1", answers(after=0.1, talk=2.0))
    await anna.hears(agent, within=10)
    assert [call.from_user for call in agent.rung] == [ANNA], house.daemon.story()
    await these_hold(house)

"""The event stream: cut a hundred times, and a line that died without a word."""

from __future__ import annotations

import asyncio

import pytest

from lab.holds import these_hold
from lab.house import ANNA, BEN, CORA, DAN
from lab.phones import answers, presses_one, rings

pytestmark = [pytest.mark.e2e, pytest.mark.faults]

EVE = "+442079460105"
STREAM = b"GET /ari/events"
NOTICED_S = 6.0


async def test_the_event_stream_cut_a_hundred_times_costs_nobody_anything(open_wired):
    # A hundred cuts take ten seconds, and the customer's phone must ring that long.
    house = await open_wired(promises=[DAN], dialling={"endpoint": "PJSIP/{number}@trunk", "ring_s": 40})
    customers = await house.stage.customers(behaviour=rings)
    talker = await house.agent("agent1", answers(after=0.1))
    ringing = await customers.next_call_to(DAN, within=10)
    second = await house.agent("agent2", answers(after=0.1))
    anna = await house.joins(ANNA)
    await anna.hears(second)
    eve, *waiting = [await house.joins(number) for number in (EVE, BEN, CORA)]
    for n in range(100):
        since = len(house.daemon.lines)
        while not house.ari.cut(STREAM):
            await asyncio.sleep(0.01)
        if n == 50:
            await eve.hangup()  # which nobody is notified of
        # Every tenth cut is followed by another before what was missed has been asked for.
        await house.daemon.said("ari_connected" if n % 10 == 9 else "resynced", since=since, within_s=10)
    await anna.hears(second, since=house.stage.now())
    person = asyncio.create_task(presses_one()(ringing))
    await ringing.hears(talker, within=20)
    person.cancel()
    await anna.hangup()
    for caller in waiting:
        await caller.hears(second, within=20)
        await caller.hangup()
    assert len(customers.calls_to(DAN)) == 1
    assert [call.from_user for call in second.rung] == [ANNA, BEN, CORA]
    await these_hold(house)


async def test_a_line_that_died_without_a_word_is_noticed_and_nobody_else_notices(wired):
    house = wired
    anna, ben = await house.joins(ANNA), await house.joins(BEN)
    house.ari.swallow()
    since, began = len(house.daemon.lines), house.stage.now()
    lost = await house.daemon.said("ari_lost", since=since, within_s=10)
    assert lost["at"] - began < NOTICED_S
    await ben.hangup()
    cora = await house.calls(CORA)
    house.ari.heal()
    await house.daemon.said("resynced", since=since)
    agent = await house.agent("agent1", answers(after=0.1, talk=0.5))
    await anna.hears(agent, within=15)
    await cora.hears(agent, within=15)
    assert [call.from_user for call in agent.rung] == [ANNA, CORA]
    # Callers who were being spoken to when the line died hear nothing more until that is noticed.
    await these_hold(house, silence_s=NOTICED_S)


async def test_an_agent_who_answers_into_a_dead_line_gets_the_caller_all_the_same(wired):
    house = wired
    agent = await house.agent("agent1", rings)
    anna = await house.joins(ANNA)
    ring = await agent.next_call()
    await ring.is_ringing()
    house.ari.swallow()
    await ring.answer()
    house.ari.heal()
    await anna.hears(agent, within=20)
    assert len(agent.rung) == 1
    await these_hold(house)


async def test_losing_all_news_about_a_customer_makes_no_second_call(open_wired):
    house = await open_wired(promises=[ANNA])
    customers = await house.stage.customers(behaviour=rings)
    agent = await house.agent("agent1", answers(after=0.1))
    call = await customers.next_call_to(ANNA, within=10)
    person: asyncio.Task[None] | None = None
    for news in (b'"Dial"', b"StasisStart", b"PlaybackFinished", b"ChannelDtmfReceived"):
        house.ari.lose_news(news)
        person = person or asyncio.create_task(presses_one()(call))
        async with asyncio.timeout(15):
            await house.ari.failed.wait()
    await call.hears(agent, within=25)
    assert person
    person.cancel()
    house.ari.lose_news(b"ChannelDestroyed")
    await call.hangup()
    assert await agent.rung[-1].is_over() == "them"
    assert house.ari.failed.is_set()
    assert len(customers.calls_to(ANNA)) == 1
    await these_hold(house)

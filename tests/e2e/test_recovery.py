"""The daemon goes away and comes back; the phones show whether anybody noticed."""

from __future__ import annotations

import asyncio

import pytest

from lab.daemon import UNHURRIED
from lab.house import ANNA, BEN, CORA
from lab.phones import answers, presses_one, rings

pytestmark = pytest.mark.e2e


@pytest.fixture
async def house(open_house):
    """Callers and customers are spoken to at the pace of houses: it is the time that the daemon has to come back."""
    return await open_house(prompts=UNHURRIED)


async def test_waiting_callers_are_adopted_in_their_order_after_a_kill(house):
    callers = [await house.calls(number) for number in (ANNA, BEN, CORA)]
    for caller in callers:
        await caller.hears_music(within=20)
    await house.daemon.kill()
    await house.daemon.start()
    assert house.daemon.count("adopted") == 3
    agent = await house.agent("agent1", answers(after=0.1, talk=0.8))
    for caller in callers:
        await caller.hears(agent, within=20)
    assert [call.from_user for call in agent.rung] == [ANNA, BEN, CORA]
    assert all(caller.gaps(longer_than=1.0) == [] for caller in callers)


async def test_a_talking_pair_is_left_in_peace_and_followed(house):
    agent = await house.agent("agent1", answers(after=0.2))
    anna = await house.calls(ANNA)
    await anna.hears(agent)
    await house.daemon.kill()
    await house.daemon.start()
    await anna.hears(agent, since=house.stage.now())
    ben = await house.calls(BEN)
    await anna.hangup()
    await house.daemon.said("closed: served")
    await ben.hears(agent, within=15)


async def test_a_caller_whose_talk_ended_while_we_were_away_frees_the_agent(house):
    agent = await house.agent("agent1", answers(after=0.2))
    anna = await house.calls(ANNA)
    await anna.hears(agent)
    await house.daemon.kill()
    await anna.hangup()
    await house.daemon.start()
    assert await agent.rung[0].is_over() == "them"
    ben = await house.calls(BEN)
    await ben.hears(agent, within=15)


async def test_a_caller_who_hung_up_while_we_were_away_is_no_ghost(house):
    anna = await house.calls(ANNA)
    await anna.hears_music(within=20)
    await house.daemon.kill()
    await anna.hangup()
    await house.daemon.start()
    agent = await house.agent("agent1", answers(after=0.2))
    ben = await house.calls(BEN)
    await ben.hears(agent, within=10)
    assert [call.from_user for call in agent.rung] == [BEN]


async def test_an_agent_who_rings_through_our_absence_gets_the_caller(house):
    agent = await house.agent("agent1", rings)
    anna = await house.calls(ANNA)
    ring = await agent.next_call()
    await ring.is_ringing()
    await house.row("SELECT id FROM entry WHERE state = 'ringing'")
    await house.daemon.kill()
    await house.daemon.start()
    await ring.answer()
    await anna.hears(agent)
    assert len(agent.rung) == 1


async def test_an_agent_who_answers_nobody_is_rung_again_and_the_caller_keeps_the_place(house):
    agent = await house.agent("agent1", rings)
    anna = await house.calls(ANNA)
    ring = await agent.next_call()
    await ring.is_ringing()
    await house.daemon.kill()
    agent.behaviour = answers(after=0.2)
    await ring.answer()
    await house.daemon.start()
    await anna.hears(agent, within=20)
    assert anna.gaps(longer_than=1.0) == []


async def test_a_customer_who_is_ringing_during_a_kill_is_not_rung_twice(house):
    customers = await house.stage.customers(behaviour=rings)
    await house.takes_callback(await house.calls(ANNA))
    agent = await house.agent("agent1", answers(after=0.2))
    call = await customers.next_call_to(ANNA, within=15)
    await call.is_ringing()
    await house.daemon.kill()
    await house.daemon.start()
    person = asyncio.create_task(presses_one()(call))
    await call.hears(agent, within=25)
    person.cancel()
    assert len(customers.calls_to(ANNA)) == 1
    assert [row["outcome"] for row in await house.rows("SELECT outcome FROM attempt")] == ["connected"]


async def test_a_customer_who_answers_without_us_hears_a_voice_and_is_not_rung_twice(house):
    customers = await house.stage.customers(behaviour=rings)
    await house.takes_callback(await house.calls(ANNA))
    await house.agent("agent1", answers(after=0.2))
    call = await customers.next_call_to(ANNA, within=15)
    await house.daemon.kill()
    await call.answer()
    assert (await call.hears_voice()).start - (call.answered_at or 0) < 2.0
    assert await call.is_over(within=30) == "them"
    await house.daemon.start()
    await house.daemon.said("customer not reached")
    assert len(customers.calls_to(ANNA)) == 1


async def test_without_the_daemon_the_fallback_serves_new_callers(house):
    await house.daemon.kill()
    agent = await house.stage.agent("agent1", behaviour=answers(after=0.2))
    anna = await house.calls(ANNA)
    await anna.hears_music(within=3)
    await anna.hears(agent, within=25)
    assert anna.gaps(longer_than=1.0) == []


@pytest.mark.long
async def test_the_dead_man_switch_takes_waiting_callers_to_the_fallback(open_house):
    house = await open_house()
    anna = await house.calls(ANNA)
    agent = await house.stage.agent("agent1", behaviour=answers(after=0.2))
    await asyncio.sleep(63)  # longer than the switch: while the daemon lives, nothing happens
    assert agent.rung == []
    await house.daemon.kill()
    await anna.hears(agent, within=65)


async def test_asterisk_killed_and_back_is_served_again(house):
    agent = await house.agent("agent1", answers(after=0.2))
    anna = await house.calls(ANNA)
    await anna.hears(agent)
    await house.asterisk.kill()
    await house.daemon.said("away", since=5)
    await house.asterisk.start()
    await house.daemon.said("back", subject="asterisk", since=house.daemon.last_index("away"))
    ben = await house.calls(BEN)
    await ben.hears(agent, within=20)

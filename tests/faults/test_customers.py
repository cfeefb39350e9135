"""What customers and trunks do to a promise: refuse everything, answer as a machine, go in the last moment."""

from __future__ import annotations

import asyncio

import pytest

from lab.holds import these_hold
from lab.house import ANNA, BEN, CORA, DAN
from lab.phones import answers, presses_one, rejects, rings
from lab.wired import QUICK_RETRY

pytestmark = [pytest.mark.e2e, pytest.mark.faults]

NO_BREAKER = {"endpoint": "PJSIP/{number}@trunk", "per_s": 20, "breaker_failures": 0}
"""Every trunk's answer is seen, one promise after the other."""
ONE_READING = {"endpoint": "PJSIP/{number}@trunk", "ring_s": 5, "key_s": 1, "menu_readings": 1}


async def test_a_trunk_that_answers_503_to_everybody_costs_nobody_an_attempt(open_wired):
    numbers = [ANNA, BEN, CORA]
    house = await open_wired(promises=numbers, queues=QUICK_RETRY, dialling=NO_BREAKER)
    customers = await house.stage.customers(behaviour=rejects(503))
    agent = await house.agent("agent1", answers(after=0.1, talk=0.5))
    for number in numbers:
        await customers.next_call_to(number, within=20)
    # A live caller is not made to wait by a trunk that is of no use.
    dan = await house.calls(DAN)
    await dan.hears(agent, within=10)
    for number in numbers:
        assert await customers.next_call_to(number, within=20)
    assert await house.rows("SELECT number FROM callback WHERE attempts_made > 1 OR closed_at IS NOT NULL") == []
    customers.behaviour = rings
    call = await _one_that_rings(customers)
    row = await house.rows(f"SELECT attempts_made FROM callback WHERE number = '{call.dialled}'")
    assert row == [{"attempts_made": 1}], "the first that counts"
    await house.dials_code(agent, "*51")  # or the next promise is dialled as soon as this one is over
    await these_hold(house)


async def _one_that_rings(customers):
    while not any(ringing := [call for call in customers.calls if call.state == "ringing"]):
        await customers.next_of(lambda call: True, 20, "be called")
        await asyncio.sleep(0.1)
    return ringing[0]


async def test_a_voicemail_does_not_count_as_a_person_and_nobody_hears_silence(open_wired):
    house = await open_wired(promises=[ANNA], dialling=ONE_READING)
    customers = await house.stage.customers(behaviour=answers(after=0.1, silent=True))
    agent = await house.agent("agent1", answers(after=0.1))
    call = await customers.next_call_to(ANNA, within=10, answered=True)
    await house.daemon.said("customer not reached", within_s=20)
    ben = await house.calls(BEN)
    await ben.hears(agent, within=10)
    assert await call.is_over(within=20) == "them"
    assert [ring.from_user for ring in agent.rung] == [BEN], "a machine never reaches an agent"
    assert await house.rows("SELECT attempts_made, outcome FROM callback") == [{"attempts_made": 1, "outcome": None}]
    await these_hold(house, silence_s=2.0)  # after the menu a second of quiet waits for the key


async def test_a_customer_who_hangs_up_while_the_agent_is_rung_frees_the_agent_and_is_called_again(open_wired):
    house = await open_wired(promises=[ANNA], queues=QUICK_RETRY)
    customers = await house.stage.customers(behaviour=presses_one())
    agent = await house.agent("agent1", rings)
    first = await customers.next_call_to(ANNA, within=10)
    ring = await agent.next_call(within=20)
    await first.hangup()
    assert await ring.is_over(within=2) == "them", "long before it has rung out"
    customers.on(ANNA, rings)
    await (await customers.next_call_to(ANNA, within=15)).is_ringing()
    assert len(agent.rung) == 1
    attempts = await house.rows("SELECT outcome FROM attempt ORDER BY ordinal")
    assert attempts == [{"outcome": "abandoned"}, {"outcome": None}]
    await these_hold(house)

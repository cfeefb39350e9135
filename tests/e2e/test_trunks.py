"""A carrier's own trouble, as phones and the database see it: no promise is given up for it, and an operator is
warned."""

from __future__ import annotations

import asyncio

import pytest

from lab.house import ANNA, BEN, CORA
from lab.phones import Behaviour, answers, presses_one, rejects

pytestmark = pytest.mark.e2e

RETRY = {"max_attempts": 2, "busy_gap_s": 1, "no_answer_gap_s": 1, "no_key_gap_s": 1, "congestion_gap_s": 2}
SUPPORT = {
    "wrap_up_s": 0,
    "ring_s": 4,
    "offer": {"estimated_wait_s": 5, "waited_s": 60},
    "announcements": {"every_s": 5},
    "slots": {"enabled": False},
    "retry": RETRY,
}
QUEUES = {"support": SUPPORT}
ONE = {"agent1": {"endpoint": "PJSIP/agent1", "queues": ["support"]}}
GIVEN_UP = "SELECT number FROM callback WHERE outcome = 'exhausted'"


async def promised(open_house, behaviour: Behaviour, *numbers: str, **changes):
    house = await open_house(queues=QUEUES, agents=ONE, **changes)
    phones = await house.stage.customers(behaviour=behaviour)
    for number in numbers:
        await house.takes_callback(await house.calls(number))
    return house, phones


@pytest.mark.parametrize("status", [403, 404])
async def test_a_carrier_that_refuses_everybody_uses_up_nobodys_promise(open_house, status):
    house, phones = await promised(open_house, rejects(status), ANNA, BEN, CORA)
    await house.agent("agent1", answers(after=0.2))
    line = await house.daemon.said("trunk rests", within_s=15)
    assert line["level"] == "error"
    assert "3 different numbers in a row" in line["reason"]
    dialled = len(phones.calls)
    await asyncio.sleep(6)  # only time shows that nobody is dialled: gaps between attempts are a second or two here
    assert len(phones.calls) == dialled, "the trunk rests"
    assert await house.rows(GIVEN_UP) == []
    assert await house.rows("SELECT sum(attempts_made) AS paid FROM callback") == [{"paid": 0}]


async def test_one_number_that_does_not_exist_is_given_up_while_the_others_are_reached(open_house):
    house, phones = await promised(open_house, presses_one(), ANNA, BEN)
    phones.on(ANNA, rejects(404), rejects(404), rejects(404))
    agent = await house.agent("agent1", answers(after=0.2, talk=1))
    call = await phones.next_call_to(BEN, within=20, answered=True)
    await call.hears(agent, within=15)
    await house.daemon.said("promise given up: exhausted", within_s=20)
    assert await house.rows(GIVEN_UP) == [{"number": ANNA}]


@pytest.mark.parametrize("status", [401, 407, 408, 500, 503])
async def test_trouble_of_the_trunk_alone_costs_the_only_customer_nothing(open_house, status):
    house, phones = await promised(open_house, rejects(status), ANNA)
    await house.agent("agent1", answers(after=0.2))
    for _ in range(3):
        await phones.next_call_to(ANNA, within=20)
    assert await house.rows("SELECT outcome FROM callback WHERE attempts_made > 1 OR closed_at IS NOT NULL") == []


async def test_a_trunk_that_says_nothing_for_32_seconds_is_the_trunks_even_when_phones_may_ring_longer(open_house):
    """Asterisk gives up by itself then (timer B), and reports 408 as a network does when the customer is out."""
    trunk = {"endpoint": "PJSIP/{number}@trunk", "ring_s": 60}
    house, phones = await promised(open_house, rejects(503), ANNA, dialling=trunk)
    await phones.switch_off()
    await house.agent("agent1", answers(after=0.2))
    line = await house.daemon.said("customer not reached", within_s=45)
    assert line["refunded"] is True
    assert "408" in line["reason"]

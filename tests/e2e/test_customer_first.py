"""Queues that dial the customer first and look for an agent then, on real phones."""

from __future__ import annotations

import pytest

from lab.daemon import NO_TIMES, QUICK_OFFER
from lab.house import ANNA, BEN
from lab.phones import answers, presses_one

pytestmark = pytest.mark.e2e

QUEUE = {"dial": "customer_first", "wrap_up_s": 0, "ring_s": 4, "offer": QUICK_OFFER, "slots": NO_TIMES}


async def test_the_customer_is_dialled_while_the_agent_talks_and_waits_with_music(open_house):
    house = await open_house(queues={"support": QUEUE})
    customers = await house.stage.customers(behaviour=presses_one())
    anna = await house.calls(ANNA)
    await house.takes_callback(anna)
    ben = await house.joins(BEN)
    agent = await house.agent("agent1", answers(after=0.1))
    call = await customers.next_call_to(ANNA, within=15, answered=True)
    await call.hears_music(within=20)
    await ben.hears(agent)
    assert ben.call.state == "talking"
    await ben.hangup()
    await call.hears(agent, within=15)
    assert call.gaps(longer_than=1.0) == []
    assert len(customers.calls_to(ANNA)) == 1

"""A customer whom an agent tried to reach gets that agent straight away: types 1 to 4 of the windows, on phones."""

from __future__ import annotations

import asyncio

import pytest

from lab.daemon import QUICK_OFFER
from lab.house import ANNA
from lab.phones import answers, first_heard, rejects

pytestmark = pytest.mark.e2e


async def house_with(open_house, type_: int, **direct):
    """Agents 1 and 2, the second free for longer: in the ordinary order the next caller is the second's."""
    queue = {
        "wrap_up_s": 0,
        "ring_s": 3,
        "offer": QUICK_OFFER,
        "slots": {"enabled": False},
        "direct": {"type": type_, "wait_s": 2, **direct},
    }
    agents = {name: {"endpoint": f"PJSIP/{name}", "queues": ["support"]} for name in ("agent1", "agent2")}
    house = await open_house(queues={"support": queue}, agents=agents)
    house.customers = await house.stage.customers()
    second = await house.agent("agent2", answers(after=0.2))
    first = await house.agent("agent1", answers(after=0.2))
    return house, first, second


async def attempt(house, agent, *, reached: bool) -> None:
    """The agent calls the customer, who refuses or talks for a moment."""
    house.customers.on(ANNA, answers(after=0.1) if reached else rejects(486))
    call = await agent.dial(ANNA, answered=reached)
    called = await house.customers.next_call_to(ANNA, answered=reached)
    if reached:
        await call.hears(called)
        await call.hangup()
    else:
        assert await call.is_over(within=10) == "them"


async def who_gets(house, *agents):
    """The customer calls; which agent do they hear?"""
    anna = await house.calls(ANNA)
    agent = await first_heard(anna, *agents)
    await anna.hangup()
    return agent


async def test_an_unsuccessful_attempt_leads_the_customer_straight_to_that_agent(open_house):
    house, first, second = await house_with(open_house, 1)
    await attempt(house, first, reached=False)
    await house.daemon.said("window: open")
    assert await who_gets(house, second, first) is first


async def test_type_1_a_conversation_closes_the_window(open_house):
    house, first, second = await house_with(open_house, 1)
    await attempt(house, first, reached=False)
    await house.daemon.said("window: open")
    await attempt(house, first, reached=True)
    await house.daemon.said("window: close")
    assert await who_gets(house, second, first) is second


async def test_type_1_a_second_attempt_does_not_restart_the_window(open_house):
    house, first, _ = await house_with(open_house, 1)
    await attempt(house, first, reached=False)
    await attempt(house, first, reached=False)
    assert "not restarted" in (await house.daemon.said("unsuccessful: window unchanged"))["reason"]


async def test_type_2_restarts_with_each_attempt(open_house):
    """When the customer calls, the window of the first attempt would have been over."""
    house, first, second = await house_with(open_house, 2, window_s=5)
    await attempt(house, first, reached=False)
    await house.daemon.said("window: open")
    over_at = house.stage.now() + 5
    await asyncio.sleep(3)  # time must pass between the attempts
    await attempt(house, first, reached=False)
    await house.daemon.said("window: restart")
    await asyncio.sleep(max(0.0, over_at - house.stage.now()))  # an end that must not come leaves no trace
    assert await who_gets(house, second, first) is first


async def test_type_3_a_successful_call_opens_the_window_and_talking_does_not_close_it(open_house):
    house, first, second = await house_with(open_house, 3)
    await attempt(house, first, reached=True)
    await house.daemon.said("window: open")
    assert await who_gets(house, second, first) is first
    assert await who_gets(house, second, first) is first


async def test_type_4_the_customers_own_call_restarts_the_window(open_house):
    house, first, second = await house_with(open_house, 4)
    await attempt(house, first, reached=True)
    assert await who_gets(house, second, first) is first
    assert (await house.daemon.said("window: restart"))["reason"] == "customer_call"


async def test_a_busy_agent_is_waited_for_and_then_the_queue_serves(open_house):
    house, first, second = await house_with(open_house, 1)
    await attempt(house, first, reached=False)
    await house.daemon.said("window: open")
    await house.dials_code(first, "*52")
    assert await who_gets(house, second, first) is second
    straight = await house.daemon.said("straight to agent1")
    assert "paused: worth a wait of 2 s" in straight["reason"]
    assert (await house.daemon.said("connected to agent2"))["waited_s"] >= 2

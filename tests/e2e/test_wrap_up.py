"""The agent's time after a call, made longer and ended by code, on real phones."""

from __future__ import annotations

import pytest

from lab.daemon import NO_TIMES
from lab.house import ANNA, BEN
from lab.phones import answers

pytestmark = pytest.mark.e2e


async def after_a_call(open_house, *, wrap_up_s: float, extend_s: float = 60, agent: dict[str, float] | None = None):
    """Anna has talked with the agent and hung up; Ben waits."""
    queue = {
        "wrap_up_s": wrap_up_s,
        "wrap_up_extend_s": extend_s,
        "ring_s": 4,
        "offer": {"enabled": False},
        "slots": NO_TIMES,
    }
    agents = {"agent1": {"endpoint": "PJSIP/agent1", "queues": ["support"], **(agent or {})}}
    house = await open_house(queues={"support": queue}, agents=agents)
    phone = await house.agent("agent1", answers(after=0.1))
    anna = await house.calls(ANNA)
    await anna.hears(phone)
    ben = await house.joins(BEN)
    await anna.hangup()
    await house.daemon.said("closed: served")
    return house, phone, anna.ended_at, ben


async def test_the_next_caller_comes_when_the_wrap_up_is_over(open_house):
    _, phone, hung_up_at, ben = await after_a_call(open_house, wrap_up_s=4)
    await ben.hears(phone, within=10)
    assert 4.0 <= phone.rung[1].invited_at - hung_up_at < 6.0


async def test_a_code_makes_the_wrap_up_longer_and_says_so(open_house):
    house, phone, hung_up_at, ben = await after_a_call(open_house, wrap_up_s=4, extend_s=4)
    await house.dials_code(phone, "*54")
    await ben.hears(phone, within=15)
    assert 8.0 <= phone.rung[1].invited_at - hung_up_at < 10.0


async def test_a_code_ends_the_wrap_up_at_once(open_house):
    _, phone, _, ben = await after_a_call(open_house, wrap_up_s=120)
    call = await phone.dial("*55", answered=True)
    await ben.hears(phone, within=5)
    assert await call.is_over() == "them"


async def test_an_agents_own_wrap_up_counts(open_house):
    _, phone, hung_up_at, ben = await after_a_call(open_house, wrap_up_s=120, agent={"wrap_up_s": 2})
    await ben.hears(phone, within=10)
    assert 2.0 <= phone.rung[1].invited_at - hung_up_at < 4.0


async def test_outside_of_a_wrap_up_the_codes_change_nothing(open_house):
    house, phone, _, ben = await after_a_call(open_house, wrap_up_s=0)
    await ben.hears(phone)
    await house.dials_code(phone, "*54")
    await house.dials_code(phone, "*55")
    assert house.daemon.count("wrap-up not extended") == 1
    assert house.daemon.count("wrap-up not ended") == 1
    assert not ben.call.over

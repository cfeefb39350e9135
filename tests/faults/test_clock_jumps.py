"""Somebody sets the clock by two hours while a caller waits and a promise is open: nobody notices."""

from __future__ import annotations

import pytest

from lab.holds import these_hold
from lab.house import ANNA, BEN, CORA
from lab.phones import answers, presses_one, rejects
from lab.wired import QUICK_RETRY

pytestmark = [pytest.mark.e2e, pytest.mark.faults]

JUMPS_S = [7200.0, -7200.0]
BUSY_GAP_S = 8
RETRY = {"max_attempts": 3, "busy_gap_s": BUSY_GAP_S}
LATE_S = 3.0
"""A second dial comes when its time has come and an agent is free, give or take."""


@pytest.fixture
async def house(open_wired):
    queue = QUICK_RETRY["support"] | {"retry": RETRY}
    return await open_wired(promises=[ANNA], ahead_s=0.0, queues={"support": queue})


@pytest.mark.parametrize("jump_s", JUMPS_S)
async def test_a_jump_of_the_clock_dials_nobody_early_freezes_nothing_and_loses_nobody(house, jump_s):
    customers = await house.stage.customers()
    customers.on(ANNA, rejects(486), presses_one())
    talker = await house.agent("agent1", answers(after=0.1))
    busy = await customers.next_call_to(ANNA, within=10)
    await busy.is_over()
    ben = await house.calls(BEN)
    await ben.hears(talker)
    cora = await house.joins(CORA)
    house.daemon.set_clock(jump_s)
    jumped = await house.daemon.said("clock_jumped")
    assert abs(jumped["by_s"] - jump_s) < 2.0
    free = await house.agent("agent2", answers(after=0.1, talk=1.0))
    await cora.hears(free, within=10)
    again = await customers.next_call_to(ANNA, within=BUSY_GAP_S + LATE_S)
    assert BUSY_GAP_S - 0.5 < again.invited_at - busy.ended_at < BUSY_GAP_S + LATE_S
    await again.hears(free, within=10)
    await ben.hears(talker, since=house.stage.now())
    assert len(customers.calls_to(ANNA)) == 2
    await these_hold(house)


@pytest.mark.parametrize("jump_s", JUMPS_S)
async def test_a_start_after_a_jump_takes_everybody_up_in_their_order(house, jump_s):
    customers = await house.stage.customers(behaviour=presses_one())
    ben, cora = await house.joins(BEN), await house.joins(CORA)
    house.daemon.set_clock(jump_s)
    await house.daemon.said("clock_jumped")
    await house.daemon.kill()
    house.daemon.ahead_s = jump_s
    await house.daemon.start()
    agent = await house.agent("agent1", answers(after=0.1, talk=1.0))
    called = await customers.next_call_to(ANNA, within=10)
    await called.hears(agent, within=10)
    await ben.hears(agent, within=10)
    await cora.hears(agent, within=10)
    assert len(customers.calls) == 1
    await these_hold(house, silence_s=None)  # callers who were being spoken to hear nothing until the next start

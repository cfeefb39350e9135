"""Fifty promises come due when the house opens, and callers ring at the same time: the phones are the judge."""

from __future__ import annotations

import asyncio
import time
from itertools import accumulate, chain

import pytest

from lab.holds import served_at, these_hold
from lab.house import until
from lab.phones import answers, presses_one, rejects
from lab.wired import QUICK_RETRY

pytestmark = [pytest.mark.e2e, pytest.mark.faults]

PROMISES = [f"+44207946{n}" for n in range(2000, 2050)]
PEOPLE = PROMISES[::10]
"""The customers who answer; the others are busy, and are to be tried again in an hour."""
AGENTS, PER_S = 4, 5
OPENS_IN_S = 12.0
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SUPPORT = QUICK_RETRY["support"] | {"hours": "office", "retry": {"max_attempts": 3, "busy_gap_s": 3600}}
DIALLING = {"endpoint": "PJSIP/{number}@trunk", "ring_s": 10, "key_s": 3, "per_s": PER_S, "in_flight": 10}
A_MOMENT_S = 0.15
"""Between the end of one call and the beginning of the next two BYEs and an INVITE cross."""


async def test_fifty_promises_due_at_opening_leave_one_by_one_and_callers_are_served_between_them(open_wired):
    opens_at, ahead_s = time.time() + OPENS_IN_S, until("09:00:00") - OPENS_IN_S
    house = await open_wired(
        promises=PROMISES,
        ahead_s=ahead_s,
        hours={"office": {day: ["09:00-17:00"] for day in DAYS}},
        queues={"support": SUPPORT},
        dialling=DIALLING,
    )
    customers = await house.stage.customers(behaviour=rejects(486, after=0.5, ring=True))
    for number in PEOPLE:
        customers.on(number, presses_one())
    agents = [await house.agent(f"agent{n + 1}", answers(after=0.2, talk=1.5)) for n in range(AGENTS)]
    first = await customers.next_call(within=OPENS_IN_S + 5)
    assert opens_at - 1.0 < first.invited_at < opens_at + 2.0, "all of them waited for this moment"
    live = [await house.joins(f"+44207946300{n}") for n in range(3)]
    async with asyncio.timeout(60):
        while not all_called(customers):
            await asyncio.sleep(0.1)
    for caller in live:
        await caller.is_over(within=10)

    assert sorted(call.dialled for call in customers.calls) == PROMISES, "one INVITE each"
    assert in_turn(customers)
    assert most_in_a_second(customers) <= PER_S + 1
    assert most_at_once(customers, agents) <= AGENTS
    served, last = served_at(house), max(call.invited_at for call in customers.calls)
    assert all(served[caller.call.who] < last for caller in live), "nobody waits for fifty others"
    await these_hold(house, in_order=False)  # the customers with promises came before them


def all_called(customers):
    return len(customers.calls) >= len(PROMISES) and all(call.over for call in customers.calls)


def in_turn(customers):
    """The first INVITEs go out in the order of the promises, give or take those that are made at the same time."""
    order = [PROMISES.index(call.dialled) for call in customers.calls]
    return all(abs(place - n) < AGENTS for n, place in enumerate(order))


def most_in_a_second(customers):
    times = [call.invited_at for call in customers.calls]
    return max(sum(at <= later < at + 1.0 for later in times) for at in times)


def most_at_once(customers, agents):
    """Customers who are called or talk, and agents who are rung for callers or talk to them: at most at a time."""
    with_callers = [call for agent in agents for call in agent.rung if call.from_user not in PROMISES]
    spans = [(call.invited_at, call.ended_at - A_MOMENT_S) for call in [*customers.calls, *with_callers]]
    steps = sorted(chain(((start, 1) for start, _ in spans), ((end, -1) for _, end in spans)))
    return max(accumulate(step for _, step in steps))

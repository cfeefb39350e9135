"""Too much at once: sixty callers in a second, and a daemon with hardly a file to open."""

from __future__ import annotations

import asyncio
import resource
from pathlib import Path

import pytest

from lab.holds import these_hold
from lab.house import ANNA
from lab.phones import answers, rejects
from lab.wired import QUICK_RETRY

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.alone]

STREAM = b"GET /ari/events"
CALLERS, SERVED = 60, 9
BUSY_S = 2.0
"""Sixty announcements begin at the same moment, and these machines are shared."""


async def crowd(house, numbers):
    """This many callers, as fast as their phones can be started; returns when all are answered."""
    callers = [house.stage.caller(f"+44207946{number:04d}", silent=True) for number in numbers]
    await asyncio.gather(*(caller.dial("8001") for caller in callers))
    await asyncio.gather(*(caller.is_answered(within=15) for caller in callers))
    return callers


async def test_sixty_callers_at_once_all_hear_something_and_are_served_in_their_order(wired):
    house = wired
    early = await crowd(house, range(1000, 1030))
    late = await crowd(house, range(1030, 1000 + CALLERS))
    calls = [caller.call for caller in (*early, *late)]
    assert max(call.invited_at for call in calls) - min(call.invited_at for call in calls) < 2.0
    await asyncio.gather(*(call.hears_something(within=10) for call in calls))
    for n in (1, 2, 3):
        await house.agent(f"agent{n}", answers(after=0.05, talk=0.6))
    async with asyncio.timeout(30):
        while sum(call.over for call in calls) < SERVED:
            await asyncio.sleep(0.1)
    assert house.daemon.count("joined the line") == CALLERS
    assert not [caller for caller in late if caller.call.over], "the early ones are not all served yet"
    await these_hold(house, silence_s=BUSY_S)


def let_open(house, files):
    """The soft limit only: it must be possible to lift it again."""
    _, hard = resource.prlimit(house.daemon.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(house.daemon.pid, resource.RLIMIT_NOFILE, (files, hard))


def open_files(house):
    return len(list(Path(f"/proc/{house.daemon.pid}/fd").iterdir()))


async def test_sixty_four_files_are_enough_for_thirty_callers_and_lines_that_are_cut(open_wired):
    house = await open_wired(promises=[ANNA])
    let_open(house, 64)
    customers = await house.stage.customers(behaviour=rejects(486))
    await crowd(house, range(1000, 1030))
    for _ in range(5):
        since = len(house.daemon.lines)
        house.ari.cut_all()
        house.db.cut_all()
        await house.daemon.said("resynced", since=since)
    await house.daemon.said("back", subject="database", since=since)
    await house.agent("agent1", answers(after=0.05, talk=0.6))
    await customers.next_call_to(ANNA, within=20)
    assert not [line for line in house.daemon.lines if "Too many open files" in str(line)]
    await these_hold(house)


async def test_without_a_file_to_open_nothing_is_half_done_the_log_says_why_and_it_recovers(open_wired):
    house = await open_wired(promises=[ANNA], queues=QUICK_RETRY)
    customers = await house.stage.customers(behaviour=rejects(486))
    let_open(house, open_files(house))
    callers = await crowd(house, range(1000, 1010))
    agent = await house.agent("agent1", answers(after=0.05, talk=0.6))
    refused = await house.daemon.said("customer not reached")
    assert "Too many open files" in refused["reason"]
    assert customers.calls == []
    let_open(house, 64)
    await customers.next_call_to(ANNA, within=20)
    first = min(callers, key=lambda caller: caller.call.invited_at)
    await first.hears(agent, within=20)
    await these_hold(house)

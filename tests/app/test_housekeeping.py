"""The clock of housekeeping: it wakes jobs, and none of them harms a call."""

from __future__ import annotations

import asyncio

from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from callbackd.app.housekeeping import Housekeeping, harmless


async def nothing():
    pass


def test_quarters_are_logged_each_quarter_hour_and_the_past_is_forgotten_at_night():
    house = Housekeeping(nothing, nothing, "Europe/London")
    jobs = {job.id: str(job.trigger) for job in house.jobs()}
    assert jobs == {"quarter_hour": "cron[minute='*/15', second='5']", "night": "cron[hour='3', minute='40']"}


async def test_it_ends_when_it_is_cancelled():
    house = Housekeeping(nothing, nothing, "UTC")
    task = asyncio.create_task(house.run())
    await asyncio.sleep(0)
    task.cancel()
    assert [type(end) for end in await asyncio.gather(task, return_exceptions=True)] == [asyncio.CancelledError]


async def test_a_job_that_fails_costs_a_line_in_the_log():
    async def away():
        raise OperationalError("SELECT", {}, Exception("the server closed the connection"))

    async def faulty():
        raise KeyError("a fault of ours")

    with capture_logs() as log:
        await harmless("night", away)
        await harmless("night", faulty)
    assert [(line["event"], line["job"], line["log_level"]) for line in log] == [
        ("not_done", "night", "warning"),
        ("not_done", "night", "error"),
    ]

"""Work that is done by the clock and not for a call: figures each quarter hour; each night old data are forgotten.

APScheduler is the clock, in memory. A job that fails is logged and tried again at its next time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from apscheduler.job import Job as Scheduled
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from callbackd.db.engine import TROUBLE, in_words

Job = Callable[[], Awaitable[object]]

log = structlog.get_logger("housekeeping")


class Housekeeping:
    def __init__(self, quarter_hour: Job, night: Job, zone: str) -> None:
        """``night`` runs while the house sleeps, by the clock of ``zone``."""
        self._scheduler = AsyncIOScheduler(timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": None})
        self._add("quarter_hour", quarter_hour, CronTrigger(minute="*/15", second=5, timezone="UTC"))
        self._add("night", night, CronTrigger(hour=3, minute=40, timezone=zone))

    def _add(self, name: str, job: Job, trigger: CronTrigger) -> None:
        self._scheduler.add_job(harmless, trigger, (name, job), id=name, max_instances=1)

    def jobs(self) -> list[Scheduled]:
        return list(self._scheduler.get_jobs())

    async def run(self) -> None:
        """Keep house until cancelled."""
        self._scheduler.start()
        try:
            await asyncio.Event().wait()
        finally:
            self._scheduler.shutdown(wait=False)


async def harmless(name: str, job: Job) -> None:
    """Run a job. Calls are not affected, whatever becomes of it."""
    try:
        done = await job()
    except TROUBLE as trouble:
        log.warning("not_done", job=name, why=in_words(trouble))
    except Exception:
        log.exception("not_done", job=name, why="a fault of callbackd; calls are not affected; please report it")
    else:
        log.debug("done", job=name, result=done)

"""The figures of each quarter hour in the log: one line per queue, counted by the database from the history."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd.db.figures import report, roll_up, standing
from callbackd.domain.ids import QueueName
from callbackd.domain.settings import Settings
from callbackd.metrics.report import Report
from callbackd.metrics.tally import QUARTER_S, quarter_of

log = structlog.get_logger("figures")

Figure = float | int | None


class Figures:
    def __init__(
        self,
        engine: AsyncEngine,
        settings: Settings,
        clock: Callable[[], float],
        complete_until: Callable[[], float | None] = lambda: None,
    ) -> None:
        """``complete_until`` is since when the history waits to be written; None when all of it is."""
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._complete_until = complete_until

    async def quarter_hour(self) -> None:
        """Roll up what is over, and tell the last quarter hour."""
        now = self._clock()
        complete = self._complete_until()
        while await roll_up(self._engine, self._settings, now if complete is None else min(now, complete)):
            pass
        until = quarter_of(now) * QUARTER_S
        for queue in self._settings.queues:
            of_queue = await report(self._engine, self._settings, until - QUARTER_S, until, queue=queue)
            log.info("quarter_hour", subject=queue, **await self._figures(queue, of_queue))

    async def _figures(self, queue: QueueName, report: Report) -> dict[str, Figure]:
        """What one wants to know at three in the morning; rates without cases are left out."""
        live, promises = await standing(self._engine, queue)
        first_s = min(report.within, default=0.0)
        figures: dict[str, Figure] = {
            "minutes": round((report.until - report.since) / 60),
            "waiting": live,
            "promises_open": promises,
            "entered": report.entered,
            "answered": report.answered,
            f"within_{first_s:g}_s": report.service_level(first_s) if report.within else None,
            "asa_s": report.asa_s,
            "abandoned": report.abandoned,
            "abandoned_short": report.abandoned_short,
            "exits": sum(report.exits.values()),
            "promised": report.promised,
            "kept": report.kept,
            "on_time": report.on_time_rate,
            "given_up": report.exhausted + report.expired,
            "transferred": report.sent_on,
            "refused_by_limits": report.no_promise + report.no_dial,
            "aht_s": report.aht_s,
            "occupancy": report.occupancy,
            "missed_rings": report.missed,
        }
        return {name: round(figure, 2) for name, figure in figures.items() if figure is not None}

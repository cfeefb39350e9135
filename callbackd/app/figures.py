"""The numbers of the day beside the loop: counts every step and logs one line per queue each quarter hour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import structlog

from callbackd.domain.commands import Changed, Command, Saved
from callbackd.domain.events import Event
from callbackd.domain.ids import QueueName
from callbackd.domain.settings import Settings
from callbackd.metrics.metrics import Metrics
from callbackd.metrics.report import Report

log = structlog.get_logger("figures")

Figure = float | int | None


class Figures:
    """Feed it each step of the loop. A fault in counting is logged: it costs a number, never a call."""

    def __init__(self, settings: Settings) -> None:
        self.metrics = Metrics(settings)
        self._settings = settings

    def take_up(self, rows: Iterable[Saved], mended: Iterable[Command], now: float) -> None:
        """Count the rows that ``Acd.restore`` was given and the commands it returned."""
        changed = [command.after for command in mended if isinstance(command, Changed) and command.after]
        with _harmless("take up"):
            self.metrics.take_up([*rows, *changed], now)

    def __call__(self, event: Event, commands: Sequence[Command], now: float) -> None:
        with _harmless(type(event).__name__):
            for queue, report in zip(self._settings.queues, self.metrics.see(event, commands, now), strict=False):
                log.info("quarter_hour", subject=queue, **self._figures(queue, report))

    def _figures(self, queue: QueueName, report: Report) -> dict[str, Figure]:
        """The figures one wants to see at three in the morning, without rates that have no cases."""
        live, promises = self.metrics.standing(queue)
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
            "aht_s": report.aht_s,
            "occupancy": report.occupancy,
            "missed_rings": report.missed,
        }
        return {name: round(figure, 2) for name, figure in figures.items() if figure is not None}


@contextmanager
def _harmless(step: str) -> Iterator[None]:
    try:
        yield
    except Exception:
        log.exception("not_counted", reason="a fault in the metrics; calls are not affected", step=step)

"""One day under several settings, side by side: an invented day lived again, or a recorded one replayed.

The result shows what would have become of callers and promises, and the scores of the estimators, all on the same
paths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callbackd.domain.commands import Command
from callbackd.domain.events import Event
from callbackd.domain.ids import QueueName
from callbackd.domain.settings import Settings
from callbackd.metrics.metrics import Metrics
from callbackd.metrics.report import Report
from callbackd.simulate import replay
from callbackd.simulate.habits import Habits
from callbackd.simulate.regimes import panel_of
from callbackd.simulate.score import Panel, Score, table
from callbackd.simulate.world import World

START = 1_800_001_800.0
"""Friday, 2027-01-15 08:30 UTC: invented days begin in the morning."""


@dataclass(frozen=True, slots=True)
class Day:
    """What became of a day under one set of settings."""

    queues: Mapping[QueueName, Report]
    scores: Mapping[str, Score]


def invented(settings: Settings, habits: Habits, seed: int, hours: float, start: float = START) -> Day:
    """What became of a day with the people of one seed. Under other settings they are the same people, as far as the
    same happens to them."""
    return _Watching(settings).live(habits, seed, hours, start)


def recorded(settings: Settings, recording: replay.Recording) -> Day:
    """What becomes of a recorded day under these settings. People do what was recorded, whatever they would have
    done."""
    return _Watching(settings).hear(recording)


class _Watching:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._panel = Panel(panel_of(settings))
        self._metrics = Metrics(settings)
        self._times: list[float] = []

    def live(self, habits: Habits, seed: int, hours: float, start: float) -> Day:
        def see(world: World, event: Event, commands: tuple[Command, ...]) -> None:
            self._step(event, commands, world.now)

        World(self._settings, habits, seed, see, start, self._panel).run(hours)
        return self._day()

    def hear(self, recording: replay.Recording) -> Day:
        for at, event, commands in replay.tell(recording, self._settings, self._panel):
            self._step(event, commands, at)
        return self._day()

    def _step(self, event: Event, commands: Sequence[Command], now: float) -> None:
        self._times.append(now)
        self._metrics.see(event, commands, now)

    def _day(self) -> Day:
        since, until = (self._times[0], self._times[-1]) if self._times else (0.0, 0.0)
        queues = {name: self._metrics.report(since, until + 1, queue=name) for name in self._settings.queues}
        return Day(queues, self._panel.scores)


def lines(days: Mapping[str, Day]) -> list[str]:
    """The days as lines of text, one column each."""
    text: list[str] = []
    names = list(days)
    for queue in dict.fromkeys(queue for day in days.values() for queue in day.queues):
        text += ["", f"queue {queue}", *_side_by_side(names, [day.queues.get(queue) for day in days.values()])]
    for name, day in days.items():
        if any(score.n for score in day.scores.values()):
            text += ["", f"estimates under {name}", *table(day.scores)]
    return text


def _side_by_side(names: Sequence[str], reports: Sequence[Report | None]) -> list[str]:
    columns = [_figures(report) if report else {} for report in reports]
    widths = [max(len(name), 8) for name in names]
    head = " " * 26 + "  ".join(name.rjust(width) for name, width in zip(names, widths, strict=True))
    rows = list(dict.fromkeys(row for column in columns for row in column))
    return [head] + [
        f"{row:26}" + "  ".join(column.get(row, "").rjust(width) for column, width in zip(columns, widths, strict=True))
        for row in rows
    ]


def _figures(report: Report) -> dict[str, str]:
    first_s = min(report.within, default=0.0)
    return {
        "calls": str(report.entered),
        "answered live": str(report.answered),
        f"answered within {first_s:.0f} s": _share(report.service_level(first_s) if report.within else None),
        "ASA": _seconds(report.asa_s),
        "abandoned": str(report.abandoned + report.abandoned_short),
        "other exits": str(sum(report.exits.values())),
        "promised": str(report.promised),
        "promises kept": str(report.kept),
        "promises on time": _share(report.on_time_rate),
        "customers who waited > 2 s": _share(report.customers_waited / report.customers if report.customers else None),
        "customers dialled too early": _share(
            report.customers_too_early / report.customers if report.customers else None
        ),
        "live waiting": _hours(report.live_wait_s),
        "waiting saved": _hours(report.saved_s),
        "AHT": _seconds(report.aht_s),
        "occupancy": _share(report.occupancy),
        "agents kept for a dial": _hours(report.reserved_s),
        "dialled ahead of agents": _hours(report.ahead_s),
    }


def _share(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.0%}"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.0f} s"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h"

"""Invented days with all that they write, for a database to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from callbackd.db.journal import Journal
from callbackd.domain.commands import Changed, Happened, Write
from callbackd.domain.events import CallDisposed, LegHeld, LegUnheld
from callbackd.metrics.metrics import Metrics
from callbackd.metrics.report import Report
from callbackd.simulate.world import World
from lab.days.shapes import SHAPES


class Day:
    """A day by seed, counted from its steps; agents hold now and then, and enter what calls were about."""

    def __init__(self, shape: str, seed: int, hours: float = 1.0, **counting: Any) -> None:
        settings, habits, start = SHAPES[shape]
        reports = replace(settings.reports, days_kept=30, **counting)  # slots are a week ahead
        self.settings = replace(settings, reports=reports)
        self.metrics = Metrics(self.settings)
        self.writes: list[Write] = []
        self._steps = 0
        self.world = World(self.settings, habits, seed, self._step, start)
        self.since = self.world.now
        self.world.run(hours * min(1.0, 150 / habits.calls_per_hour))
        self.until = self.world.now + 1

    def _step(self, world: World, event: Any, commands: Any) -> None:
        self.metrics.see(event, commands, world.now)
        self.now = world.now
        self.writes += [c for c in commands if isinstance(c, Changed | Happened)]
        self._steps += 1
        for leg in sorted(world.pbx.talking & world.pbx.up)[:1] if self._steps % 5 == 0 else ():
            kind = (LegHeld, LegUnheld, LegHeld)[self._steps % 3]
            world.pbx.tell_soon(kind(leg))
        if self._steps % 17 == 0:
            world.pbx.tell_soon(CallDisposed("PJSIP/a1", f"word {self._steps % 3}"))

    @property
    def everybody(self) -> list[dict[str, Any]]:
        queues = [{"queue": name} for name in self.settings.queues]
        return [*queues, *({"agent": id} for id in self.settings.agents), {}]

    def reports(self) -> list[Report]:
        return [self.metrics.report(self.since, self.until, **of) for of in self.everybody]


async def kept(writes: Sequence[Write], journal: Journal) -> None:
    """Written in order, some at a time. The rows that promises and intents carry are written on their own."""
    for n in range(0, len(writes), 100):
        some = [replace(w, stored=False) if isinstance(w, Changed) else w for w in writes[n : n + 100]]
        assert await journal.commit(some) == []

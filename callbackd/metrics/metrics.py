"""Counts what the call centre did from the steps of its door and nothing else, so a replayed day gives the same counts.

>>> commands = acd.handle(event, now)
>>> for report in metrics.see(event, commands, now): ...  # a quarter hour is over
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from callbackd.domain import events as ev
from callbackd.domain.commands import Changed, Command, Happened, Saved
from callbackd.domain.ids import AgentId, QueueName
from callbackd.domain.settings import Settings
from callbackd.metrics import report as reports
from callbackd.metrics.counting import OF_TEAM, Counting
from callbackd.metrics.report import Report
from callbackd.metrics.tally import QUARTER_S, QUARTERS_PER_DAY, Tally, quarter_of


class Metrics:
    """Memory is bounded by what is open, by ``Reports.days_kept`` of quarter hours in which anything happened, and by
    the customers served within ``Reports.repeat_days``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._counting = Counting(settings)
        self._quarter: int | None = None

    # --- what comes in ------------------------------------------------------------------------------------------------

    def see(self, event: ev.Event, commands: Iterable[Command], now: float) -> tuple[Report, ...]:
        """A report for each queue when this step of the door is the first after a quarter hour; otherwise nothing.

        On a quiet night that report covers all quarter hours since the last one.
        """
        over = self._clock(now)
        self._hear(event)
        for command in commands:
            if isinstance(command, Changed):
                self._counting.changed(command)
            elif isinstance(command, Happened):
                self._counting.happened(command)
        return over

    def take_up(self, rows: Iterable[Saved], now: float) -> None:
        """Take up the open lives of an earlier run, before any step: their time runs on, nothing of the past is
        counted.

        Wants the rows that ``Acd.restore`` got, then those that it mended.
        """
        self._clock(now)
        self._counting.know(rows)

    def _clock(self, now: float) -> tuple[Report, ...]:
        """The reports of the quarter hours that are over. Sets the clock, which never goes back."""
        counting = self._counting
        counting.now = max(now, counting.now)
        before, self._quarter = self._quarter, quarter_of(counting.now)
        if before is None or self._quarter == before:
            return ()
        counting.clocks.settle(counting.now_us)
        counting.repeats.forget(counting.now)
        oldest = self._quarter - self._settings.reports.days_kept * QUARTERS_PER_DAY
        for curve in (*counting.queues.values(), *counting.team.values()):
            curve.forget(oldest)
        return tuple(self._of_queue(name, before, self._quarter) for name in counting.queues)

    def _hear(self, event: ev.Event) -> None:
        counting = self._counting
        match event:
            case ev.LegHeld() | ev.LegUnheld():
                counting.held(event.leg, isinstance(event, ev.LegHeld))
            case ev.CallDisposed():
                counting.disposed(event.endpoint, event.disposition)

    # --- what comes out -----------------------------------------------------------------------------------------------

    def report(
        self, since: float, until: float, *, queue: QueueName | None = None, agent: AgentId | None = None
    ) -> Report:
        """The report of the quarter hours from the one that ``since`` lies in to the last that begins before ``until``.

        It is about a queue or an agent, or with neither about the house, in which overflows from queue to queue are
        still counted. Whatever lasts is counted up to the last step. Raises ``KeyError`` for a queue or agent that the
        settings do not know, ``ValueError`` for both at once.
        """
        if queue is not None and agent is not None:
            raise ValueError("a report is about a queue or about an agent, not both")
        self._counting.clocks.settle(self._counting.now_us)
        first, end = quarter_of(since), -quarter_of(-until)
        if agent is not None:
            return self._made(self._counting.team[agent].total(first, end), first, end)
        if queue is not None:
            return self._of_queue(queue, first, end)
        return self._of_queues(list(self._counting.queues), list(self._counting.team), first, end)

    def curve(
        self, since: float, until: float, *, queue: QueueName | None = None, agent: AgentId | None = None
    ) -> tuple[Report, ...]:
        """As ``report``, but one report for each quarter hour."""
        starts = range(quarter_of(since), -quarter_of(-until))
        return tuple(self.report(q * QUARTER_S, (q + 1) * QUARTER_S, queue=queue, agent=agent) for q in starts)

    def kept(self) -> int:
        """How many quarter hours, customers and open lives are in memory; it must not grow with the days."""
        return self._counting.kept()

    def standing(self, queue: QueueName) -> tuple[int, int]:
        """How many places are held now by live callers and by promises, those at a chosen time included."""
        return self._counting.standing(queue)

    def _of_queue(self, name: QueueName, first: int, end: int) -> Report:
        team = [agent.id for agent in self._settings.agents.values() if name in agent.queues]
        return self._of_queues([name], team, first, end)

    def _of_queues(self, names: list[QueueName], team: list[AgentId], first: int, end: int) -> Report:
        tally: Tally = Counter()
        for name in names:
            tally.update(self._counting.queues[name].total(first, end))
        for id in team:
            of_agent = self._counting.team[id].total(first, end)
            tally.update({key: of_agent[key] for key in OF_TEAM})
        return self._made(tally, first, end)

    def _made(self, tally: Tally, first: int, end: int) -> Report:
        return reports.make(tally, first, end, self._settings.reports.thresholds_s)

"""Random days counted: nobody gets lost between the numbers, quarters add up, and a replay counts alike."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from callbackd.domain.acd import Acd
from callbackd.domain.commands import Changed
from callbackd.domain.events import CallDisposed, Event, LegHeld, LegUnheld, PromiseStored
from callbackd.domain.ids import Mint
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.metrics.metrics import Metrics
from callbackd.metrics.report import Denominator, Report
from callbackd.simulate.world import World
from lab.days.shapes import SHAPES


class Day:
    """A day by seed, counted; agents hold now and then, and say what calls were about."""

    def __init__(self, shape: str, seed: int, hours: float = 1.0) -> None:
        settings, habits, start = SHAPES[shape]
        self.settings = replace(settings, reports=replace(settings.reports, days_kept=30))  # slots are a week ahead
        self.metrics = Metrics(self.settings)
        self.steps: list[tuple[Event, float]] = []
        self.over: list[Report] = []
        self.entries: set[str] = set()
        self.talked: set[str] = set()
        self.stored: set[str] = set()
        self.world = World(self.settings, habits, seed, self._step, start)
        self.since = self.world.now
        self.world.run(hours * min(1.0, 150 / habits.calls_per_hour))
        self.until = self.world.now + 1

    def _step(self, world, event, commands):
        self.steps.append((event, world.now))
        self.over += self.metrics.see(event, commands, world.now)
        entries = [c.after for c in commands if isinstance(c, Changed) and not c.stored and isinstance(c.after, Entry)]
        self.entries |= {entry.id for entry in entries}
        self.talked |= {entry.id for entry in entries if entry.state is EntryState.TALKING}
        self.stored |= {event.callback} if isinstance(event, PromiseStored) else set()
        self.stored |= {c.after.id for c in commands if isinstance(c, Changed) and isinstance(c.after, Callback)}
        for leg in sorted(world.pbx.talking & world.pbx.up)[:1]:
            kind = (LegHeld, LegUnheld, LegHeld)[len(self.steps) % 3]
            self._extra(kind(leg))
        if len(self.steps) % 17 == 0:
            self._extra(CallDisposed("PJSIP/a1", f"word {len(self.steps) % 3}"))

    def _extra(self, event):
        self.steps.append((event, self.world.now))
        self.metrics.see(event, (), self.world.now)

    @property
    def everybody(self):
        return (
            [{"queue": name} for name in self.settings.queues] + [{"agent": id} for id in self.settings.agents] + [{}]
        )

    def reports(self, metrics=None):
        return [(metrics or self.metrics).report(self.since, self.until, **of) for of in self.everybody]


days = st.builds(Day, st.sampled_from(sorted(SHAPES)), st.integers(0, 2**32))
few = hypothesis_settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate])
"""Not shrunk: a smaller seed is no shorter day."""


def nobody_is_lost(day: Report) -> None:
    came = day.entered + day.overflowed_in + day.rejoined
    went = day.answered + day.abandoned + day.abandoned_short + sum(day.exits.values())
    assert came == went + day.promised + day.overflowed_out
    assert day.promised == day.kept + day.exhausted + day.expired + day.cancelled + day.rejoined
    assert day.kept == day.customers == day.attempts.get("connected", 0)
    assert day.handled == day.answered + day.customers


def rates_are_rates(day: Report) -> None:
    levels = [day.service_level(t, of) for t in day.within for of in Denominator if of is not Denominator.ENTERED]
    rates = [*levels, day.abandon_rate, day.short_abandon_rate, day.occupancy, day.on_time_rate]
    assert all(rate is None or 0 <= rate <= 1 for rate in rates), day
    assert list(day.within.values()) == sorted(day.within.values())


@given(days)
@few
def test_every_caller_is_answered_gives_up_leaves_or_is_promised_a_call_and_every_promise_ends(day):
    for report in day.reports():
        if report.entered:
            nobody_is_lost(report)
        rates_are_rates(report)


@given(days)
@few
def test_the_counts_are_what_the_people_lived_through(day):
    house = day.reports()[-1]
    assert house.entered == len(day.entries) <= day.world.facts.arrived
    assert house.promised == len(day.stored)
    assert house.handled == len(day.talked) == house.answered + house.customers


@given(days)
@few
def test_quarter_hours_add_up_and_queues_and_agents_make_the_house(day):
    for of, total in zip(day.everybody, day.reports(), strict=True):
        quarters = day.metrics.curve(day.since, day.until, **of)
        for field in fields(Report)[2:]:
            parts, whole = [getattr(q, field.name) for q in quarters], getattr(total, field.name)
            if isinstance(whole, dict):
                assert {k: sum(part.get(k, 0) for part in parts) for k in whole} == whole, field.name
            else:
                assert sum(parts) == pytest.approx(whole, abs=1e-6), field.name
    *reports, house = day.reports()
    queues, agents = reports[: len(day.settings.queues)], reports[len(day.settings.queues) :]
    assert sum(q.answered for q in queues) == sum(a.answered for a in agents) == house.answered
    assert sum(q.talk_s for q in queues) == pytest.approx(sum(a.talk_s for a in agents), abs=1e-6)
    assert sum(a.staffed_s for a in agents) == pytest.approx(house.staffed_s, abs=1e-6)


@given(days)
@few
def test_the_reports_of_quarter_hours_that_were_over_are_what_is_asked_for_later(day):
    for name, reports in zip(day.settings.queues, _by_queue(day), strict=True):
        assert [day.metrics.report(r.since, r.until, queue=name) for r in reports] == reports


def _by_queue(day):
    return [day.over[n :: len(day.settings.queues)] for n in range(len(day.settings.queues))]


@given(days)
@few
def test_a_replayed_day_counts_alike_to_the_last_digit(day):
    again, metrics = Acd(day.settings, Mint(_entropy(day))), Metrics(day.settings)
    for event, at in day.steps:
        heard = isinstance(event, LegHeld | LegUnheld | CallDisposed)
        metrics.see(event, () if heard else again.handle(event, at), at)
    assert repr(day.reports(metrics)) == repr(day.reports())


def _entropy(day):
    return day.world.acd.state.mint.entropy


def test_days_have_everything_in_them():
    """Laws about nothing would hold."""
    day = Day("incident", 1, hours=6.0)
    house = day.reports()[-1]
    assert min(house.answered, house.abandoned, house.abandoned_short, house.promised, house.kept, house.rejoined) > 0
    assert min(house.hold_s, house.saved_s, house.customer_wait_s, house.paused_s, house.missed) > 0
    assert len(house.attempts) > 4
    assert sum(house.repeats.values()) > 0
    assert len(house.repeats) > 1

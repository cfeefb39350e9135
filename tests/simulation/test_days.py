"""Whole days by seed: the laws hold after every event, and at the end every promise has its outcome."""

from __future__ import annotations

from collections import Counter

import pytest

from callbackd.domain import routing
from callbackd.domain.acd import Acd
from callbackd.domain.attempt import Attempt, AttemptState
from callbackd.domain.callback import Callback, CallbackState
from callbackd.domain.commands import ClaimAttempt, Save
from callbackd.domain.entry import Entry, EntryState
from callbackd.domain.ids import Mint
from callbackd.domain.line import order
from callbackd.domain.settings import Announcements, Offer, Retry, Strategy
from callbackd.simulate.habits import Habits
from callbackd.simulate.world import World
from tests.builders import SALES, SUPPORT, agent, queue, settings

QUICK = {
    "announcements": Announcements(every_s=60.0),
    "offer": Offer(estimated_wait_s=30.0),
    "retry": Retry(busy_gap_s=120.0, no_answer_gap_s=180.0, no_key_gap_s=180.0, expire_s=4 * 3600.0),
}
SHAPES = {
    "solo": (settings([queue(**QUICK)], [agent("a1")]), Habits(calls_per_hour=18)),
    "small": (settings([queue(**QUICK)], [agent(f"a{n}") for n in range(3)]), Habits(calls_per_hour=60)),
    "ring all": (
        settings([queue(strategy=Strategy.RING_ALL, **QUICK)], [agent(f"a{n}") for n in range(4)]),
        Habits(calls_per_hour=70, agent_answers=0.6),
    ),
    "two queues": (
        settings(
            [queue(SUPPORT, **QUICK), queue(SALES, priority=5, **QUICK)],
            [agent(f"a{n}", SUPPORT, SALES) for n in range(3)] + [agent("b", SALES), agent("c", SUPPORT)],
        ),
        Habits(calls_per_hour=100),
    ),
    "incident": (settings([queue(**QUICK)], [agent(f"a{n}") for n in range(5)]), Habits(calls_per_hour=140)),
    "bad line": (
        settings([queue(**QUICK)], [agent("a1"), agent("a2")]),
        Habits(calls_per_hour=40, dial_unknown=0.3, dial_refused=0.2, database_fails=0.3, repeats=0.3),
    ),
}


class Laws:
    """What must hold after each event, and what must have come of everything at the end."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.callbacks: dict[str, Callback] = {}
        self.attempts: dict[str, Attempt] = {}

    def __call__(self, world, event, commands):
        assert world.acd.broken_laws() == [], event
        before, started = dict(self.entries), []
        for command in commands:
            if isinstance(command, Save):
                started += self._keep(command.row)
            elif isinstance(command, ClaimAttempt):
                for row in (command.entry, command.callback, command.attempt):
                    started += self._keep(row)
        for entry in started:
            was = before.get(entry.id)
            if (
                was is None or was.state is EntryState.WAITING
            ):  # not: a customer accepted, whose agent was reserved before
                self._nobody_was_overtaken(world, entry)

    def _keep(self, row):
        tables = {Entry: self.entries, Callback: self.callbacks, Attempt: self.attempts}
        table = tables.get(type(row))
        if table is None:
            return []
        before = table.get(row.id)
        table[row.id] = row
        begins = isinstance(row, Entry) and row.state in {EntryState.RINGING, EntryState.DIALING}
        return [row] if begins and (before is None or before.state is EntryState.WAITING) else []

    def _nobody_was_overtaken(self, world, served):
        state = world.acd._state
        passed = [
            entry
            for entry in state.entries.values()
            if entry.queue == served.queue
            and order(state, entry) < order(state, served)
            and routing.servable(state, entry)
            and entry.not_before <= state.now
        ]
        assert not passed, f"{served.id} was served before {passed[0].id}"

    def at_the_end(self, world):
        assert all(entry.state is EntryState.CLOSED for entry in self.entries.values())
        assert all(callback.state is CallbackState.CLOSED for callback in self.callbacks.values())
        assert all(attempt.state is AttemptState.CLOSED for attempt in self.attempts.values())
        rang_in = sum(decided.what == "rang in" for decided in world.facts.decisions)
        assert len(self.entries) == world.facts.arrived - rang_in
        assert len({c.id for c in self.callbacks.values()}) == len(world.facts.promised)
        per_callback = Counter(attempt.callback for attempt in self.attempts.values())
        counted = {c.id: c.attempts_made for c in self.callbacks.values()}
        assert all(counted[id] <= 3 for id in per_callback)
        assert world.pbx.up == set(), "legs are left over"
        assert world.pbx.bridges == set(), "bridges are left over"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(6))
def test_a_day_keeps_the_laws(shape, seed):
    laws = Laws()
    world = World(*SHAPES[shape], seed, laws)
    world.run(hours=3)
    laws.at_the_end(world)


def test_the_same_events_give_the_same_commands_byte_for_byte():
    said = []
    configured, habits = SHAPES["two queues"]
    world = World(configured, habits, 7, lambda _world, _event, commands: said.append(repr(commands)))
    world.run(hours=2)
    again = Acd(configured, Mint((7).to_bytes(8, "big")))
    assert [repr(again.handle(event, at)) for at, event in world.log] == said


def test_days_have_callbacks_in_them():
    """A simulation in which nothing happens would pass all laws."""
    world = World(*SHAPES["incident"], 1)
    world.run(hours=3)
    assert world.facts.talked > 100
    assert len(world.facts.promised) > 50
    assert world.facts.kept > 20

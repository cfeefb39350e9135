"""What the core costs, by the length of the line: ``script/bench core``.

CPU time of single steps at the door, with 55 agents who all talk, and of a simulated day. One place in three is a
promise whose customer may not be rung yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median

from callbackd.domain.acd import Acd
from callbackd.domain.commands import Command, Decided, Join, Play, RingAgent
from callbackd.domain.events import (
    CallArrived,
    Event,
    FeatureCode,
    FeatureCodeDialled,
    LegEnded,
    LegEntered,
    LegsJoined,
    Party,
    PbxBack,
    PlaybackEnded,
    TimePassed,
)
from callbackd.domain.ids import CallbackId, EntryId, LegId, Mint
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.entry import Entry
from callbackd.domain.settings import Announcements, Settings
from callbackd.domain.wait.recursion import Recursive
from callbackd.simulate.regimes import panel_of
from callbackd.simulate.score import Panel
from callbackd.simulate.world import World
from lab.days.laws import Laws
from lab.days.shapes import TEN_THOUSAND
from lab.small_centre import SUPPORT, agent, queue, settings

AGENTS = 55
ROUNDS = 25
T0 = 1_800_000_000.0
_NOT_YET_S = 4 * 3600.0
_GAP_S = 0.25
"""Seconds between two arrivals, so that announcements do not fall into one step."""


class Line:
    """A queue whose agents all talk, with this many places in line."""

    def __init__(self, places: int) -> None:
        self._now, self._legs, self.took_s = T0, 0, 0.0
        self._acd = Acd(_settings(), Mint(b"bench"))
        self._acd.restore(_promises(places // 3), T0)
        self.hear(PbxBack())
        for n in range(AGENTS):
            self.hear(FeatureCodeDialled(self._leg(), FeatureCode.LOGIN, f"PJSIP/a{n}"))
        self.talking = [self.arrive() for _ in range(AGENTS)]
        self.waiting = [self.arrive() for _ in range(places - places // 3)]

    def hear(self, event: Event) -> tuple[Command, ...]:
        """The commands of one step, which is timed; the answers of others to them come later, and are not."""
        started = time.process_time()
        commands = self._acd.handle(event, self._now)
        self.took_s = time.process_time() - started
        took_s = self.took_s
        for command in commands:
            if isinstance(command, RingAgent):
                self.hear(LegEntered(command.leg, Party.AGENT))
            elif isinstance(command, Join):
                self.hear(LegsJoined(command.legs))
            elif isinstance(command, Play):
                self.hear(PlaybackEnded(command.playback))
        self.took_s = took_s
        return commands

    def arrive(self) -> LegId:
        leg = self._leg()
        self._now += _GAP_S
        self.hear(CallArrived(leg, SUPPORT, f"+4420{70_000_000 + self._legs}"))
        return leg

    def arrivals(self) -> Iterator[float]:
        for _ in range(ROUNDS):
            self.waiting.append(self.arrive())
            yield self.took_s

    def announcements(self) -> Iterator[float]:
        """The times of announcements to the last callers in the line, one after the other."""
        took_s: list[float] = []
        while len(took_s) < len(self.waiting):
            self._now = max(self._now, self._acd.next_deadline() or self._now)
            commands = self.hear(TimePassed())
            if any(isinstance(command, Decided) and command.what == "announced" for command in commands):
                took_s.append(self.took_s)
        yield from took_s[-ROUNDS:]

    def agents_ending(self) -> Iterator[float]:
        """The times of steps in which a caller who talks hangs up and the agent is rung for the next place."""
        for leg in self.talking[:ROUNDS]:
            self._now += _GAP_S
            self.hear(LegEnded(leg))
            yield self.took_s

    def snapshots(self) -> Iterator[float]:
        for _ in range(5):
            self._now += _GAP_S
            started = time.process_time()
            self._acd.snapshot(self._now)
            yield time.process_time() - started

    def _leg(self) -> LegId:
        self._legs += 1
        return LegId(f"leg-{self._legs}")


def _settings() -> Settings:
    spoken_to = queue(wrap_up_s=0.0, announcements=Announcements(first_after_s=3000.0, every_s=3000.0))
    return settings([spoken_to], [agent(f"a{n}") for n in range(AGENTS)])


def _promises(count: int) -> list[Entry | Callback]:
    rows: list[Entry | Callback] = []
    for n in range(count):
        number, id = f"+4420{80_000_000 + n}", CallbackId(f"callback-{n}")
        place = Entry(EntryId(f"promise-{n}"), SUPPORT, T0 + _GAP_S * 2 * n, callback=id, number=number, joined_at=T0)
        rows.append(replace(place, slot_at=T0 + _NOT_YET_S))
        rows.append(Callback(id, place.id, SUPPORT, number, T0, T0 + 86400.0, slot_at=T0 + _NOT_YET_S))
    return rows


ROWS: tuple[tuple[str, Callable[[Line], Iterator[float]], tuple[int, ...]], ...] = (
    ("a caller arrives", Line.arrivals, (50, 300, 1000, 5000)),
    ("an announcement", Line.announcements, (100, 1000)),
    ("snapshot", Line.snapshots, (100, 1000, 5000)),
    ("an agent ends, the next is rung", Line.agents_ending, (50, 1000, 5000)),
)


def main() -> None:
    for what, steps, lengths in ROWS:
        for places in lengths:
            took_ms = sorted(1000 * took_s for took_s in steps(Line(places)))
            print(f"| {what} | {places} | {median(took_ms):.2f} | {took_ms[-1]:.2f} |", flush=True)
    _days()


def _days() -> None:
    """Whole days: the core alone, with four estimators side by side, and with the laws after each event."""
    expected = {name: q.expected_handle_s for name, q in TEN_THOUSAND.settings.queues.items()}
    alone = Recursive(expected, TEN_THOUSAND.settings.dialling.answer_s)
    for what, estimator, laws in (
        ("one estimator", alone, None),
        ("four estimators", Panel(panel_of(TEN_THOUSAND.settings)), None),
        ("one, and the laws", None, Laws(every=100)),
    ):
        world = World(
            TEN_THOUSAND.settings, TEN_THOUSAND.habits, 1, laws or (lambda *_: None), TEN_THOUSAND.start, estimator
        )
        started = time.process_time()
        world.run(hours=10)
        took_s, events = time.process_time() - started, len(world.log)
        print(f"| a day of {world.facts.arrived} calls, {what} | {events} events | {took_s:.1f} s | |", flush=True)


if __name__ == "__main__":
    main()

"""Events of Asterisk lost, doubled, late and in the wrong order: after the next poll our belief is the truth again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callbackd.app.recovery import SURE_S
from callbackd.domain import events as ev
from callbackd.domain.ids import LegId
from callbackd.domain.lives.agent import Activity
from callbackd.domain.lives.entry import EntryState
from callbackd.simulate.world import World
from lab.days.shapes import SHAPES

MANGLED = (ev.LegRinging, ev.LegAnswered, ev.LegEntered, ev.LegEnded, ev.LegLeft, ev.PlaybackEnded, ev.DigitPressed)
LOST, DOUBLED, LATE = 0.05, 0.05, 0.1
POLL_S = 120.0
SHAPE = SHAPES["incident"]._replace(habits=replace(SHAPES["incident"].habits, repeats=0.0, supervisor_per_hour=0.0))


class Mangled(World):
    """Between the PBX and us the event stream is bad; every ``POLL_S`` it breaks, and what there is is polled."""

    def __init__(self, seed: int) -> None:
        self.lost = self.polls = 0
        self.inside: dict[LegId, ev.Event] = {}
        """The legs that entered the application, whether or not that was reported."""
        self.joined: set[tuple[LegId, ...]] = set()
        super().__init__(SHAPE.settings, SHAPE.habits, seed, lambda *_: self._keeps_the_laws(), SHAPE.start)
        for n in range(1, 200):
            self._agenda.later(n * POLL_S, self.poll)

    def _keeps_the_laws(self) -> None:
        assert self.acd.broken_laws() == []

    def _note(self, event: ev.Event) -> None:
        if isinstance(event, ev.CallArrived | ev.LegEntered):
            self.inside[event.leg] = event
        if isinstance(event, ev.LegsJoined):
            self.joined.add(event.legs)

    def tell(self, event: ev.Event) -> None:
        self._note(event)
        if not isinstance(event, MANGLED):
            super().tell(event)
            return
        lot = self._agenda.random.random()
        if lot < LOST:
            self.lost += 1
        elif lot < LOST + LATE:
            self._agenda.later(self._agenda.random.uniform(0, 5), lambda: self._tell_late(event))
        else:
            super().tell(event)
            if lot > 1 - DOUBLED:
                super().tell(event)

    def _tell_late(self, event: ev.Event) -> None:
        """Asterisk does not report a leg's entering after its end, however late the line is."""
        if not isinstance(event, ev.LegEntered) or event.leg in self.pbx.up:
            World.tell(self, event)

    def poll(self) -> None:
        self.polls += 1
        for event in (ev.PbxLost("the line is bad"), *self.polled(), ev.PbxBack()):
            World.tell(self, event)

    def polled(self) -> list[ev.Event]:
        """The truth, as a poll finds it."""
        talking = {leg for legs in self.joined for leg in legs if all(one in self.pbx.up for one in legs)}
        alone = {leg for legs in self.joined for leg in legs if leg in self.pbx.up} - talking
        waiting = [event for leg, event in self.inside.items() if leg in self.pbx.up and leg not in talking]
        bridges = frozenset(self.pbx.bridges)
        seen = ev.LegsSeen(frozenset(self.pbx.up), joined=frozenset(talking), alone=frozenset(alone), bridges=bridges)
        return [*waiting, seen]

    def differences(self) -> list[str]:
        """Where belief and truth differ, right after a poll."""
        state, up = self.acd.state, self.pbx.up
        believed = {entry.leg for entry in state.entries.values() if entry.leg}
        callers = {leg for leg, event in self.inside.items() if isinstance(event, ev.CallArrived) and leg in up}
        known = believed | set(state.dialogues)
        working = {a.leg for a in state.agents.values() if a.activity in {Activity.RINGING, Activity.TALKING}}
        talk = {entry.leg for entry in state.entries.values() if entry.state is EntryState.TALKING}
        return [
            *(f"{leg} is believed in and gone" for leg in believed - up),
            *(f"{leg} waits and nobody knows" for leg in callers - known),
            *(f"an agent works at {leg}, which is gone" for leg in working - up),
            *(f"{leg} should talk and does not" for leg in talk - {legs[0] for legs in self.joined} if leg in up),
        ]


class Compared(Mangled):
    """The event stream is good, and what we believe is compared with the truth now and then."""

    def __init__(self, seed: int) -> None:
        self.lasting: list[str] = []
        super().__init__(seed)

    def tell(self, event: ev.Event) -> None:
        self._note(event)
        World.tell(self, event)

    def poll(self) -> None:
        found = self.acd.differences(self.polled())
        self.polls += 1
        self._agenda.later(SURE_S, lambda: self.lasting.extend(found & self.acd.differences(self.polled())))


@pytest.mark.parametrize("seed", range(6))
def test_when_every_event_comes_no_difference_lasts(seed, monkeypatch):
    monkeypatch.setattr("tests.simulation.test_mangled.POLL_S", 17.9)
    world = Compared(seed)
    world.run(1.0)
    assert world.lasting == []
    assert world.polls == 199
    assert world.facts.dialled


def bad_day(seed: int) -> Mangled:
    """An hour of it; after the last poll belief is the truth."""
    world = Mangled(seed)
    world.run(1.0)
    world.poll()
    assert world.differences() == []
    assert world.acd.differences(world.polled()) == set()
    return world


@pytest.mark.parametrize("first", range(0, 40, 5))
def test_after_a_poll_we_believe_what_asterisk_has(first):
    for seed in range(first, first + 5):
        world = bad_day(seed)
        assert world.lost > 20
        assert world.polls > 30
        assert world.facts.dialled, "nobody was dialled"

"""Bugs planted into the domain, one at a time: a law that cannot find its bug is no law."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from callbackd.domain import announce, booking, line, retry, routing
from callbackd.domain.agent import Activity, Agent
from callbackd.domain.commands import DropBridge, Play, StartMusic
from callbackd.domain.dialling import Dialling
from callbackd.domain.entry import EntryTrigger
from callbackd.domain.floor import Floor
from callbackd.domain.phrase import Fixed
from callbackd.domain.promising import Promising
from callbackd.domain.rejoining import Rejoining
from callbackd.domain.speech import Speech
from callbackd.domain.state import State
from callbackd.domain.timers import Timer, Timers
from callbackd.simulate.world import World
from tests.simulation.laws import BrokenLaw, Laws
from tests.simulation.shapes import SHAPES

Plant = Callable[[pytest.MonkeyPatch], None]
SEEDS = range(6)
"""Within so many days each bug must show; without it the same days are clean, as test_days shows."""


def around(owner: Any, name: str, change: Callable[..., Any]) -> Plant:
    """``change(real, *arguments)`` instead of ``real(*arguments)``."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        real = getattr(owner, name)
        patch.setattr(owner, name, lambda *args, **kwargs: change(real, *args, **kwargs))

    return plant


def last_comes_first(real, state, entry, points=0):
    priority, arrived_at, id = real(state, entry, points)
    return (priority, -arrived_at, id)


def forgets_the_promise(real, self, entry, callback, outcome, reason):
    self._state.callbacks.pop(callback.id)
    self._speech.close(entry, _outcome(outcome), reason)


def _outcome(outcome):
    from callbackd.domain.dialling import _GIVEN_UP

    return _GIVEN_UP[outcome]


def frees_the_agent_while_talking(real, self, entry, leg):
    real(self, entry, leg)
    agent = self._state.agents[entry.agent]
    self._state.put(replace(agent, activity=Activity.IDLE, entry=None, leg=None))


def counts_the_rung_as_free(real, state):
    return real(state) + [agent for agent in state.agents.values() if agent.activity is Activity.RINGING]


def skips_the_wrap_up(real, self, agent, entry):
    real(self, agent, entry)
    self.ready(agent.id)


def dials_before_the_intent_is_stored(real, self, entry, agent, reason):
    real(self, entry, agent, reason)
    callback = self._state.callbacks.get(entry.callback)
    if callback and callback.attempt:
        self.claimed(callback.attempt)


def dials_twice(real, self, id):
    before = len(self._state._out)
    real(self, id)
    self._state.do(*self._state._out[before:][-1:])


def loses_the_place_after_a_missed_ring(real, self, entry):
    real(self, entry)
    entry = self._state.entries.get(entry.id)
    if entry and entry.live:
        self._state.put(replace(entry, arrived_at=self._state.now))


def keeps_the_bridge(real, self, *acts):
    real(self, *(act for act in acts if not isinstance(act, DropBridge)))


def keeps_no_music(real, self, *acts):
    real(self, *(act for act in acts if not isinstance(act, StartMusic)))


def forgets_to_expire(real, self, timer, whose, at):
    if timer is not Timer.EXPIRE:
        real(self, timer, whose, at)


def says_every_wait(real, settings, position, estimate, quoted_min):
    return real(settings, position, estimate, None)


def never_forgets_a_playback(real, self, playback):
    self._state.timers.cancel(Timer.PLAYBACK, playback)
    return self._state.playing.get(playback)


def promises_before_it_is_stored(real, self, dialogue):
    real(self, dialogue)
    playback = self._state.mint.playback(self._state.now)
    self._state.do(Play(dialogue.entry, dialogue.leg, playback, (Fixed.PROMISE,), "en"))


def gives_a_new_place_to_who_rings_in(real, self, dialogue, entry, promise):
    real(self, dialogue, entry, promise)
    entry = self._state.entries[entry.id]
    self._state.put(replace(entry, arrived_at=self._state.now))


def tries_at_once(real, *args, **kwargs):
    answer = real(*args, **kwargs)
    return replace(answer, at=0.0) if isinstance(answer, retry.Again) else answer


def tries_for_ever(real, settings, *args, **kwargs):
    return real(replace(settings, max_attempts=99, max_busy=None, max_no_answer=None, max_no_key=None), *args, **kwargs)


def rings_at_night(real, self, number, at, *, chosen):
    return at


def loses_its_leg(real, self, entry, trigger, **changes):
    moved = real(self, entry, trigger, **changes)
    if trigger is EntryTrigger.UNANSWERED:
        moved = self.put(replace(moved, leg=None))
    return moved


def connects_who_pressed_nothing(real, self, dialogue):
    self._accept(dialogue)


def wraps_up_for_ever(real, self, timer, whose, at):
    if timer is not Timer.WRAP_UP:
        real(self, timer, whose, at)


BUGS: dict[str, tuple[str, Plant]] = {
    "who came last comes first": ("small", around(line, "order", last_comes_first)),
    "a promise given up is forgotten": ("bad line", around(Dialling, "_give_up", forgets_the_promise)),
    "an agent is free while talking": ("small", around(Floor, "_connect", frees_the_agent_while_talking)),
    "paused agents are rung": (
        "small",
        around(
            Agent,
            "free",
            lambda real, self, now: self.activity is Activity.IDLE and self.presence.value != "logged_out",
        ),
    ),
    "a ringing agent is rung again": ("small", around(routing, "free_agents", counts_the_rung_as_free)),
    "the wrap-up is skipped": ("small", around(Floor, "_wrap_up", skips_the_wrap_up)),
    "dialled before the intent is stored": ("small", around(Dialling, "claim", dials_before_the_intent_is_stored)),
    "dialled twice": ("small", around(Dialling, "claimed", dials_twice)),
    "a missed ring costs the place": ("small", around(Floor, "_if_unanswered", loses_the_place_after_a_missed_ring)),
    "bridges are kept": ("solo", around(State, "do", keeps_the_bridge)),
    "nobody hears music": ("solo", around(State, "do", keeps_no_music)),
    "promises never expire": ("small", around(Timers, "set", forgets_to_expire)),
    "worse waits are told": ("small", around(announce, "compose", says_every_wait)),
    "playbacks are never forgotten": ("solo", around(Speech, "_forget_playback", never_forgets_a_playback)),
    "a promise is spoken before it is stored": ("small", around(Promising, "_store", promises_before_it_is_stored)),
    "a number gets two promises": ("incident", around(State, "promised_to", lambda real, self, number, group: None)),
    "who rings in goes to the end": ("incident", around(Rejoining, "_rejoin", gives_a_new_place_to_who_rings_in)),
    "the pause after an attempt is skipped": ("small", around(retry, "decide", tries_at_once)),
    "attempts have no limit": ("bad line", around(retry, "decide", tries_for_ever)),
    "customers are rung at night": ("evening", around(State, "rings_at", rings_at_night)),
    "a slot is given to everybody": ("small", around(booking, "booked", lambda real, state, queue: {})),
    "a caller loses the leg": ("small", around(State, "move_entry", loses_its_leg)),
    "a machine is connected": ("small", around(Dialling, "silence", connects_who_pressed_nothing)),
    "a wrap-up never ends": ("small", around(Timers, "set", wraps_up_for_ever)),
}


def found(name: str, patch: pytest.MonkeyPatch) -> str | None:
    """The law that found the bug, or how the day broke down; None when it went unnoticed."""
    shape_name, plant = BUGS[name]
    plant(patch)
    shape = SHAPES[shape_name]
    for seed in SEEDS:
        laws = Laws()
        world = World(shape.settings, shape.habits, seed, laws, shape.start)
        try:
            world.run(1.5)
            laws.at_the_end(world)
        except BrokenLaw as broken:
            return broken.law
        except RuntimeError as stuck:  # the day does not end
            return str(stuck)[:40]
    return None


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name, monkeypatch):
    law = found(name, monkeypatch)
    print(f"{name}: {law}")
    assert law is not None


def test_there_are_enough_of_them():
    assert len(BUGS) >= 12

"""The laws of a call centre, each by its name: what must hold after every event, and when a day is over.

>>> laws = Laws()
>>> World(settings, habits, seed, laws).run(hours=1)
>>> laws.at_the_end(world)

A law is a function of a step that yields what it finds wrong. It judges what an event has changed. After each ``every``
events, and at the end, the domain's own laws are asked about the whole state, so that nothing can hide.
"""

from __future__ import annotations

from callbackd.domain import events as ev
from callbackd.domain.acd import Acd
from callbackd.domain.commands import Command
from callbackd.domain.lives.dialogue import Stage
from callbackd.domain.timers import Timer
from callbackd.simulate.world import World
from lab.days import laws_of_acts, laws_of_calls, laws_of_places, laws_of_promises
from lab.days.past import Past, Step

LAWS = (*laws_of_places.LAWS, *laws_of_promises.LAWS, *laws_of_calls.LAWS, *laws_of_acts.LAWS)


class BrokenLaw(AssertionError):
    """``law`` is the name of its function."""

    def __init__(self, law: str, what: str, event: object) -> None:
        super().__init__(f"{law.replace('_', ' ')}: {what}, after {event}")
        self.law = law


class Laws:
    def __init__(self, every: int = 1) -> None:
        self.past = Past()
        self.steps = 0
        self._every = every

    def __call__(self, world: World, event: ev.Event, commands: tuple[Command, ...]) -> None:
        self.judge(world.acd, event, commands, world.now)

    def judge(self, acd: Acd, event: ev.Event, commands: tuple[Command, ...], now: float) -> None:
        """Raises ``BrokenLaw`` for the first law that does not hold."""
        step = Step(self.past, acd, event, commands, now)
        for law in LAWS:
            for what in law(step):
                raise BrokenLaw(law.__name__, what, event)
        self.past.learn(step)
        self.steps += 1
        if self.steps % self._every == 0:
            self._whole(acd, event)

    def _whole(self, acd: Acd, event: ev.Event | None) -> None:
        state = acd.state
        for what in acd.broken_laws():
            raise BrokenLaw("the_domain_keeps_its_own_laws", what, event)
        for dialogue in state.dialogues.values():
            if dialogue.stage is Stage.WAITING and not dialogue.playback:
                if dialogue.leg not in self.past.music:
                    raise BrokenLaw("nobody_is_left_in_silence", f"{dialogue.leg} hears no music", event)
                if not state.timers.is_set(Timer.ANNOUNCE, dialogue.leg):
                    raise BrokenLaw("nobody_is_left_in_silence", f"nobody speaks to {dialogue.leg} any more", event)
        for leg in state.dialogues:
            for what in laws_of_calls.unshown(state, self.past, leg):
                raise BrokenLaw("asterisk_is_shown_that_we_live", what, event)
        for playback, leg in acd.playing.items():
            speaking = state.dialogues.get(leg)
            if speaking is None or speaking.playback != playback:
                raise BrokenLaw("a_playback_is_remembered_while_it_lasts", f"{playback} plays to nobody", event)

    def at_the_end(self, world: World) -> None:
        """Raises ``BrokenLaw`` unless everything that began has ended, and it is recorded how."""
        state, facts, past = world.acd.state, world.facts, self.past
        self._whole(world.acd, None)
        _nothing("everything_ends", "places are left over", state.entries)
        _nothing("everything_ends", "promises are left over", state.callbacks)
        _nothing("everything_ends", "attempts are left over", state.attempts)
        _nothing("everything_ends", "dialogues are left over", state.dialogues)
        _nothing("a_quote_ends_once", "quotes without an end", world.acd.open_quotes())
        _nothing("everything_ends", "promises on their way are left over", world.acd.storing())
        _nothing("acts_are_answered", "acts are left without an answer", self.past.asked)
        _nothing("legs_are_conserved", "legs are left over", world.pbx.up)
        _nothing("bridges_are_conserved", "bridges are left over", world.pbx.bridges)
        _nothing("promises_are_conserved", "stored and without an end", facts.stored - set(facts.ended))
        _nothing("entered_is_open_plus_closed", "entered and without an end", facts.entered - set(facts.closed))
        _nothing("entered_is_open_plus_closed", "more or fewer closed than entered", past.entered - past.closed)


def _nothing(law: str, what: str, left: object) -> None:
    if left:
        raise BrokenLaw(law, f"{what}: {left}", "the day")

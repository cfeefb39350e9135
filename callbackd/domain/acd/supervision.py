"""The conditions under which everybody works: the database, Asterisk, and what supervisors decide for the house."""

from __future__ import annotations

from typing import assert_never

from callbackd.domain import events as ev
from callbackd.domain.calendar import hours
from callbackd.domain.callers.waiting import Waiting
from callbackd.domain.dialler.dial import Dial
from callbackd.domain.dialler.trace import Trace
from callbackd.domain.ids import QueueName
from callbackd.domain.settings import Queue
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State


class Supervision:
    def __init__(self, state: State, speech: Speech, waiting: Waiting, dial: Dial, trace: Trace) -> None:
        self._state = state
        self._speech = speech
        self._waiting = waiting
        self._dial = dial
        self._trace = trace

    def hear(self, event: ev.HouseEvent) -> None:
        match event:
            case ev.DatabaseLost(reason):
                self._database(False, reason)
            case ev.DatabaseBack():
                self._database(True, "connected again")
            case ev.PbxLost(reason):
                self._pbx(False, reason)
            case ev.PbxBack():
                self._pbx(True, "the event stream is there")
            case ev.SwitchTurned():
                self._switch(event)
            case ev.DrainBegan():
                self._drain()
            case ev.ClosedEarly():
                self._close_early(event)
            case _:
                assert_never(event)

    # --- database and Asterisk ------------------------------------------------------------------------------------

    def _database(self, there: bool, reason: str) -> None:
        self._state.world.database = there
        self._state.note("database", "back" if there else "away", reason)

    def _pbx(self, there: bool, reason: str) -> None:
        self._state.world.pbx = there
        self._state.note("asterisk", "back" if there else "away", reason)
        if there:
            self._trace.all_open()
            self._speech.doubt()

    # --- what supervisors decide ----------------------------------------------------------------------------------

    def _switch(self, event: ev.SwitchTurned) -> None:
        """Offering and dialling are switched for the house, the crisis announcement for one queue or for all."""
        state = self._state
        if event.switch == "crisis":
            names = [QueueName(event.queue)] if event.queue else list(state.settings.queues)
            for name in names:
                self._crisis(name, event.on)
        elif event.switch in {"offering", "dialling"}:
            setattr(state.world, event.switch, event.on)
            state.note(event.switch, "on" if event.on else "off", event.why)
            if event.switch == "dialling" and event.on:
                self._dial.budget.word()
        else:
            reason = "there are three switches: offering, dialling and crisis"
            state.note(event.switch, "switch ignored", reason)

    def _drain(self) -> None:
        self._state.world.draining = True
        self._state.note("dialling", "draining", "nobody new is dialled", in_flight=len(self._state.attempts))

    def _crisis(self, name: QueueName, on: bool) -> None:
        state = self._state
        if name not in state.settings.queues:
            state.note(name, "switch ignored", "there is no such queue")
        elif on:
            state.world.crises[name] = state.now
            self._waiting.crisis(name)
            state.note(name, "crisis announced", "by a supervisor")
        else:
            state.world.crises.pop(name, None)
            state.note(name, "crisis over", "by a supervisor")

    def _close_early(self, event: ev.ClosedEarly) -> None:
        """A supervisor ends a queue's day, or takes that back."""
        queue = self._state.settings.queues.get(QueueName(event.queue))
        if queue is None:
            self._state.note(event.queue, "not closed", "there is no such queue")
        elif event.until is None or event.until <= self._state.now:
            self._open_again(queue)
        else:
            self._close(queue, event.until)

    def _open_again(self, queue: Queue) -> None:
        state = self._state
        opens = hours.next_open(queue.hours, state.now, state.world.closed_until.pop(queue.name, None))
        state.note(queue.name, "opened again", "by a supervisor")
        if opens is not None:
            self._dial.opened_again(queue, opens)

    def _close(self, queue: Queue, until: float) -> None:
        state = self._state
        state.world.closed_until[queue.name] = until
        opens = hours.next_open(queue.hours, state.now, until)
        state.note(queue.name, "closed early", "by a supervisor", until=until, opens=opens)
        self._waiting.closing(queue.name)

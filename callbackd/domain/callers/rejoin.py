"""The desk for callers who have a promise and ring in: never two places for one person.

A number that the network shows is no proof of who rings. Callers may do what harms nobody: wait live at the place, or
keep the promise. It stands again when they go before they have talked to an agent. To cancel or to move it takes a
network that vouches for numbers, or our own call to that number.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from callbackd.domain.callbacks.promise import Promises
from callbackd.domain.events import CallArrived, Party
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.conversation import Again, AtPromise, wrong_key
from callbackd.domain.lives.dialogue import Dialogue, Stage
from callbackd.domain.lives.entry import Entry, EntryOutcome
from callbackd.domain.phrase import Fixed, Greeting, Phrase
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State
from callbackd.domain.timers import Timer
from callbackd.domain.wait.place import Places


class Rejoin:
    def __init__(self, state: State, speech: Speech, places: Places, promises: Promises) -> None:
        self._state = state
        self._speech = speech
        self._places = places
        self._promises = promises

    def meet_again(self, event: CallArrived, promise: Callback) -> None:
        """Ask whether to keep, move or cancel the promise, or to wait at its place. Nobody is dialled meanwhile."""
        self._state.note(promise.entry, "rang in", "this number has an open callback", number=promise.number)
        dialogue = Dialogue(
            event.leg,
            Party.CALLER,
            Stage.REJOINING,
            event.language or promise.language,
            queue=promise.queue,
            entry=promise.entry,
            number=promise.number,
        )
        self.ask(dialogue, Greeting(promise.queue))

    def ask(self, dialogue: Dialogue, *before: Phrase) -> None:
        self._speech.say(dialogue, *before, Fixed.ALREADY_MENU_ALL if self._proven else Fixed.ALREADY_MENU)

    def obey(self, dialogue: Dialogue, act: AtPromise, digit: str) -> Again | None:
        if act in {AtPromise.CANCEL, AtPromise.MOVE} and not self._proven:
            return wrong_key(dialogue, digit)
        self._do(dialogue, act)
        return None

    @property
    def _proven(self) -> bool:
        return self._state.settings.numbers.caller_id_proves

    def _do(self, dialogue: Dialogue, act: AtPromise) -> None:
        entry = self._speech.entry_of(dialogue)
        promise = self._state.callback_of(entry)
        if entry is None or promise is None or promise.state is not CallbackState.WAITING:
            self._speech.leave(replace(dialogue, entry=None), Fixed.GOODBYE)
            return
        match act:
            case AtPromise.WAIT_LIVE:
                self._take_place(dialogue, entry, promise)
            case AtPromise.KEEP:
                self._promises.keep_promise(dialogue, "kept by key")
            case AtPromise.CANCEL:
                self._cancel(dialogue, entry, promise)
            case AtPromise.MOVE:
                self._move(dialogue)
            case _:
                assert_never(act)

    def _cancel(self, dialogue: Dialogue, entry: Entry, promise: Callback) -> None:
        self._promises.end_promise(promise, CallbackOutcome.CANCELLED, "cancelled by the caller")
        self._speech.close(entry, EntryOutcome.CANCELLED, "cancelled by the caller")
        self._speech.leave(replace(dialogue, entry=None), Fixed.CALLBACK_CANCELLED)

    def _move(self, dialogue: Dialogue) -> None:
        if not self._state.world.database:
            self._speech.leave(dialogue, Fixed.TIME_REFUSED, Fixed.CALLBACK_KEPT)
        elif not self._promises.choose(dialogue):
            self._speech.leave(dialogue, Fixed.NO_TIME_FREE, Fixed.CALLBACK_KEPT)

    def _take_place(self, dialogue: Dialogue, entry: Entry, promise: Callback) -> None:
        """The same entry changes its holder back: from the promise to the caller on the line."""
        state = self._state
        if state.closes_in_s(state.queue_of(entry)) == 0.0:
            state.note(entry.id, "promise stays", "rang in to wait live, but the queue is closed")
            self._speech.leave(dialogue, Fixed.CLOSED, Fixed.CALLBACK_KEPT)
            return
        self._promises.end_promise(promise, CallbackOutcome.REJOINED, "rang in and waits on the line")
        for timer in (Timer.RETRY, Timer.ENTER):
            state.timers.cancel(timer, entry.id)
        promised_at = promise.created_at if promise.slot_at is None else promise.slot_at
        entry = state.move(entry.rejoin(dialogue.leg, state.now, None if self._proven else promised_at))
        self._places.watch(entry)
        self._speech.to_waiting(dialogue)

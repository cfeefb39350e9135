"""The desk for numbers that are never to be called: by a customer's key 9, or from outside (``NumberBlocked``)."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from callbackd.domain import numbers
from callbackd.domain.callbacks.promise import Promises
from callbackd.domain.commands import HangUp
from callbackd.domain.dialler.outcome import Outcomes
from callbackd.domain.events import NumberBlocked, NumberUnblocked
from callbackd.domain.lives.attempt import Attempt, AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.conversation import Again, ToBeLeftAlone
from callbackd.domain.lives.dialogue import Dialogue
from callbackd.domain.lives.do_not_call import Blocked
from callbackd.domain.lives.entry import EntryOutcome
from callbackd.domain.phrase import Fixed
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State

_LIST = "do-not-call"


class DoNotCall:
    def __init__(self, state: State, speech: Speech, promises: Promises, outcomes: Outcomes) -> None:
        self._state = state
        self._speech = speech
        self._promises = promises
        self._outcomes = outcomes

    def obey(self, dialogue: Dialogue, act: ToBeLeftAlone) -> Again | None:
        """Do what the customer's key means. It blocks the number that we dialled: no stranger can block it."""
        attempt = self._state.attempt(dialogue.attempt)
        match act:
            case ToBeLeftAlone.NEVER_AGAIN if attempt:
                self._block(attempt.number, "the customer pressed 9")
                return None
            case ToBeLeftAlone.NEVER_AGAIN:
                return Again(dialogue, "the attempt is over", Fixed.WRONG_KEY)
            case _:
                assert_never(act)

    def blocked(self, event: NumberBlocked) -> None:
        if number := self._understood(event.number):
            self._block(number, _tame(event.why))

    def unblocked(self, event: NumberUnblocked) -> None:
        """Take a number off the list. Cancelled promises stay cancelled: the customers have heard that confirmed."""
        state, number = self._state, self._understood(event.number)
        if number is None:
            return
        if row := state.blocked.get(state.tag(number)):
            state.forget(row)
            state.note(row.id, "unblocked", "may be called again", since=row.at, why=row.why)
        else:
            state.note(state.tag(number), "unblocking ignored", "the number is not on the list")

    def broken_laws(self) -> list[str]:
        """A sentence for each number on the list that is being dialled. A customer who pressed 1 first may still
        talk."""
        dialled = [a for a in self._state.attempts.values() if a.state is not AttemptState.ACCEPTED]
        return [f"attempt {a.id} dials a blocked number" for a in dialled if self._state.is_blocked(a.number)]

    def _understood(self, raw: str) -> str | None:
        number = numbers.e164(raw, self._state.settings.numbers)
        if number is None:
            self._state.note(_LIST, "number not understood", "that is not a telephone number", number=raw)
        return number

    def _block(self, number: str, why: str) -> None:
        state, row = self._state, Blocked(self._state.tag(number), self._state.now, why)
        if earlier := state.blocked.get(row.id):
            state.note(row.id, "blocked already", earlier.why, since=earlier.at)
        else:
            state.put(row)
            state.note(row.id, "blocked", why)
        for callback in [c for c in state.callbacks.values() if c.number == number]:
            self._end(callback, f"never again: {why}")

    def _end(self, callback: Callback, reason: str) -> None:
        """End a promise with its attempt. Customers who pressed 1 asked for this conversation and are not cut off."""
        state = self._state
        attempt = state.attempt(callback.attempt)
        if callback.state is CallbackState.WAITING:
            self._promises.end_promise(callback, CallbackOutcome.CANCELLED, reason)
            self._speech.close(state.entries[callback.entry], EntryOutcome.CANCELLED, reason)
        elif attempt:
            self._outcomes.over(attempt, AttemptOutcome.DECLINED, reason)
            self._take_leave(attempt)

    def _take_leave(self, attempt: Attempt) -> None:
        if dialogue := self._state.dialogues.get(attempt.leg):
            self._speech.leave(replace(dialogue, entry=None), Fixed.NEVER_AGAIN)
        elif attempt.state is not AttemptState.CLAIMING:
            self._state.do(HangUp(attempt.leg, "the number is not to be called"))


def _tame(why: str) -> str:
    """The reason, cut to what the tables accept: no number is left off the list because of its reason."""
    return "".join(c for c in why if c.isprintable())[:200]

"""An imaginary database: it stores what is written, and refuses what the unique indexes of the real one refuse."""

from __future__ import annotations

from collections.abc import Iterable

from callbackd.domain.commands import Changed, ClaimTransfer, Command, Question, StorePromise
from callbackd.domain.ids import AttemptId, CallbackId
from callbackd.domain.lives.attempt import Attempt, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackState


class Database:
    def __init__(self) -> None:
        self.there = True
        self._promises: dict[CallbackId, Callback] = {}
        """Open ones."""
        self._attempts: dict[AttemptId, Attempt] = {}
        """Open ones."""

    def note(self, commands: Iterable[Command]) -> None:
        """Store rows; those of the history are never refused."""
        for command in commands:
            if isinstance(command, Changed) and not command.stored:
                self._save(command.after)

    def refuses(self, intent: Question) -> str | None:
        """Why a promise or an intent to dial is refused; None when it was committed."""
        if not self.there:
            return "the database is away"
        if isinstance(intent, StorePromise):
            return self._promise(intent.callback)
        if isinstance(intent, ClaimTransfer):
            return None
        return self._attempt(intent.attempt)

    def _save(self, row: object) -> None:
        if isinstance(row, Callback):
            self._promises[row.id] = row
            if row.state is CallbackState.CLOSED:
                del self._promises[row.id]
        elif isinstance(row, Attempt):
            self._attempts[row.id] = row
            if row.state is AttemptState.CLOSED:
                del self._attempts[row.id]

    def _promise(self, wanted: Callback) -> str | None:
        others = (p for p in self._promises.values() if p.id != wanted.id)
        if any((p.number, p.group) == (wanted.number, wanted.group) for p in others):
            return "this number has an open promise"
        self._promises[wanted.id] = wanted
        return None

    def _attempt(self, wanted: Attempt) -> str | None:
        if any(a.number == wanted.number or a.callback == wanted.callback for a in self._attempts.values()):
            return "this number is being dialled"
        self._attempts[wanted.id] = wanted
        return None

"""Turns commands into rows: a step is written down before it is carried out.

While the database is away rows wait in bounded memory (the newest state of each life, the latest decisions), and
promises and intents are refused at once: no promise is spoken and nobody is dialled unless PostgreSQL has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import assert_never

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd.db.backlog import Backlog
from callbackd.db.engine import TROUBLE, answers, engine_for, in_words, is_refusal, transaction
from callbackd.db.facts import AuditFact, fact_of
from callbackd.db.intents import Claim, Intent, Promise, Refused, SendOut, why_refused
from callbackd.db.pipeline import commit
from callbackd.db.right import Right
from callbackd.db.rows import Forget, Numbered, Row, name_of
from callbackd.domain.commands import (
    Answered,
    Changed,
    ClaimAttempt,
    ClaimTransfer,
    Decided,
    Happened,
    StorePromise,
    Write,
)
from callbackd.domain.events import DatabaseBack, DatabaseLost, Event
from callbackd.domain.settings import Limits
from callbackd.protocol import Step, reached
from callbackd.reconnect import Reconnect

__all__ = ["Journal", "answers", "engine_for"]

WATCH_S = 2.0
"""Seconds between two looks whether the database is there, while there is nothing to write."""
_LOOK_UP_S = 1.0
_AT_ONCE = 250
"""Rows in a transaction at most: about a tenth of the time that it may take, on an ordinary day."""

Stored = Callable[[str, str], Awaitable[None]]
Answer = Callable[[str, bool, str, str], None]


async def _ignore(_: str, __: str) -> None:
    pass


def _nobody(_: str, __: bool, ___: str, ____: str) -> None:
    pass


_STEPS: dict[type, tuple[Step | None, Step | None]] = {
    Promise: (Step.PROMISE_ASKED, Step.PROMISE_STORED),
    Claim: (Step.INTENT_ASKED, Step.INTENT_STORED),
}

log = structlog.get_logger("journal")


class Journal:
    """Only one runner calls ``commit``; ``keep`` runs beside it as a task and brings the database back."""

    def __init__(
        self,
        engine: AsyncEngine,
        right: Right,
        stored: Stored = _ignore,
        limits: Limits | None = None,
        answered: Answer = _nobody,
    ) -> None:
        """``stored`` is called with the table and the id of each promise and intent that was committed.

        Without ``limits``, requests are counted but none is refused.
        """
        self._answered = answered
        """Is called for each act that was written down: its request, whether it was done, why not, what it made."""
        self._limits = limits
        self._engine = engine
        self._right = right
        self._stored = stored
        self._backlog = Backlog()
        self._away = False
        self._lost = asyncio.Event()
        self.moved_at = 0.0
        """When ``keep`` last looked, in seconds of the loop's clock."""
        self._decisions = 0
        self._facts = 0
        self._refused = 0

    @property
    def dropped(self) -> int:
        """How many rows were lost to the bound on memory or refused by the tables."""
        return self._refused + self._backlog.dropped

    @property
    def complete_until(self) -> float | None:
        """Since when the history waits to be written; None when all of it is."""
        return self._backlog.oldest_fact_at

    async def commit(self, writes: Sequence[Write]) -> list[Event]:
        """What became of it, as events. Writes in order: rows together in one transaction, each promise and each intent
        in its own.

        Returns within seconds whatever the database does, and at once while it is away.
        """
        events: list[Event] = []
        for write in writes:
            match write:
                case StorePromise():
                    events += await self._flush() + await self._settle(Promise(write, self._right, self._limits))
                case ClaimAttempt():
                    events += await self._flush() + await self._settle(Claim(write, self._right, self._limits))
                case ClaimTransfer():
                    events += await self._flush() + await self._settle(SendOut(write, self._right, self._limits))
                case Changed() | Happened() | Answered() | Decided():
                    self.note(write)
                case _:
                    assert_never(write)
        return events + await self._flush()

    def note(self, write: Changed | Happened | Answered | Decided) -> None:
        """Remember what the next commit is to write."""
        match write:
            case Changed():
                self._change(write)
                self._remember(write)
            case Happened() | Answered():
                self._remember(write)
            case Decided():
                self._decisions += 1
                self._backlog.add(Numbered(self._right.epoch, self._decisions, write))
            case _:
                assert_never(write)

    async def keep(self, post: Callable[[Event], None]) -> None:
        """Notice when the database is lost, try until it is back, and write what waited. Runs until cancelled.

        Raises ``RightHeld`` when another daemon has taken over: this one must not continue.
        """
        while True:
            if not self._away and not await self._right.alive():
                for event in self._lose("the session that holds the right to dial is gone"):
                    post(event)
            if self._away:
                await self._come_back()
                post(DatabaseBack())
            self.moved_at = asyncio.get_running_loop().time()
            await self._wait_for_loss()

    async def close(self) -> None:
        """Write what waits, or log what is lost when the database is away. Call it after the last ``commit``."""
        try:
            await self._write_backlog()
        except TROUBLE as trouble:
            log.error("rows_lost", rows=len(self._backlog), why=in_words(trouble))

    def _change(self, change: Changed) -> None:
        """Remember a changed row to be written, unless a promise or an intent writes it."""
        if change.after is None:
            if change.before is not None:
                self._backlog.add(Forget(change.before))
        elif not change.stored:
            self._backlog.add(change.after)

    def _remember(self, write: Changed | Happened | Answered) -> None:
        """For the history, with what a promise or an intent carries: when that is refused, the next fact says so."""
        self._facts += 1
        if fact := fact_of(write, self._right.epoch, self._facts):
            self._backlog.add(fact)

    # --- rows -----------------------------------------------------------------------------------------------------

    async def _flush(self) -> list[Event]:
        if self._away:
            return []
        try:
            await self._write_backlog()
        except TROUBLE as trouble:
            return self._lose(in_words(trouble))
        return []

    async def _write_backlog(self) -> None:
        """Write what waits, all or nothing; but what waited for the database for long is written in parts, or no
        transaction would end in time. A row that the tables refuse is found by halving, dropped with an error in the
        log, and the others are written.

        Raises ``TROUBLE``; then rows that are not written wait as before.
        """
        rows = self._backlog.take()
        parts = [rows[n : n + _AT_ONCE] for n in reversed(range(0, len(rows), _AT_ONCE))]
        try:
            while parts:
                part = parts[-1]
                refusal = await self._write(part)
                parts.pop()
                if refusal is None:
                    self._tell_askers(part)
                if refusal and len(part) > 1:
                    middle = len(part) // 2
                    parts += [part[middle:], part[:middle]]
                elif refusal:
                    self._refused += 1
                    self._complain(part[0], refusal)
        finally:
            self._backlog.put_back(row for part in reversed(parts) for row in part)

    def _tell_askers(self, written: Sequence[Row]) -> None:
        """An act is answered when it is in the database."""
        for row in written:
            if isinstance(row, AuditFact):
                self._answered(row.request, row.done, row.why, row.subject)

    def _complain(self, row: Row, refusal: Exception) -> None:
        """Log that the row is lost. Calls go on: a daemon that ended for it would meet the same again and again."""
        if isinstance(refusal, TROUBLE):
            log.error("row_refused", row=name_of(row), why=in_words(refusal))
        else:
            why = "a fault of callbackd: the row is lost, calls go on; please report it"
            log.critical("row_not_written", row=name_of(row), why=why, exc_info=refusal)

    async def _write(self, rows: Sequence[Row]) -> Exception | None:
        """Why the tables refuse these rows, or our own fault with them; None when they have been written."""
        if not rows:
            return None
        try:
            async with transaction(self._engine) as connection:
                late = await commit(connection, rows)
            for kind, n in late.items():
                log.info("rows_late", kind=kind.__name__, rows=n)
        except TROUBLE as trouble:
            if not is_refusal(trouble):
                raise
            return trouble
        except Exception as fault:
            return fault
        return None

    # --- promises and intents -------------------------------------------------------------------------------------

    async def _settle(self, intent: Intent) -> list[Event]:
        """Whether it was stored, as events. A commit without an answer is looked up; if that fails too, it counts as
        not stored."""
        if self._away:
            return [intent.refused("the database is away")]
        asked, stored = _STEPS.get(type(intent), (None, None))
        reached(asked)
        try:
            async with transaction(self._engine) as connection:
                await intent.write(connection)
        except Refused as refusal:
            return [intent.refused(str(refusal))]
        except TROUBLE as trouble:
            if is_refusal(trouble):
                return [intent.refused(why_refused(trouble))]
            if await self._is_there(intent):
                return [intent.done()]
            for row in intent.undo():
                self._backlog.add(row)
            return [intent.refused(in_words(trouble)), *self._lose(in_words(trouble))]
        except Exception as fault:  # raised before the commit, unless the row is there
            log.critical("intent_not_written", intent=intent.key, why="a fault of callbackd", exc_info=fault)
            return [intent.done() if await self._is_there(intent) else intent.refused("a fault of callbackd")]
        await self._stored(*intent.key)
        reached(stored)
        return [intent.done()]

    async def _is_there(self, intent: Intent) -> bool:
        try:
            async with transaction(self._engine, _LOOK_UP_S) as connection:
                return (await connection.execute(intent.trace())).first() is not None
        except TROUBLE:
            return False

    # --- there or away --------------------------------------------------------------------------------------------

    def _lose(self, reason: str) -> list[Event]:
        if self._away:
            return []
        self._away = True
        self._lost.set()
        log.error("database_lost", why=reason, rows_waiting=len(self._backlog))
        return [DatabaseLost(reason)]

    async def _wait_for_loss(self) -> None:
        try:
            async with asyncio.timeout(WATCH_S):
                await self._lost.wait()
        except TimeoutError:
            pass

    async def _come_back(self) -> None:
        """Wait until the right is ours again and everything that waited has been written."""
        reconnect = Reconnect(lambda why: log.info("database_away", why=why, rows_waiting=len(self._backlog)))
        while why := await self._why_away():
            self.moved_at = asyncio.get_running_loop().time()
            reconnect.complain(why)
            await reconnect.pause()
        self._away = False
        self._lost.clear()
        log.info("database_back", dropped=self.dropped)

    async def _why_away(self) -> str:
        """Why the database is still away; empty when it is back. The loop is there because more rows may come while the
        backlog is being written."""
        try:
            await self._right.take()
            while self._backlog:
                await self._write_backlog()
        except TROUBLE as trouble:
            return in_words(trouble)
        return ""

"""The daemon at work: it takes up what was open, runs its parts, and stops them in the right order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from callbackd.ami.client import Ami
from callbackd.api.server import Server
from callbackd.app import do_not_call
from callbackd.app.database import Database, starting
from callbackd.app.ends import Asked, Drained, End, Reloaded, Replaced, Stopped
from callbackd.app.fetch_back import FetchBack
from callbackd.app.given import Given
from callbackd.app.handover import drained, hand_over, hold, hold_without_key
from callbackd.app.housekeeping import Housekeeping
from callbackd.app.notify import Notifier, Watchdog, keep_telling
from callbackd.app.outbox import Outbox
from callbackd.app.recovery import Recovery, report_laws
from callbackd.app.reload import Reload
from callbackd.app.runner import Runner
from callbackd.app.together import Running, beside, until_first
from callbackd.app.vitals import Vitals
from callbackd.app.watermark import Watermark
from callbackd.ari.client import Ari
from callbackd.db import catch_up
from callbackd.db.journal import Journal
from callbackd.db.load import open_rows
from callbackd.db.right import Right
from callbackd.domain.acd import Acd
from callbackd.domain.events import Event, PbxLost
from callbackd.protocol import Step, reached

_LAST_WORDS_S = 2.0

log = structlog.get_logger("callbackd")


@dataclass(frozen=True, slots=True)
class Daemon:
    """The parts, connected by ``wire``. ``run`` it once."""

    given: Given
    asked: Asked
    reload: Reload
    notifier: Notifier
    clock: Callable[[], float]
    database: Database
    right: Right
    acd: Acd
    api: Server
    vitals: Vitals
    inbox: asyncio.Queue[Event]
    watermark: Watermark
    journal: Journal
    housekeeping: Housekeeping
    runner: Runner
    outbox: Outbox
    ari: Ari
    ami: Ami
    recovery: Recovery
    fetch_back: FetchBack

    async def run(self) -> End:
        """Why it ended. Raises whatever a part fails with, for example ``DatabaseGone`` or ``RightHeld``."""
        await self._take_up()
        settings = self.given.settings
        log.info("started", queues=len(settings.queues), agents=len(settings.agents), epoch=self.right.epoch)
        # We listen to the last: callers who arrive meanwhile stay in our application, and we notice the next daemon.
        async with beside("ari", self.ari.run(self.recovery.on_event, self.recovery.on_link)) as listening:
            try:
                end = await until_first(self._ends(), self._parts(listening), self._ending)
            finally:
                await self._finish()
        log.info("stopped", replaced=self.recovery.replaced.is_set(), to_reload=isinstance(end, Reloaded))
        return self._in_the_end(end)

    async def _take_up(self) -> None:
        """Take up the rows that the last daemon left, before anything new can happen."""
        with starting():
            rows, now = await open_rows(self.database.engine), self.clock()
        do_not_call.warn_if_useless(rows, self.given.list_key)
        mended = self.acd.restore(rows, now, self.right.epoch)
        report_laws(self.acd.broken_laws)
        with starting():
            untold = await catch_up.missing(self.database.engine, rows, now)
        await self.runner.obey([*untold, *mended])
        reached(Step.RESTORED)
        with starting():
            missing = await self.watermark.missing(self.database.engine)
        if missing:
            hold(self._post, missing, self.watermark.path)
        if lost := do_not_call.lost(self.given.config.state_dir, rows):
            self._hold_without_key(lost)
        self._post(PbxLost("not connected yet"))

    def _ends(self) -> dict[str, Running[End]]:
        return {
            "replaced": _when(self.recovery.replaced, Replaced()),
            "stopping": _when(self.asked.stop, Stopped()),
            "reload": self._reloaded(),
            "drained": self._drained(),
        }

    def _parts(self, listening: asyncio.Task[None]) -> dict[str, Running[object]]:
        parts: dict[str, Running[object]] = {
            "runner": self.runner.run(),
            "journal": self.journal.keep(self._post),
            "listening": _fails_with(listening),
            "compare": self.recovery.compare(),
            "recovery": self.recovery.failed(),
            "watchdog": Watchdog(self.notifier, self.vitals.moved, self.vitals.poke).run(),
            "housekeeping": self.housekeeping.run(),
            "api": self.api.run(),
            "status": keep_telling(self.notifier, self._doing),
            "key": do_not_call.watch(self.given.config.state_dir, self.given.list_key.secret, self._hold_without_key),
        }
        if self.database.keeping:
            parts["keeping"] = _fails_with(self.database.keeping)
        if self.given.config.ami.enabled:
            parts["ami"] = self.ami.run()
        if self.given.config.fallback.take_over:
            parts["fetch back"] = self.fetch_back.run()
        return parts

    def _ending(self, end: End | None) -> None:
        if isinstance(end, Reloaded):
            self.notifier.reloading()
        else:
            self.notifier.stopping()

    async def _finish(self) -> None:
        """Nothing more is decided. What was decided is committed, then carried out, and then the next daemon may
        act."""
        await self.runner.write()
        await self.journal.close()
        await self.outbox.drain(_LAST_WORDS_S)
        if self.asked.drain.is_set():
            await hand_over(self.right, self.recovery.replaced)

    def _in_the_end(self, end: End) -> End:
        """The end that counts: also what was asked for, or happened, while the daemon was ending."""
        replaced = self.recovery.replaced.is_set()
        if isinstance(end, Reloaded) and not self.asked.stop.is_set() and not replaced:
            return end
        if self.asked.drain.is_set():
            return Drained()
        return Replaced() if replaced else Stopped()

    async def _reloaded(self) -> End:
        return Reloaded(await self.reload.wanted(self.asked.reload))

    async def _drained(self) -> End:
        await drained(self.asked.drain, self._post, self.acd.in_flight)
        return Drained()

    def _doing(self) -> str:
        """What ``systemctl status`` shows. Tasks come and go with the calls: if they only grow, there is a leak, which
        nothing else shows before the memory is full."""
        waiting, promises = self.acd.open_lives()
        return f"{waiting} waiting, {promises} promises, {len(asyncio.all_tasks())} tasks"

    def _hold_without_key(self, why: str) -> None:
        hold_without_key(self._post, why)

    def _post(self, event: Event) -> None:
        self.inbox.put_nowait(event)


async def _when(happened: asyncio.Event, end: End) -> End:
    await happened.wait()
    return end


async def _fails_with(task: asyncio.Task[None]) -> None:
    """Fails when the task does. Cancelling it leaves the task running."""
    await asyncio.wait({task})
    task.result()

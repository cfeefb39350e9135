"""All wiring on one screen: the database, the domain, Asterisk, and the loop between them."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Any

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd.ami.client import Address as AmiAddress
from callbackd.ami.client import Ami
from callbackd.ami.decode import Decode as AmiDecode
from callbackd.app import do_not_call
from callbackd.app.clock import SteadyClock
from callbackd.app.fetch_back import FetchBack
from callbackd.app.figures import Figures
from callbackd.app.handover import drained, hand_over, hold, pid_file
from callbackd.app.notify import Notifier, Watchdog, keep_telling
from callbackd.app.outbox import Outbox
from callbackd.app.record import Recorder
from callbackd.app.recovery import Recovery, report_laws
from callbackd.app.reload import Reload
from callbackd.app.runner import Runner, Watch
from callbackd.app.watermark import Watermark
from callbackd.ari.client import Address as AriAddress
from callbackd.ari.client import Ari
from callbackd.ari.decode import WANTED
from callbackd.ari.decode import Decode as AriDecode
from callbackd.ari.event_log import EventLog
from callbackd.ari.fallback import stranded
from callbackd.ari.perform import Perform
from callbackd.ari.resync import resync
from callbackd.config.build import prompt_settings, secret, settings_of
from callbackd.config.sections import Config
from callbackd.db.embedded import Embedded, normalise
from callbackd.db.engine import in_words
from callbackd.db.journal import Journal, answers, engine_for
from callbackd.db.load import open_rows
from callbackd.db.migrate import upgrade
from callbackd.db.right import Right
from callbackd.domain.acd import Acd
from callbackd.domain.events import PbxLost, TimePassed
from callbackd.domain.ids import Mint
from callbackd.prompts.render import Renderer, Unspoken
from callbackd.protocol import Step, reached

REPLACED = 4
"""Exit status when another daemon has taken the ARI application: a service manager must not start us again at once."""
_DATABASE_AGAIN_S = 1.0
_LAST_WORDS_S = 2.0

log = structlog.get_logger("callbackd")


async def serve(
    config: Config, wall: Callable[[], float] = time.time, reread: Callable[[], Config] | None = None
) -> int | Config:
    """Run until SIGTERM or SIGINT (0), until drained after SIGUSR1 (0), or until another daemon takes over (4).

    After SIGHUP, where ``reread`` tells how the config is read: the new config, with which to serve again.

    Raises ``RightHeld`` when another daemon works on the same database and we are no standby, ``DatabaseGone``,
    ``ConfigError``, and what ``Embedded`` raises.
    """
    clock, notifier = SteadyClock(wall), Notifier()
    list_key = do_not_call.key(config.state_dir)
    settings = settings_of(config, list_key.secret)
    ari_password = secret(config.ari, "ari")
    ami_password = secret(config.ami, "ami")
    stopping, draining, rereading = _on(signal.SIGTERM, signal.SIGINT), _on(signal.SIGUSR1), _on(signal.SIGHUP)
    reload = Reload(reread or (lambda: config))
    async with AsyncExitStack() as stack:
        stack.enter_context(pid_file(config.state_dir))
        engine = await stack.enter_async_context(_database(config, stopping))
        if stopping.is_set():
            return 0
        right = Right(engine)
        if config.database.standby:
            notifier.ready("standby: another callbackd is at work")
            log.info("standby", why="waits for the right to dial")
        with starting():
            if not config.database.standby:
                await right.take()
            elif not await right.take_when_free(stopping):
                return 0
        reached(Step.RIGHT_TAKEN)
        stack.push_async_callback(right.give_up)

        entropy = os.urandom(16)
        acd = Acd(settings, Mint(entropy))
        watermark = Watermark(config.state_dir)
        journal = Journal(engine, right, watermark.stored)
        ami_decode = AmiDecode()
        address = AriAddress(config.ari.url, config.ari.user, ari_password, config.ari.app)

        # Each half of a pair needs the other: the loop puts into the outbox, what comes of it is posted to the loop.
        figures = Figures(settings)
        watching: list[Watch] = [figures, *([Recorder(config.log.record, entropy)] if config.log.record else [])]
        runner = Runner(acd, journal, lambda act: outbox.put(act), lambda: round(clock(), 6), watching)
        recovery = Recovery(
            AriDecode(),
            lambda: resync(ari.api, config.ari.app),
            runner.post,
            notifier,
            acd.differences,
            lambda: fetch_back.begin(),
            acd.broken_laws,
        )
        ari = await stack.enter_async_context(Ari(address, recovery.on_event, recovery.on_link, WANTED))
        renderer = Renderer(prompt_settings(config), _unspoken)
        outbox = Outbox(Perform(ari, renderer.media, settings.dialling, EventLog(config.ari.event_log)), runner.post)

        def from_ami(fields: dict[str, object]) -> None:
            if event := ami_decode(fields):
                runner.post(event)

        ami = Ami(
            AmiAddress(config.ami.host, config.ami.port, config.ami.user, ami_password), from_ami, lambda *_: None
        )
        fetch_back = FetchBack(lambda: stranded(ari.api, settings.dead_man.fallback_context, settings.queues), ami)

        with starting():
            rows, now = await open_rows(engine), clock()
        do_not_call.warn_if_useless(rows, list_key)
        mended = acd.restore(rows, now, right.epoch)
        report_laws(acd.broken_laws)
        figures.take_up(rows, mended, now)
        await runner.obey(mended)
        reached(Step.RESTORED)
        with starting():
            missing = await watermark.missing(engine)
        if missing:
            hold(runner.post, missing, watermark.path)
        runner.post(PbxLost("not connected yet"))
        moved = {"loop": lambda: runner.moved_at, "reader": lambda: ari.moved_at, "journal": lambda: journal.moved_at}

        def poke() -> None:
            runner.post(TimePassed())
            poking.append(asyncio.create_task(ari.poke()))
            del poking[:-4]

        poking: list[asyncio.Task[None]] = []
        tasks = [
            asyncio.create_task(runner.run(), name="runner"),
            asyncio.create_task(journal.keep(runner.post), name="journal"),
            asyncio.create_task(ari.run(), name="ari"),
            asyncio.create_task(recovery.replaced.wait(), name="replaced"),
            asyncio.create_task(recovery.compare(), name="compare"),
            asyncio.create_task(stopping.wait(), name="stopping"),
            asyncio.create_task(reload.wanted(rereading), name="reload"),
            asyncio.create_task(drained(draining, runner.post, acd.in_flight), name="drained"),
            asyncio.create_task(Watchdog(notifier, moved, poke).run(), name="watchdog"),
            asyncio.create_task(keep_telling(notifier, lambda: _doing(acd)), name="status"),
        ]
        if config.ami.enabled:
            tasks.append(asyncio.create_task(ami.run(), name="ami"))
        if config.fallback.take_over:
            tasks.append(asyncio.create_task(fetch_back.run(), name="fetch back"))
        log.info("started", queues=len(settings.queues), agents=len(settings.agents), epoch=right.epoch)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done() and not task.cancelled() and task.exception():
                    raise task.exception() or AssertionError
        finally:
            if reload.config:
                notifier.reloading()
            else:
                notifier.stopping()
            listening = [task for task in tasks if task.get_name() in {"ari", "replaced"}]
            await _end([task for task in tasks if task not in listening])
            await journal.close()
            await outbox.drain(_LAST_WORDS_S)
            if draining.is_set():
                await hand_over(right, recovery.replaced)
            await _end(listening)
        log.info("stopped", replaced=recovery.replaced.is_set(), to_reload=reload.config is not None)
        if reload.config and not stopping.is_set() and not recovery.replaced.is_set():
            return reload.config
        return REPLACED if recovery.replaced.is_set() and not draining.is_set() else 0


@asynccontextmanager
async def _database(config: Config, stopping: asyncio.Event) -> AsyncIterator[AsyncEngine]:
    """The database, started if it is ours, waited for if it is the operator's, and with the tables of this version."""
    async with AsyncExitStack() as stack:
        if config.database.url == "embedded":
            embedded = await stack.enter_async_context(Embedded(config.state_dir))
            keeping = asyncio.create_task(embedded.keep(), name="embedded")
            stack.callback(keeping.cancel)
            url = embedded.url
        else:
            url = normalise(config.database.url)
        engine = engine_for(url)
        stack.push_async_callback(engine.dispose)
        said = ""
        while (why := await answers(engine)) and not stopping.is_set():
            if why != said:
                log.warning("database_waiting", why=f"no PostgreSQL: {why}; waiting for it, see [database] url")
                said = why
            with suppress(TimeoutError):
                async with asyncio.timeout(_DATABASE_AGAIN_S):
                    await stopping.wait()
        if not stopping.is_set():
            with starting():
                await upgrade(engine)
        yield engine


class DatabaseGone(Exception):
    """It answered, and died before its rows were read. Nothing was begun: start again."""


@contextmanager
def starting() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, ConnectionError, TimeoutError) as trouble:
        raise DatabaseGone(f"PostgreSQL went away while we were starting: {in_words(trouble)}") from trouble


def _doing(acd: Acd) -> str:
    """For ``systemctl status``. Tasks come and go with the calls; more and more of them are a leak."""
    waiting, promises = acd.open_lives()
    return f"{waiting} waiting, {promises} promises, {len(asyncio.all_tasks())} tasks"


def _unspoken(what: Unspoken) -> None:
    log.error("not_spoken", language=what.language, what=what.what, reason=f"{what.reason}; callbackd prompts build")


def _on(*numbers: signal.Signals) -> asyncio.Event:
    came, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in numbers:
        loop.add_signal_handler(number, came.set)
    return came


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

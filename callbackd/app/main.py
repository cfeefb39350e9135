"""From a config to a daemon at work, and to the way it ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import structlog

from callbackd.app.clock import SteadyClock
from callbackd.app.database import database, starting
from callbackd.app.ends import Asked, Reloaded, Replaced
from callbackd.app.given import Given
from callbackd.app.handover import pid_file
from callbackd.app.notify import Notifier
from callbackd.app.reload import Reload
from callbackd.app.wire import wire
from callbackd.ari.client import Ari
from callbackd.ari.decode import WANTED
from callbackd.config.sections import Config
from callbackd.db.right import Right
from callbackd.protocol import Step, reached

REPLACED = 4
"""Exit status when another daemon has taken the ARI application: a service manager must not start us again at once."""

log = structlog.get_logger("callbackd")


async def serve(
    config: Config, wall: Callable[[], float] = time.time, reread: Callable[[], Config] | None = None
) -> int | Config:
    """The exit status: 0 after SIGTERM or SIGINT, and when drained after SIGUSR1; 4 when another daemon took over.

    After SIGHUP, if ``reread`` is given to read the config again: the new config, with which to serve again.

    Raises ``RightHeld`` when another daemon works on the same database and we are not a standby, ``DatabaseGone``,
    ``ConfigError``, and what ``Embedded`` raises.
    """
    clock, notifier = SteadyClock(wall), Notifier()
    given = Given.by(config)
    asked, reload = Asked(), Reload(reread or (lambda: config))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(pid_file(config.state_dir))
        opened = await stack.enter_async_context(database(config, asked.stop))
        if asked.stop.is_set():
            return 0
        right = Right(opened.engine)
        if not await _taken(right, notifier, asked.stop, standby=config.database.standby):
            return 0
        reached(Step.RIGHT_TAKEN)
        stack.push_async_callback(right.give_up)
        ari = await stack.enter_async_context(Ari(given.ari, WANTED))
        daemon = wire(given, opened, right, ari, asked=asked, reload=reload, notifier=notifier, clock=clock)
        end = await daemon.run()
    if isinstance(end, Reloaded):
        return end.config
    return REPLACED if isinstance(end, Replaced) else 0


async def _taken(right: Right, notifier: Notifier, stopping: asyncio.Event, *, standby: bool) -> bool:
    """Whether we have the right to dial; False when a standby was stopped before it got it. Raises ``RightHeld`` and
    ``DatabaseGone``."""
    if standby:
        notifier.ready("standby: another callbackd is at work")
        log.info("standby", why="waits for the right to dial")
    with starting():
        if standby:
            return await right.take_when_free(stopping)
        await right.take()
    return True

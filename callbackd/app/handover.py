"""How one daemon gives way to the next: the pid that is told to, the drain, and the moment between two.

A drain stops dialling and waits for what is under way. Then the right to dial is given up while the event stream stays
open: whoever calls in that moment stands in our application with the dialplan's music, and the next daemon, which takes
the application over, finds them. Without a next one nothing is lost either, the dialplan tries for ten seconds.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from callbackd.db.right import Right
from callbackd.domain.events import DrainBegan, Event, SwitchTurned

log = structlog.get_logger("callbackd")

DRAIN_S = 60.0
"""A call to a customer is over, or a conversation, within this time."""
_NEXT_S = 3.0
"""A standby takes over within this time."""


@contextmanager
def pid_file(state_dir: Path) -> Iterator[None]:
    """Where the command line finds the daemon of this ``state_dir``."""
    path = state_dir / "callbackd.pid"
    path.write_text(f"{os.getpid()}\n")
    try:
        yield
    finally:
        with suppress(OSError):
            if path.read_text().strip() == str(os.getpid()):
                path.unlink()


def running(state_dir: Path) -> int | None:
    """The pid of the daemon that works for this ``state_dir``, None when there is none."""
    with suppress(OSError, ValueError):
        pid = int((state_dir / "callbackd.pid").read_text())
        if b"callbackd" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    return None


async def drained(asked: asyncio.Event, post: Callable[[Event], None], in_flight: Callable[[], int]) -> None:
    """Returns when a drain was asked for and nobody is being dialled any more, or the time for that is over."""
    await asked.wait()
    post(DrainBegan())
    until = asyncio.get_running_loop().time() + DRAIN_S
    await asyncio.sleep(0.1)
    while in_flight() and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110 - the domain tells nobody
        await asyncio.sleep(0.1)
    log.info("drained", in_flight=in_flight())


async def hand_over(right: Right, replaced: asyncio.Event) -> None:
    await right.give_up()
    with suppress(TimeoutError):
        async with asyncio.timeout(_NEXT_S):
            await replaced.wait()
    log.info("handed over" if replaced.is_set() else "nobody took over")


def hold(post: Callable[[Event], None], missing: Sequence[str], path: Path) -> None:
    """The database is older than what was done: nobody is dialled before somebody has looked."""
    post(SwitchTurned("dialling", False))
    log.error(
        "database_older",
        missing=", ".join(missing),
        why=f"an old backup, it seems: nobody is dialled. Close what was kept meanwhile, remove {path}, start again",
    )

"""How one daemon gives way to the next: the pid that is told to, the drain, and the moment between two.

A drain stops dialling and waits for what is under way. Then the right to dial is given up while the event stream stays
open: whoever calls in that moment stands in our application with the dialplan's music, and the next daemon, which takes
the application over, finds them. Without a next one nothing is lost either, the dialplan tries for ten seconds.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog

from callbackd import private
from callbackd.db.right import Right
from callbackd.domain.events import DrainBegan, Event, SwitchTurned

log = structlog.get_logger("callbackd")

DRAIN_S = 60.0
"""A call to a customer is over, or a conversation, within this time."""
_PID_FILE = "callbackd.pid"
_TAKE_AGAIN_S = 0.2
_NEXT_S = 3.0
"""A standby takes over within this time."""


@asynccontextmanager
async def pid_file(state_dir: Path) -> AsyncIterator[None]:
    """Where the command line finds the daemon of this ``state_dir``: who holds its lock has written its pid there.

    A second daemon of the same directory, a standby, has it when the first one ends.
    """
    private.directory(state_dir)
    path = state_dir / _PID_FILE
    held: list[int] = []

    async def insist() -> None:
        while not held:
            await asyncio.sleep(_TAKE_AGAIN_S)
            held.extend(_taken(path))

    held.extend(_taken(path))
    insisting = asyncio.create_task(insist(), name="pid file")
    try:
        yield
    finally:
        insisting.cancel()
        await asyncio.gather(insisting, return_exceptions=True)
        for descriptor in held:
            path.unlink(missing_ok=True)
            os.close(descriptor)  # and with it goes the lock, as it does when the process is killed


def _taken(path: Path) -> list[int]:
    """The descriptor that holds the lock, if nobody else had it."""
    descriptor = private.open_or_make(path)
    with suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.lstat()):  # else its last holder has just taken it away
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            return [descriptor]
    os.close(descriptor)
    return []


def running(state_dir: Path) -> int | None:
    """The pid of the daemon that works for this ``state_dir``, None when there is none.

    What stands in the file counts only while the lock is held: a pid is given away again, and so is a command line.
    """
    with suppress(OSError, ValueError):
        descriptor = os.open(state_dir / _PID_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(os.pread(descriptor, 20, 0))
        finally:
            os.close(descriptor)
    return None


def tell(state_dir: Path, number: signal.Signals) -> int | None:
    """Signal the daemon of this ``state_dir``; its pid, None when there is none.

    The process is held on to before the lock is looked at again, so that the signal reaches no later one of that pid.
    """
    pid = running(state_dir)
    if pid is None:
        return None
    with suppress(ProcessLookupError):
        process = os.pidfd_open(pid)
        try:
            if running(state_dir) == pid:
                signal.pidfd_send_signal(process, number)
                return pid
        finally:
            os.close(process)
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


def hold_without_key(post: Callable[[Event], None], why: str) -> None:
    """Whom we may not call cannot be known: nobody is dialled before somebody has looked."""
    post(SwitchTurned("dialling", False, why="the key of the do-not-call list is lost"))
    log.error("do_not_call_key_lost", why=f"nobody is dialled: {why}")


def hold(post: Callable[[Event], None], missing: Sequence[str], path: Path) -> None:
    """The database is older than what was done: nobody is dialled before somebody has looked."""
    post(SwitchTurned("dialling", False, why="the database is older than what was done"))
    log.error(
        "database_older",
        missing=", ".join(missing),
        why=f"an old backup, it seems: nobody is dialled. Close what was kept meanwhile, remove {path}, start again",
    )

"""How one daemon gives way to the next: the pid file, the drain, and the moment between the two.

A drain stops dialling and waits for what is under way. Then the right to dial is given up while the event stream stays
open: people who call in that moment stay in our application with the dialplan's music, and the next daemon, which takes
the application over, finds them. If there is no next one, nothing is lost either: the dialplan tries for ten seconds.
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
"""A call to a customer, or a conversation, is usually over within this time; a drain waits no longer."""
_PID_FILE = "callbackd.pid"
_TAKE_AGAIN_S = 0.2
_NEXT_S = 3.0
"""A standby takes over within this time."""


@asynccontextmanager
async def pid_file(state_dir: Path) -> AsyncIterator[None]:
    """Keep the file by which the command line finds the daemon of this ``state_dir``: its lock's holder wrote the pid.

    A second daemon of the same directory, a standby, gets the lock when the first one ends.
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
            os.close(descriptor)  # this releases the lock, as killing the process does


def _taken(path: Path) -> list[int]:
    """The descriptor that holds the lock; empty when another process has it."""
    descriptor = private.open_or_make(path)
    with suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(descriptor), path.lstat()):  # else its last holder has just removed it
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            return [descriptor]
    os.close(descriptor)
    return []


def running(state_dir: Path) -> int | None:
    """The pid of the daemon that works for this ``state_dir``, None when there is none.

    The file counts only while its lock is held: another process may get the same pid, and the same command line.
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
    """The pid of the daemon of this ``state_dir``, which is sent the signal; None when there is none.

    A handle on the process is taken before the lock is checked again, so that the signal cannot reach a later process
    with the same pid.
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
    """Return when a drain was asked for and nobody is being dialled any more, or ``DRAIN_S`` after it was asked for."""
    await asked.wait()
    post(DrainBegan())
    until = asyncio.get_running_loop().time() + DRAIN_S
    await asyncio.sleep(0.1)
    while in_flight() and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110 - the domain wakes nobody
        await asyncio.sleep(0.1)
    log.info("drained", in_flight=in_flight())


async def hand_over(right: Right, replaced: asyncio.Event) -> None:
    await right.give_up()
    with suppress(TimeoutError):
        async with asyncio.timeout(_NEXT_S):
            await replaced.wait()
    log.info("handed over" if replaced.is_set() else "nobody took over")


def hold_without_key(post: Callable[[Event], None], why: str) -> None:
    """Stop dialling until an operator has looked: without the key we cannot know whom we may not call."""
    post(SwitchTurned("dialling", False, why="the key of the do-not-call list is lost"))
    log.error("do_not_call_key_lost", why=f"nobody is dialled: {why}")


def hold(post: Callable[[Event], None], missing: Sequence[str], path: Path) -> None:
    """Stop dialling until an operator has looked: the database is older than what was done."""
    post(SwitchTurned("dialling", False, why="the database is older than what was done"))
    log.error(
        "database_older",
        missing=", ".join(missing),
        why=f"probably an old backup: nobody is dialled. Close what was kept meanwhile, remove {path}, start again",
    )

"""A Python program without its start-up: forked from a process that has already imported its modules.

Importing callbackd takes more processor time than the call that most tests make with it, and each test has its own
daemon. The forked process runs the same modules with its own arguments, environment, output and session, and ends with
the process that asked for it.
"""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

_PRELOADED = [
    "callbackd.cli.main",
    "sqlalchemy.dialects.postgresql.psycopg",
    "alembic.command",
]
_SET_DEATH_SIGNAL = 1
"""The option of prctl for the signal that is sent when the parent ends."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(_PRELOADED)


class Forked:
    """The part of ``asyncio.subprocess.Process`` that a ``Daemon`` uses."""

    def __init__(self, process: multiprocessing.context.ForkServerProcess, stdout: asyncio.StreamReader) -> None:
        assert process.pid is not None
        self.pid: int = process.pid
        self.returncode: int | None = None
        self.stdout: asyncio.StreamReader | None = stdout
        self._process = process
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(process.sentinel, self._on_end)

    @classmethod
    async def start(cls, *arguments: str, cwd: Path, env: Mapping[str, str]) -> Forked:
        """A process as of ``python -m`` with these arguments, of which the first is the module's name."""
        heard, said = _context.Pipe(duplex=False)
        process = _context.Process(target=_become, args=(arguments, str(cwd), dict(env), said), daemon=True)
        # In a thread: the first time it waits for the imports, and the phones must keep listening meanwhile.
        await asyncio.to_thread(process.start)
        said.close()
        stdout = asyncio.StreamReader(limit=2**20)
        pipe = os.fdopen(os.dup(heard.fileno()), "rb")
        heard.close()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdout), pipe)
        return cls(process, stdout)

    def _on_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._process.join()
        self.returncode = self._process.exitcode
        self._process.close()
        self._ended.set()

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _become(arguments: Sequence[str], cwd: str, env: Mapping[str, str], said: Connection) -> None:
    """In the forked process: keep only the imported modules of the process it was forked from."""
    os.setsid()
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGTERM)
    os.dup2(said.fileno(), 1)
    os.dup2(said.fileno(), 2)
    said.close()
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", buffering=1, closefd=False)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = list(arguments)
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)

"""Which process may be signalled: the one that holds the lock, no matter what a file or a command line holds."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from callbackd.app.handover import pid_file, running, tell

HOLDS = """
import asyncio, pathlib, signal, sys
from callbackd.app.handover import pid_file
async def hold():
    got = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, got.set)
    async with pid_file(pathlib.Path(sys.argv[1])):
        print("holds", flush=True)
        await got.wait()
    print("told", flush=True)
asyncio.run(hold())
"""


class Holder:
    """Another process that works for this state directory."""

    def __init__(self, state: Path) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", HOLDS, str(state)], stdout=subprocess.PIPE, text=True)
        assert self.reads() == "holds"

    def reads(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def dies(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def decoy():
    """A process whose command line looks like a daemon's."""
    process = subprocess.Popen(["bash", "-c", "echo up; sleep 60; : callbackd run"], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()


def test_the_process_that_holds_the_lock_is_signalled(tmp_path: Path) -> None:
    holder = Holder(tmp_path)
    assert running(tmp_path) == holder.process.pid
    assert tell(tmp_path, signal.SIGHUP) == holder.process.pid
    assert holder.reads() == "told"
    assert holder.process.wait(5) == 0
    assert running(tmp_path) is None


def test_a_pid_left_behind_is_nobodys_however_its_command_line_looks(tmp_path: Path, decoy) -> None:
    (tmp_path / "callbackd.pid").write_text(f"{decoy.pid}\n")
    assert b"callbackd" in Path(f"/proc/{decoy.pid}/cmdline").read_bytes()
    assert running(tmp_path) is None
    assert tell(tmp_path, signal.SIGTERM) is None
    assert decoy.poll() is None


def test_a_killed_daemon_no_longer_holds_the_lock(tmp_path: Path) -> None:
    holder = Holder(tmp_path)
    holder.dies()
    assert (tmp_path / "callbackd.pid").read_text() == f"{holder.process.pid}\n"
    assert running(tmp_path) is None


@pytest.mark.parametrize("text", ["", "x\n", "-1\n", "1\n2\n"])
def test_without_a_file_or_with_nonsense_in_it_there_is_nobody(tmp_path: Path, text: str) -> None:
    assert running(tmp_path) is None
    (tmp_path / "callbackd.pid").write_text(text)
    assert running(tmp_path) is None


async def test_a_second_daemon_gets_the_pid_file_when_the_first_ends(tmp_path: Path) -> None:
    holder = Holder(tmp_path)
    async with pid_file(tmp_path):
        assert await asyncio.to_thread(running, tmp_path) == holder.process.pid
        holder.dies()
        async with asyncio.timeout(5):
            while running(tmp_path) != os.getpid():
                await asyncio.sleep(0.05)
    assert running(tmp_path) is None


async def test_a_link_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "callbackd.pid").symlink_to(precious)
    with pytest.raises(OSError, match="symbolic links"):
        async with pid_file(tmp_path):
            pass
    assert precious.read_text() == "precious"
    assert running(tmp_path) is None

"""What a killed test run leaves behind is swept, and nothing else: not what another process holds, wherever it runs."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.owned import Owned
from lab.postgres import Postgres, place, processes, signal_all, sweep

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "callbackd-test-database-"

HOLD = """
import subprocess, sys
from pathlib import Path
from lab.owned import Owned
owned = Owned.new(Path(sys.argv[1]), sys.argv[2])
(owned.path / "content").write_text("rows")
child = subprocess.Popen(["sleep", "600"])
print(owned.path, child.pid, flush=True)
sys.stdin.read()
"""

SERVE = """
import asyncio, sys
from pathlib import Path
from lab.postgres import Postgres
async def main():
    postgres = Postgres(Path(sys.argv[1]))
    await postgres.start()
    print(postgres.state_dir, postgres.embedded.pid, flush=True)
    await asyncio.to_thread(sys.stdin.read)
asyncio.run(main())
"""


@contextmanager
def another(program: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Path, int]]:
    """A process that owns a directory: itself, the directory, and the pid of a child of its own."""
    command = [sys.executable, "-c", program, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        while not (said := process.stdout.readline()).startswith("/"):  # the rest is its log
            assert said, "it ended"
        path, child = said.split()
        yield process, Path(path), int(child)
    finally:
        process.kill()
        process.communicate()


def swept(where: Path) -> list[Path]:
    gone = []
    for orphan in Owned.orphans(where, PREFIX):
        orphan.remove()
        gone.append(orphan.path)
    return gone


def test_a_directory_that_another_process_holds_stays_until_that_is_killed(tmp_path):
    with another(HOLD, str(tmp_path), PREFIX) as (process, path, child):
        assert swept(tmp_path) == []
        assert (path / "content").exists()
        process.kill()
        process.wait()
        try:
            assert swept(tmp_path) == [path], "what it started may live on, as its server does"
        finally:
            os.kill(child, 9)
    assert list(tmp_path.iterdir()) == [], "not even the lock is left"


def test_our_own_directory_stays_until_it_is_let_go(tmp_path):
    held, left = Owned.new(tmp_path, PREFIX), Owned.new(tmp_path, PREFIX)
    left.let_go()
    assert swept(tmp_path) == [left.path]
    assert held.path.is_dir()
    held.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_being_swept_belongs_to_the_sweeper(tmp_path):
    Owned.new(tmp_path, PREFIX).let_go()
    for orphan in Owned.orphans(tmp_path, PREFIX):
        assert swept(tmp_path) == []
        orphan.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_removal_that_was_cut_short_is_finished(tmp_path):
    left = Owned.new(tmp_path, PREFIX)
    left.path.rmdir()
    left.let_go()
    assert swept(tmp_path) == [left.path]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["callbackd-test-database-", "callbackd-test-database-1 2", "callbackd-test-x", "x"])
def test_directories_not_named_like_ours_are_not_touched(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / f"{name}.lock").touch()
    assert swept(tmp_path) == []
    assert (tmp_path / name).is_dir()


def runs(pid: int) -> bool:
    """One that has ended and was not waited for has no program any more."""
    return Path(f"/proc/{pid}/exe").exists()


@pytest.fixture
def yard() -> Iterator[Path]:
    """Not ``tmp_path``, whose parents are closed to the server's user when we are root."""
    owned = Owned.new(place(), "callbackd-test-yard-")
    owned.path.chmod(0o755)
    yield owned.path
    owned.remove()


@pytest.mark.postgres
async def test_the_server_of_a_killed_run_is_ended_by_the_next_one(yard):
    with another(SERVE, str(yard)) as (process, path, server):
        async with Postgres(yard):
            assert path.is_dir()
            assert runs(server)
        process.kill()
        await asyncio.to_thread(process.wait)
        assert runs(server), "it outlives who started it"
        async with Postgres(yard):
            assert not path.exists()
            assert not runs(server)
    assert list(yard.iterdir()) == []


@pytest.mark.postgres
@pytest.mark.parametrize("server_killed", [False, True], ids=["stopped", "stopped sessions of a killed server"])
async def test_a_stopped_server_does_not_hold_up_the_next_run(yard, server_killed):
    with another(SERVE, str(yard)) as (process, path, server):
        signal_all(path, signal.SIGSTOP)
        left = processes(path)
        assert server in left
        assert len(left) > 1, "the server has processes of its own"
        if server_killed:
            os.kill(server, signal.SIGKILL)
        process.kill()
        await asyncio.to_thread(process.wait)
        async with asyncio.timeout(5):
            await sweep(yard)
        assert not any(map(runs, left))
    assert list(yard.iterdir()) == []

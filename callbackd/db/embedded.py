"""``database.url = "embedded"``: a private PostgreSQL under callbackd's state directory.

The state directory then holds::

    callbackd.lock            held by the one daemon of this directory, with its pid
    postgresql/data           the database, of the server's user only
    postgresql/run            its socket; a private directory in /tmp when this path is too long for one (107 bytes)
    postgresql/server.log     what the server logs

The server listens only on that socket, not on TCP, and admits people by their system user (peer): root, the daemon's
and its own. There is no password to lose. It never runs as root: a root daemon runs it as ``postgres``, else
``nobody``.

The server is in a session of its own: Ctrl-C reaches only the daemon, which stops the server last. It outlives a killed
daemon, and the next start adopts it. ``died`` notices a killed server, and ``keep`` brings it back. Under systemd use
``KillMode=mixed``, or the server is told to stop at the same time as the daemon, which is still writing.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import pwd
import re
import select
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

import psycopg
import structlog
from sqlalchemy.engine import URL

from callbackd import private
from callbackd.db import binaries
from callbackd.db.account import Account, NoAccount

NAME = "callbackd"
"""The name of the role and of the database."""

_PORT = 5432
_SOCKET_BYTES = 107
_START_S = 120.0
"""Crash recovery replays the log before the server is ready, which can take longer than pg_ctl's 60 s."""
_REFUSED_S = 10.0
_FAST_STOP_S = 30.0
_LOOK_EVERY_S = 0.01
_LOG_BYTES = 10_000_000
_ORPHANS = "pre-existing shared memory block"
"""PostgreSQL reports this while sessions of a killed server still run; they notice its death and end."""

log = structlog.get_logger("database")


class EmbeddedError(Exception):
    """The private PostgreSQL cannot run. The message names the reason and the way out."""


class StateDirectoryInUse(EmbeddedError):
    """Another daemon has this state directory; ``pid`` is 0 if it did not write one down."""

    def __init__(self, state_dir: Path, pid: int) -> None:
        self.pid = pid
        holder = f"process {pid}" if pid else "another process"
        super().__init__(f"{state_dir} is in use by {holder}: stop that callbackd, or give this one its own state_dir")


class Embedded:
    """One state directory's PostgreSQL. ``async with Embedded(path) as database`` starts and stops it."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir.resolve()
        self.home = self.state_dir / "postgresql"
        self.data = self.home / "data"
        self.log_file = self.home / "server.log"
        self.pid: int | None = None
        """The server's pid; None before the start and after the stop."""
        self._turn = asyncio.Lock()
        self._wanted = False
        self._lock: int | None = None
        self._pidfd: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._log_from = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The URL for SQLAlchemy with psycopg. It stays the same as long as the state directory is not moved."""
        where = {"host": str(self._socket_dir()), "port": str(_PORT)}
        return URL.create("postgresql+psycopg", NAME, database=NAME, query=where).render_as_string()

    async def start(self) -> str:
        """``url``, once the server runs and has our database. May be called again at any time.

        Raises ``StateDirectoryInUse`` at once, and ``EmbeddedError`` with the server's last words for everything else.
        A first start that fails, or is cancelled, leaves nothing running and the directory free.
        """
        async with self._turn:
            first = self._lock is None
            try:
                await self._ensure()
            except BaseException:
                if first:
                    await self._shut_down()
                raise
            self._wanted = True
        return self.url

    async def stop(self) -> None:
        """End the server, cutting off all connections, and free the state directory. May be called again."""
        async with self._turn:
            await self._shut_down()

    async def died(self) -> None:
        """Wait until the server that was started or adopted has ended; returns at once if there is none."""
        if self._pidfd is not None:
            await _end_of(self._pidfd)

    async def keep(self) -> None:
        """Bring the server back whenever it dies, until ``stop`` or cancelled. Run it as a task after ``start``."""
        pause_s = 0.0
        while True:
            await self.died()
            await asyncio.sleep(pause_s)
            async with self._turn:
                if not self._wanted:
                    return
                log.error("PostgreSQL died", last_words=self._last_words())
                try:
                    await self._ensure()
                    pause_s = 0.0
                except EmbeddedError as error:
                    pause_s = min(2 * pause_s + 1, 30.0)
                    log.error("PostgreSQL does not come back", why=str(error), again_in_s=pause_s)

    # What follows runs under ``_turn``, its slow parts in a thread.

    async def _ensure(self) -> None:
        """Bring the server up with our database in it. If it dies meanwhile it is started again; if it is recovering
        from a crash, we wait for it."""
        loop = asyncio.get_running_loop()
        try:
            await _in_thread(self._prepare)
            until = loop.time() + _REFUSED_S
            while True:
                await self._bring_up()
                try:
                    return await self._make_database()
                except psycopg.Error as error:
                    if loop.time() > until:
                        raise EmbeddedError(f"PostgreSQL runs but refuses us: {error}; see {self.log_file}") from error
                await asyncio.sleep(_LOOK_EVERY_S)
        except OSError as error:
            raise EmbeddedError(f"the private PostgreSQL cannot be set up: {error}{_advice(str(error))}") from error

    def _prepare(self) -> None:
        """Take the lock, make the directories, and at the first start the database files."""
        private.directory(self.state_dir)
        if self._lock is None:
            self._lock = _hold(self.state_dir)
        try:
            self._account = Account.of(self.data)
        except NoAccount as error:
            raise EmbeddedError(str(error)) from error
        # Owned by root, so that the server's user cannot swap anything in it for a link.
        with suppress(FileExistsError):
            self.home.mkdir()
            self.home.chmod(0o711)
        self._let_in()
        _private(self._socket_dir(), self._account)
        made_by = self.data / "PG_VERSION"
        major = int(made_by.read_text()) if made_by.exists() else None
        try:
            self._programs = binaries.find(self._account.obstacle, major)
        except binaries.NoBinaries as error:
            raise EmbeddedError(str(error)) from error
        if major is None:
            self._initialise()
        self._write_access()

    def _let_in(self) -> None:
        """Let the server's user reach ``home``. We may open the state directory a little for that, not its parents."""
        account = self._account
        if account.obstacle(self.home) == self.state_dir:
            now = self.state_dir.stat()
            if os.geteuid() == now.st_uid == 0 and not now.st_mode & stat.S_IRWXG:
                os.chown(self.state_dir, -1, account.gid)
                self.state_dir.chmod(stat.S_IMODE(now.st_mode) | stat.S_IXGRP)
        if wall := account.obstacle(self.home):
            raise EmbeddedError(
                f"user {account.name}, as which PostgreSQL runs, may not enter {wall}: allow it (chmod o+x {wall}), "
                f"put state_dir elsewhere (/var/lib/callbackd), or run callbackd as an ordinary user"
            )

    def _initialise(self) -> None:
        """Make the database files, under another name first: a start that is killed here leaves no half-made
        database."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        _private(fresh, self._account)
        options = ["--encoding=UTF8", "--locale=C", "--data-checksums", "--auth=peer", f"--username={NAME}"]
        done = self._account.run(self._programs["initdb"], *options, "--pgdata", fresh)
        if done.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            words = _tail(done.stdout + done.stderr)
            raise EmbeddedError(f"PostgreSQL's initdb failed in {self.home}:\n{words}{_advice(words)}")
        fresh.rename(self.data)
        log.info("database files made", directory=str(self.data), postgresql=self._programs.major)

    def _write_access(self) -> None:
        """Write down who may connect. Done at each start, as the daemon's user may change."""
        known = {"root", self._account.name, pwd.getpwuid(os.geteuid()).pw_name}
        rule = f"local all {NAME} peer map={NAME}\n"
        people = "".join(f'{NAME} "{name}" {NAME}\n' for name in sorted(known))
        for file, text in (("hba.conf", rule), ("ident.conf", people)):
            written = self.home / f"{file}.new"
            written.write_text(text)
            written.chmod(0o644)
            written.replace(self.home / file)

    async def _bring_up(self) -> None:
        """Adopt the server that is running here, else start one; returns when it accepts connections."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _START_S
        if self._has_ended():
            self._detach()
        if self._child and self._child.poll() is not None:
            self._child = None
        while not self._attach():
            if self._child and self._child.poll() is not None:
                self._child = None
                words = self._last_words()
                if _ORPHANS not in words or loop.time() > until:
                    raise EmbeddedError(
                        f"PostgreSQL did not start, {self.log_file} ends with:\n{words}{_advice(words)}"
                    )
            if self._child is None and self._found() is None:
                await _in_thread(self._spawn)
            if loop.time() > until:
                raise EmbeddedError(f"PostgreSQL is not ready after {_START_S:.0f} s, see {self.log_file}")
            await asyncio.sleep(_LOOK_EVERY_S)

    def _attach(self) -> bool:
        """Whether a server is ready; if so, it is watched from now on."""
        found = self._found()
        if found is None or found[1] != "ready":
            return False
        if self.pid == found[0] and self._pidfd is not None:
            return True
        self._detach()
        try:
            self._pidfd = os.pidfd_open(found[0])
        except ProcessLookupError:
            return False
        if self._found() != found:
            return False
        self.pid = found[0]
        adopted = self._child is None or self._child.pid != self.pid
        log.info("PostgreSQL runs", pid=self.pid, adopted=adopted, user=self._account.name)
        return True

    def _found(self) -> tuple[int, str] | None:
        """Pid and status of the server of our data; None when there is none.

        The pid file outlives a killed server, and its number may be another process's now: owner and command line
        decide.
        """
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            process = Path("/proc") / str(int(lines[0]))
            owner, command = process.stat().st_uid, (process / "cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError, IndexError):
            return None
        if owner != self._account.uid or os.fsencode(self.data) not in map(os.path.normpath, command):
            return None
        return int(process.name), lines[7].strip() if len(lines) > 7 else "starting"

    def _spawn(self) -> None:
        self._clear_leftovers()
        settings = {
            "hba_file": self.home / "hba.conf",
            "ident_file": self.home / "ident.conf",
            "unix_socket_directories": self._socket_dir(),
            "listen_addresses": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        command = [self._programs["postgres"], "-D", str(self.data), "-p", str(_PORT)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        if self.log_file.exists() and self.log_file.stat().st_size > _LOG_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        self.log_file.touch(mode=0o600)
        with self.log_file.open("ab") as log_file:
            self._log_from = log_file.tell()
            become = self._account.become()
            self._child = subprocess.Popen(command, stdout=log_file, stderr=log_file, **become)  # noqa: S603 - no shell, no input

    def _clear_leftovers(self) -> None:
        """Make a killed server's lock files harmless. After a reboot, or in a container, their pid may belong to
        another living process of the same user, and PostgreSQL would refuse to start. It accepts the pid of its parent,
        which is us. The rest of the file stays: by it, PostgreSQL recognises sessions that are still running.
        """
        with suppress(FileNotFoundError):
            (self._socket_dir() / f".s.PGSQL.{_PORT}.lock").unlink()
        with suppress(FileNotFoundError):
            file = os.open(self.data / "postmaster.pid", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(file, "r+") as pid_file:
                _, *rest = pid_file.read().split("\n")
                pid_file.seek(0)
                pid_file.truncate()
                pid_file.write("\n".join([str(os.getpid()), *rest]))

    async def _make_database(self) -> None:
        where = f"host={self._socket_dir()} port={_PORT} user={NAME} dbname=postgres connect_timeout=10"
        async with await psycopg.AsyncConnection.connect(where, autocommit=True) as admin:
            there = await admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
            if await there.fetchone() is None:
                # Otherwise the details of an error would put telephone numbers into the server's log.
                await admin.execute(f"ALTER ROLE {NAME} SET log_error_verbosity = terse")
                await admin.execute(f"CREATE DATABASE {NAME}")

    async def _shut_down(self) -> None:
        self._wanted = False
        try:
            if self._pidfd is None and self._child and self._child.poll() is None:
                self.pid, self._pidfd = self._child.pid, os.pidfd_open(self._child.pid)
            if self._pidfd is not None:
                await self._end(self._pidfd)
            if self._child:
                self._child.wait()
                self._child = None
        finally:
            self._detach()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    async def _end(self, pidfd: int) -> None:
        """Shut the server down fast. If it hangs it is cut off, and recovers from its log at the next start."""
        for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, request)
            with suppress(TimeoutError):
                await asyncio.wait_for(_end_of(pidfd), _FAST_STOP_S)
                log.info("PostgreSQL stopped", pid=self.pid, by=request.name)
                return

    def _has_ended(self) -> bool:
        """Whether the server that was started or adopted has ended."""
        if self._pidfd is None:
            return False
        ended = select.poll()
        ended.register(self._pidfd, select.POLLIN)
        return bool(ended.poll(0))

    def _detach(self) -> None:
        if self._pidfd is not None:
            os.close(self._pidfd)
        self.pid = self._pidfd = None

    def _socket_dir(self) -> Path:
        """The socket's directory: in ``home`` if the path is short enough and libpq takes it as one, else a directory
        with a short name, always the same."""
        inside = self.home / "run"
        length = len(os.fsencode(inside / f".s.PGSQL.{_PORT}"))
        if length <= _SOCKET_BYTES and re.fullmatch(r"[\w/.+-]+", str(inside), re.ASCII):
            return inside
        short = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path("/tmp") / f"{NAME}-{short}"  # noqa: S108 - see _private

    def _last_words(self) -> str:
        try:
            with self.log_file.open("rb") as file:
                file.seek(self._log_from)
                return _tail(file.read().decode(errors="replace"))
        except OSError as error:
            return str(error)


def _hold(state_dir: Path) -> int:
    """The descriptor that locks a state directory, until it is closed or the process ends, however it ends. Raises
    ``StateDirectoryInUse``."""
    file = private.open_or_make(state_dir / "callbackd.lock")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(file, 20).strip()
        os.close(file)
        raise StateDirectoryInUse(state_dir, int(holder) if holder.isdigit() else 0) from None
    os.ftruncate(file, 0)
    os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
    return file


def _private(directory: Path, account: Account) -> None:
    """Make a directory that only ``account`` may use. A directory that somebody else made first is refused."""
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(directory, account.uid, account.gid)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
        raise EmbeddedError(f"{directory} must be a directory of user {account.name} with mode 0700: remove it")


async def _in_thread(work: Callable[[], None]) -> None:
    """Run ``work`` in a thread. A thread cannot be cancelled, so we wait for its end even when we are: then we know
    what it did, and can undo it."""
    task = asyncio.create_task(asyncio.to_thread(work))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _end_of(pidfd: int) -> None:
    """Wait until that process has ended."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    own = os.dup(pidfd)  # a descriptor can have one reader, but several tasks may wait for one process
    loop.add_reader(own, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(own)
        os.close(own)


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-12:])


def _advice(words: str) -> str:
    if "No space left" in words or "Disk quota" in words:
        return "\nThe disk is full: free some space; PostgreSQL needs about 60 MB to begin with."
    if "Permission denied" in words or "Read-only file system" in words:
        return "\nGive callbackd a state_dir its user may write to, for example /var/lib/callbackd."
    return ""

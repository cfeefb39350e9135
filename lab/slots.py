"""Room for one Asterisk and its phones: a block of ports and a directory that nobody else on this machine uses.

A process takes a slot by locking a file and by holding one port of the block. Both end with the process, however it
ends, so several suites can run side by side, and a killed one leaves nothing to clean up.
"""

import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

HOST = "127.0.0.1"
BLOCK = 1000
"""Ports of a slot: 0-19 servers, 20-99 SIP of the phones, 100-399 RTP of the phones, 400-999 RTP of Asterisk."""


class NoSlot(RuntimeError):
    """Every block of ports is in use."""


class Slot:
    """A block of ports on 127.0.0.1 and an empty directory. Use it as a context manager, or call `close()`."""

    def __init__(self) -> None:
        self._root = Path(tempfile.gettempdir()) / f"callbackd-slots-{os.getuid()}"
        for number, base in enumerate(_bases()):
            if self._take(number, base):
                break
        else:
            raise NoSlot(f"no free block of {BLOCK} ports; the locks are in {self._root}")

    def _take(self, number: int, base: int) -> bool:
        lock = self._locked(number)
        if lock is None:
            return False
        try:
            guard = _bind(socket.SOCK_STREAM, base + 19)
        except OSError:
            self._unlock(lock)
            return False
        if not _all_free(base):
            guard.close()
            self._unlock(lock)
            return False
        self._lock: TextIO = lock
        self._guard = guard
        self.number, self.base = number, base
        self.dir = self._root / str(number)
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(mode=0o755)
        return True

    def _locked(self, number: int) -> TextIO | None:
        """The file of a block, locked; None while somebody else has it."""
        while True:
            self._root.mkdir(mode=0o755, exist_ok=True)
            if self._root.stat().st_uid != os.getuid():
                raise PermissionError(f"{self._root} belongs to somebody else")
            path = self._root / f"{number}.lock"
            try:
                lock = path.open("a")
            except FileNotFoundError:
                continue  # the last owner has just removed the directory
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(lock.fileno()), path.stat()):
                    return lock
            except BlockingIOError:
                lock.close()
                return None
            except FileNotFoundError:
                pass
            lock.close()  # its owner removed it between our opening and locking it

    def _unlock(self, lock: TextIO) -> None:
        """Remove the file while it is locked, and the directory with the last file: nothing stays behind."""
        Path(lock.name).unlink()
        lock.close()
        with suppress(OSError):
            self._root.rmdir()

    @property
    def sip(self) -> int:
        """Asterisk's, UDP."""
        return self.base

    @property
    def ari(self) -> int:
        """Asterisk's HTTP."""
        return self.base + 1

    @property
    def ami(self) -> int:
        return self.base + 2

    @property
    def postgres(self) -> int:
        return self.base + 3

    @property
    def api(self) -> int:
        """The daemon's own HTTP."""
        return self.base + 4

    def spare(self, number: int) -> int:
        """One of ten more ports, 0 to 9, for anything else that a test starts."""
        if not 0 <= number < 10:
            raise ValueError(f"spare ports are 0 to 9, not {number}")
        return self.base + 5 + number

    @property
    def phones_sip(self) -> range:
        """80 ports. `lab.asterisk.Asterisk` decides which phone has which."""
        return range(self.base + 20, self.base + 100)

    @property
    def phones_rtp(self) -> range:
        return range(self.base + 100, self.base + 400)

    @property
    def asterisk_rtp(self) -> range:
        """300 streams."""
        return range(self.base + 400, self.base + BLOCK)

    def close(self, *, keep_dir: bool = False) -> None:
        """Give the slot back, and remove its directory unless ``keep_dir``."""
        if self._lock.closed:
            return
        if not keep_dir:
            shutil.rmtree(self.dir, ignore_errors=True)
        self._guard.close()
        self._unlock(self._lock)

    def __enter__(self) -> "Slot":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _bases() -> Iterator[int]:
    """The first ports of all blocks outside the range that the kernel uses for outgoing connections."""
    words = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    low, high = int(words[0]), int(words[1])
    below = range(10_000, low - BLOCK + 1, BLOCK)
    above = range(high + 1, 65_536 - BLOCK + 1, BLOCK)
    yield from (below or above or range(10_000, 32_000, BLOCK))


def _bind(kind: socket.SocketKind, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, kind)
    try:
        if kind == socket.SOCK_STREAM:
            # As servers do: a closed connection that lingers does not count, a listener does.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
        if kind == socket.SOCK_STREAM:
            bound.listen(1)
    except OSError:
        bound.close()
        raise
    return bound


def _all_free(base: int) -> bool:
    try:
        for port in range(base, base + 19):
            _bind(socket.SOCK_STREAM, port).close()
        for port in range(base, base + BLOCK):
            _bind(socket.SOCK_DGRAM, port).close()
    except OSError:
        return False
    return True

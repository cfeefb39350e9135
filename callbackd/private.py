"""Files that only callbackd may read, never reached through a link.

Another user who may write to the state directory could put a link where one of our files belongs, and have us overwrite
what it leads to. So each file is made new under its own name, no link is followed, and the directory belongs to our
user alone.
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MAY_PASS = stat.S_IXGRP | stat.S_IXOTH


def directory(path: Path) -> None:
    """Make the directory with mode 0700; if it is ours already, take all rights from others except passing through it.

    A private PostgreSQL's user passes through, and so does Asterisk on its way to the prompts that were built below.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.stat()
    if found.st_uid == os.geteuid() and found.st_mode & _OTHERS & ~_MAY_PASS:
        path.chmod(stat.S_IMODE(found.st_mode) & ~(_OTHERS & ~_MAY_PASS))


def let_pass(path: Path) -> None:
    """Let others pass through this directory of ours without seeing what is in it."""
    found = path.stat()
    if found.st_uid == os.geteuid():
        path.chmod(stat.S_IMODE(found.st_mode) | _MAY_PASS)


def read(path: Path) -> bytes:
    """What the file holds. Raises ``OSError``, also for any link."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        return file.read()


def create(path: Path, content: bytes) -> bool:
    """Whether the file was made: False when the name is taken, by a link for example. It is complete or not there at
    all, even if the power fails."""
    name = _written(path, content)
    try:
        os.link(name, path)
        _sync(path.parent)
    except FileExistsError:
        return False
    finally:
        Path(name).unlink()
    return True


def replace(path: Path, content: bytes) -> None:
    """Write the file in place of whatever has that name; a link is replaced, not followed."""
    name = _written(path, content)
    try:
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise


def open_or_make(path: Path) -> int:
    """A descriptor for reading and writing; makes the file if needed. Raises ``OSError`` for a link."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _written(path: Path, content: bytes) -> str:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # O_EXCL, O_NOFOLLOW, mode 0600
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return name


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

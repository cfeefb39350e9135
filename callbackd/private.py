"""Files of callbackd's own: nobody else's to read, and never by way of a link.

Whoever may write to the state directory could put a link where a file of ours is to be, and have us overwrite what it
leads to. So what we make is made anew under its own name, what we read is not followed anywhere, and the directory is
for our user alone.
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
    """Make it, mode 0700, or take from others what they may do in one of ours, but passing through.

    Who passes: a private PostgreSQL's user, and Asterisk on its way to the prompts that were built below.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.stat()
    if found.st_uid == os.geteuid() and found.st_mode & _OTHERS & ~_MAY_PASS:
        path.chmod(stat.S_IMODE(found.st_mode) & ~(_OTHERS & ~_MAY_PASS))


def let_pass(path: Path) -> None:
    """Others may go through this directory of ours, and see nothing in it."""
    found = path.stat()
    if found.st_uid == os.geteuid():
        path.chmod(stat.S_IMODE(found.st_mode) | _MAY_PASS)


def read(path: Path) -> bytes:
    """Raises ``OSError`` for a link, wherever it leads."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        return file.read()


def create(path: Path, content: bytes) -> bool:
    """Whole or not at all, even if the power fails. False when something of that name is there, a link for example."""
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
    """Put it in the place of whatever has that name; a link is replaced, not followed."""
    name = _written(path, content)
    try:
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise


def open_or_make(path: Path) -> int:
    """A descriptor to read and write by; the file is made if it is not there, and is no link."""
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

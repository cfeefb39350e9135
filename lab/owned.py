"""Temporary directories that are known to be orphans once their owner is gone, however it ended.

Each has a lock file beside it, which the owner holds and the kernel releases when the owner ends. A pid in the name
would not do: in another container that shares /dev/shm it is nobody's, or somebody else's.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self


class Owned:
    """A directory of ours at ``path``, until ``remove``. Its lock file is made before it and removed after it."""

    def __init__(self, lock: Path, held: int) -> None:
        """``held`` is the descriptor by which the lock file is locked; use ``new`` or ``orphans``."""
        self.path = lock.with_suffix("")
        self._lock = lock
        self._held = held

    @classmethod
    def new(cls, where: Path, prefix: str) -> Self:
        while True:
            descriptor, name = tempfile.mkstemp(dir=where, prefix=prefix, suffix=".lock")
            os.close(descriptor)
            # Between our making it and locking it, somebody may have taken it for an orphan.
            if (held := _locked(Path(name))) is not None:
                owned = cls(Path(name), held)
                owned.path.mkdir(mode=0o700)
                return owned

    @classmethod
    def orphans(cls, where: Path, prefix: str) -> Iterator[Self]:
        """The directories whose owner is gone; each is ours from then on, to be removed or let go.

        Only directories named exactly as ``new`` names them are considered.
        """
        ours = re.compile(re.escape(prefix) + r"\w+\.lock")
        for lock in sorted(where.iterdir()):
            if ours.fullmatch(lock.name) and (held := _locked(lock)) is not None:
                yield cls(lock, held)

    def remove(self) -> None:
        """Remove it, the lock last, so that the next sweep finishes a removal that is cut short."""
        if self.path.exists():
            shutil.rmtree(self.path)
        self._lock.unlink()
        self.let_go()

    def let_go(self) -> None:
        """Leave it where it is, as an orphan."""
        os.close(self._held)


def _locked(lock: Path) -> int | None:
    """The descriptor that holds the lock; None when somebody else holds it or owns the file, or the file is gone."""
    with suppress(FileNotFoundError, PermissionError):
        held = os.open(lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(held), lock.stat()):
                return held
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(held)
    return None

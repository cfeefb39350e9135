"""The key of the do-not-call list: a file of this installation, made at the first start and never replaced by us."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from callbackd.config.mistakes import ConfigError
from callbackd.domain.commands import Saved
from callbackd.domain.lives.do_not_call import Blocked

SIZE = 32
"""Bytes, as many as SHA-256 gives."""


@dataclass(frozen=True, slots=True)
class Key:
    secret: bytes
    made: bool
    """Whether it was made just now: then no number of an older list is known by it."""


log = structlog.get_logger("do_not_call")


def key(state_dir: Path) -> Key:
    """``<state_dir>/do-not-call.key``. Raises ``ConfigError`` when it is there and useless, or cannot be made."""
    path = state_dir / "do-not-call.key"
    try:
        made = not path.exists() and _make(path)
        secret = path.read_bytes()
    except OSError as error:
        mistake = f"cannot be read or made: {error.strerror}; it must be a file of callbackd's user, mode 0600"
        raise ConfigError(path, [mistake]) from error
    if len(secret) != SIZE:
        mistake = (
            f"holds {len(secret)} bytes instead of {SIZE}: restore it from the backup. Without it the numbers that "
            "are not to be called cannot be known; only if none are, delete it and a new one is made"
        )
        raise ConfigError(path, [mistake])
    return Key(secret, made)


def warn_if_useless(rows: Iterable[Saved], key: Key) -> None:
    """A new key beside an old list: people would be called who said never again, and somebody must be told."""
    listed = sum(isinstance(row, Blocked) for row in rows)
    if key.made and listed:
        way_out = "restore do-not-call.key from the backup, then start again"
        log.error("do_not_call_list_useless", numbers=listed, reason=f"its key is gone, a new one was made; {way_out}")


def _make(path: Path) -> bool:
    """Whole or not at all: half a key after a power cut would be a key that fits nothing. False: another was faster."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(SIZE))
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
        _sync(path.parent)
    except FileExistsError:
        return False
    finally:
        Path(name).unlink()
    return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

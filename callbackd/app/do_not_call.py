"""The key of the do-not-call list: a file of this installation, made at the first start and never replaced by us."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog

from callbackd import private
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
        private.directory(state_dir)
        made = not os.path.lexists(path) and private.create(path, os.urandom(SIZE))
        secret = private.read(path)
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

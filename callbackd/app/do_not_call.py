"""The key of the do-not-call list: a file of this installation, made at the first start and never replaced by us."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from callbackd import private
from callbackd.config.mistakes import ConfigError
from callbackd.domain.commands import Saved
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.do_not_call import Blocked

FILE = "do-not-call.key"
UNPROVEN = "key-made-anew"
"""A file beside a new key, until it is certain that no older key was lost; an operator may remove it."""
LOOK_EVERY_S = 30.0
SIZE = 32
"""Bytes, as long as a SHA-256 hash."""


@dataclass(frozen=True, slots=True)
class Key:
    secret: bytes
    made: bool
    """Whether it was made just now: then it recognises no number of an older list."""


log = structlog.get_logger("do_not_call")


def key(state_dir: Path) -> Key:
    """The key in ``<state_dir>/do-not-call.key``, made if missing. Raises ``ConfigError`` when it is useless or cannot
    be made."""
    path = state_dir / FILE
    try:
        private.directory(state_dir)
        made = not os.path.lexists(path) and _make(path, state_dir / UNPROVEN)
        secret = private.read(path)
    except OSError as error:
        mistake = f"cannot be read or made: {error.strerror}; it must be a file of callbackd's user, mode 0600"
        raise ConfigError(path, [mistake]) from error
    if len(secret) != SIZE:
        mistake = (
            f"holds {len(secret)} bytes instead of {SIZE}: restore it from the backup. Without it nobody can tell "
            "which numbers must not be called; only if there are none, delete it and a new one is made"
        )
        raise ConfigError(path, [mistake])
    return Key(secret, made)


def lost(state_dir: Path, rows: Iterable[Saved]) -> str | None:
    """Why nobody may be dialled: the key is new, and the database holds rows that are older than it. Otherwise None.

    A list cannot be read with a new key. Promises alone could be kept, but a lost state directory has taken our note of
    the newest ones (``Watermark``) with it, or is not mounted. An operator who knows removes the file ``UNPROVEN``.
    """
    unproven = state_dir / UNPROVEN
    if not os.path.lexists(unproven):
        return None
    rows = list(rows)
    listed, promises = sum(isinstance(row, Blocked) for row in rows), sum(isinstance(row, Callback) for row in rows)
    if not listed and not promises:
        with suppress(OSError):
            unproven.unlink()
        return None
    return (
        f"its key was not in {state_dir} and a new one was made, but the database has {listed} numbers that must not "
        f"be called and {promises} promises: restore do-not-call.key from the backup (is the directory mounted?), "
        f"or, if nothing is lost by that, remove {unproven}; then start again"
    )


async def watch(state_dir: Path, secret: bytes, hold: Callable[[str], None]) -> None:
    """Watch the key's file until cancelled. Calls ``hold`` once, when the file is gone or holds another key."""
    while await asyncio.to_thread(_is_there, state_dir / FILE, secret):  # noqa: ASYNC110 - a file sends no news
        await asyncio.sleep(LOOK_EVERY_S)
    hold(f"{state_dir / FILE} is gone or has changed: see what happened to {state_dir}, restore it, then start again")
    await asyncio.Event().wait()


def _is_there(path: Path, secret: bytes) -> bool:
    try:
        return private.read(path) == secret
    except OSError:
        return False


def warn_if_useless(rows: Iterable[Saved], key: Key) -> None:
    """Log an error for a new key beside an old list: people who asked never to be called again would be called."""
    listed = sum(isinstance(row, Blocked) for row in rows)
    if key.made and listed:
        way_out = "restore do-not-call.key from the backup, then start again"
        log.error("do_not_call_list_useless", numbers=listed, reason=f"its key is gone, a new one was made; {way_out}")


def _make(path: Path, unproven: Path) -> bool:
    """Whether a key was made. The mark comes first: a start that ends in between must not leave an unmarked key, which
    would look as if it had always been there."""
    private.replace(unproven, b"made when there was no do-not-call.key\n")
    return private.create(path, os.urandom(SIZE))

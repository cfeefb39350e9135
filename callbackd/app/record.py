"""Records the events at the door, for ``callbackd simulate --day``: ``[log] record`` names the folder.

A file begins with a daemon and does not hold what was open then. It does hold customers' numbers: only its owner may
read it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from callbackd import private
from callbackd.domain.commands import Command
from callbackd.domain.events import Event
from callbackd.simulate import replay

log = structlog.get_logger("record")


class Recorder:
    """Feed it each step of the loop. When it cannot write, it logs that once and stops; calls are not affected."""

    def __init__(self, folder: Path, entropy: bytes) -> None:
        self.path = folder / f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}.jsonl"
        try:
            private.directory(folder)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_APPEND
            handle = os.open(self.path, flags, 0o600)
            self._file = os.fdopen(handle, "w", buffering=1)
            self._open = True
            self._file.write(replay.header(entropy))
        except OSError as error:
            self._stop(error)

    def __call__(self, event: Event, commands: Sequence[Command], now: float) -> None:  # noqa: ARG002 - as figures
        if self._open:
            try:
                self._file.write(replay.line(now, event))
            except OSError as error:
                self._stop(error)

    def _stop(self, error: OSError) -> None:
        self._open = False
        log.error("not_recorded", path=str(self.path), reason=f"{error.strerror}; see [log] record")

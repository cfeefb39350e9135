"""Asterisk's event log (CEL) as a witness: what it wrote down of a leg that is gone.

The file is `cel_custom`'s, with the columns that `asterisk-config/cel_callbackd.conf` sets: type, unique id, time.
It is asked when nothing else can tell whether somebody was rung, seldom and never in a hurry.
"""

import csv
import math
from collections.abc import Iterator
from pathlib import Path

import structlog

from callbackd.domain.events import Finding
from callbackd.domain.ids import LegId, minted_at

TAIL = 4 * 1024 * 1024
"""Bytes at the end of the file that are read: some 40,000 events."""

log = structlog.get_logger("cel")


class EventLog:
    """Call it with a leg of ours. Without a file, or with one that begins after the leg did, it knows nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._complained = False

    def __call__(self, leg: LegId) -> Finding:
        if self._path is None:
            return Finding.UNKNOWABLE
        try:
            rows = list(_rows(_tail(self._path)))
        except OSError as trouble:
            self._complain(f"{trouble.strerror}: {self._path}; see cel.conf and [ari] event_log")
            return Finding.UNKNOWABLE
        told = {kind for kind, uniqueid, _ in rows if uniqueid == leg}
        if told:
            return Finding.ANSWERED if "ANSWER" in told else Finding.DIALLED
        began = next((at for _, _, at in rows), math.inf)
        if began > minted_at(leg):
            self._complain(f"{self._path} begins after the call that it was asked about")
            return Finding.UNKNOWABLE
        return Finding.NOTHING

    def _complain(self, why: str) -> None:
        if not self._complained:
            log.warning("event_log_useless", why=why)
        self._complained = True


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL))
        raw = file.read()
    if size > TAIL:
        raw = raw.partition(b"\n")[2]
    return raw.decode(errors="replace")


def _rows(text: str) -> Iterator[tuple[str, str, float]]:
    """Lines that are not of ours, or not whole yet, are passed over."""
    for row in csv.reader(text.replace("\0", "").splitlines()):
        if len(row) == 3:
            try:
                yield row[0], row[1], float(row[2])
            except ValueError:
                continue

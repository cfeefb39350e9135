"""Asterisk's event log (CEL) as a witness: what it recorded about a leg that is gone.

The file is `cel_custom`'s, with the columns that `asterisk-config/cel_callbackd.conf` sets: type, unique id, time.
It is read when nothing else can tell whether somebody was rung: seldom, and never in a hurry.

That the log has nothing about a leg proves something only while Asterisk writes it. A full disk, an unloaded module or
a file that was moved away leaves the older lines in place; taking their silence for proof would ring somebody twice. So
before silence counts, Asterisk is made to write a line that we know of, and that line must be there.

Asterisk opens the file for each line, so a rotation moves it away and the next line begins a new one. The copy that was
moved away still proves a dial. It never proves that there was none: a rotation that copies and truncates loses lines.
"""

import asyncio
import csv
import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from callbackd.ari.generated import Api
from callbackd.domain.events import Finding
from callbackd.domain.ids import LegId, Mint, minted_at

CANARY_CONTEXT = "callbackd-canary"
"""A pair of Local channels is dialled into it and ends at once. It works even if the dialplan has no such context."""
WRITTEN_S = 1.0
"""If Asterisk has not written a line within this time, it does not write the log."""
_READ_AGAIN_S = 0.05
_WAY_OUT = "see cel.conf (no dateformat), cel_custom.conf, the disk, and [ari] event_log"

Record = Callable[[LegId], Finding]
"""What the log has about a leg that is gone."""

Row = tuple[str, str, float]
"""Type, unique id and Unix time of an event."""

TAIL = 4 * 1024 * 1024
"""How many bytes at the end of the file are read: some 40,000 events."""

log = structlog.get_logger("cel")


class EventLog:
    """Call it with one of our legs; it returns what the file has about it.

    ``UNKNOWABLE`` without a file, and for a file that begins after the leg did or ends before it.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._complained = False

    def __call__(self, leg: LegId) -> Finding:
        if self._path is None:
            return Finding.UNKNOWABLE
        rows, trouble = _read(self._path)
        # Only then the copy: the file may be moved away in this moment.
        before, _ = _read(self._path.with_name(f"{self._path.name}.1"))
        recorded = {kind for kind, uniqueid, _ in rows + before if uniqueid == leg}
        if recorded:
            return Finding.ANSWERED if "ANSWER" in recorded else Finding.DIALLED
        if trouble:
            self._complain(f"{trouble}: {self._path}; see cel.conf and [ari] event_log")
            return Finding.UNKNOWABLE
        began = next((at for _, _, at in rows), math.inf)
        if began > minted_at(leg):
            self._complain(f"{self._path} begins after the call in question")
            return Finding.UNKNOWABLE
        if max(at for _, _, at in rows) <= minted_at(leg):
            return Finding.UNKNOWABLE
        return Finding.NOTHING

    def _complain(self, why: str) -> None:
        if not self._complained:
            log.warning("event_log_useless", why=why)
        self._complained = True


def no_record(_: LegId) -> Finding:
    """The record of an Asterisk that writes no log we may read."""
    return Finding.UNKNOWABLE


async def evidence(record: Record, api: Api, leg: LegId) -> Finding:
    """What the log has about a leg that is gone: `NOTHING` only if the line that Asterisk is made to write now
    appears."""
    finding = await asyncio.to_thread(record, leg)
    if finding in (Finding.ANSWERED, Finding.DIALLED) or record is no_record:
        return finding
    if not await _is_written(record, api):
        why = "Asterisk does not write it: customers who are not in it count as dialled, and are not rung again at once"
        log.error("event_log_silent", why=why, way_out=_WAY_OUT)
        return Finding.UNKNOWABLE
    return await asyncio.to_thread(record, leg)


async def _is_written(record: Record, api: Api) -> bool:
    """Whether Asterisk writes the log now. Has it make a channel that rings nobody, and looks for that line."""
    canary = Mint(os.urandom(16)).leg(time.time())
    nowhere = {"context": CANARY_CONTEXT, "extension": "s"}
    await api.channels.originate_with_id(
        canary, endpoint=f"Local/s@{CANARY_CONTEXT}/n", **nowhere, priority=1, timeout=1
    )
    until = time.monotonic() + WRITTEN_S
    while await asyncio.to_thread(record, canary) not in (Finding.DIALLED, Finding.ANSWERED):
        if time.monotonic() > until:
            return False
        await asyncio.sleep(_READ_AGAIN_S)
    return True


def _read(path: Path) -> tuple[list[Row], str]:
    """The rows of a file; none, and why, when it cannot be read."""
    try:
        return list(_rows(_tail(path))), ""
    except OSError as trouble:
        return [], str(trouble.strerror)


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL))
        raw = file.read()
    if size > TAIL:
        raw = raw.partition(b"\n")[2]
    return raw.decode(errors="replace")


def _rows(text: str) -> Iterator[Row]:
    """One for each line; lines in another format or not yet complete are skipped."""
    for row in csv.reader(text.replace("\0", "").splitlines()):
        if len(row) == 3:
            try:
                yield row[0], row[1], float(row[2])
            except ValueError:
                continue

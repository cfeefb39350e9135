"""``callbackd ledger``: which waits and times callers were told, and whether they came true."""

from __future__ import annotations

from collections.abc import Iterable

from callbackd.config.sections import Config
from callbackd.db.embedded import Embedded
from callbackd.db.engine import answers, engine_for
from callbackd.db.reports import By, Held, ledger
from callbackd.db.url import normalise
from callbackd.domain.lives.quote import QuoteKind

_HEAD = ("queue", "told", "when", "times", "known", "hung up", "kept", "in P80", "error", "off by")


class NoLedger(Exception):
    """The database cannot be read; the text says why and what to do."""


async def lines(config: Config, since: float, until: float, by: By, queue: str = "") -> list[str]:
    """The lines of the table, heading first; from ``since`` to ``until``, Unix seconds. Raises ``NoLedger``."""
    url = config.database.url
    engine = engine_for(Embedded(config.state_dir).url if url == "embedded" else normalise(url))
    try:
        if why := await answers(engine):
            hint = "it runs while callbackd does" if url == "embedded" else "see [database] url"
            raise NoLedger(f"no PostgreSQL: {why}; {hint}")
        held = await ledger(engine, since, until, by, config.site.zone, queue)
    finally:
        await engine.dispose()
    return table(held) if held else ["no caller was told a wait or a time in this period"]


def table(held: Iterable[Held]) -> list[str]:
    rows = [_HEAD, *(_row(line) for line in held)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(_HEAD))]
    return ["  ".join(_pad(n, cell, widths[n]) for n, cell in enumerate(row)).rstrip() for row in rows]


def _pad(n: int, cell: str, width: int) -> str:
    return cell.ljust(width) if n < 3 else cell.rjust(width)


_KINDS = {QuoteKind.WAIT: "wait", QuoteKind.TURN: "turn", QuoteKind.SLOT: "time"}


def _row(line: Held) -> tuple[str, ...]:
    return (
        line.queue,
        _KINDS[line.kind],
        line.when,
        str(line.told),
        str(line.known),
        str(line.followed),
        "" if line.kept is None else f"{line.kept:.0%}",
        "" if line.within_p80 is None else f"{line.within_p80:.0%}",
        "" if line.error_s is None else f"{line.error_s:+.0f} s",
        "" if line.absolute_s is None else f"{line.absolute_s:.0f} s",
    )

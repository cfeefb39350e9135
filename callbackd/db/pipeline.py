"""Rows written in one round trip: the driver sends the whole transaction before it waits for an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Delete, Dialect, Insert, make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from callbackd.db.rows import WRITE, Row, values


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement as the driver takes it."""

    text: str
    bind: Mapping[str, Callable[[Any], Any] | None]
    """What turns each value into one that the driver knows; None where it knows it as it is."""

    @classmethod
    def of(cls, statement: Insert | Delete, ours: Dialect) -> _Statement:
        compiled = statement.compile(dialect=ours)
        types = {name: bound.type.dialect_impl(ours) for name, bound in compiled.binds.items()}
        return cls(str(compiled), {name: kind.bind_processor(ours) for name, kind in types.items()})

    def bound(self, row: Row) -> dict[str, Any]:
        given = values(row)
        return {name: bind(given[name]) if bind else given[name] for name, bind in self.bind.items()}


_DIALECT: Dialect = make_url("postgresql+psycopg://").get_dialect()()
_STATEMENTS = {kind: _Statement.of(statement, _DIALECT) for kind, statement in WRITE.items()}


async def commit(connection: AsyncConnection, rows: Iterable[Row]) -> dict[type, int]:
    """How many rows of each kind came late: they are there already, or a row that is closed stays as it is.

    Commits the transaction of the connection with these rows. SQLAlchemy is not told: it commits once more, which costs
    nothing, and rolls back after an error, which is needed.
    """
    driver: Any = (await connection.get_raw_connection()).driver_connection
    parts = _by_kind(rows)
    cursors = {kind: driver.cursor() for kind in parts}
    async with driver.pipeline():
        for kind, these in parts.items():
            statement = _STATEMENTS[kind]
            await cursors[kind].executemany(statement.text, [statement.bound(row) for row in these])
        await driver.commit()
    late = {kind: len(these) - cursors[kind].rowcount for kind, these in parts.items()}
    return {kind: n for kind, n in late.items() if n}


def _by_kind(rows: Iterable[Row]) -> dict[type, Sequence[Row]]:
    """The rows of each kind, in the order of ``WRITE``: a row before those that refer to it."""
    parts: dict[type, list[Row]] = {kind: [] for kind in WRITE}
    for row in rows:
        parts[type(row)].append(row)
    return {kind: these for kind, these in parts.items() if these}

"""Lives and decisions as rows: the statements that write them, built once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Delete, Insert, Table, bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from callbackd.db import tables
from callbackd.db.facts import Fact
from callbackd.domain.commands import Decided, Saved


@dataclass(frozen=True, slots=True)
class Numbered:
    """A decision with its number in history: written twice, it is stored once."""

    epoch: int
    n: int
    decided: Decided


@dataclass(frozen=True, slots=True)
class Forget:
    """A row to be deleted: a number that is off the do-not-call list. Closing the row would keep a trace of somebody
    who is no longer on the list, and a closed row is never reopened."""

    row: Saved


Row = Saved | Forget | Numbered | Fact


def upsert(table: Table) -> Insert:
    """A statement that inserts or updates; a closed row stays as it is, whatever comes late."""
    statement = insert(table)
    changes = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    unless_closed = table.c.closed_at.is_(None) if "closed_at" in table.c else None
    statement = statement.on_conflict_do_update(index_elements=[table.c.id], set_=changes, where=unless_closed)
    return statement.execution_options(preserve_rowcount=True)


def add_once(table: Table) -> Insert:
    """Insert what is numbered; what is there already stays."""
    return insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


WRITE: dict[type, Insert | Delete] = {
    **{life: upsert(table) for life, table in tables.TABLES.items()},
    Forget: delete(tables.do_not_call).where(tables.do_not_call.c.id == bindparam("forgotten")),
    Numbered: add_once(tables.decision),
    **{fact: add_once(table) for fact, table in tables.NUMBERED.items()},
}
"""The statements, in the order in which rows are written: a row before those that refer to it."""

_ORDER = {kind: n for n, kind in enumerate(WRITE)}
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in (*tables.TABLES, *tables.NUMBERED, Decided)}


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: _ORDER[type(row)])


def values(row: Row) -> dict[str, Any]:
    """The row's columns and their values."""
    if isinstance(row, Forget):
        return {"forgotten": row.row.id}
    if not isinstance(row, Numbered):
        return {name: getattr(row, name) for name in _FIELDS[type(row)]}
    decided = {name: getattr(row.decided, name) for name in _FIELDS[Decided]}
    return decided | {"epoch": row.epoch, "n": row.n, "facts": dict(row.decided.facts)}


def changes(row: Saved) -> dict[str, Any]:
    return {name: value for name, value in values(row).items() if name != "id"}


def name_of(row: Row) -> str:
    """Which row it is, for the log, without what it holds."""
    if isinstance(row, Numbered):
        return f"decision about {row.decided.subject}"
    if isinstance(row, Fact):
        return f"{tables.NUMBERED[type(row)].name} {row.epoch}-{row.n}"
    saved = row.row if isinstance(row, Forget) else row
    return f"{_TABLE[type(saved)]} {saved.id}"


_TABLE = {life: table.name for life, table in tables.TABLES.items()}

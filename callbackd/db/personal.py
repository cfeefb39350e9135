"""Data about people: how long they are kept, and all data about one number, to be handed out or erased.

An anonymised row loses the number and all words about the person; that it happened, and how long it took, stays. Open
lives are left alone: a promise cannot be kept without its number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from callbackd.db import tables
from callbackd.domain.callbacks.limits import DAY_S
from callbackd.domain.commands import Happening
from callbackd.domain.lives.entry import EntryState
from callbackd.domain.settings import Keeping

NOBODY = "+10000000000"
"""Takes the place of an erased number where a table needs one."""
_SOME = 1000
"""How many rows are changed in one transaction, so that no call waits for housekeeping."""


@dataclass(frozen=True, slots=True)
class _Personal:
    """A table with numbers, and its other columns about the person."""

    table: Table
    id: ColumnElement[Any]
    since: ColumnElement[Any]
    """The age that counts; NULL while the row is open."""
    without: dict[str, str]
    """The columns, and their values without a person."""


_PERSONAL = (
    _Personal(tables.entry, tables.entry.c.id, tables.entry.c.closed_at, {"number": "", "transferred_to": ""}),
    _Personal(tables.callback, tables.callback.c.id, tables.callback.c.closed_at, {"number": NOBODY}),
    _Personal(tables.attempt, tables.attempt.c.id, tables.attempt.c.closed_at, {"number": NOBODY}),
    _Personal(tables.sent_out, tables.sent_out.c.id, tables.sent_out.c.closed_at, {"number": ""}),
    _Personal(tables.entry_fact, tables.entry_fact.c.n, tables.entry_fact.c.at, {"number": ""}),
)
_ASKED = _Personal(tables.audit, tables.audit.c.n, tables.audit.c.at, {"what": "", "reason": ""})
_DELETED = (
    (tables.decision, tables.decision.c.at),
    (tables.quote, tables.quote.c.closed_at),
    (tables.request, tables.request.c.at),
    (tables.direct_window, tables.direct_window.c.expires_at),
)
"""Tables whose rows mean nothing without the person, or interest nobody after this long."""
_REPLIES_DAYS = 1
"""Answers of the API are kept for repeats within a day."""
_FACTS = tuple((table, table.c.at) for table in tables.FACTS.values())


async def forget(engine: AsyncEngine, keeping: Keeping, clock: Callable[[], float]) -> dict[str, int]:
    """How many rows of each table were anonymised or deleted because of their age; tables without any are left out."""
    done: dict[str, int] = {}
    now = clock()
    personal, facts = (now - days * DAY_S for days in (keeping.personal_days, keeping.facts_days))
    for where in _PERSONAL:
        done[where.table.name] = await _anonymise(engine, where, where.since < personal)
    done["audit"] = await _anonymise(engine, _ASKED, _ASKED.since < personal)
    for table, since in _DELETED:
        done[table.name] = await _delete(engine, table, since < personal)
    done["api_reply"] = await _delete(engine, tables.api_reply, tables.api_reply.c.at < now - _REPLIES_DAYS * DAY_S)
    noted = (tables.call_fact.c.what == Happening.NOTED) & (tables.call_fact.c.at < personal)
    done["call_fact"] = await _delete(engine, tables.call_fact, noted)
    for table, since in _FACTS:
        done[table.name] = done.get(table.name, 0) + await _delete(engine, table, since < facts)
    return {name: count for name, count in done.items() if count}


async def erase(engine: AsyncEngine, number: str) -> dict[str, int]:
    """How many rows of each table about one number were anonymised: all that are over. Cancel open promises first."""
    done: dict[str, int] = {}
    entries = await _entries_of(engine, number)
    subjects = [*entries, *await _ids(engine, tables.callback, number), *await _ids(engine, tables.attempt, number)]
    said = tables.decision
    done["decision"] = await _delete(
        engine, said, or_(said.c.subject.in_(subjects), said.c.facts["number"].astext == number)
    )
    done["call_fact"] = await _delete(engine, tables.call_fact, _words_about(entries))
    done["request"] = await _delete(
        engine, tables.request, or_(tables.request.c.number == number, tables.request.c.asked_by == number)
    )
    done["direct_window"] = await _delete(engine, tables.direct_window, tables.direct_window.c.number == number)
    done["audit"] = await _anonymise(engine, _ASKED, tables.audit.c.what.contains(number, autoescape=True))
    done["api_reply"] = await _delete(
        engine, tables.api_reply, tables.api_reply.c.body.contains(number, autoescape=True)
    )
    for where in _PERSONAL:
        over = where.since.is_not(None) & (where.table.c.number == number)
        done[where.table.name] = await _anonymise(engine, where, over)
    return {name: count for name, count in done.items() if count}


async def export(engine: AsyncEngine, number: str) -> dict[str, list[dict[str, Any]]]:
    """All rows about one number, by table, as plain values."""
    entries = await _entries_of(engine, number)
    found: dict[str, list[dict[str, Any]]] = {}
    async with engine.connect() as connection:
        for table in (*(where.table for where in _PERSONAL), tables.request, tables.direct_window):
            found[table.name] = await _plain(connection, table, table.c.number == number)
        found["quote"] = await _plain(connection, tables.quote, tables.quote.c.entry.in_(entries))
        found["call_fact"] = await _plain(connection, tables.call_fact, _about(entries))
    return {name: rows for name, rows in found.items() if rows}


def _words_about(entries: list[str]) -> ColumnElement[bool]:
    """Matches what agents noted about these places; holds and refusals say nothing about a person."""
    return _about(entries) & (tables.call_fact.c.what == Happening.NOTED)


def _about(entries: list[str]) -> ColumnElement[bool]:
    """Matches what was said about these places. After a call it is about the last one that the agent had."""
    said, served = tables.call_fact, tables.entry_fact
    last = (
        select(served.c.entry)
        .where(served.c.agent == said.c.agent, served.c.at <= said.c.at)
        .where(served.c.state == EntryState.CLOSED, served.c.was_state == EntryState.TALKING)
        .order_by(served.c.at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(said.c.entry, last).in_(entries)


async def _entries_of(engine: AsyncEngine, number: str) -> list[str]:
    """The places of a number, from any row that still has it."""
    promised = select(tables.callback.c.entry).where(tables.callback.c.number == number)
    stood = select(tables.entry_fact.c.entry).where(tables.entry_fact.c.number == number)
    of_row = select(tables.entry.c.id).where(tables.entry.c.number == number)
    async with engine.connect() as connection:
        return list((await connection.execute(promised.union(stood, of_row))).scalars())


async def _ids(engine: AsyncEngine, table: Table, number: str) -> list[str]:
    async with engine.connect() as connection:
        return list((await connection.execute(select(table.c.id).where(table.c.number == number))).scalars())


async def _anonymise(engine: AsyncEngine, where: _Personal, which: ColumnElement[bool]) -> int:
    still = or_(*(where.table.c[name] != nothing for name, nothing in where.without.items()))
    keys = tuple(where.table.primary_key.columns)
    done = 0
    while True:
        async with engine.begin() as connection:
            some = select(*keys).where(which, still).limit(_SOME).subquery()
            match = [key == some.c[key.name] for key in keys]
            changed = await connection.execute(update(where.table).where(*match).values(**where.without))
        done += changed.rowcount
        if changed.rowcount < _SOME:
            return done


async def _delete(engine: AsyncEngine, table: Table, which: ColumnElement[bool]) -> int:
    keys = tuple(table.primary_key.columns)
    done = 0
    while True:
        async with engine.begin() as connection:
            some = select(*keys).where(which).limit(_SOME).subquery()
            gone = await connection.execute(delete(table).where(*(key == some.c[key.name] for key in keys)))
        done += gone.rowcount
        if gone.rowcount < _SOME:
            return done


async def _plain(connection: AsyncConnection, table: Table, which: ColumnElement[bool]) -> list[dict[str, Any]]:
    """The rows as PostgreSQL writes them in JSON: times with their zone."""
    row = func.to_jsonb(table.table_valued())
    return list((await connection.execute(select(row).select_from(table).where(which))).scalars())

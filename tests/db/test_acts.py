"""What was asked for is in the audit of a real PostgreSQL before it is answered."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from callbackd.db import tables
from callbackd.db.journal import Journal
from callbackd.db.load import open_rows
from callbackd.db.personal import forget
from callbackd.domain import events as ev
from callbackd.domain.commands import Changed, Write
from callbackd.domain.events import Asked
from callbackd.domain.lives.switch import Switch
from callbackd.domain.settings import Keeping
from lab.lives import ANNA, NOW
from tests.builders import SUPPORT, Centre, queue, settings

pytestmark = pytest.mark.postgres


async def test_an_act_is_answered_when_it_is_written_down(engine, right):
    answers = []
    journal = Journal(engine, right, answered=lambda *answer: answers.append(answer))
    centre = Centre(settings([queue(SUPPORT)]))
    done = centre.hear(Asked("r1", "kim", "cli", ev.TurnSwitch("dialling", on=False), "no trunk"))
    refused = centre.hear(Asked("r2", "kim", "cli", ev.CancelCallback("nosuch")))
    assert await journal.commit([c for c in (*done, *refused) if isinstance(c, Write)]) == []
    assert answers == [("r1", True, "", ""), ("r2", False, "there is no open callback of this id", "")]
    async with engine.connect() as connection:
        audit = [dict(row._mapping) for row in await connection.execute(select(tables.audit))]
    assert [(row["who"], row["act"], row["done"], row["reason"]) for row in audit] == [
        ("kim", "TurnSwitch", True, "no trunk"),
        ("kim", "CancelCallback", False, ""),
    ]
    assert [row for row in await open_rows(engine) if isinstance(row, Switch)] == [
        Switch("dialling", False, centre.now, "kim")
    ]


async def test_the_audit_keeps_who_did_what_and_forgets_the_number(engine, right):
    journal = Journal(engine, right)
    centre = Centre(settings([queue(SUPPORT)]))
    centre.now = NOW
    said = centre.hear(Asked("r1", "kim", "cli", ev.BlockNumber(ANNA), "by letter"))
    await journal.commit([c for c in said if isinstance(c, Write)])
    await forget(engine, Keeping(), lambda: NOW + 31 * 86400)
    async with engine.connect() as connection:
        row = (await connection.execute(select(tables.audit))).one()
    assert (row.who, row.act, row.what, row.reason) == ("kim", "BlockNumber", "", "")


async def test_an_open_row_that_is_a_switch_is_no_fact(engine, right):
    await Journal(engine, right).commit([Changed(None, Switch("offering", False, NOW, "kim"))])
    assert [type(row) for row in await open_rows(engine)] == [Switch]

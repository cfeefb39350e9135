"""``callbackd ledger`` on a real PostgreSQL."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from callbackd.cli.common import MISUSED, REFUSED
from callbackd.cli.ledger import lines
from callbackd.cli.main import app
from callbackd.db.engine import engine_for
from callbackd.db.journal import Journal
from callbackd.db.migrate import upgrade
from callbackd.db.reports import By, ledger
from callbackd.db.right import Right
from callbackd.domain.commands import Changed
from callbackd.domain.ids import EntryId, QueueName, QuoteId
from callbackd.domain.lives.quote import Quote, QuoteKind, QuoteOutcome

SUPPORT = QueueName("support")
MONDAY = 1_799_625_600.0
"""2027-01-11 00:00 UTC; in Zagreb it is 01:00."""
HOUR_S = 3600.0


def told(n, at, said_s, came_s, *, queue=SUPPORT, kind=QuoteKind.WAIT, outcome=QuoteOutcome.CAME, p80_s=None):
    closed_at = None if outcome is None else at + (came_s or 0.0)
    mean_s, p80_s, model_s = (100.0, p80_s or 150.0, 90.0) if kind is not QuoteKind.SLOT else (None, None, None)
    of = (QuoteId(f"q{n}"), EntryId(f"e{n}"), queue, kind)
    return Quote(*of, at, said_s, n, mean_s, p80_s, model_s, came_s, outcome, closed_at)


QUOTES = [
    told(1, MONDAY + 9 * HOUR_S, 180.0, 110.0),
    told(2, MONDAY + 9 * HOUR_S, 180.0, 170.0, outcome=QuoteOutcome.WOULD_HAVE),
    told(3, MONDAY + 10 * HOUR_S, 180.0, 240.0),
    told(4, MONDAY + 10 * HOUR_S, 180.0, None, outcome=QuoteOutcome.UNKNOWN),
    told(5, MONDAY + 10 * HOUR_S, None, 60.0),
    told(6, MONDAY + 23.5 * HOUR_S, 180.0, None, outcome=None),
    told(7, MONDAY + 9 * HOUR_S, 600.0, 300.0, queue="sales", kind=QuoteKind.TURN),
    told(8, MONDAY + 9 * HOUR_S, 1800.0, 2000.0, queue="sales", kind=QuoteKind.SLOT),
    told(9, MONDAY - 1, 60.0, 10.0),
]


@pytest.fixture
async def engine(database_url):
    engine = engine_for(database_url)
    await upgrade(engine)
    right = Right(engine)
    await right.take()
    assert await Journal(engine, right).commit([Changed(None, quote) for quote in QUOTES]) == []
    await right.give_up()
    yield engine
    await engine.dispose()


async def asked(engine, by=By.QUEUE, queue=""):
    return await ledger(engine, MONDAY, MONDAY + 24 * HOUR_S, by, "Europe/Zagreb", queue)


async def test_spoken_waits_are_compared_with_what_came(engine):
    [waits] = await asked(engine, queue="support")
    assert (waits.told, waits.known, waits.followed) == (6, 4, 1)
    assert waits.kept == pytest.approx(2 / 3), "of three with a bound: more than an hour is none"
    assert waits.within_p80 == pytest.approx(2 / 4)
    assert waits.error_s == pytest.approx((10 + 70 + 140 - 40) / 4)
    assert waits.absolute_s == pytest.approx((10 + 70 + 140 + 40) / 4)


async def test_each_queue_and_kind_has_a_line_of_its_own(engine):
    assert [(held.queue, held.kind, held.kept) for held in await asked(engine)] == [
        ("sales", QuoteKind.SLOT, 0.0),
        ("sales", QuoteKind.TURN, 1.0),
        ("support", QuoteKind.WAIT, pytest.approx(2 / 3)),
    ]
    [slot] = [held for held in await asked(engine) if held.kind is QuoteKind.SLOT]
    assert (slot.within_p80, slot.error_s) == (None, None), "nobody estimated it"


async def test_days_and_hours_are_those_of_the_house(engine):
    days = await asked(engine, By.DAY, "support")
    assert [(held.when, held.told) for held in days] == [("2027-01-11", 5), ("2027-01-12", 1)]
    hours = await asked(engine, By.HOUR, "support")
    assert [(held.when, held.told) for held in hours] == [("00", 1), ("10", 2), ("11", 3)]


async def test_the_ledger_is_shown_as_a_table(engine, database_url, tmp_path):
    config: Any = SimpleNamespace(
        database=SimpleNamespace(url=database_url), state_dir=tmp_path, site=SimpleNamespace(zone="Europe/Zagreb")
    )
    table = await lines(config, MONDAY, MONDAY + 24 * HOUR_S, By.QUEUE)
    assert " ".join(table[0].split()) == "queue told when times known hung up kept in P80 error off by"
    assert table[3].split() == ["support", "wait", "6", "4", "1", "67%", "50%", "+45", "s", "65", "s"]
    assert await lines(config, 0.0, 1.0, By.QUEUE) == ["no caller was told a wait or a time in this period"]


CONFIG = """
state_dir = "{state}"
[database]
url = "{url}"
[ari]
password = "x"
[queues.support]
[agents.alice]
endpoint = "PJSIP/alice"
queues = ["support"]
"""


@pytest.mark.parametrize(
    ("url", "words", "status", "said"),
    [
        ("embedded", ["--queue", "sales"], MISUSED, "there is no queue 'sales', only support"),
        ("embedded", [], REFUSED, "it runs while callbackd does"),
        ("postgresql://nobody@127.0.0.1:1/nothing", [], REFUSED, "see [database] url"),
        ("embedded", ["--by", "moon"], 2, "moon"),
    ],
)
def test_a_ledger_that_cannot_be_read_gives_a_reason(tmp_path, url, words, status, said):
    path = tmp_path / "callbackd.toml"
    path.write_text(CONFIG.format(state=tmp_path, url=url))
    told = CliRunner().invoke(app, ["ledger", "-c", str(path), *words])
    assert (told.exit_code, said in told.output) == (status, True), told.output

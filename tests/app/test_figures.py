"""A line in the log for each queue and quarter hour, counted by a real PostgreSQL: a restart takes nothing from it."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from callbackd.app.figures import Figures
from callbackd.app.runner import Runner
from callbackd.db.journal import Journal
from callbackd.db.load import open_rows
from callbackd.db.right import Right
from callbackd.domain.acd import Acd
from callbackd.domain.events import CallArrived, LegEnded
from callbackd.domain.ids import LegId, Mint
from tests.builders import ANNA, SALES, SUPPORT, T0, queue, settings

pytestmark = pytest.mark.postgres

HOUSE = settings([queue(SUPPORT), queue(SALES)])


class Running:
    """A daemon's loop on the database, from its start to its end."""

    def __init__(self, engine, entropy):
        self.engine = engine
        self.acd = Acd(HOUSE, Mint(entropy))
        self.right = Right(engine)

    async def lives(self, *steps):
        """Steps are a time and an event each."""
        await self.right.take()
        times = iter([T0 + at for at, _ in steps])
        journal = Journal(self.engine, self.right)
        runner = Runner(self.acd, journal, asyncio.Queue(), lambda act: None, lambda: next(times))
        await runner.obey(self.acd.restore(await open_rows(self.engine), T0 + steps[0][0], self.right.epoch))
        for _, event in steps:
            await runner.turn([event])
        await runner.write()
        await self.right.give_up()


def arrives(leg):
    return CallArrived(LegId(leg), "support", ANNA)


async def lines(engine, at):
    with capture_logs() as log:
        await Figures(engine, HOUSE, lambda: T0 + at).quarter_hour()
    return [line for line in log if line["event"] == "quarter_hour"]


async def test_the_quarter_hour_has_what_was_before_a_restart(engine):
    """One caller hangs up before it, one waits through it, one comes after it."""
    await Running(engine, b"one").lives((10, arrives("a")), (40, arrives("b")), (70, LegEnded(LegId("a"))))
    await Running(engine, b"two").lives((400, arrives("c")), (500, LegEnded(LegId("b"))))
    support, sales = await lines(engine, 905)
    assert (support["subject"], sales["subject"], support["log_level"]) == ("support", "sales", "info")
    assert {name: support[name] for name in ("minutes", "entered", "waiting", "abandoned", "within_20_s")} == {
        "minutes": 15,
        "entered": 3,
        "waiting": 1,
        "abandoned": 2,
        "within_20_s": 0.0,
    }
    assert "within_20_s" not in sales, "a rate without cases is not told"
    assert sales["entered"] == 0


async def test_each_quarter_hour_is_logged_by_itself(engine):
    await Running(engine, b"one").lives((10, arrives("a")), (950, arrives("b")))
    assert [(await lines(engine, at))[0]["entered"] for at in (905, 1805, 2705)] == [1, 1, 0]


async def test_a_quarter_hour_with_rows_waiting_to_be_written_is_not_rolled_up(engine):
    """The database was away: the history of these minutes comes late, and is counted all the same."""
    with capture_logs():
        await Figures(engine, HOUSE, lambda: T0 + 905, lambda: T0 + 20).quarter_hour()
    await Running(engine, b"one").lives((10, arrives("a")), (20, LegEnded(LegId("a"))))
    assert (await lines(engine, 910))[0]["entered"] == 1

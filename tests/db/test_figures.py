"""Figures of whole invented days, counted by a real PostgreSQL from the facts and by ``metrics`` from the steps."""

from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import delete, select

from callbackd.db import tables
from callbackd.db.figures import rebuild, report, roll_up
from callbackd.db.journal import Journal
from callbackd.db.right import Right
from callbackd.domain.commands import Happened, Happening
from callbackd.domain.ids import QueueName
from callbackd.metrics.tally import QUARTER_S, quarter_of
from lab.days.shapes import SHAPES
from tests.db.days import Day, kept

pytestmark = pytest.mark.postgres


async def figures(engine, day, until=None):
    """The figures of every queue, of every agent and of the house."""
    until = day.until if until is None else until
    return [await report(engine, day.settings, day.since, until, now=day.now, **of) for of in day.everybody]


@pytest.mark.parametrize("shape", sorted(SHAPES))
async def test_a_day_counted_by_sql_and_from_the_steps_agrees_to_the_unit(engine, right, shape):
    day = Day(shape, seed=13)
    await kept(day.writes, Journal(engine, right))
    assert await figures(engine, day) == day.reports()


async def test_quarter_hours_that_are_rolled_up_change_no_figure(engine, right):
    """One after the other, as the day goes, and all at once from the beginning."""
    day = Day("transfers", seed=5, hours=2.0)
    await kept(day.writes, Journal(engine, right))
    for until in range(int(day.since), int(day.now), QUARTER_S):
        await roll_up(engine, day.settings, until)
        assert await report(engine, day.settings, day.since, day.until, now=day.now) == day.reports()[-1]
    assert await figures(engine, day) == day.reports()
    await rebuild(engine, day.settings, day.now)
    assert await figures(engine, day) == day.reports()


async def test_any_part_of_a_day_is_read_in_days_hours_and_quarter_hours(engine, right):
    """From the cache alone, whose rows cover quarter hours, hours and days: agents come to work on nine days."""
    day = Day("closing time", seed=5, hours=0.5)
    await kept(day.writes, Journal(engine, right))
    while await roll_up(engine, day.settings, day.now):
        pass
    async with engine.begin() as connection:
        spans = set((await connection.execute(select(tables.quarter.c.quarters))).scalars())
        for facts in tables.FACTS.values():
            await connection.execute(delete(facts))
    assert spans == {1, 4, 96}
    quarters = range(quarter_of(day.since), quarter_of(day.now))
    for first, end in product(quarters[::97], quarters[10::101]):
        if first < end:
            since, until = first * QUARTER_S, end * QUARTER_S
            assert await report(engine, day.settings, since, until) == day.metrics.report(since, until)


async def test_quarter_hours_are_a_cache_that_may_be_dropped(engine, right):
    day = Day("small", seed=5)
    await kept(day.writes, Journal(engine, right))
    assert await roll_up(engine, day.settings, day.now) > 0
    assert await roll_up(engine, day.settings, day.now) == 0, "they are counted once"
    async with engine.begin() as connection:
        await connection.execute(delete(tables.quarter))
        await connection.execute(delete(tables.rolled))
    assert await figures(engine, day) == day.reports()


async def test_a_setting_that_figures_depend_on_has_them_counted_anew(engine, right):
    day, other = Day("small", seed=5), Day("small", seed=5, short_abandon_s=60.0)
    await kept(day.writes, Journal(engine, right))
    await roll_up(engine, day.settings, day.now)
    assert await figures(engine, other) == other.reports(), "what was rolled up by the old setting is not believed"
    await roll_up(engine, other.settings, day.now)
    assert await figures(engine, other) == other.reports()
    async with engine.connect() as connection:
        assert (await connection.execute(select(tables.rolled.c.since))).scalar_one() == quarter_of(day.since)


@pytest.mark.parametrize("shape", ["transfers", "look-ahead", "incident"])
async def test_a_restart_at_noon_changes_no_figure_of_the_day(engine, right, shape):
    """Another daemon writes the second half: it has another epoch, counts its facts from 1, and knows nothing."""
    day = Day(shape, seed=8, hours=2.0)
    noon = len(day.writes) // 2
    await kept(day.writes[:noon], Journal(engine, right))
    await right.give_up()
    after = Right(engine)
    await after.take()
    await kept(day.writes[noon:], Journal(engine, after))
    assert await figures(engine, day) == day.reports()
    await after.give_up()


async def test_facts_that_are_written_again_are_there_once(engine, right):
    """The answer to a commit was lost: the same facts with the same numbers come a second time."""
    day = Day("small", seed=5)
    await kept(day.writes, Journal(engine, right))
    await kept(day.writes, Journal(engine, right))
    assert await figures(engine, day) == day.reports()


async def test_refusals_by_the_limits_are_counted(engine, right):
    day = Day("small", seed=5)
    refused = [Happened(day.since + 1, what, "support") for what in (Happening.NO_PROMISE, Happening.NO_DIAL)]
    await kept([*day.writes, *refused], Journal(engine, right))
    support = await report(engine, day.settings, day.since, day.until, queue=QueueName("support"), now=day.now)
    assert (support.no_promise, support.no_dial) == (1, 1)


async def test_a_report_is_about_a_queue_or_about_an_agent(engine):
    day = Day("small", seed=5, hours=0.1)
    with pytest.raises(ValueError, match="about a queue or about an agent"):
        await report(engine, day.settings, 0, 1, **day.everybody[0], **day.everybody[-2])

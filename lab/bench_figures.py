"""How long it takes to get figures: a day of 10,000 calls from the facts, a month of a queue from quarter hours.

The history is that of an invented day, written to a PostgreSQL of our own.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd.db.embedded import Embedded
from callbackd.db.engine import engine_for
from callbackd.db.figures import report, roll_up, sum_up
from callbackd.db.journal import Journal
from callbackd.db.migrate import upgrade
from callbackd.db.right import Right
from callbackd.db.tally import prepare
from callbackd.domain.commands import Changed, Happened, Write
from callbackd.metrics.tally import quarter_of
from callbackd.simulate.world import World
from lab.days.shapes import TEN_THOUSAND

HOUR_S = 3600
DAY_S = 24 * HOUR_S
_AGAIN = 5
_REPEATED = text(
    "INSERT INTO quarter (quarters, quarter, queue, agent, what, kind, amount) "
    "SELECT 1, quarter - 96 * n, queue, agent, what, kind, amount FROM quarter, generate_series(1, 29) n"
)


async def figures() -> None:
    settings, habits, start = TEN_THOUSAND
    writes: list[Write] = []
    world = World(
        settings,
        habits,
        1,
        lambda world, event, commands: writes.extend(
            Changed(c.before, c.after, False, c.at) if isinstance(c, Changed) else c
            for c in commands
            if isinstance(c, Changed | Happened)
        ),
        start,
    )
    world.run(10.0)
    with tempfile.TemporaryDirectory() as state_dir:
        async with Embedded(Path(state_dir)) as embedded:
            engine = engine_for(embedded.url)
            await upgrade(engine)
            right = Right(engine)
            await right.take()
            journal = Journal(engine, right)
            for n in range(0, len(writes), 2000):
                await journal.commit(writes[n : n + 2000])
            print(f"a day of {len(world.facts.stored)} promises, {len(writes)} facts")
            await _ask(engine, start, world.now)
            await right.give_up()
            await engine.dispose()


async def _ask(engine: AsyncEngine, start: float, until: float) -> None:
    ours = TEN_THOUSAND[0]
    queue = next(iter(ours.queues))
    day = start + DAY_S
    await _tidy(engine)
    await _took(engine, "the day from the facts alone", lambda: report(engine, ours, start, day, now=until))
    await roll_up(engine, ours, start + 4.25 * HOUR_S)
    await _tidy(engine)
    noon = start + 4.7 * HOUR_S
    await _took(engine, "the day so far, in its busiest hour", lambda: report(engine, ours, start, noon, now=noon))
    await roll_up(engine, ours, day)
    await _tidy(engine)
    await _took(engine, "the day when it is over", lambda: report(engine, ours, start, day))
    await _took(engine, "the day of a queue", lambda: report(engine, ours, start, day, queue=queue))
    first, end = quarter_of(start - 29 * DAY_S), quarter_of(day)
    async with engine.begin() as connection:
        await prepare(connection)
        await connection.execute(text("DELETE FROM quarter WHERE quarters > 1"))
        await connection.execute(_REPEATED)
        await sum_up(connection, first, first, end)
        await connection.execute(text("UPDATE rolled SET since = :first"), {"first": first})
    await _tidy(engine)
    month = day - 30 * DAY_S
    await _took(engine, "a month of a queue", lambda: report(engine, ours, month, day, queue=queue))


async def _tidy(engine: AsyncEngine) -> None:
    """What autovacuum would have done by then."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("SET statement_timeout = 0"))
        await connection.execute(text("VACUUM ANALYZE"))
        await connection.execute(text("RESET statement_timeout"))


async def _took(engine: AsyncEngine, what: str, ask: Callable[[], Awaitable[object]]) -> None:
    """On a shared machine the time on the wall is mostly others'; the processors' time is ours and PostgreSQL's."""
    times, used = [], []
    async with engine.connect() as connection:
        asked = text("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
        pids = list((await connection.execute(asked)).scalars())
    for _ in range(_AGAIN):
        began, cpu = time.perf_counter(), _cpu_s(pids)
        await ask()
        times.append(time.perf_counter() - began)
        used.append(_cpu_s(pids) - cpu)
    print(f"{what}: p50 {1000 * median(times):.0f} ms, processors at work {1000 * median(used):.0f} ms", flush=True)


def _cpu_s(servers: list[int]) -> float:
    """Of this process and of the server's processes that serve it."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in servers]
    ticks = sum(int(tick) for stat in stats for tick in stat[11:13])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")

"""Measures how long it takes to write down a step of a call: ``python -m lab.bench_journal``.

A step is an entry, an agent and two decisions, committed with fsync on, to a private server on this disk.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import structlog
import uvloop

from callbackd.db.embedded import Embedded
from callbackd.db.engine import engine_for
from callbackd.db.journal import Journal
from callbackd.db.migrate import upgrade
from callbackd.db.right import Right
from callbackd.domain.commands import Changed, Decided, Write
from callbackd.domain.ids import AgentId
from callbackd.domain.lives.agent import Agent
from lab.lives import NOW, an_entry, claim, promised

STEPS = 2000


def a_step(n: int) -> list[Write]:
    rang = Decided(NOW, f"entry-{n}", "rings alice", "longest idle of 3 free", {"agent": "alice", "waited_s": 12.5})
    return [
        Changed(None, an_entry(n)),
        Changed(None, Agent(AgentId("alice"), misses=n % 5)),
        rang,
        Decided(NOW, "alice", "ringing", "free"),
    ]


def a_promise(n: int) -> list[Write]:
    return [promised(n, f"+4420{n:08}")]


def a_claim(n: int) -> list[Write]:
    return [claim(promised(n, f"+4420{n:08}"), n)]


async def measure(journal: Journal, name: str, writes_of: Callable[[int], list[Write]]) -> None:
    took = []
    cpu = time.process_time()
    for n in range(STEPS):
        writes = writes_of(n)
        started = time.perf_counter()
        await journal.commit(writes)
        took.append(1000 * (time.perf_counter() - started))
    cpu = 1000 * (time.process_time() - cpu) / STEPS
    cuts = statistics.quantiles(took, n=100)
    print(f"{name}: p50 {cuts[49]:.2f} ms, p95 {cuts[94]:.2f} ms, p99 {cuts[98]:.2f} ms, our CPU {cpu:.2f} ms")


async def main() -> None:
    with tempfile.TemporaryDirectory() as state_dir:
        async with Embedded(Path(state_dir)) as embedded:
            await measure_all(embedded.url)


async def measure_all(url: str) -> None:
    engine = engine_for(url)
    await upgrade(engine)
    right = Right(engine)
    await right.take()
    journal = Journal(engine, right)
    await measure(journal, "a step (entry, agent, 2 decisions)", a_step)
    await measure(journal, "a promise", a_promise)
    await measure(journal, "an intent to dial", a_claim)
    await right.give_up()
    await engine.dispose()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    uvloop.run(main())

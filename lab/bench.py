"""Performance figures of callbackd on this machine. They are printed, never asserted: the machines are shared.

latency   an agent hangs up, callers wait: time until the next caller's INVITE reaches the agent's phone, beside that of
          Asterisk's own Queue(); and a caller arrives, an agent is free: time until the agent's INVITE. The phones
          measure both.
core      CPU time of a step at the door by the length of the line (arrival, announcement, snapshot, end of a call), and
          of a simulated day of 10,000 calls: one estimator, four, and with the laws after each event.
ewt       estimators on the regimes of spec/estimates.md: mean and P80 error, all on the same paths; and the time that
          one estimate takes in a line of 100.
ahead     callbacks under agent_first and look_ahead on the same regimes: the share of customers for whom nobody was
          free within 2 s of key 1, and how long an agent was kept idle for each.
figures   a day of 10,000 calls asked for from the history, and a month of a queue.
commits   time of one commit of a typical step, a promise and an intent to the private PostgreSQL.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterable
from itertools import pairwise
from statistics import median, quantiles

from callbackd.domain.settings import DialPolicy
from callbackd.domain.wait.estimator import Ahead, Busy, Place
from callbackd.domain.wait.recursion import Recursive
from callbackd.simulate import ahead as dialling_ahead
from callbackd.simulate import mixed
from callbackd.simulate.regimes import REGIMES, RETURNS, ROSTERS, SUPPORT, run, with_and_without
from callbackd.simulate.score import table
from lab import bench_core, bench_figures, bench_journal
from lab.asterisk import Asterisk
from lab.daemon import UNHURRIED, Daemon, build_prompts
from lab.phones import AgentPhone, Stage, answers
from lab.slots import Slot

CALLS = 120
AT_ONCE = 6
"""How many callers wait while an agent talks."""


def figures(name: str, seconds: Iterable[float]) -> None:
    values = sorted(seconds)
    p95 = quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
    print(f"{name}: n={len(values)}  p50 {1000 * median(values):.1f} ms  p95 {1000 * p95:.1f} ms")


async def latency() -> None:
    with Slot() as slot:
        async with Asterisk(slot) as asterisk:
            queues = {"support": {"wrap_up_s": 0, "offer": {"enabled": False}, "announcements": {"every_s": 600}}}
            daemon = Daemon(slot, asterisk, "embedded", queues=queues, prompts=UNHURRIED)
            await build_prompts(daemon)
            async with daemon, Stage.around(asterisk) as stage:
                agent = await stage.agent("agent1", behaviour=answers(after=0.0, talk=0.15))
                native = await _between_calls(stage, agent, "8006", CALLS // 4)
                figures("app_queue: agent hangs up -> next caller's INVITE at the agent", native)
                login = await agent.dial("*50", answered=True)
                await login.is_over(within=15)
                ours = await _between_calls(stage, agent, "8001", CALLS)
                figures("callbackd: agent hangs up -> next caller's INVITE at the agent", ours)
                print(f"the median of app_queue is {median(native) / median(ours):.0f} times that of callbackd")
                logout = await agent.dial("*51", answered=True)
                await logout.is_over(within=15)
                await _on_arrival(stage)


async def _between_calls(stage: Stage, agent: AgentPhone, number: str, calls: int) -> list[float]:
    line = asyncio.Semaphore(AT_ONCE)
    before = len(agent.rung)

    async def one(n: int) -> None:
        async with line:
            caller = stage.caller(f"+44207946{n:04d}", silent=True)
            await caller.dial(number, answered=True)
            await caller.is_over(within=120)

    await asyncio.gather(*(one(n) for n in range(calls)))
    rung = agent.rung[before:]
    return [b.invited_at - a.ended_at for a, b in pairwise(rung) if a.ended_at and b.invited_at]


async def _on_arrival(stage: Stage) -> None:
    agent = await stage.agent("agent2", behaviour=answers(after=0.0))
    login = await agent.dial("*50", answered=True)
    await login.is_over(within=15)
    waits = []
    for n in range(30):
        caller = stage.caller(f"+44207947{n:04d}", silent=True)
        call = await caller.dial("8001")
        ring = await agent.next_call(within=10, answered=True)
        waits.append((ring.invited_at or 0.0) - (call.invited_at or 0.0))
        await caller.hangup()
        await ring.is_over()
    figures("caller's INVITE -> agent's INVITE, agent free", waits)


def ewt(days: int) -> None:
    for name, regime in REGIMES.items():
        print(f"{name}: {regime.agents} agents, {days} days")
        print("\n".join(table(run(regime, range(days)))))
    for name, regime in (ROSTERS | RETURNS).items():
        known, unknown = with_and_without(regime, range(days))
        what = "the roster" if regime.shifts else "the return of those who pause"
        print(
            f"{name}: {what} known, MAE {known.mae:.0f} ({known.mae / unknown.mae:.2f} of {unknown.mae:.0f} without), "
            f"loss {known.loss:.1f} ({known.loss / unknown.loss:.2f}), in P80 {known.coverage:.0%}"
        )
    for name, centre in mixed.MIXED.items():
        for queue, came in mixed.run(centre, range(days)).items():
            score = came.score
            print(
                f"{name}, {queue}: {score.n} waits, MAE {score.mae:.0f}, bias "
                f"{score.bias:+.0f}, in P80 {score.coverage:.0%}; {came.told} told, {came.kept_share:.0%} came true"
            )
    _cost_of_an_estimate()


def ahead(days: int) -> None:
    for name, regime in REGIMES.items():
        first, early = (
            dialling_ahead.run(regime, policy, range(days))
            for policy in (DialPolicy.AGENT_FIRST, DialPolicy.LOOK_AHEAD)
        )
        print(
            f"{name}: {early.customers} customers, {early.too_early_share:.1%} of them too early; an agent kept "
            f"{first.kept_each_s:.1f} s for each with agent_first, {early.kept_each_s:.1f} s with look_ahead"
        )


def _cost_of_an_estimate() -> None:
    ahead = tuple(Ahead(-3.0 * n, live=n % 3 > 0) for n in range(100))
    for agents in (5, 10, 50):
        place = Place(SUPPORT, ahead, busy=tuple(Busy(20.0 * n, 20.0) for n in range(agents)), paused=1)
        estimator, started = Recursive({SUPPORT: 220.0}, 12.0), time.perf_counter()
        for _ in range(500):
            estimator.estimate(place, 0.0)
        print(f"an estimate, 100 places ahead, {agents} agents: {2 * (time.perf_counter() - started):.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("what", choices=["latency", "core", "commits", "figures", "ewt", "ahead"])
    parser.add_argument("--days", type=int, default=3, help="of each regime, for ewt and ahead")
    asked = parser.parse_args()
    what = asked.what
    if what == "core":
        bench_core.main()
    elif what == "ewt":
        ewt(asked.days)
    elif what == "ahead":
        ahead(asked.days)
    elif what == "figures":
        asyncio.run(bench_figures.figures())
    elif what == "commits":
        asyncio.run(bench_journal.main())
    else:
        asyncio.run(latency())


if __name__ == "__main__":
    main()

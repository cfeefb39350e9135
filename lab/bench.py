"""Performance figures of callbackd on this machine. They are printed, never asserted: the machines are shared.

latency   an agent hangs up, callers wait: time until the next caller's INVITE reaches the agent's phone; a caller
          arrives, an agent is free: time until the agent's INVITE; and what a call costs. All beside Asterisk's own
          Queue(), in Markdown.
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
from itertools import product

from callbackd.domain.settings import DialPolicy
from callbackd.domain.wait.estimator import Ahead, Busy, Place
from callbackd.domain.wait.recursion import Recursive
from callbackd.simulate import ahead as dialling_ahead
from callbackd.simulate import mixed
from callbackd.simulate.regimes import REGIMES, RETURNS, ROSTERS, SUPPORT, run, with_and_without
from callbackd.simulate.score import table
from lab import bench_calls, bench_core, bench_figures, bench_journal


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
    kinds = {"": None, ", quick customers": dialling_ahead.QUICK}
    for (name, regime), (whose, customers) in product(REGIMES.items(), kinds.items()):
        first, early = (
            dialling_ahead.run(regime, policy, range(days), customers=customers)
            for policy in (DialPolicy.AGENT_FIRST, DialPolicy.LOOK_AHEAD)
        )
        print(
            f"{name}{whose}: {early.customers} customers, {early.too_early_share:.1%} of them too early; an agent kept "
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
    parser.add_argument("--ungreeted", action="store_true", help="greet_if_free = false, for latency")
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
        asyncio.run(bench_calls.main(greeted=not asked.ungreeted))


if __name__ == "__main__":
    main()

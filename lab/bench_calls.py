"""What one call costs on the wire, beside Asterisk's own Queue() in the same run: ``script/bench latency``.

The phones measure the latencies, the kernel the processors' time, and a daemon that counts (``lab.counting``) requests,
events, commits and rows. The table is Markdown, to be kept in docs/performance. Other work on the machine moves all
figures: only ratios within one run count.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from lab.asterisk import Asterisk
from lab.daemon import UNHURRIED, Daemon, build_prompts
from lab.phones import AgentPhone, Stage, answers
from lab.slots import Slot

CALLS = 120
NATIVE_CALLS = 40
ARRIVALS = 30
AT_ONCE = 6
"""How many callers wait while an agent talks."""
NATIVE, OURS = "8006", "8001"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class _Cost:
    """Milliseconds of a processor for each call."""

    asterisk: float = 0.0
    daemon: float = 0.0
    database: float = 0.0


@dataclass
class _Part:
    """Some calls of one kind."""

    seconds: list[float]
    """Until the agent's INVITE: from the agent's last BYE, or from the caller's INVITE."""
    cost: _Cost
    counted: dict[str, Any]
    """What the daemon counted."""


async def main(*, greeted: bool) -> None:
    with Slot() as slot:
        async with Asterisk(slot) as asterisk:
            spoken = {"every_s": 600} | ({} if greeted else {"greet_if_free": False})
            queues = {"support": {"wrap_up_s": 0, "offer": {"enabled": False}, "announcements": spoken}}
            daemon = Daemon(slot, asterisk, "embedded", queues=queues, prompts=UNHURRIED)
            daemon.counts = True
            await build_prompts(daemon)
            async with daemon, Stage.around(asterisk) as stage:
                await _measure(asterisk, daemon, stage)


async def _measure(asterisk: Asterisk, daemon: Daemon, stage: Stage) -> None:
    agent = await stage.agent("agent1", behaviour=answers(after=0.0, talk=0.15))

    async def part(number: str, kind: Callable[[Stage, AgentPhone, str, int], Awaitable[list[float]]], n: int) -> _Part:
        before, _ = _spent(asterisk, daemon), await daemon.counted()
        seconds = await kind(stage, agent, number, n)
        after, counted = _spent(asterisk, daemon), await daemon.counted()
        return _Part(seconds, _Cost(*(1000 * (b - a) / n for a, b in zip(before, after, strict=True))), counted)

    native = await part(NATIVE, _between_calls, NATIVE_CALLS), await part(NATIVE, _on_arrival, ARRIVALS)
    login = await agent.dial("*50", answered=True)
    await login.is_over(within=15)
    ours = await part(OURS, _between_calls, CALLS), await part(OURS, _on_arrival, ARRIVALS)
    _print_sides(*native, *ours)
    _print_counts("callers wait for the agent", ours[0].counted, CALLS)
    _print_counts("the agent is free", ours[1].counted, ARRIVALS)
    _print_spans(ours[0].counted["spans"])


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


async def _on_arrival(stage: Stage, agent: AgentPhone, number: str, calls: int) -> list[float]:
    waits = []
    for n in range(calls):
        before = len(agent.rung)
        caller = stage.caller(f"+44207947{n:04d}", silent=True)
        call = await caller.dial(number)
        await caller.is_over(within=30)
        (ring,) = agent.rung[before:]
        waits.append((ring.invited_at or 0.0) - (call.invited_at or 0.0))
    return waits


# --- processors ---------------------------------------------------------------------------------------------------


def _spent(asterisk: Asterisk, daemon: Daemon) -> tuple[float, float, float]:
    """Seconds of processor that Asterisk, the daemon and its PostgreSQL have used."""
    server = daemon.dir / "state/postgresql/data/postmaster.pid"
    postgres = int(server.read_text().split()[0])
    return _used(asterisk.pid), _used(daemon.pid), _used(postgres) + sum(map(_used, _children(postgres)))


def _used(pid: int | None) -> float:
    return sum(map(int, _stat(pid)[11:13])) / _TICKS


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if int(_stat(int(path.name))[1]) == parent:
                found.append(int(path.name))
        except OSError:  # it has ended
            continue
    return found


def _stat(pid: int | None) -> Sequence[str]:
    """The fields from the state on: the name before it may hold blanks."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


# --- the tables ---------------------------------------------------------------------------------------------------


def _print_sides(native_waits: _Part, native_free: _Part, waits: _Part, free: _Part) -> None:
    print("| | app_queue | callbackd | app_queue : callbackd |")
    print("|---|---|---|---|")
    _row("agent's BYE → next INVITE, p50", *(1000 * median(part.seconds) for part in (native_waits, waits)))
    _row("the same, p95", *(1000 * _p95(part.seconds) for part in (native_waits, waits)))
    _row("caller's INVITE → agent's INVITE, p50", *(1000 * median(part.seconds) for part in (native_free, free)))
    _row("the same, p95", *(1000 * _p95(part.seconds) for part in (native_free, free)))
    _row("Asterisk's CPU a call, the agent is free", native_free.cost.asterisk, free.cost.asterisk)
    for what, part in (("callers wait", waits), ("the agent is free", free)):
        print(f"| daemon's CPU a call, {what} | - | {part.cost.daemon:.1f} ms | |")
        print(f"| PostgreSQL's CPU a call, {what} | - | {part.cost.database:.1f} ms | |")


def _row(what: str, native: float, ours: float) -> None:
    print(f"| {what} | {native:.1f} ms | {ours:.1f} ms | {native / ours:.2f} |")


def _print_counts(what: str, counted: dict[str, Any], calls: int) -> None:
    requests, events = counted["requests"], counted["events"]
    print(
        f"\nFor each call, {what}: {sum(requests.values()) / calls:.1f} requests, {sum(events.values()) / calls:.1f} "
    )
    print(f"events, {counted['commits'] / calls:.1f} commits, {counted['rows'] / calls:.1f} rows.\n")
    for kind, counts in (("requests", requests), ("events", events)):
        often = sorted(counts.items(), key=lambda item: -item[1])
        print(f"- {kind}: " + ", ".join(f"{name} {n / calls:.1f}" for name, n in often if n >= calls / 20))


def _print_spans(spans: dict[str, list[float]]) -> None:
    print("\n| from event to request, inside the daemon | p50 | p95 |")
    print("|---|---|---|")
    for what, seconds in spans.items():
        print(f"| {what} | {1000 * median(seconds):.2f} ms | {1000 * _p95(seconds):.2f} ms |")


def _p95(seconds: Iterable[float]) -> float:
    values = sorted(seconds)
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]

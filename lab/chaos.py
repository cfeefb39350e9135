"""A random killer among thirty callers and ten promises: ``script/chaos --minutes 10 --seed 3``.

The daemon, PostgreSQL, the event stream and Asterisk are killed in an order drawn from the seed, and restarted as a
service manager would. The phones show what became of everybody; the summary counts kills, callers, lost, doubled, late.

Meanwhile agents talk, put callers on hold and send some on to a colleague. Nobody may hear silence for longer than two
seconds, whatever is killed.

Three things are excused. Calls that were up when Asterisk itself was killed: it sends no BYE and keeps nothing, so
nobody can save them. The silence after an agent has hung up: the conversation is over. And what the machine could not
do for anybody: then a phone that listens to Asterisk's music, past callbackd, heard nothing either. This is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from lab.asterisk import Asterisk
from lab.call import Call, PhoneFailed
from lab.daemon import QUICK_OFFER, UNHURRIED, Daemon, build_prompts
from lab.holds import at_once, counters
from lab.house import House
from lab.phones import Behaviour, Caller, CustomerPhones, Stage, answers, presses_one
from lab.postgres import Postgres
from lab.rtp import Span
from lab.slots import HOST, Slot
from lab.wire import Wire
from lab.wired import promise

CALLERS, PROMISES, AGENTS = 30, 10, 4
PAUSE_S = (2.0, 8.0)
"""Seconds between two kills."""
PATIENCE_S = (30.0, 80.0)
CALM_S = 40.0
"""Within this time after the last kill everybody who waits must be served and every due promise kept."""
ONE_BY_ONE = ("daemon", "stream", "postgres", "asterisk")
WEIGHTS = (6, 4, 2, 1)
TALK_S = (3.0, 6.0)
"""Seconds from an agent's answer to their hanging up."""
HOLDS, TRANSFERS = 0.2, 0.15
"""The share of an agent's conversations in which each happens."""
LISTENER = "listener"
COLLEAGUE = "agent6"
"""The colleague to whom agents send callers on; their telephone is not in the queue."""
SILENCE_S = 2.0
"""The longest silence, in seconds, that anybody may hear."""
STALL_S = 0.1
"""A gap in the music past callbackd that is longer than this is the machine's."""
WAITS_S = 2.0
"""A customer who pressed 1 and hears nobody for longer than this counts as late."""
QUEUE = {
    "wrap_up_s": 0,
    "ring_s": 4,
    "offer": QUICK_OFFER | {"call_back_lost": False},
    "announcements": {"every_s": 10},
    "slots": {"enabled": False},
    "retry": {"max_attempts": 20, "no_answer_gap_s": 2, "no_key_gap_s": 2, "congestion_gap_s": 2, "busy_gap_s": 2},
}

ENDLESS = 100_000
NO_LIMITS = {"number_hour": ENDLESS, "number_day": ENDLESS, "caller_day": ENDLESS, "block_hour": ENDLESS} | {
    "dials_day": ENDLESS, "minutes_day": ENDLESS, "late_least": ENDLESS,
}  # fmt: skip
"""One hour of this is more than the limits allow any house in a day."""


@dataclass
class Tally:
    kills: Counter[str] = field(default_factory=Counter)
    fates: Counter[str] = field(default_factory=Counter)
    """What became of the callers; each is counted once."""
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    """Phones that heard nothing for longer than ``SILENCE_S``."""
    stalls: list[float] = field(default_factory=list)
    """Seconds for which a phone that has nothing to do with callbackd heard no music: the machine was too busy."""
    stuck: list[str] = field(default_factory=list)
    """Agents whom callbackd takes for busy although everybody has hung up."""
    held: int = 0
    sent_on: int = 0
    unasked: list[str] = field(default_factory=list)
    """Ends of the daemon for which the killer was not to blame."""
    promised: int = 0
    kept: int = 0
    withdrawn: int = 0
    """Promises that were stored although no answer came: the caller heard a refusal and stayed in the line, and the row
    was closed before anybody heard of it."""
    open: int = 0
    back_s: list[float] = field(default_factory=list)
    """Seconds from the start of a daemon until it works with Asterisk."""
    resync_ms: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        kills = ", ".join(f"{what} {n}" for what, n in sorted(self.kills.items()))
        fates = ", ".join(f"{fate} {n}" for fate, n in sorted(self.fates.items()))
        lines = [
            f"kills      {self.kills.total()} ({kills})",
            f"callers    {self.fates.total()} ({fates})",
            f"promises   {self.promised}, kept {self.kept}, never given {self.withdrawn}, still open {self.open}",
            f"lost       {len(self.lost)}",
            f"doubled    {len(self.doubled)}",
            f"late       {len(self.late)}",
            f"silent     {len(self.silent)}",
            f"machine    stood still {len(self.stalls)} times, in all {sum(self.stalls):.1f} s",
            f"agents     held {self.held}, sent on {self.sent_on}, stuck {len(self.stuck)}",
            f"daemon     ended {len(self.unasked)} times by itself; back {_spread(self.back_s, 's')} after its start",
            f"resync     {_spread(self.resync_ms, 'ms')}",
        ]
        return "\n".join([*lines, *self.lost, *self.doubled, *self.late, *self.silent, *self.stuck, *self.unasked])


def _spread(values: list[float], unit: str) -> str:
    if not values:
        return "never seen"
    ordered = sorted(values)
    return f"median {ordered[len(ordered) // 2]:.2g} {unit}, at most {ordered[-1]:.2g} {unit}"


class Chaos:
    """``await Chaos(house, …).run(60)``; everything that happened is in ``tally``."""

    def __init__(self, house: House, line: Wire, postgres: Postgres, seed: int) -> None:
        self.tally = Tally()
        self._house = house
        self._line = line
        self._postgres = postgres
        self._random = random.Random(seed)
        self._people: set[asyncio.Task[None]] = set()
        self._numbers = iter(range(1000, 9999))
        self._over = False
        self._asterisk_died = 0.0
        self._outages: list[tuple[float, float]] = []
        """When Asterisk was away."""
        self._killed: set[int] = set()

    async def run(self, seconds: float) -> None:
        house = self._house
        customers = await house.stage.customers(behaviour=presses_one())
        for n in range(1, AGENTS + 1):
            await house.agent(f"agent{n}", self._works(self._random.uniform(*TALK_S)))
        await house.agent(COLLEAGUE, answers(after=0.2, talk=TALK_S[0]), logs_in=False)
        watch = asyncio.create_task(self._keep_daemon())
        listener = asyncio.create_task(self._listen())
        crowd = asyncio.create_task(self._keep_crowd())
        until = time.monotonic() + seconds
        while (pause_s := self._random.uniform(*PAUSE_S)) + time.monotonic() < until:
            await asyncio.sleep(pause_s)
            what = self._random.choices(ONE_BY_ONE, WEIGHTS)[0]
            self.tally.kills[what] += 1
            house.stage.remark("chaos", f"kills {what}")
            await getattr(self, f"_kill_{what}")()
        self._over = True
        await _ended(crowd)
        await self._calm()
        await _ended(watch)
        await _ended(listener)
        await self._judge(customers)

    # --- the killer ---------------------------------------------------------------------------------------------------

    async def _kill_daemon(self) -> None:
        if pid := self._house.daemon.pid:
            self._killed.add(pid)
        await self._house.daemon.kill()

    async def _kill_stream(self) -> None:
        self._line.cut_all()

    async def _kill_postgres(self) -> None:
        self._postgres.kill()
        await asyncio.sleep(self._random.uniform(0.0, 3.0))
        await self._postgres.start()

    async def _kill_asterisk(self) -> None:
        self._asterisk_died = died_at = time.time()
        await self._house.asterisk.kill()
        # It sends no BYE: people who suddenly hear nothing hang up.
        await asyncio.gather(
            *(call.hangup() for call in self._house.stage.calls if not call.over), return_exceptions=True
        )
        await self._house.asterisk.start()
        self._asterisk_died = time.time()
        self._outages.append((died_at, self._asterisk_died))

    async def _keep_daemon(self) -> None:
        """Restart the daemon whenever it ends, as a service manager does."""
        daemon = self._house.daemon
        while True:
            pid = daemon.pid
            if pid is None:
                since, started = len(daemon.lines), time.monotonic()
                await daemon.start(wait=False)
                pid = daemon.pid  # now: it may be killed before it is back
                with suppress(AssertionError, RuntimeError):
                    await daemon.said("back", subject="asterisk", since=since, within_s=30)
                    self.tally.back_s.append(time.monotonic() - started)
            while daemon.pid is not None:
                await asyncio.sleep(0.05)
            if pid not in self._killed:
                self.tally.unasked.append(f"the daemon ended by itself:\n{daemon.story(15)}")

    async def _listen(self) -> None:
        """A phone that hears music straight from Asterisk, and calls again when Asterisk is back."""
        listener = self._house.stage.caller(LISTENER, silent=True)
        while True:
            with suppress(PhoneFailed, TimeoutError, OSError):
                await listener.dial("8011", answered=True)
                await listener.is_over(within=ENDLESS)
            await asyncio.sleep(0.2)

    def _works(self, talk_s: float) -> Behaviour:
        """The behaviour of an agent who now and then puts the caller on hold or sends them on."""

        async def behave(call: Call) -> None:
            await answers(after=0.2)(call)
            lot = self._random.random()
            with suppress(PhoneFailed, TimeoutError, OSError):
                if lot < HOLDS:
                    await asyncio.sleep(talk_s / 4)
                    await call.hold()
                    self.tally.held += 1
                    await asyncio.sleep(talk_s / 4)
                    await call.resume()
                elif lot < HOLDS + TRANSFERS:
                    await asyncio.sleep(talk_s / 2)
                    await call.refer(COLLEAGUE)
                    self.tally.sent_on += 1
                await asyncio.sleep(max(0.0, (call.answered_at or 0.0) + talk_s - time.time()))
                await call.hangup()

        return behave

    # --- the crowd ----------------------------------------------------------------------------------------------------

    async def _keep_crowd(self) -> None:
        while True:
            while len(self._people) < CALLERS:
                person = asyncio.create_task(self._person())
                self._people.add(person)
                person.add_done_callback(self._people.discard)
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.1)

    async def _person(self) -> None:
        caller = self._house.stage.caller(f"+44207946{next(self._numbers)}", silent=True)
        wants_callback, patience_s = self._random.random() < 0.3, self._random.uniform(*PATIENCE_S)
        try:
            await caller.dial("8001", answered=True)
        except (PhoneFailed, TimeoutError, OSError):
            self.tally.fates["not answered"] += 1
            return
        began = time.time()
        if wants_callback:
            await self._presses(caller)
        with suppress(PhoneFailed, TimeoutError):
            while not caller.call.over and time.time() - began < patience_s and not self._served(caller):
                if self._asterisk_died > began:
                    break
                await asyncio.sleep(0.2)
            if self._served(caller):
                await caller.is_over(within=10)
        await self._leaves(caller, began)

    async def _presses(self, caller: Caller) -> None:
        """Press the offer's key and confirm, until we are hung up on or somebody answers."""
        for _ in range(6):
            await asyncio.sleep(self._random.uniform(2.5, 4.0))
            if caller.call.over or self._served(caller):
                return
            with suppress(PhoneFailed, TimeoutError, OSError):
                await caller.press("1")

    def _served(self, caller: Caller) -> bool:
        return any(name.startswith("agent") for name in caller.call.hearing.names())

    async def _leaves(self, caller: Caller, began: float) -> None:
        call, by_us = caller.call, caller.call.ended_by == "them"
        ended_at = call.ended_at or time.time()
        if not call.over:
            with suppress(PhoneFailed, TimeoutError, OSError):
                await caller.hangup()
        if self._served(caller):
            fate = "served"
        elif await self._has_promise(caller.name):
            fate = "promised"
        elif self._asterisk_died > began:
            fate = "excused"
        elif by_us and self._agent_hung_up(caller.name, ended_at):
            fate = "served"
            self.tally.late.append(f"{caller.name} was put through to an agent who hung up before they were heard")
        elif by_us:
            fate = "lost"
            self.tally.lost.append(f"{caller.name} was hung up on after {ended_at - began:.0f} s")
        else:
            fate = "gave up"
        self.tally.fates[fate] += 1

    def _agent_hung_up(self, who: str, at: float) -> bool:
        """Whether the agent ended the caller's call, and not callbackd."""
        rung = [call for call in self._house.stage.calls if call.from_user == _number(who)]
        return any(call.ended_by == "us" and abs((call.ended_at or 0.0) - at) < 1.0 for call in rung)

    async def _has_promise(self, who: str) -> bool:
        number = _number(who)
        for _ in range(30):
            with suppress(Exception):  # the database may be dead just now
                return bool(
                    await self._house.rows(f"SELECT id FROM callback WHERE number = '{number}' AND NOT {_WITHDRAWN}")
                )
            await asyncio.sleep(0.5)
        return False

    # --- the end ------------------------------------------------------------------------------------------------------

    async def _calm(self) -> None:
        """Nothing is killed any more: wait until every caller is served and every due promise kept."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CALM_S + PATIENCE_S[1]):
                while self._people:
                    await asyncio.wait(set(self._people))
        for task in set(self._people):
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(CALM_S):
                while await self._due():
                    await asyncio.sleep(0.5)

    async def _due(self) -> list[dict[str, Any]]:
        while True:
            with suppress(OperationalError):  # the last kill may have been the database's
                return await self._house.rows(_DUE)
            await asyncio.sleep(0.5)

    async def _judge(self, customers: CustomerPhones) -> None:
        tally, house = self.tally, self._house
        for call in [call for call in house.stage.calls if not call.over]:
            with suppress(PhoneFailed, TimeoutError, OSError):
                await call.hangup()
        rows = await house.rows(f"SELECT outcome, number, {_WITHDRAWN} AS withdrawn FROM callback")
        tally.withdrawn = sum(row["withdrawn"] for row in rows)
        rows = [row for row in rows if not row["withdrawn"]]
        tally.promised, tally.kept = len(rows), sum(row["outcome"] == "completed" for row in rows)
        tally.open = sum(row["outcome"] is None for row in rows)
        gone = [row for row in rows if row["outcome"] not in {"completed", "rejoined", None}]
        tally.lost += [f"the promise to {row['number']} ended as {row['outcome']}" for row in gone]
        tally.lost += [f"the promise to {row['number']} is due and not kept" for row in await self._due()]
        tally.doubled += [*at_once(house), *await counters(house)]
        tally.late += [late for call in customers.calls if (late := _late(call))]
        tally.silent += [silent for call in self._heard_by_all() if (silent := self._silence(call))]
        tally.stalls = [gap.seconds for gap in self._stalls()]
        tally.stuck += await self._stuck()
        tally.resync_ms = [line["took_ms"] for line in house.daemon.lines if line.get("event") == "resynced"]

    def _heard_by_all(self) -> list[Call]:
        calls = [call for call in self._house.stage.calls if call.who != f"caller {LISTENER}"]
        return [call for call in calls if call.who.startswith(("caller", "customer"))]

    def _silence(self, call: Call) -> str:
        """The first silence that was too long and is not excused; or empty."""
        for gap in call.gaps(SILENCE_S):
            away = any(gap.start < back and gap.end > gone for gone, back in self._outages)
            stood_still_s = sum(gap.overlap(stall) for stall in self._stalls())
            if gap.seconds - stood_still_s > SILENCE_S and not away and not self._agent_hung_up(call.who, gap.start):
                since = datetime.fromtimestamp(gap.start, UTC).strftime("%H:%M:%S.%f")[:12]
                return f"{call.who} heard nothing for {gap.seconds:.1f} s from {since} on"
        return ""

    def _stalls(self) -> list[Span]:
        """When a phone that has nothing to do with callbackd heard nothing."""
        return [
            gap for call in self._house.stage.calls if call.who == f"caller {LISTENER}" for gap in call.gaps(STALL_S)
        ]

    async def _stuck(self) -> list[str]:
        busy: list[dict[str, Any]] = []
        for _ in range(50):
            with suppress(OperationalError):
                busy = await self._house.rows(_BUSY)
                if not busy:
                    return []
            await asyncio.sleep(0.2)
        return [f"{row['id']} is taken for {row['activity']}" for row in busy]


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel until it has ended: Python 3.11's ``wait_for`` swallows a cancellation that comes with its result."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1.0)


def _late(call: Call) -> str:
    """A sentence about a customer who pressed 1 and then heard silence for longer than ``WAITS_S``; or empty."""
    silent = [gap for gap in call.gaps(WAITS_S) if call.pressed and gap.start > call.pressed[0][0]]
    return f"{call.who} heard nothing for {silent[0].seconds:.1f} s" if silent else ""


def _number(who: str) -> str:
    return "".join(c for c in who if c in "+0123456789")


_WITHDRAWN = "(outcome IS NOT NULL AND outcome = 'cancelled' AND closed_at = created_at)"
"""Closed at the time of its creation: the caller heard that it could not be noted. See ``callbackd.db.intents``."""

_BUSY = "SELECT id, activity FROM agent WHERE activity NOT IN ('idle', 'wrap_up')"

_DUE = """
SELECT c.number FROM callback c JOIN entry e ON e.id = c.entry
WHERE c.closed_at IS NULL AND (c.state <> 'waiting' OR e.not_before < now())
"""


async def chaos(seconds: float, seed: int, log: Path | None = None) -> Tally:
    """What became of everybody in a house of its own during ``seconds`` of kills. ``log`` gets everything seen."""
    async with AsyncExitStack() as stack:
        slot = stack.enter_context(Slot())
        postgres = await stack.enter_async_context(Postgres())
        asterisk = await stack.enter_async_context(Asterisk(slot))
        line = await stack.enter_async_context(Wire((HOST, slot.spare(0)), (HOST, asterisk.ari_port)))
        url = await postgres.migrated_database()
        await promise(url, [f"+4420794699{n:02d}" for n in range(PROMISES)])
        daemon = Daemon(slot, asterisk, url, queues={"support": QUEUE}, prompts=UNHURRIED, limits=NO_LIMITS)
        daemon.config["ari"]["url"] = f"http://{HOST}:{line.port}/ari"
        await build_prompts(daemon)
        await stack.enter_async_context(daemon)
        stage = await stack.enter_async_context(Stage.around(asterisk))
        killer = Chaos(House(asterisk, daemon, stage, url), line, postgres, seed)
        try:
            await killer.run(seconds)
        finally:
            if log:
                text = "\n".join([stage.story(), daemon.story(1_000_000), *asterisk.problems()])
                await asyncio.to_thread(log.write_text, text)
        return killer.tally


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/chaos", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="how long things are killed (10)")
    parser.add_argument("--seed", type=int, default=1, help="which things, and when (1)")
    parser.add_argument("--log", type=Path, help="a file for everything the phones saw and the daemon logged")
    asked = parser.parse_args()
    tally = asyncio.run(chaos(60 * asked.minutes, asked.seed, asked.log))
    print(f"{asked.minutes:g} minutes, seed {asked.seed}\n{tally}")
    sys.exit(1 if tally.lost or tally.doubled or tally.silent or tally.stuck or tally.unasked else 0)


if __name__ == "__main__":
    main()

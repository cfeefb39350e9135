"""What must hold after every fault (spec/reliability.md). The phones judge; the database must agree with them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable
from itertools import combinations, pairwise
from typing import Any

from lab.call import Call
from lab.house import House, nothing_is_left
from lab.phones import AgentPhone, CustomerPhones
from lab.wired import Wired

REFUNDED = {"not_dialled", "congestion", "postponed", "rang_in", "declined", "called_off"}
NOT_SEEN = {"not_dialled"}
"""Attempts for which no INVITE may have left."""
PERHAPS_SEEN = {"not_dialled", "unknown", "called_off"}
ARI_CONNECTIONS, DB_CONNECTIONS = 10, 5
"""The sizes of the daemon's pools: more connections are a leak, fewer mean that it is idle."""
AT_ONCE_S = 0.75
"""Callers served within this time of each other are not out of order: two agents may answer in another order than they
were rung."""
TOGETHER_S = 0.25
"""A caller who dials within this time after another may arrive first."""
VOICE_S = 2.0


async def these_hold(
    house: House, *, lost: Collection[str] = (), silence_s: float | None = 1.0, in_order: bool = True
) -> None:
    """Everybody hangs up; then the whole list is checked, and all breaches are raised at once.

    ``lost`` names phones whose call died with Asterisk; ``silence_s`` is the longest silence that people may have
    heard, None when Asterisk itself was away. Not ``in_order`` when the daemon could not know who arrived when.
    """
    verdict = [
        *byes(house),
        *(silences(house, silence_s) if silence_s is not None else ()),
        *voices(house),
        *(order(house, lost) if in_order else ()),
        *at_once(house),
    ]
    await everybody_hangs_up(house)
    await nothing_is_left(house.asterisk, house.daemon)
    verdict += await at_rest(lambda: counters(house))
    if isinstance(house, Wired) and house.daemon.pid:
        verdict += await at_rest(lambda: leaks(house))
    assert not verdict, "\n".join([*verdict, "", house.stage.story(), "", house.daemon.story(100)])


async def at_rest(check: Callable[[], Awaitable[list[str]]]) -> list[str]:
    """The breaches that last: a moment passes between an INVITE and its row."""
    found: list[str] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            while found := await check():
                await asyncio.sleep(0.1)
    return found


async def everybody_hangs_up(house: House) -> None:
    running = [call for call in house.stage.calls if not call.over]
    await asyncio.gather(*(call.hangup() for call in running), return_exceptions=True)


# --- by the phones ------------------------------------------------------------------------------------------------


def callers(house: House) -> list[Call]:
    return [call for call in house.stage.calls if call.outgoing and not call.who.startswith("agent")]


def customers(house: House) -> list[Call]:
    phones = [phone for phone in house.stage.phones if isinstance(phone, CustomerPhones)]
    return [call for phone in phones for call in phone.calls]


def served_at(house: House) -> dict[str, float]:
    """When each caller first heard an agent."""
    agents = [phone.name for phone in house.stage.phones if isinstance(phone, AgentPhone)]
    found: dict[str, float] = {}
    for call in callers(house):
        if heard := [span.start for name in agents for span in call.hearing.spans(name)]:
            found[call.who] = min(found.get(call.who, heard[0]), *heard)
    return found


def byes(house: House) -> Iterable[str]:
    served = served_at(house)
    for call in callers(house):
        ours = call.ended_by == "them" and call.answered_at is not None
        if ours and call.who not in served:
            yield f"{call.who} got a BYE from us, unserved"


def silences(house: House, longer_than: float) -> Iterable[str]:
    for call in [*callers(house), *customers(house)]:
        for gap in call.gaps(longer_than):
            yield f"{call.who} heard nothing for {gap.seconds:.1f} s"


def voices(house: House) -> Iterable[str]:
    for call in customers(house):
        lasted_s = (call.ended_at or house.stage.now()) - (call.answered_at or house.stage.now())
        if lasted_s > VOICE_S:
            first = next(iter(call.hearing.spans("voice", since=call.answered_at or 0.0)), None)
            if first is None or first.start - (call.answered_at or 0.0) > VOICE_S:
                yield f"{call.who} answered and heard no voice for {VOICE_S:.0f} s"


def order(house: House, lost: Collection[str]) -> Iterable[str]:
    """A breach for each caller who was served while somebody who had come earlier was waiting."""
    served = served_at(house)
    in_turn = sorted((c for c in callers(house) if c.who not in lost), key=lambda call: call.invited_at or 0.0)
    for one, other in combinations(in_turn, 2):
        at, later_s = served.get(other.who), (other.invited_at or 0.0) - (one.invited_at or 0.0)
        if at is None or later_s < TOGETHER_S or (one.ended_at and one.ended_at < at):
            continue
        if at < served.get(one.who, house.stage.now()) - AT_ONCE_S:
            yield f"{other.who} was served before {one.who}, who came first"


def at_once(house: House) -> Iterable[str]:
    """A breach for each phone that was called while it was ringing."""
    by_number: dict[str, list[Call]] = {}
    for call in customers(house):
        by_number.setdefault(call.dialled, []).append(call)
    for number, calls in by_number.items():
        for one, next_ in pairwise(sorted(calls, key=lambda call: call.invited_at or 0.0)):
            if one.ended_at is None or (next_.invited_at or 0.0) < one.ended_at:
                yield f"{number} was called twice at a time"


# --- by the database, against the phones --------------------------------------------------------------------------


async def counters(house: House) -> list[str]:
    attempts = await house.rows("SELECT id, number, callback, outcome, state, closed_at FROM attempt")
    callbacks = await house.rows("SELECT id, number, entry, attempts_made, state, outcome, closed_at FROM callback")
    entries = {row["id"]: row for row in await house.rows("SELECT id, closed_at FROM entry")}
    return [
        *_invites(attempts, Counter(call.dialled for call in customers(house))),
        *_one_open(attempts),
        *(breach for callback in callbacks for breach in _promise(callback, attempts, entries)),
    ]


def _invites(attempts: list[dict[str, Any]], seen: Counter[str]) -> Iterable[str]:
    for number in {*seen, *(row["number"] for row in attempts)}:
        these = [row for row in attempts if row["number"] == number and row["state"] != "claiming"]
        least = sum(row["outcome"] not in PERHAPS_SEEN and row["state"] != "claimed" for row in these)
        most = sum(row["outcome"] not in NOT_SEEN for row in these)
        if not least <= seen[number] <= most:
            outcomes = [row["outcome"] or row["state"] for row in these]
            yield f"{number} got {seen[number]} INVITEs for the attempts {outcomes}"


def _one_open(attempts: list[dict[str, Any]]) -> Iterable[str]:
    for number, n in Counter(row["number"] for row in attempts if row["closed_at"] is None).items():
        if n > 1:
            yield f"{n} open attempts for {number}"


def _promise(
    callback: dict[str, Any], attempts: list[dict[str, Any]], entries: dict[str, dict[str, Any]]
) -> Iterable[str]:
    made = [row for row in attempts if row["callback"] == callback["id"] and row["outcome"] not in REFUNDED]
    if len(made) != callback["attempts_made"]:
        outcomes = [row["outcome"] for row in made]
        yield f"{callback['attempts_made']} attempts counted for {callback['number']}, made were {outcomes}"
    closed = callback["closed_at"] is not None
    if closed != (callback["outcome"] is not None) or closed != (callback["state"] == "closed"):
        yield f"the promise to {callback['number']} is neither open nor closed with an outcome"
    if not closed and entries[callback["entry"]]["closed_at"] is not None:
        yield f"the promise to {callback['number']} is open and has no place"


# --- leaks --------------------------------------------------------------------------------------------------------


async def leaks(house: Wired) -> list[str]:
    now, then = await house.footprint(), house.at_rest
    checks = {
        f"{house.ari.connections} connections to ARI": house.ari.connections > ARI_CONNECTIONS,
        f"{house.db.connections} connections to the database": house.db.connections > DB_CONNECTIONS,
        f"{now.files} open files, at rest {then.files}": now.files > then.files,
        f"{now.sockets} other sockets, at rest {then.sockets}": now.sockets > then.sockets,
        f"{now.tasks} tasks, at rest {then.tasks}": now.tasks > then.tasks,
    }
    return [text for text, broken in checks.items() if broken]

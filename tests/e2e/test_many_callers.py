"""Two hundred callers wait, and each is spoken to: nobody sits in silence."""

from __future__ import annotations

import asyncio
import time

import pytest

from lab.daemon import NO_TIMES, QUICK_OFFER, UNHURRIED
from lab.rtp import VOICE, Span

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

CALLERS, LISTENERS = 200, 20
"""All of them wait in Asterisk; every tenth is listened to, this machine has no ears for more."""
SILENCE_S = 1.0
QUEUE = {
    "announcements": {"first_after_s": 5, "every_s": 20},
    "offer": QUICK_OFFER,
    "slots": NO_TIMES,
}


async def notes_stalls(stalls):
    """The times when this very process did not run: its phones heard nothing, and afterwards all of it at once."""
    last = time.time()
    while True:
        await asyncio.sleep(0.05)
        now = time.time()
        if now - last > 0.25:
            stalls.append(Span(last, now))
        last = now


def silences(caller, stalls):
    gaps = [gap.seconds - sum(gap.overlap(stall) for stall in stalls) for gap in caller.gaps(SILENCE_S)]
    return [seconds for seconds in gaps if seconds > SILENCE_S]


async def test_nobody_sits_in_silence(open_house):
    house = await open_house(queues={"support": QUEUE}, prompts=UNHURRIED)
    stalls: list[Span] = []
    noting = asyncio.create_task(notes_stalls(stalls))
    crowd = await house.stage.crowd([f"+44207946{n:04d}" for n in range(CALLERS - LISTENERS)], "8001")
    listeners = [house.stage.caller(f"+44207947{n:04d}", silent=True) for n in range(LISTENERS)]
    for caller in listeners:
        await caller.dial("8001", answered=True)
    async with asyncio.timeout(120):
        while house.daemon.count("announced") < 2 * CALLERS:
            await asyncio.sleep(0.2)
    assert house.daemon.count("joined the line") == CALLERS
    assert (len(crowd.answered), len(crowd.over)) == (CALLERS - LISTENERS, 0)
    for caller in listeners:
        assert len(caller.call.hearing.spans(VOICE, gap=2.0)) >= 2, f"{caller.name} was greeted and nothing more"
        assert silences(caller, stalls) == [], caller.name
    assert sum(stall.seconds for stall in stalls) < 10, "too little was heard to judge by"
    noting.cancel()
    await house.asterisk.cli("channel request hangup all")
    async with asyncio.timeout(30):
        while len(crowd.over) < len(crowd.answered):
            await asyncio.sleep(0.1)

"""Two hundred callers wait, and each is spoken to: nobody sits in silence."""

from __future__ import annotations

import asyncio

import pytest

from tests.lab.daemon import NO_TIMES, QUICK_OFFER
from tests.lab.rtp import VOICE

pytestmark = pytest.mark.e2e

CALLERS, LISTENERS = 200, 20
"""All of them wait in Asterisk; every tenth is listened to, this machine has no ears for more."""
SILENCE_S = 1.0
QUEUE = {
    "announcements": {"first_after_s": 5, "every_s": 20},
    "offer": QUICK_OFFER,
    "slots": NO_TIMES,
}


async def test_nobody_sits_in_silence(open_house):
    house = await open_house(queues={"support": QUEUE})
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
        assert caller.gaps(SILENCE_S) == [], caller.name
    await house.asterisk.cli("channel request hangup all")
    async with asyncio.timeout(30):
        while len(crowd.over) < len(crowd.answered):
            await asyncio.sleep(0.1)

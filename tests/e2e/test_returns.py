"""An agent who pauses says by the telephone's keys when to expect the return, on real phones."""

from __future__ import annotations

import pytest

from lab.daemon import NO_TIMES
from lab.house import ANNA, House
from lab.phones import answers

pytestmark = pytest.mark.e2e

SUPPORT = {"wrap_up_s": 0, "ring_s": 4, "offer": {"enabled": False}, "slots": NO_TIMES}
ONE = {"agent1": {"endpoint": "PJSIP/agent1", "queues": ["support"]}}


async def expected_in_min(house: House) -> float:
    """In how many minutes the row of the paused agent has the agent back."""
    row = await house.row(
        "SELECT extract(epoch FROM back_at - now()) / 60 AS minutes FROM agent "
        "WHERE presence = 'paused' AND back_at IS NOT NULL"
    )
    return float(row["minutes"])


@pytest.mark.parametrize("keys", ["15#", "15"], ids=["hash", "a pause"])
async def test_minutes_keyed_after_the_code_are_when_the_agent_will_be_back(open_house, keys):
    house = await open_house(queues={"support": SUPPORT}, agents=ONE)
    phone = await house.agent("agent1", answers(after=0.1))
    call = await phone.dial("*52", answered=True)
    await call.hears_voice()
    await call.press(keys)
    assert 14.0 < await expected_in_min(house) <= 15.0
    assert await call.is_over(within=15) == "them"


async def test_minutes_dialled_with_the_code_are_taken_and_back_at_work_they_are_forgotten(open_house):
    house = await open_house(queues={"support": SUPPORT}, agents=ONE)
    phone = await house.agent("agent1", answers(after=0.1))
    await house.dials_code(phone, "*5220")
    assert 19.0 < await expected_in_min(house) <= 20.0
    await house.dials_code(phone, "*53")
    anna = await house.calls(ANNA)
    await anna.hears(phone)
    assert await house.row("SELECT id FROM agent WHERE back_at IS NULL AND presence = 'available'")

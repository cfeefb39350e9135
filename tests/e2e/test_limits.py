"""A stranger's telephone is not a toy: how often others can have it rung, as phones see it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lab.house import ANNA, BEN, CORA, House
from lab.phones import answers, presses_one, rejects

pytestmark = pytest.mark.e2e

SUPPORT = {
    "wrap_up_s": 0,
    "ring_s": 4,
    "offer": {"estimated_wait_s": 5, "waited_s": 60},
    "announcements": {"every_s": 5},
    "slots": {"enabled": False},
    "retry": {"max_attempts": 1, "busy_gap_s": 1, "no_answer_gap_s": 1},
}
QUEUES = {"support": SUPPORT}
ONE = {"agent1": {"endpoint": "PJSIP/agent1", "queues": ["support"]}}
VICTIM = "+442079460777"


async def asks_for(house: House, number: str, since: int) -> dict[str, Any]:
    """A caller who withholds the number asks for a call to this one. Returns the log's line on whether it was
    promised."""
    caller = await house.calls(None)
    await house.daemon.said("announced", since=since, offer=True)
    await asyncio.sleep(1.5)
    await caller.press("1")
    await asyncio.sleep(1.2)
    await caller.press(f"{number.replace('+44', '0')}#", hold=0.05, pause=0.05)
    await asyncio.sleep(1.2)
    await caller.press("1")
    line = await house.daemon.said("promise", since=since, within_s=8)
    await caller.hears_voice(since=house.stage.now(), within=5)
    await caller.hangup()
    return line


async def test_the_third_call_to_a_strangers_number_within_an_hour_is_not_promised(open_house):
    """Each promise is over before the next is asked for: the victim has refused the call."""
    house = await open_house(queues=QUEUES, agents=ONE)
    victim = await house.stage.customers(behaviour=rejects(486))
    agent = await house.agent("agent1", answers(after=0.1), logs_in=False)
    lines = []
    for _ in range(2):
        since = len(house.daemon.lines)
        lines.append(await asks_for(house, VICTIM, since))
        await house.dials_code(agent, "*50")
        await house.daemon.said("promise given up", since=since, within_s=12)
        await house.dials_code(agent, "*51")
    lines.append(await asks_for(house, VICTIM, len(house.daemon.lines)))
    assert [line["event"] for line in lines] == ["promised a callback", "promised a callback", "no promise"]
    assert lines[-1]["reason"] == "2 callbacks to this number were asked for within an hour, as many as allowed"
    assert len(victim.calls) == 2


async def test_a_day_that_is_used_up_leaves_promises_waiting_and_live_callers_served(open_house):
    house = await open_house(queues=QUEUES, agents=ONE, limits={"dials_day": 1})
    phones = await house.stage.customers(behaviour=presses_one())
    for number in (ANNA, BEN):
        await house.takes_callback(await house.calls(number))
    agent = await house.agent("agent1", answers(after=0.1, talk=1))
    await (await phones.next_call_to(ANNA, within=15, answered=True)).hears(agent, within=15)
    held = await house.daemon.said("held for today", within_s=15)
    assert held["level"] == "error"
    assert held["reason"] == "1 dials today, 1 allowed"
    told = [line["event"] for line in house.daemon.lines if line.get("alarm")]
    assert told == ["100% of the day's dials used", "held for today"]
    cora = await house.calls(CORA)
    await cora.hears(agent, within=10)
    assert phones.calls_to(BEN) == []
    rows = await house.rows(f"SELECT state, attempts_made FROM callback WHERE number = '{BEN}'")
    assert rows == [{"state": "waiting", "attempts_made": 0}]
    await house.daemon.stop()
    house.daemon.config["limits"] = {"dials_day": 9}
    await house.daemon.start()
    assert await phones.next_call_to(BEN, within=15)

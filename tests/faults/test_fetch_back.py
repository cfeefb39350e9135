"""Callers in the dialplan's fallback queue when the daemon comes back: fetched to their old places, where it is set."""

from __future__ import annotations

import asyncio

import pytest

from lab.daemon import NO_TIMES
from lab.holds import these_hold
from lab.house import ANNA, BEN, CORA
from lab.phones import answers, rejects

pytestmark = [pytest.mark.e2e, pytest.mark.faults]


async def handed_over(house):
    """Anna and Ben wait, the daemon is killed, and they are handed to the fallback queue."""
    callers = {number: await house.joins(number) for number in (ANNA, BEN)}
    await callers[BEN].hears_voice()  # so that the leg carries its place
    await house.daemon.kill()
    status, said = await house.daemon.runs("rescue", "--after", "0")
    assert (status, said.splitlines()[-1]) == (0, "2 callers handed over")
    await stand_in_fallback(house, 2)
    return callers


async def in_fallback(house):
    """How many callers are in the dialplan's own queue."""
    shown = await house.asterisk.cli("core show channels concise")
    return sum("!Queue!" in line for line in shown.splitlines())


async def stand_in_fallback(house, callers):
    """Returns when they are there: callers who are being spoken to go there when that ends."""
    async with asyncio.timeout(15):
        while await in_fallback(house) < callers:
            await asyncio.sleep(0.1)


async def test_callers_are_fetched_back_and_served_in_their_old_order(open_house):
    house = await open_house(fallback={"take_over": True})
    agent = await house.stage.agent("agent1", behaviour=rejects(486))
    callers = [*(await handed_over(house)).values(), await house.calls(CORA)]
    since = len(house.daemon.lines)
    await house.daemon.start()
    await house.daemon.said("joined the line", position=3, since=since)
    assert house.daemon.count("fetched_back") == 2
    assert await in_fallback(house) == 0
    agent.behaviour, rung = answers(after=0.1, talk=1.0), len(agent.rung)
    await house.dials_code(agent, "*50")
    for caller in callers:
        await caller.hears(agent, within=20)
    assert [call.from_user for call in agent.rung[rung:]] == [ANNA, BEN, CORA]
    places = await house.rows("SELECT DISTINCT number, arrived_at FROM entry")
    assert len(places) == 3, "the places of before and of afterwards are the same"
    await these_hold(house, silence_s=None)  # callers who were being spoken to when the daemon was killed heard no more


async def test_without_the_setting_callers_stay_in_the_fallback_queue_and_are_served_there(open_house):
    house = await open_house()
    agent = await house.stage.agent("agent1", behaviour=rejects(486))
    anna, ben = (await handed_over(house)).values()
    cora = await house.calls(CORA)
    since = len(house.daemon.lines)
    await house.daemon.start()
    await house.daemon.said("joined the line", since=since)  # Cora
    assert await in_fallback(house) == 2
    assert house.daemon.count("fetched_back") == 0
    agent.behaviour = answers(after=0.1, talk=1.0)
    await anna.hears(agent, within=20)
    await ben.hears(agent, within=20)
    await cora.hangup()


async def test_a_caller_who_talks_to_an_agent_there_is_left_alone(open_house):
    house = await open_house(fallback={"take_over": True})
    agent = await house.stage.agent("agent1", behaviour=answers(after=0.1))
    callers = await handed_over(house)
    first = await agent.next_call(within=20, answered=True)
    talker = callers[ANNA if first.from_user == ANNA else BEN]
    await talker.hears(agent)
    await house.daemon.start()
    await house.daemon.said("joined the line", reason="stood in the line already")
    await talker.hears(agent, since=house.stage.now())
    assert house.daemon.count("fetched_back") == 1


async def test_a_caller_who_left_by_an_exit_has_given_up_the_place(open_house):
    rules = {"key": "9", "key_exit": "dialplan:switchboard"}
    queue = {"wrap_up_s": 0, "ring_s": 4, "announcements": {"every_s": 5}, "slots": NO_TIMES, "entry": rules}
    house = await open_house(fallback={"take_over": True}, queues={"support": queue})
    anna = await house.joins(ANNA)
    await anna.hears_voice()
    await anna.press("9")
    await house.daemon.said("sent to the dialplan")
    await stand_in_fallback(house, 1)
    ben = await house.joins(BEN)
    await ben.hears_voice()
    await house.daemon.kill()
    await house.daemon.runs("rescue", "--after", "0")
    await stand_in_fallback(house, 2)
    await house.daemon.start()
    await house.daemon.said("fetched_back")
    await house.daemon.said("joined the line", reason="stood in the line already")
    assert house.daemon.count("fetched_back") == 1
    assert await in_fallback(house) == 1

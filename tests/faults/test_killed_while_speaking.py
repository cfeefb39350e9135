"""Nobody hears silence when callbackd dies in the middle of a word: Asterisk plays music after it, without us."""

from __future__ import annotations

import pytest

from lab.holds import these_hold
from lab.house import ANNA
from lab.phones import answers

pytestmark = [pytest.mark.e2e, pytest.mark.faults]


@pytest.mark.parametrize("word", ["greeting", "offer", "question"])
async def test_a_caller_hears_music_after_a_prompt(open_house, word):
    house = await open_house()
    anna = await house.calls(ANNA)
    if word == "greeting":
        await anna.hears_voice()
    else:
        await house.hears_offer(anna)
    if word == "question":
        await anna.press("1")
        await anna.hears_voice(since=house.stage.now())
    since = house.stage.now()
    await house.daemon.kill()
    await anna.hears_music(since=since, within=25)
    await house.daemon.start()
    agent = await house.agent("agent1", answers(after=0.1))
    await anna.hears(agent, within=15)
    await these_hold(house)


async def test_a_customer_who_is_asked_hears_music_after_the_question(open_wired):
    house = await open_wired(promises=[ANNA])
    customers = await house.stage.customers(behaviour=answers(after=0.1))
    await house.agent("agent1", answers(after=0.1))
    call = await customers.next_call_to(ANNA, within=10, answered=True)
    await call.hears_music(within=30)
    await call.hears_voice(since=house.stage.now(), within=10)  # asked again
    since = house.stage.now()
    await house.daemon.kill()
    await call.hears_music(since=since, within=25)
    await house.daemon.start()
    await these_hold(house)


async def test_a_customer_hears_music_while_a_key_is_awaited(open_wired):
    house = await open_wired(promises=[ANNA])
    customers = await house.stage.customers(behaviour=answers(after=0.1))
    agent = await house.agent("agent1", answers(after=0.1))
    call = await customers.next_call_to(ANNA, within=10, answered=True)
    await call.hears_music(within=30)
    await call.press("1")
    await call.hears(agent, within=15)
    await these_hold(house)

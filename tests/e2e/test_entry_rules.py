"""Who is let into the line and who is led out of it: overflow, longest wait, exit key, empty queue, on real phones."""

from __future__ import annotations

import pytest

from lab.daemon import NO_TIMES
from lab.house import ANNA, BEN, CORA
from lab.phones import answers
from lab.words import hears_out

pytestmark = pytest.mark.e2e

NO_OFFER = {"enabled": False}
SERVES_SALES = {"agent2": {"endpoint": "PJSIP/agent2", "queues": ["sales"]}}
AGENTS = {"agent1": {"endpoint": "PJSIP/agent1", "queues": ["support"]}} | SERVES_SALES


async def house_with(open_house, **entry):
    """Support with these rules; sales beside it, with its own music and its own agent (agent2)."""
    common = {"wrap_up_s": 0, "ring_s": 4, "offer": NO_OFFER, "slots": NO_TIMES}
    queues = {"support": common | {"entry": entry}, "sales": common | {"music": "sales"}}
    return await open_house(queues=queues, agents=AGENTS)


async def test_a_full_line_sends_the_next_caller_to_the_other_queue(open_house):
    house = await house_with(open_house, max_places=1, full="queue:sales")
    anna = await house.calls(ANNA)
    await anna.hears_music("default", within=15)
    ben = await house.calls(BEN)
    await ben.hears_music("sales", within=15)
    seller = await house.agent("agent2", answers(after=0.2))
    await ben.hears(seller, within=10)
    assert [call.from_user for call in seller.rung] == [BEN]
    assert not anna.call.over


async def test_a_caller_who_has_waited_too_long_overflows_and_keeps_the_time_of_arrival(open_house):
    """Ben called sales before Anna came over to it, but after Anna had called: she is served first."""
    house = await house_with(open_house, max_wait_s=4, max_wait="queue:sales")
    anna = await house.joins(ANNA)
    ben = await house.joins(BEN, to="8002")
    await anna.hears_music("sales", within=15)
    seller = await house.agent("agent2", answers(after=0.2, talk=0.8))
    await ben.hears(seller, within=15)
    assert [call.from_user for call in seller.rung] == [ANNA, BEN]
    assert house.stage.spoke(anna, seller)
    assert anna.gaps(longer_than=1.0) == []


async def test_the_exit_key_leads_to_the_dialplan_which_has_quiet_and_all_the_time_it_wants(open_house):
    house = await house_with(open_house, key="0", key_exit="dialplan:mailbox")
    anna = await house.calls(ANNA)
    await anna.hears_music("default", within=15)
    await anna.press("0")
    await anna.hears_silence(1.0, within=3)
    await anna.hears_music("sales")
    assert await house.rows("SELECT state, outcome FROM entry") == [{"state": "closed", "outcome": "exit_key"}]
    assert f"mailbox for {ANNA} with a time-out of 0" in house.asterisk.log(), "the dead-man switch would cut it off"
    agent = await house.agent("agent1", answers(after=0.2))
    ben = await house.calls(BEN)
    await ben.hears(agent)
    assert [call.from_user for call in agent.rung] == [BEN]


@pytest.mark.parametrize(("key", "named"), [("0", "press-0"), ("#", "press-hash")])
async def test_callers_hear_of_the_exit_key_in_their_language(open_house, key, named):
    common = {"offer": NO_OFFER, "slots": NO_TIMES, "language": "pl"}
    support = common | {"entry": {"key": key, "key_exit": "dialplan:mailbox"}}
    house = await open_house(built=False, queues={"support": support, "sales": common}, agents=AGENTS)
    anna = await house.calls(ANNA)
    await hears_out(anna.call, "pl", "way-out", named)
    await anna.press(key)
    await anna.hears_music("sales")


async def test_any_other_key_leads_nowhere(open_house):
    house = await house_with(open_house, key="0", key_exit="dialplan:mailbox")
    anna = await house.calls(ANNA)
    await anna.hears_music("default", within=15)
    await anna.press("7")
    await house.daemon.said("key 7 ignored")
    agent = await house.agent("agent1", answers(after=0.2))
    await anna.hears(agent, within=10)


async def test_callers_are_led_out_of_a_queue_that_its_last_agent_leaves(open_house):
    house = await house_with(open_house, empty_after_s=1, empty="queue:sales")
    agent = await house.agent("agent1")
    await house.dials_code(agent, "*52")
    anna = await house.calls(ANNA)
    await anna.hears_music("default", within=15)
    assert house.daemon.count("overflowed") == 0, "a paused agent comes back"
    await house.dials_code(agent, "*51")
    await anna.hears_music("sales", within=10)
    seller = await house.agent("agent2", answers(after=0.2))
    await anna.hears(seller, within=10)


async def test_nobody_logged_in_sends_callers_to_the_dialplan_at_once(open_house):
    house = await house_with(open_house, no_agents="dialplan:mailbox")
    anna = await house.calls(ANNA)
    await anna.hears_music("sales")
    assert await house.rows("SELECT id FROM entry") == [], "it never had a place"
    agent = await house.agent("agent1", answers(after=0.2))
    cora = await house.calls(CORA)
    await cora.hears(agent)

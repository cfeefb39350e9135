"""Callers and agents on real phones; the judge is what the phones heard."""

from __future__ import annotations

import asyncio

import pytest

from lab.house import ANNA, BEN, CORA
from lab.phones import answers, rejects, rings

pytestmark = pytest.mark.e2e


async def test_a_caller_hears_greeting_music_and_announcements_and_never_silence(house):
    anna = await house.calls(ANNA)
    await anna.hears_voice(within=3)
    await anna.hears_music(within=20)
    first = await house.daemon.said("announced")
    heard_until = house.stage.now()
    await house.daemon.said("announced", since=house.daemon.lines.index(first) + 1, within_s=40)
    await anna.hears_voice(since=heard_until, within=5)
    await anna.hears_music(since=house.stage.now(), within=30)
    assert anna.gaps(longer_than=1.0) == []


async def test_a_free_agent_is_rung_sees_the_number_and_both_hear_each_other(house):
    agent = await house.agent("agent1", answers(after=0.3))
    anna = await house.calls(ANNA)
    await anna.hears(agent)
    ring = agent.rung[0]
    await ring.hears(anna)
    assert ring.from_user == ANNA
    await anna.hangup()
    assert await ring.is_over() == "them"
    assert house.stage.spoke(anna, agent)
    assert anna.gaps(longer_than=1.0) == []


async def test_a_caller_who_is_not_greeted_hears_music_until_a_free_agent_answers(open_house):
    house = await open_house(queues={"support": {"announcements": {"greet_if_free": False}}})
    agent = await house.agent("agent1", answers(after=1.5))
    anna = await house.calls(ANNA)
    await anna.hears_music(within=3)
    await anna.hears(agent)
    await agent.rung[0].hears(anna)
    await anna.hangup()
    assert house.stage.spoke(anna, agent)
    assert anna.gaps(longer_than=0.5) == []


async def test_the_agent_hangs_up_and_the_caller_is_hung_up(house):
    agent = await house.agent("agent1", answers(after=0.2, talk=1.0))
    anna = await house.calls(ANNA)
    await anna.hears(agent)
    assert await anna.is_over() == "them"


async def test_after_the_wrap_up_the_next_caller_is_served_in_order_of_arrival(house):
    agent = await house.agent("agent1", answers(after=0.1, talk=0.8))
    callers = [await house.calls(number) for number in (ANNA, BEN, CORA)]
    for caller in callers:
        await caller.hears(agent, within=20)
        await caller.is_over()
    assert [call.from_user for call in agent.rung] == [ANNA, BEN, CORA]


async def test_no_answer_goes_to_the_next_agent_and_the_caller_keeps_the_place(house):
    deaf = await house.agent("agent1", rings)
    awake = await house.agent("agent2", answers(after=0.2))
    anna = await house.calls(ANNA)
    await (await deaf.next_call()).is_ringing()
    await anna.hears(awake, within=15)
    await house.daemon.said("missed a ring", subject="agent1")
    assert [call.from_user for call in deaf.rung] == [ANNA]
    assert len(await house.rows("SELECT id FROM entry")) == 1


async def test_a_refusal_goes_to_the_next_agent(house):
    busy = await house.agent("agent1", rejects(486))
    awake = await house.agent("agent2", answers(after=0.2))
    anna = await house.calls(ANNA)
    await anna.hears(awake, within=10)
    assert len(busy.rung) == 1


async def test_a_phone_that_is_off_does_not_hold_the_caller(house):
    gone = await house.agent("agent1")
    await gone.switch_off()
    awake = await house.agent("agent2", answers(after=0.2))
    anna = await house.calls(ANNA)
    await anna.hears(awake, within=20)


async def test_ring_all_rings_both_and_the_first_gets_the_caller(open_house):
    house = await open_house(queues={"support": {"strategy": "ring_all", "wrap_up_s": 1}})
    slow = await house.agent("agent1", rings)
    quick = await house.agent("agent2", answers(after=0.5))
    anna = await house.calls(ANNA)
    await anna.hears(quick)
    assert [call.from_user for call in slow.rung] == [ANNA]
    assert await slow.rung[0].is_over() == "them"
    assert not house.stage.spoke(anna, slow)


async def test_an_agent_of_two_queues_takes_the_higher_priority_first(open_house):
    agents = {"agent1": {"endpoint": "PJSIP/agent1", "queues": ["support", "sales"]}}
    queues = {"support": {"wrap_up_s": 0}, "sales": {"wrap_up_s": 0, "priority": 5}}
    house = await open_house(queues=queues, agents=agents)
    anna = await house.calls(ANNA, to="8001")
    await house.daemon.said("joined the line")
    ben = await house.calls(BEN, to="8002")
    await house.daemon.said("joined the line", reason="called sales")
    agent = await house.agent("agent1", answers(after=0.1, talk=0.7))
    await ben.hears(agent, within=10)
    await anna.hears(agent, within=10)
    assert [call.from_user for call in agent.rung] == [BEN, ANNA]


async def test_feature_codes_pause_and_log_out(house):
    agent = await house.agent("agent1", answers(after=0.2))
    await house.dials_code(agent, "*52")
    anna = await house.calls(ANNA)
    await anna.hears_music(within=15)
    assert agent.rung == []
    await house.dials_code(agent, "*53")
    await anna.hears(agent, within=10)
    await anna.hangup()
    await house.dials_code(agent, "*51")
    assert (await house.rows("SELECT presence FROM agent WHERE id = 'agent1'")) == [{"presence": "logged_out"}]


async def test_a_phone_that_is_no_agents_hears_that(open_house):
    house = await open_house(agents={"alice": {"endpoint": "PJSIP/agent1", "queues": ["support"]}})
    await house.agent("agent2")
    assert "is no agent's phone" in (await house.daemon.said("feature code refused"))["reason"]


async def test_an_agent_stays_logged_in_over_a_restart_of_the_daemon(house):
    agent = await house.agent("agent1", answers(after=0.2))
    await house.daemon.stop()
    await house.daemon.start()
    anna = await house.calls(ANNA)
    await anna.hears(agent)


async def test_an_unknown_queue_ends_in_the_fallback_not_in_silence(house):
    agent = await house.stage.agent("agent1", behaviour=answers(after=0.2))
    anna = await house.calls(ANNA, to="8003")
    await anna.hears(agent, within=15)
    assert "no queue is called 'nosuch'" in (await house.daemon.said("sent to the dialplan"))["reason"]


@pytest.mark.parametrize(
    "from_header",
    [
        '"Anonymous" <sip:anonymous@anonymous.invalid>',
        '"x\\"; DROP TABLE entry; --" <sip:%00%0d%0a@127.0.0.2>',
        f"<sip:{'9' * 200}@127.0.0.2>",
        "<sip:127.0.0.2>",
    ],
)
async def test_an_odd_caller_id_does_no_harm(house, from_header):
    agent = await house.agent("agent1", answers(after=0.2))
    caller = await house.calls(None, from_header=from_header, name="odd")
    await caller.hears(agent)


async def test_the_caller_hangs_up_while_the_agent_is_rung_and_the_agent_is_free(house):
    agent = await house.agent("agent1", rings)
    anna = await house.calls(ANNA)
    ring = await agent.next_call()
    await anna.hangup()
    assert await ring.is_over() == "them"
    agent.behaviour = answers(after=0.2)
    ben = await house.calls(BEN)
    await ben.hears(agent)


async def test_six_callers_and_three_agents_everybody_talks_once(house):
    agents = [await house.agent(f"agent{n}", answers(after=0.2, talk=1.0)) for n in (1, 2, 3)]
    callers = [await house.calls(f"+4420794602{n:02d}") for n in range(6)]
    await asyncio.gather(*(caller.is_over(within=40) for caller in callers))
    for caller in callers:
        assert sum(len(house.stage.spoke(caller, agent)) for agent in agents) == 1


@pytest.mark.parametrize(("language", "shown"), [("en", "support - anonymous"), ("pl", "support - numer zastrzeżony")])
async def test_a_withheld_number_is_shown_as_withheld_on_the_agents_telephone(open_house, language, shown):
    queue = {"wrap_up_s": 0, "ring_s": 4, "language": language, "slots": {"enabled": False}}
    house = await open_house(queues={"support": queue}, built=False)
    agent = await house.agent("agent1", answers(after=0.1))
    caller = await house.calls(None)
    await caller.hears(agent, within=10)
    rung = agent.rung[0]
    assert (rung.from_display, rung.from_user) == (shown, "anonymous")
    await caller.hangup()

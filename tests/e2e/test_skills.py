"""Who serves whom: skills, penalties, the reserve, priorities and needs from the dialplan, on real phones."""

from __future__ import annotations

import pytest

from lab.daemon import NO_TIMES
from lab.house import ANNA, BEN
from lab.phones import answers

pytestmark = pytest.mark.e2e

QUEUE = {
    "wrap_up_s": 0,
    "ring_s": 4,
    "strategy": "linear",
    "offer": {"enabled": False},
    "slots": NO_TIMES,
    "announcements": {"first_after_s": 60},
}
"""The first agent of the config whom the rules allow is rung, no matter who logged in first.

Between greeting and announcement nothing happens, so what comes by waiting alone comes by a timer of its own.
"""


async def house_with(open_house, first=None, second=None, **queue):
    """Two agents of support: agent1, whom the strategy prefers, and agent2."""
    agents = {
        "agent1": {"endpoint": "PJSIP/agent1", "queues": ["support"], **(first or {})},
        "agent2": {"endpoint": "PJSIP/agent2", "queues": ["support"], **(second or {})},
    }
    return await open_house(queues={"support": QUEUE | queue}, agents=agents)


async def test_only_agents_with_the_skill_are_rung(open_house):
    house = await house_with(open_house, second={"skills": {"billing": 2}}, skills={"billing": {"level": 2}})
    plain = await house.agent("agent1", answers(after=0.2))
    skilled = await house.agent("agent2", answers(after=0.2))
    anna = await house.calls(ANNA)
    await anna.hears(skilled)
    assert plain.rung == []


async def test_a_skill_relaxes_with_the_wait(open_house):
    """The agent who knows it best is not there; the one who knows it less may answer after four seconds, nobody
    sooner."""
    house = await house_with(
        open_house,
        first={"skills": {"billing": 1}},
        second={"skills": {"billing": 2}},
        skills={"billing": {"level": 2, "relax": [[4, 1]]}},
    )
    less = await house.agent("agent1", answers(after=0.2))
    anna = await house.calls(ANNA)
    await anna.hears(less, within=10)
    assert 4.0 <= less.rung[0].invited_at - anna.call.invited_at < 6.0
    assert anna.gaps(longer_than=1.0) == []


async def test_the_dialplan_says_what_a_caller_needs(open_house):
    house = await house_with(open_house, second={"skills": {"polish": 2}})
    plain = await house.agent("agent1", answers(after=0.2))
    polish = await house.agent("agent2", answers(after=0.2))
    anna = await house.calls(ANNA, to="8008")
    await anna.hears(polish)
    ben = await house.calls(BEN)
    await ben.hears(plain)


async def test_the_dialplan_gives_a_caller_priority(open_house):
    house = await house_with(open_house)
    anna = await house.joins(ANNA)
    ben = await house.joins(BEN, to="8007")
    agent = await house.agent("agent1", answers(after=0.1, talk=0.8))
    await anna.hears(agent, within=10)
    assert [call.from_user for call in agent.rung] == [BEN, ANNA]
    assert house.stage.spoke(ben, agent)


async def test_lower_penalty_first_and_the_others_when_the_limit_widens(open_house):
    house = await house_with(open_house, first={"penalties": {"support": 5}}, penalties={"limit": 0, "widen": [[4, 5]]})
    dear = await house.agent("agent1", answers(after=0.2))
    cheap = await house.agent("agent2", answers(after=0.2))
    anna = await house.calls(ANNA)
    await anna.hears(cheap)
    assert dear.rung == []
    ben = await house.calls(BEN)
    await ben.hears(dear, within=10)
    assert 4.0 <= dear.rung[0].invited_at - ben.answered_at < 6.0


async def test_a_reserve_is_called_in_and_sent_back_by_code(open_house):
    house = await house_with(open_house, first={"reserve": "yes"})
    reserve = await house.agent("agent1", answers(after=0.2, talk=1.0))
    anna = await house.calls(ANNA)
    await anna.hears_music(within=15)
    assert reserve.rung == []
    await house.dials_code(reserve, "*56")
    await anna.hears(reserve)
    await anna.is_over()
    await house.dials_code(reserve, "*57")
    ben = await house.calls(BEN)
    await ben.hears_music(within=15)
    assert len(reserve.rung) == 1


async def test_a_reserve_is_called_in_by_the_length_of_the_line(open_house):
    house = await house_with(open_house, first={"reserve": "yes"}, reserves={"places": 2})
    reserve = await house.agent("agent1", answers(after=0.2))
    anna = await house.calls(ANNA)
    await anna.hears_music(within=15)
    assert reserve.rung == []
    await house.calls(BEN)
    await anna.hears(reserve)


async def test_ring_all_when_both_answer_at_once_one_has_the_caller_and_the_other_is_let_go(open_house):
    house = await house_with(open_house, strategy="ring_all")
    phones = [await house.agent(name, answers(after=0.4)) for name in ("agent1", "agent2")]
    anna = await house.calls(ANNA)
    await house.daemon.said("connected to")
    rings = [await phone.next_call(answered=False) for phone in phones]
    over = [ring for ring in rings if await _ends(ring)]
    talking = next(ring for ring in rings if ring not in over)
    await anna.hears(talking)
    assert len(over) == 1
    assert not house.stage.spoke(anna, over[0])
    ben = await house.calls(BEN)
    await ben.hears(over[0].who)


async def _ends(ring):
    """Whether this ring is ended from the other side soon."""
    try:
        return await ring.is_over(within=2) == "them"
    except AssertionError:
        return False

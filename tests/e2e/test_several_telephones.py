"""An agent's two telephones on one account (an AOR with two contacts): both ring, and one has the call."""

from __future__ import annotations

import re

import pytest

from lab.daemon import NO_TIMES
from lab.house import ANNA, House
from lab.phones import AgentPhone, Behaviour, answers, presses_one, rejects, rings
from tests.e2e.test_agents_phones import moved_to

pytestmark = pytest.mark.e2e

OFFER = {"estimated_wait_s": 5, "waited_s": 60}
SUPPORT = {
    "wrap_up_s": 0,
    "ring_s": 4,
    "offer": OFFER,
    "announcements": {"every_s": 5},
    "slots": NO_TIMES,
}
AGENT = {"agent1": {"endpoint": "PJSIP/agent1", "queues": ["support"]}}


@pytest.fixture
def home(open_house):
    async def make(first, second, agents=AGENT, **changes) -> tuple[House, AgentPhone, AgentPhone]:
        """Agent 1 has the phones that usually are agent 1's and agent 3's."""
        house = await open_house(queues={"support": SUPPORT}, agents=agents, ringing={"miss_rest_s": 1}, **changes)
        one = await house.agent("agent1", first, logs_in=False)
        two = await house.agent("agent3", second, logs_in=False)
        pjsip, port = house.asterisk.dir / "etc/pjsip.conf", house.asterisk.agent_ports["agent3"]
        contact = rf"\1contact = sip:agent1@127.0.0.1:{port}\n"
        pjsip.write_text(re.sub(r"(contact = sip:agent1@[^\n]*\n)", contact, pjsip.read_text()))
        await house.asterisk.cli("module reload res_pjsip.so")
        await house.dials_code(one, "*50")
        await house.daemon.said("several_contacts", endpoint="PJSIP/agent1")
        return house, one, two

    return make


@pytest.mark.parametrize("faster", [0, 1], ids=["the first", "the second"])
async def test_both_ring_and_the_first_to_answer_has_the_caller(home, faster):
    behaviours: list[Behaviour] = [rings, rings]
    behaviours[faster] = answers(after=1.0)
    house, *phones = await home(*behaviours)
    winner, other = phones[faster], phones[1 - faster]
    anna = await house.calls(ANNA)
    ring = await other.next_call()
    await anna.hears(winner, within=8)
    assert await ring.is_over(within=2) == "them"
    assert [len(phone.rung) for phone in phones] == [1, 1]
    await anna.hangup()
    assert await winner.rung[0].is_over(within=3) == "them"
    ben = await house.calls(ANNA)
    await ben.hears(winner, within=8)
    assert house.daemon.count("missed a ring") == 0


async def test_a_busy_telephone_leaves_the_ring_to_the_other(home):
    house, one, two = await home(rejects(486), answers(after=1.0))
    anna = await house.calls(ANNA)
    await anna.hears(two, within=8)
    assert len(one.rung) == 1
    assert house.daemon.count("not reached") == 0


async def test_a_telephone_that_diverts_leaves_the_ring_to_the_other_and_rings_nobody_else(home, monkeypatch):
    moved_to(monkeypatch, "agent4")
    house, one, two = await home(rejects(302), answers(after=1.0))
    elsewhere = await house.agent("agent4", answers(after=0.1), logs_in=False)
    anna = await house.calls(ANNA)
    await anna.hears(two, within=8)
    assert [len(one.rung), len(two.rung), len(elsewhere.rung)] == [1, 1, 0]
    assert house.daemon.count("not reached") == 0


async def test_both_busy_is_no_missed_ring(home):
    house, one, two = await home(rejects(486), rejects(486))
    await house.calls(ANNA)
    await house.daemon.said("not reached", subject="agent1")
    assert house.daemon.count("missed a ring") == 0
    assert [len(one.rung), len(two.rung)] == [1, 1]


@pytest.mark.parametrize("other", [rings, rejects(486), rejects(603, ring=True)], ids=["rings", "busy", "declines"])
async def test_a_ring_that_one_of_them_let_ring_out_is_missed_once(home, other):
    house, *_ = await home(rings, other)
    await house.calls(ANNA)
    missed = await house.daemon.said("missed a ring", subject="agent1", within_s=8)
    assert missed["in_a_row"] == 1


async def test_a_telephone_that_does_not_answer_at_all_costs_nothing(home):
    house, one, two = await home(answers(after=1.0), rings)
    await two.switch_off()
    anna = await house.calls(ANNA)
    await anna.hears(one, within=8)


async def test_both_stop_when_the_caller_hangs_up(home):
    house, one, two = await home(rings, rings)
    anna = await house.calls(ANNA)
    calls = [await one.next_call(), await two.next_call()]
    await anna.hangup()
    assert [await call.is_over(within=3) for call in calls] == ["them", "them"]


async def test_a_customer_is_connected_to_the_one_that_answers(home):
    house, one, two = await home(rings, answers(after=1.0))
    await house.dials_code(one, "*51")
    customers = await house.stage.customers(behaviour=presses_one())
    anna = await house.calls(ANNA)
    await house.takes_callback(anna)
    await house.dials_code(one, "*50")
    call = await customers.next_call_to(ANNA, within=15)
    await call.hears(two, within=15)
    assert (await house.rows("SELECT outcome FROM callback"))[0]["outcome"] == "completed"
    assert len(customers.calls_to(ANNA)) == 1


async def test_a_talk_at_the_second_outlives_a_restart(home):
    house, one, two = await home(rings, answers(after=0.5))
    anna = await house.calls(ANNA)
    await anna.hears(two, within=8)
    await house.daemon.kill()
    await house.daemon.start()
    await anna.hears(two, since=house.stage.now(), within=5)
    assert not anna.call.over
    await anna.hangup()
    assert await two.rung[0].is_over(within=5) == "them"
    assert len(one.rung) == len(two.rung) == 1


async def test_the_second_transfers_a_caller(home):
    house, _, two = await home(rings, answers(after=0.5))
    four = await house.agent("agent4", answers(after=0.2), logs_in=False)
    anna = await house.calls(ANNA)
    await anna.hears(two, within=8)
    await two.rung[0].refer("agent4")
    await anna.hears(four, within=8)
    assert await two.rung[0].is_over(within=5)


async def test_both_stop_when_the_agent_pauses(home):
    house, one, two = await home(rings, rings)
    await house.calls(ANNA)
    calls = [await one.next_call(), await two.next_call()]
    await house.dials_code(one, "*52")
    assert [await call.is_over(within=3) for call in calls] == ["them", "them"]
    assert house.daemon.count("missed a ring") == 0

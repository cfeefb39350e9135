"""An agent's telephone has a life outside the queue: it is busy, off, elsewhere, diverted, or one of several."""

from __future__ import annotations

import asyncio
import re

import pytest

from lab import phones as lab_phones
from lab import sipp as lab_sipp
from lab.call import Call
from lab.daemon import NO_TIMES
from lab.house import ANNA, House
from lab.phones import AgentPhone, answers, presses_one, rejects, rings
from lab.words import hears_out

pytestmark = pytest.mark.e2e

OFFER = {"estimated_wait_s": 5, "waited_s": 60}
RETRY = {"max_attempts": 2, "busy_gap_s": 1, "no_answer_gap_s": 2, "no_key_gap_s": 1, "congestion_gap_s": 2}
SUPPORT = {
    "wrap_up_s": 0,
    "ring_s": 4,
    "offer": OFFER,
    "announcements": {"every_s": 5},
    "slots": NO_TIMES,
    "retry": RETRY,
}
QUEUES = {"support": SUPPORT, "sales": {"wrap_up_s": 0, "ring_s": 4, "slots": NO_TIMES}}
ONE = {"agent1": {"endpoint": "PJSIP/agent1", "queues": ["support"]}}
TWO = ONE | {"agent2": {"endpoint": "PJSIP/agent2", "queues": ["support"]}}
BRISK = {"miss_rest_s": 1}


def moved_to(monkeypatch: pytest.MonkeyPatch, user: str, at: str = r"\2") -> None:
    """Phones that answer 302 divert to this user, here or at another address."""
    plain = lab_sipp.answering
    pattern = r"(SIP/2\.0 302 (?:(?!\]\]>).)*?Contact: <sip:)phone@([^>]*)"
    new = rf"\g<1>{user}@{at}"
    monkeypatch.setattr(lab_phones, "answering", lambda: re.sub(pattern, new, plain(), flags=re.DOTALL))


async def is_rung(phone: AgentPhone, times: int, within: float = 12) -> None:
    """Returns when the phone has been rung this many more times."""
    async with asyncio.timeout(within):
        for _ in range(times):
            await phone.next_call(within)


async def changed(house: House, pattern: str, to: str) -> None:
    """Change pjsip.conf, and have Asterisk read it again."""
    pjsip = house.asterisk.dir / "etc/pjsip.conf"
    pjsip.write_text(re.sub(pattern, to, pjsip.read_text()))
    await house.asterisk.cli("module reload res_pjsip.so")
    await asyncio.sleep(1)


# --- what is a missed ring ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [486, 480, 404, 403, 503, 302])
async def test_a_phone_that_cannot_ring_does_not_pause_its_agent(open_house, status):
    house = await open_house(queues=QUEUES, agents=ONE, ringing=BRISK)
    one = await house.agent("agent1", rejects(status))
    anna = await house.calls(ANNA)
    await is_rung(one, 5)
    one.behaviour = answers(after=0.2)
    await anna.hears(one, within=6)
    assert house.daemon.count("missed a ring") == 0


async def test_a_phone_that_is_off_does_not_pause_its_agent(open_house):
    house = await open_house(queues=QUEUES, agents=ONE, ringing={"miss_rest_s": 0.5, "rona_limit": 1})
    one = await house.agent("agent1")
    await one.switch_off()
    anna = await house.calls(ANNA)
    await house.daemon.said("not reached", subject="agent1")
    await one.switch_on()
    await anna.hears(one, within=10)


@pytest.mark.parametrize("behaviour", [rings, rejects(603, ring=True)], ids=["rings out", "declined by hand"])
async def test_an_agent_who_lets_it_ring_or_declines_is_paused(open_house, behaviour):
    house = await open_house(queues=QUEUES, agents=ONE, ringing={"miss_rest_s": 0.5, "rona_limit": 2})
    one = await house.agent("agent1", behaviour)
    await house.calls(ANNA)
    await house.daemon.said("paused", subject="agent1", reason="2 rings not answered in a row")
    assert len(one.rung) == 2


async def test_a_wrong_endpoint_is_left_to_the_operator_and_others_are_rung(open_house):
    wrong = {"agent1": {"endpoint": "PJSIP/agnt1", "phones": ["PJSIP/agent1"], "queues": ["support"]}}
    house = await open_house(queues=QUEUES, agents=wrong | {"agent2": TWO["agent2"]}, ringing=BRISK)
    await house.agent("agent1")
    anna = await house.calls(ANNA)
    told = await house.daemon.said("agents_endpoint_wrong")
    assert (told["level"], told["endpoint"]) == ("error", "PJSIP/agnt1")
    two = await house.agent("agent2")
    await anna.hears(two, within=5)
    assert house.daemon.count("missed a ring") == 0


# --- diverts --------------------------------------------------------------------------------------------------------


async def test_nobody_is_rung_where_an_agents_phone_diverts_to_and_the_next_agent_has_the_caller(
    open_house, monkeypatch
):
    moved_to(monkeypatch, "agent3")
    house = await open_house(queues=QUEUES, agents=TWO, ringing=BRISK)
    one = await house.agent("agent1", rejects(302))
    three = await house.agent("agent3", logs_in=False)
    anna = await house.calls(ANNA)
    await is_rung(one, 3)
    two = await house.agent("agent2")
    await anna.hears(two, within=5)
    assert three.rung == []


async def test_a_divert_that_pjsip_follows_has_the_caller(open_house, monkeypatch):
    house = await open_house(queues=QUEUES, agents=ONE)
    moved_to(monkeypatch, "agent3", f"127.0.0.1:{house.asterisk.agent_ports['agent3']}")
    await changed(house, r"(\[agent1\]\(agent\)\n)", r"\1redirect_method = uri_pjsip\n")
    await house.agent("agent1", rejects(302))
    three = await house.agent("agent3", answers(after=0.5), logs_in=False)
    anna = await house.calls(ANNA)
    await anna.hears(three, within=8)


async def test_a_customers_number_that_diverts_is_called_once_for_each_attempt(open_house, monkeypatch):
    moved_to(monkeypatch, "+442079460177")
    house = await open_house(queues=QUEUES, agents=ONE)
    customers = await house.stage.customers(behaviour=rejects(302))
    anna = await house.calls(ANNA)
    await house.takes_callback(anna)
    await house.agent("agent1")
    for _ in range(2):
        await customers.next_call_to(ANNA, within=15)
    await house.daemon.said("promise given up", within_s=15)
    assert [call.dialled for call in customers.calls if call.invited_at] == [ANNA, ANNA]


# --- the agent's own calls --------------------------------------------------------------------------------------------


async def test_an_agent_on_an_own_call_is_not_rung_but_the_next_agent_is(open_house):
    house = await open_house(queues=QUEUES, agents=TWO)
    one = await house.agent("agent1", rings)
    await house.stage.customers(behaviour=answers(after=0.2))
    out = await one.dial("+442079460150", answered=True)
    await house.daemon.said("on an own call", subject="agent1")
    await out.hears("customer +442079460150")
    two = await house.agent("agent2", answers(after=0.2))
    anna = await house.calls(ANNA)
    await anna.hears(two, within=8)
    assert one.rung == []


async def test_the_end_of_an_own_call_brings_the_caller_at_once(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    one = await house.agent("agent1", answers(after=0.2))
    three = await house.agent("agent3", answers(after=0.2), logs_in=False)
    out = await one.dial("agent3", answered=True)
    await out.hears(three)
    anna = await house.calls(ANNA)
    await asyncio.sleep(6)  # only time shows that no ring comes: one came every five seconds
    assert one.rung == []
    await out.hangup()
    await anna.hears(one, within=3)
    row = (await house.rows("SELECT presence, own_call, misses FROM agent WHERE id = 'agent1'"))[0]
    assert row == {"presence": "available", "own_call": False, "misses": 0}


async def test_an_agent_whom_a_colleague_rings_is_not_rung_by_us_meanwhile(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    one = await house.agent("agent1", rings)
    three = await house.agent("agent3", logs_in=False)
    call = await three.dial("agent1")
    await one.next_call()
    await house.calls(ANNA)
    await asyncio.sleep(2)
    assert len(one.rung) == 1
    await call.hangup()
    await one.next_call(within=3)


async def test_an_agent_of_several_calls_in_a_row_is_never_taken_for_busy_by_our_own(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    one = await house.agent("agent1", answers(after=0.2))
    since = len(house.daemon.lines)
    for _ in range(4):
        anna = await house.calls(ANNA)
        await anna.hears(one, within=3)
        await anna.hangup()
    assert not [line for line in house.daemon.lines[since:] if line.get("event") == "on an own call"]


async def test_an_own_call_is_known_again_after_a_restart(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    one = await house.agent("agent1", answers(after=0.2))
    await house.agent("agent3", answers(after=0.2), logs_in=False)
    out = await one.dial("agent3", answered=True)
    await house.daemon.said("on an own call", subject="agent1")
    await house.daemon.kill()
    await house.daemon.start()
    anna = await house.calls(ANNA)
    await asyncio.sleep(3)  # only time shows that no ring comes
    assert one.rung == []
    await out.hangup()
    await anna.hears(one, within=5)


async def test_an_own_call_that_ends_while_callbackd_is_away_is_over(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    one = await house.agent("agent1", answers(after=0.2))
    await house.agent("agent3", answers(after=0.2), logs_in=False)
    out = await one.dial("agent3", answered=True)
    await house.daemon.said("on an own call", subject="agent1")
    await house.daemon.kill()
    await out.hangup()
    await house.daemon.start()
    anna = await house.calls(ANNA)
    await anna.hears(one, within=5)


async def test_ring_in_use_rings_all_the_same(open_house):
    house = await open_house(queues=QUEUES, agents=ONE, ringing={"ring_in_use": True})
    one = await house.agent("agent1", rings)
    await house.agent("agent3", answers(after=0.2), logs_in=False)
    await one.dial("agent3", answered=True)
    await house.calls(ANNA)
    await one.next_call(within=3)


# --- a phone that is off ----------------------------------------------------------------------------------------------


async def test_an_agent_whose_phone_is_off_is_away_and_back_when_it_registers(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    one = await house.agent("agent1", answers(after=0.2))
    port = house.asterisk.agent_ports["agent1"]
    await changed(house, rf"contact = sip:agent1@127\.0\.0\.1:{port}\n", "max_contacts = 1\n")
    await house.daemon.said("away", subject="agent1")
    anna = await house.calls(ANNA)
    await asyncio.sleep(3)  # only time shows that no ring comes
    assert one.rung == []
    assert house.daemon.count("not reached") == 0
    await changed(house, r"max_contacts = 1\n", f"contact = sip:agent1@127.0.0.1:{port}\n")
    await anna.hears(one, within=5)


# --- agents who leave -------------------------------------------------------------------------------------------------


async def test_an_agent_who_pauses_while_rung_is_rung_no_longer_and_the_next_agent_is(open_house):
    house = await open_house(queues={"support": SUPPORT | {"ring_s": 20}}, agents=TWO)
    one = await house.agent("agent1", rings)
    anna = await house.calls(ANNA)
    ring = await one.next_call()
    two = await house.agent("agent2", answers(after=0.2))
    await house.dials_code(one, "*52")
    await anna.hears(two, within=4)
    assert ring.over
    assert house.daemon.count("missed a ring") == 0


async def test_a_customers_ring_ends_when_the_only_agent_leaves_and_costs_nothing(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    customers = await house.stage.customers(behaviour=rings)
    anna = await house.calls(ANNA)
    await house.takes_callback(anna)
    one = await house.agent("agent1")
    call = await customers.next_call_to(ANNA, within=15)
    await house.dials_code(one, "*51")
    assert await call.is_over(within=5) == "them"
    row = (await house.rows("SELECT state, attempts_made FROM callback"))[0]
    assert row == {"state": "waiting", "attempts_made": 0}


async def promised(house: House) -> None:
    """Anna is promised a callback, and nobody is at work yet."""
    anna = await house.calls(ANNA)
    await house.takes_callback(anna)


async def accepts(house: House, call: Call) -> None:
    """Presses 1, again while only the greeting of the dialplan plays."""
    async with asyncio.timeout(10):
        while not house.daemon.count("customer accepted"):
            await call.press("1")
            await asyncio.sleep(0.5)


async def test_another_agent_takes_the_customer_of_one_who_leaves_before_the_answer(open_house):
    house = await open_house(queues=QUEUES, agents=TWO)
    customers = await house.stage.customers(behaviour=rings)
    await promised(house)
    one = await house.agent("agent1")
    call = await customers.next_call_to(ANNA, within=15)
    two = await house.agent("agent2", answers(after=0.2))
    await house.dials_code(one, "*51")
    await call.answer()
    await accepts(house, call)
    await call.hears(two, within=8)
    assert one.rung == []
    assert len(customers.calls_to(ANNA)) == 1


async def test_a_customer_who_pressed_1_for_an_agent_who_left_hears_an_apology_and_keeps_the_promise(open_house):
    house = await open_house(queues=QUEUES, agents=ONE, dialling={"accepted_wait_s": 3})
    customers = await house.stage.customers(behaviour=answers(after=0.2))
    await promised(house)
    one = await house.agent("agent1")
    call = await customers.next_call_to(ANNA, within=15, answered=True)
    await call.hears_voice(within=5)
    await house.dials_code(one, "*52")
    await accepts(house, call)
    await call.hears_music(within=8)
    await call.hears_voice(since=house.stage.now(), within=8)
    assert await call.is_over(within=15) == "them"
    row = (await house.rows("SELECT state, attempts_made, cut_off FROM callback"))[0]
    assert row == {"state": "waiting", "attempts_made": 0, "cut_off": True}
    assert one.rung == []


async def test_another_agent_takes_the_customer_of_one_who_leaves_while_rung_after_key_1(open_house):
    house = await open_house(queues={**QUEUES, "support": SUPPORT | {"ring_s": 30}}, agents=TWO)
    customers = await house.stage.customers(behaviour=presses_one())
    await promised(house)
    one = await house.agent("agent1", rings)
    call = await customers.next_call_to(ANNA, within=15)
    ring = await one.next_call(within=15)
    two = await house.agent("agent2", answers(after=0.2))
    await house.dials_code(one, "*51")
    await call.hears(two, within=5)
    assert ring.over
    assert house.daemon.count("missed a ring") == 0


async def test_a_customers_ring_ends_when_the_only_agents_phone_goes_off(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    customers = await house.stage.customers(behaviour=rings)
    await promised(house)
    await house.agent("agent1")
    call = await customers.next_call_to(ANNA, within=15)
    port = house.asterisk.agent_ports["agent1"]
    await changed(house, rf"contact = sip:agent1@127\.0\.0\.1:{port}\n", "max_contacts = 1\n")
    assert await call.is_over(within=5) == "them"
    row = (await house.rows("SELECT state, attempts_made FROM callback"))[0]
    assert row == {"state": "waiting", "attempts_made": 0}


# --- a pause for missed rings -----------------------------------------------------------------------------------------


async def test_an_agent_paused_for_missed_rings_sees_a_lamp_blink_and_hears_of_it(open_house, tmp_path):
    house = await open_house(
        built=False,
        queues=QUEUES,
        agents=ONE,
        ringing={"miss_rest_s": 0.5, "rona_limit": 1},
        prompts={"cache": str(tmp_path)},
    )
    extensions = house.asterisk.dir / "etc/extensions.conf"
    extensions.write_text(extensions.read_text() + "\n[lamps]\nexten => one,hint,Stasis:callbackd-agent1\n")
    await house.asterisk.cli("dialplan reload")
    one = await house.agent("agent1", rings)
    assert "State:Idle" in await house.asterisk.cli("core show hint one")
    await house.calls(ANNA)
    await house.daemon.said("paused", subject="agent1", reason="1 rings not answered in a row")
    async with asyncio.timeout(3):
        while "State:Ringing" not in await house.asterisk.cli("core show hint one"):
            await asyncio.sleep(0.1)
    call = await one.dial("*53", answered=True)
    await hears_out(call, "en", "agent-missed", "agent-unpaused")

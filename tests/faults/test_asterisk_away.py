"""Asterisk frozen, killed, stopped, reloaded."""

from __future__ import annotations

import asyncio

import pytest

from lab.holds import these_hold
from lab.house import ANNA, BEN, CORA
from lab.phones import answers, presses_one, rejects, rings
from lab.wired import QUICK_RETRY

pytestmark = [pytest.mark.e2e, pytest.mark.faults]

CUSTOMER = b"%40trunk"
SHORT_RING = {"endpoint": "PJSIP/{number}@trunk", "ring_s": 5}


async def back(house, since):
    await house.daemon.said("back", subject="asterisk", since=since, within_s=30)


async def killed_and_started(house):
    """Everybody outside has to hang up by themselves: a dead Asterisk sends no BYE."""
    since = len(house.daemon.lines)
    await house.asterisk.kill()
    await house.daemon.said("ari_lost", since=since)
    await house.asterisk.start()
    await back(house, since)


async def test_frozen_during_an_originate_and_thawed_later_it_makes_one_call(open_wired):
    house = await open_wired(promises=[ANNA])
    customers = await house.stage.customers(behaviour=rings)
    house.ari.when_said(CUSTOMER, house.asterisk.freeze)
    phone = await house.stage.agent("agent1", behaviour=answers(after=0.1))
    await phone.dial("*50")
    await house.daemon.said("unknown whether it was dialled", within_s=10)
    await house.daemon.said("ari_lost", within_s=10)
    since = len(house.daemon.lines)
    assert customers.calls == []
    house.asterisk.thaw()
    await back(house, since)
    call = await customers.next_call_to(ANNA, within=10)
    person = asyncio.create_task(presses_one()(call))
    await call.hears(phone, within=25)
    person.cancel()
    assert len(customers.calls_to(ANNA)) == 1
    await these_hold(house, silence_s=None)


async def test_killed_while_callers_wait_the_next_ones_are_served_and_nobody_is_a_ghost(wired):
    house = wired
    lost = [await house.joins(number) for number in (ANNA, BEN)]
    await killed_and_started(house)
    assert await house.rows("SELECT outcome FROM entry") == [{"outcome": "abandoned"}] * 2
    cora = await house.joins(CORA)
    agent = await house.agent("agent1", answers(after=0.1))
    await cora.hears(agent, within=15)
    assert [call.from_user for call in agent.rung] == [CORA]
    assert all(caller.ended_by is None for caller in lost)
    await these_hold(house, lost=[caller.name for caller in lost], silence_s=None)


@pytest.mark.parametrize("moment", ["before the caller went", "while the colleague rings", "while they talk"])
async def test_killed_in_the_middle_of_a_transfer_the_agent_is_free_and_the_entry_says_how_it_ended(wired, moment):
    house = wired
    one = await house.agent("agent1", answers(after=0.1))
    answered = moment == "while they talk"
    colleague = await house.stage.agent("agent3", behaviour=answers(after=0.2) if answered else rings)
    anna = await house.calls(ANNA)
    await anna.hears(one, within=10)
    frozen = asyncio.Event()

    def freeze() -> None:
        house.asterisk.freeze()
        frozen.set()

    if moment == "before the caller went":
        house.ari.when_said(b"/continue", freeze)
    await one.rung[-1].refer("agent3")
    if moment == "before the caller went":
        await frozen.wait()
    else:
        await colleague.next_call(within=10)
        await house.daemon.said("transferred, blind")
    if answered:
        await anna.hears(colleague, within=10)
    await killed_and_started(house)
    for phone in (one, colleague):
        for call in phone.calls:
            if not call.over:
                await call.hangup()
    ben = await house.joins(BEN)
    await ben.hears(one, within=15)
    (anna_was,) = await house.rows(f"SELECT outcome, transferred_to FROM entry WHERE number = '{ANNA}'")
    went = moment != "before the caller went"
    assert anna_was == {"outcome": "served", "transferred_to": "agent3" if went else ""}
    assert house.daemon.count("cut off while talking") == (not went)
    await these_hold(house, lost=[anna.name], silence_s=None)


async def test_killed_while_a_customer_rings_the_customer_is_called_again_after_the_usual_pause(open_wired):
    house = await open_wired(promises=[ANNA], queues=QUICK_RETRY, dialling=SHORT_RING)
    customers = await house.stage.customers(behaviour=rings)
    await house.agent("agent1", answers(after=0.1))
    first = await customers.next_call_to(ANNA, within=10)
    await first.is_ringing()
    await killed_and_started(house)
    await first.hangup()
    again = await customers.next_call_to(ANNA, within=40)
    await again.is_ringing()
    attempts = await house.rows("SELECT outcome FROM attempt ORDER BY ordinal")
    assert attempts == [{"outcome": "unknown"}, {"outcome": None}]
    await these_hold(house, silence_s=None)


async def test_killed_while_a_pair_talks_nobody_is_called_again_by_itself(open_wired):
    house = await open_wired(promises=[ANNA], queues=QUICK_RETRY)
    customers = await house.stage.customers(behaviour=presses_one())
    agent = await house.agent("agent1", answers(after=0.1))
    call = await customers.next_call_to(ANNA, within=10)
    await call.hears(agent, within=25)
    await killed_and_started(house)
    ben = await house.joins(BEN)
    await ben.hears(agent, within=15)
    assert len(customers.calls_to(ANNA)) == 1
    assert await house.rows("SELECT outcome FROM callback") == [{"outcome": "completed"}]
    await these_hold(house, silence_s=None)


async def test_asked_to_dial_while_it_stops_it_dials_nobody_and_the_attempt_is_given_back(open_wired):
    """The customer is busy; in the second before the next attempt Asterisk is told to stop when the last call ends."""
    house = await open_wired(promises=[ANNA], queues=QUICK_RETRY)
    customers = await house.stage.customers()
    customers.on(ANNA, rejects(486, after=2.0), rings)
    agent, second = [await house.stage.agent(f"agent{n}", behaviour=answers(after=0.1)) for n in (1, 2)]
    await agent.dial("*50")
    await customers.next_call_to(ANNA)
    await second.dial("*50")
    ben = await house.joins(BEN)
    await ben.hears(second)
    await house.daemon.said("customer not reached")
    stopping = asyncio.create_task(house.asterisk.cli("core stop gracefully"))
    for _ in range(2):
        refused = await house.daemon.said("customer not reached", since=house.daemon.last_index("customer not") + 1)
        assert "not_dialled: 500" in refused["reason"]
    assert len(customers.calls_to(ANNA)) == 1
    assert await house.rows("SELECT attempts_made FROM callback") == [{"attempts_made": 1}]
    await house.asterisk.cli("core abort shutdown")
    again = await customers.next_call_to(ANNA, within=15)
    await again.is_ringing()
    await stopping
    await these_hold(house)


async def test_reloads_have_no_effect_on_anybody(open_wired):
    house = await open_wired(promises=[CORA])
    customers = await house.stage.customers(behaviour=rings)
    await house.agent("agent1", answers(after=0.1))
    ringing = await customers.next_call_to(CORA, within=10)
    second = await house.agent("agent2", answers(after=0.1))
    anna = await house.joins(ANNA)
    await anna.hears(second)
    ben = await house.joins(BEN)
    for command in ("core reload", "dialplan reload", "module reload res_ari.so", "module reload res_pjsip.so"):
        await house.asterisk.cli(command)
    await anna.hears(second, since=house.stage.now())
    await anna.hangup()
    await ben.hears(second, within=15)
    assert house.daemon.count("ari_lost") == 0
    assert ringing.state == "ringing"
    assert len(customers.calls_to(CORA)) == 1
    await these_hold(house)

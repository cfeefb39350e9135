"""The request was sent and its answer never came: Asterisk has obeyed, or has not, and nobody knows."""

from __future__ import annotations

import asyncio
import re
import time

import pytest

from lab.holds import these_hold
from lab.house import ANNA, BEN
from lab.phones import answers, presses_one, rings
from lab.wired import QUICK_RETRY

pytestmark = [pytest.mark.e2e, pytest.mark.faults]

CUSTOMER, AGENT = b"%40trunk", b"endpoint=PJSIP%2Fagent1"


async def the_start_is_past() -> None:
    """Until Asterisk's clock shows another second than that of its start, which it reports in whole seconds.

    Customers who were to be dialled within that second count as dialled: perhaps an earlier Asterisk was asked.
    """
    await asyncio.sleep(1.05 - time.time() % 1.0)


@pytest.mark.parametrize("lost", ["reply", "request"])
async def test_originating_a_customer(open_wired, lost):
    house = await open_wired(promises=[ANNA])
    customers = await house.stage.customers(behaviour=presses_one())
    await the_start_is_past()
    getattr(house.ari, f"lose_{lost}")(CUSTOMER)
    agent = await house.agent("agent1", answers(after=0.1))
    await house.daemon.said("unknown whether it was dialled")
    call = await customers.next_call_to(ANNA, within=10, answered=True)
    await call.hears(agent, within=20)
    assert len(customers.calls_to(ANNA)) == 1
    assert house.daemon.count("asked for again") == (lost == "request")
    await these_hold(house)


@pytest.mark.parametrize("lost", ["reply", "request"])
async def test_ringing_an_agent(wired, lost):
    house = wired
    agent = await house.agent("agent1", answers(after=0.3))
    second = await house.agent("agent2", answers(after=0.1))
    getattr(house.ari, f"lose_{lost}")(AGENT)
    anna = await house.joins(ANNA)
    await anna.hears(second, within=10)
    assert len(agent.rung) == (lost == "reply"), "a ring that may have begun is ended, and begun elsewhere"
    assert not any(ring.answered_at for ring in agent.rung)
    assert len(second.rung) == 1
    ben = await house.calls(BEN)
    await ben.hears(agent, within=15)
    await these_hold(house)


@pytest.mark.parametrize("lost", ["reply", "request"])
async def test_ringing_one_of_an_agents_two_telephones(wired, lost):
    """Perhaps it rings: then it stops, and so does the other; the caller gets the next agent."""
    house = wired
    desk = await house.agent("agent1", rings, logs_in=False)
    softphone = await house.agent("agent3", rings, logs_in=False)
    port, pjsip = house.asterisk.agent_ports["agent3"], house.asterisk.dir / "etc/pjsip.conf"
    contact = rf"\1contact = sip:agent1@127.0.0.1:{port}\n"
    pjsip.write_text(re.sub(r"(contact = sip:agent1@[^\n]*\n)", contact, pjsip.read_text()))
    await house.asterisk.cli("module reload res_pjsip.so")
    call = await desk.dial("*50", answered=True)
    await house.daemon.said("several_contacts", endpoint="PJSIP/agent1")
    await call.hangup()
    second = await house.agent("agent2", answers(after=0.1))
    getattr(house.ari, f"lose_{lost}")(str(port).encode())
    anna = await house.joins(ANNA)
    await anna.hears(second, within=10)
    for ring in [*desk.rung, *softphone.rung]:
        assert await ring.is_over(within=5) == "them"
    assert [len(desk.rung), len(softphone.rung)] == [1, int(lost == "reply")]
    assert house.daemon.count("missed a ring") == 0
    softphone.behaviour = answers(after=0.3)
    ben = await house.calls(BEN)
    await ben.hears(softphone, within=15)
    await these_hold(house)


@pytest.mark.parametrize("lost", ["reply", "request"])
@pytest.mark.parametrize("word", [b"/addChannel", b"POST /ari/bridges/"], ids=["join", "make the bridge"])
async def test_bridging(wired, word, lost):
    house = wired
    agent = await house.agent("agent1", answers(after=0.1))
    getattr(house.ari, f"lose_{lost}")(word)
    anna = await house.joins(ANNA)
    await house.ari.failed.wait()
    await anna.hears(agent, within=15)
    assert len(agent.rung) == 1, "asked again, not handed to the fallback queue"
    assert house.daemon.count("sent to the dialplan") == 0
    await these_hold(house)


@pytest.mark.parametrize("lost", ["reply", "request"])
async def test_sending_a_caller_to_the_fallback(open_wired, lost):
    house = await open_wired()
    agent = await house.stage.agent("agent1", behaviour=answers(after=0.1))
    getattr(house.ari, f"lose_{lost}")(b"/continue")
    anna = await house.calls(ANNA, to="8003")
    await house.ari.failed.wait()
    await anna.hears(agent, within=20)
    await these_hold(house)


@pytest.mark.parametrize("lost", ["reply", "request"])
async def test_speaking(open_wired, lost):
    """A greeting that perhaps is not spoken holds nothing up: the position is announced, with music around it."""
    once = {"announcements": {"first_after_s": 1, "every_s": 60}}
    house = await open_wired(queues={"support": QUICK_RETRY["support"] | once})
    getattr(house.ari, f"lose_{lost}")(b"/play/")
    anna = await house.joins(ANNA)
    await anna.hears_music(within=10)
    await house.daemon.said("announced", within_s=10)
    await anna.hears_voice(since=house.stage.now(), within=5)
    await these_hold(house)


@pytest.mark.parametrize("lost", ["reply", "request"])
async def test_hanging_up(wired, lost):
    """The agent ends the talk; the caller's leg must not stay behind."""
    house = wired
    agent = await house.agent("agent1", answers(after=0.1, talk=1.0))
    anna = await house.joins(ANNA)
    await anna.hears(agent, within=10)
    getattr(house.ari, f"lose_{lost}")(b"?reason=normal")
    async with asyncio.timeout(10):
        await house.ari.failed.wait()
    assert await anna.is_over(within=10) == "them"
    await these_hold(house)

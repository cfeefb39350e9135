"""An agent whose phone is a mobile behind the trunk: a key tells a person from a voicemail, on real phones."""

from __future__ import annotations

import asyncio

import pytest

from lab.daemon import NO_TIMES
from lab.house import ANNA, BEN, DAN
from lab.phones import answers

pytestmark = pytest.mark.e2e

QUEUE = {"wrap_up_s": 0, "ring_s": 8, "strategy": "linear", "offer": {"enabled": False}, "slots": NO_TIMES}
MOBILE = {
    "endpoint": f"PJSIP/{DAN}@trunk",
    "phones": ["PJSIP/agent1"],
    "queues": ["support"],
    "accept_key": "1",
    "accept_s": 2,
}
AGENTS = {"mobile": MOBILE, "office": {"endpoint": "PJSIP/agent2", "queues": ["support"]}}


@pytest.fixture
async def house(open_house):
    """The mobile's owner has logged in from the desk; the mobile is rung first."""
    house = await open_house(queues={"support": QUEUE}, agents=AGENTS)
    house.mobiles = await house.stage.customers(name="mobiles")
    await house.agent("agent1")
    await house.daemon.said("available", subject="mobile")
    return house


async def picks_up_and_accepts(call):
    await answers(after=0.2)(call)
    await call.hears_voice()
    await call.press("1")


async def test_a_voicemail_does_not_swallow_the_caller(house):
    house.mobiles.on(DAN, answers(after=0.1))
    office = await house.agent("agent2", answers(after=0.2))
    anna = await house.calls(ANNA)
    voicemail = await house.mobiles.next_call_to(DAN, answered=True)
    await anna.hears_music(since=voicemail.answered_at, within=10)
    await anna.hears(office, within=30)
    assert voicemail.over
    assert not anna.call.hearing.spans(voicemail.who), "the voicemail reached the caller"
    assert not voicemail.hearing.spans(anna.name), "the caller left a message on the voicemail"
    assert anna.gaps(longer_than=1.0) == []
    assert "perhaps voicemail" in (await house.daemon.said("missed a ring", subject="mobile"))["reason"]


async def test_the_person_at_the_mobile_presses_the_key_and_has_the_caller(house):
    house.mobiles.on(DAN, picks_up_and_accepts)
    anna = await house.calls(ANNA)
    mobile = await house.mobiles.next_call_to(DAN, answered=True)
    await anna.hears(mobile)
    await mobile.hears(anna)
    accepted_at = mobile.pressed[0][0]
    assert not [span for span in anna.call.hearing.spans(mobile.who) if span.start < accepted_at]
    await anna.hangup()
    assert await mobile.is_over() == "them"


async def test_another_key_than_the_accept_key_connects_nobody(house):
    house.mobiles.on(DAN, answers(after=0.1, press="5"))
    anna = await house.calls(ANNA)
    mobile = await house.mobiles.next_call_to(DAN, answered=True)
    await house.daemon.said("key 5 ignored")
    assert await mobile.is_over(within=20) == "them"
    assert not house.stage.spoke(anna, mobile)


async def test_the_caller_goes_while_the_mobile_is_asked(house):
    house.mobiles.on(DAN, answers(after=0.1))
    anna = await house.calls(ANNA)
    mobile = await house.mobiles.next_call_to(DAN, answered=True)
    await mobile.hears_voice()
    await anna.hangup()
    assert await mobile.is_over() == "them"
    house.mobiles.on(DAN, picks_up_and_accepts)
    ben = await house.calls(BEN)
    await ben.hears(mobile.who, within=10)


async def test_a_callbacks_customer_is_not_given_to_the_voicemail_either(open_house):
    queue = QUEUE | {"offer": {"estimated_wait_s": 5, "waited_s": 60}}
    house = await open_house(queues={"support": queue}, agents=AGENTS)
    people = await house.stage.customers()
    people.on(DAN, answers(after=0.1))
    people.on(ANNA, _presses_one_until_heard)
    await house.takes_callback(await house.calls(ANNA))
    await house.agent("agent1")
    call = await people.next_call_to(ANNA, within=15, answered=True)
    voicemail = await people.next_call_to(DAN, within=15, answered=True)
    office = await house.agent("agent2", answers(after=0.2))
    await call.hears(office, within=30)
    assert not house.stage.spoke(call, voicemail)
    assert len(people.calls_to(ANNA)) == 1


async def _presses_one_until_heard(call):
    await answers(after=0.3)(call)
    await call.hears_voice(within=2)
    while not call.over:
        await asyncio.sleep(2.0)
        await call.press("1")

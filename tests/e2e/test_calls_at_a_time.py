"""Callbacks at a time, and closing time, on phones: the daemon's clock is set to the hour that matters."""

from __future__ import annotations

import pytest

from lab.daemon import QUICK_OFFER
from lab.house import ANNA, BEN
from lab.phones import answers, presses_one

pytestmark = pytest.mark.e2e

SLOTS = {"length_s": 900, "lead_s": 0, "capacity": 1, "horizon_days": 2}
MORNINGS = {f"{day}day": ["09:00-12:00"] for day in ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")}


def config(**queue):
    support = {"wrap_up_s": 0, "ring_s": 4, "offer": QUICK_OFFER, "slots": SLOTS, "announcements": {"every_s": 20}}
    vouched_for = {"caller_id_proves": True}
    hours = {"mornings": MORNINGS | {"zone": "UTC"}}
    return {"queues": {"support": support | queue}, "hours": hours, "numbers": vouched_for}


async def books(house, caller) -> None:
    """The offer's key 2, the first time that is read out, and the number is right."""
    for key in "21":
        since = house.stage.now()
        await caller.press(key)
        await caller.hears_voice(since=since, within=10)
    await caller.press("1")


@pytest.mark.long
async def test_a_slot_is_kept_not_before_its_time_and_key_one_connects(open_house):
    """Half past ten is less than a minute away when the caller asks for it."""
    house = await open_house(at="10:29:10", **config())
    customers = await house.stage.customers(behaviour=presses_one())
    anna = await house.calls(ANNA)
    await house.hears_offer(anna)
    await books(house, anna)
    await house.daemon.said("promised a callback at a time")
    (promise,) = await house.rows(
        "SELECT extract(hour FROM slot_at AT TIME ZONE 'UTC') h, "
        "extract(minute FROM slot_at AT TIME ZONE 'UTC') m FROM callback"
    )
    assert (promise["h"], promise["m"]) == (10, 30)
    assert await anna.is_over(within=30) == "them"
    agent = await house.agent("agent1", answers(after=0.2))
    call = await customers.next_call_to(ANNA, within=60)
    entered = await house.daemon.said("enters the line")
    assert entered["slot_at"] % 900 == 0
    assert 0.0 <= call.invited_at + house.daemon.ahead_s - entered["slot_at"] < 2.0, "an agent was free before"
    await call.hears(agent, within=20)
    await call.hangup()


async def test_at_closing_time_callers_who_wait_and_those_who_call_later_are_offered_a_time(open_house):
    house = await open_house(at="11:59:35", **config(hours="mornings"))
    anna = await house.calls(ANNA)
    await anna.hears_music(within=20)
    await house.daemon.said("offered a time", within_s=40)
    since = house.stage.now()
    await anna.press("1")

    await anna.hears_voice(since=since, within=10)
    await anna.press("1")
    first = await house.daemon.said("promised a callback at a time")
    ben = await house.calls(BEN)
    await house.daemon.said("not let in: closed")
    await ben.hears_voice()
    since = house.stage.now()
    await ben.press("1")
    await ben.hears_voice(since=since, within=10)
    await ben.press("1")
    second = await house.daemon.said("promised a callback at a time", since=house.daemon.last_index("not let in"))
    assert second["slot_at"] - first["slot_at"] == 900, "the slot at nine was Anna's"
    for caller in (anna, ben):
        assert await caller.is_over(within=30) == "them"


async def test_a_caller_with_a_promise_can_move_it_to_another_time(open_house):
    house = await open_house(at="10:29:10", **config(slots=SLOTS | {"lead_s": 3600}))
    anna = await house.calls(ANNA)
    await house.hears_offer(anna)
    await books(house, anna)
    first = await house.daemon.said("promised a callback at a time")
    assert await anna.is_over(within=30) == "them"
    again = await house.calls(ANNA)
    await again.hears_voice()
    since = house.stage.now()
    await again.press("4")
    await again.hears_voice(since=since, within=10)
    await again.press("2")
    moved = await house.daemon.said("promised a callback at a time", since=house.daemon.last_index("rang in"))
    assert moved["slot_at"] > first["slot_at"]
    (promise,) = await house.rows("SELECT extract(epoch FROM slot_at) slot_at FROM callback WHERE closed_at IS NULL")
    assert float(promise["slot_at"]) == moved["slot_at"]
    assert await again.is_over(within=30) == "them"

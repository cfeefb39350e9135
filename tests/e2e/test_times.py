"""Times that are keyed, and what callers of a closed queue hear, on phones: the daemon's clock is set to the hour that
matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lab.daemon import QUICK_OFFER
from lab.house import ANNA, BEN
from lab.phones import answers

pytestmark = pytest.mark.e2e

QUEUE = {
    "wrap_up_s": 0,
    "ring_s": 4,
    "offer": QUICK_OFFER,
    "slots": {"length_s": 900, "lead_s": 0, "capacity": 1},
    "announcements": {"every_s": 20},
}
MORNINGS = {f"{day}day": ["09:00-12:00"] for day in ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")}


def day(ahead: int) -> datetime:
    """This many days after the day that callbackd believes it to be, which is our tomorrow."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1 + ahead)


def config(holidays=(), **queue):
    hours = MORNINGS | {"zone": "UTC", "holidays": [f"{each:%Y-%m-%d}" for each in holidays]}
    vouched_for = {"caller_id_proves": True}
    return {"queues": {"support": QUEUE | queue}, "hours": {"mornings": hours}, "numbers": vouched_for}


async def presses(house, caller, *keys):
    """Each is pressed while a voice is heard that began after the one before."""
    for key in keys:
        await caller.hears_voice(since=house.stage.now(), within=10)
        await caller.press(key)


async def promised_at(house, caller):
    """The time in the database, once the caller hears a voice say it; no word was missing in what was said so far."""
    await house.daemon.said("promised a callback at a time")
    await caller.hears_voice(since=house.stage.now())
    assert house.daemon.count("not_spoken") == 0
    (promise,) = await house.rows("SELECT extract(epoch FROM slot_at)::float AS at FROM callback")
    return datetime.fromtimestamp(promise["at"], UTC)


async def test_a_time_that_was_keyed_is_promised(open_house):
    house = await open_house(at="10:01:00", **config())
    anna = await house.joins(ANNA)
    await presses(house, anna, "2", "9", "1537", "1", "1")
    assert await promised_at(house, anna) == day(1).replace(hour=15, minute=30), "the slot that 15:37 lies in, tomorrow"
    assert await anna.is_over(within=30) == "them"
    assert anna.gaps(longer_than=1.0) == []


async def test_a_time_that_cannot_be_had_is_refused_and_others_are_read_out(open_house):
    house = await open_house(at="10:01:00", **config())
    anna = await house.joins(ANNA)
    await presses(house, anna, "2", "9", "0900", "0")
    assert "too soon" in (await house.daemon.said("asked again"))["reason"]
    await presses(house, anna, "1", "1")
    assert await promised_at(house, anna) == day(0).replace(hour=10, minute=15)


async def test_a_promise_of_a_turn_is_moved_to_a_time_and_stays_one_promise(open_house):
    house = await open_house(at="10:01:00", **config())
    await house.takes_callback(await house.calls(ANNA))
    before = await house.rows("SELECT id, number FROM callback")
    again = await house.calls(ANNA, name="Anna again")
    await house.daemon.said("rang in")
    await presses(house, again, "4", "1")
    assert await promised_at(house, again) == day(0).replace(hour=10, minute=15)
    assert await again.is_over(within=30) == "them"
    assert await house.rows("SELECT id, number FROM callback") == before


async def test_a_caller_who_has_waited_too_long_may_take_a_time_instead_of_the_place(open_house):
    """The rule's own way: a caller is not sent anywhere, but offered a time, and need not take it."""
    house = await open_house(at="10:01:00", **config(entry={"max_wait_s": 6}))
    anna, ben = await house.joins(ANNA), await house.joins(BEN)
    await house.daemon.said("exit_timeout: a time is proposed")
    await presses(house, anna, "1", "1")
    assert await promised_at(house, anna) == day(0).replace(hour=10, minute=15)
    await presses(house, ben, "0")
    agent = await house.agent("agent1", answers(after=0.2))
    await ben.hears(agent, within=10)
    assert [call.from_user for call in agent.rung] == [BEN]
    assert ben.gaps(longer_than=1.0) == []


async def test_callers_who_would_rather_stay_at_closing_time_are_served(open_house):
    house = await open_house(at="11:59:46", **config(hours="mornings"))
    anna = await house.joins(ANNA)
    offered = await house.daemon.said("offered a time", reason="the queue closes", within_s=20)
    assert 0.0 <= offered["at"] + house.daemon.ahead_s - day(0).replace(hour=12).timestamp() < 1.0
    await presses(house, anna, "0")
    agent = await house.agent("agent1", answers(after=0.2))
    await anna.hears(agent, within=10)
    assert anna.gaps(longer_than=1.0) == []


@pytest.mark.parametrize(
    ("at", "holidays", "obstacle", "opens"),
    [("12:30:00", [], "closed", 1), ("10:30:00", [0, 1], "holiday", 2)],
    ids=["closed", "holiday"],
)
async def test_at_a_closed_door_the_first_time_after_it_is_promised_and_nobody_is_rung(
    open_house, at, holidays, obstacle, opens
):
    house = await open_house(at=at, **config([day(each) for each in holidays], hours="mornings"))
    agent = await house.agent("agent1", answers(after=0.2))
    anna = await house.calls(ANNA)
    await house.daemon.said(f"not let in: {obstacle}")
    await presses(house, anna, "1", "1")
    assert await promised_at(house, anna) == day(opens).replace(hour=9)
    assert await anna.is_over(within=30) == "them"
    assert anna.gaps(longer_than=1.0) == []
    assert agent.rung == []


async def test_callers_who_take_no_time_at_a_closed_door_hear_a_goodbye(open_house):
    house = await open_house(at="12:30:00", **config(hours="mornings"))
    anna = await house.calls(ANNA)
    await house.daemon.said("not let in: closed")
    await presses(house, anna, "7", "7", "7")
    assert await anna.is_over(within=30) == "them"
    assert anna.gaps(longer_than=1.0) == []
    assert await house.rows("SELECT outcome FROM entry") == [{"outcome": "refused"}]
    assert await house.rows("SELECT id FROM callback") == []


async def test_a_holiday_may_have_an_exit_of_its_own(open_house):
    rules = {"holiday": "dialplan:mailbox"}
    house = await open_house(at="10:30:00", **config([day(0)], hours="mornings", entry=rules))
    ben = await house.calls(BEN)
    await ben.hears_music("sales", within=10)
    assert await house.rows("SELECT id FROM entry") == []

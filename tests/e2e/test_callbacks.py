"""A caller takes a callback, hangs up, and is rung back: on real phones, and the customer's phone is the judge."""

from __future__ import annotations

import asyncio

import pytest

from lab.daemon import QUICK_OFFER
from lab.house import ANNA, BEN, CORA
from lab.phones import answers, presses, presses_one, rejects, rings

pytestmark = pytest.mark.e2e

RETRY = {
    "max_attempts": 2,
    "busy_gap_s": 1,
    "no_answer_gap_s": 1,
    "no_key_gap_s": 1,
    "congestion_gap_s": 1,
}
QUICK_RETRY = {"support": {"wrap_up_s": 0, "ring_s": 4, "offer": QUICK_OFFER, "retry": RETRY}}


@pytest.fixture
async def promised(house):
    """Anna has a promise; nobody is at work yet."""
    customers = await house.stage.customers(behaviour=presses_one())
    anna = await house.calls(ANNA)
    await house.takes_callback(anna)
    return customers


async def test_the_whole_way_from_the_key_to_the_talk(house):
    busy = await house.agent("agent1", answers(after=0.2))
    customers = await house.stage.customers(behaviour=presses_one())
    ben = await house.calls(BEN)
    await ben.hears(busy)
    anna = await house.calls(ANNA)
    before = await house.row(f"SELECT id, arrived_at FROM entry WHERE number = '{ANNA}'")
    await house.takes_callback(anna, hears_out=True)
    assert anna.gaps(longer_than=1.0) == []
    stored = await house.rows(
        "SELECT e.id, e.arrived_at, e.leg, c.number FROM callback c JOIN entry e ON e.id = c.entry"
    )
    assert stored == [before | {"leg": None, "number": ANNA}], "the same entry stays in line"
    await ben.hangup()
    call = await customers.next_call_to(ANNA, within=15, answered=True)
    await call.hears(busy, within=20)
    assert (await call.hears_voice()).start - call.answered_at < 2.0
    assert busy.rung[-1].from_user == ANNA
    await call.hangup()
    await house.daemon.said("closed: served", since=house.daemon.last_index("promise kept"))
    assert len(customers.calls_to(ANNA)) == 1
    assert await house.rows("SELECT state, outcome, attempts_made FROM callback") == [
        {"state": "closed", "outcome": "completed", "attempts_made": 1}
    ]
    assert [row["outcome"] for row in await house.rows("SELECT outcome FROM attempt")] == ["connected"]


async def test_the_promise_is_in_the_database_before_it_is_spoken(house):
    anna = await house.calls(ANNA)
    await house.asks_for_callback(anna)
    await house.daemon.said("promised a callback")
    assert len(await house.rows("SELECT id FROM callback")) == 1
    await anna.hears_voice(since=house.stage.now())


async def test_the_key_cuts_off_the_announcement(house):
    anna = await house.calls(ANNA)
    await house.hears_offer(anna)
    pressed_at = house.stage.now()
    await anna.press("1")
    await house.daemon.said("announced")
    await anna.hears_voice(since=pressed_at + 0.5, within=3)
    await anna.press("0")
    await anna.hears_music(since=house.stage.now(), within=15)


async def test_keys_by_sip_info_work_too(house):
    await house.stage.customers(behaviour=presses_one())
    anna = await house.calls(ANNA, keys_by="info")
    await house.takes_callback(anna)


async def test_keys_as_tones_in_the_audio_work_too(house):
    anna = await house.calls(ANNA, keys_by="tones")
    await house.takes_callback(anna)
    assert len(await house.rows("SELECT id FROM callback")) == 1


async def test_another_number_is_keyed_and_dialled(house):
    customers = await house.stage.customers(behaviour=presses_one())
    anna = await house.calls(None)
    await house.hears_offer(anna)
    await anna.press("1")
    await anna.hears_voice(since=house.stage.now())
    await anna.press("02079460103#")
    await anna.hears_voice(since=house.stage.now())
    await anna.press("1")
    await house.daemon.said("promised a callback")
    await anna.hangup()
    agent = await house.agent("agent1", answers(after=0.2))
    call = await customers.next_call_to(CORA, within=15, answered=True)
    await call.hears(agent, within=20)


async def test_three_refused_numbers_and_the_caller_keeps_waiting(house):
    anna = await house.calls(None)
    await house.hears_offer(anna)
    await anna.press("1")
    for n in range(3):
        await anna.hears_voice(since=house.stage.now())
        await anna.press("09061234567#")
        await house.daemon.said("asked again" if n < 2 else "asked no more", tries=n + 1)
    await anna.hears_music(since=house.stage.now(), within=20)
    assert await house.rows("SELECT id FROM callback") == []


async def test_hanging_up_right_after_confirming_keeps_the_promise(house):
    customers = await house.stage.customers(behaviour=presses_one())
    anna = await house.calls(ANNA)
    await house.asks_for_callback(anna)
    await anna.hangup()
    await house.daemon.said("promised a callback")
    agent = await house.agent("agent1", answers(after=0.2))
    call = await customers.next_call_to(ANNA, within=15, answered=True)
    await call.hears(agent, within=20)


@pytest.mark.parametrize(
    ("first", "outcome"),
    [
        (rejects(486), "busy"),
        (rejects(480), "no_answer"),
        (rejects(603), "rejected"),
        (answers(after=0.3, talk=1.0), "no_key"),
    ],
    ids=["busy", "480", "rejects", "hangs up without a key"],
)
async def test_the_reason_a_customer_was_not_reached_is_recorded_and_they_are_tried_again(open_house, first, outcome):
    house = await open_house(queues=QUICK_RETRY)
    customers = await house.stage.customers()
    customers.on(ANNA, first, presses_one())
    await house.takes_callback(await house.calls(ANNA))
    agent = await house.agent("agent1", answers(after=0.2))
    await customers.next_call_to(ANNA, within=15)
    call = await customers.next_call_to(ANNA, within=25, answered=True)
    await call.hears(agent, within=20)
    rows = await house.rows("SELECT ordinal, outcome FROM attempt ORDER BY ordinal")
    assert rows == [{"ordinal": 1, "outcome": outcome}, {"ordinal": 2, "outcome": "connected"}]
    assert len(customers.calls_to(ANNA)) == 2


async def test_no_answer_rings_out_and_is_tried_again_up_to_the_limit(open_house):
    house = await open_house(
        queues=QUICK_RETRY, dialling={"endpoint": "PJSIP/{number}@trunk", "ring_s": 2, "key_s": 1, "menu_readings": 1}
    )
    customers = await house.stage.customers(behaviour=rings)
    await house.takes_callback(await house.calls(ANNA))
    await house.agent("agent1")
    await house.daemon.said("promise given up: exhausted", within_s=40)
    assert len(customers.calls_to(ANNA)) == 2
    assert [row["outcome"] for row in await house.rows("SELECT outcome FROM attempt")] == ["no_answer"] * 2


async def test_a_silent_answer_is_no_person(open_house):
    house = await open_house(
        queues=QUICK_RETRY, dialling={"endpoint": "PJSIP/{number}@trunk", "ring_s": 5, "key_s": 1, "menu_readings": 1}
    )
    customers = await house.stage.customers(behaviour=answers(after=0.2, silent=True))
    await house.takes_callback(await house.calls(ANNA))
    agent = await house.agent("agent1")
    call = await customers.next_call_to(ANNA, within=15, answered=True)
    assert (await call.hears_voice()).start - call.answered_at < 2.0
    assert await call.is_over(within=30) == "them"
    assert (await house.rows("SELECT outcome FROM attempt"))[0]["outcome"] == "no_key"
    assert agent.rung == [], "a machine never reaches an agent"


async def test_a_customer_postpones_by_one_digit(promised, house):
    promised.on(ANNA, rings)
    agent = await house.agent("agent1", answers(after=0.2))
    call = await promised.next_call_to(ANNA, within=15)
    await call.answer()
    decided = asyncio.create_task(house.daemon.said("customer not reached", within_s=40))
    while not decided.done():
        await call.press("2")  # until the menu has begun; then once more, as the digit: twenty minutes
        await asyncio.sleep(1.5)
    assert "postponed by 20 min" in (await decided)["reason"]
    assert await call.is_over(within=20) == "them"
    assert await house.rows("SELECT outcome FROM attempt") == [{"outcome": "postponed"}]
    assert await house.rows("SELECT attempts_made FROM callback") == [{"attempts_made": 0}]
    assert await house.rows("SELECT not_before > now() + '19 min' AS later FROM entry") == [{"later": True}]
    ben = await house.calls(BEN)
    await ben.hears(agent)
    assert len(promised.calls_to(ANNA)) == 1


async def rings_in(house, key):
    """Anna, who has a promise, calls again, hears the menu and presses a key."""
    again = await house.calls(ANNA, name="Anna again")
    await house.daemon.said("rang in")
    await again.hears_voice(since=house.stage.now())
    await again.press(key)
    return again


async def test_a_caller_with_a_promise_may_wait_live_at_the_same_place(promised, house):
    place = await house.rows("SELECT id, arrived_at FROM entry")
    again = await rings_in(house, "1")
    await again.hears_music(since=house.stage.now(), within=25)
    assert await house.rows("SELECT id, arrived_at FROM entry") == place
    agent = await house.agent("agent1", answers(after=0.2))
    await again.hears(agent, within=15)
    assert promised.calls_to(ANNA) == []


async def test_a_caller_with_a_promise_may_keep_it_and_is_rung_once(promised, house):
    again = await rings_in(house, "2")
    agent = await house.agent("agent1", answers(after=0.2))
    assert await again.is_over(within=20) == "them"
    call = await promised.next_call_to(ANNA, within=15, answered=True)
    await call.hears(agent, within=20)
    assert len(promised.calls_to(ANNA)) == 1


async def test_a_stranger_who_shows_the_number_cancels_nothing_and_moves_nothing(promised, house):
    before = await house.rows("SELECT * FROM callback")
    for key in ("3", "4"):
        since = len(house.daemon.lines)
        stranger = await rings_in(house, key)
        await house.daemon.said("asked again", since=since)
        await stranger.hangup()
    assert await house.rows("SELECT * FROM callback") == before
    agent = await house.agent("agent1", answers(after=0.2))
    call = await promised.next_call_to(ANNA, within=15, answered=True)
    await call.hears(agent, within=20)


async def test_a_stranger_who_waits_at_the_place_and_goes_leaves_the_promise(promised, house):
    place = await house.rows("SELECT id, arrived_at FROM entry")
    stranger = await rings_in(house, "1")
    await stranger.hears_music(since=house.stage.now(), within=30)
    since = len(house.daemon.lines)
    await stranger.hangup()
    await house.daemon.said("promised a callback", since=since)
    assert await house.rows("SELECT id, arrived_at FROM entry") == place
    agent = await house.agent("agent1", answers(after=0.2))
    call = await promised.next_call_to(ANNA, within=15, answered=True)
    await call.hears(agent, within=20)
    assert len(promised.calls_to(ANNA)) == 1


async def test_the_customer_whom_we_ring_may_cancel(promised, house):
    promised.on(ANNA, presses("3"))
    agent = await house.agent("agent1", answers(after=0.2))
    call = await promised.next_call_to(ANNA, within=15, answered=True)
    assert await call.is_over(within=20) == "them"
    assert await house.rows("SELECT outcome FROM callback") == [{"outcome": "cancelled"}]
    assert agent.rung == []
    assert len(promised.calls_to(ANNA)) == 1


async def test_where_the_carrier_vouches_for_numbers_who_rings_in_may_cancel(open_house):
    house = await open_house(numbers={"caller_id_proves": True})
    await house.takes_callback(await house.calls(ANNA))
    again = await rings_in(house, "3")
    assert await again.is_over(within=20) == "them"
    assert await house.rows("SELECT outcome FROM callback") == [{"outcome": "cancelled"}]


async def test_ringing_in_while_we_ring_ends_our_call(promised, house):
    promised.on(ANNA, rings)
    agent = await house.agent("agent1", answers(after=0.2))
    ours = await promised.next_call_to(ANNA, within=15)
    again = await rings_in(house, "1")
    assert await ours.is_over() == "them"
    await again.hears(agent, within=15)
    assert len(promised.calls_to(ANNA)) == 1


async def test_a_trunk_that_answers_503_costs_the_customer_nothing(open_house):
    house = await open_house(queues=QUICK_RETRY)
    customers = await house.stage.customers()
    customers.on(ANNA, rejects(503), rejects(503), rejects(503), presses_one())
    await house.takes_callback(await house.calls(ANNA))
    agent = await house.agent("agent1", answers(after=0.2))
    for _ in range(3):
        await customers.next_call_to(ANNA, within=15)
    call = await customers.next_call_to(ANNA, within=15, answered=True)
    await call.hears(agent, within=20)
    assert (await house.rows("SELECT attempts_made FROM callback"))[0]["attempts_made"] == 1


async def test_the_reserved_agent_does_not_answer_and_the_customer_gets_the_next(promised, house):
    deaf = await house.agent("agent1", rings)
    awake = await house.agent("agent2", answers(after=0.2))
    call = await promised.next_call_to(ANNA, within=15, answered=True)
    await call.hears(awake, within=25)
    assert len(deaf.rung) == 1
    assert len(promised.calls_to(ANNA)) == 1


async def test_the_customer_who_hangs_up_while_the_agent_is_rung_frees_the_agent(promised, house):
    agent = await house.agent("agent1", rings)
    call = await promised.next_call_to(ANNA, within=15, answered=True)
    ring = await agent.next_call(within=15)
    await call.hangup()
    assert await ring.is_over() == "them"
    agent.behaviour = answers(after=0.2)
    ben = await house.calls(BEN)
    await ben.hears(agent)


async def test_a_promise_survives_a_restart_and_is_dialled_once(promised, house):
    await house.daemon.stop()
    await house.daemon.start()
    agent = await house.agent("agent1", answers(after=0.2))
    call = await promised.next_call_to(ANNA, within=15, answered=True)
    await call.hears(agent, within=20)
    assert len(promised.calls_to(ANNA)) == 1

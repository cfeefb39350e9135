"""A callback at a time: chosen, confirmed, stored, moved, and in the line when its time comes near."""

from __future__ import annotations

import pytest

from callbackd.domain.acd import Acd
from callbackd.domain.commands import DialCustomer, StorePromise
from callbackd.domain.events import (
    ClosedEarly,
    DatabaseLost,
    DigitPressed,
    Ending,
    PromiseNotStored,
    PromiseStored,
    TimePassed,
)
from callbackd.domain.ids import LegId, Mint
from callbackd.domain.lives.callback import CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import EntryState
from callbackd.domain.phrase import CallAt, Digits, Fixed, SlotChoice
from callbackd.domain.settings import EntryRules, Exit, Numbers, Offer, Retry, Slots, Way
from callbackd.simulate.predictors import QueueLength
from tests.builders import ANNA, BEN, SUPPORT, Centre, agent, number, queue, settings

HOUR_S = 3600.0
PROVEN = Numbers(region="GB", caller_id_proves=True)


def busy(agents=("alice",), **changes):
    """All agents talk; every caller is offered a turn and a time, and rings in with a proven number. Waits by a
    textbook formula."""
    changes = {"slots": Slots(), "offer": Offer(estimated_wait_s=0.0), "wrap_up_s": 0.0, **changes}
    house = settings([queue(**changes)], [agent(name) for name in agents], numbers=PROVEN)
    centre = Centre(house, estimator=QueueLength)
    for n, name in enumerate(agents):
        centre.logs_in(name)
        centre.calls(f"with-{name}", number(90 + n))
        centre.answers(name)
    return centre


def hears_times(centre, leg="anna", shown=ANNA):
    """The caller waits, presses 2, and is read times. Returns them, key 1 first."""
    centre.calls(leg, shown)
    centre.hears_out(leg)
    centre.wait(0)
    centre.presses(leg, "2")
    return read_out(centre, leg)


def read_out(centre, leg="anna"):
    return centre.acd.state.dialogues[LegId(leg)].choices


def promised(centre, leg="anna", shown=ANNA, key="1"):
    """The caller takes a time, hears the promise out and is gone."""
    hears_times(centre, leg, shown)
    centre.presses(leg, key + "1")
    centre.hears_out(leg)
    centre.hangs_up(leg)
    return centre.callback(shown)


def entry_of(centre, callback):
    return centre.acd.state.entries[callback.entry]


def dialled(centre):
    return [dial.number for dial in centre.all(DialCustomer)]


# --- chosen -----------------------------------------------------------------------------------------------------------


def test_key_two_reads_out_times_each_with_its_key_and_a_way_back():
    centre = busy()
    times = hears_times(centre)
    heard = centre.heard("anna")
    said = heard[heard.index(Fixed.SLOT_INTRO) :]
    assert [phrase.key for phrase in said if isinstance(phrase, SlotChoice)] == [1, 2, 3]
    assert said[-2:] == [Fixed.SLOT_OTHER, Fixed.SLOT_STAY]
    assert list(times) == sorted(set(times))
    assert times[0] >= centre.now + HOUR_S


@pytest.mark.parametrize("key", ["1", "2", "3"])
def test_the_time_of_the_key_is_promised(key):
    centre = busy()
    times = hears_times(centre)
    centre.presses("anna", key + "1")
    assert centre.callback().slot_at == times[int(key) - 1]


def test_as_many_times_are_read_out_as_set_and_wrong_keys_are_answered():
    centre = busy(slots=Slots(choices=1))
    hears_times(centre)
    centre.presses("anna", "2")
    assert Fixed.WRONG_KEY in centre.heard("anna")
    assert centre.all(StorePromise) == []


def test_the_number_is_read_back_and_another_may_be_keyed():
    centre = busy()
    times = hears_times(centre)
    centre.presses("anna", "1")
    assert centre.heard("anna")[-3:] == [Fixed.NUMBER_IS, Digits("02079460101"), Fixed.CONFIRM_MENU]
    centre.presses("anna", "2" + "02079460102#" + "1")
    assert (centre.callback(BEN).slot_at, centre.callback(BEN).number) == (times[0], BEN)


def test_a_withheld_number_is_keyed_after_the_time():
    centre = busy()
    times = hears_times(centre, shown="anonymous")
    centre.presses("anna", "1")
    assert centre.heard("anna")[-1] is Fixed.KEY_NUMBER
    centre.presses("anna", "02079460101#1")
    assert centre.callback().slot_at == times[0]


def test_outside_the_line_zero_leads_nowhere_and_is_answered():
    centre = Centre(settings([queue(slots=Slots(), rules=EntryRules(no_agents=Exit(Way.CALLBACK)))], [agent("alice")]))
    centre.calls("anna")
    assert read_out(centre)
    centre.presses("anna", "0")
    assert Fixed.WRONG_KEY in centre.heard("anna")
    assert read_out(centre), "and may still choose"
    centre.presses("anna", "11")
    assert centre.callback().slot_at


def test_a_caller_who_asks_for_a_time_when_all_are_taken_hears_so_and_keeps_the_place():
    centre = busy(slots=Slots(capacity=1, horizon_days=0, lead_s=86_400.0))
    assert hears_times(centre) == ()
    assert centre.heard("anna")[-2:] == [Fixed.NO_TIME_FREE, Fixed.KEEP_WAITING]
    assert centre.entry().state is EntryState.WAITING


def test_zero_keeps_the_place_and_no_time_is_remembered():
    centre = busy()
    hears_times(centre)
    centre.presses("anna", "0")
    assert centre.heard("anna")[-1] is Fixed.KEEP_WAITING
    centre.presses("anna", "11")
    assert centre.callback().slot_at is None


def test_zero_at_the_number_keeps_the_place_too_and_the_promise_is_for_a_turn_again():
    centre = busy()
    hears_times(centre)
    centre.presses("anna", "10" + "11")
    assert centre.callback().slot_at is None
    assert entry_of(centre, centre.callback()).state is EntryState.WAITING


# --- stored, then spoken ----------------------------------------------------------------------------------------------


def test_the_time_is_spoken_only_after_it_is_stored_and_the_place_is_given_up_then():
    centre = busy()
    hears_times(centre)
    centre.presses("anna", "1")
    centre.hear(DigitPressed(LegId("anna"), "1"), answer_database=False)
    promise = centre.last(StorePromise)
    assert (promise.entry.state, promise.entry.slot_at) == (EntryState.OUTSIDE, promise.callback.slot_at)
    assert not any(isinstance(phrase, CallAt) for phrase in centre.heard("anna"))
    assert entry_of(centre, promise.callback).state is EntryState.WAITING
    centre.hear(PromiseStored(promise.callback.id))
    assert isinstance(centre.heard("anna")[-4], CallAt)
    assert centre.heard("anna")[-3:] == [Fixed.NUMBER_IS, Digits("02079460101"), Fixed.GOODBYE]
    assert entry_of(centre, promise.callback) == promise.entry


def test_hanging_up_while_it_is_stored_keeps_the_promise():
    centre = busy()
    hears_times(centre)
    centre.presses("anna", "1")
    centre.hear(DigitPressed(LegId("anna"), "1"), answer_database=False)
    centre.hangs_up("anna")
    promise = centre.last(StorePromise).callback
    centre.hear(PromiseStored(promise.id))
    assert (entry_of(centre, promise).state, entry_of(centre, promise).leg) == (EntryState.OUTSIDE, None)


def test_a_time_that_could_not_be_stored_leaves_the_place_as_it_was():
    centre = busy()
    hears_times(centre)
    centre.presses("anna", "1")
    centre.hear(DigitPressed(LegId("anna"), "1"), answer_database=False)
    centre.hear(PromiseNotStored(centre.last(StorePromise).callback.id, "disk full"))
    assert centre.heard("anna")[-1] is Fixed.NO_CALLBACK_NOW
    entry = centre.acd.state.entry_of(LegId("anna"))
    assert (entry.state, entry.slot_at) == (EntryState.WAITING, None)


def test_a_time_lives_as_long_after_it_as_a_turn_does_after_the_promise():
    centre = busy(retry=Retry(expire_s=HOUR_S))
    callback = promised(centre)
    assert callback.expires_at == callback.slot_at + HOUR_S
    assert callback.expected_at == callback.slot_at + 1800


# --- who is faster ----------------------------------------------------------------------------------------------------


def two_hear_the_same_times():
    centre = busy(slots=Slots(capacity=1))
    assert hears_times(centre) == hears_times(centre, "ben", BEN)
    return centre


def test_a_time_is_not_given_twice_when_both_press_its_key():
    centre = two_hear_the_same_times()
    centre.presses("anna", "1")
    centre.hear(DigitPressed(LegId("anna"), "1"), answer_database=False)  # on its way to the database
    centre.presses("ben", "1")
    assert Fixed.TIME_REFUSED in centre.heard("ben")
    centre.presses("ben", "11")
    taken = {centre.last(StorePromise, callback=c.callback).callback.slot_at for c in centre.all(StorePromise)}
    assert len(taken) == 2


def test_a_time_is_not_given_twice_when_both_are_asked_for_their_numbers():
    centre = two_hear_the_same_times()
    centre.presses("anna", "1")
    centre.presses("ben", "1")
    centre.presses("anna", "1")
    centre.presses("ben", "1")
    assert Fixed.TIME_REFUSED in centre.heard("ben")
    assert len(centre.all(StorePromise)) == 1
    centre.presses("ben", "11")
    assert centre.callback(BEN).slot_at != centre.callback(ANNA).slot_at


def test_a_time_holds_as_many_as_its_capacity():
    centre = busy(slots=Slots(capacity=2))
    first = promised(centre, "c1", number(1)).slot_at
    assert promised(centre, "c2", number(2)).slot_at == first
    assert promised(centre, "c3", number(3)).slot_at > first


def test_a_cancelled_promise_gives_its_time_back():
    centre = busy(slots=Slots(capacity=1))
    first = promised(centre).slot_at
    centre.calls("again", ANNA)
    centre.presses("again", "3")
    assert hears_times(centre, "ben", BEN)[0] == first


# --- moved ------------------------------------------------------------------------------------------------------------


def rings_in(centre, shown=ANNA):
    centre.calls("again", shown)
    return "again"


def test_ringing_in_a_time_is_moved_without_asking_for_the_number_again():
    centre = busy()
    before = promised(centre)
    leg = rings_in(centre)
    centre.presses(leg, "43")
    moved = centre.callback()
    assert (moved.id, moved.entry, moved.number) == (before.id, before.entry, before.number)
    assert moved.slot_at > before.slot_at
    assert moved.expires_at - before.expires_at == moved.slot_at - before.slot_at
    assert entry_of(centre, moved).slot_at == moved.slot_at
    assert isinstance(centre.heard(leg)[-4], CallAt)
    assert Fixed.CONFIRM_MENU not in centre.heard(leg)


def test_a_turn_is_moved_to_a_time_and_its_place_is_given_up():
    centre = busy()
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(0)
    centre.takes_callback("anna")
    centre.presses(rings_in(centre), "41")
    assert entry_of(centre, centre.callback()).state is EntryState.OUTSIDE
    centre.hangs_up("again")
    centre.hangs_up("with-alice")
    assert dialled(centre) == []


def test_a_move_that_could_not_be_stored_leaves_the_old_time():
    centre = busy()
    before = promised(centre)
    leg = rings_in(centre)
    centre.presses(leg, "4")
    centre.hear(DigitPressed(LegId(leg), "3"), answer_database=False)
    centre.hear(PromiseNotStored(before.id, "disk full"))
    assert centre.heard(leg)[-1] is Fixed.CALLBACK_KEPT
    assert centre.acd.state.callbacks[before.id] == before
    assert entry_of(centre, before).slot_at == before.slot_at


def test_without_a_database_a_promise_is_not_moved_but_kept():
    centre = busy()
    before = promised(centre)
    centre.hear(DatabaseLost())
    leg = rings_in(centre)
    centre.presses(leg, "4")
    assert centre.heard(leg)[-1] is Fixed.CALLBACK_KEPT
    assert centre.acd.state.callbacks[before.id] == before


def test_a_caller_with_a_promise_who_chooses_nothing_keeps_the_time():
    centre = busy()
    before = promised(centre)
    leg = rings_in(centre)
    centre.presses(leg, "4")
    for _ in range(3):
        centre.hears_out(leg)
        centre.wait(8)
    assert centre.heard(leg)[-1] is Fixed.CALLBACK_KEPT
    assert centre.acd.state.callbacks[before.id] == before


def test_a_caller_who_hangs_up_while_moving_a_promise_keeps_its_time():
    centre = busy()
    before = promised(centre)
    leg = rings_in(centre)
    centre.presses(leg, "4")
    centre.hangs_up(leg)
    assert centre.acd.state.callbacks[before.id] == before


# --- rejoining from outside the line ----------------------------------------------------------------------------------


def test_a_caller_who_had_a_time_and_would_rather_wait_takes_a_new_place():
    centre = busy()
    promise = promised(centre)
    centre.wait(60)
    centre.calls("ben", BEN)
    centre.wait(60)
    centre.presses(rings_in(centre), "1")
    entry = entry_of(centre, promise)
    assert (entry.arrived_at, entry.slot_at, entry.leg, entry.callback) == (centre.now, None, "again", None)
    assert centre.callback().outcome is CallbackOutcome.REJOINED
    centre.hangs_up("with-alice")
    assert centre.rings("alice")[-1] == BEN
    centre.answers("alice")
    centre.hangs_up("ben")
    assert centre.rings("alice")[-1] == ANNA


def test_a_caller_who_rejoined_is_not_rung_at_the_old_time():
    centre = busy()
    promise = promised(centre)
    centre.presses(rings_in(centre), "1")
    centre.wait(promise.slot_at - centre.now + HOUR_S)
    assert dialled(centre) == []
    assert not centre.reasons("enters the line")


def test_a_closed_queue_is_not_rejoined_and_the_time_stays():
    centre = busy()
    before = promised(centre)
    centre.hear(ClosedEarly(SUPPORT, centre.now + 24 * HOUR_S))
    leg = rings_in(centre)
    centre.presses(leg, "1")
    assert centre.heard(leg)[-2:] == [Fixed.CLOSED, Fixed.CALLBACK_KEPT]
    assert centre.acd.state.callbacks[before.id] == before


# --- its time comes near ----------------------------------------------------------------------------------------------


def until(centre, at, seconds=0.0):
    """The door is woken only when it asked to be."""
    centre.sleeps(at + seconds - centre.now)


def test_outside_the_line_it_is_no_place_before_anybody():
    centre = busy()
    promised(centre)
    centre.calls("ben", BEN)
    centre.hangs_up("with-alice")
    assert centre.rings("alice")[-1] == BEN
    assert dialled(centre) == []


def test_with_an_agent_free_it_is_dialled_at_its_time_by_itself_and_not_before():
    centre = busy()
    promise = promised(centre)
    centre.hangs_up("with-alice")
    until(centre, promise.slot_at, -1)
    assert dialled(centre) == []
    until(centre, promise.slot_at)
    assert dialled(centre) == [ANNA]


def test_a_chosen_time_enters_the_line_early_by_its_expected_wait():
    """One agent talks, calls take 1000 s: half of the callers wait less than 702 s (Wilson and Hilferty's median)."""
    centre = busy(expected_handle_s=1000.0)
    promise = promised(centre)
    until(centre, promise.slot_at, -710)
    assert entry_of(centre, promise).state is EntryState.OUTSIDE
    until(centre, promise.slot_at, -695)
    entry = entry_of(centre, promise)
    assert entry.state is EntryState.WAITING
    assert promise.slot_at - entry.arrived_at == pytest.approx(702, abs=2)


def test_a_longer_line_lets_it_enter_earlier_but_never_by_more_than_an_hour():
    centre = busy(expected_handle_s=1000.0, slots=Slots(lead_s=3 * HOUR_S))
    for n in range(20):
        centre.calls(f"c{n}", number(n + 20))
    promise = promised(centre)
    until(centre, promise.slot_at, -HOUR_S - 1)
    assert entry_of(centre, promise).state is EntryState.OUTSIDE
    until(centre, promise.slot_at, -HOUR_S)
    assert entry_of(centre, promise).state is EntryState.WAITING


def test_callers_already_waiting_when_it_enters_are_served_before_it_and_later_ones_after_it():
    centre = busy(expected_handle_s=1000.0)
    promise = promised(centre)
    until(centre, promise.slot_at, -900)
    centre.calls("ben", BEN)
    until(centre, promise.slot_at, -100)
    assert entry_of(centre, promise).state is EntryState.WAITING
    centre.calls("carl", number(3))
    until(centre, promise.slot_at, 1)
    centre.hangs_up("with-alice")
    assert centre.rings("alice")[-1] == BEN
    centre.answers("alice")
    centre.hangs_up("ben")
    assert dialled(centre) == [ANNA]


def test_in_the_line_early_it_is_not_dialled_before_its_time_and_holds_up_nobody():
    centre = busy(expected_handle_s=1000.0)
    promise = promised(centre)
    until(centre, promise.slot_at, -600)
    assert entry_of(centre, promise).state is EntryState.WAITING
    centre.calls("ben", BEN)
    centre.hangs_up("with-alice")
    assert centre.rings("alice")[-1] == BEN
    centre.answers("alice")
    centre.hangs_up("ben")
    assert dialled(centre) == []
    until(centre, promise.slot_at, -1)
    assert dialled(centre) == []
    until(centre, promise.slot_at)
    assert dialled(centre) == [ANNA]


def test_with_nobody_at_work_it_enters_at_its_time_and_waits():
    centre = busy()
    promise = promised(centre)
    centre.dials("alice", "logout")
    until(centre, promise.slot_at, -1)
    assert entry_of(centre, promise).state is EntryState.OUTSIDE
    until(centre, promise.slot_at)
    assert entry_of(centre, promise).state is EntryState.WAITING
    centre.hangs_up("with-alice")
    centre.dials("alice", "login")
    assert dialled(centre) == [ANNA]


def test_a_customer_who_does_not_answer_at_the_time_is_tried_again_like_everybody():
    centre = busy(retry=Retry(no_answer_gap_s=600.0))
    promise = promised(centre)
    centre.hangs_up("with-alice")
    until(centre, promise.slot_at)
    centre.hangs_up(centre.last(DialCustomer).leg, Ending.NO_ANSWER)
    centre.sleeps(599)
    assert len(dialled(centre)) == 1
    centre.sleeps(1)
    assert len(dialled(centre)) == 2


def test_a_moved_promise_is_dialled_at_its_new_time_only():
    centre = busy()
    before = promised(centre)
    centre.presses(rings_in(centre), "43")
    centre.hangs_up("again")
    centre.hangs_up("with-alice")
    moved = centre.callback()
    until(centre, before.slot_at, HOUR_S / 4)
    assert dialled(centre) == []
    until(centre, moved.slot_at)
    assert dialled(centre) == [ANNA]


def test_a_chosen_time_enters_the_line_at_its_time_even_after_a_restart():
    centre = busy()
    promise = promised(centre)
    rows = [entry_of(centre, promise), promise]
    centre.acd = Acd(centre.settings, Mint(b"another"))
    centre.now += 60
    centre.acd.restore(rows, centre.now)
    centre.logs_in("alice")
    until(centre, promise.slot_at, -1)
    assert dialled(centre) == []
    until(centre, promise.slot_at)
    assert dialled(centre) == [ANNA]


def test_a_time_in_a_queue_closed_early_is_kept_when_it_opens():
    centre = busy()
    promise = promised(centre)
    centre.hangs_up("with-alice")
    centre.hear(ClosedEarly(SUPPORT, promise.slot_at + HOUR_S))
    until(centre, promise.slot_at, HOUR_S - 1)
    centre.hear(TimePassed())
    assert dialled(centre) == []
    assert centre.callback().state is CallbackState.WAITING
    until(centre, promise.slot_at, HOUR_S)
    assert dialled(centre) == [ANNA]

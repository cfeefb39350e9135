"""Short days, written and counted by hand, and tables of what is counted and how."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from callbackd.domain.commands import Changed, DialCustomer, StorePromise
from callbackd.domain.events import (
    AttemptClaimed,
    AttemptNotClaimed,
    CallDisposed,
    DeviceSeen,
    DeviceState,
    DigitPressed,
    LegHeld,
    LegUnheld,
    PromiseNotStored,
    PromiseStored,
    TimePassed,
)
from callbackd.domain.ids import AgentId, AttemptId, CallbackId, EntryId, LegId
from callbackd.domain.lives.agent import Activity, Agent, Presence
from callbackd.domain.lives.attempt import Attempt, AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState
from callbackd.domain.settings import Offer, Reports, Slots
from callbackd.metrics.metrics import Metrics
from callbackd.metrics.report import Denominator, make
from callbackd.metrics.tally import Key, Tally, What
from tests.builders import ANNA, BEN, SALES, SUPPORT, T0, Centre, agent, queue, settings

HOUR, DAY = 3600.0, 86400.0
CORA = "+442079460103"


class Counted(Centre):
    """A centre whose every step is counted."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.metrics = Metrics(self.settings)
        self.over: list[Any] = []
        door = self.acd.handle

        def handle(event, now):
            commands = door(event, now)
            self.over += self.metrics.see(event, commands, now)
            return commands

        self.acd.handle = handle  # type: ignore[method-assign]

    def report(self, **of):
        return self.metrics.report(T0, self.now + 1, **of)

    def support(self):
        return self.report(queue=SUPPORT)

    def call(self, leg, number=ANNA, by="alice", talk_s=60.0, wrap_up_s=10.0):
        """A whole call, answered at once."""
        self.calls(leg, number)
        self.answers(by)
        self.wait(talk_s)
        self.hangs_up(leg)
        self.wait(wrap_up_s)


def solo(**changes):
    centre = Counted(settings([queue(**changes)], [agent("alice")]))
    centre.logs_in("alice")
    return centre


# --- callers --------------------------------------------------------------------------------------------------------


def test_a_little_day_is_counted_as_by_hand():
    centre = solo(offer=Offer(enabled=False))  # alice is there from T0, everything else begins a second later
    centre.calls("a", ANNA)
    centre.wait(7)
    centre.answers("alice")  # 7 s
    centre.wait(40)
    centre.calls("b", BEN)
    centre.wait(3)
    centre.hangs_up("b")  # short
    centre.calls("c", CORA)
    centre.wait(25)
    centre.hangs_up("c")  # not short
    centre.calls("d", "+442079460104")
    centre.wait(12)
    centre.hangs_up("a")  # talked 80 s
    centre.wait(10)  # wrap-up, then dave's ring
    centre.wait(3)
    centre.answers("alice")  # 25 s
    centre.wait(20)
    centre.hangs_up("d")
    centre.wait(10)
    centre.wait(30)  # idle

    day = centre.support()
    assert (day.entered, day.answered, day.abandoned, day.abandoned_short) == (4, 2, 1, 1)
    assert (day.answer_wait_s, day.asa_s) == (32.0, 16.0)
    assert day.within == {20.0: 1, 30.0: 2, 60.0: 2}
    assert day.service_level(20.0) == pytest.approx(1 / 3)
    assert (day.abandon_rate, day.short_abandon_rate) == (pytest.approx(1 / 3), pytest.approx(1 / 4))
    assert (day.handled, day.talk_s, day.hold_s, day.wrap_up_s) == (2, 100.0, 0.0, 20.0)
    assert day.aht_s == 60.0
    assert day.live_wait_s == 7 + 3 + 25 + 25
    assert (day.ringing_s, day.talking_s, day.wrapping_s) == (10.0, 100.0, 20.0)
    assert day.staffed_s == 1 + 7 + 80 + 10 + 3 + 20 + 10 + 30
    assert day.occupancy == pytest.approx(130 / 161)
    alice = centre.report(agent="alice")
    assert (alice.entered, alice.answered, alice.asa_s, alice.aht_s) == (0, 2, 16.0, 60.0)
    assert centre.report() == day, "one queue is the whole house"


CASES = Tally(
    {
        Key(What.ENTERED): 90,
        Key(What.OVERFLOWED_IN): 10,
        Key(What.ANSWERED): 60,
        Key(What.WITHIN, 20.0): 48,
        Key(What.ABANDONED): 15,
        Key(What.ABANDONED_SHORT): 5,
        Key(What.PROMISED): 20,
    }
)


@pytest.mark.parametrize(
    ("of", "cases"),
    {
        Denominator.ANSWERED: 60,
        Denominator.ENDED: 80,
        Denominator.ENDED_NOT_SHORT: 75,
        Denominator.ENTERED: 100,
    }.items(),
)
def test_the_service_level_names_its_denominator(of, cases):
    report = make(CASES, 0, 1, (20.0,))
    assert report.denominator(of) == cases
    assert report.service_level(20.0, of) == 48 / cases


def test_the_service_level_is_over_answered_and_late_abandoned_unless_asked_otherwise():
    assert make(CASES, 0, 1, (20.0,)).service_level(20.0) == 48 / 75


def test_a_rate_without_cases_has_no_value():
    empty = make(Tally(), 0, 1, (20.0,))
    rates = (empty.asa_s, empty.abandon_rate, empty.short_abandon_rate, empty.service_level(20.0), empty.aht_s)
    assert set(rates) == {None}
    assert {empty.occupancy, empty.on_time_rate, empty.customer_wait_mean_s, empty.repeat_rate} == {None}


@pytest.mark.parametrize(("waited_s", "within"), [(19.5, 1), (20.0, 1), (20.5, 0)])
def test_a_threshold_includes_its_end(waited_s, within):
    centre = solo(ring_s=60.0)
    centre.calls("a")
    centre.wait(waited_s)
    centre.answers("alice")
    assert centre.support().within[20.0] == within


@pytest.mark.parametrize(("waited_s", "short"), [(0.0, True), (4.5, True), (5.0, False), (60.0, False)])
def test_callers_who_hang_up_early_are_counted_apart(waited_s, short):
    centre = Counted()
    centre.calls("a")
    centre.wait(waited_s)
    centre.hangs_up("a")
    day = centre.support()
    assert (day.abandoned_short, day.abandoned) == ((1, 0) if short else (0, 1))


LINE = Entry(EntryId("e"), SUPPORT, T0, leg=LegId("leg"), number=ANNA)


class Fed(Metrics):
    """Fed with rows by hand; remembers each so that the next change of it has its ``before``."""

    def __init__(self, configured):
        super().__init__(configured)
        self.rows = {}

    def take_up(self, rows, now):
        super().take_up(rows, now)
        self.rows |= {(type(row), row.id): row for row in rows}


def step(metrics, now, *rows, event=None, stored=False):
    changes = []
    for row in rows:
        changes.append(Changed(metrics.rows.get((type(row), row.id)), row, stored))
        metrics.rows[type(row), row.id] = row
    return metrics.see(event or TimePassed(), changes, now)


@pytest.mark.parametrize(
    "outcome",
    [
        EntryOutcome.REFUSED,
        EntryOutcome.EXIT_KEY,
        EntryOutcome.EXIT_TIMEOUT,
        EntryOutcome.EXIT_EMPTY,
        EntryOutcome.LEFT,
    ],
)
def test_an_exit_counts_by_its_outcome_and_not_as_abandoned(outcome):
    metrics = Fed(settings())
    step(metrics, T0, LINE)
    step(metrics, T0 + 30, replace(LINE, state=EntryState.CLOSED, outcome=outcome))
    day = metrics.report(T0, T0 + 31, queue=SUPPORT)
    assert day.exits == {outcome.value: 1}
    assert (day.entered, day.abandoned, day.abandoned_short, day.live_wait_s) == (1, 0, 0, 30.0)


def test_an_overflow_enters_the_first_queue_and_waits_for_both():
    metrics = Fed(settings([queue(SUPPORT), queue(SALES)]))
    over = replace(LINE, queue=SALES, joined_at=T0 + 50)
    rung = replace(over, state=EntryState.RINGING)
    step(metrics, T0, LINE)
    step(metrics, T0 + 50, over)
    step(metrics, T0 + 54, rung, replace(rung, state=EntryState.TALKING, agent=AgentId("alice")))
    first, second = (metrics.report(T0, T0 + 60, queue=name) for name in (SUPPORT, SALES))
    assert (first.entered, first.overflowed_out, first.overflowed_in, first.answered) == (1, 1, 0, 0)
    assert (second.entered, second.overflowed_out, second.overflowed_in, second.answered) == (0, 0, 1, 1)
    assert second.answer_wait_s == 54.0
    assert (first.live_wait_s, second.live_wait_s) == (50.0, 4.0)
    assert second.denominator(Denominator.ENTERED) == 1


# --- promises -------------------------------------------------------------------------------------------------------


def promised():
    """Anna waits 20 s while alice talks to Ben, then takes a callback; 100 s later alice is free for her."""
    centre = solo()
    centre.calls("b", BEN)
    centre.answers("alice")
    centre.calls("a", ANNA)
    centre.hears_out("a")
    centre.wait(20)
    centre.takes_callback("a")
    return centre


def test_a_promise_kept_is_counted_with_what_it_saved_and_the_customers_wait():
    centre = promised()
    centre.wait(100)
    centre.hangs_up("b")
    centre.wait(10)  # the wrap-up; then the intent and the dial
    centre.wait(15)
    centre.customer_answers()
    dial = centre.last(DialCustomer)
    centre.presses(dial.leg, "1")
    centre.wait(3)
    centre.answers("alice")
    day = centre.support()
    assert (day.entered, day.answered, day.abandoned, day.promised, day.kept) == (2, 1, 0, 1, 1)
    assert day.attempts == {"connected": 1}
    assert day.saved_s == 110.0, "until the intent to dial, not longer"
    assert day.live_wait_s == 20.0, "a customer who was called back is not on the toll-free line"
    assert (day.customers, day.customer_wait_s, day.customers_waited, day.customer_wait_mean_s) == (1, 3.0, 1, 3.0)
    assert day.reserved_s == 15.0
    assert centre.report(agent="alice").customers == 1


def test_two_seconds_after_key_1_are_no_wait():
    centre = promised()
    centre.hangs_up("b")
    centre.wait(10)
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    centre.wait(2)
    centre.answers("alice")
    assert (centre.support().customers, centre.support().customers_waited) == (1, 0)


def test_a_promise_that_was_not_stored_was_never_made():
    centre = solo()
    centre.calls("b", BEN)
    centre.answers("alice")
    centre.calls("a", ANNA)
    centre.hears_out("a")
    for key in "11":
        centre.hear(DigitPressed(LegId("a"), key), answer_database=False)
    store = centre.last(StorePromise)
    centre.wait(1)
    assert centre.support().promised == 0, "on its way is not made"
    centre.hear(PromiseNotStored(store.callback.id, "full"))
    centre.hear(PromiseStored(store.callback.id))
    day = centre.support()
    assert (day.promised, day.saved_s) == (0, 0.0)


def test_a_promise_stored_twice_counts_once():
    centre = promised()
    centre.hear(PromiseStored(centre.last(StorePromise).callback.id))
    assert centre.support().promised == 1


PROMISED = Callback(CallbackId("c"), EntryId("e"), SUPPORT, ANNA, T0, T0 + DAY)
HELD = replace(LINE, leg=None, callback=CallbackId("c"))
AT_NOON = T0 + 12 * HOUR


def store(metrics, now, entry, callback):
    step(metrics, now, callback, entry, event=PromiseStored(callback.id), stored=True)


@pytest.mark.parametrize(
    ("told", "ended_at", "outcome", "timed", "on_time"),
    [
        ({"expected_at": T0 + 600}, T0 + 600, CallbackOutcome.COMPLETED, 1, 1),
        ({"expected_at": T0 + 600}, T0 + 600.5, CallbackOutcome.COMPLETED, 1, 0),
        ({"slot_at": AT_NOON}, AT_NOON - 1, CallbackOutcome.COMPLETED, 1, 0),
        ({"slot_at": AT_NOON}, AT_NOON, CallbackOutcome.COMPLETED, 1, 1),
        ({"slot_at": AT_NOON, "expected_at": AT_NOON + 900}, AT_NOON + 900, CallbackOutcome.COMPLETED, 1, 1),
        ({"slot_at": AT_NOON, "expected_at": AT_NOON + 900}, AT_NOON + 901, CallbackOutcome.COMPLETED, 1, 0),
        ({}, T0 + 600, CallbackOutcome.COMPLETED, 0, 0),
        ({"expected_at": T0 + 600}, T0 + 60, CallbackOutcome.EXHAUSTED, 1, 0),
        ({"expected_at": T0 + 600}, T0 + 60, CallbackOutcome.EXPIRED, 1, 0),
        ({"expected_at": T0 + 600}, T0 + 60, CallbackOutcome.CANCELLED, 0, 0),
        ({"expected_at": T0 + 600}, T0 + 60, CallbackOutcome.REJOINED, 0, 0),
    ],
)
def test_a_promise_is_on_time_by_the_time_that_was_spoken(told, ended_at, outcome, timed, on_time):
    metrics = Fed(settings([queue(slots=Slots(length_s=900.0))]))
    callback = replace(PROMISED, **told)
    step(metrics, T0, LINE)
    store(metrics, T0, HELD, callback)
    step(metrics, ended_at, replace(callback, state=CallbackState.CLOSED, outcome=outcome, closed_at=ended_at))
    day = metrics.report(T0, T0 + DAY, queue=SUPPORT)
    assert (day.promised, day.timed, day.on_time) == (1, timed, on_time)
    assert day.on_time_rate == (on_time if timed else None)
    ends = {"kept": day.kept, "exhausted": day.exhausted, "expired": day.expired, "cancelled": day.cancelled}
    ends["rejoined"] = day.rejoined
    name = "kept" if outcome is CallbackOutcome.COMPLETED else outcome.value
    assert ends == dict.fromkeys(ends, 0) | {name: 1}


def test_a_promise_moved_to_another_time_is_one_promise_and_judged_by_the_new_time():
    metrics = Fed(settings())
    step(metrics, T0, LINE)
    store(metrics, T0, HELD, replace(PROMISED, expected_at=T0 + 60))
    later = replace(PROMISED, slot_at=AT_NOON, expected_at=AT_NOON + 1800)
    store(metrics, T0 + 30, replace(HELD, slot_at=AT_NOON, state=EntryState.OUTSIDE), later)
    step(metrics, AT_NOON + 5, replace(later, state=CallbackState.CLOSED, outcome=CallbackOutcome.COMPLETED))
    day = metrics.report(T0, T0 + DAY, queue=SUPPORT)
    assert (day.promised, day.kept, day.on_time) == (1, 1, 1)
    assert day.saved_s == 30.0, "who chose a time would not have waited for it on the line"


def test_a_caller_who_rejoins_waits_live_from_then_on():
    centre = promised()
    centre.wait(50)
    centre.calls("a2", ANNA)
    centre.hears_out("a2")
    centre.presses("a2", "1")
    centre.wait(4)
    centre.hangs_up("b")
    centre.wait(10)
    centre.answers("alice")
    day = centre.support()
    assert (day.promised, day.rejoined, day.kept, day.answered) == (1, 1, 0, 2)
    assert day.answer_wait_s == 14.0
    assert (day.saved_s, day.live_wait_s) == (50.0, 20.0 + 14.0)
    assert day.customers == 0


ATTEMPT = Attempt(AttemptId("t"), CallbackId("c"), AgentId("alice"), ANNA, 1, T0 + 60)


@pytest.mark.parametrize("outcome", AttemptOutcome)
def test_an_attempt_is_counted_by_its_outcome_once(outcome):
    metrics = Fed(settings())
    step(metrics, T0, LINE)
    store(metrics, T0, HELD, PROMISED)
    step(metrics, T0 + 60, replace(HELD, state=EntryState.DIALLING), ATTEMPT, stored=True)
    step(metrics, T0 + 60, replace(ATTEMPT, state=AttemptState.CLAIMED), event=AttemptClaimed(AttemptId("t")))
    over = replace(ATTEMPT, state=AttemptState.CLOSED, outcome=outcome)
    step(metrics, T0 + 90, over, over)
    for of in ({"queue": SUPPORT}, {"agent": "alice"}, {}):
        assert metrics.report(T0, T0 + 91, **of).attempts == {outcome.value: 1}


@pytest.mark.parametrize("answer", [AttemptNotClaimed(AttemptId("t"), "away"), None])
def test_an_attempt_whose_intent_was_not_stored_is_none(answer):
    metrics = Fed(settings())
    step(metrics, T0, LINE)
    store(metrics, T0, HELD, PROMISED)
    step(metrics, T0 + 60, ATTEMPT, stored=True)
    over = replace(ATTEMPT, state=AttemptState.CLOSED, outcome=AttemptOutcome.NOT_DIALLED)
    step(metrics, T0 + 61, over, event=answer)
    metrics.see(AttemptClaimed(AttemptId("t")), [], T0 + 62)  # too late to mean anything
    step(metrics, T0 + 70)
    day = metrics.report(T0, T0 + 71, queue=SUPPORT)
    assert day.attempts == {}
    assert day.saved_s == 70.0, "nobody was dialled: the place is waited for still"


# --- agents' work ---------------------------------------------------------------------------------------------------


def talking():
    centre = solo()
    centre.calls("a")
    centre.answers("alice")
    centre.wait(10)
    return centre


def ended(centre):
    centre.hangs_up("a")
    centre.wait(10)
    return centre.support()


def test_hold_is_apart_from_talk_and_part_of_the_handle_time():
    centre = talking()
    centre.hear(LegHeld(centre.ring_of("alice")))
    centre.wait(15)
    centre.hear(LegUnheld(centre.ring_of("alice")))
    centre.wait(5)
    day = ended(centre)
    assert (day.talk_s, day.hold_s, day.wrap_up_s, day.with_hold) == (15.0, 15.0, 10.0, 1)
    assert (day.aht_s, day.talking_s) == (40.0, 30.0)


def test_hold_reported_twice_by_both_and_nested_is_one_hold():
    centre = talking()
    alice = centre.ring_of("alice")
    for event in (LegHeld(alice), LegHeld(alice), LegHeld(LegId("a")), LegUnheld(alice), LegUnheld(alice)):
        centre.hear(event)
        centre.wait(2)
    centre.hear(LegUnheld(LegId("a")))
    centre.hear(LegUnheld(LegId("a")))
    day = ended(centre)
    assert (day.talk_s, day.hold_s, day.with_hold) == (10.0, 10.0, 1)


def test_a_hangup_ends_the_hold():
    centre = talking()
    centre.hear(LegHeld(LegId("a")))
    centre.wait(8)
    centre.hangs_up("a")
    centre.wait(5)
    centre.hear(LegUnheld(LegId("a")))
    centre.hear(LegHeld(LegId("a")))
    centre.wait(5)
    day = centre.support()
    assert (day.talk_s, day.hold_s, day.wrap_up_s) == (10.0, 8.0, 10.0)


def test_a_hold_reported_after_the_hangup_does_not_count():
    centre = talking()
    centre.hangs_up("a")
    centre.hear(LegHeld(LegId("a")))
    centre.wait(10)
    assert (centre.support().hold_s, centre.support().with_hold) == (0.0, 0)


def test_a_hold_on_a_leg_that_talks_to_nobody_does_not_count():
    centre = talking()
    centre.calls("b", BEN)
    centre.hear(LegHeld(LegId("b")))
    centre.hear(LegHeld(LegId("stranger")))
    centre.wait(5)
    assert (ended(centre).hold_s, centre.support().with_hold) == (0.0, 0)


def test_a_pause_begins_when_the_work_in_hand_is_over():
    centre = talking()
    centre.dials("alice", "pause")
    centre.wait(20)
    ended(centre)
    centre.wait(100)
    day = centre.support()
    assert (day.staffed_s, day.paused_s) == (1 + 30 + 10, 100.0)
    assert day.occupancy == pytest.approx(40 / 41)


def test_own_calls_and_time_away_are_counted_apart():
    centre = solo()
    for state, seconds in [(DeviceState.IN_USE, 50), (DeviceState.OFF, 30), (DeviceState.FREE, 20)]:
        centre.hear(DeviceSeen("PJSIP/alice", state))
        centre.wait(seconds)
    day = centre.support()
    assert (day.own_calls_s, day.away_s, day.staffed_s) == (50.0, 30.0, 21.0)


def test_an_agent_who_logs_out_while_talking_is_staffed_until_the_end_of_the_call():
    centre = talking()
    centre.dials("alice", "logout")
    centre.wait(20)
    ended(centre)
    centre.wait(100)
    day = centre.support()
    assert (day.staffed_s, day.paused_s) == (41.0, 0.0)


def test_a_ring_that_is_not_answered_is_counted():
    centre = solo()
    centre.calls("a")
    centre.hangs_up(centre.ring_of("alice"))
    centre.wait(5)
    centre.answers("alice")
    assert (centre.support().missed, centre.report(agent="alice").missed) == (1, 1)


def test_an_agent_of_two_queues_is_in_the_team_of_both_but_in_the_house_once():
    agents = [agent("alice", SUPPORT, SALES), agent("bob", SALES)]
    centre = Counted(settings([queue(SUPPORT), queue(SALES)], agents))
    centre.logs_in("alice")
    centre.call("a")
    centre.logs_in("bob")
    centre.wait(0)
    support, sales, house = centre.support(), centre.report(queue=SALES), centre.report()
    assert (support.staffed_s, sales.staffed_s, house.staffed_s) == (72.0, 73.0, 73.0)
    assert (support.handled, sales.handled, house.handled) == (1, 0, 1)


# --- repeat calls ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after_s", "repeats"), [(1.0, {"none": 1}), (7 * DAY, {"none": 1}), (7 * DAY + 1, {})])
def test_a_served_customer_who_calls_again_soon_is_a_repeat_call(after_s, repeats):
    centre = solo()
    centre.call("a", wrap_up_s=0)
    centre.wait(after_s)
    centre.calls("a2")
    assert centre.support().repeats == repeats
    assert centre.report(agent="alice").repeats == repeats


def test_another_customer_an_abandoned_call_and_a_withheld_number_are_no_repeats():
    centre = solo()
    centre.call("a", ANNA)
    centre.calls("b", BEN)
    centre.calls("b2", BEN)
    centre.hangs_up("b")
    centre.hangs_up("b2")
    centre.call("w", "anonymous")
    centre.call("w2", "anonymous")
    assert centre.support().repeats == {}


@pytest.mark.parametrize(
    ("when", "words", "counted"),
    [
        ("talking", ["sold"], "sold"),
        ("wrap-up", ["sold"], "sold"),
        ("later", ["sold"], "sold"),
        ("talking", ["sold", " asked "], "asked"),
        ("later", ["sold", "asked"], "asked"),
        ("later", ["sold", "  "], "none"),
        ("later", ["x" * 500], "x" * 64),
        ("later", [], "none"),
    ],
)
def test_a_repeat_call_counts_under_the_last_disposition_of_the_call_before(when, words, counted):
    centre = talking()

    def says(moment):
        for word in words if when == moment else ():
            centre.hear(CallDisposed("PJSIP/alice", word))

    says("talking")
    centre.hangs_up("a")
    says("wrap-up")
    centre.wait(60)
    says("later")
    centre.calls("a2")
    assert centre.support().repeats == {counted: 1}


def test_a_disposition_belongs_to_its_agents_last_call_only():
    centre = Counted()
    centre.logs_in("alice", "bob")
    centre.call("a", ANNA, by="alice", wrap_up_s=60)
    centre.call("b", BEN, by="bob", wrap_up_s=60)
    centre.hear(CallDisposed("PJSIP/bob", "sold"))
    centre.hear(CallDisposed("PJSIP/nobody", "stolen"))
    centre.calls("a2", ANNA)
    centre.calls("b2", BEN)
    assert centre.support().repeats == {"none": 1, "sold": 1}
    assert centre.report(agent="alice").repeats == {"none": 1}
    assert centre.report(agent="bob").repeats == {"sold": 1}


def test_a_disposition_of_a_withheld_number_is_not_counted_for_the_customer_before():
    centre = solo()
    centre.call("a", ANNA)
    centre.call("w", "anonymous")
    centre.hear(CallDisposed("PJSIP/alice", "prank"))
    centre.calls("a2", ANNA)
    assert centre.support().repeats == {"none": 1}


def test_a_disposition_of_a_call_that_another_agent_took_up_again_is_not_counted_as_theirs():
    centre = Counted(settings(agents=[agent("alice"), agent("bob")]))
    centre.logs_in("alice")
    centre.call("a", ANNA, by="alice")
    centre.dials("alice", "pause")
    centre.logs_in("bob")
    centre.call("a2", ANNA, by="bob")
    centre.hear(CallDisposed("PJSIP/alice", "late"))
    centre.calls("a3", ANNA)
    assert centre.report(agent="bob").repeats == {"none": 1}


# --- quarter hours --------------------------------------------------------------------------------------------------


def test_time_that_crosses_the_end_of_a_quarter_hour_is_split_there():
    centre = solo()
    centre.wait(899 - 60)
    centre.call("a", talk_s=100.0)
    first, second = centre.metrics.curve(T0, centre.now, queue=SUPPORT)
    assert (first.since, first.until, second.since) == (T0, T0 + 900, T0 + 900)
    assert (first.talking_s, second.talking_s) == (60.0, 40.0)
    assert (first.staffed_s, first.answered, second.answered) == (900.0, 1, 0)
    assert (first.handled, second.handled, second.talk_s) == (0, 1, 100.0)


def test_a_quarter_hour_that_is_over_is_reported_once_for_each_queue_by_the_next_step():
    centre = Counted(settings([queue(SUPPORT), queue(SALES)], [agent("alice", SUPPORT, SALES)]))
    centre.logs_in("alice")
    centre.call("a")
    centre.now = T0 + 899.5
    centre.hear(TimePassed())
    assert centre.over == []
    centre.now = T0 + 900
    centre.hear(TimePassed())
    centre.hear(TimePassed())
    support, sales = centre.over
    assert (support.since, support.until, support.answered, support.staffed_s) == (T0, T0 + 900, 1, 900.0)
    assert (sales.answered, sales.staffed_s) == (0, 900.0)


def test_a_quiet_night_is_one_report():
    centre = solo()
    centre.now = T0 + 8 * HOUR + 1
    centre.hear(TimePassed())
    (night,) = centre.over
    assert (night.since, night.until, night.staffed_s) == (T0, T0 + 8 * HOUR, 8 * HOUR)


def test_asking_changes_no_number():
    asked, unasked = solo(), solo()
    for centre in (asked, unasked):
        centre.calls("a")
        for _ in range(7):
            centre.wait(1.1)
            if centre is asked:
                centre.report()
                centre.metrics.curve(T0, centre.now, agent="alice")
        centre.answers("alice")
        centre.wait(33.3)
    assert repr(asked.report()) == repr(unasked.report())


def test_a_clock_set_back_counts_nothing_twice():
    centre = solo()
    centre.wait(100)
    centre.now -= 50
    centre.hear(TimePassed())
    assert centre.metrics.report(T0, T0 + 900, agent="alice").staffed_s == 101.0


def test_old_quarter_hours_and_old_customers_are_forgotten():
    reports = Reports(days_kept=1, repeat_days=2)
    centre = Counted(settings(agents=[agent("alice")], reports=reports))
    centre.logs_in("alice")
    for number in range(50):
        centre.call(f"l{number}", f"+4420794600{number:02d}")
        centre.wait(HOUR)
    centre.wait(3 * DAY)
    assert centre.metrics.report(T0, centre.now - DAY - 900, queue=SUPPORT).entered == 0
    assert centre.metrics.kept() <= 97, "the quarter hours of one day, of the one who is there"


@pytest.mark.parametrize("of", [{"queue": "nosuch"}, {"agent": "nosuch"}])
def test_a_report_about_an_unknown_queue_or_agent_is_a_mistake(of):
    with pytest.raises(KeyError):
        Metrics(settings()).report(T0, T0 + 1, **of)


def test_a_report_is_about_one_queue_or_one_agent():
    with pytest.raises(ValueError, match="about a queue or about an agent"):
        Metrics(settings()).report(T0, T0 + 1, queue=SUPPORT, agent=AgentId("alice"))


# --- coming back ----------------------------------------------------------------------------------------------------


def test_after_a_restart_open_lives_are_known_and_nothing_is_counted_twice():
    waits = replace(LINE, id=EntryId("w"), leg=LegId("w"), arrived_at=T0 - 30)
    talking = replace(
        LINE, id=EntryId("t"), leg=LegId("t"), state=EntryState.TALKING, agent=AgentId("alice"), connected_at=T0 - 50
    )
    alice = Agent(
        AgentId("alice"), Presence.AVAILABLE, activity=Activity.TALKING, entry=talking.id, leg=LegId("cbd-x"), misses=2
    )
    metrics = Fed(settings())
    bob = Agent(AgentId("bob"), Presence.AVAILABLE)
    metrics.take_up([waits, talking, HELD, PROMISED, alice, bob, replace(waits, priority=1)], T0)
    step(metrics, T0, replace(LINE, id=EntryId("unknown"), state=EntryState.CLOSED, outcome=EntryOutcome.ABANDONED))
    step(metrics, T0 + 10, replace(waits, state=EntryState.RINGING))
    step(metrics, T0 + 10, replace(waits, state=EntryState.TALKING, agent=AgentId("bob")))
    step(metrics, T0 + 10, replace(talking, state=EntryState.CLOSED, outcome=EntryOutcome.SERVED))
    wrapping = replace(alice, activity=Activity.WRAP_UP, entry=None, leg=None)
    step(metrics, T0 + 10, wrapping)
    step(metrics, T0 + 20, replace(wrapping, activity=Activity.IDLE))
    step(metrics, T0 + 30, replace(PROMISED, state=CallbackState.CLOSED, outcome=CallbackOutcome.EXPIRED))
    day = metrics.report(T0, T0 + 30, queue=SUPPORT)
    assert (day.entered, day.promised, day.missed) == (0, 0, 0)
    assert (day.answered, day.answer_wait_s, day.live_wait_s) == (1, 40.0, 10.0)
    assert (day.handled, day.talk_s, day.wrap_up_s) == (1, 60.0, 10.0)
    assert (day.expired, day.saved_s, day.staffed_s) == (1, 30.0, 60.0)

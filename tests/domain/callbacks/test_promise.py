"""From the offer's key to the promise kept, and every way it can go wrong."""

from __future__ import annotations

import pytest

from callbackd.domain.commands import (
    ArmDeadMan,
    Changed,
    ClaimAttempt,
    DialCustomer,
    DropBridge,
    HangUp,
    MakeBridge,
    Play,
    RingAgent,
    StartMusic,
    StorePromise,
)
from callbackd.domain.events import (
    AttemptNotClaimed,
    DatabaseBack,
    DatabaseLost,
    DialAccepted,
    DialRefused,
    DialUnknown,
    DigitPressed,
    Ending,
    LegAnswered,
    LegEntered,
    LegRinging,
    LegsJoined,
    LegsSeen,
    Party,
    PromiseNotStored,
    PromiseStored,
    SwitchTurned,
    TimePassed,
)
from callbackd.domain.ids import AttemptId, LegId
from callbackd.domain.lives.agent import Activity
from callbackd.domain.lives.attempt import AttemptOutcome
from callbackd.domain.lives.callback import CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import EntryOutcome, EntryState
from callbackd.domain.phrase import CallAgainIn, CallWithin, Digits, Fixed, Greeting
from callbackd.domain.settings import Dialling, Numbers, Offer, Retry
from tests.builders import ANNA, BEN, Centre, agent, queue, settings


def one_agent(**changes):
    return Centre(settings([queue(**changes)], [agent("alice")]))


def waiting_for_alice(**changes):
    """Alice talks to Ben; Anna waits behind and has heard the offer."""
    centre = one_agent(**changes)
    centre.anna_waits()
    assert centre.heard("anna")[-1] is Fixed.OFFER
    return centre


def alice_is_free(centre):
    centre.hangs_up("ben")
    centre.wait(10)


def promised(**changes):
    centre = waiting_for_alice(**changes)
    centre.takes_callback("anna")
    return centre


def dialled(**changes):
    centre = promised(**changes)
    alice_is_free(centre)
    return centre


# --- the promise ---------------------------------------------------------------------------------------------------


def test_the_key_cuts_off_the_announcement_and_the_own_number_is_read_back():
    centre = waiting_for_alice()
    centre.presses("anna", "1")
    assert centre.heard("anna")[-3:] == [Fixed.NUMBER_IS, Digits("02079460101"), Fixed.CONFIRM_MENU]


def test_the_promise_is_stored_before_it_is_spoken():
    centre = waiting_for_alice()
    centre.presses("anna", "1")
    centre.hear(DigitPressed(LegId("anna"), "1"), answer_database=False)
    assert Fixed.PROMISE not in centre.heard("anna")
    centre.hear(PromiseStored(centre.last(StorePromise).callback.id))
    assert centre.heard("anna")[-4:] == [Fixed.PROMISE, Digits("02079460101"), CallWithin(10), Fixed.GOODBYE]


def test_the_same_entry_stays_in_line():
    centre = waiting_for_alice()
    before = centre.entry()
    centre.takes_callback("anna")
    after = centre.entry()
    assert (after.id, after.arrived_at, after.leg) == (before.id, before.arrived_at, None)
    assert after.state is EntryState.WAITING
    assert centre.hung_up("anna")


def test_hanging_up_after_confirming_keeps_the_promise():
    centre = waiting_for_alice()
    centre.presses("anna", "1")
    centre.hear(DigitPressed(LegId("anna"), "1"), answer_database=False)
    centre.hangs_up("anna")
    centre.hear(PromiseStored(centre.last(StorePromise).callback.id))
    assert centre.entry().state is EntryState.WAITING
    alice_is_free(centre)
    assert centre.last(DialCustomer).number == ANNA


def test_hanging_up_before_confirming_is_an_abandon():
    centre = waiting_for_alice()
    centre.presses("anna", "1")
    centre.hangs_up("anna")
    assert centre.entry().outcome is EntryOutcome.ABANDONED


def test_a_promise_that_cannot_be_stored_is_apologised_for_and_the_caller_keeps_waiting():
    centre = waiting_for_alice()
    centre.presses("anna", "1")
    centre.hear(DigitPressed(LegId("anna"), "1"), answer_database=False)
    centre.hear(PromiseNotStored(centre.last(StorePromise).callback.id, "connection lost"))
    assert centre.heard("anna")[-1] is Fixed.NO_CALLBACK_NOW
    assert centre.entry().live
    alice_is_free(centre)
    assert centre.rung()[-1] == f"alice:{ANNA}"


def test_a_caller_gone_before_the_promise_could_not_be_stored_has_abandoned():
    centre = waiting_for_alice()
    centre.presses("anna", "1")
    centre.hear(DigitPressed(LegId("anna"), "1"), answer_database=False)
    centre.hangs_up("anna")
    centre.hear(PromiseNotStored(centre.last(StorePromise).callback.id, "connection lost"))
    assert centre.entry().outcome is EntryOutcome.ABANDONED


def test_no_offer_is_made_while_the_database_is_away():
    centre = one_agent()
    centre.hear(DatabaseLost("connection refused"))
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(0)
    assert Fixed.OFFER not in centre.heard("anna")
    centre.presses("anna", "1")
    assert "database is away" in centre.reasons("no callback")[0]
    centre.hear(DatabaseBack())
    centre.hears_out("anna")
    centre.wait(30)
    assert Fixed.OFFER in centre.heard("anna")


def test_the_key_before_any_offer_works_when_the_offer_would_be_made():
    centre = one_agent()
    centre.calls("anna")
    centre.presses("anna", "1")
    assert centre.heard("anna")[-1] is Fixed.CONFIRM_MENU


def test_the_key_means_nothing_when_the_wait_is_short():
    centre = one_agent(expected_handle_s=5.0)
    centre.logs_in("alice")
    centre.calls("ben", BEN)
    centre.answers("alice")
    centre.calls("anna")
    centre.presses("anna", "1")
    assert centre.reasons("no callback") == ["the wait is short"]


def test_another_number_can_be_keyed():
    centre = waiting_for_alice()
    centre.presses("anna", "1")
    centre.presses("anna", "2")
    centre.presses("anna", "02079460199#")
    assert centre.heard("anna")[-2] == Digits("02079460199")
    centre.presses("anna", "1")
    assert centre.callback("+442079460199").state is CallbackState.WAITING


def test_a_withheld_number_must_be_keyed_and_a_pause_ends_it():
    centre = one_agent()
    centre.calls("anna", "")
    centre.presses("anna", "1")
    assert centre.heard("anna")[-1] is Fixed.KEY_NUMBER
    centre.presses("anna", "02079460199")
    centre.wait(4)
    assert Digits("02079460199") in centre.heard("anna")


def test_a_pause_before_any_digit_of_a_number_refuses_none():
    centre = waiting_for_alice()
    centre.calls("withheld", "")
    centre.hears_out("withheld")
    centre.wait(0)
    centre.presses("withheld", "1")
    centre.hears_out("withheld")
    centre.wait(15)
    assert Fixed.NUMBER_REFUSED not in centre.heard("withheld")
    assert centre.reasons("asked again") == ["no key was pressed"]


def test_a_refused_number_may_be_keyed_three_times():
    centre = one_agent()
    centre.calls("anna", "")
    centre.presses("anna", "1")
    for _ in range(3):
        centre.presses("anna", "09061234567#")
    assert centre.heard("anna").count(Fixed.NUMBER_REFUSED) == 3
    assert centre.heard("anna")[-1] is Fixed.KEEP_WAITING
    assert centre.callbacks == {}
    assert centre.entry("anna").live


def test_star_starts_the_number_again():
    centre = one_agent()
    centre.calls("anna", "")
    centre.presses("anna", "1999*02079460199#")
    assert Digits("02079460199") in centre.heard("anna")


def test_zero_in_the_menu_keeps_waiting():
    centre = waiting_for_alice()
    centre.presses("anna", "10")
    assert centre.heard("anna")[-1] is Fixed.KEEP_WAITING
    assert centre.callbacks == {}


def test_silence_in_the_menu_is_asked_again_then_the_caller_keeps_waiting():
    centre = waiting_for_alice()
    centre.presses("anna", "1")
    for _ in range(3):
        centre.hears_out("anna")
        centre.wait(8)
    assert centre.heard("anna").count(Fixed.CONFIRM_MENU) == 3
    assert centre.heard("anna")[-1] is Fixed.KEEP_WAITING


def test_wrong_keys_in_the_menu_are_answered():
    centre = waiting_for_alice()
    centre.presses("anna", "17")
    assert Fixed.WRONG_KEY in centre.heard("anna")


def test_an_agent_who_becomes_free_ends_the_menu_with_music():
    centre = waiting_for_alice()
    centre.presses("anna", "1")
    music = len(centre.all(StartMusic, leg="anna"))
    alice_is_free(centre)
    assert len(centre.all(StartMusic, leg="anna")) == music + 1
    centre.presses("anna", "1")
    assert centre.callbacks == {}
    centre.answers("alice")
    assert centre.joined()[-1][0] == "anna"


def test_a_number_gets_one_promise_only():
    centre = promised()
    centre.calls("other", "+442079460105")
    centre.presses("other", "12")
    centre.presses("other", "02079460101#1")
    assert len(centre.callbacks) == 1
    assert Fixed.ALREADY_PROMISED in centre.heard("other")


# --- already in line ------------------------------------------------------------------------------------------------


def rings_in(centre, keys=""):
    centre.calls("again", ANNA)
    assert centre.heard("again") == [Greeting("support"), Fixed.ALREADY_MENU]
    centre.presses("again", keys)
    return centre


def test_a_caller_with_a_promise_gets_no_second_place():
    centre = rings_in(promised())
    assert len([entry for entry in centre.entries.values() if entry.number == ANNA]) == 1


def test_nobody_is_dialled_while_on_the_line_to_us():
    centre = rings_in(promised())
    alice_is_free(centre)
    assert centre.all(DialCustomer) == []
    centre.hangs_up("again")
    assert len(centre.all(DialCustomer)) == 1


def test_key_one_waits_live_at_the_same_place():
    centre = promised()
    place = centre.entry()
    centre.calls("cora", "+442079460103")
    centre.wait(30)
    rings_in(centre, "1")
    assert (centre.entry().id, centre.entry().arrived_at, centre.entry().leg) == (place.id, place.arrived_at, "again")
    assert centre.callback().outcome is CallbackOutcome.REJOINED
    assert centre.callback().closed_at == centre.now
    alice_is_free(centre)
    assert centre.rung()[-1] == f"alice:{ANNA}"
    centre.answers("alice")
    assert centre.joined()[-1][0] == "again"
    assert centre.all(DialCustomer) == []


def test_key_two_keeps_the_promise():
    centre = rings_in(promised(), "2")
    assert centre.heard("again")[-1] is Fixed.CALLBACK_KEPT
    centre.hears_out("again")
    assert centre.hung_up("again")
    centre.hangs_up("again")
    alice_is_free(centre)
    assert centre.last(DialCustomer).number == ANNA


def test_choosing_nothing_keeps_the_promise():
    centre = rings_in(promised())
    for _ in range(3):
        centre.hears_out("again")
        centre.wait(8)
    assert centre.heard("again")[-1] is Fixed.CALLBACK_KEPT
    assert centre.callback().state is CallbackState.WAITING


def test_ringing_in_while_we_ring_ends_our_call_and_costs_no_attempt():
    centre = dialled()
    dial = centre.last(DialCustomer)
    rings_in(centre, "1")
    assert centre.hung_up(dial.leg)
    assert centre.attempt().outcome is AttemptOutcome.RANG_IN
    assert centre.callback().attempts_made == 0
    assert centre.rung()[-1] == f"alice:{ANNA}"
    centre.hangs_up(dial.leg)
    assert centre.entry().leg == "again"


def test_nobody_is_dialled_while_talking_with_us_on_another_call():
    """Two people of one house: the line would be busy."""
    centre = Centre(settings([queue()], [agent("alice"), agent("bob")]))
    centre.logs_in("alice")
    centre.calls("talks", ANNA)
    centre.answers("alice")
    centre.calls("other", "")
    centre.presses("other", "1" + "02079460101#" + "1")
    centre.hears_out("other")
    centre.hangs_up("other")
    centre.logs_in("bob")
    assert centre.all(DialCustomer) == []
    centre.hangs_up("talks")
    assert centre.last(DialCustomer).number == ANNA


def test_a_promise_that_expires_under_the_menu_ends_with_goodbye():
    centre = promised(retry=Retry(expire_s=60))
    rings_in(centre)
    centre.wait(60)
    centre.presses("again", "1")
    assert centre.heard("again")[-1] is Fixed.GOODBYE


def test_no_more_promises_than_allowed():
    centre = promised(offer=Offer(estimated_wait_s=60, max_open_promises=1))
    centre.calls("cora", "+442079460103")
    centre.presses("cora", "1")
    assert "as many as allowed" in centre.reasons("no callback")[0]


# --- its turn comes -------------------------------------------------------------------------------------------------


def test_the_intent_is_written_before_the_customer_is_dialled():
    centre = promised()
    centre.hangs_up("ben")
    centre.wait(9.9)
    centre.now += 0.1
    fresh = centre.hear(TimePassed(), answer_database=False)
    claim = next(c for c in fresh if isinstance(c, ClaimAttempt))
    assert not centre.all(DialCustomer)
    its_own = {claim.entry.id, claim.callback.id}
    assert not [c for c in fresh if isinstance(c, Changed) and not c.stored and c.row.id in its_own]
    assert centre.agents["alice"].activity is Activity.RESERVED


def test_the_customer_is_dialled_and_key_one_connects_to_the_reserved_agent():
    centre = dialled()
    dial = centre.last(DialCustomer)
    assert dial.number == ANNA
    assert dial.leg == f"cbd-{dial.attempt}"
    centre.hear(DialAccepted(dial.leg))
    centre.hear(LegRinging(dial.leg))
    centre.hear(LegAnswered(dial.leg))
    leg = centre.customer_answers()
    assert centre.heard(leg) == [Fixed.CALLBACK_MENU]
    centre.presses(leg, "1")
    assert centre.heard(leg)[-1] is Fixed.CONNECTING
    assert centre.last(RingAgent).endpoint == "PJSIP/alice"
    assert centre.callback().state is CallbackState.ACCEPTED
    centre.answers("alice")
    assert centre.joined()[-1] == (leg, centre.ring_of("alice"))
    assert centre.callback().outcome is CallbackOutcome.COMPLETED
    assert centre.attempt().outcome is AttemptOutcome.CONNECTED
    centre.hangs_up(leg)
    assert centre.entry().outcome is EntryOutcome.SERVED


def test_key_one_is_written_down_before_the_agent_is_rung_and_the_promise_kept_when_they_hear_each_other():
    centre = dialled()
    leg = centre.customer_answers()
    fresh = centre.presses(leg, "1")
    saved = [n for n, c in enumerate(fresh) if isinstance(c, Changed) and c.after == centre.callback()]
    assert saved[-1] < [isinstance(c, RingAgent) for c in fresh].index(True)
    assert centre.callback().state is CallbackState.ACCEPTED
    centre.hear(LegEntered(centre.ring_of("alice"), Party.AGENT), answer_joins=False)
    assert centre.callback().outcome is None
    centre.hear(LegsJoined(centre.joined()[-1]))
    assert centre.callback().outcome is CallbackOutcome.COMPLETED


def test_a_promise_is_served_in_its_place_between_live_callers():
    centre = waiting_for_alice()
    centre.now += 1
    centre.calls("cora", "+442079460103")
    centre.takes_callback("anna")
    alice_is_free(centre)
    assert centre.last(DialCustomer).number == ANNA
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    centre.answers("alice")
    centre.hangs_up(leg)
    centre.wait(10)
    assert centre.rung()[-1] == "alice:+442079460103"


def failed_with(ending, **causes):
    centre = dialled()
    dial = centre.last(DialCustomer)
    centre.hear(DialAccepted(dial.leg))
    centre.hangs_up(dial.leg, ending, **causes)
    return centre


def test_busy_is_tried_again_after_its_gap_and_the_agent_is_free():
    centre = failed_with(Ending.BUSY, cause=17, tech_cause=486)
    assert centre.attempt().outcome is AttemptOutcome.BUSY
    assert (centre.attempt().cause, centre.attempt().tech_cause) == (17, 486)
    assert centre.agents["alice"].activity is Activity.IDLE
    assert centre.callback().state is CallbackState.WAITING
    centre.wait(299)
    assert len(centre.all(DialCustomer)) == 1
    centre.wait(1)
    assert len(centre.all(DialCustomer)) == 2


def test_no_answer_is_tried_again_after_its_gap():
    centre = failed_with(Ending.NO_ANSWER)
    centre.wait(899)
    assert len(centre.all(DialCustomer)) == 1
    centre.wait(1)
    assert len(centre.all(DialCustomer)) == 2


def test_while_a_promise_pauses_the_next_caller_is_served():
    centre = failed_with(Ending.BUSY)
    centre.calls("cora", "+442079460103")
    assert centre.rung()[-1] == "alice:+442079460103"


def test_after_the_last_attempt_the_promise_is_given_up():
    centre = failed_with(Ending.BUSY)
    for _ in range(2):
        centre.wait(300)
        centre.hangs_up(centre.last(DialCustomer).leg, Ending.BUSY)
    assert centre.callback().outcome is CallbackOutcome.EXHAUSTED
    assert centre.entry().outcome is EntryOutcome.EXHAUSTED
    assert centre.callback().attempts_made == 3
    centre.wait(3600)
    assert len(centre.all(DialCustomer)) == 3


def test_the_trunks_trouble_is_refunded():
    centre = failed_with(Ending.CONGESTION, cause=34, tech_cause=503)
    assert centre.callback().attempts_made == 0
    centre.wait(60)
    assert len(centre.all(DialCustomer)) == 2


def test_a_dial_that_asterisk_refused_is_refunded():
    centre = dialled()
    centre.hear(DialRefused(centre.last(DialCustomer).leg, "500 Allocation failed"))
    assert centre.attempt().outcome is AttemptOutcome.NOT_DIALLED
    assert centre.callback().attempts_made == 0


def test_an_intent_that_was_not_stored_dials_nobody():
    centre = promised()
    centre.hangs_up("ben")
    centre.wait(9.9)
    centre.now += 0.1
    centre.hear(TimePassed(), answer_database=False)
    centre.hear(AttemptNotClaimed(centre.last(ClaimAttempt).attempt.id, "right to dial lost"))
    assert centre.all(DialCustomer) == []
    assert centre.agents["alice"].activity is Activity.IDLE
    assert centre.callback().attempts_made == 0


def test_an_answer_about_an_intent_that_nobody_knows_changes_nothing():
    centre = promised()
    centre.hear(AttemptNotClaimed(AttemptId("gone"), "connection lost"))
    assert centre.callback().state is CallbackState.WAITING


def test_an_unanswered_dial_request_is_never_repeated_before_its_end_is_known():
    centre = dialled()
    centre.hear(DialUnknown(centre.last(DialCustomer).leg, "timed out"))
    centre.wait(44)
    assert len(centre.all(DialCustomer)) == 1
    assert not centre.attempt().outcome
    centre.wait(1)
    assert centre.attempt().outcome is AttemptOutcome.UNKNOWN
    assert centre.last(HangUp).leg == centre.last(DialCustomer).leg
    assert centre.callback().attempts_made == 1


def test_asterisk_is_shown_that_we_live_before_each_reading_of_the_menu():
    """Its clock has run since the answer: two long readings and time to think are more than a minute."""
    centre = dialled()
    leg = centre.customer_answers()
    centre.now += 15
    centre.hears_out(leg)
    centre.wait(centre.settings.dialling.key_s)
    about = [type(command) for command in centre.all(ArmDeadMan, leg=leg) + centre.all(Play, leg=leg)]
    assert about == [ArmDeadMan] * 2 + [Play] * 2


def test_a_call_without_a_key_is_a_machine_and_the_agent_is_free():
    centre = dialled()
    leg = centre.customer_answers()
    for _ in range(2):
        centre.hears_out(leg)
        centre.wait(10)
    assert centre.heard(leg) == [Fixed.CALLBACK_MENU, Fixed.CALLBACK_MENU, Fixed.CALLBACK_LATER]
    assert centre.attempt().outcome is AttemptOutcome.NO_KEY
    assert centre.agents["alice"].activity is Activity.IDLE
    centre.hears_out(leg)
    assert centre.hung_up(leg)
    centre.hangs_up(leg)
    centre.wait(900)
    assert len(centre.all(DialCustomer)) == 2


def test_customers_hear_of_no_further_attempt_after_the_last_one():
    centre = dialled(retry=Retry(max_attempts=1))
    leg = centre.customer_answers()
    for _ in range(2):
        centre.hears_out(leg)
        centre.wait(10)
    assert centre.heard(leg)[-1] is Fixed.GOODBYE


def test_a_caller_who_hung_up_while_the_promise_is_stored_is_not_taken_up_again_by_a_poll():
    centre = waiting_for_alice()
    centre.presses("anna", "1")
    centre.hear(DigitPressed(LegId("anna"), "1"), answer_database=False)
    centre.hangs_up("anna")
    centre.hear(LegsSeen(frozenset()))
    rung = centre.rung()
    alice_is_free(centre)
    assert centre.rung() == rung
    centre.hear(PromiseStored(centre.last(StorePromise).callback.id))
    assert centre.callback().state is CallbackState.DIALLING


def test_nobody_is_dialled_while_still_listening_to_the_promise():
    centre = waiting_for_alice()
    centre.presses("anna", "11")
    alice_is_free(centre)
    assert centre.all(DialCustomer) == []
    centre.hangs_up("anna")
    assert len(centre.all(DialCustomer)) == 1


def test_hanging_up_before_the_key_is_no_answered_callback():
    centre = dialled()
    leg = centre.customer_answers()
    centre.hangs_up(leg)
    assert centre.attempt().outcome is AttemptOutcome.NO_KEY


def test_a_wrong_key_does_not_connect():
    centre = dialled()
    leg = centre.customer_answers()
    centre.presses(leg, "5")
    assert Fixed.WRONG_KEY in centre.heard(leg)
    assert centre.callback().state is CallbackState.DIALLING


@pytest.mark.parametrize(("digit", "minutes"), [("1", 10), ("3", 30), ("9", 90)])
def test_a_customer_postpones_by_one_digit_and_loses_no_attempt(digit, minutes):
    centre = dialled()
    leg = centre.customer_answers()
    place = centre.entry()
    centre.presses(leg, "2")
    assert centre.heard(leg)[-1] is Fixed.POSTPONE_MENU
    centre.presses(leg, digit)
    assert centre.heard(leg)[-1] == CallAgainIn(minutes)
    assert centre.attempt().outcome is AttemptOutcome.POSTPONED
    assert centre.agents["alice"].activity is Activity.IDLE
    assert centre.callback().attempts_made == 0
    assert centre.callback().expected_at == centre.now + 60 * minutes + 600, "on time is what was chosen last"
    centre.hears_out(leg)
    centre.hangs_up(leg)
    centre.wait(60 * minutes - 11)
    assert len(centre.all(DialCustomer)) == 1
    centre.wait(11)
    assert len(centre.all(DialCustomer)) == 2
    assert (centre.entry().id, centre.entry().arrived_at) == (place.id, place.arrived_at)


def test_a_customer_who_asks_for_later_and_presses_nothing_more_is_called_in_ten_minutes():
    centre = dialled()
    leg = centre.customer_answers()
    centre.presses(leg, "2")
    for _ in range(2):
        centre.hears_out(leg)
        centre.wait(10)
    assert centre.heard(leg)[-1] == CallAgainIn(10)


def test_a_wrong_digit_while_postponing_is_answered():
    centre = dialled()
    leg = centre.customer_answers()
    centre.presses(leg, "20")
    assert centre.heard(leg)[-2:] == [Fixed.WRONG_KEY, Fixed.POSTPONE_MENU]


def test_a_postponed_promise_outlives_its_old_expiry():
    centre = dialled(retry=Retry(expire_s=600))
    leg = centre.customer_answers()
    centre.presses(leg, "29")
    assert centre.callback().expires_at > centre.now + 90 * 60
    centre.hangs_up(leg)
    centre.wait(90 * 60)
    assert len(centre.all(DialCustomer)) == 2


def test_the_customer_who_accepts_and_hangs_up_before_the_agent_is_tried_again():
    centre = dialled()
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    centre.hangs_up(leg)
    assert centre.hung_up(centre.ring_of("alice"))
    assert centre.agents["alice"].activity is Activity.IDLE
    assert centre.attempt().outcome is AttemptOutcome.ABANDONED
    assert centre.callback().state is CallbackState.WAITING
    assert centre.entry().live is False
    assert {bridge.bridge for bridge in centre.all(MakeBridge)} == {bridge.bridge for bridge in centre.all(DropBridge)}
    assert centre.entry().bridge is None


def test_the_reserved_agent_does_not_answer_and_the_next_one_gets_the_customer():
    centre = Centre(settings([queue()], [agent("alice"), agent("bob")]))
    centre.calls("anna")
    centre.takes_callback("anna")
    centre.logs_in("alice", "bob")
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    centre.hangs_up(centre.ring_of("alice"), Ending.NO_ANSWER)
    assert centre.rung()[-1] == f"bob:{ANNA}"
    centre.answers("bob")
    assert centre.joined()[-1][0] == leg


def test_a_customers_leg_that_belongs_to_no_attempt_gets_an_apology():
    centre = Centre()
    centre.hear(LegEntered(LegId("cbd-stray"), Party.CUSTOMER, AttemptId("stray")))
    assert centre.heard("cbd-stray") == [Fixed.CALLBACK_SORRY]


def test_dialling_can_be_switched_off_and_on():
    centre = promised()
    centre.hear(SwitchTurned("dialling", False))
    alice_is_free(centre)
    assert centre.all(DialCustomer) == []
    centre.hear(SwitchTurned("dialling", True))
    assert len(centre.all(DialCustomer)) == 1


def test_the_number_is_checked_again_at_the_dial():
    centre = Centre(settings([queue()], [agent("alice")]))
    centre.calls("anna")
    centre.takes_callback("anna")
    object.__setattr__(centre.settings, "numbers", Numbers(region="GB", deny_prefixes=("+4420",)))
    centre.logs_in("alice")
    assert centre.all(DialCustomer) == []
    assert centre.callback().outcome is CallbackOutcome.CANCELLED


def test_no_more_customers_are_dialled_at_once_than_set():
    centre = Centre(settings([queue()], [agent("alice"), agent("bob")], dialling=Dialling(per_s=0.0, in_flight=1)))
    centre.calls("anna")
    centre.takes_callback("anna")
    centre.calls("ben", BEN)
    centre.takes_callback("ben")
    centre.logs_in("alice", "bob")
    assert len(centre.all(DialCustomer)) == 1


def test_a_promise_too_old_to_be_kept_expires():
    centre = promised(retry=Retry(expire_s=3600))
    centre.wait(3600)
    assert centre.callback().outcome is CallbackOutcome.EXPIRED
    assert centre.entry().outcome is EntryOutcome.EXPIRED

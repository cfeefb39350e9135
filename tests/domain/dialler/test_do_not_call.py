"""Never again: after key 9, or a request from outside, the number is not called any more, no matter who asks for it."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from callbackd.domain import numbers
from callbackd.domain.commands import Changed, ClaimAttempt, DialCustomer, StorePromise
from callbackd.domain.dialler import retry
from callbackd.domain.events import (
    AttemptClaimed,
    DigitPressed,
    LegAnswered,
    LegRinging,
    NumberBlocked,
    NumberUnblocked,
    PromiseStored,
    TimePassed,
)
from callbackd.domain.ids import CallbackId, EntryId, LegId
from callbackd.domain.lives.agent import Activity
from callbackd.domain.lives.attempt import AttemptOutcome
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.do_not_call import Blocked
from callbackd.domain.lives.entry import EntryOutcome, EntryState
from callbackd.domain.phrase import CallAgainIn, Digits, Fixed
from callbackd.domain.settings import Numbers, Retry
from tests.builders import ANNA, BEN, SALES, SUPPORT, T0, Centre, agent, queue, settings

SECRET = b"s" * 32
TAG = numbers.tag(ANNA, SECRET)
CORA = "+442079460103"


def centre_with_two_groups():
    """Anna may have a promise in each queue; alice serves both."""
    return Centre(
        settings(
            [queue(SUPPORT), queue(SALES, group="sales")],
            [agent("alice", SUPPORT, SALES)],
            numbers=Numbers(region="GB", secret=SECRET),
        )
    )


def waiting(centre=None):
    """Alice talks to Ben; Anna waits and was offered a callback."""
    centre = centre or centre_with_two_groups()
    centre.logs_in("alice")
    centre.calls("ben", BEN)
    centre.answers("alice")
    offered(centre, "anna", SUPPORT)
    return centre


def offered(centre, leg, to):
    """Anna has heard the greeting and the offer."""
    centre.calls(leg, ANNA, to)
    centre.hears_out(leg)
    centre.wait(1)
    centre.hears_out(leg)


def promised():
    centre = waiting()
    centre.takes_callback("anna")
    return centre


def alice_is_free(centre):
    centre.hangs_up("ben")
    centre.wait(10)


def dialled():
    centre = promised()
    alice_is_free(centre)
    return centre


def asked():
    """Anna has answered and hears the menu."""
    centre = dialled()
    return centre, centre.customer_answers()


def declined():
    centre, leg = asked()
    centre.presses(leg, "9")
    centre.hears_out(leg)
    centre.hangs_up(leg)
    return centre


def blocked(centre, number=ANNA, why="asked by letter"):
    return centre.hear(NumberBlocked(number, why))


def ended(centre):
    """How attempt, promise, place and agent were left."""
    return centre.attempt().outcome, centre.callback().outcome, centre.entry().outcome, centre.agents["alice"].activity


DECLINED = (AttemptOutcome.DECLINED, CallbackOutcome.CANCELLED, EntryOutcome.CANCELLED, Activity.IDLE)


# --- the list -------------------------------------------------------------------------------------------------------


def test_the_tag_is_the_hmac_of_the_number():
    assert hmac.new(SECRET, ANNA.encode(), hashlib.sha256).hexdigest() == TAG


def test_another_key_or_number_gives_another_tag():
    assert len({TAG, numbers.tag(BEN, SECRET), numbers.tag(ANNA, b"t" * 32)}) == 3


def test_the_key_is_not_shown_with_the_settings():
    assert "sss" not in repr(settings(numbers=Numbers(secret=SECRET)))


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        (ANNA, ANNA),
        ("020 7946 0101", ANNA),
        ("+1 876 555 0123", "+18765550123"),
        ("09061234567", "+449061234567"),
        ("", None),
        ("anna", None),
        ("+44;ext=1", None),
    ],
)
def test_a_number_is_understood_even_if_it_may_not_be_called(raw, meant):
    assert numbers.e164(raw, Numbers()) == meant


# --- key 9 ----------------------------------------------------------------------------------------------------------


def test_key_9_ends_everything_and_says_so():
    centre, leg = asked()
    centre.presses(leg, "9")
    assert ended(centre) == DECLINED
    assert centre.heard(leg)[-1] is Fixed.NEVER_AGAIN
    assert not centre.hung_up(leg)
    centre.hears_out(leg)
    assert centre.hung_up(leg)


def test_the_list_holds_the_tag_and_the_reason_not_the_number():
    centre = declined()
    assert list(centre.blocked.values()) == [Blocked(TAG, centre.blocked[TAG].at, "the customer pressed 9")]
    assert T0 < centre.blocked[TAG].at <= centre.now
    assert not [d for d in centre.reasons("") if "0101" in d]


def test_number_and_end_are_written_in_the_step_of_the_key():
    centre, leg = asked()
    rows = [type(c.after).__name__ for c in centre.presses(leg, "9") if isinstance(c, Changed) and not c.stored]
    assert {"Blocked", "Attempt", "Callback", "Entry", "Agent"} <= set(rows)


def test_nobody_is_dialled_again():
    centre = declined()
    centre.wait(2 * 24 * 3600)
    assert len(centre.all(DialCustomer)) == 1


def test_the_agent_who_was_reserved_gets_the_next_caller():
    centre = declined()
    centre.calls("cora", CORA)
    assert centre.rung()[-1] == f"alice:{CORA}"


def test_all_promises_of_the_number_end_at_once_though_no_agent_is_free():
    centre = promised()
    offered(centre, "anna-2", SALES)
    centre.takes_callback("anna-2")
    blocked(centre)
    assert [c.outcome for c in centre.callbacks.values()] == [CallbackOutcome.CANCELLED] * 2


def test_other_promises_of_the_number_end_too_and_other_numbers_do_not():
    centre = promised()
    offered(centre, "anna-2", SALES)
    centre.takes_callback("anna-2")
    centre.calls("cora", CORA, SALES)
    centre.hears_out("cora")
    centre.wait(1)
    centre.hears_out("cora")
    centre.takes_callback("cora")
    alice_is_free(centre)
    leg = centre.customer_answers()
    centre.presses(leg, "9")
    outcomes = {(c.number, c.queue): c.outcome for c in centre.callbacks.values()}
    cancelled = CallbackOutcome.CANCELLED
    assert outcomes == {(ANNA, SUPPORT): cancelled, (ANNA, SALES): cancelled, (CORA, SALES): None}
    assert [e.state for e in centre.entries.values() if e.number == ANNA] == [EntryState.CLOSED] * 2
    assert centre.last(DialCustomer).number == CORA


def test_key_9_as_the_answer_to_how_much_later_means_ninety_minutes():
    centre, leg = asked()
    centre.presses(leg, "29")
    assert centre.heard(leg)[-1] == CallAgainIn(90)
    assert centre.blocked == {}


def test_key_9_pressed_twice_blocks_once():
    centre, leg = asked()
    centre.presses(leg, "99")
    assert len([c for c in centre.all(Changed) if isinstance(c.after, Blocked)]) == 1
    assert centre.heard(leg)[-1] is Fixed.NEVER_AGAIN


def test_key_9_after_key_1_does_not_block():
    centre, leg = asked()
    centre.presses(leg, "19")
    assert centre.blocked == {}
    assert centre.callback().state is CallbackState.ACCEPTED


@pytest.mark.parametrize("keys", ["9", "19", "129"], ids=["waiting", "reading back", "keying"])
def test_a_caller_who_shows_a_number_cannot_block_it(keys):
    centre = waiting()
    centre.presses("anna", keys)
    assert centre.blocked == {}


def test_somebody_who_rings_in_under_a_number_cannot_block_it():
    centre = promised()
    centre.calls("stranger", ANNA)
    centre.presses("stranger", "9")
    assert centre.blocked == {}
    assert centre.callback().state is CallbackState.WAITING


def test_hanging_up_before_the_last_word_is_heard_changes_nothing():
    centre, leg = asked()
    centre.presses(leg, "9")
    centre.hangs_up(leg)
    assert ended(centre) == DECLINED


@pytest.mark.parametrize("made", [1, 3])
def test_a_refusal_is_neither_retried_nor_counted(made):
    answer = retry.decide(Retry(), AttemptOutcome.DECLINED, made, T0, T0 + 3600, alike=99)
    assert isinstance(answer, retry.GiveUp)
    assert answer.outcome is CallbackOutcome.CANCELLED
    callback = Callback(CallbackId("c"), EntryId("e"), SUPPORT, ANNA, T0, T0 + 3600)
    assert retry.counted(callback, AttemptOutcome.DECLINED) == (callback, 0)


# --- a blocked number asks for a callback ---------------------------------------------------------------------------


def test_our_own_number_is_refused_and_another_may_be_keyed():
    centre = waiting()
    blocked(centre)
    centre.presses("anna", "1")
    assert centre.heard("anna")[-2:] == [Fixed.NUMBER_REFUSED, Fixed.KEY_NUMBER]
    centre.presses("anna", "02079460103#")
    assert centre.heard("anna")[-3:] == [Fixed.NUMBER_IS, Digits("02079460103"), Fixed.CONFIRM_MENU]
    centre.presses("anna", "1")
    assert centre.last(StorePromise).callback.number == CORA


def test_a_keyed_number_is_refused_and_another_may_be_keyed():
    centre = waiting()
    blocked(centre, CORA)
    centre.presses("anna", "12")
    centre.presses("anna", "02079460103#")
    assert centre.heard("anna")[-2:] == [Fixed.NUMBER_REFUSED, Fixed.KEY_NUMBER]
    assert centre.reasons("asked again") == ["keyed number refused: do not call"]


def test_three_blocked_numbers_and_the_caller_keeps_waiting():
    centre = waiting()
    blocked(centre)
    centre.presses("anna", "1" + "02079460101#" * 3)
    assert centre.heard("anna")[-1] is Fixed.KEEP_WAITING
    assert centre.entry().live


def test_a_number_blocked_while_it_is_read_back_is_not_promised():
    centre = waiting()
    centre.presses("anna", "1")
    blocked(centre)
    centre.presses("anna", "1")
    assert centre.all(StorePromise) == []
    assert centre.heard("anna")[-2:] == [Fixed.NUMBER_REFUSED, Fixed.KEY_NUMBER]


def test_a_blocked_number_still_waits_and_is_served_live():
    centre = waiting()
    blocked(centre)
    alice_is_free(centre)
    assert centre.rung()[-1] == f"alice:{ANNA}"


def test_a_promise_stored_while_its_number_is_blocked_is_cancelled_at_the_dial():
    centre = waiting()
    centre.presses("anna", "1")
    centre.hear(DigitPressed(LegId("anna"), "1"), answer_database=False)
    blocked(centre)
    promise = centre.last(StorePromise).callback
    centre.hear(PromiseStored(promise.id))
    centre.hangs_up("anna")
    alice_is_free(centre)
    assert centre.all(ClaimAttempt) == []
    assert centre.callbacks[promise.id].outcome is CallbackOutcome.CANCELLED
    assert centre.reasons("promise given up") == ["the number may not be dialled: do not call"]
    assert centre.agents["alice"].activity is Activity.IDLE


# --- word from outside ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["+442079460101", "020 7946 0101"])
def test_a_waiting_promise_is_cancelled(how):
    centre = promised()
    blocked(centre, how)
    assert list(centre.blocked) == [TAG]
    assert centre.callback().outcome is CallbackOutcome.CANCELLED
    assert centre.entry().outcome is EntryOutcome.CANCELLED
    alice_is_free(centre)
    assert centre.all(ClaimAttempt) == []


def test_an_intent_that_is_being_stored_is_not_dialled():
    centre = promised()
    centre.hangs_up("ben")
    centre.now += 10
    centre.hear(TimePassed(), answer_database=False)
    blocked(centre)
    centre.hear(AttemptClaimed(centre.last(ClaimAttempt).attempt.id))
    assert centre.all(DialCustomer) == []
    assert ended(centre) == DECLINED


@pytest.mark.parametrize(
    "facts", [(), (LegRinging,), (LegRinging, LegAnswered)], ids=["dialled", "ringing", "answered"]
)
def test_a_ringing_telephone_is_released(facts):
    centre = dialled()
    leg = centre.last(DialCustomer).leg
    for fact in facts:
        centre.hear(fact(leg))
    blocked(centre)
    assert centre.hung_up(leg)
    assert ended(centre) == DECLINED
    centre.hangs_up(leg)
    centre.wait(24 * 3600)
    assert len(centre.all(DialCustomer)) == 1


def test_a_customer_in_the_menu_hears_a_goodbye():
    centre, leg = asked()
    blocked(centre)
    assert centre.heard(leg)[-1] is Fixed.NEVER_AGAIN
    assert ended(centre) == DECLINED


def test_a_customer_who_pressed_1_is_not_cut_off():
    centre, leg = asked()
    centre.presses(leg, "1")
    blocked(centre)
    assert not centre.hung_up(leg)
    centre.answers("alice")
    assert centre.callback().outcome is CallbackOutcome.COMPLETED


def test_a_customer_who_pressed_1_and_hung_up_is_not_called_again():
    centre, leg = asked()
    centre.presses(leg, "1")
    blocked(centre)
    centre.hangs_up(leg)
    centre.wait(24 * 3600)
    assert len(centre.all(DialCustomer)) == 1
    assert centre.callback().outcome is CallbackOutcome.CANCELLED


def test_a_number_is_blocked_once_and_the_first_reason_stays():
    centre = promised()
    blocked(centre, why="asked by letter")
    blocked(centre, why="asked again")
    assert centre.blocked[TAG].why == "asked by letter"
    assert centre.reasons("blocked already") == ["asked by letter"]


@pytest.mark.parametrize(
    ("why", "kept"),
    [("by\0 letter\n", "by letter"), ("\udc80", ""), ("x" * 201, "x" * 200), ("на прохання", "на прохання")],
)
def test_a_reason_that_no_table_accepts_costs_only_the_reason(why, kept):
    centre = promised()
    blocked(centre, why=why)
    assert centre.blocked[TAG].why == kept


def test_a_text_that_is_not_a_number_blocks_nobody():
    centre = promised()
    blocked(centre, "not a number")
    assert centre.blocked == {}
    assert centre.reasons("number not understood") == ["that is not a telephone number"]


def test_a_number_that_would_not_be_called_anyway_can_be_listed():
    """Regions may be allowed later."""
    centre = promised()
    blocked(centre, "+18765550123")
    assert list(centre.blocked) == [numbers.tag("+18765550123", SECRET)]


def test_an_unblocked_number_is_forgotten_and_may_be_called():
    centre = waiting()
    blocked(centre)
    row = centre.blocked[TAG]
    centre.hear(NumberUnblocked("020 7946 0101"))
    assert [c for c in centre.all(Changed) if c.after is None] == [Changed(row, None)]
    centre.takes_callback("anna")
    alice_is_free(centre)
    assert centre.last(DialCustomer).number == ANNA


def test_unblocking_brings_back_no_promise():
    centre = promised()
    blocked(centre)
    centre.hear(NumberUnblocked(ANNA))
    alice_is_free(centre)
    assert centre.all(ClaimAttempt) == []


def test_unblocking_a_number_that_is_not_blocked_is_answered():
    centre = promised()
    centre.hear(NumberUnblocked(ANNA))
    assert [c for c in centre.all(Changed) if c.after is None] == []
    assert centre.reasons("unblocking ignored") == ["the number is not on the list"]


# --- coming back ----------------------------------------------------------------------------------------------------


def test_the_list_is_taken_up_at_the_start():
    centre = centre_with_two_groups()
    assert list(centre.acd.restore([Blocked(TAG, T0, "the customer pressed 9")], T0)) == []
    waiting(centre)
    centre.presses("anna", "1")
    assert centre.heard("anna")[-2:] == [Fixed.NUMBER_REFUSED, Fixed.KEY_NUMBER]


def test_a_promise_that_was_not_ended_before_the_end_of_the_daemon_is_cancelled_at_the_dial():
    before = promised()
    centre = Centre(before.settings)
    rows = [before.entry(ANNA), before.callback(), Blocked(TAG, T0, "the customer pressed 9")]
    centre.acd.restore(rows, T0)
    centre.logs_in("alice")
    assert centre.all(ClaimAttempt) == []
    assert centre.callback().outcome is CallbackOutcome.CANCELLED

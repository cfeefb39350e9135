"""A caller whose number has a callback rings in. The number is shown by the network, and anybody can have it shown.

Strangers may do what harms nobody; where the carrier vouches for numbers, callers may do everything.
"""

from __future__ import annotations

import pytest

from callbackd.domain.commands import DialCustomer, SendToFallback
from callbackd.domain.events import DatabaseLost
from callbackd.domain.lives.callback import CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import EntryOutcome, EntryState
from callbackd.domain.phrase import Fixed, Greeting
from callbackd.domain.settings import EntryRules, Exit, Numbers, Offer, Retry, Slots, Way
from tests.builders import ANNA, SUPPORT, Centre, agent, queue, settings

CORA = "+442079460103"
HOUR_S = 3600.0


def promised(keys="11", *, proven=False, **changes):
    """Alice talks to Ben; Anna took a callback, in turn unless the keys say otherwise."""
    changes = {"offer": Offer(estimated_wait_s=0.0), "slots": Slots(), "wrap_up_s": 0.0, **changes}
    numbers = Numbers(region="GB", caller_id_proves=proven)
    centre = Centre(settings([queue(**changes)], [agent("alice")], numbers=numbers))
    centre.anna_waits()
    centre.takes_callback("anna", keys)
    return centre


def rings_in(centre, keys=""):
    """Somebody who shows Anna's number."""
    centre.calls("again", ANNA)
    centre.presses("again", keys)


def rung_by_us(centre):
    centre.hangs_up("ben")
    centre.wait(10)
    return [dial.number for dial in centre.all(DialCustomer)]


AT_A_TIME = "211"
"""Another way to be called: the first free time, and the number is right."""


# --- a shown number is no proof ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["3", "4"])
def test_neither_cancels_nor_moves(key):
    centre = promised()
    before = centre.callback()
    rings_in(centre, key)
    assert centre.heard("again") == [Greeting(SUPPORT), Fixed.ALREADY_MENU, Fixed.WRONG_KEY, Fixed.ALREADY_MENU]
    assert centre.callback() == before
    centre.hangs_up("again")
    assert rung_by_us(centre) == [ANNA]


def test_a_caller_who_waits_at_the_place_and_hangs_up_leaves_the_promise_where_it_was():
    centre = promised()
    place = centre.entry()
    rings_in(centre, "1")
    centre.calls("cora", CORA)
    centre.wait(30)
    centre.hangs_up("again")
    entry = centre.entry()
    assert (entry.id, entry.arrived_at, entry.state, entry.leg) == (
        place.id,
        place.arrived_at,
        EntryState.WAITING,
        None,
    )
    assert centre.callback().state is CallbackState.WAITING
    assert rung_by_us(centre) == [ANNA]


def test_the_promise_stands_again_while_an_agent_is_rung_for_them():
    centre = promised()
    rings_in(centre, "1")
    centre.hangs_up("ben")
    assert centre.rung()[-1] == f"alice:{ANNA}"
    centre.hangs_up("again")
    assert centre.callback().state is not CallbackState.CLOSED
    centre.wait(10)
    assert [dial.number for dial in centre.all(DialCustomer)] == [ANNA]


def test_a_time_stands_again_at_its_time():
    centre = promised(AT_A_TIME)
    before = centre.callback()
    rings_in(centre, "1")
    centre.hangs_up("again")
    again = centre.callback()
    assert (again.state, again.slot_at, again.expires_at) == (CallbackState.WAITING, before.slot_at, before.expires_at)
    assert (centre.entry().state, centre.entry().slot_at) == (EntryState.OUTSIDE, before.slot_at)


def test_a_time_that_has_passed_becomes_a_turn():
    centre = promised(AT_A_TIME)
    slot_at = centre.callback().slot_at
    rings_in(centre, "1")
    centre.wait(slot_at - centre.now + 60)
    centre.hangs_up("again")
    assert (centre.callback().state, centre.callback().slot_at) == (CallbackState.WAITING, None)
    assert rung_by_us(centre) == [ANNA]


@pytest.mark.parametrize("key", ["1", "2"])
def test_a_callback_asked_for_in_the_line_is_the_one_that_was_promised(key):
    centre = promised(AT_A_TIME)
    before = centre.callback()
    rings_in(centre, "1")
    centre.hears_out("again")
    centre.presses("again", key)
    assert centre.heard("again")[-1] is Fixed.CALLBACK_KEPT
    assert (centre.callback().slot_at, centre.callback().number) == (before.slot_at, ANNA)


@pytest.mark.parametrize("way", [Exit(Way.DIALPLAN, "voicemail"), Exit(Way.CALLBACK)])
def test_the_way_out_of_the_line_leaves_the_promise(way):
    centre = promised(rules=EntryRules(key="5", key_exit=way))
    rings_in(centre, "1")
    centre.hears_out("again")
    centre.presses("again", "5")
    assert centre.callback().state is CallbackState.WAITING
    sent = [act.extension for act in centre.all(SendToFallback, leg="again")]
    assert sent == (["voicemail"] if way.way is Way.DIALPLAN else [])
    if way.way is Way.CALLBACK:
        assert centre.heard("again")[-1] is Fixed.CALLBACK_KEPT
        centre.hears_out("again")
        centre.hangs_up("again")
    assert rung_by_us(centre) == [ANNA]


def test_a_conversation_settles_it():
    centre = promised()
    rings_in(centre, "1")
    centre.hangs_up("ben")
    centre.answers("alice")
    centre.hangs_up("again")
    assert centre.entry().outcome is EntryOutcome.SERVED
    assert centre.callback().outcome is CallbackOutcome.REJOINED
    centre.wait(HOUR_S)
    assert centre.all(DialCustomer) == []


def test_the_promise_stands_again_after_a_restart_and_without_a_database():
    centre = promised()
    rings_in(centre, "1")
    centre.restarts()
    centre.hear(DatabaseLost("gone"))
    centre.hangs_up("again")
    assert centre.callback().state is CallbackState.WAITING


# --- what proves it ---------------------------------------------------------------------------------------------------


def test_a_customer_who_answers_our_call_may_cancel_it():
    centre = promised(retry=Retry(max_attempts=3))
    rung_by_us(centre)
    leg = centre.customer_answers()
    centre.presses(leg, "3")
    assert centre.heard(leg)[-1] is Fixed.CALLBACK_CANCELLED
    assert (centre.callback().outcome, centre.entry().outcome) == (CallbackOutcome.CANCELLED, EntryOutcome.CANCELLED)
    assert centre.acd.state.blocked == {}, "and may ask for another one any time"


def test_where_the_carrier_vouches_for_numbers_ringing_in_cancels_it():
    centre = promised(proven=True)
    rings_in(centre, "3")
    assert Fixed.ALREADY_MENU_ALL in centre.heard("again")
    assert centre.heard("again")[-1] is Fixed.CALLBACK_CANCELLED
    assert (centre.callback().outcome, centre.entry().outcome) == (CallbackOutcome.CANCELLED, EntryOutcome.CANCELLED)
    assert rung_by_us(centre) == []


def test_where_the_carrier_vouches_for_numbers_who_rejoined_may_take_another_callback():
    centre = promised(proven=True)
    rings_in(centre, "1")
    centre.presses("again", "11")
    assert centre.callback().state is CallbackState.WAITING
    assert len(centre.callbacks) == 2

"""How much may be asked for, on paper, and what callers who ask for more hear."""

from __future__ import annotations

import pytest

from callbackd.domain.callbacks.limits import Requests, block_of, too_many
from callbackd.domain.commands import Decided, StorePromise
from callbackd.domain.events import CallArrived, ClosedEarly, DigitPressed, PromiseNotStored
from callbackd.domain.ids import LegId
from callbackd.domain.lives.entry import EntryOutcome, EntryState
from callbackd.domain.phrase import Fixed
from callbackd.domain.settings import Limits, Offer, Slots
from tests.builders import ANNA, BEN, SUPPORT, Centre, queue, settings
from tests.domain.callbacks.test_promise import one_agent
from tests.domain.dialler.test_trace import asterisk_dies


def test_the_defaults_are_those_of_the_security_page():
    limits = Limits()
    assert (limits.number_hour, limits.number_day, limits.caller_day, limits.block_hour) == (2, 4, 3, 10)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Requests(), None),
        (Requests(number_hour=1, number_day=3, caller_day=2, block_hour=9), None),
        (Requests(number_hour=2), "2 callbacks to this number were asked for within an hour, as many as allowed"),
        (Requests(number_day=4), "4 callbacks to this number were asked for within a day, as many as allowed"),
        (Requests(caller_day=3), "3 callbacks to other people's numbers were asked for by this caller within a day"),
        (Requests(block_hour=10), "10 callbacks to numbers that begin like this one were asked for within an hour"),
    ],
)
def test_the_first_limit_reached_is_the_reason(asked, why):
    found = too_many(Limits(), asked)
    assert found is None if why is None else found and found.startswith(why)


def test_a_block_of_numbers_is_ten_thousand_numbers():
    assert block_of("+442079460101") == block_of("+442079469999") == "+44207946"
    assert block_of("+442079470101") != block_of("+442079460101")


# --- who asked, and for whom ------------------------------------------------------------------------------------------


def asks(centre: Centre, number: str, keys: str) -> StorePromise:
    """A caller presses these keys; the database has not answered yet."""
    centre.hear(CallArrived(LegId("leg"), SUPPORT, number))
    centre.hears_out("leg")
    centre.wait(0)
    for key in keys:
        centre.hear(DigitPressed(LegId("leg"), key), answer_database=False)
        if key == "#":
            centre.wait(0)
    return centre.last(StorePromise)


ANOTHER = "1202079460102#1"
"""Keys for the offer, for another number, Ben's, and for its confirmation."""


@pytest.mark.parametrize(
    ("caller", "keys", "asked_by"),
    [
        (ANNA, "11", ""),
        ("02079460101", "11", ""),
        (ANNA, ANOTHER, ANNA),
        ("02079460102", ANOTHER, ""),
        ("", ANOTHER.replace("12", "1", 1), ""),
    ],
    ids=["own", "own, national", "another's", "own, keyed", "withheld"],
)
def test_callers_hear_when_the_promise_is_for_another_number(caller, keys, asked_by):
    stored = asks(Centre(), caller, keys)
    assert (stored.asked_by, stored.unasked) == (asked_by, False)
    assert stored.callback.number == (ANNA if keys == "11" else BEN)


def refused(centre: Centre) -> None:
    stored = centre.last(StorePromise)
    centre.hear(PromiseNotStored(stored.callback.id, "2 were asked for", too_many=True))


def test_a_caller_who_asks_for_too_many_hears_that_and_keeps_the_place():
    centre = Centre()
    asks(centre, ANNA, "11")
    refused(centre)
    assert centre.heard("leg")[-2:] == [Fixed.TOO_MANY_CALLBACKS, Fixed.KEEP_WAITING]
    assert centre.entry().state is EntryState.WAITING
    assert centre.last(Decided, what="no promise").reason == "2 were asked for"
    assert not centre.callbacks


def test_a_caller_outside_the_line_hears_that_and_a_goodbye():
    centre = Centre(settings([queue(slots=Slots(enabled=False))]))
    centre.hear(ClosedEarly(SUPPORT, centre.now + 12 * 3600))
    centre.calls("leg")
    for key in "11":
        centre.hear(DigitPressed(LegId("leg"), key), answer_database=False)
    refused(centre)
    assert centre.heard("leg")[-2:] == [Fixed.TOO_MANY_CALLBACKS, Fixed.GOODBYE]
    assert centre.entry("leg").outcome is EntryOutcome.REFUSED
    centre.hears_out("leg")
    assert centre.hung_up("leg")


def test_a_caller_who_hung_up_before_the_refusal_has_abandoned_the_call():
    centre = Centre()
    asks(centre, ANNA, "11")
    centre.hangs_up("leg")
    refused(centre)
    assert centre.entry("leg").outcome is EntryOutcome.ABANDONED


def test_a_callback_that_makes_up_for_a_lost_call_counts_as_nobodys_request():
    centre = one_agent(offer=Offer(call_back_lost=True))
    centre.calls("anna")
    asterisk_dies(centre)
    assert centre.last(StorePromise).unasked

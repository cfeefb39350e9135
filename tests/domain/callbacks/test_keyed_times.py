"""A callback at a time that the caller keys: four digits, then the day. The clock shows Friday, 8:00 UTC."""

from __future__ import annotations

import pytest

from callbackd.domain.commands import Play, StorePromise
from callbackd.domain.events import ClosedEarly, DigitPressed
from callbackd.domain.ids import LegId
from callbackd.domain.phrase import CallAt, Day, Digits, Fixed
from callbackd.domain.settings import Numbers, Offer, Slots
from callbackd.domain.speech.speaking import REPLY_S
from tests.builders import ANNA, SUPPORT, T0, Centre, agent, queue, settings

DAY_S, HOUR_S = 86_400.0, 3600.0


def asked_for_a_time(**slots):
    """Anna was read times and pressed 9."""
    queues = [queue(slots=Slots(**slots), offer=Offer(estimated_wait_s=0.0))]
    proven = Numbers(region="GB", caller_id_proves=True)
    centre = Centre(settings(queues, [agent("alice")], numbers=proven))
    centre.anna_waits()
    centre.presses("anna", "29")
    assert centre.heard("anna")[-1] is Fixed.KEY_TIME
    return centre


@pytest.mark.parametrize(
    ("keyed", "at", "spoken"),
    [
        ("15300", T0 + 7.5 * HOUR_S, CallAt(Day.TODAY, 15 * 60 + 30)),
        ("09001", T0 + DAY_S + HOUR_S, CallAt(Day.TOMORROW, 9 * 60)),
        ("09003", T0 + 3 * DAY_S + HOUR_S, CallAt(Day.MONDAY, 9 * 60)),
        ("00007", T0 + 6 * DAY_S + 16 * HOUR_S, CallAt(Day.IN_A_WEEK, 0)),
        ("15440", T0 + 7.5 * HOUR_S, CallAt(Day.TODAY, 15 * 60 + 30)),  # the slot in which it lies
    ],
)
def test_time_and_day_make_a_promise(keyed, at, spoken):
    centre = asked_for_a_time()
    centre.presses("anna", keyed[:4])
    assert centre.heard("anna")[-1] is Fixed.KEY_DAY
    centre.presses("anna", keyed[4] + "1")
    assert centre.callback().slot_at == at
    assert centre.heard("anna")[-4:] == [spoken, Fixed.NUMBER_IS, Digits("02079460101"), Fixed.GOODBYE]


@pytest.mark.parametrize(
    ("keyed", "reason"),
    [
        ("25000", "no such time"),
        ("12600", "no such time"),
        ("08300", "too soon"),
        ("07000", "too soon"),
    ],
)
def test_a_time_that_cannot_be_had_is_refused_and_times_are_read_out_again(keyed, reason):
    centre = asked_for_a_time()
    before = centre.heard("anna").count(Fixed.SLOT_INTRO)
    centre.presses("anna", keyed)
    assert centre.reasons("asked again")[-1] == f"no slot then: {reason}"
    heard = centre.heard("anna")
    assert (Fixed.TIME_REFUSED in heard, heard.count(Fixed.SLOT_INTRO)) == (True, before + 1)
    assert centre.all(StorePromise) == []


def test_a_day_beyond_the_horizon_is_refused():
    centre = asked_for_a_time(horizon_days=2)
    centre.presses("anna", "0900" + "3")
    assert centre.reasons("asked again")[-1] == "no slot then: too far"


def test_a_time_at_which_the_queue_is_closed_is_refused():
    centre = asked_for_a_time()
    centre.hear(ClosedEarly(SUPPORT, T0 + 10 * HOUR_S))
    centre.presses("anna", "1530" + "0")
    assert centre.reasons("asked again")[-1] == "no slot then: closed"


def test_a_time_that_somebody_has_taken_is_refused():
    centre = asked_for_a_time(capacity=1)
    centre.presses("anna", "1530" + "0" + "1")
    centre.calls("carl", "+442079460103")
    centre.hears_out("carl")
    centre.wait(0)
    centre.presses("carl", "29" + "1530" + "0")
    assert centre.reasons("asked again")[-1] == "no slot then: full"


def test_three_times_refused_leave_the_caller_in_the_line():
    centre = asked_for_a_time()
    for _ in range(3):
        centre.presses("anna", "2500" + "0")
        centre.presses("anna", "9")
    assert Fixed.KEEP_WAITING in centre.heard("anna")
    assert "anna" in centre.line()


def test_hash_between_the_digits_asks_for_the_time_again():
    centre = asked_for_a_time()
    centre.presses("anna", "15#")
    assert centre.heard("anna")[-2:] == [Fixed.TIME_REFUSED, Fixed.KEY_TIME]
    centre.presses("anna", "1530" + "0" + "1")
    assert centre.callback().slot_at == T0 + 7.5 * HOUR_S


def test_hash_after_the_time_does_no_harm():
    centre = asked_for_a_time()
    centre.presses("anna", "1530#")
    assert centre.heard("anna")[-1] is Fixed.KEY_DAY
    centre.presses("anna", "0" + "1")
    assert centre.callback(ANNA).slot_at == T0 + 7.5 * HOUR_S


def test_hash_as_the_answer_to_the_day_question_does_not_leave_endless_silence():
    centre = asked_for_a_time()
    centre.presses("anna", "1430")
    centre.hears_out("anna")
    centre.presses("anna", "#")
    before = len(centre.all(Play, leg="anna"))
    centre.wait(REPLY_S)
    assert len(centre.all(Play, leg="anna")) == before + 1, "the question is asked again"


def test_key_eight_chooses_no_day():
    centre = asked_for_a_time()
    centre.presses("anna", "1530" + "8")
    assert Fixed.WRONG_KEY in centre.heard("anna")


def test_a_caller_who_stops_keying_is_asked_again_and_at_last_keeps_waiting():
    centre = asked_for_a_time()
    centre.presses("anna", "15")
    centre.wait(4)
    assert centre.heard("anna")[-1] is Fixed.KEY_TIME
    assert centre.heard("anna").count(Fixed.KEY_TIME) == 2
    for _ in range(2):
        centre.hears_out("anna")
        centre.wait(8)
    assert centre.heard("anna")[-1] is Fixed.KEEP_WAITING


def test_a_promise_is_moved_to_a_keyed_time():
    centre = asked_for_a_time()
    centre.presses("anna", "1530" + "0" + "1")
    centre.hears_out("anna")
    centre.hangs_up("anna")
    centre.calls("again", ANNA)
    centre.presses("again", "4" + "9" + "1630" + "0")
    assert centre.callback().slot_at == T0 + 8.5 * HOUR_S


def test_two_callers_who_key_the_same_last_place_do_not_both_get_it():
    centre = asked_for_a_time(capacity=1)
    centre.presses("anna", "1530" + "0")
    centre.calls("carl", "+442079460103")
    centre.hears_out("carl")
    centre.wait(0)
    centre.presses("carl", "29" + "1530" + "0")
    centre.hear(DigitPressed(LegId("anna"), "1"))
    centre.presses("carl", "1")
    assert Fixed.TIME_REFUSED in centre.heard("carl")
    assert len(centre.all(StorePromise)) == 1

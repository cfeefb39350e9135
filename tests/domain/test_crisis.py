"""Everybody who waits hears once what is wrong, while a supervisor has switched the announcement on."""

from __future__ import annotations

from callbackd.domain.events import SwitchTurned
from callbackd.domain.phrase import Crisis, Greeting
from callbackd.domain.settings import Announcements
from tests.builders import ANNA, BEN, SALES, SUPPORT, Centre, queue, settings


def house(**announcements):
    gaps = Announcements(**{"first_after_s": 20.0, "every_s": 30.0, **announcements})
    return Centre(settings([queue(announcements=gaps), queue(SALES, announcements=gaps)]))


def turn(centre, on=True, queue=""):
    return centre.hear(SwitchTurned("crisis", on, queue))


def told(centre, leg="anna"):
    return sum(isinstance(phrase, Crisis) for phrase in centre.heard(leg))


def test_callers_hear_of_it_with_the_greeting_and_only_once():
    centre = house()
    turn(centre)
    centre.calls("anna")
    assert centre.heard("anna") == [Greeting(SUPPORT), Crisis(SUPPORT)]
    centre.wait(600)
    assert told(centre) == 1


def test_callers_who_wait_hear_of_it_soon_not_at_the_next_announcement():
    centre = house()
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(5)
    turn(centre)
    centre.wait(0)
    assert centre.heard("anna")[1] == Crisis(SUPPORT)
    centre.wait(600)
    assert told(centre) == 1


def test_callers_who_hear_a_prompt_hear_of_it_with_the_next_announcement():
    centre = house()
    centre.calls("anna")
    centre.wait(1)
    turn(centre)
    centre.wait(1)
    assert told(centre) == 0  # the greeting is not cut off
    centre.hears_out("anna")
    centre.wait(20)
    assert told(centre) == 1


def test_no_two_announcements_begin_within_the_gap_whatever_the_reason():
    centre = house(first_after_s=0.0, min_gap_s=10.0)
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(0)
    centre.hears_out("anna")
    centre.wait(2)
    turn(centre)
    centre.wait(7.5)
    assert told(centre) == 0
    centre.wait(0.5)
    assert told(centre) == 1


def test_the_alarm_is_raised_again_once_dialling_is_switched_on_again():
    centre = house()
    turn(centre)
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(5)
    turn(centre, False)
    centre.wait(5)
    turn(centre)
    centre.wait(1)
    assert told(centre) == 2


def test_the_alarm_is_silent_while_dialling_is_switched_off():
    centre = house()
    turn(centre)
    turn(centre, False)
    centre.calls("anna")
    centre.wait(120)
    assert told(centre) == 0


def test_one_queues_crisis_is_not_anothers():
    centre = house()
    centre.calls("anna", ANNA, SUPPORT)
    centre.hears_out("anna")
    centre.wait(5)
    turn(centre, queue=SALES)
    centre.wait(1)
    assert centre.heard("anna") == [Greeting(SUPPORT)]
    centre.calls("ben", BEN, SALES)
    assert told(centre, "anna") == 0
    assert Crisis(SALES) in centre.heard("ben")
    turn(centre, False, SALES)
    centre.calls("carl", BEN, SALES)
    assert told(centre, "carl") == 0


def test_a_switch_or_a_queue_that_does_not_exist_is_answered_with_a_reason():
    centre = house()
    turn(centre, queue="nowhere")
    centre.hear(SwitchTurned("gravity", False))
    assert centre.reasons("switch ignored") == [
        "there is no such queue",
        "there are three switches: offering, dialling and crisis",
    ]

"""A key that binds somebody counts only when the question can have been heard."""

from __future__ import annotations

import pytest

from callbackd.domain.lives.callback import CallbackState
from callbackd.domain.phrase import Fixed
from callbackd.domain.settings import Keys
from tests.builders import Centre, agent, settings


def asked_to_confirm() -> Centre:
    centre = Centre(settings(agents=[agent("alice")], keys=Keys()))
    centre.calls("anna")
    centre.wait(1)
    centre.hears_out("anna")
    centre.wait(60)
    centre.presses("anna", "1")
    assert centre.heard("anna")[-1] is Fixed.CONFIRM_MENU
    return centre


def test_a_number_is_not_confirmed_by_a_key_pressed_twice_in_haste():
    centre = asked_to_confirm()
    centre.presses("anna", "1")
    assert centre.callbacks == {}
    assert centre.reasons("key 1 ignored") == ["it binds somebody, and nobody can have heard the question yet"]


@pytest.mark.parametrize("heard_out", [False, True])
def test_it_is_confirmed_when_the_question_has_been_heard(heard_out):
    centre = asked_to_confirm()
    if heard_out:
        centre.hears_out("anna")
    else:
        centre.now += 0.8
    centre.presses("anna", "1")
    assert centre.callback().state is CallbackState.WAITING


def test_a_question_that_is_asked_again_is_known():
    centre = asked_to_confirm()
    centre.presses("anna", "9")
    centre.presses("anna", "1")
    assert centre.callback().state is CallbackState.WAITING


def test_a_key_that_binds_nobody_counts_at_once():
    centre = asked_to_confirm()
    centre.presses("anna", "0")
    assert Fixed.KEEP_WAITING in centre.heard("anna")


def test_a_customer_who_is_called_back_has_heard_who_calls_before_key_1_connects():
    centre = asked_to_confirm()
    centre.now += 1
    centre.presses("anna", "1")
    centre.hangs_up("anna")
    centre.logs_in("alice")
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    assert centre.callback().state is CallbackState.DIALLING
    centre.now += 0.8
    centre.presses(leg, "1")
    assert centre.callback().state is CallbackState.ACCEPTED

"""When a trunk is left alone, and how it is tried again."""

from __future__ import annotations

import pytest

from callbackd.domain.breaker import Breaker, trunk_of


def failed(breaker: Breaker, *times: float) -> Breaker:
    for at in times:
        breaker = breaker.failed(at)
    return breaker


def test_a_breaker_opens_at_the_limit_and_every_failure_is_counted():
    nearly = failed(Breaker(3, 30.0), 1.0, 2.0)
    assert nearly.closed
    opened = nearly.failed(3.0)
    assert (opened.closed, opened.failures, opened.until) == (False, 3, 33.0)


def test_a_failed_trial_keeps_it_open_for_twice_as_long():
    assert failed(Breaker(1, 30.0), 0.0, 30.0).until == 90.0


def test_a_trunk_that_worked_starts_from_nothing():
    assert failed(Breaker(3, 30.0), 1.0, 2.0, 3.0).worked() == Breaker(3, 30.0)


@pytest.mark.parametrize(
    ("endpoint", "trunk"),
    [("PJSIP/{number}@trunk", "trunk"), ("PJSIP/{number}@user@trunk", "trunk"), ("PJSIP/desk", "PJSIP/desk")],
)
def test_the_name_of_a_trunk_comes_from_its_endpoint(endpoint, trunk):
    assert trunk_of(endpoint) == trunk

"""The arithmetic of waiting against textbook values."""

from __future__ import annotations

from math import exp, inf, log, sqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbackd.domain.wait.distributions import Z80, HandleTime, Moments, at_least, first_end


@pytest.mark.parametrize(
    ("shape", "p50", "p80"),
    # quantiles of the gamma distribution with scale 1, from tables of the chi-square distribution (2 x shape freedoms)
    [(1, 0.6931, 1.6094), (2, 1.6783, 2.9943), (5, 4.6709, 6.7210), (20, 19.6680, 23.6343)],
)
def test_quantiles_of_a_gamma_distribution(shape, p50, p80):
    wait = Moments(shape, shape)
    assert wait.quantile(0.0) == pytest.approx(p50, rel=0.02)
    assert wait.quantile(Z80) == pytest.approx(p80, rel=0.02)


def test_a_wait_that_is_certain_has_that_quantile_and_none_is_negative():
    assert Moments(30.0, 0.0).quantile(Z80) == 30.0
    assert Moments().quantile(Z80) == 0.0
    assert Moments(1.0, 50.0).quantile(-3.0) == 0.0


def test_a_call_that_has_just_begun_lasts_as_long_as_calls_do():
    still = HandleTime(240.0, 0.9).outlasts(0.0)
    assert first_end([still], inf, 240.0).mean == pytest.approx(240.0, rel=0.02)
    assert sqrt(first_end([still], inf, 240.0).variance) == pytest.approx(0.9 * 240.0, rel=0.05)


def test_an_unusually_old_call_has_more_time_left_than_a_young_one():
    """The hazard of a log-normal falls in the end: people who have talked for half an hour may well go on."""
    left = [first_end([HandleTime(240.0, 0.9).outlasts(age)], inf, 240.0).mean for age in (0, 120, 480, 1800)]
    assert left[1] < left[0] < left[2] < left[3]


def test_the_first_of_many_ends_by_simulation():
    """Log-normal calls of different ages, drawn and conditioned on having lasted so long."""
    random, ages, time = Random(1), (10.0, 100.0, 300.0), HandleTime(240.0, 0.9)
    sigma = sqrt(log(1 + 0.81))
    mu = log(240.0) - sigma * sigma / 2

    def rest(age: float) -> float:
        while (drawn := random.lognormvariate(mu, sigma)) <= age:
            pass
        return drawn - age

    firsts = [min(rest(age) for age in ages) for _ in range(4000)]
    expected = first_end([time.outlasts(age) for age in ages], inf, 240.0)
    mean = sum(firsts) / len(firsts)
    assert expected.mean == pytest.approx(mean, rel=0.06)
    deviation = sqrt(sum((first - mean) ** 2 for first in firsts) / len(firsts))
    assert sqrt(expected.variance) == pytest.approx(deviation, rel=0.08)


def test_nothing_ends_later_than_what_is_certain():
    still = HandleTime(240.0, 0.9).outlasts(0.0)
    assert first_end([still], 10.0, 240.0).mean == pytest.approx(10.0, rel=0.01)
    assert first_end([], 25.0, 240.0) == Moments(25.0, 0.0)


def test_a_call_older_than_the_distribution_knows_ends_without_memory():
    still = HandleTime(10.0, 0.3).outlasts(100_000.0)
    assert still(10.0) == pytest.approx(exp(-1))


def test_the_chance_of_at_least_this_many():
    assert at_least([0.5, 0.5], 1) == 0.75
    assert at_least([0.5, 0.5], 2) == 0.25
    assert at_least([0.9, 0.2, 0.4], 2) == pytest.approx(0.9 * 0.2 + 0.9 * 0.4 + 0.2 * 0.4 - 2 * 0.9 * 0.2 * 0.4)
    assert at_least([], 0) == 1.0
    assert at_least([], 1) == 0.0
    assert at_least([0.01] * 200, 400) == 0.0


@given(st.lists(st.floats(0.0, 1.0), max_size=60), st.integers(0, 70))
def test_what_is_out_of_reach_has_a_chance_of_next_to_nothing(chances, wanted):
    exactly = [1.0]
    for chance in chances:
        exactly = [a * (1 - chance) + b * chance for a, b in zip([*exactly, 0.0], [0.0, *exactly], strict=True)]
    assert at_least(chances, wanted) == pytest.approx(sum(exactly[wanted:]), abs=1e-11)

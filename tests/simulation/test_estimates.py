"""The estimator in use against others on the regimes of spec/estimates.md, all on the same paths. ``script/bench ewt``
does more of it.
"""

from __future__ import annotations

import pytest

from callbackd.domain.settings import DialPolicy
from callbackd.simulate import ahead, mixed
from callbackd.simulate.mixed import MIXED
from callbackd.simulate.regimes import REGIMES, RETURNS, ROSTERS, run, with_and_without

SMALL = ["solo", "duo", "small", "incident", "first day"]


@pytest.fixture(scope="module", params=SMALL)
def scores(request):
    """Of two days, from no history."""
    return run(REGIMES[request.param], seeds=range(2), hours=8.0)


def test_the_estimate_is_nearer_the_truth_than_those_of_other_products(scores):
    ours = scores["recursive"]
    assert ours.n > 150
    for other in ("app_queue", "last served", "queue length"):
        assert ours.mae < scores[other].mae
        assert ours.loss < scores[other].loss


def test_four_of_five_waits_lie_within_the_p80(scores):
    """Its coverage is 80 % in the spec; app_queue's number was kept in 14 to 38 % of the cases."""
    assert 0.72 <= scores["recursive"].coverage <= 0.88
    assert scores["app_queue"].coverage < 0.5


def test_the_estimate_is_too_high_as_often_as_too_low(scores):
    ours = scores["recursive"]
    assert abs(ours.bias) < 0.15 * ours.waited / ours.n


def test_all_answer_the_same_questions(scores):
    assert len({score.n for score in scores.values()}) == 1


@pytest.mark.parametrize("regime", MIXED)
def test_four_of_five_are_told_the_truth_no_matter_who_may_take_which_call(regime):
    """The goal is 78 to 82 % over many days; of one day, from no history, it is this much."""
    for queue, came in mixed.run(MIXED[regime], seeds=[0], hours=6.0).items():
        assert came.told > 150, queue
        assert 0.70 <= came.kept_share <= 0.92, queue
        assert 0.66 <= came.score.coverage <= 0.90, queue
        if regime != "promises":  # where customers who are not reached come back, nobody knows how often
            assert abs(came.score.bias) < 0.25 * came.score.waited / came.score.n, queue


@pytest.mark.parametrize("regime", [ROSTERS["small, in shifts"], RETURNS["small"]], ids=["roster", "returns"])
def test_what_is_known_of_who_comes_and_goes_brings_the_estimate_nearer_the_truth(regime):
    """By 2 to 6 % each over many days."""
    known, unknown = with_and_without(regime, seeds=range(2))
    assert known.n > 900
    assert known.mae < 0.98 * unknown.mae
    assert known.loss < unknown.loss
    assert 0.72 <= known.coverage <= 0.88


def test_the_same_seed_gives_the_same_scores():
    first, second = (run(REGIMES["solo"], seeds=[3], hours=2.0) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("regime", ["duo", "small"])
def test_dialling_ahead_saves_agents_time_and_lets_hardly_any_customer_wait(regime):
    """The target: at most 3 % of those who answered wait more than 2 s until somebody is free."""
    first, head, early = (ahead.run(REGIMES[regime], policy, [1], hours=8.0) for policy in DialPolicy)
    assert min(first.customers, early.customers, head.customers) > 150
    assert first.too_early == 0
    assert early.too_early_share <= 0.03
    assert early.kept_each_s < first.kept_each_s
    assert head.too_early_share > 0.8, "dialling whoever is first in line is what the target forbids"

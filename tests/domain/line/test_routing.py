"""Whom a queue rings: all seven ways of picking."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from callbackd.domain.line.routing import STRATEGIES
from callbackd.domain.settings import Strategy
from tests.builders import Centre, agent, queue, settings

TEAM = [agent("alice"), agent("bob"), agent("carol")]


def centre_with(strategy, agents=TEAM):
    centre = Centre(settings([queue(strategy=strategy, wrap_up_s=0.0)], agents))
    centre.logs_in("carol", "bob", "alice")
    return centre


def served(centre, calls=6):
    """Who is rung for one call after the other, each served before the next comes."""
    rung = []
    for n in range(calls):
        before = len(centre.rung())
        centre.calls(f"call-{n}", f"+4420794601{n:02d}")
        names = [who.split(":")[0] for who in centre.rung()[before:]]
        rung.append(" ".join(names))
        centre.answers(names[0])
        centre.hangs_up(f"call-{n}")
        centre.now += 1
    return rung


def test_there_are_seven_regimes_and_each_is_built():
    assert set(STRATEGIES) == set(Strategy)
    assert len(Strategy) == 7


@pytest.mark.parametrize(
    ("strategy", "rung"),
    [
        (Strategy.RING_ALL, ["alice bob carol"] * 6),
        (Strategy.LONGEST_IDLE, ["carol", "bob", "alice"] * 2),
        (Strategy.ROUND_ROBIN, ["alice", "bob", "carol"] * 2),
        (Strategy.FEWEST_CALLS, ["carol", "bob", "alice"] * 2),
        (Strategy.LINEAR, ["alice"] * 6),
    ],
)
def test_one_call_after_the_other(strategy, rung):
    assert served(centre_with(strategy)) == rung


def test_round_robin_goes_on_behind_an_agent_who_is_busy():
    centre = centre_with(Strategy.ROUND_ROBIN)
    centre.calls("first")
    centre.answers("alice")
    centre.dials("bob", "pause")
    assert served(centre, 2) == ["carol", "carol"]


def test_fewest_calls_prefers_an_agent_who_has_just_logged_in_again():
    centre = centre_with(Strategy.FEWEST_CALLS)
    served(centre, 6)
    centre.dials("alice", "logout")
    centre.dials("alice", "login")
    assert served(centre, 2) == ["alice", "alice"]


def test_random_reaches_everybody_about_equally_and_the_same_way_each_time():
    rung = served(centre_with(Strategy.RANDOM), 300)
    assert all(70 < count < 130 for count in Counter(rung).values())
    assert rung == served(centre_with(Strategy.RANDOM), 300)


def test_weighted_random_follows_the_weights():
    heavy = [replace(TEAM[0], weight=8.0), TEAM[1], TEAM[2]]
    counts = Counter(served(centre_with(Strategy.WEIGHTED_RANDOM, heavy), 300))
    assert 200 < counts["alice"] < 280
    assert min(counts["bob"], counts["carol"]) > 10


def test_a_customer_has_one_agent_reserved_even_when_all_are_rung_for_callers():
    centre = Centre(settings([queue(strategy=Strategy.RING_ALL)], TEAM))
    centre.calls("anna")
    centre.takes_callback("anna")
    centre.logs_in("alice", "bob")
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    assert len(centre.rung()) == 1

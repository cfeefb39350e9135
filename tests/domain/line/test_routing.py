"""Which agents a queue rings: all seven strategies."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from callbackd.domain.events import SwitchTurned
from callbackd.domain.line.routing import STRATEGIES
from callbackd.domain.settings import Need, Offer, Strategy
from tests.builders import Centre, agent, number, queue, settings

TEAM = [agent("alice"), agent("bob"), agent("carol")]


def centre_with(strategy, agents=TEAM):
    centre = Centre(settings([queue(strategy=strategy, wrap_up_s=0.0)], agents))
    centre.logs_in("carol", "bob", "alice")
    return centre


def served(centre, calls=6):
    """The agents rung for one call after the other, each served before the next comes."""
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


# --- agents who are free and not rung ---------------------------------------------------------------------------------


def waiting_for_polish():
    line = queue(needs=(Need("polish", 1, ((60.0, 0),)),))
    centre = Centre(settings([line], [agent("alice", skills={"polish": 1}), agent("bob")]))
    centre.logs_in("bob")
    centre.calls("anna")
    return centre


def shown(centre, name):
    return next(a.not_rung for a in centre.acd.snapshot(centre.now).agents if a.agent == name)


def test_a_free_agent_who_is_not_rung_has_the_reason_in_the_log_once():
    centre = waiting_for_polish()
    centre.wait(30)
    assert centre.reasons("free and not rung") == ["has polish at level 0, 1 is wanted"]
    centre.wait(31)
    assert centre.rings("bob")
    assert len(centre.reasons("free and not rung")) == 1


def test_anybody_can_ask_why_a_free_agent_is_not_rung():
    centre = waiting_for_polish()
    assert shown(centre, "bob") == "has polish at level 0, 1 is wanted"
    centre.wait(61)
    assert shown(centre, "bob") == ""


def test_an_agent_for_whom_nobody_waits_needs_no_reason():
    centre = centre_with(Strategy.LINEAR)
    assert centre.reasons("free and not rung") == []
    assert shown(centre, "alice") == ""


def test_customers_who_may_not_be_dialled_now_are_a_reason_too():
    line = queue(offer=Offer(estimated_wait_s=0.0), wrap_up_s=0.0)
    centre = Centre(settings([line], [agent("alice")]))
    centre.logs_in("alice")
    centre.calls("first", number(9))
    centre.answers("alice")
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(0)
    centre.takes_callback("anna")
    centre.hear(SwitchTurned("dialling", on=False))
    centre.hangs_up("first")
    assert centre.reasons("free and not rung")[-1] == "the first in line is a customer, and nobody may be dialled now"

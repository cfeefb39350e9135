"""Callers who came at the same moment are not all spoken to at the same moment."""

from __future__ import annotations

from collections import Counter

from callbackd.domain.commands import Play
from callbackd.domain.events import SwitchTurned, TimePassed
from callbackd.domain.settings import Announcements
from callbackd.domain.speech.speaking import BEGIN_PER_S, Stagger
from tests.builders import SUPPORT, Centre, agent, queue, settings

CROWD = 100


def crowd() -> Centre:
    """They all heard the greeting at the same moment, and wait."""
    gaps = Announcements(first_after_s=20.0, every_s=90.0)
    centre = Centre(settings([queue(SUPPORT, announcements=gaps)], [agent("alice", SUPPORT)]))
    for n in range(CROWD):
        centre.calls(f"leg{n}", f"+44207946{n:04d}")
    for n in range(CROWD):
        centre.hears_out(f"leg{n}")
    return centre


def begins(centre: Centre, within_s: float) -> dict[float, list[str]]:
    """When each caller is spoken to, from now on."""
    found: dict[float, list[str]] = {}
    until = centre.now + within_s
    while (at := centre.acd.next_deadline()) is not None and at <= until:
        centre.now = max(centre.now, at)
        if legs := [said.leg for said in centre.hear(TimePassed()) if isinstance(said, Play)]:
            found.setdefault(centre.now, []).extend(legs)
    return found


def test_the_announcements_of_a_crowd_begin_one_after_the_other():
    centre = crowd()
    came = centre.now
    spoken = begins(centre, 60)
    assert Counter(leg for legs in spoken.values() for leg in legs) == {f"leg{n}": 1 for n in range(CROWD)}
    in_a_second = Counter(int(at - came) for at, legs in spoken.items() for _ in legs)
    assert max(in_a_second.values()) <= BEGIN_PER_S
    assert max(spoken) - min(spoken) <= CROWD / BEGIN_PER_S + 1


def test_callers_are_spoken_to_in_the_order_in_which_they_came():
    spoken = begins(crowd(), 60)
    assert [leg for at in sorted(spoken) for leg in spoken[at]] == [f"leg{n}" for n in range(CROWD)]


def test_a_crisis_is_announced_to_all_of_them_within_seconds_but_not_at_once():
    centre = crowd()
    centre.hear(SwitchTurned("crisis", True, SUPPORT))
    spoken = begins(centre, CROWD / BEGIN_PER_S + 1)
    assert sum(map(len, spoken.values())) == CROWD
    assert max(map(len, spoken.values())) <= 2


def test_a_single_caller_is_spoken_to_at_once():
    stagger = Stagger(20)
    assert [stagger.moment(at, 0.0) for at in (10.01, 10.07, 10.02, 10.08)] == [10.01, 10.07, 10.1, 10.15]


def test_past_moments_are_forgotten():
    stagger = Stagger(20)
    for n in range(20_000):
        stagger.moment(n / 20, n / 20)
    assert stagger.remembered < 5_000

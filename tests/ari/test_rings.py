"""Several telephones ring for one agent: what the domain hears of it, and what Asterisk is asked."""

from __future__ import annotations

import pytest

from callbackd.ari.rings import Rings
from callbackd.domain.commands import HangUp
from callbackd.domain.events import Ending, Event, LegEnded, LegEntered, Party
from callbackd.domain.ids import Mint, legs_of_ring, minted_at, ring_of

RING = Mint(b"test").leg(1_800_000_000.0)


def at_three() -> tuple[Rings, list[HangUp], list[Event]]:
    """A ring at three telephones, what is hung up, and what the domain hears."""
    rings, hung_up, heard = Rings(), list[HangUp](), list[Event]()
    rings.hang_up = hung_up.append
    rings.begin(RING, 3)
    return rings, hung_up, heard


def test_the_ids_of_a_ring_are_alike_in_length_and_none_begins_another():
    legs = legs_of_ring(RING)
    assert legs[0] == RING
    assert len(set(legs)) == len(legs) == 8
    assert {len(leg) for leg in legs} == {len(RING)}
    assert all(ring_of(leg) == RING and minted_at(leg) for leg in legs)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_the_first_to_answer_has_the_ring_and_the_others_end(n):
    rings, hung_up, heard = at_three()
    legs = legs_of_ring(RING)[:3]
    post = rings.before(heard.append)
    post(LegEntered(legs[n], Party.AGENT))
    others = [leg for leg in legs if leg != legs[n]]
    assert [(act.leg, act.elsewhere) for act in hung_up] == [(leg, True) for leg in others]
    for leg in others:
        post(LegEnded(leg))
        post(LegEnded(leg, Ending.UNKNOWN))
    post(LegEnded(legs[n]))
    assert heard == [LegEntered(legs[n], Party.AGENT), LegEnded(legs[n])]


def test_the_telephone_that_answers_second_is_hung_up_and_the_domain_never_hears_of_it():
    rings, hung_up, heard = at_three()
    _, second, third = legs_of_ring(RING)[:3]
    post = rings.before(heard.append)
    post(LegEntered(second, Party.AGENT))
    post(LegEntered(third, Party.AGENT))
    post(LegEntered(second, Party.AGENT))
    assert heard == [LegEntered(second, Party.AGENT)] * 2
    assert hung_up[-1].leg == third


ENDS = {
    "let ring beats busy": ((Ending.NO_ANSWER, 0), (Ending.BUSY, 486), (Ending.CONGESTION, 503), Ending.NO_ANSWER),
    "let ring beats declined": ((Ending.REJECTED, 603), (Ending.NO_ANSWER, 0), (Ending.BUSY, 486), Ending.NO_ANSWER),
    "declined beats busy": ((Ending.REJECTED, 603), (Ending.BUSY, 486), (Ending.BUSY, 486), Ending.REJECTED),
    "busy beats off": ((Ending.BUSY, 486), (Ending.CONGESTION, 503), (Ending.UNREACHABLE, 404), Ending.BUSY),
    "all busy": ((Ending.BUSY, 486), (Ending.BUSY, 486), (Ending.BUSY, 486), Ending.BUSY),
}


@pytest.mark.parametrize(("first", "second", "third", "then"), ENDS.values(), ids=ENDS)
def test_the_ring_is_over_with_its_last_leg_in_the_way_that_says_most(first, second, third, then):
    rings, hung_up, heard = at_three()
    post = rings.before(heard.append)
    for leg, (ending, status) in zip(legs_of_ring(RING), (first, second, third), strict=False):
        assert heard == []
        post(LegEnded(leg, ending, tech_cause=status))
    assert [(end.leg, end.ending) for end in heard if isinstance(end, LegEnded)] == [(RING, then)]
    assert len(heard) == 1
    assert hung_up == []


def test_a_ring_that_the_domain_ends_ends_everywhere():
    rings, *_ = at_three()
    legs = legs_of_ring(RING)[:3]
    assert rings.under_way(RING) == legs
    rings.hear(LegEnded(legs[1], Ending.BUSY))
    assert rings.under_way(RING) == (legs[0], legs[2])
    rings.hear(LegEntered(legs[2], Party.AGENT))
    assert rings.under_way(legs[2]) == (legs[2],)


def test_a_leg_that_came_to_be_after_the_answer_ends_too():
    rings, hung_up, _ = at_three()
    rings.hear(LegEntered(RING, Party.AGENT))
    before = len(hung_up)
    rings.all_made(RING)
    assert [act.leg for act in hung_up[before:]] == list(legs_of_ring(RING)[1:3])


def test_one_telephone_is_left_alone():
    rings = Rings()
    assert rings.begin(RING, 1) == (RING,)
    assert rings.hear(LegEnded(RING)) == LegEnded(RING)
    assert rings.under_way(RING) == (RING,)

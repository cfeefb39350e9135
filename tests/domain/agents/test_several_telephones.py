"""An agent is rung at several telephones, for which the adapter makes legs of their own."""

from __future__ import annotations

from callbackd.domain.commands import HangUp, Join
from callbackd.domain.events import LegEntered, LegsSeen, Party
from callbackd.domain.ids import OURS, LegId, legs_of_ring
from callbackd.domain.lives.agent import Activity
from tests.builders import Centre, agent, settings


def rung() -> Centre:
    centre = Centre(settings(agents=[agent("alice")]))
    centre.logs_in("alice")
    centre.calls("anna")
    return centre


def test_the_telephone_that_answers_is_the_agents_leg():
    centre = rung()
    second = legs_of_ring(centre.ring_of("alice"))[1]
    centre.hear(LegEntered(second, Party.AGENT))
    assert centre.last(Join).legs == ("anna", second)
    assert centre.agents["alice"].leg == second
    centre.hangs_up(second)
    assert centre.agents["alice"].activity is Activity.WRAP_UP


def test_a_telephone_that_answers_for_a_caller_who_is_gone_is_hung_up():
    centre = rung()
    second = legs_of_ring(centre.ring_of("alice"))[1]
    centre.hangs_up("anna")
    centre.hear(LegEntered(second, Party.AGENT))
    assert centre.hung_up(second)
    assert centre.all(Join) == []


def test_the_other_telephones_of_a_ring_are_no_strays_and_the_ring_lives_while_one_does():
    centre = rung()
    ring = centre.ring_of("alice")
    seen = LegsSeen(frozenset({LegId("anna"), legs_of_ring(ring)[2]}))
    assert not [what for what in centre.acd.differences([seen]) if ring in what or "nobody" in what]
    centre.hear(seen)
    assert not [act for act in centre.all(HangUp) if act.leg.startswith(OURS)]
    assert centre.agents["alice"].activity is Activity.RINGING


def test_telephones_that_ring_for_nobody_are_hung_up():
    centre = rung()
    second = legs_of_ring(centre.ring_of("alice"))[1]
    centre.answers("alice")
    centre.hear(
        LegsSeen(frozenset({LegId("anna"), centre.ring_of("alice"), second}), joined=frozenset({LegId("anna")}))
    )
    assert centre.hung_up(second)

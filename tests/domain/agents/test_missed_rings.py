"""Which rings count as missed, and may pause an agent, and which do not: a phone that is busy, off or elsewhere."""

from __future__ import annotations

import pytest

from callbackd.domain.commands import HangUp, Play
from callbackd.domain.events import DialRefused, DialUnknown, Ending, LegEntered, Party
from callbackd.domain.ids import LegId
from callbackd.domain.lives.agent import Activity, Presence
from callbackd.domain.phrase import Fixed
from callbackd.domain.settings import Ringing
from tests.builders import ANNA, SUPPORT, Centre, agent, settings


def one_agent() -> Centre:
    centre = Centre(settings(agents=[agent("alice")]))
    centre.logs_in("alice")
    centre.calls("anna")
    return centre


def ended(centre: Centre, ending: Ending, cause: int = 0, tech_cause: int = 0, *, refused: bool = False) -> None:
    centre.hangs_up(centre.ring_of("alice"), ending, cause=cause, tech_cause=tech_cause, refused=refused)


NOT_MISSED = {
    "busy": (Ending.BUSY, 17, 486),
    "busy everywhere": (Ending.BUSY, 17, 600),
    "diverts": (Ending.UNREACHABLE, 23, 302),
    "not there": (Ending.UNREACHABLE, 20, 404),
    "silent": (Ending.CONGESTION, 19, 480),
    "phone's fault": (Ending.CONGESTION, 38, 500),
    "overloaded": (Ending.CONGESTION, 34, 503),
    "forbidden": (Ending.REJECTED, 21, 403),
    "nobody knows": (Ending.UNKNOWN, 0, 0),
}


@pytest.mark.parametrize(("ending", "cause", "tech_cause"), NOT_MISSED.values(), ids=NOT_MISSED)
def test_a_phone_that_could_not_ring_costs_the_agent_nothing(ending, cause, tech_cause):
    centre = one_agent()
    for _ in range(10):
        ended(centre, ending, cause, tech_cause)
        centre.wait(5)
    assert len(centre.rung()) == 11, "rested each time, and was tried again"
    assert centre.agents["alice"].presence is Presence.AVAILABLE
    assert centre.agents["alice"].misses == 0
    assert centre.reasons("missed a ring") == []
    assert f"SIP {tech_cause}" in centre.reasons("not reached")[0]


def test_do_not_disturb_is_not_a_missed_ring():
    centre = one_agent()
    for _ in range(3):
        ended(centre, Ending.NO_ANSWER, 19, 480, refused=True)
        centre.wait(5)
    assert centre.agents["alice"].misses == 0


@pytest.mark.parametrize(
    ("ending", "cause", "tech_cause"),
    [(Ending.NO_ANSWER, 19, 480), (Ending.NO_ANSWER, 19, 0), (Ending.REJECTED, 21, 603), (Ending.REJECTED, 21, 0)],
    ids=["rang out", "rang out, no SIP", "declined by hand", "declined, no SIP"],
)
def test_an_agent_who_lets_it_ring_or_declines_by_hand_is_paused_after_three_rings(ending, cause, tech_cause):
    centre = one_agent()
    for _ in range(3):
        ended(centre, ending, cause, tech_cause)
        centre.wait(5)
    assert centre.agents["alice"].presence is Presence.PAUSED
    assert centre.agents["alice"].pause_reason == "3 rings not answered in a row"


def test_a_busy_phone_in_between_neither_counts_nor_forgives():
    centre = one_agent()
    for ending in (Ending.NO_ANSWER, Ending.BUSY, Ending.NO_ANSWER, Ending.BUSY):
        ended(centre, ending)
        centre.wait(5)
    assert centre.agents["alice"].misses == 2


@pytest.mark.parametrize("event", [DialRefused, DialUnknown])
def test_a_ring_that_was_never_made_is_nobodys_fault(event):
    centre = one_agent()
    for _ in range(5):
        centre.hear(event(centre.ring_of("alice"), "because"))
        centre.wait(5)
    assert centre.agents["alice"].misses == 0
    assert centre.agents["alice"].presence is Presence.AVAILABLE
    assert "because" in centre.reasons("not reached")[0]


def test_the_next_agent_is_rung_at_once_and_the_caller_keeps_the_place():
    centre = Centre()
    centre.logs_in("alice", "bob")
    centre.calls("anna")
    before = centre.entry()
    ended(centre, Ending.BUSY, 17, 486)
    assert centre.rung() == [f"alice:{ANNA}", f"bob:{ANNA}"]
    assert (centre.entry().id, centre.entry().arrived_at) == (before.id, before.arrived_at)


def test_a_ring_whose_end_is_not_reported_counts_as_one_that_rang_out():
    centre = one_agent()
    ring_s = centre.settings.queues[SUPPORT].ring_s
    centre.wait(ring_s + 6)
    assert centre.agents["alice"].misses == 1


def test_a_late_answer_to_a_ring_that_was_busy_is_hung_up():
    centre = one_agent()
    leg = LegId(centre.ring_of("alice"))
    ended(centre, Ending.BUSY)
    centre.hear(LegEntered(leg, Party.AGENT))
    assert centre.agents["alice"].activity is Activity.IDLE
    assert centre.all(HangUp, leg=leg)


def test_an_agent_paused_for_missed_rings_hears_that_at_the_next_code():
    centre = Centre(settings(agents=[agent("alice")], ringing=Ringing(rona_limit=1)))
    centre.logs_in("alice")
    centre.calls("anna")
    ended(centre, Ending.NO_ANSWER, 19, 480)
    assert centre.agents["alice"].presence is Presence.PAUSED
    for code, answer in (("ready", Fixed.NOT_NOW), ("unpause", Fixed.AGENT_UNPAUSED)):
        centre.dials("alice", code)
        assert centre.last(Play).phrases == (Fixed.AGENT_MISSED, answer)
    centre.dials("alice", "pause")
    assert centre.last(Play).phrases == (Fixed.AGENT_PAUSED, Fixed.AGENT_BACK_WHEN)

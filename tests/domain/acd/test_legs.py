"""What becomes of a leg: who hung up, and legs of which the door knows nothing."""

from __future__ import annotations

import pytest

from callbackd.domain.commands import SendToFallback
from callbackd.domain.events import Event, LegAnswered, LegRinging, RequestFailed
from callbackd.domain.ids import LegId
from tests.builders import BEN, SUPPORT, Centre, agent, queue, settings


def talking() -> Centre:
    """Anna talks to alice."""
    centre = Centre(settings([queue(wrap_up_s=0)], [agent("alice")]))
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    return centre


@pytest.mark.parametrize("who", ["caller", "customer", "agent"])
def test_the_end_of_a_conversation_names_who_hung_up(who: str) -> None:
    centre = talking()
    leg = centre.ring_of("alice") if who == "agent" else LegId("anna")
    if who == "customer":
        leg = centre.calls_back("ben", BEN, talks="anna")
    centre.now += 20
    centre.hangs_up(leg)
    assert centre.reasons("closed: served")[-1].startswith(f"the {who} hung up after 20")


def test_two_who_cannot_be_brought_together_part_and_the_caller_goes_to_the_queues_fallback() -> None:
    centre = talking()
    centre.hear(RequestFailed(LegId("anna"), "Join", "409 not in Stasis"))
    assert centre.last(SendToFallback).extension == SUPPORT


@pytest.mark.parametrize("event", [LegRinging(LegId("stranger")), LegAnswered(LegId("stranger"))])
def test_news_of_a_leg_that_nobody_knows_changes_nothing(event: Event) -> None:
    centre = talking()
    before = dict(centre.entries), dict(centre.agents)
    centre.hear(event)
    assert (centre.entries, centre.agents) == before

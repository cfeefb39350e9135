"""What happens in a call and goes into the history: holds, dispositions, remarks, and whose they are."""

from __future__ import annotations

import pytest

from callbackd.domain.commands import Happened, Happening
from callbackd.domain.events import CallDisposed, LegHeld, LegUnheld
from callbackd.domain.ids import LegId
from tests.builders import BEN, SUPPORT, Centre


def talking():
    """Alice talks to Anna; Ben waits, and Bob's phone rings for him."""
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    centre.logs_in("bob")
    centre.calls("ben", BEN)
    return centre


@pytest.mark.parametrize(("event", "what"), [(LegHeld, Happening.HELD), (LegUnheld, Happening.UNHELD)])
@pytest.mark.parametrize("side", ["the caller's", "the agent's"])
def test_a_hold_is_the_conversations_whichever_side_it_comes_from(event, what, side):
    centre = talking()
    leg = LegId("anna") if side == "the caller's" else centre.ring_of("alice")
    centre.hear(event(leg))
    entry = centre.entry().id
    assert centre.all(Happened) == [Happened(centre.now, what, SUPPORT, entry, centre.agents["alice"].id, leg)]


def test_a_hold_outside_a_conversation_is_nobodys():
    centre = talking()
    for leg in (LegId("ben"), centre.ring_of("bob"), LegId("stranger")):
        centre.hear(LegHeld(leg))
    assert centre.all(Happened) == []


def disposed(centre, endpoint, words):
    centre.hear(CallDisposed(endpoint, words))
    return [(fact.agent, fact.entry, fact.text) for fact in centre.all(Happened, what=Happening.DISPOSED)]


def test_a_disposition_is_about_the_call_in_hand():
    centre = talking()
    assert disposed(centre, "PJSIP/alice", " invoice\t ") == [("alice", centre.entry().id, "invoice")]


def test_a_disposition_by_an_agent_who_does_not_talk_is_about_the_last_call():
    """A phone that rings for the agent is not a call in hand."""
    assert disposed(talking(), "PJSIP/bob", "invoice") == [("bob", None, "invoice")]


def test_a_disposition_is_a_word_and_cut_as_one():
    assert disposed(talking(), "PJSIP/alice", "x" * 100)[0][2] == "x" * 64


def test_a_disposition_from_a_phone_of_no_agent_is_nobodys():
    assert disposed(talking(), "PJSIP/stranger", "invoice") == []

"""Asterisk compared with what we believe: each way in which they can differ is noticed, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from callbackd.domain.commands import Join, MakeBridge
from callbackd.domain.events import (
    CallArrived,
    DialAccepted,
    FeatureCodeDialled,
    LegEntered,
    LegsJoined,
    LegsSeen,
    Party,
    PbxBack,
    PbxLost,
)
from callbackd.domain.ids import BridgeId, LegId
from tests.builders import ANNA, BEN, SUPPORT
from tests.domain.callbacks.test_promise import dialled, one_agent

A, B = LegId("anna"), LegId("ben")
LOGIN = "code-alice-login-0"
"""The leg by which Alice logged in."""


def seen(*legs: LegId, **more: Iterable[Any]) -> LegsSeen:
    sets: dict[str, Any] = {name: frozenset(values) for name, values in more.items()}
    return LegsSeen(frozenset(legs), **sets)


def at_work():
    centre = one_agent()
    centre.logs_in("alice")
    centre.hangs_up(LOGIN)
    return centre


@pytest.fixture
def centre():
    """Alice talks to Anna, and Ben waits."""
    centre = at_work()
    centre.calls(A)
    centre.answers("alice")
    centre.calls(B, BEN)
    return centre


def talk(centre):
    """Legs and bridge of the conversation."""
    join = centre.last(Join)
    return join.legs, {BridgeId(join.bridge)}


def found(centre, *polled):
    return set(centre.acd.differences(polled))


def test_a_state_as_we_believe_it_is_no_difference(centre):
    legs, bridges = talk(centre)
    polled = (CallArrived(B, SUPPORT, BEN), seen(*legs, B, joined=legs, bridges=bridges))
    assert found(centre, *polled) == set()


def test_a_leg_that_is_gone(centre):
    legs, bridges = talk(centre)
    assert found(centre, seen(*legs, joined=legs, bridges=bridges)) == {"ben is gone"}
    assert found(centre, seen(legs[0], B, joined=legs, bridges=bridges)) == {f"{legs[1]} is gone"}


def test_a_caller_whom_the_dialplan_has_is_left_alone(centre):
    legs, bridges = talk(centre)
    assert found(centre, seen(*legs, B, left={B}, joined=legs, bridges=bridges)) == {"ben is in the dialplan"}


def test_two_people_who_should_talk_but_are_apart_are_found(centre):
    legs, bridges = talk(centre)
    assert found(centre, seen(*legs, B, bridges=bridges)) == {"anna should be in a bridge"}


def test_two_legs_that_are_being_joined_are_left_alone():
    centre = at_work()
    centre.calls(A)
    centre.hear(LegEntered(centre.ring_of("alice"), Party.AGENT), answer_joins=False)
    legs, bridges = talk(centre)
    assert found(centre, seen(*legs, bridges=bridges)) == set()
    centre.hear(LegsJoined(legs))
    assert found(centre, seen(*legs, bridges=bridges)) == {"anna should be in a bridge"}


def test_legs_and_bridges_of_nobody(centre):
    legs, bridges = talk(centre)
    polled = seen(*legs, B, LegId("cbd-x"), LegId("not ours"), joined=legs, bridges={*bridges, BridgeId("cbd-y")})
    assert found(centre, polled) == {
        "cbd-x belongs to nobody",
        "the bridge cbd-y belongs to no entry",
    }


def test_a_bridge_that_is_missing(centre):
    legs, _ = talk(centre)
    assert found(centre, seen(*legs, B, joined=legs)) == {f"the bridge {centre.last(MakeBridge).bridge} is missing"}


@pytest.mark.parametrize(
    "event", [CallArrived(LegId("x"), SUPPORT, ANNA), FeatureCodeDialled(LegId("x"), "login", "PJSIP/bob")]
)
def test_a_caller_whose_arrival_was_not_reported_is_found(centre, event):
    assert found(centre, event) == {"x arrived and was not reported"}
    centre.hear(event)
    assert found(centre, event) == set()


def test_an_agent_whose_answer_was_not_reported_is_found():
    centre = at_work()
    centre.calls(A)
    leg = centre.ring_of("alice")
    assert found(centre, LegEntered(leg, Party.AGENT)) == {f"{leg} arrived and was not reported"}
    centre.answers("alice")
    assert found(centre, LegEntered(leg, Party.AGENT)) == set()


def test_customers_who_listen_unreported_and_customers_who_may_not_have_been_dialled_yet_are_found():
    centre = dialled()
    centre.hangs_up(LOGIN)
    leg = centre.attempt().leg
    centre.hear(DialAccepted(leg))
    assert found(centre, seen()) == set()
    entered = LegEntered(leg, Party.CUSTOMER, centre.attempt().id)
    assert found(centre, entered, seen(leg)) == {f"{leg} arrived and was not reported"}
    centre.customer_answers()
    assert found(centre, entered, seen(leg)) == set()


def test_an_asterisk_that_answers_but_counts_as_away_is_a_difference_until_it_counts_as_back():
    """Then nobody is served although everybody is there: whatever made us believe it, the comparison puts it right."""
    centre = at_work()
    assert found(centre, seen()) == set()
    centre.hear(PbxLost("somebody said so"))
    assert found(centre, seen()) == {"Asterisk answers, and is believed to be away"}
    centre.hear(PbxBack())
    assert found(centre, seen()) == set()

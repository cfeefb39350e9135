"""Several telephones ring for one agent: which events the domain gets, and what Asterisk is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from callbackd.ari.perform import Perform
from callbackd.ari.rings import Rings
from callbackd.domain.commands import HangUp, RingAgent
from callbackd.domain.events import (
    CallArrived,
    DialAccepted,
    DialRefused,
    Ending,
    Event,
    LegEnded,
    LegEntered,
    Party,
)
from callbackd.domain.ids import EntryId, LegId, Mint, QueueName, legs_of_ring, minted_at, ring_of
from callbackd.domain.settings import Dialling
from tests.ari.fake_asterisk import FakeAsterisk, asking, serving

RING = Mint(b"test").leg(1_800_000_000.0)


def at_three() -> tuple[Rings, list[HangUp], list[Event]]:
    """A ring at three telephones, what is hung up, and which events the domain gets."""
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


def test_the_telephone_that_answers_second_is_hung_up_and_the_domain_never_learns_of_it():
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


# --- what Asterisk is asked -------------------------------------------------------------------------------------------

DESK, SOFT = "PJSIP/agent1/sip:agent1@192.0.2.1:5060", "PJSIP/agent1/sip:agent1@192.0.2.2:5060;transport=tls"
ACT = RingAgent(RING, "PJSIP/agent1", "+48221234567", "support", 14.2, EntryId("e1"))
CALL = CallArrived(LegId("1800000000.1"), QueueName("support"), "+48221234567")
SECOND = legs_of_ring(RING)[1]


@asynccontextmanager
async def calls_come(contacts: str | None, calls: int = 1, **statuses: Any) -> AsyncIterator[tuple[Perform, list[str]]]:
    """Calls have come; contacts are what Asterisk answers then, None when it does not know the request."""
    fake, asked = FakeAsterisk(), list[str]()

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(f"{request.method} {request.path.removeprefix('/ari')}")
        if request.path.endswith("/variables"):
            told = {"variables": {request.query["variables"]: contacts}}
            return web.json_response(told, status=200 if contacts is not None else 404)
        status = statuses.get(request.query.get("endpoint", ""), 200)
        return web.json_response({"state": "Ringing"}, status=status)

    fake.answer = answer
    async with serving(fake), asking(fake) as ari:
        perform = Perform(ari, lambda *_: [], Dialling(), phones=["PJSIP/agent1"])
        for _ in range(calls):
            perform.heard(CALL)
        yield perform, asked


def rung(asked: list[str]) -> list[str]:
    return sorted(line.rpartition("/")[2] for line in asked if line.startswith("POST /channels/cbd-"))


async def test_each_contact_is_rung_on_a_leg_of_its_own_and_one_ring_is_reported():
    async with calls_come(f"{DESK}&{SOFT}") as (perform, asked):
        events = await perform(ACT)
    assert rung(asked) == [RING, SECOND]
    assert events[0] == DialAccepted(RING)


async def test_contacts_are_asked_for_once_and_not_for_each_ring():
    async with calls_come(f"{DESK}&{SOFT}", calls=5) as (perform, asked):
        for _ in range(3):
            await perform(ACT)
            perform.heard(CALL)
    assert len([line for line in asked if line.endswith("/variables")]) == 1
    assert len(asked) == 1 + 3 * 2 * 2, "two requests for each leg: originate, watch"


@pytest.mark.parametrize("contacts", [DESK, "", None], ids=["one", "none", "an Asterisk that cannot tell"])
async def test_a_ring_at_one_telephone_is_as_it_was(contacts):
    async with calls_come(contacts) as (perform, asked):
        await perform(ACT)
    assert rung(asked) == [RING]
    assert len(asked) == 1 + 2


async def test_what_is_no_contact_is_not_dialled():
    async with calls_come(f"{DESK}&Local/stranger@outside&{SOFT}&PJSIP/trunk/tel:00") as (perform, asked):
        await perform(ACT)
    assert rung(asked) == [RING]


async def test_one_that_is_refused_leaves_the_ring_to_the_other():
    async with calls_come(f"{DESK}&{SOFT}", **{DESK: 500}) as (perform, _):
        events = await perform(ACT)
    assert events[:2] == (DialAccepted(RING), LegEnded(RING, Ending.UNREACHABLE))
    assert [perform.rings.hear(event) for event in events[:2]] == [DialAccepted(RING), None]


async def test_all_refused_is_a_refusal():
    async with calls_come(f"{DESK}&{SOFT}", **{DESK: 500, SOFT: 500}) as (perform, _):
        (event,) = await perform(ACT)
    assert isinstance(event, DialRefused)
    assert event.leg == RING

"""What is asked for over the API happens on the telephones."""

from __future__ import annotations

import pytest

from lab.asking import ask
from lab.house import ANNA, BEN
from lab.phones import answers, presses_one, rings

pytestmark = pytest.mark.e2e


async def test_a_callback_that_is_asked_for_rings_the_customer_and_they_talk(house):
    phone = await house.agent("agent1", answers(after=0.2), logs_in=False)
    customers = await house.stage.customers(behaviour=presses_one())
    assert (await ask(house.daemon, "POST", "/v1/agents/agent1/log-in", {})).status == 204
    made = await ask(house.daemon, "POST", "/v1/callbacks", {"queue": "support", "number": ANNA, "reason": "by mail"})
    assert made.status == 201
    call = await customers.next_call_to(ANNA, within=20, answered=True)
    await call.hears(phone, within=20)
    await call.hangup()
    await house.daemon.said("promise kept")
    over = await house.row(f"SELECT outcome FROM callback WHERE id = '{made.json['id']}' AND closed_at IS NOT NULL")
    assert over == {"outcome": "completed"}
    assert len(customers.calls_to(ANNA)) == 1


async def test_a_callback_cannot_be_cancelled_while_the_customer_is_rung(house):
    await house.agent("agent1", answers(after=0.2))
    customers = await house.stage.customers(behaviour=rings)
    made = await ask(house.daemon, "POST", "/v1/callbacks", {"queue": "support", "number": ANNA})
    await customers.next_call_to(ANNA, within=20)
    refused = await ask(house.daemon, "POST", f"/v1/callbacks/{made.json['id']}/cancel", {})
    assert (refused.status, refused.json["type"]) == (409, "/v1/#already-dialling")
    seen = await ask(house.daemon, "GET", f"/v1/callbacks/{made.json['id']}")
    assert seen.json["outcome"] is None


async def test_an_agent_whom_a_supervisor_paused_is_not_rung_until_the_pause_ends(house):
    phone = await house.agent("agent1", answers(after=0.2))
    paused = await ask(house.daemon, "POST", "/v1/agents/agent1/pause", {"reason": "training"})
    assert paused.status == 204
    ben = await house.joins(BEN)
    shown = await ask(house.daemon, "GET", "/v1/line")
    assert [(place["number"], place["position"], place["live"]) for place in shown.json["items"]] == [(BEN, 1, True)]
    assert phone.rung == []
    assert (await ask(house.daemon, "POST", "/v1/agents/agent1/go-on", {})).status == 204
    await ben.hears(phone, within=20)


async def test_a_caller_who_is_put_first_talks_first(house):
    await house.joins(ANNA)
    ben = await house.joins(BEN)
    places = (await ask(house.daemon, "GET", "/v1/line")).json["items"]
    assert [place["number"] for place in places] == [ANNA, BEN]
    first = await ask(house.daemon, "POST", f"/v1/line/{places[1]['id']}/put-first", {"reason": "a doctor"})
    assert first.status == 204
    phone = await house.agent("agent1", answers(after=0.2))
    await ben.hears(phone, within=20)
    assert [ring.from_user for ring in phone.rung] == [BEN]


async def test_nobody_is_rung_while_dialling_is_off(house):
    await house.agent("agent1", answers(after=0.2))
    customers = await house.stage.customers(behaviour=presses_one())
    made = await ask(house.daemon, "POST", "/v1/callbacks", {"queue": "support", "number": ANNA, "at": None})
    assert made.status == 201
    call = await customers.next_call_to(ANNA, within=20, answered=True)
    await call.hangup()
    assert (await ask(house.daemon, "PUT", "/v1/switches/dialling", {"on": False})).status == 204
    refused = await ask(house.daemon, "POST", "/v1/callbacks", {"queue": "support", "number": BEN})
    assert refused.status == 409
    assert "nobody is rung now" in refused.json["detail"]
    assert (await ask(house.daemon, "PUT", "/v1/switches/dialling", {"on": True})).status == 204
    assert (await ask(house.daemon, "POST", "/v1/callbacks", {"queue": "support", "number": BEN})).status == 201
    await customers.next_call_to(BEN, within=20)

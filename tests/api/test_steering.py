"""What supervisors decide for the centre: switches, early closing, who is first, who is never called."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

pytestmark = pytest.mark.postgres


async def shown(api, name):
    (found,) = (one for one in (await api.viewer.get("/v1/switches")).json["items"] if one["name"] == name)
    return found


async def test_switches_are_turned_and_show_who_turned_them(api):
    for on in (False, True):
        assert (await api.supervisor.asks("PUT", "/v1/switches/offering", json={"on": on})).status == 204
        found = await shown(api, "offering")
        assert (found["on"], found["who"]) == (on, "the-supervisor")
        assert (await api.viewer.get("/v1/status")).json["switches"]["offering"] is on
    (row,) = await api.rows("SELECT \"on\", who FROM switch WHERE id = 'offering'")
    assert row == {"on": True, "who": "the-supervisor"}
    assert (await api.supervisor.asks("PUT", "/v1/switches/nosuch", json={"on": True})).status == 404


async def test_a_crisis_is_of_one_queue(api):
    for on in (True, False):
        assert (await api.supervisor.asks("PUT", "/v1/queues/sales/crisis", json={"on": on})).status == 204
        found = {queue["name"]: queue["crisis"] for queue in (await api.viewer.get("/v1/queues")).json["items"]}
        assert found == {"support": False, "sales": on}


async def test_a_queue_closes_early_until_a_time_that_is_still_to_come(api):
    until = datetime.fromtimestamp(round(time.time()) + 3600, UTC).isoformat()
    assert (await api.supervisor.asks("PUT", "/v1/queues/sales/closed", json={"until": until})).status == 204
    queue = (await api.viewer.get("/v1/queues/sales")).json
    assert (queue["open"], datetime.fromisoformat(queue["closed_until"])) == (False, datetime.fromisoformat(until))
    assert (await shown(api, "closed sales"))["on"]
    past = {"until": "2001-01-01T00:00:00Z"}
    assert (await api.supervisor.asks("PUT", "/v1/queues/sales/closed", json=past)).status == 409
    assert (await api.supervisor.asks("PUT", "/v1/queues/sales/closed", json={"until": None})).status == 204
    assert (await api.viewer.get("/v1/queues/sales")).json["open"]


async def test_a_place_is_put_first_with_a_reason_or_not_at_all(api):
    for number in ("+442079461001", "+442079461002"):
        await api.supervisor.post("/v1/callbacks", {"queue": "sales", "number": number})
    last = (await api.supervisor.get("/v1/line?queue=sales")).json["items"][-1]["id"]
    assert (await api.supervisor.post(f"/v1/line/{last}/put-first")).status == 422
    assert (await api.supervisor.post(f"/v1/line/{last}/put-first", {"reason": "a doctor"})).status == 204
    assert (await api.supervisor.get("/v1/line?queue=sales")).json["items"][0]["id"] == last
    assert (await api.rows("SELECT reason FROM audit WHERE act = 'PutFirst'")) == [{"reason": "a doctor"}]


async def test_a_promise_that_is_taken_out_is_cancelled(api):
    made = (await api.supervisor.post("/v1/callbacks", {"queue": "support", "number": "+442079461003"})).json
    out = await api.supervisor.post(f"/v1/line/{made['place']}/take-out", {"reason": "asked twice"})
    assert out.status == 204
    assert (await api.viewer.get(f"/v1/callbacks/{made['id']}")).json["outcome"] == "cancelled"
    again = await api.supervisor.post(f"/v1/line/{made['place']}/take-out", {"reason": "asked twice"})
    assert again.status == 404


async def test_a_blocked_number_is_refused_and_its_promise_is_cancelled_until_it_is_allowed_again(api):
    number = "+442079461004"
    made = (await api.supervisor.post("/v1/callbacks", {"queue": "support", "number": number})).json
    assert (await api.agent.post("/v1/do-not-call", {"number": "020 7946 1004", "reason": "by letter"})).status == 204
    found = (await api.agent.get("/v1/do-not-call", params={"number": number})).json
    assert (found["blocked"], found["why"]) == (True, "asked by the-agent: by letter")
    assert (await api.viewer.get(f"/v1/callbacks/{made['id']}")).json["outcome"] == "cancelled"
    refused = await api.supervisor.post("/v1/callbacks", {"queue": "support", "number": number})
    assert (refused.status, refused.json["type"]) == (422, "/v1/#number-not-allowed")
    assert (await api.agent.post("/v1/do-not-call/remove", {"number": number})).status == 403
    assert (await api.supervisor.post("/v1/do-not-call/remove", {"number": number})).status == 204
    assert not (await api.agent.get("/v1/do-not-call", params={"number": number})).json["blocked"]


async def test_what_a_call_was_about_is_noted_for_ones_own_agent(api):
    assert (await api.agent.post("/v1/agents/alice/disposition", {"disposition": "invoice"})).status == 204
    assert (await api.agent.post("/v1/agents/alice/note", {"text": "rings again\non Monday"})).status == 204
    assert (await api.agent.post("/v1/agents/bob/note", {"text": "x"})).status == 403
    rows = await api.rows("SELECT what, text FROM call_fact WHERE agent = 'alice' ORDER BY n")
    assert rows == [{"what": "disposed", "text": "invoice"}, {"what": "noted", "text": "rings again\non Monday"}]

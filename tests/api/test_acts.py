"""What can be changed: each act is in the audit with who asked, and answered when it is committed."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime

import pytest

pytestmark = pytest.mark.postgres

_numbers = itertools.count(200)


async def promised(api, queue="support"):
    """Another customer with a callback; its id."""
    number = f"+442079460{next(_numbers)}"
    made = await api.supervisor.post("/v1/callbacks", {"queue": queue, "number": number})
    assert made.status == 201, made.json
    return made.json["id"]


async def test_a_callback_is_promised_and_in_the_database_when_the_answer_comes(api):
    made = await api.agent.post("/v1/callbacks", {"queue": "support", "number": "020 7946 0150", "reason": "by mail"})
    assert made.status == 201
    assert made.headers["Location"] == f"/v1/callbacks/{made.json['id']}"
    rows = await api.rows(f"SELECT number, state FROM callback WHERE id = '{made.json['id']}'")
    assert rows == [{"number": "+442079460150", "state": "waiting"}]
    (audit,) = await api.rows(f"SELECT who, source, act, done, reason FROM audit WHERE subject = '{made.json['id']}'")
    assert audit == {"who": "the-agent", "source": "api", "act": "RequestCallback", "done": True, "reason": "by mail"}


async def test_a_second_request_is_answered_with_the_place_that_is_there(api):
    first = await api.agent.post("/v1/callbacks", {"queue": "support", "number": "+442079460151"})
    second = await api.agent.post("/v1/callbacks", {"queue": "support", "number": "+442079460151"})
    assert (first.status, second.status) == (201, 200)
    assert second.json == first.json


async def test_of_many_at_the_same_time_one_makes_the_promise(api):
    asked = {"queue": "support", "number": "+442079460152"}
    answers = await asyncio.gather(*(api.supervisor.post("/v1/callbacks", asked) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
    assert len({answer.json["id"] for answer in answers}) == 1


async def test_a_callback_is_moved_to_a_free_time_and_a_taken_time_names_free_ones(api):
    id = await promised(api)
    free = (await api.agent.get("/v1/queues/support/times")).json["free"]
    assert (await api.supervisor.post(f"/v1/callbacks/{id}/move", {"at": free[-1]})).status == 204
    assert (await api.supervisor.get(f"/v1/callbacks/{id}")).json["at"] == free[-1]
    refused = await api.supervisor.post(f"/v1/callbacks/{id}/move", {"at": "2001-01-01T09:00:00Z"})
    assert (refused.status, refused.json["type"]) == (409, "/v1/#time-not-free")
    assert refused.json["free"]


async def test_a_callback_is_cancelled_and_cancelling_it_again_is_fine(api):
    id = await promised(api)
    for _ in range(2):
        assert (await api.supervisor.post(f"/v1/callbacks/{id}/cancel", {"reason": "by mail"})).status == 204
    over = (await api.supervisor.get(f"/v1/callbacks/{id}")).json
    assert (over["state"], over["outcome"]) == ("closed", "cancelled")
    late = await api.supervisor.post(f"/v1/callbacks/{id}/call-now")
    assert (late.status, late.json["type"]) == (409, "/v1/#callback-over")


async def test_a_callback_is_called_now_and_is_first(api):
    await promised(api)
    id = await promised(api)
    assert (await api.supervisor.post(f"/v1/callbacks/{id}/call-now")).status == 204
    first = (await api.supervisor.get("/v1/line?queue=support")).json["items"][0]
    assert first["id"] == (await api.supervisor.get(f"/v1/callbacks/{id}")).json["place"]


async def test_a_callback_is_for_one_agent_and_for_all_again(api):
    id = await promised(api)
    for agent in ("alice", None):
        assert (await api.supervisor.post(f"/v1/callbacks/{id}/assign", {"agent": agent})).status == 204
        assert (await api.supervisor.get(f"/v1/callbacks/{id}")).json["agent"] == agent
    nobody = await api.supervisor.post(f"/v1/callbacks/{id}/assign", {"agent": "nosuch"})
    assert nobody.status == 404


async def test_of_two_supervisors_with_the_same_version_the_second_is_stopped(api):
    id = await promised(api)
    seen = (await api.supervisor.get(f"/v1/callbacks/{id}")).headers["ETag"]
    free = (await api.agent.get("/v1/queues/support/times")).json["free"]
    both = await asyncio.gather(
        api.supervisor.post(f"/v1/callbacks/{id}/move", {"at": free[0]}, headers={"If-Match": seen}),
        api.admin.post(f"/v1/callbacks/{id}/cancel", headers={"If-Match": seen}),
    )
    assert sorted(answer.status for answer in both) == [204, 412]
    (stopped,) = (answer for answer in both if answer.status == 412)
    assert stopped.headers["ETag"] == (await api.supervisor.get(f"/v1/callbacks/{id}")).headers["ETag"]


async def test_agents_are_logged_in_paused_with_a_reason_and_out(api):
    for path, presence, reason in (
        ("log-in", "available", ""),
        ("pause", "paused", "lunch"),
        ("go-on", "available", ""),
        ("log-out", "logged_out", ""),
    ):
        body = {"reason": reason} if reason else {}
        done = await api.supervisor.post(f"/v1/agents/bob/{path}", body)
        assert done.status == 204, (path, done.json)
        seen = await api.viewer.get("/v1/agents/bob")
        assert seen.json["presence"] == presence
        assert seen.headers["ETag"] == done.headers["ETag"]
        if reason:
            assert seen.json["reason"] == reason


async def test_a_pause_takes_when_the_agent_will_be_back(api):
    await api.supervisor.post("/v1/agents/bob/log-in")
    assert (await api.supervisor.get("/v1/agents/bob")).json["back_at"] is None
    assert (await api.supervisor.post("/v1/agents/bob/pause", {"back_in_s": 900})).status == 204
    back_at = datetime.fromisoformat((await api.supervisor.get("/v1/agents/bob")).json["back_at"])
    assert 880 < (back_at - datetime.now(UTC)).total_seconds() <= 900
    assert (await api.supervisor.post("/v1/agents/bob/pause", {"back_in_s": 0})).status == 422
    await api.supervisor.post("/v1/agents/bob/log-out")


async def test_what_an_agent_cannot_do_now_has_its_reason(api):
    refused = await api.supervisor.post("/v1/agents/alice/extend-wrap-up")
    assert (refused.status, refused.json["detail"]) == (409, "the agent is not in wrap-up")


async def test_an_agents_key_acts_for_this_agent_alone(api):
    assert (await api.agent.post("/v1/agents/alice/log-in")).status == 204
    assert (await api.agent.post("/v1/agents/alice/log-out")).status == 204
    other = await api.agent.post("/v1/agents/bob/log-in")
    assert (other.status, other.json["type"]) == (403, "/v1/#not-allowed")


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({"queue": "support"}, 422, "/number"),
        ({"queue": "support", "number": 442079460101}, 422, "/number"),
        ({"queue": "nosuch", "number": "+442079460101"}, 422, "/queue"),
        ({"queue": "support", "number": "+442079460101", "at": 0}, 422, "/at"),
        ({"queue": "support", "number": "+442079460101", "at": "2026-12-01T10:00:00"}, 422, "/at"),
        ({"queue": "support", "number": "+442079460101", "colour": "red"}, 422, "/colour"),
        ({"queue": "support", "number": "+442079460101", "language": "xx"}, 422, "/language"),
        ({"queue": "support", "number": "+442079460101", "reason": "a\u0000b"}, 422, "/reason"),
    ],
)
async def test_every_mistake_is_named_where_it_is(api, body, status, where):
    answer = await api.supervisor.post("/v1/callbacks", body)
    assert (answer.status, [error["pointer"] for error in answer.json["errors"]]) == (status, [where])


@pytest.mark.parametrize("number", ["+449061234567", "+18765551234", "999", "+442079460101;ext=5"])
async def test_a_number_that_may_not_be_called_is_refused_with_the_rule(api, number):
    answer = await api.supervisor.post("/v1/callbacks", {"queue": "support", "number": number})
    assert answer.status == 422
    assert answer.json["detail"]


async def test_too_many_callbacks_to_one_number_are_refused(api):
    asked = {"queue": "support", "number": "+442079460160"}
    for _ in range(2):
        made = await api.supervisor.post("/v1/callbacks", asked)
        await api.supervisor.post(f"/v1/callbacks/{made.json['id']}/cancel")
    refused = await api.supervisor.post("/v1/callbacks", asked)
    assert (refused.status, refused.json["type"]) == (429, "/v1/#too-many-callbacks")
    assert refused.headers["Retry-After"]

"""Who is let in, and what clients who are slow, hostile or many cost the others: nothing."""

from __future__ import annotations

import asyncio
import os
import socket
import time

import aiohttp
import pytest

from callbackd.access import Role
from callbackd.api import gate
from callbackd.db import keys
from callbackd.db.engine import engine_for
from tests.api import conftest
from tests.api.conftest import ANNA

pytestmark = pytest.mark.postgres


async def test_without_a_key_nothing_is_shown(api):
    refused = await api.nobody.get("/v1/status")
    assert (refused.status, refused.json["type"]) == (401, "/v1/#not-known")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert (await api.nobody.get("/livez")).status == 200
    assert (await api.nobody.get("/readyz")).status == 200
    assert (await api.nobody.get("/primary")).status == 200


async def test_the_operator_of_this_machine_needs_no_key_and_is_named_in_the_audit(api):
    assert (await api.operator.get("/v1/status")).status == 200
    made = await api.operator.post("/v1/callbacks", {"queue": "support", "number": "+442079460190"})
    (row,) = await api.rows(f"SELECT who, source FROM audit WHERE subject = '{made.json['id']}'")
    assert row == {"who": "root" if os.geteuid() == 0 else row["who"], "source": "cli"}
    assert (api.config.state_dir / "api.sock").stat().st_mode & 0o777 == 0o600


async def test_a_role_that_may_only_look_changes_nothing(api):
    refused = await api.viewer.post("/v1/callbacks", {"queue": "support", "number": ANNA})
    assert (refused.status, refused.json["detail"]) == (403, "requestCallback needs the role agent")
    assert (await api.agent.post("/v1/callbacks/x/cancel")).status == 403


async def test_an_expired_key_and_a_revoked_one_count_no_more(api):
    old = await api.makes_key("old", Role.ADMIN, expires_at=time.time() - 1)
    assert (await _as(api, old).get("/v1/status")).status == 401
    gone = await api.makes_key("gone", Role.ADMIN)
    engine = engine_for(api.database_url)
    assert await keys.revoke(engine, "gone", time.time())
    assert not await keys.revoke(engine, "gone", time.time())
    await engine.dispose()
    assert (await _as(api, gone).get("/v1/status")).status == 401


async def test_keys_are_stored_as_hashes_alone(api):
    secret = await api.makes_key("secret", Role.VIEWER)
    rows = await api.rows("SELECT * FROM api_key WHERE name = 'secret'")
    assert secret not in str(rows)
    assert secret.startswith("cbd_")
    assert len(secret) == 4 + 43


@pytest.mark.parametrize(
    ("how", "status", "kind"),
    [
        ({"data": "{", "headers": {"Content-Type": "application/json"}}, 400, "bad-request"),
        ({"data": "a=1", "headers": {"Content-Type": "text/plain"}}, 415, "not-json"),
        ({"data": b" " * 10_000_000, "headers": {"Content-Type": "application/json"}}, 413, "too-large"),
        ({"json": {}, "headers": {"Idempotency-Key": "x" * 256}}, 400, "bad-request"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_the_reason(api, how, status, kind):
    answer = await api.supervisor.asks("POST", "/v1/agents/bob/log-in", **how)
    assert (answer.status, answer.json["type"]) == (status, f"/v1/#{kind}")


async def test_a_wrong_method_names_the_right_ones(api):
    answer = await api.supervisor.asks("DELETE", "/v1/callbacks")
    assert (answer.status, answer.json["type"]) == (405, "/v1/#no-such-method")
    assert set(answer.headers["Allow"].split(",")) >= {"GET", "POST"}


async def test_an_unknown_filter_is_refused(api):
    answer = await api.supervisor.get("/v1/callbacks?colour=red")
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "colour")


async def test_a_key_that_asks_too_often_waits_and_others_do_not(fresh_api):
    answers = [await fresh_api.viewer.get("/v1/queues") for _ in range(260)]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert (await fresh_api.supervisor.get("/v1/queues")).status == 200


async def test_guessing_keys_is_slowed_down_and_does_not_lock_out_those_who_have_one(fresh_api):
    assert (await fresh_api.viewer.get("/v1/status")).status == 200
    guesses = [await _as(fresh_api, f"cbd_{n}").get("/v1/status") for n in range(40)]
    assert {answer.status for answer in guesses} == {401, 429}
    assert (await fresh_api.viewer.get("/v1/status")).status == 200


async def test_a_request_that_is_sent_again_gets_the_same_answer(api):
    asked, once = {"queue": "support", "number": "+442079460191"}, {"Idempotency-Key": "one"}
    first = await api.supervisor.post("/v1/callbacks", asked, headers=once)
    again = await api.supervisor.post("/v1/callbacks", asked, headers=once)
    assert (again.status, again.text, again.headers["Location"]) == (201, first.text, first.headers["Location"])
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await api.supervisor.post("/v1/callbacks", asked | {"queue": "sales"}, headers=once)
    assert (other.status, other.json["type"]) == (422, "/v1/#key-used-before")
    mine = await api.admin.post("/v1/callbacks", asked, headers=once)
    assert mine.status == 200, "another key's request is another request"


async def test_twins_are_carried_out_once(api):
    asked, once = {"queue": "support", "number": "+442079460192"}, {"Idempotency-Key": "twins"}
    answers = await asyncio.gather(*(api.supervisor.post("/v1/callbacks", asked, headers=once) for _ in range(8)))
    assert {answer.status for answer in answers} <= {201, 409}
    assert len({answer.text for answer in answers if answer.status == 201}) == 1
    assert len(await api.rows("SELECT 1 FROM audit WHERE what LIKE '%+442079460192%'")) == 1


async def test_more_clients_than_are_allowed_are_sent_away_and_the_operator_is_not(fresh_api):
    held = []
    try:
        held += [await asyncio.open_connection("127.0.0.1", fresh_api.port) for _ in range(150)]
        ended = [asyncio.create_task(reader.read()) for reader, _ in held]
        done, pending = await asyncio.wait(ended, timeout=3)
        assert len(pending) <= fresh_api.config.api.connections + 1
        assert done
        assert (await fresh_api.operator.get("/v1/status")).status == 200
        for task in pending:
            task.cancel()
    finally:
        for _, writer in held:
            writer.close()


async def test_a_client_that_says_nothing_is_cut_off(fresh_api, monkeypatch):
    monkeypatch.setattr(gate, "IDLE_S", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", fresh_api.port)
    writer.write(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n")
    async with asyncio.timeout(15):
        assert await reader.read() == b""
    writer.close()


async def test_after_the_end_nothing_listens(fresh_api):
    fresh_api.task.cancel()
    await asyncio.gather(fresh_api.task, return_exceptions=True)
    with pytest.raises(aiohttp.ClientConnectionError):
        await fresh_api.viewer.get("/livez")


def _as(api, key):
    client = api.nobody
    return type(client)(client.session, client.base, key)


async def test_a_port_that_is_taken_is_an_error_in_the_log_and_ends_nothing(tmp_path, database_url, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(conftest, "free_port", lambda: taken.getsockname()[1])
        async with conftest.daemon(tmp_path, database_url, opens="api_not_open") as api:
            assert (await api.operator.get("/v1/status")).json["ready"]
            assert not api.task.done()

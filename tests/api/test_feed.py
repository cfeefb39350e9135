"""The live feed: a snapshot, then each change; who was away gets what was missed; who is slow is cut off."""

from __future__ import annotations

import asyncio
import contextlib
import json
from contextlib import asynccontextmanager

import aiohttp
import pytest

from callbackd.api import feed

pytestmark = pytest.mark.postgres


class Stream:
    def __init__(self, answer):
        self._answer = answer
        self.last = ""

    async def next(self, event, **fields):
        """The data of the next event of this kind whose fields are these."""
        async with asyncio.timeout(30):
            while True:
                kind, data = await self._one()
                if kind == event and all(data.get(name) == value for name, value in fields.items()):
                    return data

    async def _one(self):
        told: dict[str, str] = {}
        async for raw in self._answer.content:
            line = raw.decode().rstrip("\n")
            if not line and told:
                self.last = told["id"]
                return told["event"], json.loads(told["data"])
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                told[name] = value
        raise ConnectionError("the stream has ended")

    async def ends(self):
        async with asyncio.timeout(30):
            async for _ in self._answer.content:
                pass


@asynccontextmanager
async def watching(client, last=""):
    headers = {"Authorization": f"Bearer {client.key}"} | ({"Last-Event-ID": last} if last else {})
    async with client.session.get(f"{client.base}/v1/events", headers=headers) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        yield Stream(answer)


async def test_first_comes_a_snapshot_then_each_change(api):
    async with watching(api.supervisor) as stream:
        now = await stream.next("snapshot")
        assert {agent["id"] for agent in now["agents"]} == {"alice", "bob"}
        assert [queue["name"] for queue in now["queues"]] == ["support", "sales"]
        await api.supervisor.post("/v1/agents/bob/log-in")
        assert (await stream.next("agent", id="bob"))["presence"] == "available"
        made = (await api.supervisor.post("/v1/callbacks", {"queue": "sales", "number": "+442079462001"})).json
        assert (await stream.next("place", id=made["place"]))["number"] == "+442079462001"
        await stream.next("figures")
        await api.supervisor.post(f"/v1/callbacks/{made['id']}/cancel")
        await stream.next("gone", id=made["id"])
        await api.supervisor.post("/v1/agents/bob/log-out")


async def test_viewers_see_no_number_in_it(api):
    async with watching(api.viewer) as stream:
        await stream.next("snapshot")
        made = (await api.supervisor.post("/v1/callbacks", {"queue": "sales", "number": "+442079462002"})).json
        assert (await stream.next("callback", id=made["id"]))["number"] == "+44******2002"


async def test_who_was_away_for_a_moment_gets_what_was_missed(api):
    async with watching(api.supervisor) as stays:
        async with watching(api.supervisor) as stream:
            await stream.next("snapshot")
            await api.supervisor.post("/v1/agents/bob/log-in")
            await stream.next("agent", id="bob")
            last = stream.last
        await api.supervisor.post("/v1/agents/bob/pause", {"reason": "lunch"})
        await stays.next("agent", id="bob", presence="paused")
        async with watching(api.supervisor, last) as again:
            missed = await again.next("agent")
            assert (missed["id"], missed["presence"]) == ("bob", "paused"), "not a snapshot first"
    await api.supervisor.post("/v1/agents/bob/log-out")


@pytest.mark.parametrize("last", ["999-1", "1-99999999", "nonsense", "1-"])
async def test_who_was_away_for_long_or_has_never_been_here_gets_a_snapshot(api, last):
    async with watching(api.viewer, last) as stream:
        assert "places" in await stream.next("snapshot")


async def test_it_needs_a_key_and_a_place(api, monkeypatch):
    assert (await api.nobody.get("/v1/events")).status == 401
    monkeypatch.setattr(feed, "MOST", 0)
    assert (await api.viewer.get("/v1/events")).status == 503


async def test_streams_end_at_once_when_the_daemon_does(fresh_api):
    async with watching(fresh_api.viewer) as stream:
        await stream.next("snapshot")
        began = asyncio.get_running_loop().time()
        fresh_api.task.cancel()
        with contextlib.suppress(aiohttp.ClientError):  # perhaps in the middle of a chunk
            await stream.ends()
        await asyncio.gather(fresh_api.task, return_exceptions=True)
        assert asyncio.get_running_loop().time() - began < 10


async def test_a_viewer_who_is_too_slow_is_cut_off_and_the_others_are_not(api, monkeypatch):
    """Its queue is full: the next change ends it."""
    monkeypatch.setattr(feed, "BEHIND", 1)
    async with watching(api.viewer) as slow:
        monkeypatch.setattr(feed, "BEHIND", 200)
        async with watching(api.supervisor) as quick:
            await quick.next("snapshot")
            await slow.next("snapshot")
            # A promise changes two rows in one step: they leave together, and there is room for one.
            made = (await api.supervisor.post("/v1/callbacks", {"queue": "sales", "number": "+442079462003"})).json
            await quick.next("place", id=made["place"])
            await quick.next("callback", id=made["id"])
            await slow.ends()
            await api.supervisor.post(f"/v1/callbacks/{made['id']}/cancel")
            await quick.next("gone", id=made["id"])

"""callbackd's dialplan while callbackd is away, or there and asleep: nobody hears silence, nobody is lost."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from lab.asterisk import Asterisk
from lab.phones import Stage, answers, customer

pytestmark = pytest.mark.e2e


@pytest.fixture
async def stage(asterisk: Asterisk) -> AsyncIterator[Stage]:
    async with Stage.around(asterisk) as stage:
        yield stage
        print(stage.story())


@pytest.fixture
async def ari(asterisk: Asterisk) -> AsyncIterator[aiohttp.ClientSession]:
    secret = base64.b64encode(f"{asterisk.ari_user}:{asterisk.ari_password}".encode()).decode()
    headers = {"Authorization": f"Basic {secret}"}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
        yield session


@contextlib.asynccontextmanager
async def sleeper(asterisk: Asterisk, ari: aiohttp.ClientSession) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
    """Something that connects as callbackd and then only listens. Yields its events."""
    events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with ari.ws_connect(f"{asterisk.ari_url}/events?app=callbackd") as websocket:

        async def listen() -> None:
            async for message in websocket:
                events.put_nowait(message.json())

        listening = asyncio.create_task(listen())
        yield events
        listening.cancel()


async def event(events: asyncio.Queue[dict[str, Any]], kind: str, within: float = 5.0) -> dict[str, Any]:
    async with asyncio.timeout(within):
        while (found := await events.get())["type"] != kind:
            pass
    return found


async def test_a_caller_hears_music_and_is_served_by_the_fallback_queue(stage: Stage) -> None:
    agent = await stage.agent("agent1", behaviour=answers(after=0.3))
    caller = stage.caller("+442079460001")
    call = await caller.dial("8001", answered=True)
    music = await caller.hears_music(within=1)
    assert call.invited_at is not None
    assert music.start - call.invited_at < 1
    offered = await agent.next_call(15, answered=True)
    assert offered.invited_at is not None
    assert 9 < offered.invited_at - call.invited_at < 12
    await caller.hears(agent)
    await offered.hears(caller)
    assert caller.gaps(1.0) == []
    await offered.hangup()
    assert await caller.is_over() == "them"


async def test_a_feature_code_is_answered_by_a_tone(stage: Stage) -> None:
    agent = await stage.agent("agent1")
    call = await agent.dial("*50", answered=True)
    await call.hears_signal(within=2)
    assert await call.is_over() == "them"
    assert call.hearing.names() == {"signal"}
    assert call.gaps(1.0) == []


@pytest.mark.parametrize("trunk", ["trunk", "trunk-info"])
async def test_a_customer_hears_hello_and_sorry(
    stage: Stage, asterisk: Asterisk, ari: aiohttp.ClientSession, trunk: str
) -> None:
    port = asterisk.trunk_port if trunk == "trunk" else asterisk.trunk_info_port
    customers = await stage.customers(port=port, behaviour=answers(after=0.2))
    variables = {"CBD_ATTEMPT": "1", "CBD_HELLO": "hello-world", "CBD_SORRY": "vm-goodbye"}
    wanted = {
        "endpoint": f"PJSIP/+48111@{trunk}",
        "context": "callbackd-outbound",
        "extension": "s",
        "priority": "1",
        "timeout": "10",
    }
    async with ari.post(f"{asterisk.ari_url}/channels", params=wanted, json={"variables": variables}):
        pass
    call = await customers.next_call_to("+48111", answered=True)
    hello = await call.hears_voice(within=2)
    assert call.answered_at is not None
    assert hello.start - call.answered_at < 1
    assert await call.is_over() == "them"
    voices = call.hearing.spans("voice", gap=0.2)
    assert voices[-1].end - voices[0].start > 1.5
    assert call.gaps(1.0) == []
    assert {found.who for found in stage.calls} == {customer("+48111")}


async def test_the_dead_man_switch(stage: Stage, asterisk: Asterisk, ari: aiohttp.ClientSession) -> None:
    agent = await stage.agent("agent1", behaviour=answers(after=0.2))
    async with sleeper(asterisk, ari) as events:
        caller = stage.caller("+442079460001")
        call = await caller.dial("8005", answered=True)
        started = await event(events, "StasisStart")
        assert started["channel"]["caller"]["number"] == "+442079460001"
        offered = await agent.next_call(6, answered=True)
        assert call.answered_at is not None
        assert offered.invited_at is not None
        assert 2.5 < offered.invited_at - call.answered_at < 4
        await caller.hears(agent)
        assert caller.gaps(1.0) == []
        await caller.hangup()
        assert await offered.is_over() == "them"


@pytest.mark.parametrize("keys_by", ["rfc4733", "info"])
async def test_keys_reach_ari(stage: Stage, asterisk: Asterisk, ari: aiohttp.ClientSession, keys_by: str) -> None:
    async with sleeper(asterisk, ari) as events:
        caller = stage.caller("+442079460001", keys_by="info" if keys_by == "info" else "rfc4733")
        await caller.dial("8001", answered=True)
        await event(events, "StasisStart")
        await caller.press("1590*#")
        got = "".join([(await event(events, "ChannelDtmfReceived"))["digit"] for _ in range(6)])
        assert got == "1590*#"
        await caller.hangup()
        assert (await event(events, "StasisEnd"))["channel"]["caller"]["number"] == "+442079460001"

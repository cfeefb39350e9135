"""A small web server that answers as Asterisk does, or as a test wants it to."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from callbackd.ari.client import Address, Ari
from callbackd.ari.generated import ASTERISK_VERSION

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakeAsterisk:
    """Answers what a test tells it to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.answer: Handler = self.well
        self.asked: list[tuple[str, str, Any]] = []
        self.peers: list[Any] = []
        self.websockets: list[web.WebSocketResponse] = []
        self.pongs = True
        self.upgrade_status = 101
        self.echoes = True

    async def well(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"system": {"version": ASTERISK_VERSION, "entity_id": ""}})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.peers.append(request.transport.get_extra_info("peername") if request.transport else None)
        if request.headers.get("Upgrade") == "websocket" and self.upgrade_status == 101:
            return await self.stream(request)
        if request.path.endswith("/events"):
            return web.Response(status=self.upgrade_status)
        if "/events/user/" in request.path:
            hello = {"type": "ChannelUserevent", "eventname": request.path.rpartition("/")[2]}
            await self.say(*([hello] if self.echoes else []))
            return web.Response(status=204)
        body = await request.read()
        self.asked.append((request.method, request.path_qs, orjson.loads(body) if body else None))
        return await self.answer(request)

    async def stream(self, request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(autoping=self.pongs)
        await websocket.prepare(request)
        self.websockets.append(websocket)
        async for message in websocket:
            assert message.type is not WSMsgType.TEXT
        return websocket

    async def say(self, *events: Any) -> None:
        for event in events:
            await self.websockets[-1].send_str(event if isinstance(event, str) else orjson.dumps(event).decode())


@asynccontextmanager
async def serving(fake: FakeAsterisk, port: int = 0) -> AsyncIterator[FakeAsterisk]:
    application = web.Application()
    application.router.add_route("*", "/{anything:.*}", fake.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}/ari"
    try:
        yield fake
    finally:
        await runner.cleanup()


@asynccontextmanager
async def asking(fake: Any, **options: Any) -> AsyncIterator[Ari]:
    """The client without its event stream."""
    address = Address(fake if isinstance(fake, str) else fake.url, "callbackd", "secret")
    async with Ari(address, **options) as ari:
        yield ari


def json_answer(status: int, message: str = "because") -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"message": message}, status=status)

    return answer

"""The whole daemon with its API, on a real PostgreSQL, beside a small web server that answers as Asterisk."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from callbackd.access import Key, Role, hash_of, new_secret
from callbackd.app.main import serve
from callbackd.config.file import read
from callbackd.db import keys
from callbackd.db.engine import engine_for
from tests.ari.fake_asterisk import FakeAsterisk, serving
from tests.config.test_file import written

CENTRE = """
[ari]
password = "secret"
url = "{url}"
[ami]
enabled = false
[database]
url = "{database}"
[calling]
always = true
[api]
port = {port}
{api}
[limits]
block_hour = 1000
[queues.support]
[queues.sales]
slots = {{ enabled = false }}
[agents.alice]
endpoint = "PJSIP/agent1"
queues = ["support", "sales"]
[agents.bob]
endpoint = "PJSIP/agent2"
queues = ["support"]
reserve = "yes"
"""
ANNA, BEN = "+442079460101", "+442079460102"


class Empty(FakeAsterisk):
    """An Asterisk without a call."""

    async def well(self, request: web.Request) -> web.StreamResponse:
        lists = request.method == "GET" and request.path.rpartition("/")[2] in {"channels", "bridges", "endpoints"}
        return web.json_response([]) if lists else await super().well(request)


@dataclass
class Reply:
    status: int
    headers: Any
    json: Any
    text: str


@dataclass
class Client:
    """Asks as somebody: ``await client.get("/v1/status")``."""

    session: aiohttp.ClientSession
    base: str
    key: str = ""

    async def get(self, path: str, **more: Any) -> Reply:
        return await self.asks("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Reply:
        return await self.asks("POST", path, json={} if body is None else body, **more)

    async def asks(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> Reply:
        who = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        async with self.session.request(method, self.base + path, headers=who | (headers or {}), **more) as answer:
            text = await answer.text()
            is_json = "json" in answer.content_type and text
            return Reply(answer.status, answer.headers, await answer.json(content_type=None) if is_json else None, text)


@dataclass
class Api:
    """A daemon at work, and people who ask it. ``operator`` comes by the socket file."""

    port: int
    config: Any
    database_url: str
    log: list[Any]
    task: asyncio.Task[Any]
    operator: Client
    clients: dict[str, Client] = field(default_factory=dict)

    def __getattr__(self, role: str) -> Client:
        return self.clients[role]

    async def logged(self, event: str) -> None:
        async with asyncio.timeout(60):
            while event not in [line["event"] for line in self.log]:
                assert not self.task.done(), (await self.task, self.log)
                await asyncio.sleep(0.01)

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        from sqlalchemy import text

        engine = engine_for(self.database_url)
        try:
            async with engine.connect() as connection:
                return [dict(row) for row in (await connection.execute(text(sql))).mappings()]
        finally:
            await engine.dispose()

    async def makes_key(self, name: str, role: Role, **more: Any) -> str:
        secret = new_secret()
        engine = engine_for(self.database_url)
        await keys.add(engine, Key(name, role, hash_of(secret), time.time(), "test", **more))
        await engine.dispose()
        return secret


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def daemon(tmp_path, database_url, api: str = "", opens: str = "api_open"):
    """A daemon at work; ``opens`` is what it logs about its TCP port."""
    port = free_port()
    with capture_logs() as log:
        async with serving(Empty()) as fake:
            text = CENTRE.format(url=fake.url, database=database_url, port=port, api=api)
            config = read(written(tmp_path, f'state_dir = "{tmp_path}"\n' + text))
            task = asyncio.create_task(serve(config))
            by_file = aiohttp.UnixConnector(str(tmp_path / "api.sock"))
            async with aiohttp.ClientSession() as by_tcp, aiohttp.ClientSession(connector=by_file) as local:
                opened = Api(port, config, database_url, log, task, Client(local, "http://callbackd"))
                try:
                    await opened.logged("resynced")
                    await opened.logged(opens)
                    for role in Role:
                        more = {"agent": "alice"} if role is Role.AGENT else {}
                        key = await opened.makes_key(f"the-{role}", role, **more)
                        opened.clients[role.value] = Client(by_tcp, f"http://127.0.0.1:{port}", key)
                    opened.clients["nobody"] = Client(by_tcp, f"http://127.0.0.1:{port}")
                    yield opened
                finally:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP):
        asyncio.get_running_loop().remove_signal_handler(number)


@pytest.fixture(scope="module")
async def api(tmp_path_factory, module_database_url):
    async with daemon(tmp_path_factory.mktemp("api"), module_database_url, "per_s = 500") as opened:
        yield opened


@pytest.fixture
async def fresh_api(tmp_path, database_url):
    async with daemon(tmp_path, database_url) as opened:
        yield opened

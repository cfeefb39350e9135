"""Asks a running daemon by its socket file, as the operator of the machine does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from callbackd.api.server import SOCKET
from lab.daemon import Daemon


@dataclass(frozen=True)
class Reply:
    status: int
    json: Any
    headers: Mapping[str, str]


async def ask(daemon: Daemon, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
    connector = aiohttp.UnixConnector(str(daemon.dir / "state" / SOCKET))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.request(method, f"http://callbackd{path}", json=body) as answer,
    ):
        json = await answer.json(content_type=None) if await answer.read() else None
        return Reply(answer.status, json, dict(answer.headers))

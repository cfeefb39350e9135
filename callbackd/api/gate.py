"""Lets a bounded number of clients in, and sends away those who hold a connection and ask nothing.

The daemon has files to open for calls: connections of clients must not use them up, whatever they do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from aiohttp import web

IDLE_S = 20.0
"""For how long a client may be slow to ask, to send, or to take its answer."""
SWEEP_S = 2.0


class _Full(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).abort()


class Gate:
    """Made for one listener; call it as the listener's protocol factory."""

    def __init__(self, server: web.Server, most: int) -> None:
        self._server = server
        self._most = most
        self._busy: set[object] = set()
        self._seen: dict[object, float] = {}

    def __call__(self) -> asyncio.BaseProtocol:
        return self._server() if len(self._server.connections) < self._most else _Full()

    @contextmanager
    def serving(self, request: web.BaseRequest) -> Iterator[None]:
        """While this lasts the client waits for us, and not we for the client."""
        handler = request.protocol
        self._busy.add(handler)
        try:
            yield
        finally:
            self._busy.discard(handler)
            self._seen[handler] = asyncio.get_running_loop().time()

    def sweep(self, now: float) -> None:
        """Cut off every client that has been idle for too long."""
        connections = self._server.connections
        self._seen = {one: self._seen.get(one, now) for one in connections}
        for one in connections:
            if one not in self._busy and now - self._seen[one] > IDLE_S and one.transport:
                one.transport.abort()

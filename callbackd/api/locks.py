"""One lock for each thing that is being changed: nobody else who asks by the API comes in between reading its version
and the answer of the door. What happens on the telephone meanwhile, the door looks at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Locks:
    def __init__(self) -> None:
        self._held: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, what: str) -> AsyncIterator[None]:
        lock, users = self._held.get(what, (asyncio.Lock(), 0))
        self._held[what] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._held.pop(what)
            if users > 1:
                self._held[what] = lock, users - 1

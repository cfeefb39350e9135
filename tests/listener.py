"""What is behind a client's line in a test: it notes how the line is, and waits for facts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Listener:
    def __init__(self, patience_s: float) -> None:
        self.patience_s = patience_s
        self.links: list[object] = []
        self.news = asyncio.Event()
        """To be set whenever something may have become true."""

    def link(self, link: object, _: str) -> None:
        self.links.append(link)
        self.news.set()

    async def until(self, fact: Callable[[], object]) -> None:
        async with asyncio.timeout(self.patience_s):
            while not fact():
                self.news.clear()
                await self.news.wait()

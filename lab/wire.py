"""A line that fails when a test wants it to: it stands between a client and a server, on TCP or on socket files.

async with Wire(("127.0.0.1", 0), ("127.0.0.1", 8088)) as wire:
    wire.lose_reply(b"POST /ari/channels")
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

Address = Path | tuple[str, int]
"""A socket file, or host and port; where we listen, port 0 means any."""


@dataclass
class _Line:
    """One connection."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None
    opening: bytes = b""
    """The first bytes that the client sent."""
    warned: bool = False
    """Whether the client has sent what must come before the word."""
    deaf: bool = False
    """Whether the client gets nothing any more."""
    obeyed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server has answered a deaf client."""


@dataclass
class _Word:
    """The bytes that trigger the next failure."""

    text: bytes
    by_server: bool = False
    forward: bool = False
    then_close: bool = False
    after: bytes = b""
    act: Callable[[], None] | None = None
    """Called instead of cutting."""


class Wire:
    """``async with Wire(here, there)``. A word to be lost is lost once, and sets ``failed``."""

    def __init__(self, here: Address, there: Address) -> None:
        self.here, self.there = here, there
        self.open = True
        """Whether new connections are accepted; otherwise they are reset at once."""
        self.delay_s = 0.0
        """The seconds that all bytes take to arrive, in either direction."""
        self.failed = asyncio.Event()
        self.counts: Counter[str] = Counter()
        """How many connections were accepted (``taken``) and turned away (``refused``)."""
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._word: _Word | None = None
        self._keep_ghosts = False
        self._lines: list[_Line] = []
        self._ghosts: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        assert not isinstance(self.here, Path)
        return self.here[1]

    # --- what it can do to you ---

    def lose_request(self, word: bytes, *, after: bytes = b"", then_close: bool = False) -> None:
        """Cut the next connection whose client sends ``word`` (having sent ``after``), before the server gets it."""
        self._expect(_Word(word, then_close=then_close, after=after))

    def lose_reply(self, word: bytes, *, after: bytes = b"", then_close: bool = False) -> None:
        """Let the server get and obey ``word``, and cut when it has answered, before the client gets the answer."""
        self._expect(_Word(word, forward=True, then_close=then_close, after=after))

    def lose_news(self, word: bytes) -> None:
        """Cut the next connection whose server sends ``word``, before the client gets it."""
        self._expect(_Word(word, by_server=True))

    def when_said(self, word: bytes, act: Callable[[], None]) -> None:
        """Cut nothing, but call ``act`` just before the server gets ``word`` from the client."""
        self._expect(_Word(word, act=act))

    def cut_all(self, *, ghosts: bool = False) -> None:
        """Cut every connection; with ``ghosts`` the server does not notice and keeps its sessions."""
        self._keep_ghosts = ghosts
        self.cut(b"")

    def cut(self, opening: bytes) -> int:
        """How many connections were opened with these bytes. Cuts them."""
        chosen = [line for line in self._lines if opening in line.opening]
        for line in chosen:
            line.client.transport.abort()
        self._lines = [line for line in self._lines if line not in chosen]
        return len(chosen)

    def swallow(self) -> None:
        """Become a black hole: connections stay and can be made, but no bytes arrive until ``heal``."""
        self._flowing.clear()

    def heal(self) -> None:
        """Work again. Swallowed bytes arrive, as over a network that has come back."""
        self.open, self.delay_s, self._word = True, 0.0, None
        self._flowing.set()

    def _expect(self, word: _Word) -> None:
        self._word = word
        self.failed.clear()
        for line in self._lines:
            line.warned = False

    @property
    def connections(self) -> int:
        return len(self._lines)

    # --- the line ---

    async def __aenter__(self) -> Self:
        if isinstance(self.here, Path):
            self._listener = await asyncio.start_unix_server(self._on_client, self.here)
        else:
            self._listener = await asyncio.start_server(self._on_client, *self.here)
            self.here = self._listener.sockets[0].getsockname()[:2]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listener.close()
        for ghost in self._ghosts:
            ghost.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for line in self._lines:
            line.client.transport.abort()

    def _on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counts["taken" if self.open else "refused"] += 1
        if self.open:
            self._lines.append(line := _Line(writer))
            self._start(self._serve(reader, line))
        else:
            writer.transport.abort()

    def _start(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _serve(self, reader: asyncio.StreamReader, line: _Line) -> None:
        try:
            await self._flowing.wait()
            with suppress(OSError):
                from_server, line.server = await _reach(self.there)
                back = self._start(self._answer(from_server, line))
                await self._listen(reader, line, line.server, back)
        finally:
            line.client.transport.abort()
            if line in self._lines:
                self._lines.remove(line)
            if line.server and self._keep_ghosts:
                self._ghosts.append(line.server)
            elif line.server:
                line.server.close()

    async def _listen(
        self, client: asyncio.StreamReader, line: _Line, server: asyncio.StreamWriter, back: asyncio.Task[None]
    ) -> None:
        async def hear(said: bytes) -> bool:
            line.opening = line.opening or said
            word = self._said(said, line, by_server=False)
            if word is None or word.forward:
                line.deaf = word is not None
                server.write(said)
            if word is None:
                return True
            if word.forward:
                await line.obeyed.wait()
            back.cancel()
            self._fail(word)
            return False

        await self._pump(client, hear)

    async def _answer(self, from_server: asyncio.StreamReader, line: _Line) -> None:
        async def hear(said: bytes) -> bool:
            if line.deaf:
                line.obeyed.set()
                return True
            if word := self._said(said, line, by_server=True):
                self._fail(word)
                return False
            line.client.write(said)
            return True

        await self._pump(from_server, hear)
        line.obeyed.set()  # after this it never will
        line.client.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, hear: Callable[[bytes], Awaitable[bool]]) -> None:
        with suppress(OSError):
            while said := await reader.read(65536):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                await self._flowing.wait()
                if not await hear(said):
                    return
        await self._flowing.wait()  # a black hole swallows the goodbye, too

    def _said(self, said: bytes, line: _Line, *, by_server: bool) -> _Word | None:
        word = self._word
        if word is None or word.by_server is not by_server:
            return None
        line.warned = line.warned or word.after in said
        if not line.warned or word.text not in said:
            return None
        self._word = None
        if word.act:
            word.act()
            self.failed.set()
            return None
        return word

    def _fail(self, word: _Word) -> None:
        self.open = not word.then_close
        self.failed.set()


async def _reach(there: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(there, Path):
        return await asyncio.open_unix_connection(there)
    return await asyncio.open_connection(*there)

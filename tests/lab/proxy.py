"""A line that fails when it is told to: stands between a client and a server on socket files."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Self


class Proxy:
    """``async with Proxy(path, server)``. One failure at a time; each happens once and sets ``failed``."""

    def __init__(self, path: Path, server: Path) -> None:
        self._path = path
        self._server = server
        self._word = b""
        self._forward = False
        self._then_close = False
        self._keep_ghosts = False
        self._ghosts: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.open = True
        """Whether new connections are taken."""
        self.failed = asyncio.Event()

    def lose_request(self, word: bytes) -> None:
        """Cut the next connection whose client says ``word``, before the server hears it."""
        self._word, self._forward = word, False
        self.failed.clear()

    def lose_reply(self, word: bytes, *, then_close: bool = False) -> None:
        """Let the server hear and obey ``word``, and cut before the client hears so."""
        self._word, self._forward, self._then_close = word, True, then_close
        self.failed.clear()

    def cut_all(self, *, ghosts: bool = False) -> None:
        """Cut every connection; with ``ghosts`` the server is not told and keeps its sessions."""
        self._keep_ghosts = ghosts
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_unix_server(self._on_client, self._path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listener.close()
        for ghost in self._ghosts:
            ghost.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.open:
            self._writers.append(writer)
            self._tasks.add(asyncio.create_task(self._serve(reader, writer)))
        else:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self._server)
        back = asyncio.create_task(self._pump(from_server, writer))
        self._tasks.add(back)
        try:
            await self._listen(reader, to_server, back)
        finally:
            writer.transport.abort()
            if self._keep_ghosts:
                self._ghosts.append(to_server)
            else:
                to_server.close()

    async def _listen(
        self, client: asyncio.StreamReader, server: asyncio.StreamWriter, back: asyncio.Task[None]
    ) -> None:
        with suppress(OSError):
            while said := await client.read(65536):
                if self._word and self._word in said:
                    back.cancel()
                    await self._fail(said, server)
                    return
                server.write(said)

    async def _fail(self, said: bytes, server: asyncio.StreamWriter) -> None:
        self._word = b""
        if self._forward:
            self.open = not self._then_close
            server.write(said)
            await server.drain()
        self.failed.set()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while said := await reader.read(65536):
                writer.write(said)
        writer.transport.abort()

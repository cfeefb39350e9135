"""Who is asking: the operator of this machine by the socket, everybody else by a key."""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
import struct
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from aiohttp import web

from callbackd.access import Key, Role, Who, hash_of
from callbackd.api.locks import Locks
from callbackd.api.pace import Pace
from callbackd.api.problems import Kind, Problem

KNOWN_S = 10.0
"""For how long a key that was looked up is not looked up again: a revoked key counts for this long."""
_MOST = 1024
_CREDENTIALS = struct.Struct("3i")


def operator(request: web.Request) -> Who:
    """Root, or the user that the daemon runs as, named by the kernel. Raises ``Problem`` for any other."""
    connection = request.transport.get_extra_info("socket") if request.transport else None
    if connection is None:
        raise Problem(Kind.NOT_KNOWN, "the connection is closed")
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(raw)
    if uid not in (0, os.geteuid()):
        raise Problem(Kind.NOT_ALLOWED, "this socket is for root and for the user that callbackd runs as")
    try:
        return Who(pwd.getpwuid(uid).pw_name, Role.ADMIN, "cli")
    except KeyError:
        return Who(f"uid {uid}", Role.ADMIN, "cli")


class Keys:
    """Looks keys up, and remembers those that count for ``KNOWN_S``.

    Wrong ones are limited for each address, so that guessing costs the database nothing.
    """

    def __init__(self, look_up: Callable[[str], Awaitable[Key | None]], clock: Callable[[], float]) -> None:
        self._look_up = look_up
        self._clock = clock
        self._known: OrderedDict[str, tuple[Key, float]] = OrderedDict()
        self._looking = Locks()
        self._wrong = Pace(per_s=0.5, burst=20)

    async def who(self, request: web.Request) -> Who:
        """Raises ``Problem``."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise _unknown("send the key as Authorization: Bearer cbd_…")
        digest, now = hash_of(secret.strip()), asyncio.get_running_loop().time()
        async with self._looking.of(digest):  # those who come with the same key wait for one look
            key, until = self._known.get(digest, (None, 0.0))
            if key is None or now >= until:
                key = await self._looked_up(digest, request.remote or "", now)
        if not key.counts(self._clock()):
            raise _unknown("the key has expired or was revoked")
        return Who(key.name, key.role, "api", key.agent)

    async def _looked_up(self, digest: str, address: str, now: float) -> Key:
        """The key. Raises ``Problem`` when there is none, or without a look when too many from there were wrong."""
        if digest not in self._known and (wait_s := self._wrong.wait_s(address, now, counts=False)):
            raise Problem(Kind.TOO_MANY_REQUESTS, headers={"Retry-After": str(round(wait_s) + 1)})
        key = await self._look_up(digest)
        if key is None:
            self._wrong.wait_s(address, now)
            raise _unknown("there is no such key")
        self._remember(digest, key, now)
        return key

    def _remember(self, digest: str, key: Key, now: float) -> None:
        self._known[digest] = key, now + KNOWN_S
        self._known.move_to_end(digest)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)


def _unknown(detail: str) -> Problem:
    return Problem(Kind.NOT_KNOWN, detail, headers={"WWW-Authenticate": 'Bearer realm="callbackd"'})

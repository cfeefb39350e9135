"""Brings acts to the door, and each answer back to the person who asked, once it is committed."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from callbackd.access import Who
from callbackd.api.problems import Kind, Problem
from callbackd.domain.events import Asked, WantedAct

MOST = 64
"""Acts that may be under way at a time. The door is for calls first."""
PATIENCE_S = 8.0
"""A commit takes milliseconds; after this long the database is going away."""


@dataclass(frozen=True, slots=True)
class Answer:
    done: bool
    why: str
    """Why it was not done."""
    subject: str
    """The id of what it made."""


class Desk:
    def __init__(self, post: Callable[[Asked], None], writes: Callable[[], bool]) -> None:
        """``post`` puts an event before the door; ``writes`` is whether the database can be written to now."""
        self._post = post
        self._writes = writes
        self._waiting: dict[str, asyncio.Future[Answer]] = {}

    def answered(self, request: str, done: bool, why: str, subject: str) -> None:
        """The journal has written down the answer to a request, perhaps one of ours."""
        waiting = self._waiting.get(request)
        if waiting and not waiting.done():
            waiting.set_result(Answer(done, why, subject))

    async def ask(self, who: Who, act: WantedAct, reason: str) -> Answer:
        """What became of the act. Raises ``Problem`` when that cannot be known now."""
        if not self._writes():
            raise Problem(Kind.NOT_NOW, "the database is away: nothing can be written down", headers=_SOON)
        if len(self._waiting) >= MOST:
            raise Problem(Kind.NOT_NOW, f"{MOST} acts are under way", headers={"Retry-After": "1"})
        request = secrets.token_hex(16)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[request] = answer
        try:
            self._post(Asked(request, who.name, who.source, act, reason))
            async with asyncio.timeout(PATIENCE_S):
                return await answer
        except TimeoutError:
            detail = "it is not known whether it was done: it was not written down in time; look before you ask again"
            raise Problem(Kind.NOT_NOW, detail, headers=_SOON) from None
        finally:
            del self._waiting[request]


_SOON = {"Retry-After": "5"}

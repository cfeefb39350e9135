"""How the daemon is: one truth for its service manager, its health addresses and its status."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from callbackd.app.notify import stuck_parts
from callbackd.app.runner import Runner
from callbackd.ari.client import Ari
from callbackd.db.journal import Journal
from callbackd.domain.acd import Acd
from callbackd.domain.events import Event, TimePassed

PATIENCE_S = 10.0
"""A part that has not moved for this long although it was poked is stuck."""
_LOOKS = 20
_LOOK_EVERY_S = 0.05


class Vitals:
    def __init__(self, acd: Acd, runner: Runner, journal: Journal, ari: Ari, post: Callable[[Event], None]) -> None:
        self._acd = acd
        self._ari = ari
        self._post = post
        self.moved: Mapping[str, Callable[[], float]] = {
            "loop": lambda: runner.moved_at,
            "reader": lambda: ari.moved_at,
            "journal": lambda: journal.moved_at,
        }
        """For each part that must move, when it last did."""

    async def poke(self) -> None:
        """Have idle parts move."""
        self._post(TimePassed())
        await self._ari.poke()

    async def stuck(self) -> list[str]:
        """The parts that do not move. What moved lately is not asked; what has been idle is poked and given a
        second."""
        if self._stuck():
            poke = asyncio.create_task(self.poke(), name="poke")
            for _ in range(_LOOKS):
                if not self._stuck():
                    break
                await asyncio.sleep(_LOOK_EVERY_S)
            poke.cancel()
        return self._stuck()

    def missing(self) -> list[str]:
        """What is missing for calls to be served and customers to be rung."""
        world = self._acd.state.world
        there = {
            "the database is away": world.database,
            "Asterisk is not connected": world.pbx,
            "it is draining, to hand over or to end": not world.draining,
        }
        return [what for what, fine in there.items() if not fine]

    def leads(self) -> bool:
        """Whether we have the right to dial. It is held by a session of the database: without one, perhaps not."""
        world = self._acd.state.world
        return world.database and not world.draining

    def _stuck(self) -> list[str]:
        return stuck_parts(self.moved, asyncio.get_running_loop().time(), PATIENCE_S)

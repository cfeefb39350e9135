"""The live feed (server-sent events): what the centre is, then each change as it happens.

A change is encoded once for all viewers of the same audience. Each viewer has a bounded queue: one who is too slow is
cut off, comes back with ``Last-Event-ID``, and gets what was missed, or everything anew. The runner only notes which
rows have changed; all work is done later, outside its step.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from callbackd.access import Role, Who
from callbackd.api import models, views
from callbackd.api.centre import Centre
from callbackd.api.problems import Kind, Problem
from callbackd.domain.commands import Changed, Command
from callbackd.domain.events import Event
from callbackd.domain.ids import AgentId, CallbackId, EntryId
from callbackd.domain.lives.agent import Agent
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.entry import Entry

MOST = 40
"""Viewers at a time."""
BEHIND = 200
"""Messages that may wait for one viewer."""
REMEMBERED = 1000
"""Messages that are kept for viewers who come back."""
TOGETHER_S = 0.1
"""Changes within this time leave together, each row once."""
FIGURES_S = 1.0
ALIVE_S = 15.0

log = structlog.get_logger("api")

_LOOKING = Who("", Role.VIEWER, "")
_KNOWING = Who("", Role.AGENT, "")
_AUDIENCES = (_LOOKING, _KNOWING)


@dataclass(frozen=True, slots=True)
class Message:
    id: int
    sent: tuple[bytes, bytes]
    """As it is sent to viewers, and to those who see numbers."""


@dataclass(eq=False, slots=True)
class _Viewer:
    knows: bool
    queue: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(BEHIND))

    def end(self) -> None:
        """Send nothing more; what waits is dropped if it must be."""
        while True:
            try:
                self.queue.put_nowait(None)
            except asyncio.QueueFull:
                self.queue.get_nowait()
            else:
                return


class Feed:
    def __init__(self) -> None:
        self._changed: dict[tuple[type, str], None] = {}
        self._some = asyncio.Event()
        self._viewers: set[_Viewer] = set()
        self._kept: deque[Message] = deque(maxlen=REMEMBERED)
        self._last = 0
        self._figures = ""

    def watch(self, _: Event, step: Sequence[Command], __: float) -> None:
        """Note which rows a step has changed."""
        if not self._viewers:
            if self._kept:  # nobody sees what happens now: who comes back gets everything anew
                self._kept.clear()
                self._last += 1
            return
        for command in step:
            if isinstance(command, Changed) and isinstance(command.row, Entry | Agent | Callback):
                self._changed[type(command.row), command.row.id] = None
        if self._changed:
            self._some.set()

    async def run(self, centre: Centre) -> None:
        """Send changes, and figures every second while somebody looks, until cancelled."""
        figures_at = 0.0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(FIGURES_S if self._viewers else None):
                    await self._some.wait()
            await asyncio.sleep(TOGETHER_S)
            try:
                self._send_changes(centre)
                if self._viewers and asyncio.get_running_loop().time() >= figures_at:
                    figures_at = asyncio.get_running_loop().time() + FIGURES_S
                    self._send_figures(centre)
            except Exception:
                log.exception("feed_failed", why="a fault of callbackd; viewers come back, calls are not affected")
                self.end()

    async def messages(self, centre: Centre, who: Who, last: str) -> AsyncGenerator[bytes, None]:
        """What to send to somebody who has seen ``last``, until they are cut off. Raises ``Problem``."""
        if len(self._viewers) >= MOST:
            raise Problem(Kind.NOT_NOW, f"{MOST} viewers are connected", headers={"Retry-After": "10"})
        viewer = _Viewer(who.role.covers(Role.AGENT))
        for sent in self._missed(centre, last, viewer.knows):
            viewer.queue.put_nowait(sent)
        self._viewers.add(viewer)
        self._some.set()
        try:
            while True:
                try:
                    async with asyncio.timeout(ALIVE_S):
                        sent_next = await viewer.queue.get()
                except TimeoutError:
                    sent_next = b": nothing new\n\n"
                if sent_next is None:
                    return
                yield sent_next
        finally:
            self._viewers.discard(viewer)

    def end(self) -> None:
        """Cut everybody off."""
        for viewer in self._viewers:
            viewer.end()

    # --- what is sent -------------------------------------------------------------------------------------------------

    def _missed(self, centre: Centre, last: str, knows: bool) -> list[bytes]:
        """What came after ``last`` if that is still known and not too much, else a snapshot."""
        epoch, _, n = last.partition("-")
        if epoch == str(centre.epoch()) and n.isdecimal() and len(n) < 19:
            after = [message for message in self._kept if message.id > int(n)]
            known = self._kept[0].id - 1 if self._kept else self._last
            if known <= int(n) <= self._last and len(after) < BEHIND:
                return [message.sent[knows] for message in after]
        return [self._encoded(centre, self._last, "snapshot", self._snapshot(centre, _AUDIENCES[knows]))]

    def _snapshot(self, centre: Centre, who: Who) -> dict[str, object]:
        state = centre.acd.state
        return {
            "status": views.status(centre).model_dump(mode="json"),
            "queues": [views.queue(centre, name).model_dump(mode="json") for name in centre.settings.queues],
            "places": [views.standing(centre, entry, who).model_dump(mode="json") for entry in state.entries.values()],
            "agents": [
                views.agent(centre, shown).model_dump(mode="json") for shown in centre.acd.agents_shown(centre.clock())
            ],
        }

    def _send_changes(self, centre: Centre) -> None:
        changed, self._changed = self._changed, {}
        self._some.clear()
        state = centre.acd.state
        agents = {shown.agent: shown for shown in centre.acd.agents_shown(centre.clock())} if changed else {}
        for kind, id in changed:
            if kind is Agent:
                shown = views.agent(centre, agents[AgentId(id)])
                self._send(centre, "agent", shown, shown)
            elif kind is Entry and (entry := state.entries.get(EntryId(id))):
                self._send(centre, "place", *(views.standing(centre, entry, who) for who in _AUDIENCES))
            elif kind is Callback and (row := state.callbacks.get(CallbackId(id))):
                place = state.entries.get(row.entry)
                if place:
                    self._send(centre, "callback", *(views.callback((row, place), who) for who in _AUDIENCES))
            else:
                gone = models.Gone(kind="place" if kind is Entry else "callback", id=id)
                self._send(centre, "gone", gone, gone)

    def _send_figures(self, centre: Centre) -> None:
        figures = models.Page[models.Queue](items=[views.queue(centre, name) for name in centre.settings.queues])
        if (text := figures.model_dump_json()) != self._figures:
            self._figures = text
            self._send(centre, "figures", figures, figures)

    def _send(self, centre: Centre, event: str, for_viewers: models.Shown, for_others: models.Shown) -> None:
        self._last += 1
        one = self._encoded(centre, self._last, event, for_viewers)
        two = one if for_viewers is for_others else self._encoded(centre, self._last, event, for_others)
        message = Message(self._last, (one, two))
        self._kept.append(message)
        for viewer in self._viewers:
            try:
                viewer.queue.put_nowait(message.sent[viewer.knows])
            except asyncio.QueueFull:
                viewer.end()

    def _encoded(self, centre: Centre, id: int, event: str, shown: models.Shown | dict[str, object]) -> bytes:
        text = shown.model_dump_json() if isinstance(shown, models.Shown) else json.dumps(shown)
        return f"id: {centre.epoch()}-{id}\nevent: {event}\ndata: {text}\n\n".encode()

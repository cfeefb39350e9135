"""A lamp for each agent: the device state ``Stasis:callbackd-<agent>``, which a hint brings to telephones.

Agents see whether calls are coming; a blinking lamp shows that we paused them for missed rings. Lamps are set when an
agent's presence changes and when Asterisk is back, never for a call. Trouble with them affects nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog

from callbackd.ari.reply import Answer
from callbackd.domain.agents.floor import paused_for_misses
from callbackd.domain.commands import Changed, Command
from callbackd.domain.events import Event, PbxBack
from callbackd.domain.ids import AgentId
from callbackd.domain.lives.agent import Agent, Presence

log = structlog.get_logger("lamps")

_STATES = {Presence.AVAILABLE: "NOT_INUSE", Presence.PAUSED: "INUSE", Presence.LOGGED_OUT: "UNAVAILABLE"}
_BLINKS = "RINGING"


class Lamps:
    """Call ``watch`` with each step of the loop."""

    def __init__(
        self, update: Callable[[str, str], Awaitable[Answer[None]]], agents: Callable[[], Iterable[Agent]]
    ) -> None:
        """``update`` sets a device state by its name; ``agents`` returns all agents as they are now."""
        self._update = update
        self._agents = agents
        self._wanted: dict[AgentId, str] = {}
        self._shown: dict[AgentId, str] = {}
        self._setting: asyncio.Task[None] | None = None

    def watch(self, event: Event, step: Sequence[Command], _: float) -> None:
        if isinstance(event, PbxBack):
            self._shown.clear()
            self._want(self._agents())
        else:
            changes = (command.after for command in step if isinstance(command, Changed))
            self._want(row for row in changes if isinstance(row, Agent))

    def _want(self, agents: Iterable[Agent]) -> None:
        self._wanted.update({agent.id: lamp(agent) for agent in agents if self._shown.get(agent.id) != lamp(agent)})
        if self._wanted and self._setting is None:
            self._setting = asyncio.create_task(self._set(), name="lamps")
            self._setting.add_done_callback(self._over)

    def _over(self, setting: asyncio.Task[None]) -> None:
        self._setting = None
        if not setting.cancelled() and (failure := setting.exception()):
            log.error("lamps_failed", why=repr(failure))
        self._want(())

    async def _set(self) -> None:
        while self._wanted:
            id, state = self._wanted.popitem()
            answer = await self._update(f"Stasis:callbackd-{id}", state)
            if answer:
                self._shown[id] = state
            else:
                log.warning("lamp_not_set", agent=id, why=answer.reason)


def lamp(agent: Agent) -> str:
    """The device state for an agent. Dark: calls come. Lit: paused. Blinking: paused for missed rings."""
    return _BLINKS if paused_for_misses(agent) else _STATES[agent.presence]

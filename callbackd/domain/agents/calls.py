"""The desk for events about calls in hand, which go into the history: holds and dispositions."""

from __future__ import annotations

from typing import assert_never

from callbackd.domain.commands import Happening
from callbackd.domain.events import CallDisposed, CallEvent, LegHeld, LegUnheld
from callbackd.domain.ids import AgentId, LegId
from callbackd.domain.lives.agent import Activity, Agent
from callbackd.domain.state import State

_LONGEST = 64
"""The most characters of a disposition: it should be a word of the house's list, by which calls are counted."""

_LONGEST_NOTE = 2000


class Calls:
    def __init__(self, state: State) -> None:
        self._state = state

    def hear(self, event: CallEvent) -> None:
        match event:
            case LegHeld(leg):
                self._hold(leg, Happening.HELD)
            case LegUnheld(leg):
                self._hold(leg, Happening.UNHELD)
            case CallDisposed(endpoint, disposition):
                if id := self._state.settings.agent_at(endpoint):
                    self.said(id, Happening.DISPOSED, disposition)
            case _:
                assert_never(event)

    def said(self, id: AgentId, what: Happening, text: str) -> None:
        """Note the agent's disposition of, or remark on, the call in hand, else the agent's last one."""
        agent = self._state.agents[id]
        entry = self._state.entry(agent.entry) if agent.activity is Activity.TALKING else None
        longest = _LONGEST if what is Happening.DISPOSED else _LONGEST_NOTE
        word = "".join(c for c in text if c.isprintable() or c == "\n").strip()[:longest]
        self._state.happened(what, entry=entry, agent=id, text=word)

    def _hold(self, leg: LegId, what: Happening) -> None:
        agent = self._talking_on(leg)
        if agent and (entry := self._state.entry(agent.entry)):
            self._state.happened(what, entry=entry, agent=agent.id, leg=leg)

    def _talking_on(self, leg: LegId) -> Agent | None:
        """The agent in whose conversation this leg takes part."""
        state = self._state
        entry = state.entry_of(leg)
        agent = state.agent_of(leg) or (state.agent(entry.agent) if entry else None)
        return agent if agent and agent.activity is Activity.TALKING else None

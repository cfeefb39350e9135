"""The desk of direct callback windows: what calls and conversations do to them, and who goes straight to an agent."""

from __future__ import annotations

from dataclasses import replace

from callbackd.domain import numbers
from callbackd.domain.events import AgentDialled
from callbackd.domain.ids import AgentId
from callbackd.domain.lives import direct_window as window
from callbackd.domain.lives.direct_window import DirectWindow, Effect, Straight, Trigger, Window
from callbackd.domain.lives.entry import Entry
from callbackd.domain.lives.life import Ignored
from callbackd.domain.settings import AgentSettings
from callbackd.domain.settings import Direct as DirectSettings
from callbackd.domain.state import State


class DirectCallback:
    def __init__(self, state: State) -> None:
        self._state = state

    def dialled(self, event: AgentDialled) -> None:
        """An agent's own call to somebody outside is over, or was answered."""
        state = self._state
        agents = state.settings.agents.values()
        agent = next((a for a in agents if event.endpoint in {a.endpoint, *a.phones}), None)
        called = numbers.check(event.number, state.settings.numbers)
        if agent is None or isinstance(called, numbers.Refused):
            return  # strangers' calls and calls inside the house open no window
        trigger = Trigger.SUCCESSFUL if event.talked else Trigger.UNSUCCESSFUL
        self._happened(agent.id, called.number, trigger, self._settings(agent))

    def talked(self, entry: Entry, agent: AgentId) -> None:
        """Customer and agent talk in a call of the queue."""
        if entry.number:
            settings = self._settings(self._state.settings.agents[agent], entry)
            self._happened(agent, entry.number, Trigger.CONVERSATION, settings)

    def arrives(self, entry: Entry) -> Entry:
        """The entry for a caller: for one agent alone if a window is open. The window that was opened last counts."""
        state = self._state
        mine = [w for w in state.windows.values() if w.number == entry.number and w.expires_at > state.now]
        if not mine:
            return entry
        latest = max(mine, key=lambda w: (w.opened_at, w.id))
        settings = self._settings(state.settings.agents[latest.agent], entry)
        self._happened(latest.agent, entry.number, Trigger.CUSTOMER_CALL, settings)
        answer = window.decide(settings, state.agents[latest.agent], state.queue_of(entry).ring_s, state.now)
        entry = replace(entry, priority=entry.priority + settings.priority)
        if isinstance(answer, Straight):
            state.note(entry.id, f"straight to {latest.agent}", f"direct callback; {answer.reason}")
            return replace(entry, wanted=latest.agent, wanted_until=answer.until)
        state.note(entry.id, "not straight on", f"direct callback; {answer.reason}", priority=entry.priority)
        return entry

    def _happened(self, agent: AgentId, number: str, trigger: Trigger, settings: DirectSettings) -> None:
        state, id = self._state, window.of(agent, number)
        there = state.windows.get(id)
        there = there if there and there.expires_at > state.now else None
        effect = window.TABLE[settings.type, Window.OPEN if there else Window.NONE, trigger]
        if isinstance(effect, Ignored):
            if settings.type and (there or trigger is not Trigger.CONVERSATION):
                state.note(agent, f"{trigger.value}: window unchanged", effect.because, number=number)
            return
        if effect is Effect.CLOSE and there:
            state.put(replace(there, expires_at=state.now))
        elif effect is Effect.RESTART and there:
            state.put(replace(there, expires_at=state.now + settings.window_s))
        else:
            state.put(DirectWindow(id, agent, number, state.now, state.now + settings.window_s))
        state.note(agent, f"window: {effect.value}", trigger.value, number=number, for_s=settings.window_s)

    def _settings(self, agent: AgentSettings, entry: Entry | None = None) -> DirectSettings:
        """The agent's own, else those of the queue that is called if the agent serves it, else of the agent's first."""
        if agent.direct is not None:
            return agent.direct
        queues = self._state.settings.queues
        if entry and entry.queue in agent.queues:
            return queues[entry.queue].direct
        return queues[agent.queues[0]].direct if agent.queues else DirectSettings()

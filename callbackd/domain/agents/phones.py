"""The desk of agents' phones: what Asterisk knows about each phone is the truth, beside what our own calls make of it.

A phone in use while none of our legs is there is an own call of the agent, who is not rung meanwhile. A phone that is
off makes its agent away, until it is there again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from callbackd.domain.agents.floor import Floor, paused_for_misses
from callbackd.domain.callers.waiting import Waiting
from callbackd.domain.commands import Changed
from callbackd.domain.events import DeviceSeen, DeviceState
from callbackd.domain.ids import AgentId
from callbackd.domain.lives.agent import Activity, Agent, PresenceTrigger
from callbackd.domain.state import State
from callbackd.domain.state.state import DEVICE_SETTLES_S
from callbackd.domain.timers import Timer


class Phones:
    def __init__(self, state: State, waiting: Waiting, floor: Floor) -> None:
        self._state = state
        self._waiting = waiting
        self._floor = floor

    def seen(self, event: DeviceSeen) -> None:
        """A phone does something else. Agents are judged even if the state is not new: after a restart we know less."""
        state = self._state
        if state.devices.get(event.endpoint) is not event.state:
            state.device(event.endpoint, event.state)
        for id, settings in state.settings.agents.items():
            if event.endpoint in settings.watched:
                self.judge(id)

    def dials(self, endpoint: str) -> None:
        """The phone has dialled a code of ours, so it is in use. Asterisk reports that later, perhaps after somebody
        has been promised the agent.
        """
        state = self._state
        if state.devices.get(endpoint, DeviceState.UNKNOWN) is DeviceState.UNKNOWN:
            return
        for id, settings in state.settings.agents.items():
            if endpoint in settings.watched:
                state.left_at.pop(id, None)  # it is this call that the phone is in use by, and not the last of ours
        self.seen(DeviceSeen(endpoint, DeviceState.IN_USE))

    def see(self, changes: Sequence[Changed]) -> None:
        """Look at the facts of a step: where one of our legs came or went, the phone's state has another meaning."""
        for change in changes:
            before, row = change.before, change.after
            if isinstance(before, Agent) and isinstance(row, Agent) and (before.leg is None) != (row.leg is None):
                if row.leg is None:
                    self._state.left_at[row.id] = self._state.now
                self.judge(row.id)

    def judge(self, id: AgentId) -> None:
        """What the phone's state means for its agent now."""
        state, agent = self._state, self._state.agents[id]
        off = state.devices.get(state.settings.agents[id].endpoint) is DeviceState.OFF and agent.leg is None
        busy = state.in_use(id) and agent.leg is None and not self._is_rung_in_use(id)
        if busy and state.settles(id):
            state.timers.set(Timer.DEVICE, id, state.left_at[id] + DEVICE_SETTLES_S)
            busy = agent.own_call
        if off != agent.away:
            self._away(agent, off)
        if busy != agent.own_call:
            self._own_call(state.agents[id], busy)

    def _is_rung_in_use(self, id: AgentId) -> bool:
        own = self._state.settings.agents[id].ring_in_use
        return self._state.settings.ringing.ring_in_use if own is None else own

    def _own_call(self, agent: Agent, busy: bool) -> None:
        agent = self._put(replace(agent, own_call=busy))
        if agent.staffed and agent.leg is None:
            self._state.note(agent.id, "on an own call" if busy else "own call over", "by the state of the phone")

    def _away(self, agent: Agent, off: bool) -> None:
        state = self._state
        agent = self._put(replace(agent, away=off))
        if agent.staffed and agent.leg is None:
            state.note(agent.id, "away" if off else "back", f"the phone is {'off' if off else 'there again'}")
        if not off and state.settings.ringing.return_with_phone and paused_for_misses(agent):
            self._floor.set_presence(agent.id, PresenceTrigger.UNPAUSE, "the phone is there again")
        self._waiting.staff_changed()

    def _put(self, agent: Agent) -> Agent:
        if agent.ready and agent.activity is Activity.IDLE:
            agent = replace(agent, idle_since=self._state.now)
        return self._state.put(agent)

"""The desk of the agents: who is at work, who is rung for whom, who talks, and the time after the call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from callbackd.domain.callers.direct_callback import DirectCallback
from callbackd.domain.callers.waiting import Waiting
from callbackd.domain.commands import (
    DropBridge,
    HangUp,
    Join,
    MakeBridge,
    RingAgent,
    StopMusic,
)
from callbackd.domain.events import Ending, FeatureCode, FeatureCodeDialled, LegEnded, Party
from callbackd.domain.ids import AgentId, BridgeId, LegId, ring_of
from callbackd.domain.lives import agent as lives
from callbackd.domain.lives.agent import Activity, Agent, Presence, PresenceTrigger
from callbackd.domain.lives.conversation import ByAgent, go
from callbackd.domain.lives.dialogue import Dialogue, Stage
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState
from callbackd.domain.lives.life import Ignored, Move
from callbackd.domain.phrase import Fixed
from callbackd.domain.settings import Reserve
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State
from callbackd.domain.timers import Timer
from callbackd.domain.wait.estimator import Handled
from callbackd.domain.wait.place import Places

_SAID = {
    PresenceTrigger.LOGIN: Fixed.AGENT_LOGGED_IN,
    PresenceTrigger.LOGOUT: Fixed.AGENT_LOGGED_OUT,
    PresenceTrigger.PAUSE: Fixed.AGENT_PAUSED,
    PresenceTrigger.UNPAUSE: Fixed.AGENT_UNPAUSED,
}
_NOT_ANSWERED = "rings not answered in a row"
_BETWEEN_DIGITS_S = 3.0
"""Minutes that were keyed are complete when no digit has followed for this long."""
LONGEST_PAUSE_S = 12 * 3600.0
"""Nobody is expected back later than this: the rest of a long shift."""
_PICK_UP_S = 60.0
"""A ring that was picked up and waits for the agent's key counts as stuck only this long after the key was due."""
_FOLLOWS_S = 0.25
"""Somebody who takes both legs of a talk into the dialplan has taken the second this long after the first."""
_RING_GRACE_S = 5.0
"""Asterisk ends a ring itself; if it does not, we do so this much later."""


class Floor:
    def __init__(
        self, state: State, speech: Speech, waiting: Waiting, direct_callback: DirectCallback, places: Places
    ) -> None:
        self._state = state
        self._direct_callback = direct_callback
        self._speech = speech
        self._waiting = waiting
        self._places = places

    # --- presence -------------------------------------------------------------------------------------------------

    def feature_code(self, event: FeatureCodeDialled) -> None:
        """Carry out a code that an agent's phone dialled, and confirm it aloud each time it is dialled."""
        state = self._state
        if event.leg in state.dialogues:
            return
        dialogue = Dialogue(event.leg, Party.AGENT, Stage.LEAVING, state.settings.language)
        agents = state.settings.agents.values()
        agent = next((a for a in agents if event.endpoint in {a.endpoint, *a.phones}), None)
        if agent is None:
            state.note(event.leg, "feature code refused", f"{event.endpoint!r} is no agent's phone; see [agents]")
            self._speech.leave(dialogue, Fixed.NOT_AN_AGENT)
            return
        language = state.settings.queues[agent.queues[0]].language if agent.queues else state.settings.language
        dialogue = replace(dialogue, language=language, agent=agent.id)
        if event.code not in set(FeatureCode):
            state.note(agent.id, "feature code refused", f"{event.code!r} is none of {', '.join(FeatureCode)}")
            self._speech.leave(dialogue, Fixed.NOT_NOW)
            return
        told = (Fixed.AGENT_MISSED,) if paused_for_misses(state.agents[agent.id]) else ()
        answer = self._obey(agent.id, FeatureCode(event.code))
        if answer is not Fixed.AGENT_PAUSED:
            self._speech.leave(dialogue, *told, answer)
        elif event.minutes:
            self._speech.leave(dialogue, answer, *self._back_in(agent.id, event.minutes))
        else:
            self._speech.say(go(dialogue, Stage.PAUSING), answer, Fixed.AGENT_BACK_WHEN)

    def _obey(self, id: AgentId, code: FeatureCode) -> Fixed:
        """The phrase that answers the agent, after carrying the code out."""
        match code:
            case FeatureCode.EXTEND:
                return Fixed.AGENT_WRAP_UP_LONGER if self.extend_wrap_up(id) else Fixed.NOT_NOW
            case FeatureCode.READY:
                return Fixed.AGENT_READY if self.ready(id) else Fixed.NOT_NOW
            case FeatureCode.CALL_IN | FeatureCode.SEND_HOME:
                called_in = code is FeatureCode.CALL_IN
                done = self.call_in(id, called_in, "by feature code")
                return _reserve_said(called_in) if done else Fixed.NOT_NOW
        trigger = PresenceTrigger(code.value)
        refused = self.set_presence(id, trigger, "by feature code")
        not_in = self._state.agents[id].presence is Presence.LOGGED_OUT and trigger is not PresenceTrigger.LOGOUT
        return Fixed.NOT_NOW if refused and not_in else _SAID[trigger]

    def set_presence(self, id: AgentId, trigger: PresenceTrigger, reason: str) -> Ignored | None:
        """Change an agent's presence; a call in hand goes on. Returns why nothing changed, None when it did."""
        state, agent = self._state, self._state.agents[id]
        target = lives.PRESENCE[agent.presence, trigger]
        if isinstance(target, Ignored):
            state.note(id, f"{trigger.value} ignored", target.because)
            return target
        pause_reason = reason if target is Presence.PAUSED else ""
        changed = replace(agent, presence=target, pause_reason=pause_reason, misses=0, back_at=None)
        if trigger is PresenceTrigger.LOGIN:
            changed = replace(changed, calls=0)
        if target is Presence.AVAILABLE and agent.activity is Activity.IDLE:
            changed = replace(changed, idle_since=state.now, rest_until=0.0)
        state.put(changed)
        state.note(id, target.value, reason)
        if target is not Presence.AVAILABLE:
            self._take_ring(changed, target)
        self._waiting.staff_changed()
        return None

    def expect_back(self, id: AgentId, in_s: float) -> bool:
        """Note when a paused agent will be back; a later word replaces it. False when the agent is not paused."""
        state, agent = self._state, self._state.agents[id]
        if agent.presence is not Presence.PAUSED:
            state.note(id, "return not expected", "the agent is not paused")
            return False
        state.put(replace(agent, back_at=state.now + in_s))
        state.note(id, "expected back", f"in {in_s / 60:.0f} min, by the agent's word")
        return True

    def _back_in(self, id: AgentId, minutes: str) -> tuple[Fixed, ...]:
        """What to say to minutes that were keyed or dialled: nothing if they are none, or too many to be meant."""
        in_s = 60.0 * int(minutes) if minutes.isdecimal() else 0.0
        known = 0 < in_s <= LONGEST_PAUSE_S and self.expect_back(id, in_s)
        return (Fixed.AGENT_BACK_NOTED,) if known else (Fixed.NOT_NOW,)

    def _take_ring(self, agent: Agent, now: Presence) -> None:
        """Stop ringing an agent who pauses or goes home: the caller goes on to the next, and no ring was missed."""
        if agent.activity is not Activity.RINGING or agent.leg is None:
            return
        entry = self._state.entry(agent.entry)
        self._speech.end(agent.leg)
        self._state.do(HangUp(agent.leg, f"the agent is {now.value}"))
        self._off(agent.release())
        if entry:
            self._if_unanswered(entry)

    def call_in(self, id: AgentId, called_in: bool, reason: str) -> bool:
        """Call somebody in from the reserve, or send them back to their other work. False when not in reserve."""
        state = self._state
        if state.settings.agents[id].reserve is Reserve.NO:
            state.note(id, "reserve ignored", "the agent is not in reserve")
            return False
        state.put(replace(state.agents[id], called_in=called_in))
        state.note(id, "called in" if called_in else "sent back to the reserve", reason)
        self._waiting.staff_changed()
        return True

    # --- ringing --------------------------------------------------------------------------------------------------

    def ring(self, entry: Entry, agents: Sequence[AgentId], reason: str) -> None:
        """Ring these agents together for a live entry; the first to answer gets it."""
        state = self._state
        bridge = entry.bridge or state.mint.bridge(state.now)
        if entry.bridge is None:
            state.do(MakeBridge(bridge))
        entry = state.move(entry.ring(agents[0] if len(agents) == 1 else None, bridge))
        if entry.leg:
            self._waiting.being_rung(entry.leg)
        state.note(entry.id, "rings " + ", ".join(agents), reason, waited_s=round(state.now - entry.arrived_at, 1))
        for id in agents:
            self._ring_one(entry, state.agents[id])

    def _ring_one(self, entry: Entry, agent: Agent) -> None:
        state, queue = self._state, self._state.queue_of(entry)
        leg = state.mint.leg(state.now)
        state.offered_at.setdefault(agent.id, (entry.queue, state.now))
        state.last_rung[entry.queue] = agent.id
        state.move(agent.ring(entry.id, leg))
        state.timers.set(Timer.RING, leg, state.now + queue.ring_s + _RING_GRACE_S)
        endpoint = state.settings.agents[agent.id].endpoint
        state.do(RingAgent(leg, endpoint, entry.number, entry.queue, queue.ring_s, entry.id))

    def ring_ended(self, agent: Agent, event: LegEnded) -> None:
        """The agent's phone rings no longer. Only what a person let ring, or declined by hand, is a missed ring."""
        why = f"{event.ending.value} (cause {event.cause}, SIP {event.tech_cause})"
        if _let_ring(event) or _declined(event):
            self.ring_over(agent, why)
        else:
            self.not_reached(agent, why)

    def ring_over(self, agent: Agent, reason: str) -> None:
        """The agent did not answer: it counts, and the caller keeps the place."""
        state, entry = self._state, self._state.entry(agent.entry)
        self._off(agent.miss())
        agent = self._rest(agent.id, misses=agent.misses + 1)
        state.note(agent.id, "missed a ring", reason, in_a_row=agent.misses)
        if 0 < state.settings.ringing.rona_limit <= agent.misses and agent.presence is Presence.AVAILABLE:
            self.set_presence(agent.id, PresenceTrigger.PAUSE, f"{agent.misses} {_NOT_ANSWERED}")
        if entry:
            self._if_unanswered(entry)

    def not_reached(self, agent: Agent, reason: str) -> None:
        """The agent's phone was busy, off or elsewhere: nobody let it ring. The agent rests, and is tried again."""
        state, entry = self._state, self._state.entry(agent.entry)
        self._off(agent.miss())
        self._rest(agent.id, misses=agent.misses)
        state.note(agent.id, "not reached", reason, rests_s=state.settings.ringing.miss_rest_s)
        if entry:
            self._if_unanswered(entry)

    def _rest(self, id: AgentId, misses: int) -> Agent:
        """Leave the agent alone for a while."""
        state = self._state
        rest_until = state.now + state.settings.ringing.miss_rest_s
        state.timers.set(Timer.REST, id, rest_until)
        return state.put(replace(state.agents[id], misses=misses, rest_until=rest_until, idle_since=state.now))

    def _if_unanswered(self, entry: Entry) -> None:
        if entry.state is EntryState.RINGING and not self._state.rung_for(entry):
            self._waiting.unanswered(self._state.move(entry.unanswered()))

    def stop_ringing(self, entry: Entry, reason: str, but: AgentId | None = None) -> None:
        """End the rings for an entry; the agents are free again, and it does not count as a miss."""
        for agent in self._state.rung_for(entry):
            if agent.id != but and agent.leg:
                self._state.do(HangUp(agent.leg, reason, elsewhere=but is not None))
                self._off(agent.release())

    def release(self, id: AgentId) -> None:
        """Set free an agent who was reserved for a customer."""
        self._off(self._state.agents[id].release())

    def _off(self, move: Move[Agent]) -> None:
        if move.row.leg:
            self._state.timers.cancel(Timer.RING, move.row.leg)
        self._state.offered_at.pop(move.row.id, None)
        self._state.move(move)

    def answers_at(self, leg: LegId) -> Agent | None:
        """The agent who is rung at several telephones and answers at this one: that leg is the agent's now."""
        state, ring = self._state, ring_of(leg)
        agent = state.agent_of(ring)
        if agent is None or agent.activity is not Activity.RINGING:
            return None
        state.timers.cancel(Timer.RING, ring)
        return state.put(replace(agent, leg=leg))

    # --- agents who must prove that they are people -------------------------------------------------------------------

    def picked_up(self, leg: LegId) -> None:
        """An agent's phone was picked up: connect, or ask for the agent's key first."""
        agent = self._state.agent_of(leg)
        settings = self._state.settings.agents[agent.id] if agent else None
        if agent is None or agent.activity is not Activity.RINGING or settings is None or not settings.accept_key:
            self.answered(leg)
        elif leg not in self._state.dialogues:
            language = self._state.settings.language
            entry = self._state.entries.get(agent.entry) if agent.entry else None
            language = self._state.queue_of(entry).language if entry else language
            self._state.timers.set(Timer.RING, leg, self._state.now + _PICK_UP_S + settings.accept_s)
            self._state.note(agent.id, "asked to accept", f"key {settings.accept_key} shows that it is not voicemail")
            self._speech.say(Dialogue(leg, Party.AGENT, Stage.ACCEPTING, language), Fixed.AGENT_ACCEPT)

    def obey(self, dialogue: Dialogue, act: ByAgent, digit: str) -> None:
        match act:
            case ByAgent.PROVE:
                self._prove(dialogue, digit)
            case ByAgent.NOBODY:
                self._no_person(dialogue)
            case ByAgent.ADD_MINUTE_DIGIT:
                self._minute_digit(dialogue, digit)
            case ByAgent.END_MINUTES | ByAgent.PAUSE_IN_MINUTES:
                self._minutes_keyed(self._speech.hush(dialogue))
            case _:
                assert_never(act)

    def _prove(self, dialogue: Dialogue, digit: str) -> None:
        """Connect an agent who picked up, if the key is the right one."""
        agent = self._state.agent_of(dialogue.leg)
        if agent is None or digit != self._state.settings.agents[agent.id].accept_key:
            self._state.note(dialogue.leg, f"key {digit} ignored", "it does not accept the call")
            if dialogue.playback is None:
                self._speech.say(dialogue, Fixed.AGENT_ACCEPT)
            return
        self._speech.end(dialogue.leg)
        self.answered(dialogue.leg)

    def _minute_digit(self, dialogue: Dialogue, digit: str) -> None:
        dialogue = self._speech.keep(replace(self._speech.hush(dialogue), keyed=dialogue.keyed + digit))
        self._state.timers.set(Timer.REPLY, dialogue.leg, self._state.now + _BETWEEN_DIGITS_S)

    def _minutes_keyed(self, dialogue: Dialogue) -> None:
        said = self._back_in(dialogue.agent, dialogue.keyed) if dialogue.agent and dialogue.keyed else ()
        if said:
            self._speech.leave(dialogue, *said)
        else:
            self._speech.end(dialogue.leg)
            self._state.do(HangUp(dialogue.leg, "all is said"))

    def _no_person(self, dialogue: Dialogue) -> None:
        """No key came: the ring counts as missed, and the caller never heard it."""
        self._speech.end(dialogue.leg)
        self._state.do(HangUp(dialogue.leg, "picked up without accepting"))
        agent = self._state.agent_of(dialogue.leg)
        if agent and agent.activity is Activity.RINGING:
            self.ring_over(agent, "picked up without accepting: perhaps voicemail")

    # --- talking --------------------------------------------------------------------------------------------------

    def answered(self, leg: LegId) -> None:
        """An agent picked up: the first one gets the caller."""
        state, agent = self._state, self._state.agent_of(leg)
        entry = state.entries.get(agent.entry) if agent and agent.entry else None
        rings = agent is not None and agent.activity is Activity.RINGING
        if agent is None or entry is None or not rings or entry.leg is None or entry.bridge is None:
            state.note(leg, "agent's leg hung up", "nobody waits for it any more")
            state.do(HangUp(leg, "nobody waits for it any more"))
            return
        state.timers.cancel(Timer.RING, leg)
        self.stop_ringing(entry, "another agent was faster", but=agent.id)
        state.move(agent.connect())
        state.put(replace(state.agents[agent.id], misses=0, calls=agent.calls + 1))
        caller_leg, bridge = entry.leg, entry.bridge
        entry = state.move(entry.connect(agent.id, state.now))
        waited_s = round(state.now - entry.arrived_at, 1)
        state.note(entry.id, f"connected to {agent.id}", "the agent answered", waited_s=waited_s)
        self._speech.end(caller_leg)
        self._join(entry, bridge, caller_leg, leg)
        self._direct_callback.talked(entry, agent.id)

    def _join(self, entry: Entry, bridge: BridgeId, caller_leg: LegId, agent_leg: LegId) -> None:
        """Stop what blocks the leg, then bridge; the long dead-man switch is set last, as nobody waits for it."""
        state = self._state
        state.joining.add(entry.id)
        state.do(StopMusic(caller_leg), Join(bridge, (caller_leg, agent_leg)))
        self._speech.arm_talk(caller_leg)

    def join_again(self, entry: Entry) -> None:
        """Join two people who should be talking and were found outside their bridge: our request was lost."""
        state, agent = self._state, self._state.agent(entry.agent)
        if entry.id in state.joining or agent is None or agent.leg is None or entry.leg is None or entry.bridge is None:
            return
        state.note(entry.id, f"connected to {agent.id} again", "they were found apart")
        self._speech.stop_leftovers(entry.leg)
        self._join(entry, entry.bridge, entry.leg, agent.leg)

    def never_joined(self, entry: Entry, reason: str, *, left: bool = False) -> Entry:
        """Agent and caller never heard each other: the place waits as before, and the agent rests as after a miss.

        ``left`` when the agent's leg lives on in the dialplan and must not be hung up.
        """
        state, agent = self._state, self._state.agent(entry.agent)
        state.note(entry.id, "not connected after all", reason)
        if entry.bridge:
            state.do(DropBridge(entry.bridge, entry.leg))
        if entry.leg:
            state.timers.cancel(Timer.DEAD_MAN, entry.leg)
        if agent and agent.leg and not left:
            state.do(HangUp(agent.leg, reason))
        entry = state.move(entry.part())
        if agent:
            state.offered_at.pop(agent.id, None)
            state.move(agent.end(state.now))
            rest_until = state.now + state.settings.ringing.miss_rest_s
            state.move(state.agents[agent.id].wrapped(state.now, rest_until))
            state.timers.set(Timer.REST, agent.id, rest_until)
        return entry

    def talk_over(self, entry: Entry, who: str, *, left: bool = False, taken: bool = False) -> None:
        """Either side hung up: end the other side, and begin the agent's wrap-up.

        ``left`` when the caller's leg lives on in the dialplan and must not be hung up; ``taken`` when somebody took it
        there without us, who may be about to take the agent's leg as well.
        """
        state = self._state
        agent = state.agents[entry.agent] if entry.agent else None
        if agent and agent.leg and taken:
            state.timers.set(Timer.ALONE, agent.leg, state.now + _FOLLOWS_S)
            agent = state.put(replace(agent, rest_until=max(agent.rest_until, state.now + _FOLLOWS_S)))
            state.timers.set(Timer.REST, agent.id, agent.rest_until)
        for leg in (None if left else entry.leg, agent.leg if agent and not taken else None):
            if leg:
                state.do(HangUp(leg, f"the {who} hung up"))
        talked_s = round(state.now - (entry.connected_at or state.now), 1)
        self._speech.close(entry, EntryOutcome.SERVED, f"the {who} hung up after {talked_s} s")
        if agent:
            self._wrap_up(agent, entry)

    def left_alone(self, leg: LegId) -> None:
        """The agent's leg has not followed the caller's into the dialplan."""
        self._state.do(HangUp(leg, "the caller was taken elsewhere"))

    def _wrap_up(self, agent: Agent, entry: Entry) -> None:
        state = self._state
        own_s = state.settings.agents[agent.id].wrap_up_s
        until = state.now + (state.queue_of(entry).wrap_up_s if own_s is None else own_s)
        state.move(agent.end(until))
        state.timers.set(Timer.WRAP_UP, agent.id, until)
        if until <= state.now:
            state.timers.cancel(Timer.WRAP_UP, agent.id)
            self.wrapped(agent.id)

    def extend_wrap_up(self, id: AgentId) -> bool:
        """Whether there is a wrap-up; makes it longer, as the agent asked."""
        state, agent = self._state, self._state.agents[id]
        queue, _ = state.offered_at.get(id, (None, 0.0))
        if agent.activity is not Activity.WRAP_UP or queue is None:
            state.note(id, "wrap-up not extended", f"the agent is {agent.activity.value}")
            return False
        until = max(agent.wrap_up_until, state.now) + state.settings.queues[queue].wrap_up_extend_s
        state.put(replace(agent, wrap_up_until=until))
        state.timers.set(Timer.WRAP_UP, id, until)
        state.note(id, "wrap-up extended", "by the agent", by_s=state.settings.queues[queue].wrap_up_extend_s)
        return True

    def ready(self, id: AgentId) -> bool:
        """Whether there was a wrap-up; ends it, as the agent asked."""
        if self._state.agents[id].activity is not Activity.WRAP_UP:
            self._state.note(id, "wrap-up not ended", "there is no wrap-up")
            return False
        self._state.timers.cancel(Timer.WRAP_UP, id)
        self._state.note(id, "wrap-up ended", "by the agent")
        self.wrapped(id)
        return True

    def wrapped(self, id: AgentId) -> None:
        """The wrap-up is over: the agent is free again."""
        state = self._state
        queue, since = state.offered_at.pop(id, (None, 0.0))
        if queue:
            self._places.learn(Handled(queue, state.now - since, id))
        state.move(state.agents[id].wrapped(state.now))


def paused_for_misses(agent: Agent) -> bool:
    """Whether we paused the agent, and nobody else did."""
    return agent.presence is Presence.PAUSED and agent.pause_reason.endswith(_NOT_ANSWERED)


def _let_ring(event: LegEnded) -> bool:
    """Whether it rang for as long as we wanted, and nobody came. A phone that answers 480 by itself is set to "do not
    disturb"."""
    return event.ending is Ending.NO_ANSWER and not event.refused


def _declined(event: LegEnded) -> bool:
    """Whether somebody declined by hand: 603, or picked up and put down. Other refusals (403) are machines'; Q.850
    alone does not tell them apart."""
    return event.ending is Ending.NORMAL or (event.ending is Ending.REJECTED and event.tech_cause in {0, 603})


def _reserve_said(called_in: bool) -> Fixed:
    return Fixed.AGENT_CALLED_IN if called_in else Fixed.AGENT_SENT_HOME

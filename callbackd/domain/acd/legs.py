"""What becomes of legs: which arrived, ring, answered, entered, left or ended, and what that means for people."""

from __future__ import annotations

from typing import assert_never

from callbackd.domain import events as ev
from callbackd.domain.acd.transfers import Transfers
from callbackd.domain.agents.floor import Floor
from callbackd.domain.callers.menus import Menus
from callbackd.domain.callers.waiting import Waiting
from callbackd.domain.commands import DropBridge, HangUp, MakeBridge, SendToFallback
from callbackd.domain.dialler.customer import Customer
from callbackd.domain.dialler.dial import Dial
from callbackd.domain.dialler.outcome import Outcomes
from callbackd.domain.dialler.trace import Trace
from callbackd.domain.ids import BridgeId, LegId
from callbackd.domain.lives.agent import Activity, Agent
from callbackd.domain.lives.attempt import AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import CallbackState
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState
from callbackd.domain.recovery import restore
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State
from callbackd.domain.timers import Timer


class Legs:
    def __init__(
        self,
        state: State,
        speech: Speech,
        menus: Menus,
        waiting: Waiting,
        floor: Floor,
        transfers: Transfers,
        dial: Dial,
        customer: Customer,
        outcomes: Outcomes,
        trace: Trace,
    ) -> None:
        self._state = state
        self._speech = speech
        self._menus = menus
        self._waiting = waiting
        self._floor = floor
        self._transfers = transfers
        self._dial = dial
        self._customer = customer
        self._outcomes = outcomes
        self._trace = trace

    def hear(self, event: ev.LegEvent) -> None:
        match event:
            case ev.LegEnded():
                self._transfers.ended(event.leg)  # a leg that left us has not ended: it is at the outside number
                self._ended(event)
            case ev.CallArrived():
                self._arrived(event)
            case ev.LegRinging():
                self._ringing(event)
            case ev.LegAnswered():
                self._answered(event)
            case ev.LegEntered():
                self._entered(event)
            case ev.LegLeft():
                self._left(event)
            case ev.LegReplaced():
                self._transfers.replaced(event)
            case ev.TransferAsked():
                self._transfers.asked(event)
            case ev.Transferred():
                self._transfers.done(event)
            case ev.TransferFailed():
                self._transfers.failed(event)
            case ev.LegsJoined():
                self._joined(event)
            case ev.DialAccepted():
                self._dial_accepted(event)
            case ev.DialRefused():
                self._dial_refused(event)
            case ev.DialUnknown():
                self._dial_unknown(event)
            case ev.RequestFailed():
                self._request_failed(event)
            case ev.LegsSeen():
                self._seen(event)
            case _:
                assert_never(event)

    # --- a leg comes ----------------------------------------------------------------------------------------------

    def _arrived(self, event: ev.CallArrived) -> None:
        self._transfers.arrived(event.leg)
        if self._waiting.knows(event.leg):
            self._state.note(event.leg, "arrival ignored", "this call is known already")
            return
        self._menus.arrive(event)

    def _dial_accepted(self, event: ev.DialAccepted) -> None:
        if attempt := self._state.attempt_of(event.leg):
            self._dial.accepted_by_pbx(attempt)

    def _dial_refused(self, event: ev.DialRefused) -> None:
        if attempt := self._state.attempt_of(event.leg):
            self._outcomes.refused_by_pbx(attempt, event.reason)
        elif agent := self._rung(event.leg):
            self._floor.not_reached(agent, f"not dialled: {event.reason}")

    def _dial_unknown(self, event: ev.DialUnknown) -> None:
        if attempt := self._state.attempt_of(event.leg):
            self._trace.unknown(attempt, event.reason)
        elif agent := self._rung(event.leg):
            self._state.do(HangUp(event.leg, "the ring may or may not have begun"))
            self._floor.not_reached(agent, f"unknown whether it rang: {event.reason}")

    def _ringing(self, event: ev.LegRinging) -> None:
        if attempt := self._state.attempt_of(event.leg):
            self._dial.ringing(attempt)

    def _answered(self, event: ev.LegAnswered) -> None:
        if attempt := self._state.attempt_of(event.leg):
            self._customer.picked_up(attempt)

    def _entered(self, event: ev.LegEntered) -> None:
        if event.party is ev.Party.CUSTOMER:
            self._customer.entered(event.leg, event.attempt)
            return
        agent = self._state.agent_of(event.leg) or self._floor.answers_at(event.leg)
        if agent is None or agent.activity is not Activity.TALKING:
            self._floor.picked_up(event.leg)

    def _joined(self, event: ev.LegsJoined) -> None:
        for entry in filter(None, map(self._state.entry_of, event.legs)):
            if entry.state is EntryState.TALKING:
                self._together(entry)

    def _together(self, entry: Entry) -> None:
        self._state.joining.discard(entry.id)
        self._outcomes.connected(entry)

    def _left(self, event: ev.LegLeft) -> None:
        """The dialplan has taken the leg back, for the fallback: people who are with it here are set free."""
        self._speech.end(event.leg)
        self._state.timers.cancel(Timer.ALONE, event.leg)
        agent = self._state.agent_of(event.leg)
        talks_with = self._state.entry(agent.entry) if agent and agent.activity is Activity.TALKING else None
        if entry := self._state.entry_of(event.leg):
            if not self._transfers.pending(entry):  # else the answer to the transfer will come, and knows more
                self._caller_gone(entry, EntryOutcome.LEFT, "the dialplan took the call back")
        elif talks_with and not self._transfers.pending(talks_with) and talks_with.id not in self._state.joining:
            # The agent was redirected alone, or both were and the caller's leg is reported next: nobody is hung up on.
            self._transfers.take_back(talks_with, "the dialplan took the agent's leg")
        else:
            self._ended(ev.LegEnded(event.leg))

    def _ended(self, event: ev.LegEnded) -> None:
        self._speech.gone(event.leg)
        self._state.timers.cancel(Timer.ALONE, event.leg)
        attempt = self._state.attempt_of(event.leg)
        if attempt and attempt.state is not AttemptState.ACCEPTED:
            self._outcomes.leg_ended(attempt, event)
        elif entry := self._state.entry_of(event.leg):
            self._caller_gone(entry, EntryOutcome.ABANDONED, "hung up")
        elif agent := self._state.agent_of(event.leg):
            self._agent_gone(agent, event)

    def _caller_gone(self, entry: Entry, outcome: EntryOutcome, reason: str) -> None:
        self._transfers.forget(entry)
        callback = self._state.callback_of(entry)
        if entry.id in self._state.joining and callback:
            entry = self._floor.never_joined(entry, reason)
            self._outcomes.customer_lost(entry, callback, reason)
        elif entry.state is EntryState.TALKING:
            self._talk_over(entry, "customer" if entry.callback else "caller", taken=outcome is EntryOutcome.LEFT)
        elif callback and callback.state is CallbackState.ACCEPTED:
            self._outcomes.customer_lost(entry, callback, reason)
        else:
            self._floor.stop_ringing(entry, "the caller is gone")
            self._waiting.gone(entry, outcome, reason)

    def _talk_over(self, entry: Entry, who: str, *, left: bool = False, taken: bool = False) -> None:
        """Ends a conversation. A promise is kept by it even if the daemon was away when it began."""
        self._outcomes.connected(entry)
        self._floor.talk_over(entry, who, left=left or taken, taken=taken)

    def _agent_gone(self, agent: Agent, event: ev.LegEnded) -> None:
        entry = self._state.entry(agent.entry)
        if agent.activity is Activity.RINGING:
            self._floor.ring_ended(agent, event)
        elif agent.activity is Activity.TALKING and entry and entry.leg and entry.id in self._state.joining:
            waiting = self._floor.never_joined(entry, "the agent was gone before they were connected")
            self._waiting.take_back(waiting, entry.leg)
        elif agent.activity is Activity.TALKING and entry and self._transfers.pending(entry):
            self._transfers.agent_gone(entry)
        elif agent.activity is Activity.TALKING and entry:
            self._talk_over(entry, "agent")

    def _rung(self, leg: LegId) -> Agent | None:
        agent = self._state.agent_of(leg)
        return agent if agent and agent.activity is Activity.RINGING else None

    def _request_failed(self, event: ev.RequestFailed) -> None:
        """Two people who could not be brought together must not sit in silence: the caller goes to the fallback."""
        entry = self._state.entry_of(event.leg)
        self._state.note(entry.id if entry else event.leg, f"{event.request} failed", event.reason)
        if event.request == "Join" and entry and entry.state is EntryState.TALKING and entry.leg:
            context = self._state.settings.dead_man.fallback_context
            self._state.do(SendToFallback(entry.leg, context, entry.queue))
            self._talk_over(entry, "bridge", left=True)

    def ring_stuck(self, leg: LegId) -> None:
        if agent := self._rung(leg):
            self._state.do(HangUp(leg, "no end of the ring was reported"))
            self._floor.ring_over(agent, "no end of the ring was reported")

    # --- which legs are there ---------------------------------------------------------------------------------------

    def _seen(self, event: ev.LegsSeen) -> None:
        """Legs that we know and Asterisk does not have ended; restored callers who are still there are taken up.

        Attempts are not judged by this alone: a dial may be on its way, so what became of it needs a second look.
        """
        state = self._state
        state.world.pbx_since = max(state.world.pbx_since, event.since)
        state.joining |= {entry.id for entry in state.entries.values() if self._never_met(entry, event)}
        for leg in restore.believed_legs(state):
            if not event.has(leg) and not self._trace.is_open(leg):
                self._gone_meanwhile(leg, event.since)
            elif leg in event.left and (entry := state.entry_of(leg)):
                self._speech.end(leg)
                self._caller_gone(entry, EntryOutcome.LEFT, "the dialplan has the call")
        self._transfers.not_sent()
        self._bridges_seen(event.bridges)
        for entry in list(state.entries.values()):
            there = entry.leg in event.legs and entry.leg not in state.dialogues
            if entry.leg and there and entry.state is not EntryState.TALKING:
                self._waiting.adopt(entry, entry.leg)
            elif entry.leg and there and entry.leg in event.joined:
                self._speech.found_talking(entry.leg)
                self._together(entry)
            elif there:  # connected on paper, and the request to do it was lost with us
                self._floor.join_again(entry)
        for leg in restore.strays(state, event):
            state.do(HangUp(leg, "left over from before, belongs to nobody"))

    def _never_met(self, entry: Entry, event: ev.LegsSeen) -> bool:
        """Connected on paper; the agent is gone, and the caller was put into no bridge: there was no conversation."""
        agent = self._state.agent(entry.agent)
        if entry.state is not EntryState.TALKING or agent is None or agent.leg in event.legs:
            return False
        return entry.leg in event.legs - event.left - event.joined - event.alone

    def _bridges_seen(self, seen: frozenset[BridgeId]) -> None:
        """Make missing bridges again that somebody will be put into, and drop bridges that belong to nobody."""
        state = self._state
        wanted = [entry.bridge for entry in state.entries.values() if entry.bridge]
        for bridge in wanted:
            if bridge not in seen:
                state.do(MakeBridge(bridge))
        for bridge in sorted(seen.difference(wanted)):
            state.do(DropBridge(bridge))

    def _gone_meanwhile(self, leg: LegId, since: float) -> None:
        """A leg ended unnoticed. Legs from before this Asterisk started were cut off when the one before it ended."""
        state, entry = self._state, self._state.entry_of(leg)
        self._transfers.ended(leg)
        callback = state.callback_of(entry)
        if (
            entry is None
            or entry.arrived_at > since
            or (callback and not self._outcomes.accepted_before(callback, since))
        ):
            self._ended(ev.LegEnded(leg, ev.Ending.UNKNOWN))
            return
        reason = "Asterisk ended, and the call with it"
        if entry.state is EntryState.TALKING:
            state.note(entry.id, "cut off while talking", reason, number=entry.number, agent=entry.agent)
            self._ended(ev.LegEnded(leg, ev.Ending.UNKNOWN))
            return
        self._floor.stop_ringing(entry, reason)
        if callback:
            self._outcomes.customer_lost(entry, callback, reason, AttemptOutcome.CUT_OFF)
        else:
            if entry.state is EntryState.RINGING:
                entry = state.move(entry.unanswered())
            self._waiting.lost(entry, leg, reason)
        # Nothing is left of the leg. An Asterisk that starts within the same second gives its name away again.
        self._speech.gone(leg)

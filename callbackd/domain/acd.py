"""The door of the domain: one event and the time in, commands out.

>>> acd = Acd(settings, Mint(entropy))
>>> commands = acd.handle(CallArrived(leg, "support", "+442079460123"), now)

The caller of ``handle`` commits what must be written, carries out the rest in order, and comes back with what happened,
at the latest at ``next_deadline()``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from callbackd.domain import events as ev
from callbackd.domain.agents.floor import Floor
from callbackd.domain.calendar import hours
from callbackd.domain.callbacks.promise import Promises
from callbackd.domain.callers.direct_callback import DirectCallback
from callbackd.domain.callers.menus import Menus
from callbackd.domain.callers.rejoin import Rejoin
from callbackd.domain.callers.waiting import Waiting
from callbackd.domain.commands import Command, DropBridge, HangUp, MakeBridge, SendToFallback
from callbackd.domain.dialler.dial import Dial
from callbackd.domain.dialler.do_not_call import DoNotCall
from callbackd.domain.dialler.trace import Trace
from callbackd.domain.ids import AgentId, AttemptId, BridgeId, CallbackId, EntryId, LegId, Mint, PlaybackId, QueueName
from callbackd.domain.line import routing
from callbackd.domain.line.eligibility import widens_at
from callbackd.domain.lives.agent import Activity, Agent
from callbackd.domain.lives.attempt import AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import CallbackState
from callbackd.domain.lives.dialogue import Dialogue, Stage
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState
from callbackd.domain.lives.quote import Quote, Remembered
from callbackd.domain.recovery import compare as comparing
from callbackd.domain.recovery import restore, snapshot
from callbackd.domain.settings import DialPolicy, Settings
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State
from callbackd.domain.timers import Timer
from callbackd.domain.wait.estimator import Estimator
from callbackd.domain.wait.learning import Learning
from callbackd.domain.wait.ledger import Ledger
from callbackd.domain.wait.place import Places
from callbackd.domain.wait.recursion import Recursive


class Acd:
    """Automatic call distribution. Not thread-safe and not re-entrant: one writer, the runner."""

    def __init__(self, settings: Settings, mint: Mint, estimator: Estimator | None = None) -> None:
        self._state = State(settings, mint)
        expected = {name: queue.expected_handle_s for name, queue in settings.queues.items()}
        self._estimator = estimator or Recursive(expected, settings.dialling.answer_s)
        self._speech = Speech(self._state)
        self._places = Places(self._state, self._estimator)
        self._ledger = Ledger(self._state, self._places)
        self._learning = Learning(self._state, self._estimator, self._places, self._ledger)
        self._promises = Promises(self._state, self._speech, self._places, self._ledger)
        self._rejoin = Rejoin(self._state, self._speech, self._places, self._promises)
        self._direct_callback = DirectCallback(self._state)
        self._waiting = Waiting(
            self._state, self._speech, self._places, self._promises, self._rejoin, self._direct_callback, self._ledger
        )
        self._menus = Menus(self._state, self._speech, self._admit)
        self._floor = Floor(self._state, self._speech, self._waiting, self._direct_callback, self._places)
        self._dial = Dial(self._state, self._speech, self._places, self._floor)
        self._trace = Trace(self._state, self._speech, self._dial)
        self._do_not_call = DoNotCall(self._state, self._speech, self._promises, self._dial)
        self._matched: object = None
        """The state's stamp when places and agents were last matched: while it is the same, none can be."""
        self._handlers: dict[type, Callable[[Any], None]] = {
            ev.CallArrived: self._arrived,
            ev.FeatureCodeDialled: self._floor.feature_code,
            ev.DialAccepted: self._dial_accepted,
            ev.DialRefused: self._dial_refused,
            ev.DialUnknown: self._dial_unknown,
            ev.LegRinging: self._leg_ringing,
            ev.LegAnswered: self._leg_answered,
            ev.LegEntered: self._leg_entered,
            ev.LegLeft: self._leg_left,
            ev.LegEnded: self._leg_ended,
            ev.DigitPressed: self._digit,
            ev.PlaybackBegan: lambda event: self._speech.begun(event.playback),
            ev.PlaybackEnded: lambda event: self._speech.spoken(event.playback),
            ev.RequestFailed: self._request_failed,
            ev.LegsSeen: self._legs_seen,
            ev.LegsJoined: self._joined,
            ev.AttemptTraced: self._trace.traced,
            ev.PromiseStored: self._promises.stored,
            ev.PromiseNotStored: self._promises.not_stored,
            ev.AttemptClaimed: lambda event: self._dial.claimed(event.attempt),
            ev.AttemptNotClaimed: lambda event: self._dial.not_claimed(event.attempt, event.reason),
            ev.DatabaseLost: lambda event: self._database(False, event.reason),
            ev.DatabaseBack: lambda event: self._database(True, "connected again"),
            ev.PbxLost: lambda event: self._pbx(False, event.reason),
            ev.PbxBack: lambda event: self._pbx(True, "the event stream is there"),
            ev.TimePassed: lambda event: None,
            ev.SwitchTurned: self._switch,
            ev.DrainBegan: self._drain,
            ev.ClosedEarly: self._closed_early,
            ev.AgentDialled: self._direct_callback.dialled,
            ev.LegHeld: lambda event: None,
            ev.LegUnheld: lambda event: None,
            ev.CallDisposed: lambda event: None,
            ev.NumberBlocked: self._do_not_call.blocked,
            ev.NumberUnblocked: self._do_not_call.unblocked,
        }
        waiting_keys = {Stage.WAITING: self._waiting.key, Stage.REJOINING: self._rejoin.key}
        of_customers = {Stage.INVITED: self._do_not_call.key, Stage.POSTPONING: self._dial.key}
        self._keys: dict[Stage, Callable[[Dialogue, str], object]] = {
            **self._promises.keys,
            **waiting_keys,
            **of_customers,
            Stage.ACCEPTING: self._floor.key,
            Stage.LANGUAGE: self._menus.key,
            Stage.MENU: self._menus.key,
        }
        self._silences: dict[Stage, Callable[[Dialogue], None]] = {
            **dict.fromkeys([*self._promises.keys, Stage.REJOINING], self._promises.silence),
            **dict.fromkeys(of_customers, self._dial.silence),
            **dict.fromkeys([Stage.LANGUAGE, Stage.MENU], self._menus.silence),
            Stage.ACCEPTING: self._floor.silence,
        }
        self._deadlines: dict[Timer, Callable[[Any], None]] = {
            Timer.ANNOUNCE: self._waiting.announce,
            Timer.REPLY: self._silence,
            Timer.PLAYBACK: lambda id: self._speech.overdue(PlaybackId(id)),
            Timer.DEAD_MAN: self._speech.dead_man,
            Timer.RING: self._ring_stuck,
            Timer.ATTEMPT: lambda id: self._dial.stuck(AttemptId(id)),
            Timer.TRACE: lambda id: self._trace.look_again(AttemptId(id)),
            Timer.PACE: lambda id: None,
            Timer.REST: lambda id: None,
            Timer.WRAP_UP: lambda id: self._floor.wrapped(AgentId(id)),
            Timer.RETRY: lambda id: None,
            Timer.EXPIRE: lambda id: self._dial.expire(CallbackId(id)),
            Timer.WIDEN: self._widen,
            Timer.MAX_WAIT: lambda id: self._waiting.max_wait(EntryId(id)),
            Timer.ENTER: self._near_slot,
            Timer.EMPTY: lambda name: self._waiting.emptied(QueueName(name)),
            Timer.CLOSING: lambda name: self._waiting.closing(QueueName(name)),
        }

    # --- the door -------------------------------------------------------------------------------------------------

    def handle(self, event: ev.Event, now: float) -> tuple[Command, ...]:
        """What is to be done about ``event``. Deadlines that came before it are served first, so none is skipped."""
        self._state.now = max(now, self._state.now)  # a clock set back must not undo what has been decided
        woken = False
        while key := self._state.timers.due(self._state.now):
            self._deadlines[key[0]](key[1])
            woken = True
        self._handlers[type(event)](event)
        if woken or self._state.stamp() != self._matched:
            self._match()
            self._matched = self._state.stamp()
        self._dial_ahead()
        commands = self._state.take()
        self._learning.see(event, commands)
        return (*commands, *self._state.take())

    def next_deadline(self) -> float | None:
        """When ``handle(TimePassed(), …)`` is wanted at the latest; None when nothing is pending."""
        return self._state.timers.next_at()

    def snapshot(self, now: float) -> snapshot.Snapshot:
        self._state.now = max(now, self._state.now)
        return snapshot.take(self._state, self._estimator)

    def in_flight(self) -> int:
        """Attempts that are under way."""
        return len(self._state.attempts)

    def open_lives(self) -> tuple[int, int]:
        """Callers and customers on the line who do not talk yet, and open promises."""
        waiting = sum(entry.live and entry.state is not EntryState.TALKING for entry in self._state.entries.values())
        return waiting, len(self._state.callbacks)

    def differences(self, polled: Iterable[ev.Event]) -> frozenset[str]:
        """Where Asterisk, as a poll found it, and our belief part, in words; nothing changes by asking."""
        return comparing.differences(self._state, self._trace, polled)

    def broken_laws(self) -> list[str]:
        """The invariants that do not hold, in words; anything but an empty list is a bug of ours."""
        return [*self._state.broken_laws(), *self._do_not_call.broken_laws()]

    def restore(self, rows: Iterable[restore.Row], now: float, generation: int = 0) -> tuple[Command, ...]:
        """Take up the rows of an earlier run, before any event. ``LegsSeen`` must follow: it tells who is still there.

        What was ringing, dialling or talking stays so in our belief: ``LegsSeen`` and the events after it correct it.
        ``generation`` is one more than that of the daemon before us.
        """
        self._state.now = now
        self._state.generation = generation
        rows = list(rows)
        restore.take_up(self._state, rows)
        self._learning.know()
        self._ledger.take_up([row for row in rows if isinstance(row, Quote)])
        for row in rows:
            if isinstance(row, Remembered):
                self._estimator.recall(row.id, row.learned)
        for entry in list(self._state.entries.values()):
            self._places.look(entry)
            self._places.watch(entry)
        self._waiting.staff_changed()
        return self._state.take()

    # --- matching -------------------------------------------------------------------------------------------------

    def _match(self) -> None:
        while match := routing.next_match(self._state):
            if match.entry.live:
                self._floor.ring(match.entry, match.agents, match.reason)
            elif match.entry.state is EntryState.DIALING:
                self._dial.reserve(match.entry, match.agents[0])
            else:
                first = self._state.queue_of(match.entry).dial is DialPolicy.CUSTOMER_FIRST
                self._dial.claim(match.entry, None if first else match.agents[0], match.reason)

    def _dial_ahead(self) -> None:
        """Asked at every step: the chance that an agent will be free in time moves with the clock alone."""
        while ahead := self._dial.ahead():
            self._dial.claim(ahead[0], None, ahead[1])

    # --- legs -----------------------------------------------------------------------------------------------------

    def _arrived(self, event: ev.CallArrived) -> None:
        if self._waiting.knows(event.leg):
            self._state.decide(event.leg, "arrival ignored", "this call is known already")
            return
        self._menus.arrive(event)

    def _admit(self, event: ev.CallArrived, *, greeted: bool) -> None:
        """The queue is known."""
        if queue := self._state.settings.queues.get(QueueName(event.queue)):
            self._dial.rings_in(event.number, queue.group)
        self._waiting.arrive(event, greeted=greeted)

    def _dial_accepted(self, event: ev.DialAccepted) -> None:
        if attempt := self._state.attempt_of(event.leg):
            self._dial.accepted_by_pbx(attempt)

    def _dial_refused(self, event: ev.DialRefused) -> None:
        if attempt := self._state.attempt_of(event.leg):
            self._dial.refused_by_pbx(attempt, event.reason)
        elif agent := self._rung(event.leg):
            self._floor.ring_over(agent, f"not dialled: {event.reason}")

    def _dial_unknown(self, event: ev.DialUnknown) -> None:
        if attempt := self._state.attempt_of(event.leg):
            self._trace.unknown(attempt, event.reason)
        elif agent := self._rung(event.leg):
            self._state.do(HangUp(event.leg, "the ring may or may not have begun"))
            self._floor.ring_over(agent, f"unknown whether it rang: {event.reason}")

    def _leg_ringing(self, event: ev.LegRinging) -> None:
        if attempt := self._state.attempt_of(event.leg):
            self._dial.ringing(attempt)

    def _leg_answered(self, event: ev.LegAnswered) -> None:
        if attempt := self._state.attempt_of(event.leg):
            self._dial.picked_up(attempt)

    def _leg_entered(self, event: ev.LegEntered) -> None:
        if event.party is ev.Party.CUSTOMER:
            self._dial.customer_entered(event.leg, event.attempt)
            return
        agent = self._state.agent_of(event.leg)
        if agent is None or agent.activity is not Activity.TALKING:
            self._floor.picked_up(event.leg)

    def _joined(self, event: ev.LegsJoined) -> None:
        for entry in filter(None, map(self._state.entry_of, event.legs)):
            if entry.state is EntryState.TALKING:
                self._together(entry)

    def _together(self, entry: Entry) -> None:
        self._state.joining.discard(entry.id)
        self._dial.connected(entry)

    def _leg_left(self, event: ev.LegLeft) -> None:
        """The dialplan has the leg again, for the fallback: whoever is with it here is set free."""
        self._speech.end(event.leg)
        if entry := self._state.entry_of(event.leg):
            self._caller_gone(entry, EntryOutcome.LEFT, "the dialplan took the call back")
        else:
            self._leg_ended(ev.LegEnded(event.leg))

    def _leg_ended(self, event: ev.LegEnded) -> None:
        self._state.said.pop(event.leg, None)
        self._speech.end(event.leg)
        attempt = self._state.attempt_of(event.leg)
        if attempt and attempt.state is not AttemptState.ACCEPTED:
            self._dial.leg_ended(attempt, event)
        elif entry := self._state.entry_of(event.leg):
            self._caller_gone(entry, EntryOutcome.ABANDONED, "hung up")
        elif agent := self._state.agent_of(event.leg):
            self._agent_gone(agent, event)

    def _caller_gone(self, entry: Entry, outcome: EntryOutcome, reason: str) -> None:
        callback = self._state.callbacks.get(entry.callback or CallbackId(""))
        if entry.id in self._state.joining and callback:
            entry = self._floor.never_joined(entry, reason)
            self._dial.customer_lost(entry, callback, reason)
        elif entry.state is EntryState.TALKING:
            self._talk_over(entry, "customer" if entry.callback else "caller", left=outcome is EntryOutcome.LEFT)
        elif callback and callback.state is CallbackState.ACCEPTED:
            self._dial.customer_lost(entry, callback, reason)
        else:
            self._floor.stop_ringing(entry, "the caller is gone")
            self._waiting.gone(entry, outcome, reason)

    def _talk_over(self, entry: Entry, who: str, *, left: bool = False) -> None:
        """A promise whose conversation nobody told us of, because we were away, was kept all the same."""
        self._dial.connected(entry)
        self._floor.talk_over(entry, who, left=left)

    def _agent_gone(self, agent: Agent, event: ev.LegEnded) -> None:
        entry = self._state.entries.get(agent.entry or EntryId(""))
        if agent.activity is Activity.RINGING:
            self._floor.ring_over(agent, f"{event.ending.value} (cause {event.cause}, SIP {event.tech_cause})")
        elif agent.activity is Activity.TALKING and entry and entry.id in self._state.joining:
            self._waiting.take_back(self._floor.never_joined(entry, "the agent was gone before they were connected"))
        elif agent.activity is Activity.TALKING and entry:
            self._talk_over(entry, "agent")

    def _rung(self, leg: LegId) -> Agent | None:
        agent = self._state.agent_of(leg)
        return agent if agent and agent.activity is Activity.RINGING else None

    def _digit(self, event: ev.DigitPressed) -> None:
        dialogue = self._state.dialogues.get(event.leg)
        if dialogue is None:
            return
        if dialogue.playback and not dialogue.begun and dialogue.stage is not Stage.WAITING:
            # In the line a key asks for a callback at any moment; elsewhere it answers a question that was heard.
            self._state.decide(dialogue.entry or event.leg, f"key {event.digit} ignored", "before the question began")
        elif handler := self._keys.get(dialogue.stage):
            self._state.timers.cancel(Timer.REPLY, event.leg)
            handler(dialogue, event.digit)
        else:
            reason = f"nothing is asked while {dialogue.stage.value}"
            self._state.decide(dialogue.entry or event.leg, f"key {event.digit} ignored", reason)

    def _request_failed(self, event: ev.RequestFailed) -> None:
        """Two people who could not be brought together must not sit in silence: the caller goes to the fallback."""
        entry = self._state.entry_of(event.leg)
        self._state.decide(entry.id if entry else event.leg, f"{event.request} failed", event.reason)
        if event.request == "Join" and entry and entry.state is EntryState.TALKING and entry.leg:
            context = self._state.settings.fallback_context
            self._state.do(SendToFallback(entry.leg, context, entry.queue))
            self._talk_over(entry, "bridge", left=True)

    # --- deadlines ------------------------------------------------------------------------------------------------

    def _silence(self, id: str) -> None:
        dialogue = self._state.dialogues.get(LegId(id))
        if dialogue and (handler := self._silences.get(dialogue.stage)):
            handler(dialogue)

    def _widen(self, id: str) -> None:
        """The match after this event sees more agents; wake again when it widens once more."""
        entry = self._state.entries.get(EntryId(id))
        if entry and (at := widens_at(self._state, entry)) is not None:
            self._state.timers.set(Timer.WIDEN, id, at)

    def _near_slot(self, id: str) -> None:
        if entry := self._state.entries.get(EntryId(id)):
            self._places.look(entry)

    def _ring_stuck(self, id: str) -> None:
        if agent := self._rung(LegId(id)):
            self._state.do(HangUp(LegId(id), "no end of the ring was reported"))
            self._floor.ring_over(agent, "no end of the ring was reported")

    # --- the world outside ----------------------------------------------------------------------------------------

    def _database(self, there: bool, reason: str) -> None:
        self._state.database = there
        self._state.decide("database", "back" if there else "away", reason)

    def _pbx(self, there: bool, reason: str) -> None:
        self._state.pbx = there
        self._state.decide("asterisk", "back" if there else "away", reason)
        if there:
            self._trace.all_open()
            self._speech.doubt()

    def _switch(self, event: ev.SwitchTurned) -> None:
        """Offering and dialling are the house's, the crisis announcement is one queue's or everybody's."""
        state = self._state
        if event.switch == "crisis":
            names = [QueueName(event.queue)] if event.queue else list(state.settings.queues)
            for name in names:
                self._crisis(name, event.on)
        elif event.switch in {"offering", "dialling"}:
            setattr(state, event.switch, event.on)
            state.decide(event.switch, "on" if event.on else "off", "by a supervisor")
        else:
            reason = "there are three switches: offering, dialling and crisis"
            state.decide(event.switch, "switch ignored", reason)

    def _drain(self, _: ev.DrainBegan) -> None:
        self._state.draining = True
        self._state.decide("dialling", "draining", "nobody new is dialled", in_flight=len(self._state.attempts))

    def _crisis(self, name: QueueName, on: bool) -> None:
        state = self._state
        if name not in state.settings.queues:
            state.decide(name, "switch ignored", "there is no such queue")
        elif on:
            state.crises[name] = state.now
            self._waiting.crisis(name)
            state.decide(name, "crisis announced", "by a supervisor")
        else:
            state.crises.pop(name, None)
            state.decide(name, "crisis over", "by a supervisor")

    def _closed_early(self, event: ev.ClosedEarly) -> None:
        """A supervisor ends a queue's day, or takes that back."""
        state, name = self._state, QueueName(event.queue)
        queue = state.settings.queues.get(name)
        if queue is None:
            state.decide(event.queue, "not closed", "there is no such queue")
        elif event.until is None or event.until <= state.now:
            opens = hours.next_open(queue.hours, state.now, state.closed_until.pop(name, None))
            state.decide(name, "opened again", "by a supervisor")
            if opens is not None:
                self._dial.opened_again(queue, opens)
        else:
            state.closed_until[name] = event.until
            opens = hours.next_open(queue.hours, state.now, event.until)
            state.decide(name, "closed early", "by a supervisor", until=event.until, opens=opens)
            self._waiting.closing(name)

    # --- coming back ----------------------------------------------------------------------------------------------

    def _legs_seen(self, event: ev.LegsSeen) -> None:
        """What we believe in and Asterisk does not know has ended; restored callers who are there are taken up.

        Attempts are not judged by this alone: a dial may be on its way, and what became of it is worth a second look.
        """
        state = self._state
        state.pbx_since = max(state.pbx_since, event.since)
        state.joining |= {entry.id for entry in state.entries.values() if self._never_met(entry, event)}
        for leg in restore.believed_legs(state):
            if leg not in event.legs and not self._trace.is_open(leg):
                self._gone_meanwhile(leg, event.since)
            elif leg in event.left and (entry := state.entry_of(leg)):
                self._speech.end(leg)
                self._caller_gone(entry, EntryOutcome.LEFT, "the dialplan has the call")
        self._bridges_seen(event.bridges)
        for entry in list(state.entries.values()):
            there = entry.leg in event.legs and entry.leg not in state.dialogues
            if entry.leg and there and entry.state is not EntryState.TALKING:
                self._waiting.adopt(entry, entry.leg)
            elif there and entry.leg in event.joined:
                self._together(entry)
            elif there:  # connected on paper, and the request to do it was lost with us
                self._floor.join_again(entry)
        for leg in restore.strays(state, event.legs):
            state.do(HangUp(leg, "left over from before, belongs to nobody"))

    def _never_met(self, entry: Entry, event: ev.LegsSeen) -> bool:
        """Connected on paper; the agent is gone, and the caller was put into no bridge: there was no conversation."""
        agent = self._state.agents.get(entry.agent or AgentId(""))
        if entry.state is not EntryState.TALKING or agent is None or agent.leg in event.legs:
            return False
        return entry.leg in event.legs - event.left - event.joined - event.alone

    def _bridges_seen(self, seen: frozenset[BridgeId]) -> None:
        """A bridge is made anew where somebody will be put into it; nobody's bridge is taken away."""
        state = self._state
        wanted = [BridgeId(entry.bridge) for entry in state.entries.values() if entry.bridge]
        for bridge in wanted:
            if bridge not in seen:
                state.do(MakeBridge(bridge))
        for bridge in sorted(seen.difference(wanted)):
            state.do(DropBridge(bridge))

    def _gone_meanwhile(self, leg: LegId, since: float) -> None:
        """A leg ended while nobody told us. Who came before this Asterisk started was cut off by its end."""
        state, entry = self._state, self._state.entry_of(leg)
        callback = state.callbacks.get(entry.callback or CallbackId("")) if entry else None
        if entry is None or entry.arrived_at > since or (callback and not self._dial.accepted_before(callback, since)):
            self._leg_ended(ev.LegEnded(leg, ev.Ending.UNKNOWN))
            return
        reason = "Asterisk ended, and the call with it"
        if entry.state is EntryState.TALKING:
            state.decide(entry.id, "cut off while talking", reason, number=entry.number, agent=entry.agent)
            self._leg_ended(ev.LegEnded(leg, ev.Ending.UNKNOWN))
            return
        self._floor.stop_ringing(entry, reason)
        if callback:
            self._dial.customer_lost(entry, callback, reason, AttemptOutcome.CUT_OFF)
        else:
            if entry.state is EntryState.RINGING:
                entry = state.move(entry.unanswered())
            self._waiting.lost(entry, reason)
        # Nothing is left of the leg. An Asterisk that starts within the same second gives its name away again.
        self._speech.end(leg)
        state.said.pop(leg, None)

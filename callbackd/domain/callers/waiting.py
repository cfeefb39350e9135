"""The desk that receives callers: the door, the wait and its announcements, the keys pressed meanwhile, the exits."""

from __future__ import annotations

from dataclasses import replace

from callbackd.domain import numbers
from callbackd.domain.callbacks.offer import Answer
from callbackd.domain.callbacks.promise import Promises
from callbackd.domain.callers.direct_callback import DirectCallback
from callbackd.domain.callers.rejoin import Rejoin
from callbackd.domain.commands import NotePlace
from callbackd.domain.events import CallArrived, Party
from callbackd.domain.ids import EntryId, LegId, QueueName
from callbackd.domain.line import admission, routing
from callbackd.domain.line.admission import Obstacle, Verdict
from callbackd.domain.line.eligibility import beyond, read_needs, somebody
from callbackd.domain.line.order import position, standing
from callbackd.domain.lives.callback import CallbackState
from callbackd.domain.lives.conversation import InLine, Interrupt, may_interrupt, row_of
from callbackd.domain.lives.dialogue import Dialogue
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState
from callbackd.domain.lives.quote import QuoteKind
from callbackd.domain.phrase import Crisis, Fixed, Greeting, Phrase, WayOut
from callbackd.domain.settings import Exit, Queue, Way
from callbackd.domain.speech import announcement as announce
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State
from callbackd.domain.timers import Timer
from callbackd.domain.wait.ledger import Ledger
from callbackd.domain.wait.place import Places

QUIET_S = 5.0
"""Seconds after which an announcement that came at a bad moment is tried again."""

_SORRY = {
    Obstacle.CLOSED: Fixed.CLOSED,
    Obstacle.HOLIDAY: Fixed.HOLIDAY,
    Obstacle.NO_AGENTS: Fixed.NOBODY_HERE,
    Obstacle.ALL_PAUSED: Fixed.NOBODY_HERE,
    Obstacle.FULL: Fixed.FULL,
}
Known = numbers.Allowed | numbers.Refused
"""What is known of a caller's number."""
_OFFERED = {(True, False): Fixed.OFFER, (False, True): Fixed.OFFER_TIME, (True, True): Fixed.OFFER_BOTH}


class Waiting:
    def __init__(
        self,
        state: State,
        speech: Speech,
        places: Places,
        promises: Promises,
        rejoin: Rejoin,
        direct_callback: DirectCallback,
        ledger: Ledger,
    ) -> None:
        self._state = state
        self._ledger = ledger
        self._direct_callback = direct_callback
        self._speech = speech
        self._places = places
        self._promises = promises
        self._rejoin = rejoin

    # --- a caller comes -------------------------------------------------------------------------------------------

    def knows(self, leg: LegId) -> bool:
        """Whether we already serve this leg: after each reconnect Asterisk's legs are reported as arrivals again."""
        return leg in self._state.dialogues or self._state.entry_of(leg) is not None

    def arrive(self, event: CallArrived, *, greeted: bool = False) -> None:
        """An unknown leg goes to its promise, to a place in the line, or by the exit that the queue's rule names.

        ``greeted`` when a menu has welcomed the caller.
        """
        state = self._state
        queue = state.settings.queues.get(QueueName(event.queue))
        if queue is None:
            reason = f"no queue is called {event.queue!r}; see [queues] in the config"
            self._speech.send_away(event.leg, event.queue, reason)
            return
        state.timers.set(Timer.DEAD_MAN, event.leg, state.now + state.settings.dead_man.waiting_s / 2)
        known = numbers.check(event.number, state.settings.numbers)
        promise = state.promised_to(known.number, queue.group) if isinstance(known, numbers.Allowed) else None
        if promise and promise.state is CallbackState.WAITING:
            self._rejoin.meet_again(event, promise)
        elif stood_in := state.settings.queues.get(QueueName(event.stood_in)):
            self._come_back(event, stood_in, known)
        else:
            self._to_the_door(event, queue, known, greeted=greeted)

    def _to_the_door(self, event: CallArrived, queue: Queue, known: Known, *, greeted: bool) -> None:
        """Into the line if the queue's door is open, else by the exit that its rule names."""
        state = self._state
        queue, verdict = self._door(queue, event.leg)
        if verdict.exit.way is Way.DIALPLAN:
            context = self._state.settings.dead_man.exit_context
            self._speech.send_away(event.leg, verdict.exit.to, verdict.reason, context)
            return
        entry = self._new_entry(event, queue, known, verdict)
        dialogue = self._speech.begin(entry, event.leg)
        welcome = () if greeted else (Greeting(queue.name),)
        if verdict.admitted:
            self._note_place(entry)
            self._stands(entry, queue)
            crisis = self._crisis(dialogue)
            if welcome and not crisis and self._is_served_at_once(entry, queue):
                self._speech.announce_at(event.leg, state.now + queue.announcements.first_after_s)
            else:
                self._welcome(dialogue, *welcome, *crisis)
        else:
            self._last_resort(dialogue, entry, *welcome, _sorry(verdict))

    def _stands(self, entry: Entry, queue: Queue) -> None:
        """Somebody is in the line now: watch its closing, the deadlines of the place, and whether anybody works."""
        self._watch_closing(queue)
        self._places.watch(entry)
        self.staff_changed()

    def _is_served_at_once(self, entry: Entry, queue: Queue) -> bool:
        """Whether an agent will be rung in this step and the queue does without the greeting then.

        The dialplan's music goes on until the agent answers.
        """
        match = None if queue.announcements.greet_if_free else routing.next_match(self._state)
        return match is not None and match.entry.id == entry.id

    def _welcome(self, dialogue: Dialogue, *phrases: Phrase) -> None:
        if phrases:
            self._speech.say(self._heard_crisis(dialogue), *phrases)
        else:
            self._speech.arm(dialogue)
            self._speech.wait_on(dialogue)

    def _come_back(self, event: CallArrived, queue: Queue, known: Known) -> None:
        """Callers who were in the line before are let in at the old place, without a question or a greeting."""
        back = Verdict(Exit(Way.WAIT), None, "stood in the line already")
        entry = self._new_entry(event, queue, known, back)
        entry = self._state.put(replace(entry, arrived_at=min(event.stood_since, self._state.now)))
        dialogue = self._speech.begin(entry, event.leg)
        self._speech.stop_leftovers(event.leg)
        self._speech.arm(dialogue)
        self._stands(entry, queue)
        self._speech.wait_on(dialogue)

    def _note_place(self, entry: Entry) -> None:
        """Have the leg carry its place, for the day on which our rows are lost and the leg is not."""
        if entry.leg:
            self._state.do(NotePlace(entry.leg, entry.queue, entry.arrived_at))

    def _door(self, queue: Queue, subject: str) -> tuple[Queue, Verdict]:
        """The queue at the end of all redirections, and whether its door is open.

        The config has no circles; the bound is for a day on which somebody finds one.
        """
        state = self._state
        for _ in state.settings.queues:
            facts = admission.Facts(
                admission.closed(state.opening_of(queue)),
                logged_in=somebody(state, queue.name, paused_too=True),
                available=somebody(state, queue.name, paused_too=False),
                places=standing(state, queue.name),
            )
            verdict = admission.decide(queue.rules, facts)
            if verdict.exit.way is not Way.QUEUE:
                break
            state.note(subject, f"redirected to {verdict.exit.to}", verdict.reason, queue=queue.name)
            queue = state.settings.queues[QueueName(verdict.exit.to)]
        return queue, verdict

    def _new_entry(self, event: CallArrived, queue: Queue, known: Known, verdict: Verdict) -> Entry:
        state = self._state
        number = known.number if isinstance(known, numbers.Allowed) else numbers.tame(event.number)
        wanted, unknown = read_needs(event.needs)
        entry = Entry(
            id=state.mint.entry(state.now),
            queue=queue.name,
            arrived_at=state.now,
            priority=event.priority,
            leg=event.leg,
            number=number,
            language=event.language or queue.language,
            state=EntryState.WAITING if verdict.admitted else EntryState.OUTSIDE,
            joined_at=state.now,
            needs=wanted,
            came_from=event.came_from,
        )
        if event.came_from and state.settings.transfers.keep_arrival:
            entry = replace(entry, arrived_at=min(event.came_since, state.now))
        straight = verdict.admitted and isinstance(known, numbers.Allowed)
        entry = state.put(self._direct_callback.arrives(entry) if straight else entry)
        facts = {} if isinstance(known, numbers.Allowed) else {"callback_number": known.reason}
        if unknown:
            facts["needs_ignored"] = unknown
        if nobody_has := beyond(state, entry):
            facts["needs_lowered"] = "+".join(nobody_has)
        what = "joined the line" if verdict.admitted else f"not let in: {verdict.obstacle}"
        called = verdict.admitted and not event.stood_in
        why = f"called {queue.name}" if called else verdict.reason
        place = position(state, entry) if verdict.admitted else None
        state.note(entry.id, what, why, number=number, position=place, **facts)
        return entry

    def adopt(self, entry: Entry, leg: LegId) -> None:
        """Take up a live caller who waited while we were away: the place is theirs, the music goes on."""
        dialogue = self._speech.begin(entry, leg)
        self._state.note(entry.id, "adopted", "the caller waited while we were away")
        self._speech.stop_leftovers(leg)
        self._speech.arm(dialogue)
        self._places.watch(entry)
        self._watch_closing(self._state.queue_of(entry))
        if entry.state is EntryState.OUTSIDE:
            self._last_resort(dialogue, entry)
        else:
            self._speech.wait_on(dialogue)

    def take_back(self, entry: Entry, leg: LegId) -> None:
        """The agent who answered was gone before they were connected: back to the same place, with an apology."""
        dialogue = self._speech.begin(entry, leg)
        self._speech.arm(dialogue)
        self._places.watch(entry)
        self._speech.say(dialogue, Fixed.AGENT_LOST)

    def lost(self, entry: Entry, leg: LegId, reason: str) -> None:
        """A live caller was cut off with Asterisk. The log has the number; if set, we call back."""
        state, queue = self._state, self._state.queue_of(entry)
        state.note(entry.id, "caller lost", reason, number=entry.number)
        instead = entry.promised_at is None and queue.offer.call_back_lost and self._promises.instead(entry, leg)
        if not instead:
            self.gone(entry, EntryOutcome.ABANDONED, reason)

    # --- while they wait --------------------------------------------------------------------------------------------

    def being_rung(self, leg: LegId) -> None:
        """An agent is being rung for this leg: a menu in progress gives way to music."""
        dialogue = self._state.dialogues[leg]
        if row_of(dialogue).gives_way:
            self._speech.to_waiting(dialogue)

    def announce(self, leg: LegId) -> None:
        state, dialogue = self._state, self._state.dialogues.get(leg)
        entry = self._speech.entry_of(dialogue) if dialogue else None
        if dialogue is None or entry is None or not may_interrupt(Interrupt.ANNOUNCEMENT, dialogue):
            return
        queue = state.queue_of(entry)
        if entry.state is not EntryState.WAITING or dialogue.party is Party.CUSTOMER:
            # An agent is being rung: say nothing that will be wrong in a moment.
            self._speech.announce_at(leg, state.now + QUIET_S)
        elif dialogue.announced and state.now < dialogue.spoken_at + queue.announcements.min_gap_s:
            self._speech.announce_at(leg, dialogue.spoken_at + queue.announcements.min_gap_s)
        else:
            self._announce(dialogue, entry, queue)

    def _announce(self, dialogue: Dialogue, entry: Entry, queue: Queue) -> None:
        state = self._state
        estimate, crisis = self._places.estimate(entry), self._crisis(dialogue)
        composed = announce.compose(queue.announcements, position(state, entry), estimate, self._ledger.quoted_s(entry))
        if dialogue.lot is None and not dialogue.asked:
            dialogue = replace(dialogue, lot=state.mint.fraction())
        answer = self._promises.answer(entry, dialogue, asked_by_key=False)
        way_out = _way_out(queue) if answer.yes or not dialogue.announced else ()
        phrases = (*crisis, *composed.phrases, *_offered(answer), *way_out)
        state.note(entry.id, "announced", composed.reason, offer=answer.yes, offer_reason=answer.reason)
        if composed.bound_s is not None:
            self._ledger.quote(entry, QuoteKind.WAIT, state.now, composed.bound_s, estimate)
        offered_at = state.now if answer.yes else dialogue.offered_at
        dialogue = replace(self._heard_crisis(dialogue), announced=True, offered_at=offered_at)
        dialogue = self._speech.keep(replace(dialogue, spoken_at=state.now) if phrases else dialogue)
        if phrases:
            self._speech.say(dialogue, *phrases)
        else:
            # Nothing to say. Do not try again at once: the deadline would come due again in the same step, for ever.
            pause_s = max(queue.announcements.every_s, QUIET_S)
            self._speech.announce_at(dialogue.leg, state.now + pause_s)

    def _crisis(self, dialogue: Dialogue) -> tuple[Crisis, ...]:
        """The crisis announcement, once for each caller; again when it has been switched on again."""
        since = self._state.world.crises.get(QueueName(dialogue.queue))
        return (Crisis(dialogue.queue),) if since is not None and dialogue.crisis_at < since else ()

    def _heard_crisis(self, dialogue: Dialogue) -> Dialogue:
        return replace(dialogue, crisis_at=self._state.now)

    def crisis(self, queue: QueueName) -> None:
        """The crisis announcement was switched on: callers who wait hear it soon."""
        for dialogue in list(self._state.dialogues.values()):
            silent = dialogue.playback is None and may_interrupt(Interrupt.ANNOUNCEMENT, dialogue)
            if dialogue.queue == queue and silent:
                self._speech.announce_at(dialogue.leg, self._state.now)

    def obey(self, dialogue: Dialogue, act: InLine, digit: str) -> None:
        """A key pressed while waiting."""
        entry = self._speech.entry_of(dialogue)
        if entry is None or entry.callback:
            return
        rules = self._state.queue_of(entry).rules
        if act is InLine.EXIT and digit != rules.key:
            self._state.note(entry.id, f"key {digit} ignored", "it means nothing in the line")
        elif entry.state is not EntryState.WAITING:
            self._state.note(entry.id, f"key {digit} ignored", "an agent is being rung")
        elif digit == rules.key:
            self._exit(entry, rules.key_exit, EntryOutcome.EXIT_KEY, "by key")
        elif self._promises.stand_again(entry):  # as it was: another time or number would move it
            self._speech.leave(dialogue, Fixed.CALLBACK_KEPT)
        else:
            dialogue = self._speech.keep(replace(dialogue, asked=True))
            take = self._promises.take_turn if act is InLine.TAKE_TURN else self._promises.take_time
            take(dialogue, entry)

    # --- the exits ----------------------------------------------------------------------------------------------------

    def max_wait(self, id: EntryId) -> None:
        """The caller has stood in this line for as long as its rule allows."""
        state, entry = self._state, self._state.entries.get(id)
        if entry is None or not entry.live or entry.callback or entry.state is EntryState.OUTSIDE:
            return
        if entry.state is not EntryState.WAITING:
            return  # an agent is being rung, who may answer at any moment: ``unanswered`` asks again
        rules = state.queue_of(entry).rules
        state.timers.set(Timer.MAX_WAIT, id, state.now + max(rules.max_wait_s or 0.0, QUIET_S))
        waited_s = state.now - entry.joined_at
        self._exit(entry, rules.max_wait, EntryOutcome.EXIT_TIMEOUT, f"waited {waited_s:.0f} s", Fixed.LONG_WAIT)

    def unanswered(self, entry: Entry) -> None:
        """No agent answered. Callers whose longest wait is over leave before the next agent is rung; otherwise agents
        who let it ring, one after the other, would keep them for ever.
        """
        longest_s = self._state.queue_of(entry).rules.max_wait_s
        if longest_s is not None and not self._state.timers.is_set(Timer.MAX_WAIT, entry.id):
            self.max_wait(entry.id)

    def staff_changed(self) -> None:
        """An agent came, went or paused: starts or stops the clock of each queue with nobody at work."""
        state = self._state
        for queue in state.settings.queues.values():
            grace_s = queue.rules.empty_after_s
            if grace_s is None:
                continue
            if somebody(state, queue.name, paused_too=not queue.rules.empty_when_paused):
                state.timers.cancel(Timer.EMPTY, queue.name)
            elif not state.timers.is_set(Timer.EMPTY, queue.name):
                state.timers.set(Timer.EMPTY, queue.name, state.now + grace_s)

    def emptied(self, name: QueueName) -> None:
        """Nobody has been at work for the time of grace: the line is led out, later arrivals in the next round."""
        state, queue = self._state, self._state.settings.queues[name]
        state.timers.set(Timer.EMPTY, name, state.now + max(queue.rules.empty_after_s or 0.0, 60.0))
        for entry in self._in_line(name):
            self._exit(entry, queue.rules.empty, EntryOutcome.EXIT_EMPTY, "nobody is at work", Fixed.NOBODY_HERE)

    def closing(self, name: QueueName) -> None:
        """The queue closes: callers still waiting are offered a time, and may stay and be served while somebody works.

        Promises of a turn that were not kept wait at the head of the line for the next opening; they do not age in
        closed hours. All this is the exception, because no turn is offered that closing time would probably break
        (``callbacks.offer``).
        """
        state, queue = self._state, self._state.settings.queues[name]
        self._watch_closing(queue)
        if state.closes_in_s(queue) != 0.0 or not queue.offer.at_closing or not queue.offer.enabled:
            return
        for entry in self._in_line(name):
            dialogue = state.dialogue(entry.leg)
            if (
                dialogue
                and may_interrupt(Interrupt.CLOSING, dialogue)
                and state.world.offering
                and not state.unkeepable()
                and entry.promised_at is None
            ):
                state.note(entry.id, "offered a time", "the queue closes")
                dialogue = replace(dialogue, offered_at=state.now)
                self._promises.choose(dialogue, Fixed.CLOSING)

    def _watch_closing(self, queue: Queue) -> None:
        closes_s = self._state.closes_in_s(queue)
        if closes_s:
            self._state.timers.set(Timer.CLOSING, queue.name, self._state.now + closes_s)

    def _in_line(self, name: QueueName) -> list[Entry]:
        """Live callers of a queue who wait, nobody being rung for them; not customers who were called back."""
        return [
            e
            for e in self._state.entries.values()
            if e.queue == name and e.state is EntryState.WAITING and e.leg and not e.callback
        ]

    def _exit(self, entry: Entry, way_on: Exit, outcome: EntryOutcome, reason: str, *sorry: Phrase) -> None:
        """A rule or a key takes a waiting caller out of the line, by the exit that is set."""
        state = self._state
        dialogue = state.dialogue(entry.leg)
        if dialogue is None or not may_interrupt(Interrupt.RULE, dialogue):
            return  # a promise is on its way to the database, or last words are being played
        if way_on.way is Way.QUEUE:
            self._overflow(dialogue, entry, state.settings.queues[QueueName(way_on.to)], outcome, reason)
        elif way_on.way is Way.DIALPLAN:
            self._hand_back(dialogue, entry, way_on, outcome, reason)
        elif way_on.way is Way.CALLBACK and self._promises.stand_again(entry):
            self._speech.leave(dialogue, Fixed.CALLBACK_KEPT)
        elif way_on.way is Way.CALLBACK:
            state.note(entry.id, f"{outcome.value}: a time is proposed", reason)
            self._last_resort(dialogue, entry, *sorry)
        else:
            state.note(entry.id, "waits on", f"{reason}, and the rule lets callers wait")

    def _overflow(self, dialogue: Dialogue, entry: Entry, to: Queue, outcome: EntryOutcome, reason: str) -> None:
        """To another line, keeping the time of arrival; if that one's door is shut, by the exit that its rule names."""
        state = self._state
        queue, verdict = self._door(to, entry.id)
        if verdict.exit.way is Way.DIALPLAN:
            self._hand_back(dialogue, entry, verdict.exit, outcome, f"{reason}; {verdict.reason}")
        elif not verdict.admitted:
            self._last_resort(dialogue, entry, _sorry(verdict))
        else:
            state.note(entry.id, f"overflowed to {queue.name}", reason, queue=entry.queue)
            entry = state.put(replace(entry, queue=queue.name, joined_at=state.now))
            for timer in (Timer.MAX_WAIT, Timer.WIDEN):
                state.timers.cancel(timer, entry.id)
            self._places.watch(entry)
            self._watch_closing(queue)
            self._speech.to_waiting(replace(dialogue, queue=queue.name))
            self._note_place(entry)

    def _hand_back(self, dialogue: Dialogue, entry: Entry, way_on: Exit, outcome: EntryOutcome, reason: str) -> None:
        if not self._promises.stand_again(entry):
            self._speech.close(entry, outcome, reason)
        self._speech.send_away(dialogue.leg, way_on.to, reason, self._state.settings.dead_man.exit_context)

    def _last_resort(self, dialogue: Dialogue, entry: Entry, *phrases: Phrase) -> None:
        """Never a dead end: a call at a time; without a database the fallback queue, which does not need us."""
        state = self._state
        if row_of(self._state.dialogues[dialogue.leg]).gives_way and entry.state is not EntryState.OUTSIDE:
            return  # the caller is choosing already
        if not state.unkeepable() and self._promises.choose(dialogue, *phrases):
            return
        if entry.state is EntryState.OUTSIDE:
            reason = state.unkeepable() or "no time is free"
            self._speech.close(entry, EntryOutcome.LEFT, reason)
            self._speech.send_away(dialogue.leg, entry.queue, reason)
        elif not state.unkeepable() and self._state.queue_of(entry).offer.enabled:
            # This queue promises no times: then a turn is promised, without a wait in the line.
            self._speech.to_waiting(replace(dialogue, offered_at=state.now), *phrases, Fixed.OFFER)
        else:
            self._speech.to_waiting(dialogue, *phrases, Fixed.KEEP_WAITING)

    # --- a caller goes --------------------------------------------------------------------------------------------

    def gone(self, entry: Entry, outcome: EntryOutcome, reason: str) -> None:
        """The live caller of a waiting entry is gone. A caller who hung up after confirming keeps the promise."""
        if self._promises.is_storing(entry):
            self._state.note(entry.id, "hung up while the promise is stored", "it is kept all the same")
        elif entry.state is EntryState.OUTSIDE and outcome is EntryOutcome.ABANDONED:
            self._speech.close(entry, EntryOutcome.REFUSED, f"{reason} at the closed door")
        elif outcome is not EntryOutcome.ABANDONED or not self._promises.stand_again(entry):
            self._speech.close(entry, outcome, reason)


def _sorry(verdict: Verdict) -> Fixed:
    return _SORRY[verdict.obstacle or Obstacle.CLOSED]


def _way_out(queue: Queue) -> tuple[Phrase, ...]:
    """The key that leads out of the line, where it leads anywhere: said at first, and with each offer."""
    leads = queue.rules.key and queue.rules.key_exit.way is not Way.WAIT
    return (WayOut(queue.rules.key),) if leads else ()


def _offered(answer: Answer) -> tuple[Phrase, ...]:
    return (_OFFERED[answer.turn, answer.time],) if answer.yes else ()

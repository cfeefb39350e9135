"""The desk that makes promises: the offer, the number, the time, and what is said once the database has it.

A caller comes here by the offer's keys, by a rule that found the door closed, or by ringing in with a promise open.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from callbackd.domain import numbers
from callbackd.domain.calendar import slots
from callbackd.domain.callbacks import offer
from callbackd.domain.callbacks.booking import book, last_resort, menu, taken
from callbackd.domain.commands import DropBridge, Happening, StorePromise
from callbackd.domain.events import Party, PromiseNotStored, PromiseStored
from callbackd.domain.ids import CallbackId, LegId, QueueName
from callbackd.domain.line.order import standing
from callbackd.domain.lives.callback import Callback, CallbackOutcome
from callbackd.domain.lives.conversation import Again, Promising, go, wrong_key
from callbackd.domain.lives.dialogue import Dialogue, Stage
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState
from callbackd.domain.lives.life import Ignored, Move
from callbackd.domain.lives.quote import QuoteKind
from callbackd.domain.phrase import CallAt, Fixed, Phrase
from callbackd.domain.settings import Queue
from callbackd.domain.speech import announcement as announce
from callbackd.domain.speech.speaking import Speech, subject_of
from callbackd.domain.state import State
from callbackd.domain.timers import Timer
from callbackd.domain.wait import roster
from callbackd.domain.wait.ledger import Ledger
from callbackd.domain.wait.place import Places

BETWEEN_DIGITS_S = 4.0
_MAX_DIGITS = 15
_TIME_DIGITS = 4
_NOBODY = LegId("")
"""No leg: nobody on the line waits for the promise to be stored."""


class Promises:
    def __init__(self, state: State, speech: Speech, places: Places, ledger: Ledger) -> None:
        self._state = state
        self._speech = speech
        self._places = places
        self._ledger = ledger
        self._storing: dict[CallbackId, tuple[LegId, Callback]] = {}
        """Promises on their way to the database, each with the leg that hears it once it is stored."""
        self._new: dict[CallbackId, Entry] = {}
        """Of these, the places of promises that nobody called for: they are places once they are stored."""

    # --- keys -------------------------------------------------------------------------------------------------------

    def obey(self, dialogue: Dialogue, act: Promising, digit: str, *apology: Phrase) -> Again | None:
        """Why the question is to be asked again, when the key or the silence was no answer to it; otherwise None."""
        match act:
            case Promising.CONFIRM:
                return self._confirm(dialogue)
            case Promising.ADD_DIGIT:
                return self._digit(dialogue, digit)
            case Promising.END_NUMBER:
                return self._number_keyed(self._speech.hush(dialogue))
            case Promising.PAUSE_IN_NUMBER:
                return self._number_keyed(dialogue) if dialogue.keyed else Again(dialogue, "no key was pressed")
            case Promising.TAKE_SLOT:
                return self._take_slot(dialogue, digit)
            case Promising.OTHER_TIME:
                return self._other_time(dialogue, digit)
            case Promising.NO_TIME:
                return Again(self._speech.hush(dialogue), "a time has four digits", Fixed.TIME_REFUSED)
            case Promising.TAKE_DAY:
                return self._take_day(dialogue, digit)
            case Promising.LEAVE_IT:
                return self._leave_it(dialogue, digit)
            case Promising.OTHER_NUMBER:
                self._ask_number(dialogue)
            case Promising.ADD_TIME_DIGIT:
                self._time_digit(dialogue, digit)
            case Promising.GO_BACK:
                self.back(dialogue, *apology)
            case _:
                assert_never(act)
        return None

    # --- the offer ------------------------------------------------------------------------------------------------

    def answer(self, entry: Entry, dialogue: Dialogue, *, asked_by_key: bool) -> offer.Answer:
        """Whether a callback is proposed to this caller now. The lot must have been drawn, unless the caller asked."""
        state, queue = self._state, self._state.queue_of(entry)
        estimate = self._places.estimate(entry)
        since_s = state.now - dialogue.offered_at if dialogue.offered_at is not None else None
        return offer.decide(
            queue.offer,
            offer.Asked(
                estimate,
                state.now - entry.arrived_at,
                state.promises(entry.queue),
                state.world.offering,
                state.unkeepable(),
                times=lambda: queue.slots.enabled and bool(self.free(queue, entry.number, choices=1)),
                lot=None if dialogue.asked else dialogue.lot,
                places=standing(state, entry.queue),
                live=state.waiting_live(entry.queue),
                since_offer_s=None if asked_by_key else since_s,
                handle_s=queue.expected_handle_s,
                staffed_s=self._staffed_s(queue),
                ringable=self._ringable(dialogue.number, announce.promised_s(estimate)),
            ),
        )

    def _staffed_s(self, queue: Queue) -> float | None:
        """Until the queue closes, or its last agent goes home by the roster, if earlier; None: neither is known."""
        known = (self._state.closes_in_s(queue), roster.staffed_s(self._state, queue))
        return min((until_s for until_s in known if until_s is not None), default=None)

    def _ringable(self, number: str, within_s: float | None) -> bool:
        """Whether a turn that begins now and comes within this time falls into hours at which people may be rung."""
        state = self._state
        return all(state.may_ring(number, at, chosen=False) for at in (state.now, state.now + (within_s or 0.0)))

    def take_turn(self, dialogue: Dialogue, entry: Entry) -> None:
        """Key 1. It works at any moment after an offer, and whenever an offer would be made now."""
        answer = self.answer(entry, dialogue, asked_by_key=True)
        if answer.turn or (dialogue.offered_at is not None and not self._state.unkeepable() and not answer.time):
            self._confirm_number(dialogue)
        elif answer.time:
            self._state.note(entry.id, "no turn, but a time", answer.reason)
            self._choose_or_stay(dialogue)
        else:
            self._not_now(dialogue, entry, answer)

    def take_time(self, dialogue: Dialogue, entry: Entry) -> None:
        """Key 2: as key 1, for a call at a time."""
        answer = self.answer(entry, dialogue, asked_by_key=True)
        offered = dialogue.offered_at is not None and not self._state.unkeepable()
        if self._state.queue_of(entry).slots.enabled and (answer.time or offered):
            self._choose_or_stay(dialogue)
        else:
            self._not_now(dialogue, entry, answer)

    def _not_now(self, dialogue: Dialogue, entry: Entry, answer: offer.Answer) -> None:
        self._state.note(entry.id, "no callback", answer.reason)
        if dialogue.offered_at is not None:
            self._speech.say(dialogue, Fixed.NO_CALLBACK_NOW)

    def _confirm_number(self, dialogue: Dialogue) -> None:
        if not dialogue.number:
            self._ask_number(dialogue)
        elif isinstance(refused := self._state.callable(dialogue.number), numbers.Refused):
            self._ask_another(dialogue, refused.reason)
        else:
            self.read_back(dialogue)

    def _leave_it(self, dialogue: Dialogue, digit: str) -> Again | None:
        """No time at all: back to the line. A caller who was not let into it has no such key."""
        entry = self._speech.entry_of(dialogue)
        if entry and entry.state is EntryState.OUTSIDE:
            return wrong_key(dialogue, digit)
        self.back(dialogue)
        return None

    # --- a time -----------------------------------------------------------------------------------------------------

    def choose(self, dialogue: Dialogue, *phrases: Phrase) -> bool:
        """Whether there are times to choose from; reads out the next ones."""
        entry = self._speech.entry_of(dialogue)
        queue = self._queue(dialogue)
        if entry is None or queue is None:
            return False
        starts = self.free(queue, dialogue.number)
        if not starts and (opens := last_resort(self._state, queue)):
            starts = (opens,)  # no slot is free: the morning's line is better than a dead end
        if not starts:
            return False
        inside = entry.live and entry.state is not EntryState.OUTSIDE
        dialogue = replace(go(dialogue, Stage.CHOOSING), choices=starts)
        self._speech.say(dialogue, *phrases, Fixed.SLOT_INTRO, *menu(self._state, queue, starts, inside=inside))
        return True

    def _choose_or_stay(self, dialogue: Dialogue) -> None:
        if not self.choose(dialogue):
            self._speech.to_waiting(dialogue, Fixed.NO_TIME_FREE, Fixed.KEEP_WAITING)

    def _take_slot(self, dialogue: Dialogue, digit: str) -> Again | None:
        if int(digit) > len(dialogue.choices):
            return wrong_key(dialogue, digit)
        return self._chosen(dialogue, dialogue.choices[int(digit) - 1])

    def _other_time(self, dialogue: Dialogue, digit: str) -> Again | None:
        queue = self._queue(dialogue)
        if queue is None or not queue.slots.enabled:
            return wrong_key(dialogue, digit)
        self._speech.say(go(dialogue, Stage.KEYING_TIME), Fixed.KEY_TIME)
        return None

    def _time_digit(self, dialogue: Dialogue, digit: str) -> None:
        dialogue = self._speech.hush(dialogue)
        dialogue = self._speech.keep(replace(dialogue, keyed=dialogue.keyed + digit))
        if len(dialogue.keyed) < _TIME_DIGITS:
            self._await_digit(dialogue)
        else:
            self._speech.say(go(dialogue, Stage.KEYING_DAY), Fixed.KEY_DAY)

    def _take_day(self, dialogue: Dialogue, digit: str) -> Again | None:
        queue = self._queue(dialogue)
        if queue is None:
            self._speech.leave(dialogue, Fixed.GOODBYE)
            return None
        found = slots.at(self._book(queue, dialogue.number), self._state.now, int(digit), dialogue.keyed)
        if isinstance(found, slots.Refused):
            return Again(go(dialogue, Stage.CHOOSING), f"no slot then: {found.reason}", Fixed.TIME_REFUSED)
        return self._chosen(dialogue, found.start)

    def _chosen(self, dialogue: Dialogue, start: float, *, confirmed: bool = False) -> Again | None:
        queue, entry = self._queue(dialogue), self._speech.entry_of(dialogue)
        if queue is None or entry is None:
            self._speech.leave(dialogue, Fixed.GOODBYE)
            return None
        if taken(self._state, queue, self._book(queue, dialogue.number), start):
            return Again(dialogue, "somebody else was faster", Fixed.TIME_REFUSED)
        dialogue = replace(dialogue, slot_at=start)
        if confirmed or entry.callback:  # a promise is moved: its number is confirmed already
            self._store(dialogue)
        else:
            self._confirm_number(dialogue)
        return None

    # --- the number ---------------------------------------------------------------------------------------------------

    def read_back(self, dialogue: Dialogue, *apology: Phrase) -> None:
        number = self._speech.spoken_number(dialogue.number)
        self._speech.say(go(dialogue, Stage.CONFIRMING), *apology, Fixed.NUMBER_IS, number, Fixed.CONFIRM_MENU)

    def _ask_number(self, dialogue: Dialogue, *apology: Phrase) -> None:
        self._speech.say(go(dialogue, Stage.KEYING), *apology, Fixed.KEY_NUMBER)

    def _ask_another(self, dialogue: Dialogue, reason: str) -> None:
        self._state.note(subject_of(dialogue), "number refused", reason)
        self._ask_number(dialogue, Fixed.NUMBER_REFUSED)

    def _confirm(self, dialogue: Dialogue) -> Again | None:
        if dialogue.slot_at is not None:  # somebody may have been faster meanwhile
            return self._chosen(go(dialogue, Stage.CHOOSING), dialogue.slot_at, confirmed=True)
        self._store(dialogue)
        return None

    def _digit(self, dialogue: Dialogue, digit: str) -> Again | None:
        dialogue = self._speech.hush(dialogue)
        dialogue = self._speech.keep(replace(dialogue, keyed=dialogue.keyed + digit))
        if len(dialogue.keyed) >= _MAX_DIGITS:
            return self._number_keyed(dialogue)
        self._await_digit(dialogue)
        return None

    def _await_digit(self, dialogue: Dialogue) -> None:
        self._state.timers.set(Timer.REPLY, dialogue.leg, self._state.now + BETWEEN_DIGITS_S)

    def _number_keyed(self, dialogue: Dialogue) -> Again | None:
        checked = self._state.callable(dialogue.keyed)
        if isinstance(checked, numbers.Refused):
            return Again(dialogue, f"keyed number refused: {checked.reason}", Fixed.NUMBER_REFUSED)
        if dialogue.slot_at is not None and not self._state.may_ring(checked.number, dialogue.slot_at, chosen=True):
            return Again(dialogue, "it is night there at the time chosen", Fixed.NUMBER_REFUSED)
        self.read_back(replace(dialogue, number=checked.number))
        return None

    def back(self, dialogue: Dialogue, *phrases: Phrase) -> None:
        """Take the caller back to where they were before: the line, the promise, or outside."""
        entry = self._speech.entry_of(dialogue)
        if entry and entry.callback:
            self.keep_promise(dialogue, "nothing was chosen")
        elif entry and entry.state is not EntryState.OUTSIDE:
            self._speech.to_waiting(dialogue, *phrases, Fixed.KEEP_WAITING)
        else:
            if entry:
                self._speech.close(entry, EntryOutcome.REFUSED, "no callback was taken")
            self._speech.leave(dialogue, *phrases, Fixed.GOODBYE)

    # --- the promise ----------------------------------------------------------------------------------------------

    def _store(self, dialogue: Dialogue, *, unasked: bool = False) -> None:
        entry = self._speech.entry_of(dialogue)
        if entry is None:
            self._speech.leave(dialogue, Fixed.GOODBYE)
            return
        state, queue = self._state, self._state.queue_of(entry)
        before = state.callback_of(entry)
        if before is None and state.promised_to(dialogue.number, queue.group):
            state.note(entry.id, "no second promise", "this number has an open callback")
            self.back(dialogue, Fixed.ALREADY_PROMISED)
            return
        refused = state.callable(dialogue.number)
        if before is None and isinstance(refused, numbers.Refused):  # blocked since it was read back
            self._ask_another(dialogue, refused.reason)
            return
        callback = self._new_promise(dialogue, entry, queue, before)
        dialogue = self._speech.keep(go(self._speech.hush(dialogue), Stage.STORING))
        promised = _given_to(entry, callback).after
        self._storing[callback.id] = (dialogue.leg, callback)
        asked_by = self._rung_from(entry) if before is None else ""
        place = entry if isinstance(promised, Ignored) else promised
        state.store(StorePromise(place, callback, asked_by if asked_by != callback.number else "", unasked))

    def _rung_from(self, entry: Entry) -> str:
        """The caller's number as the network claims it, in E.164 if it is one; empty when it claims none."""
        checked = numbers.check(entry.number, self._state.settings.numbers)
        return checked.number if isinstance(checked, numbers.Allowed) else entry.number

    def instead(self, entry: Entry, leg: LegId) -> bool:
        """Whether a caller whose ``leg`` is gone could be promised a turn at their place."""
        state = self._state
        dialogue = state.dialogues.get(leg) or self._speech.begin(entry, leg)
        number = state.callable(dialogue.number) if dialogue.number else numbers.Refused("withheld")
        refused = number.reason if isinstance(number, numbers.Refused) else ""
        if not refused and state.promised_to(dialogue.number, state.queue_of(entry).group):
            refused = "the number has an open callback"
        refused = refused or state.unkeepable()
        if refused:
            state.note(entry.id, "not called back", refused)
        elif not self.is_storing(entry):
            self._store(replace(dialogue, slot_at=None), unasked=True)
        self._speech.end(leg)
        return not refused

    def stand_again(self, entry: Entry) -> bool:
        """Callers who rang in and go before they have talked have their promise again. False for all others.

        It was told long ago, so that nothing is asked of the database and nothing is refused for any limit; only a
        number that may not be called any more, or that has another promise by now, gets none.
        """
        state = self._state
        leg = entry.leg
        if entry.promised_at is None or leg is None or entry.state is EntryState.TALKING:
            return False
        slot_at = entry.promised_at if entry.promised_at > state.now else None
        queue, number = state.queue_of(entry), state.callable(entry.number)
        if isinstance(number, numbers.Refused) or state.promised_to(number.number, queue.group):
            state.note(entry.id, "promise does not stand again", "the number has another, or may not be called")
            return False
        if entry.state is EntryState.RINGING:
            entry = state.move(entry.unanswered())
        wanted = Dialogue(leg, Party.CALLER, Stage.STORING, entry.language, number=number.number, slot_at=slot_at)
        callback = self._new_promise(wanted, entry, queue, None)
        self._held(entry, state.put(callback), "rang in, and went before talking to anybody")
        return True

    def request(self, queue: Queue, number: str, language: str, slot_at: float | None) -> CallbackId | str:
        """Store a promise that was asked for without a call. Returns its id, or the reason against it.

        For a customer who has one already that is the one.
        """
        state, allowed = self._state, self._state.callable(number)
        if isinstance(allowed, numbers.Refused):
            return f"the number may not be called: {allowed.reason}"
        if there := state.promised_to(allowed.number, queue.group):
            return there.id
        if refused := state.unkeepable() or self._no_slot(queue, allowed.number, slot_at):
            return refused
        entry = Entry(
            state.mint.entry(state.now),
            queue.name,
            state.now,
            number=allowed.number,
            language=language or queue.language,
            state=EntryState.WAITING if slot_at is None else EntryState.OUTSIDE,
            joined_at=state.now,
            slot_at=slot_at,
        )
        callback = Callback(
            state.mint.callback(state.now), entry.id, queue.name, allowed.number, state.now, 0.0, entry.language,
            group=queue.group,
        )  # fmt: skip
        entry, callback = replace(entry, callback=callback.id), _at(callback, queue, slot_at, state.now)
        self._new[callback.id] = entry
        self._send(entry, callback)
        return callback.id

    def move(self, callback: Callback, slot_at: float) -> str:
        """Give a waiting promise another time. Returns the reason against it, empty when there is none."""
        state, entry = self._state, self._state.entries[callback.entry]
        queue = state.settings.queues[callback.queue]
        moved = _at(callback, queue, slot_at, state.now)
        place = _given_to(entry, moved).after
        if isinstance(place, Ignored):
            return place.because
        if refused := state.unkeepable() or self._no_slot(queue, callback.number, slot_at):
            return refused
        self._send(place, moved)
        return ""

    def _no_slot(self, queue: Queue, number: str, slot_at: float | None) -> str:
        """Why that time cannot be promised; empty when it can, or when none is asked for."""
        if slot_at is None:
            return ""
        if not queue.slots.enabled:
            return f"{queue.name} promises no times"
        book = self._book(queue, number)
        slot = slots.starting(book, slot_at)
        if slot is None:
            return "no slot starts then"
        why = slots.judge(book, slot, self._state.now)
        return f"that time is not free: {why.value}" if why else ""

    def _send(self, entry: Entry, callback: Callback) -> None:
        self._storing[callback.id] = (_NOBODY, callback)
        self._state.store(StorePromise(entry, callback))

    def _new_promise(self, dialogue: Dialogue, entry: Entry, queue: Queue, before: Callback | None) -> Callback:
        """A new promise, or the one that is moved, with its new time; ``expected_at`` is the time that will be
        spoken."""
        state = self._state
        due_at = dialogue.slot_at if dialogue.slot_at is not None else state.now
        estimate = self._places.estimate(entry)
        within_s = queue.slots.length_s if dialogue.slot_at is not None else announce.promised_s(estimate)
        if dialogue.slot_at is None and not self._ringable(dialogue.number, within_s):
            within_s = None  # kept at the next hour at which it may be; the caller hears no time
        fresh = before or Callback(
            id=state.mint.callback(state.now),
            entry=entry.id,
            queue=entry.queue,
            number=dialogue.number,
            created_at=state.now,
            expires_at=0.0,
            language=dialogue.language,
            group=queue.group,
        )
        return replace(
            fresh,
            expires_at=due_at + queue.retry.expire_s,
            slot_at=dialogue.slot_at,
            expected_at=None if within_s is None else due_at + within_s,
        )

    def stored(self, event: PromiseStored) -> None:
        """Only now is the promise spoken. A caller who hung up in the meantime still keeps it."""
        leg, callback = self._storing.pop(event.callback, (None, None))
        if leg is None or callback is None:
            return
        state, entry = self._state, self._state.entries.get(callback.entry)
        if new := self._new.pop(callback.id, None):
            entry = state.put(new, saved=True)
            self._places.watch(entry)
        if entry is None:
            reason = "its place was given up while it was being stored"
            state.move(callback.close(CallbackOutcome.CANCELLED, state.now))
            state.note(callback.id, "promise ended: cancelled", reason)
            return
        state.put(callback, saved=True)
        self._held(entry, callback, "confirmed by key", saved=True)
        if dialogue := state.dialogues.get(leg):
            self._speech.leave(dialogue, *self._words(callback))

    def _held(self, entry: Entry, callback: Callback, reason: str, *, saved: bool = False) -> None:
        """The promise holds the place from here on."""
        state = self._state
        if entry.bridge:  # the next ring may be hours away, and Asterisk restarted by then
            state.do(DropBridge(entry.bridge, entry.leg))
        entry = state.move(_given_to(entry, callback), saved=saved)
        state.timers.cancel(Timer.MAX_WAIT, entry.id)
        state.timers.cancel(Timer.RETRY, entry.id)
        state.timers.set(Timer.EXPIRE, callback.id, callback.expires_at)
        kind = "promised a callback" if callback.slot_at is None else "promised a callback at a time"
        state.note(entry.id, kind, reason, number=callback.number, slot_at=callback.slot_at)
        self._quote(entry, callback)
        if callback.slot_at is not None:
            self._places.look(entry)

    def _quote(self, entry: Entry, callback: Callback) -> None:
        """Write the promised time into the ledger; a time that was quoted before no longer holds."""
        if callback.slot_at is not None:
            self._ledger.left(entry)
            length_s = self._state.queue_of(entry).slots.length_s
            self._ledger.quote(entry, QuoteKind.SLOT, callback.slot_at, length_s, None)
        else:
            bound_s = None if callback.expected_at is None else callback.expected_at - self._state.now
            self._ledger.quote(entry, QuoteKind.TURN, self._state.now, bound_s, self._places.estimate(entry))

    def _words(self, callback: Callback) -> tuple[Phrase, ...]:
        """The promise as it is spoken."""
        number = self._speech.spoken_number(callback.number)
        if callback.slot_at is not None:
            queue = self._state.settings.queues[callback.queue]
            day, minute = slots.spoken(callback.slot_at, self._state.now, self._state.zone_of(queue))
            return (CallAt(day, minute), Fixed.NUMBER_IS, number, Fixed.GOODBYE)
        within_s = callback.expected_at - callback.created_at if callback.expected_at is not None else None
        return (Fixed.PROMISE, number, *announce.promised_wait(within_s), Fixed.GOODBYE)

    def not_stored(self, event: PromiseNotStored) -> None:
        leg, callback = self._storing.pop(event.callback, (None, None))
        if leg is None or callback is None:
            return
        self._new.pop(callback.id, None)
        self._state.note(callback.entry, "no promise", event.reason)
        dialogue, entry = self._state.dialogues.get(leg), self._state.entries.get(callback.entry)
        if event.too_many:
            self._state.happened(Happening.NO_PROMISE, entry=entry, text=event.reason)
        if dialogue and entry and event.too_many:
            self.back(dialogue, Fixed.TOO_MANY_CALLBACKS)
        elif dialogue and entry and entry.state is EntryState.OUTSIDE and not entry.callback:
            self._speech.close(entry, EntryOutcome.LEFT, "the promise could not be stored")
            self._speech.send_away(dialogue.leg, entry.queue, "the promise could not be stored")
        elif dialogue and entry and entry.callback:
            self._speech.leave(dialogue, Fixed.TIME_REFUSED, Fixed.CALLBACK_KEPT)
        elif dialogue:
            self._speech.to_waiting(dialogue, Fixed.NO_CALLBACK_NOW)
        elif entry and not entry.callback:
            self._speech.close(entry, EntryOutcome.ABANDONED, "hung up, and the promise could not be stored")

    def keep_promise(self, dialogue: Dialogue, reason: str) -> None:
        self._state.note(subject_of(dialogue), "promise stays", reason)
        self._speech.leave(dialogue, Fixed.CALLBACK_KEPT)

    def end_promise(self, promise: Callback, outcome: CallbackOutcome, reason: str) -> None:
        state = self._state
        state.timers.cancel(Timer.EXPIRE, promise.id)
        state.note(promise.id, f"promise ended: {outcome.value}", reason)
        state.move(promise.close(outcome, state.now))

    # --- small things -------------------------------------------------------------------------------------------------

    def _queue(self, dialogue: Dialogue) -> Queue | None:
        return self._state.settings.queues.get(QueueName(dialogue.queue))

    def _book(self, queue: Queue, number: str) -> slots.Book:
        return book(self._state, queue, number, (promise for _, promise in self._storing.values()))

    def free(self, queue: Queue, number: str, choices: int | None = None) -> tuple[float, ...]:
        """Starts of the next free slots at which ``number``, if it is known, may be rung."""
        return tuple(slot.start for slot in slots.free(self._book(queue, number), self._state.now, choices))

    def is_storing(self, entry: Entry) -> bool:
        """Whether a promise for this place is on its way to the database."""
        return any(callback.entry == entry.id for _, callback in self._storing.values())

    def storing(self) -> frozenset[CallbackId]:
        """The promises on their way to the database."""
        return frozenset(self._storing)


def _at(callback: Callback, queue: Queue, slot_at: float | None, now: float) -> Callback:
    """The promise for that time, or for its turn."""
    due_at = now if slot_at is None else slot_at
    expected_at = None if slot_at is None else slot_at + queue.slots.length_s
    return replace(callback, slot_at=slot_at, expected_at=expected_at, expires_at=due_at + queue.retry.expire_s)


def _given_to(entry: Entry, callback: Callback) -> Move[Entry]:
    """The place passes to its promise: it stays where it is in the line, or is outside until the time that was
    chosen."""
    if callback.slot_at is None:
        return entry.promise(callback.id, callback.number)
    return entry.schedule(callback.id, callback.number, callback.slot_at)

"""The desk that speaks with callers: greeting, announcements, the offer, and the way from its key to a promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from callbackd.domain import announce, numbers, offer
from callbackd.domain.callback import Callback, CallbackOutcome, CallbackState, CallbackTrigger
from callbackd.domain.commands import ArmDeadMan, HangUp, Play, SendToFallback, StartMusic, StopPlayback, StorePromise
from callbackd.domain.dialogue import Dialogue, Stage
from callbackd.domain.entry import Entry, EntryOutcome, EntryState, EntryTrigger
from callbackd.domain.events import CallArrived, Party, PromiseNotStored, PromiseStored
from callbackd.domain.ewt import Estimate, Estimator, place_of
from callbackd.domain.ids import CallbackId, EntryId, LegId, PlaybackId, QueueName
from callbackd.domain.line import position
from callbackd.domain.phrase import Digits, Fixed, Greeting, Phrase
from callbackd.domain.settings import Queue
from callbackd.domain.state import State
from callbackd.domain.timers import Timer

OFFER_KEY = "1"
"""As the prompts say."""
REPLY_S = 8.0
"""How long a caller may think after a menu."""
QUIET_S = 5.0
"""Pause before an announcement that came at a bad moment is thought of again."""
BETWEEN_DIGITS_S = 4.0
TRIES = 3
"""Wrong keys or refused numbers before the caller simply keeps waiting."""
LONGEST_PLAYBACK_S = 60.0
"""After this a playback whose end was never reported is taken for ended."""
_MAX_DIGITS = 15


class Reception:
    def __init__(self, state: State, estimator: Estimator) -> None:
        self._state = state
        self._estimator = estimator
        self._keys: dict[Stage, Callable[[Dialogue, str], None]] = {
            Stage.WAITING: self._key_while_waiting,
            Stage.CONFIRMING: self._key_to_confirm,
            Stage.KEYING: self._key_of_number,
            Stage.REJOINING: self._key_to_rejoin,
        }

    # --- a caller comes -------------------------------------------------------------------------------------------

    def knows(self, leg: LegId) -> bool:
        """Whether the leg is somebody's who is with us already: arrivals are told again after each reconnect."""
        return leg in self._state.dialogues or self._state.entry_of(leg) is not None

    def arrive(self, event: CallArrived) -> None:
        """A leg that nobody knows: to its place in the line, to its promise, or to the fallback."""
        state = self._state
        queue = state.settings.queues.get(QueueName(event.queue))
        if queue is None:
            self._send_away(event.leg, event.queue, f"no queue is called {event.queue!r}; see [queues] in the config")
            return
        state.timers.set(Timer.DEAD_MAN, event.leg, state.now + state.settings.dead_man_s / 2)
        known = numbers.check(event.number, state.settings.numbers)
        promise = state.promised_to(known.number) if isinstance(known, numbers.Allowed) else None
        if promise and promise.state is CallbackState.WAITING:
            self._meet_again(event, promise)
            return
        entry = self._new_entry(event, queue, known)
        dialogue = self._new_dialogue(entry, event.leg)
        self.say(dialogue, Greeting(queue.name))

    def _new_entry(self, event: CallArrived, queue: Queue, known: numbers.Allowed | numbers.Refused) -> Entry:
        state = self._state
        number = known.number if isinstance(known, numbers.Allowed) else _tame(event.number)
        entry = state.put(
            Entry(
                id=state.mint.entry(state.now),
                queue=queue.name,
                arrived_at=state.now,
                leg=event.leg,
                number=number,
                language=event.language or queue.language,
            )
        )
        facts = {} if isinstance(known, numbers.Allowed) else {"callback_number": known.reason}
        state.decide(
            entry.id, "joined the line", f"called {queue.name}", number=number, position=position(state, entry), **facts
        )
        return entry

    def _new_dialogue(self, entry: Entry, leg: LegId, stage: Stage = Stage.WAITING) -> Dialogue:
        known = numbers.check(entry.number, self._state.settings.numbers)
        dialogue = Dialogue(
            leg,
            Party.CUSTOMER if entry.callback else Party.CALLER,
            stage,
            entry.language,
            entry=entry.id,
            queue=entry.queue,
            number=known.number if isinstance(known, numbers.Allowed) else "",
        )
        self._state.dialogues[leg] = dialogue
        return dialogue

    def adopt(self, entry: Entry, leg: LegId) -> None:
        """Take up a live caller who waited while we were away: the place is theirs, the music goes on."""
        dialogue = self._new_dialogue(entry, leg)
        self._state.decide(entry.id, "adopted", "the caller waited while we were away")
        self._arm(dialogue)
        self._wait_on(dialogue)

    def _send_away(self, leg: LegId, extension: str, reason: str) -> None:
        self._state.decide(leg, "sent to the fallback", reason)
        self._state.do(SendToFallback(leg, leg, self._state.settings.fallback_context, extension))

    # --- a caller who has a promise ---------------------------------------------------------------------------------

    def _meet_again(self, event: CallArrived, promise: Callback) -> None:
        """Never two places for one person: the promise's is kept, given up, or waited at. No dialling meanwhile."""
        self._state.decide(promise.entry, "rang in", "this number has an open callback", number=promise.number)
        dialogue = Dialogue(
            event.leg,
            Party.CALLER,
            Stage.REJOINING,
            event.language or promise.language,
            queue=promise.queue,
            entry=promise.entry,
            number=promise.number,
        )
        self.say(dialogue, Greeting(promise.queue), Fixed.ALREADY_MENU)

    def _key_to_rejoin(self, dialogue: Dialogue, digit: str) -> None:
        entry = self._entry(dialogue)
        promise = self._state.callbacks.get(entry.callback or CallbackId("")) if entry else None
        if entry is None or promise is None or promise.state is not CallbackState.WAITING:
            self.leave(replace(dialogue, entry=None), Fixed.GOODBYE)  # given up meanwhile: it was too old
        elif digit == "1":
            self._rejoin(dialogue, entry, promise)
        elif digit == "2":
            self._keep_promise(dialogue, "kept by key")
        elif digit == "3":
            self._end_promise(promise, CallbackOutcome.CANCELLED, "cancelled by the caller")
            self.close(entry, EntryOutcome.CANCELLED, "cancelled by the caller")
            self.leave(replace(dialogue, entry=None), Fixed.CALLBACK_CANCELLED)
        else:
            self._again(dialogue, f"key {digit} means nothing here", Fixed.WRONG_KEY)

    def _rejoin(self, dialogue: Dialogue, entry: Entry, promise: Callback) -> None:
        """The same entry changes its holder back: from the promise to the caller on the line."""
        self._end_promise(promise, CallbackOutcome.REJOINED, "rang in and waits on the line")
        self._state.timers.cancel(Timer.RETRY, entry.id)
        self._state.move_entry(entry, EntryTrigger.REJOIN, leg=dialogue.leg, callback=None, not_before=0.0)
        self.to_waiting(dialogue)

    def _end_promise(self, promise: Callback, outcome: CallbackOutcome, reason: str) -> None:
        state = self._state
        state.timers.cancel(Timer.EXPIRE, promise.id)
        state.decide(promise.id, f"promise ended: {outcome.value}", reason)
        state.move_callback(promise, CallbackTrigger.CLOSE, outcome=outcome, closed_at=state.now)

    def _keep_promise(self, dialogue: Dialogue, reason: str) -> None:
        self._state.decide(_lane(dialogue), "promise stays", reason)
        self.leave(dialogue, Fixed.CALLBACK_KEPT)

    # --- speaking -------------------------------------------------------------------------------------------------

    def say(self, dialogue: Dialogue, *phrases: Phrase) -> Dialogue:
        """Speak to the leg, cutting off what is being said; the end comes back as ``spoken``."""
        state = self._state
        dialogue = self.hush(dialogue)
        playback = state.mint.playback(state.now)
        dialogue = self._keep(replace(dialogue, playback=playback))
        state.playing[playback] = dialogue.leg
        state.timers.cancel(Timer.REPLY, dialogue.leg)
        state.timers.cancel(Timer.ANNOUNCE, dialogue.leg)
        state.timers.set(Timer.PLAYBACK, playback, state.now + LONGEST_PLAYBACK_S)
        state.do(Play(_lane(dialogue), dialogue.leg, playback, phrases, dialogue.language, dialogue.queue))
        return dialogue

    def hush(self, dialogue: Dialogue) -> Dialogue:
        """Stop what is being said, so that nothing blocks the leg."""
        if dialogue.playback is None:
            return dialogue
        self._forget_playback(dialogue.playback)
        self._state.do(StopPlayback(_lane(dialogue), dialogue.leg, dialogue.playback))
        return self._keep(replace(dialogue, playback=None))

    def spoken(self, playback: PlaybackId) -> None:
        """A playback is over: go on as the stage wants."""
        leg = self._forget_playback(playback)
        dialogue = self._state.dialogues.get(leg) if leg else None
        if dialogue is None:
            return
        dialogue = self._keep(replace(dialogue, playback=None))
        if dialogue.stage is Stage.WAITING:
            self._wait_on(dialogue)
        elif dialogue.stage is Stage.LEAVING:
            self._state.do(HangUp(_lane(dialogue), dialogue.leg, "all is said"))
        elif dialogue.stage is not Stage.STORING:
            self._state.timers.set(Timer.REPLY, dialogue.leg, self._state.now + self._reply_s(dialogue))

    def end(self, leg: LegId) -> Dialogue | None:
        """Forget the dialogue: the leg is gone, or talks to an agent now. Stops what is being said."""
        dialogue = self._state.dialogues.get(leg)
        if dialogue is None:
            return None
        self.hush(dialogue)
        del self._state.dialogues[leg]
        for timer in (Timer.ANNOUNCE, Timer.REPLY, Timer.DEAD_MAN):
            self._state.timers.cancel(timer, leg)
        return dialogue

    def leave(self, dialogue: Dialogue, *phrases: Phrase) -> None:
        """Say last words, then hang up."""
        self.say(replace(dialogue, stage=Stage.LEAVING), *phrases)

    def _wait_on(self, dialogue: Dialogue) -> None:
        """Music until the next announcement; with pauses between announcements counted from the end of the last."""
        entry = self._entry(dialogue)
        if entry is None:
            return
        queue = self._state.queue_of(entry)
        self._state.do(StartMusic(_lane(dialogue), dialogue.leg, queue.music))
        pause_s = queue.announcements.every_s if dialogue.announced else queue.announcements.first_after_s
        self._state.timers.set(Timer.ANNOUNCE, dialogue.leg, self._state.now + pause_s)

    def to_waiting(self, dialogue: Dialogue, *phrases: Phrase) -> None:
        """Back to the line, whatever was going on, perhaps with a word."""
        dialogue = self._keep(replace(dialogue, stage=Stage.WAITING, keyed="", tries=0))
        self._state.timers.cancel(Timer.REPLY, dialogue.leg)
        if phrases:
            self.say(dialogue, *phrases)
        else:
            self._wait_on(self.hush(dialogue))

    def being_rung(self, leg: LegId) -> None:
        """An agent is being rung for this leg: a menu in progress gives way to music."""
        dialogue = self._state.dialogues[leg]
        if dialogue.stage in {Stage.CONFIRMING, Stage.KEYING}:
            self.to_waiting(dialogue)

    # --- deadlines ------------------------------------------------------------------------------------------------

    def announce(self, leg: LegId) -> None:
        dialogue = self._state.dialogues.get(leg)
        entry = self._entry(dialogue) if dialogue else None
        if dialogue is None or entry is None or dialogue.stage is not Stage.WAITING:
            return
        if entry.state is not EntryState.WAITING or dialogue.party is Party.CUSTOMER:
            # An agent is being rung: say nothing that will be wrong in a moment.
            self._state.timers.set(Timer.ANNOUNCE, leg, self._state.now + QUIET_S)
            return
        queue, estimate = self._state.queue_of(entry), self._estimate(entry)
        told = announce.compose(queue.announcements, position(self._state, entry), estimate, dialogue.quoted_min)
        answer = self._offer(entry, estimate)
        phrases = (*told.phrases, Fixed.OFFER) if answer.yes else told.phrases
        self._state.decide(entry.id, "announced", told.reason, offer=answer.yes, offer_reason=answer.reason)
        offered = dialogue.offered or answer.yes
        dialogue = self._keep(replace(dialogue, announced=True, quoted_min=told.quoted_min, offered=offered))
        if phrases:
            self.say(dialogue, *phrases)
        else:
            # Nothing to say. Never again at once: the deadline would come due among those being served, for ever.
            pause_s = max(queue.announcements.every_s, QUIET_S)
            self._state.timers.set(Timer.ANNOUNCE, leg, self._state.now + pause_s)

    def silence(self, leg: LegId) -> None:
        """No key came in time."""
        dialogue = self._state.dialogues.get(leg)
        if dialogue is None:
            return
        if dialogue.stage is Stage.KEYING and dialogue.keyed:
            self._number_keyed(dialogue)
        elif dialogue.stage in {Stage.CONFIRMING, Stage.KEYING, Stage.REJOINING}:
            self._again(dialogue, "no key was pressed")

    def dead_man(self, leg: LegId) -> None:
        dialogue = self._state.dialogues.get(leg)
        if dialogue is None:
            return
        if dialogue.playback:  # Asterisk sets no variable while it plays, and all else for the leg would wait for that
            self._state.timers.set(Timer.DEAD_MAN, leg, self._state.now + 1.0)
        else:
            self._arm(dialogue)

    def _arm(self, dialogue: Dialogue) -> None:
        state = self._state
        state.do(ArmDeadMan(_lane(dialogue), dialogue.leg, state.settings.dead_man_s))
        state.timers.set(Timer.DEAD_MAN, dialogue.leg, state.now + state.settings.dead_man_s / 2)

    # --- keys -----------------------------------------------------------------------------------------------------

    def key(self, dialogue: Dialogue, digit: str) -> None:
        handler = self._keys.get(dialogue.stage)
        if handler is None:
            self._state.decide(
                _lane(dialogue), f"key {digit} ignored", f"nothing is asked while {dialogue.stage.value}"
            )
        else:
            self._state.timers.cancel(Timer.REPLY, dialogue.leg)
            handler(dialogue, digit)

    def _key_while_waiting(self, dialogue: Dialogue, digit: str) -> None:
        entry = self._entry(dialogue)
        if entry is None or entry.callback:
            return
        if digit != OFFER_KEY:
            self._state.decide(entry.id, f"key {digit} ignored", f"only {OFFER_KEY} means something here")
        elif entry.state is not EntryState.WAITING:
            self._state.decide(entry.id, f"key {digit} ignored", "an agent is being rung")
        else:
            self._take_offer(dialogue, entry)

    def _take_offer(self, dialogue: Dialogue, entry: Entry) -> None:
        """The offer's key: valid at any moment once the offer was made, and whenever it would be made now."""
        answer = self._offer(entry, self._estimate(entry))
        if not (answer.yes or (dialogue.offered and self._state.database)):
            self._state.decide(entry.id, "no callback", answer.reason)
            if dialogue.offered:
                self.say(dialogue, Fixed.NO_CALLBACK_NOW)
        elif dialogue.number:
            self._read_back(dialogue)
        else:
            self._ask_number(dialogue, Fixed.KEY_NUMBER)

    def _read_back(self, dialogue: Dialogue) -> None:
        dialogue = replace(dialogue, stage=Stage.CONFIRMING, keyed="")
        self.say(dialogue, Fixed.NUMBER_IS, self._spoken(dialogue.number), Fixed.CONFIRM_MENU)

    def _ask_number(self, dialogue: Dialogue, *phrases: Phrase) -> None:
        self.say(replace(dialogue, stage=Stage.KEYING, keyed=""), *phrases)

    def _key_to_confirm(self, dialogue: Dialogue, digit: str) -> None:
        if digit == "1":
            self._store(dialogue)
        elif digit == "2":
            self._ask_number(replace(dialogue, tries=0), Fixed.KEY_NUMBER)
        elif digit == "0":
            self.to_waiting(dialogue, Fixed.KEEP_WAITING)
        else:
            self._again(dialogue, f"key {digit} means nothing here", Fixed.WRONG_KEY)

    def _key_of_number(self, dialogue: Dialogue, digit: str) -> None:
        dialogue = self.hush(dialogue)
        if digit == "#":
            self._number_keyed(dialogue)
            return
        if digit == "*":  # start again
            self._ask_number(dialogue, Fixed.KEY_NUMBER)
            return
        dialogue = self._keep(replace(dialogue, keyed=dialogue.keyed + digit))
        if len(dialogue.keyed) >= _MAX_DIGITS:
            self._number_keyed(dialogue)
        else:
            self._state.timers.set(Timer.REPLY, dialogue.leg, self._state.now + BETWEEN_DIGITS_S)

    def _number_keyed(self, dialogue: Dialogue) -> None:
        checked = numbers.check(dialogue.keyed, self._state.settings.numbers)
        if isinstance(checked, numbers.Allowed):
            self._read_back(replace(dialogue, number=checked.number, tries=0))
        else:
            self._again(dialogue, f"keyed number refused: {checked.reason}", Fixed.NUMBER_REFUSED)

    def _again(self, dialogue: Dialogue, reason: str, *apology: Phrase) -> None:
        """Ask once more, or after ``TRIES`` let the caller simply keep waiting."""
        tries = dialogue.tries + 1
        self._state.decide(_lane(dialogue), "asked again" if tries < TRIES else "keeps waiting", reason, tries=tries)
        dialogue = replace(dialogue, tries=tries)
        if dialogue.stage is Stage.REJOINING and tries >= TRIES:
            self._keep_promise(dialogue, "nothing was chosen")
        elif dialogue.stage is Stage.REJOINING:
            self.say(dialogue, *apology, Fixed.ALREADY_MENU)
        elif tries >= TRIES:
            self.to_waiting(dialogue, *apology, Fixed.KEEP_WAITING)
        elif dialogue.stage is Stage.KEYING:
            self._ask_number(dialogue, *apology, Fixed.KEY_NUMBER)
        else:
            self.say(dialogue, *apology, Fixed.NUMBER_IS, self._spoken(dialogue.number), Fixed.CONFIRM_MENU)

    # --- the promise ----------------------------------------------------------------------------------------------

    def _store(self, dialogue: Dialogue) -> None:
        entry = self._entry(dialogue)
        if entry is None:
            return
        if self._state.promised_to(dialogue.number):
            self._state.decide(entry.id, "no second promise", "this number has an open callback")
            self.to_waiting(dialogue, Fixed.ALREADY_PROMISED, Fixed.KEEP_WAITING)
            return
        state, retry = self._state, self._state.queue_of(entry).retry
        callback = Callback(
            id=state.mint.callback(state.now),
            entry=entry.id,
            queue=entry.queue,
            number=dialogue.number,
            created_at=state.now,
            expires_at=state.now + retry.expire_s,
            language=dialogue.language,
        )
        dialogue = self._keep(replace(self.hush(dialogue), stage=Stage.STORING))
        promised = replace(entry, leg=None, callback=callback.id, number=callback.number)
        state.pending[callback.id] = (dialogue.leg, callback)
        state.store(StorePromise(promised, callback))

    def promise_stored(self, event: PromiseStored) -> None:
        """Only now is the promise spoken. A caller who hung up meanwhile keeps it all the same."""
        leg, callback = self._state.pending.pop(event.callback, (None, None))
        if leg is None or callback is None:
            return
        state, entry = self._state, self._state.entries.get(callback.entry)
        if entry is None:
            return
        estimate = self._estimate(entry)
        state.put(callback, saved=True)
        state.move_entry(
            entry, EntryTrigger.PROMISE, saved=True, leg=None, callback=callback.id, number=callback.number
        )
        state.timers.set(Timer.EXPIRE, callback.id, callback.expires_at)
        state.decide(entry.id, "promised a callback", "confirmed by key", number=callback.number)
        dialogue = state.dialogues.get(leg)
        if dialogue:
            within = announce.promised_wait(estimate)
            self.leave(dialogue, Fixed.PROMISE, self._spoken(callback.number), *within, Fixed.GOODBYE)

    def promise_not_stored(self, event: PromiseNotStored) -> None:
        leg, callback = self._state.pending.pop(event.callback, (None, None))
        if leg is None or callback is None:
            return
        self._state.decide(callback.entry, "no promise", event.reason)
        dialogue, entry = self._state.dialogues.get(leg), self._state.entries.get(callback.entry)
        if dialogue:
            self.to_waiting(dialogue, Fixed.NO_CALLBACK_NOW)
        elif entry:
            self.close(entry, EntryOutcome.ABANDONED, "hung up, and the promise could not be stored")

    # --- a caller goes --------------------------------------------------------------------------------------------

    def gone(self, entry: Entry, outcome: EntryOutcome, reason: str) -> None:
        """The live caller of an entry that waits is gone. Who hung up after confirming keeps the promise."""
        if any(callback.entry == entry.id for _, callback in self._state.pending.values()):
            self._state.decide(entry.id, "hung up while the promise is stored", "it is kept all the same")
        else:
            self.close(entry, outcome, reason)

    def close(self, entry: Entry, outcome: EntryOutcome, reason: str) -> None:
        state = self._state
        state.decide(entry.id, f"closed: {outcome.value}", reason, waited_s=round(state.now - entry.arrived_at, 1))
        state.timers.cancel(Timer.RETRY, entry.id)
        state.move_entry(entry, EntryTrigger.CLOSE, outcome=outcome, closed_at=state.now)

    # --- small things ---------------------------------------------------------------------------------------------

    def _offer(self, entry: Entry, estimate: Estimate | None) -> offer.Answer:
        state = self._state
        open_promises = sum(1 for callback in state.callbacks.values() if callback.queue == entry.queue)
        asked = offer.Asked(estimate, state.now - entry.arrived_at, open_promises, state.database, state.offering)
        return offer.decide(state.queue_of(entry).offer, asked)

    def _estimate(self, entry: Entry) -> Estimate | None:
        return self._estimator.estimate(place_of(self._state, entry), self._state.now)

    def _spoken(self, number: str) -> Digits:
        return Digits(numbers.national_digits(number, self._state.settings.numbers.region))

    def _entry(self, dialogue: Dialogue) -> Entry | None:
        return self._state.entries.get(dialogue.entry or EntryId(""))

    def _reply_s(self, dialogue: Dialogue) -> float:
        return self._state.settings.dialling.key_s if dialogue.party is Party.CUSTOMER else REPLY_S

    def _keep(self, dialogue: Dialogue) -> Dialogue:
        self._state.dialogues[dialogue.leg] = dialogue
        return dialogue

    def _forget_playback(self, playback: PlaybackId) -> LegId | None:
        self._state.timers.cancel(Timer.PLAYBACK, playback)
        return self._state.playing.pop(playback, None)


def _lane(dialogue: Dialogue) -> str:
    return dialogue.entry or dialogue.leg


def _tame(raw: str) -> str:
    """What the network claimed, harmless: at most 32 characters that may stand in a number."""
    return "".join(c for c in raw if c in "+0123456789*#")[:32]

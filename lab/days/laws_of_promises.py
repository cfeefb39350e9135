"""Laws about promises: none is lost, none is spoken too early, and people are rung only as promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from callbackd.domain import events as ev
from callbackd.domain.calendar import calling_hours as calling
from callbackd.domain.calendar import hours
from callbackd.domain.commands import ClaimAttempt, DialCustomer, Join, Play, StorePromise
from callbackd.domain.ids import CallbackId
from callbackd.domain.lives.agent import Activity
from callbackd.domain.lives.attempt import AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import EntryState
from callbackd.domain.phrase import CallAt, Fixed
from callbackd.domain.settings import DialPolicy, Retry
from callbackd.domain.timers import Timer
from lab.days.past import Step, never_made

_OFFERS = {Fixed.OFFER, Fixed.OFFER_TIME, Fixed.OFFER_BOTH}


def promises_are_conserved(step: Step) -> Iterator[str]:
    """Stored = open + closed with an outcome."""
    for change in step.callbacks():
        if change.after is None and step.closed(Callback, change.id) is None:
            yield f"promise {change.id} is gone, and nothing was written about how"
        born = change.before is None and change.id not in step.past.stored
        if born and not _just_stored(step, change.id) and not _stands_again(step, change.id):
            yield f"promise {change.id} is open and was never stored"
    if isinstance(step.event, ev.PromiseStored) and (command := step.past.pending.get(step.event.callback)):
        id = command.callback.id
        if id not in step.state.callbacks and step.closed(Callback, id) is None and id not in step.past.ended:
            yield f"promise {id} was stored and is forgotten"


def _just_stored(step: Step, id: str) -> bool:
    return isinstance(step.event, ev.PromiseStored) and step.event.callback == id and id in step.past.pending


def _stands_again(step: Step, id: str) -> bool:
    """Of a caller who rang in and went before talking to anybody: it was stored once, under another id."""
    return any(
        change.before and change.before.promised_at is not None and change.after and change.after.callback == id
        for change in step.entries()
    )


def a_promise_has_its_place(step: Step) -> Iterator[str]:
    ids = {change.id for change in step.callbacks() if change.after}
    for change in step.entries():
        ids |= {row.callback for row in (change.before, change.after) if row and row.callback}
    for promise in [step.state.callbacks[CallbackId(id)] for id in ids if id in step.state.callbacks]:
        entry = step.state.entries.get(promise.entry)
        if entry is None or entry.callback != promise.id:
            yield f"promise {promise.id} has lost its place"
        elif entry.state is EntryState.OUTSIDE and entry.leg is None and entry.slot_at is None:
            yield f"{entry.id} is outside and waits for no time"


def one_promise_per_number(step: Step) -> Iterator[str]:
    for command in step.of(StorePromise):
        asked = command.callback
        for promise in step.state.callbacks.values():
            if promise.id != asked.id and (promise.number, promise.group) == (asked.number, asked.group):
                yield f"{asked.number} has {promise.id} and was to be given {asked.id}"
    if step.callbacks():
        numbers = Counter((promise.number, promise.group) for promise in step.state.callbacks.values())
        yield from (f"{number} has {count} promises" for number, count in numbers.items() if count > 1)


def a_promise_is_spoken_after_it_is_stored(step: Step) -> Iterator[str]:
    for play in step.of(Play):
        if Fixed.PROMISE in play.phrases or any(isinstance(phrase, CallAt) for phrase in play.phrases):
            stored = step.event.callback if isinstance(step.event, ev.PromiseStored) else ""
            command = step.past.pending.get(stored)
            listener = step.state.dialogues.get(play.leg)
            if command is None or listener is None or command.entry.id != listener.entry:
                yield f"{play.leg} was promised something that nobody stored"


def a_promise_is_kept_by_talking(step: Step) -> Iterator[str]:
    for row in step.saved(Callback):
        entry = step.past.tables["entries"].get(row.entry)
        talks = entry and entry.state is EntryState.TALKING
        if row.outcome is CallbackOutcome.COMPLETED and not talks:
            yield f"promise {row.id} is completed, and nobody talked"


def a_promise_does_not_live_for_ever(step: Step) -> Iterator[str]:
    timers = step.state.timers
    for change in step.callbacks():
        promise = change.after
        waits = promise and promise.state is CallbackState.WAITING
        if waits and not timers.is_set(Timer.EXPIRE, promise.id):
            yield f"promise {promise.id} never expires"
    for change in step.entries():
        entry = change.after
        if entry is None or entry.leg or not entry.callback:
            continue
        if (
            entry.state is EntryState.WAITING
            and step.now < entry.not_before
            and not timers.is_set(Timer.RETRY, entry.id)
        ):
            yield f"nobody comes back to {entry.id}"
        if entry.state is EntryState.OUTSIDE and not timers.is_set(Timer.ENTER, entry.id):
            yield f"{entry.id} never enters the line"


def an_attempt_does_not_last_for_ever(step: Step) -> Iterator[str]:
    for change in step.changes["attempts"]:
        attempt = change.after
        if attempt is None or attempt.state in {AttemptState.CLAIMING, AttemptState.ACCEPTED}:
            continue
        if attempt.leg not in step.state.dialogues and not step.state.timers.is_set(Timer.ATTEMPT, attempt.id):
            yield f"attempt {attempt.id} never ends"
    for change in step.callbacks():
        promise = change.after
        if promise and (promise.state is CallbackState.DIALLING) != (promise.attempt in step.state.attempts):
            yield f"promise {promise.id} is {promise.state.value} with attempt {promise.attempt}"


def the_intent_is_stored_before_dialling(step: Step) -> Iterator[str]:
    for dial in step.of(DialCustomer):
        heard = isinstance(step.event, ev.AttemptClaimed) and step.event.attempt == dial.attempt
        intent = step.past.claiming.get(dial.attempt)
        if never_made(step, dial):
            continue
        if not heard or intent is None:
            yield f"{dial.attempt} is dialled and its intent is not stored"
        elif dial.number != intent.attempt.number:
            yield f"{dial.number} is dialled instead of {intent.attempt.number}"


def an_attempt_is_dialled_once(step: Step) -> Iterator[str]:
    for dial in step.of(DialCustomer):
        if dial.attempt in step.past.dialled and not never_made(step, dial):
            yield f"{dial.attempt} is dialled again"
        promises = [p for p in step.state.callbacks.values() if p.attempt == dial.attempt]
        if [promise.state for promise in promises] != [CallbackState.DIALLING]:
            yield f"{dial.attempt} is dialled for {[promise.state.value for promise in promises]}"


def a_number_is_rung_once_at_a_time(step: Step) -> Iterator[str]:
    past = step.past
    for dial in step.of(DialCustomer):
        for leg, number in past.rung.items() if dial.number in past.rung.values() else ():
            if number == dial.number and leg not in {*past.gone, dial.leg}:
                yield f"{number} is rung by {dial.leg} and by {leg}"


def attempts_are_limited(step: Step) -> Iterator[str]:
    for claim in step.of(ClaimAttempt):
        retry = step.state.settings.queues[claim.callback.queue].retry
        if step.past.counted[claim.callback.id] >= retry.max_attempts:
            yield f"{claim.callback.id} has had {retry.max_attempts} attempts that count, and is dialled again"


def _wanted_now(step: Step, id: str, since: float = 0.0) -> bool:
    """Whether somebody has asked to call now, at ``since`` or later, and the promise has not been moved since."""
    now = isinstance(step.event, ev.Asked) and step.event.act == ev.CallNow(id)
    return now or step.past.call_now.get(id, -1.0) >= since


def attempts_keep_their_distance(step: Step) -> Iterator[str]:
    for claim in step.of(ClaimAttempt):
        last, slot_at = step.past.over.get(claim.callback.id, (None, None))
        if last is None or slot_at != claim.callback.slot_at:
            continue
        assert last.outcome
        assert last.closed_at
        gap_s = _gap_s(step.state.settings.queues[claim.callback.queue].retry, last.outcome)
        if step.now < last.closed_at + gap_s and not _wanted_now(step, claim.callback.id, last.closed_at):
            yield f"{claim.callback.id} is dialled {step.now - last.closed_at:.0f} s after {last.outcome.value}"


def _gap_s(retry: Retry, outcome: AttemptOutcome) -> float:
    """The least pause that was promised to the customer."""
    match outcome:
        case AttemptOutcome.RANG_IN:
            return 0.0
        case AttemptOutcome.POSTPONED:
            return 600.0
        case AttemptOutcome.CUT_OFF:
            return retry.cut_off_gap_s
        case AttemptOutcome.NOT_DIALLED | AttemptOutcome.CONGESTION | AttemptOutcome.CALLED_OFF:
            return retry.congestion_gap_s
        case AttemptOutcome.BUSY | AttemptOutcome.REJECTED:
            return retry.busy_gap_s
        case AttemptOutcome.NO_KEY | AttemptOutcome.ABANDONED:
            return retry.no_key_gap_s
    return retry.no_answer_gap_s


def a_customer_is_rung_for_somebody(step: Step) -> Iterator[str]:
    """With agents first, each who is reserved can be rung, and a dial that nobody has answered has one."""
    for change in step.changes["agents"]:
        if change.after.activity is Activity.RESERVED and not change.after.ready:
            yield f"{change.id} is kept for {change.after.entry} and cannot be rung"
    for change in step.changes["attempts"]:
        attempt = change.after
        promise = step.state.callbacks.get(attempt.callback) if attempt else None
        if promise is None or attempt.agent or attempt.state in {AttemptState.ANSWERED, AttemptState.ACCEPTED}:
            continue
        if step.state.settings.queues[promise.queue].dial is DialPolicy.AGENT_FIRST:
            yield f"{attempt.id} is dialled with agents first, and no agent is kept for it"


def who_pressed_one_does_not_wait_for_ever(step: Step) -> Iterator[str]:
    for change in step.callbacks():
        promise = change.after
        if promise and promise.state is CallbackState.ACCEPTED:
            entry = step.state.entries[promise.entry]
            if entry.state is not EntryState.TALKING and not step.state.timers.is_set(Timer.ACCEPTED, entry.id):
                yield f"{entry.id} has pressed 1, and nothing ends the wait"


def nobody_is_rung_at_the_wrong_time(step: Step) -> Iterator[str]:
    """Nobody is dialled before the promised time (unless somebody asked to), while the queue is closed, or outside
    the calling hours."""
    state = step.state
    for claim in step.of(ClaimAttempt):
        promise, queue = claim.callback, state.settings.queues[claim.callback.queue]
        if promise.slot_at is not None and step.now < promise.slot_at and not _wanted_now(step, promise.id):
            yield f"{promise.id} is dialled {promise.slot_at - step.now:.0f} s before its time"
        if not hours.opening(queue.hours, step.now, state.world.closed_until.get(queue.name)).open:
            yield f"{promise.id} is dialled while {queue.name} is closed"
        settings, chosen = state.settings, promise.slot_at is not None
        if not calling.allowed(settings.calling, promise.number, step.now, chosen=chosen, zone=settings.zone).yes:
            yield f"{promise.id} is dialled at an hour at which {promise.number} may not be rung"


def only_key_one_connects_a_customer(step: Step) -> Iterator[str]:
    for join in step.of(Join):
        customer = join.legs[0]
        if customer in step.past.rung and (customer, "1") not in step.past.pressed:
            yield f"{customer} was connected and never pressed 1"


def nothing_is_offered_without_a_database(step: Step) -> Iterator[str]:
    for play in step.of(Play):
        if _OFFERS & set(play.phrases) and not step.state.world.database:
            yield f"{play.leg} was offered what cannot be stored"


def a_slot_is_not_overbooked(step: Step) -> Iterator[str]:
    """Except that a queue that can be closed may promise its next opening beyond the capacity: better than a dead
    end."""
    state = step.state
    fresh = {(p.queue, p.slot_at) for change in step.callbacks() if (p := change.after) and p.slot_at is not None}
    for name, at in fresh:
        queue = state.settings.queues[name]
        booked = sum((p.queue, p.slot_at) == (name, at) for p in state.callbacks.values())
        opens = queue.hours is not None or name in step.past.closed_early
        if not opens and not queue.slots.exceptions and booked > queue.slots.capacity:
            yield f"{booked} promises at {at}, and the slot holds {queue.slots.capacity}"


LAWS = (
    promises_are_conserved,
    a_promise_has_its_place,
    one_promise_per_number,
    a_promise_is_spoken_after_it_is_stored,
    a_promise_is_kept_by_talking,
    a_promise_does_not_live_for_ever,
    an_attempt_does_not_last_for_ever,
    an_attempt_is_dialled_once,
    the_intent_is_stored_before_dialling,
    a_number_is_rung_once_at_a_time,
    attempts_are_limited,
    attempts_keep_their_distance,
    a_customer_is_rung_for_somebody,
    who_pressed_one_does_not_wait_for_ever,
    nobody_is_rung_at_the_wrong_time,
    only_key_one_connects_a_customer,
    nothing_is_offered_without_a_database,
    a_slot_is_not_overbooked,
)

"""Bugs to plant: each breaks the domain in one place, as a tired programmer might, and names the law that must notice.

They are planted by replacing a function or a method while a day runs. Laws hold on to the functions they ask, so a bug
in one does not blind them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from callbackd.domain.acd import Acd
from callbackd.domain.acd.acts import Acts
from callbackd.domain.agents.floor import Floor
from callbackd.domain.callbacks import offer
from callbackd.domain.callbacks import promise as promising
from callbackd.domain.callbacks.promise import Promises
from callbackd.domain.callers.waiting import Waiting
from callbackd.domain.commands import DropBridge, HangUp, SendToFallback, StartMusic, StopPlayback
from callbackd.domain.dialler import retry
from callbackd.domain.dialler.customer import Customer
from callbackd.domain.dialler.dial import Dial
from callbackd.domain.dialler.reservation import Reservations
from callbackd.domain.events import AttemptClaimed, LegEnded
from callbackd.domain.ids import OURS, LegId, Mint
from callbackd.domain.line import eligibility, routing
from callbackd.domain.line import order as line
from callbackd.domain.lives.agent import Activity, ActivityTrigger, Agent, Presence
from callbackd.domain.lives.callback import Callback, CallbackState
from callbackd.domain.lives.entry import Entry, EntryState, EntryTrigger
from callbackd.domain.phrase import Fixed
from callbackd.domain.speech import announcement as announce
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State
from callbackd.domain.timers import Timer, Timers
from callbackd.domain.wait.ledger import Ledger
from lab.days import laws_of_acts as acts
from lab.days import laws_of_calls as calls
from lab.days import laws_of_places as places
from lab.days import laws_of_promises as promises
from lab.days.past import Step

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Bug:
    law: str
    shape: str
    plant: Plant


BUGS: dict[str, Bug] = {}


def bug(law: Callable[[Step], Any], shape: str = "small") -> Callable[[Plant], Plant]:
    """The law that must find it, in days of this shape."""

    def add(plant: Plant) -> Plant:
        BUGS[plant.__name__.replace("_", " ")] = Bug(law.__name__, shape, plant)
        return plant

    return add


def _around(patch: pytest.MonkeyPatch, owner: Any, name: str, wrap: Callable[..., Any]) -> None:
    """Replace a function by one that is given the original first."""
    original = getattr(owner, name)
    patch.setattr(owner, name, lambda *args, **named: wrap(original, *args, **named))


def _at_every(patch: pytest.MonkeyPatch, trigger: EntryTrigger, wrong: Callable[[State], dict[str, Any]]) -> None:
    """Entries move by this trigger with changes that nobody wanted."""

    def moves(original, state, move, **more):
        if isinstance(move.after, Entry) and move.trigger == trigger.value:
            move = replace(move, after=replace(move.after, **wrong(state)))
        return original(state, move, **more)

    _around(patch, State, "move", moves)


# --- places -----------------------------------------------------------------------------------------------------------


@bug(places.nobody_is_overtaken)
def two_places_are_swapped_now_and_then(patch):
    """Arrivals are compared by whole half minutes, and then the younger is first."""

    def swapped(_, state, entry, points=0):
        into_s = entry.arrived_at % 30
        return (-(entry.priority + points), entry.arrived_at - 2 * into_s, entry.id)

    _around(patch, State, "order", swapped)


@bug(places.nobody_is_overtaken, "mid")
def the_priority_of_queues_is_forgotten(patch):
    _around(patch, line, "across", lambda _, state, entry: (0, state.order(entry)))


@bug(places.a_place_is_kept)
def the_place_is_lost_after_a_missed_ring(patch):
    _at_every(patch, EntryTrigger.UNANSWERED, lambda state: {"arrived_at": state.now})


@bug(places.a_place_is_kept, "incident")
def a_failed_dial_sends_to_the_end_of_the_line(patch):
    _at_every(patch, EntryTrigger.DIAL_OVER, lambda state: {"arrived_at": state.now})


@bug(places.a_place_is_kept, "incident")
def who_rejoins_is_given_a_new_place(patch):
    _at_every(patch, EntryTrigger.REJOIN, lambda state: {"arrived_at": state.now})


@bug(places.a_place_is_held_by_somebody)
def the_holder_is_forgotten_after_a_missed_ring(patch):
    _at_every(patch, EntryTrigger.UNANSWERED, lambda _: {"leg": None})


@bug(places.one_place_per_person, "small")
def who_has_a_promise_is_not_recognised(patch):
    def stranger(original, reception, event, **more):
        with pytest.MonkeyPatch.context() as blind:
            blind.setattr(State, "promised_to", lambda state, number, group: None)
            original(reception, event, **more)

    _around(patch, Waiting, "arrive", stranger)


@bug(places.closed_rows_have_an_outcome)
def an_outcome_is_not_written(patch):
    _at_every(patch, EntryTrigger.CLOSE, lambda _: {"outcome": None})


@bug(places.entered_is_open_plus_closed)
def an_entry_is_forgotten_when_its_ring_is_missed(patch):
    def forgets(original, state, row):
        before = original(state, row)
        if isinstance(row, Entry) and before and (before.state, row.state) == (EntryState.RINGING, EntryState.WAITING):
            original(state, replace(row, state=EntryState.CLOSED))
        return before

    _around(patch, State, "load", forgets)


# --- agents -----------------------------------------------------------------------------------------------------------


@bug(places.work_is_given_to_free_agents)
def paused_agents_are_served(patch):
    patch.setattr(Agent, "ready", property(lambda agent: agent.presence is not Presence.LOGGED_OUT))


@bug(places.work_is_given_to_free_agents)
def nobody_is_left_alone_after_a_missed_ring(patch):
    patch.setattr(
        Agent, "free", lambda agent, now: agent.presence is Presence.AVAILABLE and agent.activity is Activity.IDLE
    )


@bug(calls.one_person_and_one_agent_are_joined, "mobiles")
def the_agent_who_answers_is_freed_with_the_others(patch):
    _around(
        patch, Floor, "stop_ringing", lambda original, floor, entry, reason, but=None: original(floor, entry, reason)
    )


@bug(places.an_entry_has_at_most_one_agent)
def two_entries_are_rung_at_one_agent(patch):
    def also_rung(original, state):
        return original(state) or [a for a in state.agents.values() if a.activity is Activity.RINGING and a.misses]

    _around(patch, routing, "free_agents", also_rung)


@bug(places.an_entry_has_at_most_one_agent)
def an_agent_is_free_while_talking(patch):
    def frees(original, floor, entry, *who):
        original(floor, entry, *who)
        agent = floor._state.agents[entry.agent]
        floor._state.put(replace(agent, activity=Activity.IDLE, entry=None))

    _around(patch, Floor, "_join", frees)


@bug(places.an_agent_works_for_one_open_entry)
def an_agent_keeps_the_entry_after_the_talk(patch):
    def keeps(original, state, move, **more):
        if isinstance(move.row, Agent) and move.trigger == ActivityTrigger.END.value:
            return state.put(replace(move.row, wrap_up_until=move.after.wrap_up_until))
        return original(state, move, **more)

    _around(patch, State, "move", keeps)


@bug(places.an_agents_phone_is_rung_once_at_a_time, "mobiles")
def the_telephones_of_the_slower_agents_ring_on(patch):
    _around(patch, State, "do", _without(HangUp, "another agent was faster"))


@bug(places.wrap_up_is_not_cut_short)
def the_wrap_up_is_skipped(patch):
    def skips(_, floor, agent, entry):
        floor._state.move(agent.end(floor._state.now))
        floor.wrapped(agent.id)

    _around(patch, Floor, "_wrap_up", skips)


@bug(places.agents_become_free_again)
def a_wrap_up_has_no_end(patch):
    _forget(patch, Timer.WRAP_UP)


@bug(places.agents_are_given_what_they_may_serve, "skills")
def skills_are_not_looked_at(patch):
    def serves(_, state, entry, agent):
        return None if entry.queue in state.settings.agents[agent.id].queues else eligibility.NOT_OF_THIS_QUEUE

    _around(patch, routing, "passed_over", serves)


@bug(places.agents_are_given_what_they_may_serve, "skills")
def the_demand_for_skills_falls_a_minute_early(patch):
    def early(_, state, entry, agent):
        return eligibility.passed_over(state, replace(entry, arrived_at=entry.arrived_at - 60), agent)

    _around(patch, routing, "passed_over", early)


@bug(places.nobody_waits_while_an_agent_is_free)
def nobody_is_matched_after_a_hangup(patch):
    def deaf(original, acd, event, now):
        if isinstance(event, LegEnded):
            with pytest.MonkeyPatch.context() as meanwhile:
                meanwhile.setattr(acd, "_match", lambda: None)
                return original(acd, event, now)
        return original(acd, event, now)

    _around(patch, Acd, "handle", deaf)


# --- promises ---------------------------------------------------------------------------------------------------------


@bug(promises.promises_are_conserved)
def a_stored_promise_is_forgotten(patch):
    def stored(original, desk, event):
        if event.callback[-1] in "02468aceg":
            desk._storing.pop(event.callback, None)
        original(desk, event)

    _around(patch, Promises, "stored", stored)


@bug(promises.promises_are_conserved, "incident")
def the_end_of_a_promise_is_not_written(patch):
    def unwritten(original, state, row, *, saved=False):
        closed = isinstance(row, Callback) and row.state is CallbackState.CLOSED
        return original(state, row, saved=saved or closed)

    _around(patch, State, "put", unwritten)


@bug(places.a_place_is_held_by_somebody)
def the_place_is_given_up_with_the_call(patch):
    def gives_up(original, state, entry):
        if entry.callback and entry.leg is None and entry.state is EntryState.WAITING:
            entry = replace(entry, callback=None)
        original(state, entry)

    _around(patch, State, "_put_entry", gives_up)


@bug(promises.a_promise_has_its_place)
def the_time_of_a_promise_is_forgotten(patch):
    def forgets(original, state, entry):
        original(state, replace(entry, slot_at=None) if entry.state is EntryState.OUTSIDE else entry)

    _around(patch, State, "_put_entry", forgets)


@bug(promises.one_promise_per_number, "many rejoin")
def a_number_that_is_dialled_may_be_promised_again(patch):
    def while_waiting(original, state, number, group):
        found = original(state, number, group)
        return found if found and found.state is CallbackState.WAITING else None

    _around(patch, State, "promised_to", while_waiting)


@bug(promises.a_promise_is_spoken_after_it_is_stored)
def a_promise_is_spoken_at_once(patch):
    def hasty(original, desk, dialogue):
        original(desk, dialogue)
        if dialogue.leg in desk._state.dialogues:
            desk._speech.say(desk._state.dialogues[dialogue.leg], Fixed.PROMISE)

    _around(patch, Promises, "_store", hasty)


@bug(promises.a_promise_is_kept_by_talking)
def a_promise_counts_as_kept_when_the_customer_accepts(patch):
    def hasty(original, desk, dialogue, attempt):
        promise = desk._state.callbacks[attempt.callback]
        original(desk, dialogue, attempt)
        desk._outcomes.connected(desk._state.entries[promise.entry])

    _around(patch, Customer, "_accept", hasty)


@bug(promises.a_promise_does_not_live_for_ever)
def the_expiry_timer_is_dropped(patch):
    _forget(patch, Timer.EXPIRE)


@bug(promises.a_promise_does_not_live_for_ever, "incident")
def nobody_comes_back_after_a_failed_dial(patch):
    _forget(patch, Timer.RETRY)


@bug(promises.an_attempt_does_not_last_for_ever)
def an_attempt_has_no_end(patch):
    _forget(patch, Timer.ATTEMPT)


@bug(promises.the_intent_is_stored_before_dialling)
def the_customer_is_dialled_without_a_stored_intent(patch):
    def hasty(original, desk, entry, agent_id, reason):
        original(desk, entry, agent_id, reason)
        for id in list(desk._state.attempts):
            desk.claimed(AttemptClaimed(id))

    _around(patch, Dial, "claim", hasty)


@bug(promises.attempts_are_limited, "small")
def every_attempt_is_refunded(patch):
    def refunds(original, *args):
        answer = original(*args)
        return replace(answer, refund=True) if isinstance(answer, retry.Again) else answer

    _around(patch, retry, "decide", refunds)


@bug(promises.attempts_keep_their_distance, "incident")
def the_pause_after_an_attempt_is_skipped(patch):
    def hasty(original, settings, outcome, made, now, *rest):
        answer = original(settings, outcome, made, now, *rest)
        return replace(answer, at=now + 1) if isinstance(answer, retry.Again) else answer

    _around(patch, retry, "decide", hasty)


@bug(promises.nobody_is_rung_at_the_wrong_time, "closing time")
def hours_are_for_callers_only(patch):
    patch.setattr(Dial, "_ringable_at", lambda desk, entry, callback: desk._state.now)


@bug(promises.only_key_one_connects_a_customer)
def silence_is_taken_for_a_yes(patch):
    def yes(_, desk, dialogue, attempt):
        desk._accept(dialogue, attempt)

    _around(patch, Customer, "_no_person", yes)


@bug(promises.nothing_is_offered_without_a_database, "outages")
def offers_are_made_without_a_database(patch):
    _around(
        patch, offer, "_obstacle", lambda original, settings, asked: original(settings, replace(asked, unkeepable=""))
    )


@bug(promises.a_slot_is_not_overbooked, "mid")
def a_slot_is_looked_at_only_when_it_is_read_out(patch):
    patch.setattr(promising, "taken", lambda *_: False)


@bug(promises.a_number_is_rung_once_at_a_time, "many rejoin")
def who_rings_in_is_rung_on(patch):
    _around(patch, State, "do", _without(HangUp, "the customer called us"))


# --- calls ------------------------------------------------------------------------------------------------------------


@bug(calls.every_spoken_wait_is_in_the_ledger)
def only_every_other_wait_is_written_down(patch):
    told = iter(range(10**6))
    _around(patch, Ledger, "quote", lambda original, *args: original(*args) if next(told) % 2 else None)


@bug(calls.a_quote_ends_once, "rules")
def who_overflows_or_gives_up_leaves_the_ledger_open(patch):
    patch.setattr(Ledger, "left", lambda ledger, entry: None)


@bug(calls.every_caller_is_spoken_to, "rules")
def nobody_is_sent_back_to_the_dialplan(patch):
    _around(patch, State, "do", _without(SendToFallback))


@bug(calls.time_never_goes_back)
def decisions_are_dated_by_the_minute(patch):
    def dated(original, state, *args, **facts):
        original(state, *args, **facts)
        state._out.append(replace(state._out.pop(), at=state.now // 60 * 60))

    _around(patch, State, "note", dated)


@bug(calls.bridges_end_with_their_entry)
def the_bridge_is_kept(patch):
    _around(patch, State, "do", _without(DropBridge))


@bug(calls.commands_are_for_legs_that_exist_or_did)
def names_of_legs_are_used_again(patch):
    _around(patch, Mint, "leg", lambda original, mint, now: LegId(f"{OURS}{now // 600:.0f}"))


@bug(promises.an_attempt_is_dialled_once, "bad line")
def an_intent_that_is_confirmed_twice_is_dialled_twice(patch):
    def again(original, desk, event):
        attempt = desk._state.attempts.get(event.attempt)
        if attempt:
            desk._state.attempts[attempt.id] = replace(attempt, state=type(attempt.state).CLAIMING)
        original(desk, event)

    _around(patch, Dial, "claimed", again)


@bug(calls.one_voice_at_a_time)
def what_is_said_is_not_cut_off(patch):
    _around(patch, State, "do", _without(StopPlayback))


@bug(calls.a_playback_is_remembered_while_it_lasts)
def a_playback_is_never_forgotten(patch):
    patch.setattr(Speech, "_forget_playback", lambda speech, playback: speech.playing.get(playback))


@bug(calls.spoken_waits_never_grow, "incident")
def a_worse_wait_is_told(patch):
    _around(
        patch,
        announce,
        "compose",
        lambda original, settings, position, estimate, _: original(settings, position, estimate, None),
    )


@bug(calls.nobody_is_left_in_silence)
def nobody_speaks_to_those_who_wait(patch):
    _forget(patch, Timer.ANNOUNCE)


@bug(calls.nobody_is_left_in_silence)
def there_is_no_music(patch):
    _around(patch, State, "do", _without(StartMusic))


@bug(calls.nobody_is_left_in_silence)
def asterisk_is_not_shown_that_we_live(patch):
    _forget(patch, Timer.DEAD_MAN)


@bug(calls.asterisk_is_shown_that_we_live, "hesitant")
def asterisk_is_shown_nothing_between_two_menus(patch):
    patch.setattr(Speech, "_arm_before_speaking", lambda speech, dialogue: None)


@bug(calls.one_person_and_one_agent_are_joined)
def a_caller_is_joined_with_nobody(patch):
    def alone(original, floor, entry, bridge, caller_leg, agent_leg):
        original(floor, entry, bridge, caller_leg, caller_leg)

    _around(patch, Floor, "_join", alone)


@bug(promises.a_customer_is_rung_for_somebody, "agents leave")
def a_reserved_agent_who_leaves_is_kept(patch):
    patch.setattr(Reservations, "see", lambda desk, changes: None)


@bug(promises.who_pressed_one_does_not_wait_for_ever)
def the_wait_after_key_one_has_no_end(patch):
    _forget(patch, Timer.ACCEPTED)


@bug(places.agents_who_left_are_not_rung, "agents leave")
def who_leaves_is_rung_on(patch):
    patch.setattr(Floor, "_take_ring", lambda floor, agent, now: None)


# --- what people ask for ----------------------------------------------------------------------------------------------


@bug(acts.acts_are_answered, "asked")
def who_asked_for_a_promise_never_hears_that_it_is_stored(patch):
    patch.setattr(Acts, "stored", lambda desk, event: None)


@bug(acts.a_refused_act_changes_nothing, "asked")
def a_move_that_is_refused_makes_the_promise_last_longer(patch):
    def moves(original, desk, callback, slot_at):
        refused = original(desk, callback, slot_at)
        if refused:
            desk._state.put(replace(callback, expires_at=callback.expires_at + 60))
        return refused

    _around(patch, Promises, "move", moves)


@bug(acts.who_is_put_first_is_first, "asked")
def who_is_put_first_gets_one_step_of_priority(patch):
    patch.setattr(Acts, "_first", lambda desk, entry: replace(entry, priority=entry.priority + 0.001))


def _forget(patch: pytest.MonkeyPatch, timer: Timer) -> None:
    def forgets(original, timers, kind, whose, at):
        if kind is not timer:
            original(timers, kind, whose, at)

    _around(patch, Timers, "set", forgets)


def _without(kind: type, reason: str = "") -> Callable[..., None]:
    """The original ``do`` without commands of this kind, and of this reason if one is named."""

    def does(original, state, *acts):
        original(state, *(a for a in acts if not (isinstance(a, kind) and getattr(a, "reason", "").startswith(reason))))

    return does

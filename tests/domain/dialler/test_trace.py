"""Dials whose fate was never reported, calls that ended with Asterisk, and people who were never brought together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callbackd.domain.commands import (
    ArmDeadMan,
    DialCustomer,
    DropBridge,
    Join,
    MakeBridge,
    NotePlace,
    Play,
    RingAgent,
    StorePromise,
    TraceAttempt,
)
from callbackd.domain.events import (
    AttemptTraced,
    CallArrived,
    DialAccepted,
    DialUnknown,
    Ending,
    Finding,
    LegAnswered,
    LegEnded,
    LegEntered,
    LegRinging,
    LegsJoined,
    LegsSeen,
    Party,
    PbxBack,
    PbxLost,
    SwitchTurned,
)
from callbackd.domain.ids import BridgeId, LegId, QueueName
from callbackd.domain.lives.agent import Activity
from callbackd.domain.lives.attempt import AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import EntryOutcome, EntryState
from callbackd.domain.phrase import CallbackHello, Fixed
from callbackd.domain.settings import Offer, Retry
from tests.builders import ANNA, BEN, SUPPORT, Centre, queue, settings
from tests.domain.callbacks.test_promise import dialled, one_agent


def unknown(**changes):
    """Anna is dialled for Alice, and nobody answers the request."""
    centre = dialled(**changes)
    centre.hear(DialUnknown(centre.attempt().leg, "timed out"))
    return centre


def traced(centre, trace):
    return centre.hear(AttemptTraced(centre.attempt().id, trace))


def dials(centre):
    return [dial.leg for dial in centre.all(DialCustomer)]


# --- one judgement ------------------------------------------------------------------------------------------------


def test_a_dial_without_a_reply_is_looked_after_at_once_and_again_until_it_is_known():
    centre = unknown()
    assert len(centre.all(TraceAttempt)) == 1
    centre.wait(5)
    traced(centre, Finding.ALIVE)
    centre.wait(5)
    assert len(centre.all(TraceAttempt)) == 3
    centre.customer_answers()
    centre.wait(5)
    assert len(centre.all(TraceAttempt)) == 3
    assert len(dials(centre)) == 1


@pytest.mark.parametrize(
    ("before", "trace", "outcome", "counted"),
    [
        (None, Finding.ANSWERED, AttemptOutcome.CUT_OFF, 1),
        (None, Finding.DIALLED, AttemptOutcome.UNKNOWN, 1),
        (None, Finding.UNKNOWABLE, AttemptOutcome.UNKNOWN, 1),
        (None, Finding.NOTHING, None, 1),
        (DialAccepted, Finding.NOTHING, None, 1),
        (LegRinging, Finding.NOTHING, AttemptOutcome.UNKNOWN, 1),
        (LegAnswered, Finding.NOTHING, AttemptOutcome.CUT_OFF, 1),
        (LegAnswered, Finding.DIALLED, AttemptOutcome.CUT_OFF, 1),
        (LegAnswered, Finding.ALIVE, None, 1),
    ],
)
def test_a_trace_moves_an_attempt_by_its_finding(before, trace, outcome, counted):
    centre = unknown()
    if before:
        centre.hear(before(centre.attempt().leg))
    traced(centre, trace)
    assert centre.attempt().outcome is outcome
    assert centre.callback().attempts_made == counted
    assert centre.callback().state is (CallbackState.WAITING if outcome else CallbackState.DIALLING)


def test_a_leg_that_asterisk_never_made_is_requested_again_under_the_same_id_and_then_refunded():
    centre = unknown()
    for _ in range(4):
        traced(centre, Finding.NOTHING)
        centre.wait(10)
    assert len(dials(centre)) == 5
    assert len(set(dials(centre))) == 1
    centre.wait(20)
    traced(centre, Finding.NOTHING)
    assert centre.attempt().outcome is AttemptOutcome.NOT_DIALLED
    assert centre.callback().attempts_made == 0
    assert centre.agents["alice"].activity is not Activity.RESERVED


def test_nothing_is_asked_for_again_when_dialling_is_switched_off():
    centre = unknown()
    centre.hear(SwitchTurned("dialling", False))
    traced(centre, Finding.NOTHING)
    assert len(dials(centre)) == 1
    assert centre.attempt().outcome is AttemptOutcome.NOT_DIALLED


def test_an_asterisk_that_started_later_cannot_tell_that_nothing_rang():
    centre = unknown()
    centre.hear(PbxLost("killed"))
    centre.hear(LegsSeen(frozenset(), since=centre.now + 3))
    centre.hear(PbxBack())
    traced(centre, Finding.NOTHING)
    assert centre.attempt().outcome is AttemptOutcome.UNKNOWN
    assert centre.callback().attempts_made == 1
    assert len(dials(centre)) == 1


def test_a_trace_of_a_settled_attempt_changes_nothing():
    centre = unknown()
    leg = centre.customer_answers()
    traced(centre, Finding.ALIVE)
    centre.presses(leg, "1")
    traced(centre, Finding.ANSWERED)
    assert centre.attempt().state is AttemptState.ACCEPTED


@pytest.mark.parametrize(("died", "outcome"), [(True, AttemptOutcome.CUT_OFF), (False, AttemptOutcome.NO_KEY)])
def test_a_customer_who_listened_and_is_gone_hung_up_unless_asterisk_went_first(died, outcome):
    centre = dialled()
    leg = centre.customer_answers()
    centre.now += 3
    centre.hear(PbxLost("gone"))
    centre.hear(LegsSeen(frozenset(), since=centre.now + 2 if died else centre.now - 3600))
    centre.hear(PbxBack())
    traced(centre, Finding.ANSWERED)
    assert centre.attempt().outcome is outcome
    heard = len(centre.heard(leg))
    centre.wait(60)
    assert len(centre.heard(leg)) == heard


def test_while_asterisk_is_away_nobody_asks_it_and_no_attempt_is_judged():
    centre = dialled()
    centre.hear(PbxLost("frozen"))
    centre.wait(600)
    assert centre.all(TraceAttempt) == []
    assert centre.attempt().outcome is None
    centre.hear(LegsSeen(frozenset()))
    centre.hear(PbxBack())
    assert len(centre.all(TraceAttempt)) == 1


def test_a_restarted_daemon_traces_what_it_finds_open():
    before = dialled()
    later = Centre(before.settings, b"later")
    later.now = before.now + 3
    rows = [*before.entries.values(), *before.callbacks.values(), *before.attempts.values(), *before.agents.values()]
    later.acd.restore([row for row in rows if getattr(row, "closed_at", None) is None], later.now)
    later.hear(PbxLost("not connected yet"))
    later.hear(LegsSeen(frozenset()))
    later.hear(PbxBack())
    (look,) = later.all(TraceAttempt)
    assert look.attempt == before.attempt().id
    later.hear(AttemptTraced(look.attempt, Finding.NOTHING))
    assert dials(later) == [before.attempt().leg]


# --- an apology ---------------------------------------------------------------------------------------------------


def test_a_customer_who_answered_and_was_cut_off_is_called_after_two_minutes_with_an_apology():
    centre = unknown(retry=Retry(max_attempts=2))
    traced(centre, Finding.ANSWERED)
    centre.wait(119)
    assert len(dials(centre)) == 1
    centre.wait(2)
    assert len(set(dials(centre))) == 2
    assert centre.last(DialCustomer).hello == (CallbackHello(SUPPORT), Fixed.CUT_OFF_BEFORE)


def test_the_apology_is_said_once():
    centre = unknown(retry=Retry(busy_gap_s=10.0))
    traced(centre, Finding.ANSWERED)
    centre.wait(121)
    centre.hangs_up(centre.attempt().leg, Ending.BUSY)
    centre.wait(20)
    assert centre.last(DialCustomer).hello == (CallbackHello(SUPPORT),)


# --- what Asterisk takes with it ------------------------------------------------------------------------------------


def asterisk_dies(centre):
    centre.now += 1
    centre.hear(PbxLost("killed"))
    centre.now += 5
    centre.hear(LegsSeen(frozenset(), since=centre.now - 1))
    centre.hear(PbxBack())


def test_callers_cut_off_with_asterisk_are_logged_and_not_called_unasked():
    centre = one_agent()
    centre.calls("anna")
    asterisk_dies(centre)
    assert centre.reasons("caller lost") == ["Asterisk ended, and the call with it"]
    assert centre.entry().outcome is EntryOutcome.ABANDONED
    assert centre.all(StorePromise) == []


def test_a_leg_of_an_asterisk_that_ended_may_give_its_name_to_a_new_call():
    centre = one_agent()
    centre.calls("anna")
    asterisk_dies(centre)
    centre.calls("anna")
    assert centre.reasons("arrival ignored") == []
    assert centre.entry().outcome is None


def test_callers_cut_off_with_asterisk_are_called_back_at_their_place_if_set():
    centre = one_agent(offer=Offer(call_back_lost=True))
    centre.calls("anna")
    centre.calls("nobody", "anonymous")
    came_at = centre.entry().arrived_at
    asterisk_dies(centre)
    assert centre.callback().state is CallbackState.WAITING
    assert centre.entry().arrived_at == came_at
    assert [e.outcome for e in centre.entries.values()] == [None, EntryOutcome.ABANDONED]
    centre.logs_in("alice")
    assert centre.last(DialCustomer).number == ANNA


def test_a_caller_for_whom_an_agent_rings_when_asterisk_dies_is_lost_too_and_the_agent_is_free():
    centre = one_agent(offer=Offer(call_back_lost=True))
    centre.logs_in("alice")
    centre.calls("anna")
    asterisk_dies(centre)
    assert centre.callback().state is CallbackState.DIALLING
    assert len(centre.all(RingAgent)) == 1


def test_a_customer_who_was_talking_when_asterisk_died_is_not_called_again():
    centre = one_agent(offer=Offer(call_back_lost=True))
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    asterisk_dies(centre)
    assert centre.reasons("cut off while talking")
    assert centre.entry().outcome is EntryOutcome.SERVED
    assert centre.callbacks == {}


def test_a_customer_who_pressed_one_and_is_cut_off_with_asterisk_is_called_again_with_an_apology():
    centre = dialled()
    leg = centre.customer_answers()
    centre.hear(LegAnswered(leg))
    centre.presses(leg, "1")
    asterisk_dies(centre)
    assert centre.attempt().outcome is AttemptOutcome.CUT_OFF
    assert centre.callback().cut_off
    assert centre.callback().state is CallbackState.WAITING


def test_a_caller_who_hung_up_while_we_were_away_does_not_count_as_lost():
    centre = one_agent(offer=Offer(call_back_lost=True))
    centre.calls("anna")
    centre.now += 5
    centre.hear(LegsSeen(frozenset(), since=centre.now - 3600))
    assert centre.reasons("caller lost") == []
    assert centre.entry().outcome is EntryOutcome.ABANDONED


# --- never brought together -----------------------------------------------------------------------------------------


def test_an_agent_who_vanishes_before_the_bridge_costs_the_caller_nothing():
    centre = Centre(settings([queue(announcements=replace(queue().announcements, first_after_s=60.0))]))
    centre.logs_in("alice", "bob")
    centre.calls("anna")
    came_at = centre.entry().arrived_at
    centre.hear(LegEntered(centre.ring_of("alice"), Party.AGENT), answer_joins=False)
    centre.hear(LegEnded(centre.ring_of("alice")))
    assert not centre.hung_up("anna")
    assert centre.last(DropBridge).caller == "anna"
    assert Fixed.AGENT_LOST in centre.heard("anna")
    assert centre.entry().arrived_at == came_at
    assert centre.rings("bob") == [ANNA]
    assert centre.agents["alice"].activity is Activity.IDLE
    centre.answers("bob")
    assert centre.entry().state is EntryState.TALKING
    made = [make.bridge for make in centre.all(MakeBridge)]
    assert made[0] in [drop.bridge for drop in centre.all(DropBridge)]
    assert centre.last(Join).bridge == made[1]
    centre.wait(60)
    assert centre.rings("alice") == [ANNA]


def test_a_customer_who_hangs_up_before_the_bridge_keeps_the_promise():
    centre = dialled()
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    centre.hear(LegEntered(centre.ring_of("alice"), Party.AGENT), answer_joins=False)
    centre.hangs_up(leg)
    assert centre.attempt().outcome is AttemptOutcome.ABANDONED
    assert centre.callback().state is CallbackState.WAITING
    assert centre.agents["alice"].activity is Activity.IDLE
    assert centre.hung_up(centre.ring_of("alice")), "nobody is left alone on the line"


def test_two_legs_that_are_found_apart_are_joined():
    centre = one_agent()
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    (first,) = centre.all(Join)
    centre.hear(LegsSeen(frozenset({LegId("anna"), centre.ring_of("alice")}), bridges=frozenset({first.bridge})))
    assert centre.all(Join) == [first, first]
    centre.hear(LegsSeen(frozenset(first.legs), joined=frozenset(first.legs), bridges=frozenset({first.bridge})))
    assert len(centre.all(Join)) == 2


@pytest.mark.parametrize("promised", [False, True])
def test_a_caller_connected_only_on_paper_who_lost_the_agent_gets_the_next_one(promised):
    """The daemon was killed after the agent's answer, before the bridge; and the agent did not wait for us."""
    centre = dialled() if promised else one_agent()
    if promised:
        leg = centre.customer_answers()
        centre.presses(leg, "1")
    else:
        leg = LegId("anna")
        centre.logs_in("alice")
        centre.calls("anna")
    centre.answers("alice")
    before = centre.entry(ANNA)
    centre.hear(LegsSeen(frozenset({leg}), bridges=frozenset({BridgeId(before.bridge)})))
    assert (centre.entry(ANNA).state, centre.entry(ANNA).arrived_at) == (EntryState.WAITING, before.arrived_at)
    assert not centre.hung_up(leg)
    assert centre.heard(leg)[-1] is Fixed.AGENT_LOST
    centre.wait(centre.settings.ringing.miss_rest_s)
    assert centre.rings("alice")[-2:] == [ANNA, ANNA]


def test_a_customer_who_is_alone_in_the_bridge_has_had_the_conversation():
    centre = one_agent()
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    bridge = frozenset({BridgeId(centre.entry(ANNA).bridge)})
    centre.hear(LegsSeen(frozenset({LegId("anna")}), alone=frozenset({LegId("anna")}), bridges=bridge))
    assert centre.hung_up("anna")
    assert centre.reasons("closed: served")


def test_a_promise_whose_talk_ended_while_we_were_away_was_kept():
    centre = dialled()
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    centre.hear(LegEntered(centre.ring_of("alice"), Party.AGENT), answer_joins=False)
    centre.hear(LegsJoined(centre.last(Join).legs))
    centre.hear(LegsSeen(frozenset()))
    assert centre.callback().outcome is CallbackOutcome.COMPLETED


def test_bridges_of_nobody_are_dropped_and_missing_ones_are_made():
    centre = one_agent()
    centre.logs_in("alice")
    centre.calls("anna")
    mine = centre.last(MakeBridge).bridge
    legs = frozenset({LegId("anna"), centre.ring_of("alice")})
    centre.hear(LegsSeen(legs, bridges=frozenset({BridgeId("cbd-stray")})))
    assert centre.last(DropBridge).bridge == "cbd-stray"
    assert [make.bridge for make in centre.all(MakeBridge)] == [mine, mine]


# --- a place that the leg carries -------------------------------------------------------------------------------------


def test_a_leg_carries_its_place_before_it_hears_a_prompt():
    centre = one_agent()
    fresh = centre.calls("anna")
    note = centre.last(NotePlace)
    assert (note.leg, note.queue, note.arrived_at) == ("anna", SUPPORT, centre.entry().arrived_at)
    assert fresh.index(note) < [isinstance(command, Play) for command in fresh].index(True)


def test_a_caller_who_carries_a_place_is_back_there_without_a_greeting():
    centre = Centre(settings([queue(), queue(QueueName("sales"))]))
    centre.calls("ben", BEN, "sales")
    stood = CallArrived(LegId("anna"), SUPPORT, ANNA, stood_in="sales", stood_since=centre.now - 300)
    centre.hear(stood)
    assert centre.line() == ["anna", "ben"]
    assert centre.entry().queue == "sales"
    assert centre.heard("anna") == []
    assert centre.all(ArmDeadMan, leg="anna")


@pytest.mark.parametrize("stood", [{"stood_in": "nosuch"}, {"stood_in": ""}])
def test_a_place_in_a_line_that_does_not_exist_is_no_place(stood):
    centre = one_agent()
    centre.hear(CallArrived(LegId("anna"), SUPPORT, ANNA, stood_since=centre.now - 300, **stood))
    assert centre.entry().arrived_at == centre.now
    assert centre.heard("anna")


def test_a_place_from_the_future_is_not_believed():
    centre = one_agent()
    centre.hear(CallArrived(LegId("anna"), SUPPORT, ANNA, stood_in=SUPPORT, stood_since=centre.now + 300))
    assert centre.entry().arrived_at == centre.now


def test_a_leg_in_the_dialplan_has_left_us():
    centre = one_agent()
    centre.calls("anna")
    centre.hear(LegsSeen(frozenset({LegId("anna")}), left=frozenset({LegId("anna")})))
    assert centre.entry().outcome is EntryOutcome.LEFT
    assert not centre.hung_up("anna")


def test_a_place_whose_promise_is_missing_is_left_alone():
    before = dialled()
    later = Centre(before.settings, b"later")
    later.acd.restore([before.entry(), *before.agents.values()], later.now)
    later.logs_in("alice")
    assert later.acd.broken_laws() == []
    assert later.line() == []

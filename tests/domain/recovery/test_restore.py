"""Coming back: the rows of an earlier run are taken up, and mended where they contradict each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callbackd.domain.commands import Changed, Decided, HangUp
from callbackd.domain.events import LegsSeen
from callbackd.domain.ids import AgentId, AttemptId, BridgeId, CallbackId, EntryId, LegId, Mint, QueueName
from callbackd.domain.lives.agent import Activity, Agent, Presence
from callbackd.domain.lives.attempt import Attempt, AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.phrase import Fixed
from tests.builders import ANNA, SUPPORT, T0, Centre, agent, queue, settings
from tests.domain.callbacks.test_promise import dialled

RING = Mint(b"an earlier run").leg(T0 - 5)
WAITS = Entry(EntryId("entry"), SUPPORT, T0 - 60, leg=LegId("anna"), number=ANNA)
RUNG = replace(WAITS, state=EntryState.RINGING, agent=AgentId("alice"), bridge=BridgeId("cbd-bridge"))
TALKS = replace(RUNG, state=EntryState.TALKING, connected_at=T0 - 30)
ALICE = Agent(AgentId("alice"), Presence.AVAILABLE, idle_since=T0 - 600)
RINGS = replace(ALICE, activity=Activity.RINGING, entry=WAITS.id, leg=RING)
IN_CALL = replace(RINGS, activity=Activity.TALKING)
PROMISED = Entry(EntryId("entry"), SUPPORT, T0 - 60, callback=CallbackId("promise"), number=ANNA)
PROMISE = Callback(CallbackId("promise"), PROMISED.id, SUPPORT, ANNA, T0 - 50, T0 + 5000)
CALLED = replace(PROMISED, state=EntryState.DIALLING, agent=AgentId("alice"))
DIALLING = replace(PROMISE, state=CallbackState.DIALLING, attempt=AttemptId("01JATTEMPT"), attempts_made=1)
ATTEMPT = Attempt(AttemptId("01JATTEMPT"), PROMISE.id, AgentId("alice"), ANNA, 1, T0 - 5)
RESERVED = replace(ALICE, activity=Activity.RESERVED, entry=CALLED.id)


def taken_up(*rows, **more):
    """The centre after the rows were taken up, and Asterisk has every leg that they name."""
    centre = Centre(settings([queue(wrap_up_s=30.0)], [agent("alice", **more)]))
    centre.said += centre.acd.restore(rows, T0, 1)
    legs = {LegId(leg) for leg in ("anna", RING, ATTEMPT.leg)}
    talking = frozenset({LegId("anna"), RING} if IN_CALL in rows else ())
    centre.hear(LegsSeen(frozenset(legs), joined=talking, bridges=frozenset({BridgeId("cbd-bridge")})))
    return centre


def mended(centre):
    return [note.subject for note in centre.all(Decided, what="mended")]


@pytest.mark.parametrize(
    "rows",
    [
        (WAITS, ALICE),
        (RUNG, RINGS),
        (TALKS, IN_CALL),
        (PROMISED, PROMISE, ALICE),
        (CALLED, DIALLING, ATTEMPT, RESERVED),
    ],
    ids=["waiting", "ringing", "talking", "promised", "dialling"],
)
def test_rows_that_agree_are_taken_as_they_are(rows):
    centre = Centre(settings())
    said = centre.acd.restore(rows, T0, 1)
    assert [command for command in said if isinstance(command, Changed | Decided)] == []
    state = centre.acd.state
    taken = {row.id: row for table in (state.entries, state.callbacks, state.agents) for row in table.values()}
    assert [taken[row.id] for row in rows if not isinstance(row, Attempt)] == [
        row for row in rows if not isinstance(row, Attempt)
    ]


@pytest.mark.parametrize("rows", [(RUNG, ALICE), (TALKS, ALICE), (RUNG, IN_CALL), (TALKS, RINGS)])
def test_a_place_for_which_no_agent_works_as_it_says_waits_again(rows):
    centre = Centre(settings())
    centre.said += centre.acd.restore(rows, T0, 1)
    assert centre.acd.state.entries[WAITS.id] == replace(rows[0], state=EntryState.WAITING, agent=None)
    assert WAITS.id in mended(centre)


@pytest.mark.parametrize("works", [Activity.RESERVED, Activity.RINGING, Activity.TALKING])
@pytest.mark.parametrize("rest", [(), (WAITS,)], ids=["no place", "a place that waits"])
def test_an_agent_who_works_for_nobody_is_free_from_now_on(works, rest):
    centre = Centre(settings())
    centre.said += centre.acd.restore([*rest, replace(RINGS, activity=works)], T0, 1)
    assert centre.acd.state.agents[ALICE.id] == replace(ALICE, idle_since=T0)
    assert mended(centre) == [ALICE.id]


def test_a_promise_whose_attempt_is_missing_waits_again():
    centre = Centre(settings())
    centre.acd.restore([CALLED, DIALLING], T0, 1)
    assert centre.acd.state.callbacks[PROMISE.id] == replace(DIALLING, state=CallbackState.WAITING, attempt=None)


def test_what_the_config_does_not_know_any_more_is_left_in_the_database():
    centre = Centre(settings())
    old = replace(WAITS, id=EntryId("old"), queue=QueueName("old"))
    centre.said += centre.acd.restore([old, replace(ALICE, id=AgentId("zoe")), PROMISED], T0, 1)
    left = [note.subject for note in centre.all(Decided, what="left in the database")]
    assert left == ["old", PROMISED.id], "and a place without its promise"
    assert not centre.acd.state.entries
    assert "zoe" not in centre.acd.state.agents


def test_an_own_call_is_forgotten_where_nobody_would_report_its_end():
    busy = replace(ALICE, own_call=True, away=True)
    for endpoint, kept in (("PJSIP/alice", True), ("Local/alice@mobiles", False)):
        alice = replace(agent("alice"), endpoint=endpoint)
        centre = Centre(settings(agents=[alice]))
        centre.acd.restore([busy], T0, 1)
        assert centre.acd.state.agents[ALICE.id] == (busy if kept else ALICE)


# --- deadlines --------------------------------------------------------------------------------------------------------


def test_a_wrap_up_ends_when_it_would_have():
    centre = taken_up(replace(ALICE, activity=Activity.WRAP_UP, wrap_up_until=T0 + 20))
    centre.sleeps(19)
    assert centre.acd.state.agents[ALICE.id].activity is Activity.WRAP_UP
    centre.sleeps(1)
    assert centre.acd.state.agents[ALICE.id].activity is Activity.IDLE


def test_a_ring_that_is_never_reported_is_ended_after_a_minute():
    centre = taken_up(RUNG, RINGS)
    centre.sleeps(59)
    assert not centre.hung_up(RING)
    centre.sleeps(1)
    assert centre.hung_up(RING)


def test_a_dial_that_is_never_reported_is_ended_after_a_minute_and_counts():
    centre = taken_up(CALLED, DIALLING, ATTEMPT, RESERVED)
    assert centre.acd.state.attempts[ATTEMPT.id].state is AttemptState.CLAIMED, "it may have been dialled"
    centre.sleeps(59)
    assert not centre.hung_up(ATTEMPT.leg)
    centre.sleeps(1)
    assert centre.last(HangUp).leg == ATTEMPT.leg
    assert centre.attempts[ATTEMPT.id].outcome is AttemptOutcome.UNKNOWN


def test_a_promise_expires_when_it_would_have():
    centre = taken_up(PROMISED, replace(PROMISE, created_at=PROMISE.expires_at - queue().retry.expire_s))
    centre.sleeps(4999)
    assert PROMISE.id in centre.acd.state.callbacks
    centre.sleeps(1)
    assert centre.callbacks[PROMISE.id].outcome is CallbackOutcome.EXPIRED


def test_a_promise_that_is_to_be_tried_again_wakes_the_door_at_that_time():
    centre = Centre(settings())
    centre.acd.restore([replace(PROMISED, not_before=T0 + 40), replace(PROMISE, expires_at=T0 + 5000)], T0, 1)
    assert centre.acd.next_deadline() == T0 + 40


def test_a_customer_who_pressed_1_waits_as_long_again_at_most_and_keeps_the_promise():
    centre = dialled()
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    centre.misses("alice")
    centre.dials("alice", "pause")
    centre.restarts()
    limit_s = centre.settings.dialling.accepted_wait_s
    centre.sleeps(limit_s - 1)
    assert centre.callback().state is CallbackState.ACCEPTED
    assert not centre.hung_up(leg), "the dial is over: its end is not waited for"
    centre.sleeps(1)
    assert (centre.callback().state, centre.callback().cut_off) == (CallbackState.WAITING, True)
    assert centre.heard(leg)[-1] is Fixed.CALLBACK_SORRY

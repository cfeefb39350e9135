"""When a promise's customer is dialled, with or before an agent, and what becomes of a dial that reached nobody."""

from __future__ import annotations

import pytest

from callbackd.domain.breaker import trunk_of
from callbackd.domain.commands import Changed, ClaimAttempt, DialCustomer, StartMusic
from callbackd.domain.dialler import look_ahead as lookahead
from callbackd.domain.dialler.retry import Again, GiveUp, decide, postpone
from callbackd.domain.events import AttemptClaimed, ClosedEarly, Ending, SwitchTurned, TimePassed
from callbackd.domain.lives.agent import Activity
from callbackd.domain.lives.attempt import AttemptOutcome
from callbackd.domain.lives.callback import CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import EntryOutcome
from callbackd.domain.phrase import Fixed
from callbackd.domain.settings import Dialling, DialPolicy, Offer, Retry
from callbackd.domain.timers import Timer
from callbackd.domain.wait.estimator import Reached
from callbackd.domain.wait.recursion import Recursive
from callbackd.simulate.predictors import QueueLength
from tests.builders import BEN, SUPPORT, T0, Centre, agent, number, queue, settings

AHEAD = [DialPolicy.CUSTOMER_FIRST, DialPolicy.LOOK_AHEAD]
SHORT_CALLS = {"expected_handle_s": 1.0}
"""With calls this short an agent is almost certainly free within 14 s."""


def promised(policy, agents=1, promises=1, **changes):
    """This many agents, all talking, and promises at the head of the line; waits by a textbook formula."""
    team = [agent(name) for name in ("alice", "bob", "carol")[:agents]]
    dialling = changes.pop("dialling", Dialling(per_s=0.0))
    estimator = changes.pop("estimator", QueueLength)
    changes = {"offer": Offer(estimated_wait_s=0.0), "wrap_up_s": 0.0, **changes}
    configured = settings([queue(dial=policy, **changes)], team, dialling=dialling)
    centre = Centre(configured, estimator=estimator)
    centre.acd.state.world.draining = True  # promises are made, and nobody is dialled
    for n, one in enumerate(team):
        centre.logs_in(one.id)
        centre.calls(f"with-{one.id}", number(90 + n))
        centre.answers(one.id)
    for n in range(1, promises + 1):
        centre.calls(f"c{n}", number(n))
        centre.hears_out(f"c{n}")
        centre.wait(0)
        centre.takes_callback(f"c{n}")
        centre.now += 1
    return centre


def go(centre, **how):
    """Dialling begins."""
    centre.acd.state.world.draining = False
    centre.hear(TimePassed(), **how)


def dialled(centre):
    return [dial.number for dial in centre.all(DialCustomer)]


# --- the answer of the policy -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "chance", "share", "yes", "reason"),
    [
        (DialPolicy.AGENT_FIRST, 1.0, 1.0, False, "an agent is reserved first"),
        (DialPolicy.CUSTOMER_FIRST, 0.0, 0.0, True, "first in line, and customers are dialled first here"),
        (DialPolicy.CUSTOMER_FIRST, None, 0.0, True, "first in line, and customers are dialled first here"),
        (DialPolicy.LOOK_AHEAD, None, 1.0, False, "there is no estimate of when an agent is free"),
        (DialPolicy.LOOK_AHEAD, 0.98, 0.03, True, "the chance that an agent will be free in time is 98%"),
        (DialPolicy.LOOK_AHEAD, 0.75, 0.25, True, "the chance that an agent will be free in time is 75%"),
        (DialPolicy.LOOK_AHEAD, 0.96, 0.03, False, "the chance that an agent will be free in time is only 96%"),
    ],
)
def test_customers_are_dialled_before_an_agent_is_free_only_if_set(policy, chance, share, yes, reason):
    assert lookahead.decide(policy, chance, share) == lookahead.Answer(yes, reason)


# --- agent first ------------------------------------------------------------------------------------------------------


def test_agent_first_dials_nobody_until_an_agent_is_free_and_reserved():
    centre = promised(DialPolicy.AGENT_FIRST, **SHORT_CALLS)
    go(centre)
    centre.wait(60)
    assert dialled(centre) == []
    centre.hangs_up("with-alice")
    assert dialled(centre) == [number(1)]
    assert centre.agents["alice"].activity is Activity.RESERVED


def test_an_agent_who_refuses_costs_the_customer_no_attempt_and_no_second_dial():
    centre = promised(DialPolicy.AGENT_FIRST, agents=2)
    go(centre)
    centre.hangs_up("with-alice")
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    for _ in range(3):
        centre.misses("alice")
        centre.wait(5)
    assert dialled(centre) == [number(1)]
    assert (centre.callback(number(1)).attempts_made, centre.callback(number(1)).state) == (1, CallbackState.ACCEPTED)
    centre.hangs_up("with-bob")
    centre.answers("bob")
    assert centre.callback(number(1)).outcome is CallbackOutcome.COMPLETED


@pytest.mark.parametrize("code", ["pause", "logout"])
def test_an_agent_who_leaves_while_reserved_is_not_rung_and_a_ring_that_nobody_answered_costs_nothing(code):
    """Decided on 2026-11-30: no agent is rung who does not want to be, and no customer for whom there is no agent."""
    centre = promised(DialPolicy.AGENT_FIRST)
    go(centre)
    centre.hangs_up("with-alice")
    leg = centre.last(DialCustomer).leg
    centre.dials("alice", code)
    assert centre.hung_up(leg)
    assert centre.callback(number(1)).attempts_made == 0
    assert centre.agents["alice"].activity is Activity.IDLE
    assert number(1) not in centre.rings("alice")


def test_another_free_agent_is_reserved_instead_and_the_customer_is_rung_on():
    centre = promised(DialPolicy.AGENT_FIRST, agents=2)
    go(centre)
    centre.hangs_up("with-alice")
    centre.hangs_up("with-bob")
    leg = centre.last(DialCustomer).leg
    centre.dials("alice", "logout")
    assert not centre.hung_up(leg)
    centre.presses(centre.customer_answers(), "1")
    assert centre.rings("bob")[-1] == number(1)


def test_a_customer_who_accepted_waits_only_for_a_limited_time_then_hears_an_apology_and_keeps_the_promise():
    centre = promised(DialPolicy.AGENT_FIRST, dialling=Dialling(per_s=0.0, accepted_wait_s=60.0))
    go(centre)
    centre.hangs_up("with-alice")
    leg = centre.customer_answers()
    centre.dials("alice", "logout")
    centre.presses(leg, "1")
    centre.wait(59)
    assert centre.callback(number(1)).state is CallbackState.ACCEPTED
    centre.wait(2)
    assert centre.callback(number(1)).state is CallbackState.WAITING
    assert centre.callback(number(1)).attempts_made == 0
    assert centre.heard(leg)[-1] is Fixed.CALLBACK_SORRY
    centre.hears_out(leg)
    assert centre.hung_up(leg)


def test_an_agent_who_logs_out_while_the_customer_listens_is_set_free_and_the_customer_waits_for_the_next():
    centre = promised(DialPolicy.AGENT_FIRST, agents=2)
    go(centre)
    centre.hangs_up("with-alice")
    leg = centre.customer_answers()
    centre.dials("alice", "logout")
    centre.presses(leg, "1")
    assert centre.agents["alice"].activity is Activity.IDLE
    assert number(1) not in centre.rings("alice")
    centre.hangs_up("with-bob")
    assert centre.rings("bob")[-1] == number(1)


# --- before an agent is free ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", AHEAD)
def test_the_customer_at_the_head_of_the_line_is_dialled_while_all_talk(policy):
    centre = promised(policy, **SHORT_CALLS)
    go(centre)
    assert dialled(centre) == [number(1)]
    assert centre.attempt().agent is None
    assert centre.agents["alice"].activity is Activity.TALKING


@pytest.mark.parametrize("policy", AHEAD)
def test_a_customer_who_accepts_before_an_agent_is_free_hears_music_and_gets_the_next_one(policy):
    centre = promised(policy, **SHORT_CALLS)
    go(centre)
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    centre.hears_out(leg)
    assert centre.last(StartMusic).leg == leg
    centre.hangs_up("with-alice")
    centre.answers("alice")
    assert centre.joined()[-1][0] == leg
    assert centre.callback(number(1)).outcome is CallbackOutcome.COMPLETED


@pytest.mark.parametrize("policy", AHEAD)
def test_a_customer_who_accepts_and_gives_up_waiting_is_tried_again_after_the_gap(policy):
    centre = promised(policy, retry=Retry(no_key_gap_s=500.0), **SHORT_CALLS)
    go(centre)
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    centre.hangs_up(leg)
    assert centre.attempt().outcome is AttemptOutcome.ABANDONED
    centre.wait(499)
    assert len(dialled(centre)) == 1
    centre.wait(1)
    assert len(dialled(centre)) == 2


@pytest.mark.parametrize("policy", AHEAD)
def test_nobody_is_dialled_while_nobody_works(policy):
    centre = promised(policy, **SHORT_CALLS)
    centre.dials("alice", "pause")
    go(centre)
    centre.wait(60)
    assert dialled(centre) == []
    centre.dials("alice", "unpause")
    assert dialled(centre) == [number(1)]


@pytest.mark.parametrize("policy", AHEAD)
def test_no_more_customers_are_dialled_ahead_than_agents_are_at_work(policy):
    centre = promised(policy, agents=2, promises=3, expected_handle_s=0.1)
    go(centre)
    assert dialled(centre) == [number(1), number(2)]


@pytest.mark.parametrize("policy", AHEAD)
def test_no_more_are_dialled_at_once_than_configured(policy):
    centre = promised(policy, agents=3, promises=3, expected_handle_s=0.1, dialling=Dialling(per_s=0.0, in_flight=2))
    go(centre)
    assert dialled(centre) == [number(1), number(2)]


@pytest.mark.parametrize("policy", AHEAD)
def test_a_switch_stops_dialling_ahead_too(policy):
    centre = promised(policy, **SHORT_CALLS)
    centre.hear(SwitchTurned("dialling", False))
    go(centre)
    centre.wait(60)
    assert dialled(centre) == []


# --- customer first ---------------------------------------------------------------------------------------------------


def test_customer_first_waits_for_live_callers_before_the_promise():
    centre = promised(DialPolicy.CUSTOMER_FIRST)
    centre.calls("vip", BEN, priority=5)
    go(centre)
    assert dialled(centre) == []
    centre.hangs_up("with-alice")
    centre.answers("alice")
    assert centre.rings("alice")[-1] == BEN
    assert dialled(centre) == [number(1)]


def test_customer_first_keeps_no_agent_from_a_caller_while_the_customer_is_being_dialled():
    centre = promised(DialPolicy.CUSTOMER_FIRST)
    go(centre)
    centre.calls("ben", BEN)
    centre.hangs_up("with-alice")
    assert centre.rings("alice")[-1] == BEN


# --- look-ahead -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handle_s", "share", "answer_s", "dials"),
    [
        # one agent: free within answer_s + 2 s with a chance of 1 - exp(-(answer_s + 2) / handle_s)
        (3.9, 0.03, 12.0, True),  # 97.2 %
        (4.1, 0.03, 12.0, False),  # 96.7 %
        (4.1, 0.04, 12.0, True),
        (3.9, 0.03, 11.0, False),  # 96.4 %
        (240.0, 0.03, 12.0, False),
    ],
)
def test_look_ahead_dials_when_the_estimate_says_an_agent_will_be_free_in_time(handle_s, share, answer_s, dials):
    centre = promised(
        DialPolicy.LOOK_AHEAD,
        expected_handle_s=handle_s,
        waiting_share=share,
        dialling=Dialling(per_s=0.0, answer_s=answer_s),
    )
    go(centre)
    assert bool(dialled(centre)) is dials


def test_look_ahead_looks_again_by_itself_while_nothing_happens():
    """Alice's wrap-up of 30 s ends at a known time: nothing happens until then, and her customer is dialled before."""
    centre = promised(DialPolicy.LOOK_AHEAD, estimator=Recursive, wrap_up_s=30.0)
    go(centre)
    centre.hangs_up("with-alice")
    assert dialled(centre) == []
    centre.sleeps(29)
    assert dialled(centre) == [number(1)]


def test_the_other_policies_do_not_look_again():
    centre = promised(DialPolicy.AGENT_FIRST)
    go(centre)
    assert not centre.acd.state.timers.is_set(Timer.LOOK, SUPPORT)


def test_look_ahead_counts_the_places_before_the_promise():
    """A second agent end is needed then: 97.2 % for one are 87 % for two."""
    centre = promised(DialPolicy.LOOK_AHEAD, expected_handle_s=3.9)
    centre.calls("vip", BEN, priority=5)
    go(centre)
    assert dialled(centre) == []


def test_look_ahead_counts_the_customer_who_is_being_dialled_already():
    """As above: each of the two customers needs an agent of their own."""
    centre = promised(DialPolicy.LOOK_AHEAD, agents=2, promises=2, expected_handle_s=7.8)
    go(centre)
    assert dialled(centre) == [number(1)]


@pytest.mark.parametrize(("gap_s", "dials"), [(10.0, []), (60.0, [number(2)])])
def test_look_ahead_counts_the_promise_that_will_stand_before_again_by_then(gap_s, dials):
    """Its pause after a busy line would end while the next customer is being dialled."""
    gaps = Retry(busy_gap_s=gap_s)
    centre = promised(DialPolicy.LOOK_AHEAD, promises=2, retry=gaps, estimator=Recursive, wrap_up_s=3.0)
    go(centre)
    centre.hangs_up("with-alice")
    assert dialled(centre) == [number(1)], "alice is free in 3 s, most likely"
    centre.hangs_up(centre.last(DialCustomer).leg, Ending.BUSY)
    assert dialled(centre)[1:] == dials


def test_look_ahead_keeps_the_agent_who_becomes_free_for_the_customer_being_dialled():
    """Otherwise a caller behind would take the agent on whom the dial was counting."""
    centre = promised(DialPolicy.LOOK_AHEAD, **SHORT_CALLS)
    go(centre)
    centre.calls("ben", BEN)
    centre.hangs_up("with-alice")
    assert (centre.agents["alice"].activity, centre.attempt().agent) == (Activity.RESERVED, "alice")
    assert BEN not in centre.rings("alice")
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    assert centre.rings("alice")[-1] == number(1)


def picking_up_within(seconds):
    """Nearly all customers behind the trunk pick up within this time; Anna is dialled and does not."""
    centre = promised(DialPolicy.LOOK_AHEAD, estimator=Recursive, wrap_up_s=0.0)
    trunk = trunk_of(centre.settings.dialling.endpoint)
    for _ in range(100):
        centre.acd.estimator.on_event(Reached(trunk, None, 30.0, picked_s=seconds - 1), centre.now)
    go(centre)
    centre.hangs_up("with-alice")
    assert centre.agents["alice"].activity is Activity.RESERVED
    return centre


def test_an_agent_is_not_kept_for_a_customer_who_will_hardly_pick_up_any_more():
    centre = picking_up_within(20.0)
    centre.calls("ben", BEN)
    centre.sleeps(19)
    assert BEN not in centre.rings("alice")
    centre.sleeps(2)
    assert centre.rings("alice")[-1] == BEN
    assert "the customer will hardly pick up any more" in centre.reasons("alice released")


def test_a_customer_who_picks_up_all_the_same_gets_the_next_agent():
    centre = picking_up_within(20.0)
    centre.sleeps(21)
    assert centre.agents["alice"].activity is Activity.IDLE
    leg = centre.customer_answers()
    assert centre.agents["alice"].activity is Activity.RESERVED
    centre.presses(leg, "1")
    assert centre.rings("alice")[-1] == number(1)


def test_an_agent_is_kept_for_a_customer_who_has_picked_up():
    centre = picking_up_within(20.0)
    centre.wait(10)
    centre.customer_answers()
    centre.sleeps(15)
    assert centre.agents["alice"].activity is Activity.RESERVED


def test_until_enough_have_been_rung_nobody_is_given_up():
    centre = promised(DialPolicy.LOOK_AHEAD, estimator=Recursive, wrap_up_s=0.0)
    go(centre)
    centre.hangs_up("with-alice")
    centre.sleeps(25)
    assert centre.agents["alice"].activity is Activity.RESERVED


def test_one_agent_is_kept_for_one_customer():
    centre = promised(DialPolicy.LOOK_AHEAD, agents=2, expected_handle_s=0.1)
    go(centre)
    centre.calls("ben", BEN)
    centre.hangs_up("with-alice")
    centre.hangs_up("with-bob")
    assert centre.rings("bob")[-1] == BEN


def test_the_agent_kept_for_a_customer_who_does_not_answer_goes_to_the_next():
    centre = promised(DialPolicy.LOOK_AHEAD, **SHORT_CALLS)
    go(centre)
    centre.calls("ben", BEN)
    centre.hangs_up("with-alice")
    centre.hangs_up(centre.last(DialCustomer).leg, Ending.NO_ANSWER)
    assert centre.rings("alice")[-1] == BEN


def test_a_live_caller_before_the_promise_has_the_agent_though_a_customer_is_being_dialled():
    centre = promised(DialPolicy.LOOK_AHEAD, **SHORT_CALLS)
    go(centre)
    centre.calls("vip", BEN, priority=5)
    centre.hangs_up("with-alice")
    assert centre.rings("alice")[-1] == BEN


def test_an_agent_who_is_free_before_the_intent_is_stored_is_kept_but_no_row_is_written_too_early():
    centre = promised(DialPolicy.LOOK_AHEAD, **SHORT_CALLS)
    go(centre, answer_database=False)
    attempt = centre.last(ClaimAttempt).attempt
    centre.hangs_up("with-alice")
    assert centre.agents["alice"].activity is Activity.RESERVED
    assert not any(c.after.id == attempt.id and not c.stored for c in centre.all(Changed))
    centre.hear(AttemptClaimed(attempt.id))
    assert centre.attempt().agent == "alice"
    centre.presses(centre.customer_answers(), "1")
    assert centre.rings("alice")[-1] == number(1)


# --- after a failure --------------------------------------------------------------------------------------------------

GAPS = Retry(max_attempts=3, busy_gap_s=1.0, no_answer_gap_s=2.0, no_key_gap_s=3.0, congestion_gap_s=4.0)
LATER = T0 + 1e6
_o = AttemptOutcome


@pytest.mark.parametrize(
    ("outcome", "gap_s", "refund"),
    [
        (_o.BUSY, 1, False),
        (_o.REJECTED, 1, False),
        (_o.NO_ANSWER, 2, False),
        (_o.UNREACHABLE, 2, False),
        (_o.UNKNOWN, 2, False),
        (_o.NO_KEY, 3, False),
        (_o.ABANDONED, 3, False),
        (_o.CONGESTION, 4, True),
        (_o.NOT_DIALLED, 4, True),
    ],
)
def test_each_cause_has_its_gap_and_our_own_trouble_is_refunded(outcome, gap_s, refund):
    again = decide(GAPS, outcome, 1, T0, LATER)
    assert again == Again(T0 + gap_s, refund, f"{outcome.value}: again in {gap_s} s")


@pytest.mark.parametrize(
    ("outcome", "made", "alike", "limits", "reason"),
    [
        (_o.BUSY, 3, 3, {}, "busy, and all 3 attempts are used"),
        (_o.BUSY, 2, 2, {}, None),
        (_o.CONGESTION, 3, 0, {}, None),
        (_o.CONGESTION, 4, 0, {}, "congestion, and all 3 attempts are used"),
        (_o.BUSY, 2, 2, {"max_busy": 2}, "second time busy; 2 are allowed"),
        (_o.REJECTED, 2, 2, {"max_busy": 2}, "second time rejected; 2 are allowed"),
        (_o.NO_ANSWER, 2, 2, {"max_busy": 2}, None),
        (_o.NO_ANSWER, 1, 1, {"max_no_answer": 1}, "first time no_answer; 1 is allowed"),
        (_o.UNREACHABLE, 1, 1, {"max_no_answer": 1}, "first time unreachable; 1 is allowed"),
        (_o.NO_KEY, 1, 1, {"max_no_key": 1}, "first time no_key; 1 is allowed"),
        (_o.ABANDONED, 1, 1, {"max_no_key": 1}, "first time abandoned; 1 is allowed"),
        (_o.CONGESTION, 1, 9, {"max_busy": 1, "max_no_answer": 1, "max_no_key": 1}, None),
    ],
)
def test_a_promise_is_given_up_when_all_or_all_of_one_cause_is_used_up(outcome, made, alike, limits, reason):
    settings = Retry(max_attempts=3, **limits)
    answer = decide(settings, outcome, made, T0, LATER, alike)
    if reason is None:
        assert isinstance(answer, Again)
    else:
        assert answer == GiveUp(CallbackOutcome.EXHAUSTED, reason)


@pytest.mark.parametrize(("expires_s", "again"), [(300, False), (300.1, True)])
def test_no_attempt_is_planned_beyond_the_end_of_the_promise(expires_s, again):
    answer = decide(Retry(busy_gap_s=300.0), _o.BUSY, 1, T0, T0 + expires_s)
    if again:
        assert isinstance(answer, Again)
    else:
        assert isinstance(answer, GiveUp)
        assert answer.outcome is CallbackOutcome.EXPIRED


def test_a_customer_who_asks_for_later_loses_no_attempt():
    assert postpone(3, 20, T0) == Again(T0 + 1200, True, "postponed by 20 min after attempt 3")


def fails(centre, *endings):
    """One attempt after the other ends in this way, each after its gap."""
    for ending in endings:
        centre.hangs_up(centre.last(DialCustomer).leg, ending)
        centre.wait(1)


def test_busy_twice_ends_the_promise_if_two_are_allowed_though_attempts_are_left():
    gaps = Retry(max_attempts=9, max_busy=2, max_no_answer=3, busy_gap_s=1.0, no_answer_gap_s=1.0, congestion_gap_s=1.0)
    centre = promised(DialPolicy.AGENT_FIRST, retry=gaps)
    go(centre)
    centre.hangs_up("with-alice")
    fails(centre, Ending.NO_ANSWER, Ending.BUSY, Ending.CONGESTION, Ending.NO_ANSWER)
    assert centre.callback(number(1)).state is CallbackState.DIALLING
    fails(centre, Ending.REJECTED)
    assert centre.callback(number(1)).outcome is CallbackOutcome.EXHAUSTED
    assert centre.entry(number(1)).outcome is EntryOutcome.EXHAUSTED


def test_the_causes_are_counted_apart():
    gaps = Retry(max_attempts=9, max_busy=2, max_no_answer=2, busy_gap_s=1.0, no_answer_gap_s=1.0)
    centre = promised(DialPolicy.AGENT_FIRST, retry=gaps)
    go(centre)
    centre.hangs_up("with-alice")
    fails(centre, Ending.BUSY, Ending.NO_ANSWER)
    callback = centre.callback(number(1))
    assert (callback.times_busy, callback.times_no_answer, callback.attempts_made) == (1, 1, 3)
    fails(centre, Ending.NO_ANSWER)
    assert centre.callback(number(1)).outcome is CallbackOutcome.EXHAUSTED


# --- hours ------------------------------------------------------------------------------------------------------------

HOUR_S = 3600.0


@pytest.mark.parametrize("policy", DialPolicy)
def test_nobody_is_dialled_while_the_queue_is_closed_and_by_itself_when_it_opens(policy):
    centre = promised(policy, **SHORT_CALLS)
    centre.hear(ClosedEarly(SUPPORT, centre.now + 10 * HOUR_S))
    go(centre)
    centre.hangs_up("with-alice")
    centre.wait(10 * HOUR_S - 1)
    assert dialled(centre) == []
    assert centre.agents["alice"].activity is Activity.IDLE
    centre.sleeps(1)
    assert dialled(centre) == [number(1)]


def test_a_promise_does_not_expire_while_the_queue_is_closed():
    centre = promised(DialPolicy.AGENT_FIRST, retry=Retry(expire_s=HOUR_S))
    go(centre)
    centre.hear(ClosedEarly(SUPPORT, centre.now + 10 * HOUR_S))
    centre.hangs_up("with-alice")
    centre.wait(10 * HOUR_S)
    assert centre.callback(number(1)).state is CallbackState.DIALLING


def test_a_place_that_waits_for_the_hour_holds_up_no_caller():
    centre = promised(DialPolicy.AGENT_FIRST)
    go(centre)
    centre.calls("ben", BEN)
    centre.hear(ClosedEarly(SUPPORT, centre.now + HOUR_S))
    centre.hangs_up("with-alice")
    assert centre.rings("alice")[-1] == BEN


def test_a_queue_that_opens_again_dials_the_promises_that_waited_for_the_hour():
    centre = promised(DialPolicy.AGENT_FIRST)
    go(centre)
    centre.hear(ClosedEarly(SUPPORT, centre.now + HOUR_S))
    centre.hangs_up("with-alice")
    centre.wait(60)
    centre.hear(ClosedEarly(SUPPORT, None))
    assert dialled(centre) == [number(1)]


def test_a_queue_that_opens_again_shortens_no_pause_after_an_attempt():
    centre = promised(DialPolicy.AGENT_FIRST, retry=Retry(busy_gap_s=300.0))
    go(centre)
    centre.hangs_up("with-alice")
    centre.hangs_up(centre.last(DialCustomer).leg, Ending.BUSY)
    centre.hear(ClosedEarly(SUPPORT, centre.now + HOUR_S))
    centre.hear(ClosedEarly(SUPPORT, None))
    centre.hear(TimePassed())
    assert dialled(centre) == [number(1)]
    centre.wait(300)
    assert dialled(centre) == [number(1), number(1)]


def test_a_customer_who_presses_only_wrong_keys_does_not_hold_the_agent_for_ever():
    centre = promised(DialPolicy.AGENT_FIRST)
    go(centre)
    centre.hangs_up("with-alice")
    leg = centre.customer_answers()
    for _ in range(centre.settings.dialling.menu_readings):
        centre.presses(leg, "5")
    centre.hears_out(leg)
    assert centre.attempt().outcome is AttemptOutcome.NO_KEY
    assert centre.agents["alice"].activity is Activity.IDLE
    assert centre.callback().outcome is None, "the promise stands"

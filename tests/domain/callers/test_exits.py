"""How callers are taken out of the line: by the longest wait, by a key, by a line that nobody serves, by closing
time."""

from __future__ import annotations

import pytest

from callbackd.domain.commands import ArmDeadMan, Play, SendToFallback, StartMusic
from callbackd.domain.events import ClosedEarly, DatabaseLost, SwitchTurned
from callbackd.domain.ids import QueueName
from callbackd.domain.lives.callback import CallbackState
from callbackd.domain.lives.entry import EntryOutcome, EntryState
from callbackd.domain.phrase import Fixed, Position, WaitAboveHour, WayOut
from callbackd.domain.settings import Announcements, EntryRules, Exit, Offer, Ringing, Slots, Way
from tests.builders import ANNA, BEN, SALES, SUPPORT, T0, Centre, agent, number, queue, settings

BILLING = QueueName("billing")
WAIT, CALLBACK = Exit(Way.WAIT), Exit(Way.CALLBACK)
TO_SALES, TO_BILLING = Exit(Way.QUEUE, SALES), Exit(Way.QUEUE, BILLING)
DIALPLAN = Exit(Way.DIALPLAN, "voicemail")
HOUR_S = 3600.0


def close(centre, name=SUPPORT, for_s=24 * HOUR_S):
    centre.hear(ClosedEarly(name, centre.now + for_s))


# --- taken out: the longest wait --------------------------------------------------------------------------------------


def waits_a_minute(way_on, **more):
    queues = [
        queue(rules=EntryRules(max_wait_s=60.5, max_wait=way_on), slots=Slots()),
        queue(SALES, wrap_up_s=0.0, **more),
    ]
    return Centre(settings(queues, [agent("alice", SALES), agent("bob")]))


def test_after_the_longest_wait_a_time_is_proposed_and_the_place_is_kept_meanwhile():
    centre = waits_a_minute(CALLBACK)
    centre.calls("anna")
    centre.sleeps(60)
    assert Fixed.LONG_WAIT not in centre.heard("anna")
    centre.sleeps(1)
    heard = centre.heard("anna")
    assert heard[heard.index(Fixed.LONG_WAIT) + 1] is Fixed.SLOT_INTRO
    assert heard[-1] is Fixed.SLOT_STAY
    assert centre.line() == ["anna"]
    centre.presses("anna", "0")
    assert centre.heard("anna")[-1] is Fixed.KEEP_WAITING
    centre.logs_in("bob")
    assert centre.rung() == [f"bob:{ANNA}"]


def test_an_exit_into_the_dialplan_leads_to_the_houses_context_with_nothing_of_ours_on_the_leg():
    centre = waits_a_minute(DIALPLAN)
    centre.calls("anna")
    centre.wait(61)
    sent = centre.last(SendToFallback)
    assert (sent.leg, sent.context, sent.extension) == ("anna", "callbackd-exits", DIALPLAN.to)
    assert centre.last(ArmDeadMan).after_s == 0.0
    assert centre.entry("anna").closed_at == T0 + 60.5


def test_a_caller_who_then_chooses_a_time_gives_the_place_up_for_it():
    centre = waits_a_minute(CALLBACK)
    centre.calls("anna")
    centre.wait(61)
    centre.presses("anna", "11")
    assert centre.entry().state is EntryState.OUTSIDE
    centre.logs_in("bob")
    assert centre.rung() == []


def test_after_the_longest_wait_another_queue_takes_over_with_the_arrival_kept():
    """Served before a later caller of the queue that took over, though that one joined it earlier."""
    centre = waits_a_minute(TO_SALES)
    centre.calls("anna")
    centre.wait(30)
    centre.calls("ben", BEN, SALES)
    centre.wait(31)
    entry = centre.entry("anna")
    assert (entry.queue, entry.arrived_at, entry.joined_at) == (SALES, centre.now - 61, centre.now - 0.5)
    centre.logs_in("alice")
    assert centre.rung() == [f"alice:{ANNA}"]


def test_a_caller_who_overflowed_hears_music_and_announcements_of_the_new_queue():
    centre = waits_a_minute(TO_SALES, music="jazz", announcements=Announcements(every_s=10.0))
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(61)
    assert centre.last(StartMusic, leg="anna").music == "jazz"
    before = centre.heard("anna").count(Position(1))
    centre.wait(10)
    assert centre.heard("anna").count(Position(1)) == before + 1
    assert centre.last(Play, leg="anna").queue == SALES


def test_a_caller_who_overflowed_hears_the_new_wait_though_it_is_worse():
    """Within a queue only a better wait is announced again; another queue's wait is a new one."""
    centre = waits_a_minute(TO_SALES, expected_handle_s=9 * HOUR_S)
    centre.logs_in("alice", "bob")
    for name, to in (("alice", SALES), ("bob", SUPPORT)):
        centre.calls(f"with-{name}", number(len(centre.rung())), to)
        centre.answers(name)
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(0)
    centre.hears_out("anna")
    assert WaitAboveHour() not in centre.heard("anna")
    centre.wait(95)
    assert WaitAboveHour() in centre.heard("anna")


def test_a_caller_who_stays_is_asked_again_after_the_same_wait():
    centre = waits_a_minute(CALLBACK)
    centre.calls("anna")
    centre.wait(61)
    centre.presses("anna", "0")
    centre.wait(59)
    assert centre.heard("anna").count(Fixed.LONG_WAIT) == 1
    centre.wait(1)
    assert centre.heard("anna").count(Fixed.LONG_WAIT) == 2


def test_without_a_database_callers_who_have_waited_too_long_are_asked_to_stay():
    centre = waits_a_minute(CALLBACK)
    centre.calls("anna")
    centre.hear(DatabaseLost())
    centre.wait(61)
    heard = centre.heard("anna")
    assert heard[heard.index(Fixed.LONG_WAIT) + 1] is Fixed.KEEP_WAITING
    assert centre.line() == ["anna"]


def test_after_the_longest_wait_the_dialplan_goes_on():
    centre = waits_a_minute(DIALPLAN)
    centre.calls("anna")
    centre.wait(61)
    assert centre.last(SendToFallback).extension == "voicemail"
    assert centre.entry("anna").outcome is EntryOutcome.EXIT_TIMEOUT


def test_after_the_longest_wait_the_rule_may_be_to_keep_waiting():
    centre = waits_a_minute(WAIT)
    centre.calls("anna")
    centre.wait(61)
    assert centre.line() == ["anna"]
    assert centre.reasons("waits on") == ["waited 60 s, and the rule lets callers wait"]


def test_the_longest_wait_starts_again_in_the_queue_that_takes_over():
    centre = waits_a_minute(TO_SALES, rules=EntryRules(max_wait_s=45.0, max_wait=DIALPLAN))
    centre.calls("anna")
    centre.wait(60.5 + 44)
    assert centre.entry("anna").open
    centre.wait(1)
    assert centre.entry("anna").outcome is EntryOutcome.EXIT_TIMEOUT


def test_a_promise_is_not_taken_out_for_having_waited():
    centre = waits_a_minute(DIALPLAN)
    centre.anna_waits("bob")
    centre.takes_callback("anna")
    centre.wait(600)
    assert centre.callback().state is CallbackState.WAITING


def test_a_customer_whom_we_called_is_not_taken_out_for_having_waited():
    queues = [queue(rules=EntryRules(max_wait_s=60.0, max_wait=DIALPLAN), wrap_up_s=0.0)]
    centre = Centre(settings(queues, [agent("alice")]))
    centre.anna_waits()
    centre.takes_callback("anna")
    centre.wait(300)
    centre.hangs_up("ben")
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    centre.misses("alice")
    assert centre.all(SendToFallback) == []
    centre.wait(300)
    assert centre.entry(leg).open


def test_a_caller_who_has_waited_too_long_leaves_after_the_ring_though_the_next_agent_is_free():
    """Agents who let it ring by turns must not keep a caller for ever."""
    queues = [queue(rules=EntryRules(max_wait_s=60.0, max_wait=DIALPLAN))]
    centre = Centre(settings(queues, ringing=Ringing(rona_limit=0)))
    centre.logs_in("alice", "bob")
    centre.calls("anna")
    for n in range(4):
        name = ("alice", "bob")[n % 2]
        assert centre.entry("anna").open
        centre.wait(15.5)
        centre.misses(name)
    assert centre.entry("anna").outcome is EntryOutcome.EXIT_TIMEOUT
    assert len(centre.rung()) == 4


# --- overflow meets a door --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("full", "then"),
    [
        (WAIT, lambda centre: centre.entry("anna").queue == SALES),
        (DIALPLAN, lambda centre: centre.last(SendToFallback).extension == "voicemail"),
        (TO_BILLING, lambda centre: centre.entry("anna").queue == BILLING),
        (CALLBACK, lambda centre: Fixed.FULL in centre.heard("anna") and Fixed.SLOT_INTRO in centre.heard("anna")),
    ],
)
def test_overflow_to_a_full_queue_takes_that_queue_s_rule(full, then):
    queues = [
        queue(rules=EntryRules(max_wait_s=60.0, max_wait=TO_SALES), slots=Slots()),
        queue(SALES, rules=EntryRules(max_places=1, full=full), slots=Slots()),
        queue(BILLING),
    ]
    centre = Centre(settings(queues))
    centre.calls("ben", BEN, SALES)
    centre.calls("anna")
    centre.wait(61)
    assert then(centre)


def test_a_caller_who_finds_the_other_queue_full_keeps_the_place_while_choosing_a_time():
    queues = [
        queue(rules=EntryRules(max_wait_s=60.0, max_wait=TO_SALES), slots=Slots()),
        queue(SALES, rules=EntryRules(max_places=0)),
    ]
    centre = Centre(settings(queues))
    centre.calls("anna")
    centre.wait(61)
    entry = centre.entry("anna")
    assert (entry.queue, entry.state) == (SUPPORT, EntryState.WAITING)


# --- the key ----------------------------------------------------------------------------------------------------------


def with_key(way_on):
    queues = [queue(rules=EntryRules(key="7", key_exit=way_on), slots=Slots()), queue(SALES)]
    return Centre(settings(queues, [agent("alice")]))


@pytest.mark.parametrize(
    ("way_on", "then"),
    [
        (WAIT, lambda centre: centre.entry("anna").queue == SUPPORT and centre.entry("anna").open),
        (DIALPLAN, lambda centre: centre.entry("anna").outcome is EntryOutcome.EXIT_KEY),
        (TO_SALES, lambda centre: centre.entry("anna").queue == SALES),
        (CALLBACK, lambda centre: Fixed.SLOT_INTRO in centre.heard("anna")),
    ],
)
def test_a_key_takes_the_caller_out(way_on, then):
    centre = with_key(way_on)
    centre.calls("anna")
    centre.presses("anna", "7")
    assert then(centre)


def test_other_keys_take_nobody_out():
    centre = with_key(DIALPLAN)
    centre.calls("anna")
    centre.presses("anna", "890*#")
    assert centre.line() == ["anna"]


def test_the_key_does_nothing_while_an_agent_is_being_rung():
    centre = with_key(DIALPLAN)
    centre.logs_in("alice")
    centre.calls("anna")
    centre.presses("anna", "7")
    assert centre.reasons("key 7 ignored") == ["an agent is being rung"]
    assert centre.entry("anna").state is EntryState.RINGING


def test_without_an_exit_key_every_digit_is_harmless():
    centre = Centre()
    centre.calls("anna")
    centre.presses("anna", "34567890*#")
    assert len(centre.reasons("ignored")) == 10
    assert centre.line() == ["anna"]


# --- a line that empties ----------------------------------------------------------------------------------------------


def empties(grace_s=30.5, empty=DIALPLAN, **more):
    rules = EntryRules(empty_after_s=grace_s, empty=empty, **more)
    queues = [queue(rules=rules, slots=Slots(), wrap_up_s=0.0), queue(SALES)]
    centre = Centre(settings(queues, [agent("alice"), agent("bob"), agent("sam", SALES)]))
    centre.logs_in("alice")
    centre.calls("busy", BEN)
    centre.answers("alice")
    centre.calls("anna")
    return centre


def test_a_line_that_nobody_serves_is_led_out_after_the_time_of_grace():
    centre = empties()
    centre.dials("alice", "logout")
    centre.sleeps(30)
    assert centre.entry("anna").open
    centre.sleeps(1)
    assert centre.entry("anna").outcome is EntryOutcome.EXIT_EMPTY
    assert centre.last(SendToFallback).leg == "anna"
    assert centre.entry("busy").open  # people who talk keep talking


@pytest.mark.parametrize(
    ("empty", "then"),
    [
        (TO_SALES, lambda centre: centre.entry("anna").queue == SALES),
        (CALLBACK, lambda centre: Fixed.NOBODY_HERE in centre.heard("anna")),
        (WAIT, lambda centre: centre.entry("anna").open and centre.all(SendToFallback) == []),
    ],
)
def test_an_unserved_line_takes_the_exit_of_its_rule(empty, then):
    centre = empties(empty=empty)
    centre.dials("alice", "logout")
    centre.wait(31)
    assert then(centre)


def test_when_somebody_comes_in_time_nobody_leaves():
    centre = empties()
    centre.dials("alice", "logout")
    centre.wait(29)
    centre.logs_in("bob")
    assert centre.rung()[-1] == f"bob:{ANNA}"
    centre.wait(600)
    assert centre.entry("anna").open


def test_the_grace_is_counted_from_the_last_who_left():
    centre = empties()
    centre.dials("alice", "logout")
    centre.wait(20)
    centre.dials("bob", "login")
    centre.dials("bob", "logout")
    centre.wait(30)
    assert centre.entry("anna").open
    centre.wait(1)
    assert not centre.entry("anna").open


def test_agents_of_other_queues_who_come_and_go_do_not_lengthen_the_grace():
    centre = empties()
    centre.dials("alice", "logout")
    centre.wait(20)
    centre.dials("sam", "login")
    centre.wait(11)
    assert not centre.entry("anna").open


def test_an_agent_who_logs_out_during_a_ring_is_rung_no_longer_and_the_caller_is_led_out():
    """Decided on 2026-11-30: a ring ends with the presence of its agent."""
    rules = EntryRules(empty_after_s=5.0, empty=DIALPLAN)
    centre = Centre(settings([queue(rules=rules)]))
    centre.logs_in("alice")
    centre.calls("anna")
    ring = centre.ring_of("alice")
    centre.dials("alice", "logout")
    assert centre.hung_up(ring)
    assert centre.agents["alice"].misses == 0
    centre.wait(10)
    assert centre.all(SendToFallback, leg="anna")


def test_a_customer_whom_we_called_is_not_led_out():
    centre = empties()
    centre.hears_out("anna")
    centre.wait(0)
    centre.takes_callback("anna")
    centre.hangs_up("busy")
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    centre.dials("alice", "logout")
    centre.misses("alice")
    centre.wait(120)
    assert centre.entry(leg).open
    assert centre.all(SendToFallback) == []


@pytest.mark.parametrize("counts", [True, False])
def test_whether_paused_agents_are_nobody_is_set(counts):
    centre = empties(empty_when_paused=counts)
    centre.dials("alice", "pause")
    centre.wait(31)
    assert centre.entry("anna").open is not counts


def test_a_caller_who_joins_an_unserved_line_is_led_out_in_turn():
    centre = empties()
    centre.dials("alice", "logout")
    centre.wait(31)
    centre.calls("carl", number(3))
    centre.wait(61)
    assert centre.entry("carl").outcome is EntryOutcome.EXIT_EMPTY


# --- closing ----------------------------------------------------------------------------------------------------------


def closing(**offer):
    centre = Centre(settings([queue(slots=Slots(), offer=Offer(**offer))], [agent("alice")]))
    centre.logs_in("alice")
    centre.calls("busy", BEN)
    centre.answers("alice")
    centre.calls("anna")
    centre.hears_out("anna")
    return centre


def test_when_the_queue_closes_those_who_wait_are_offered_a_time():
    centre = closing()
    close(centre)
    heard = centre.heard("anna")
    assert heard[heard.index(Fixed.CLOSING) + 1] is Fixed.SLOT_INTRO
    centre.presses("anna", "11")
    assert centre.callback().slot_at is not None
    assert Fixed.CLOSING not in centre.heard("busy")


def test_callers_who_would_rather_wait_at_closing_are_served_while_somebody_works():
    centre = closing()
    close(centre)
    centre.presses("anna", "0")
    centre.hangs_up("busy")
    centre.wait(10)
    assert centre.rung()[-1] == f"alice:{ANNA}"


def test_an_agent_who_becomes_free_ends_the_choosing_at_closing():
    centre = closing()
    close(centre)
    centre.hangs_up("busy")
    centre.wait(10)
    centre.presses("anna", "1")
    assert centre.reasons("key 1 ignored") == ["an agent is being rung"]
    centre.answers("alice")
    assert centre.joined()[-1][0] == "anna"


@pytest.mark.parametrize("why", ["at_closing", "enabled", "switch", "database"])
def test_no_time_is_offered_at_closing_when_none_may_be(why):
    centre = closing(**{why: False} if why in {"at_closing", "enabled"} else {})
    if why == "switch":
        centre.hear(SwitchTurned("offering", False))
    if why == "database":
        centre.hear(DatabaseLost())
    close(centre)
    assert Fixed.CLOSING not in centre.heard("anna")
    assert centre.entry("anna").open


def told_of_the_key(way_on, announcements=1, **changes):
    queues = [queue(rules=EntryRules(key="7", key_exit=way_on), **changes), queue(SALES)]
    centre = Centre(settings(queues, [agent("alice")]))
    centre.calls("anna")
    for _ in range(announcements):
        centre.hears_out("anna")
        centre.wait(31)
    return centre.heard("anna").count(WayOut("7"))


@pytest.mark.parametrize("way_on", [DIALPLAN, TO_SALES, CALLBACK])
def test_callers_are_told_of_the_key_that_leads_out(way_on):
    assert told_of_the_key(way_on, offer=Offer(enabled=False)) == 1


def test_callers_are_not_told_of_a_key_that_leads_nowhere():
    assert told_of_the_key(WAIT) == 0


def test_the_exit_key_is_announced_again_only_with_each_offer():
    assert told_of_the_key(DIALPLAN, 6, offer=Offer(enabled=False)) == 1
    assert 1 < told_of_the_key(DIALPLAN, 12, offer=Offer(waited_s=1.0, every_s=120.0)) < 6

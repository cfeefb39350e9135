"""Which callers are let into the line, and where the others go: nobody is ever left without a word."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from callbackd.domain.commands import ArmDeadMan, Command, Play, SendToFallback, StopMusic, StorePromise
from callbackd.domain.events import ClosedEarly, DatabaseLost, DigitPressed, PromiseNotStored
from callbackd.domain.ids import LegId, QueueName
from callbackd.domain.line.admission import Facts, Obstacle, decide
from callbackd.domain.lives.entry import EntryOutcome, EntryState
from callbackd.domain.phrase import CallAt, Fixed, Greeting, SlotChoice
from callbackd.domain.settings import EntryRules, Exit, Slots, Way
from tests.builders import ANNA, BEN, SALES, SUPPORT, Centre, agent, number, queue, settings

BILLING = QueueName("billing")
WAIT, CALLBACK = Exit(Way.WAIT), Exit(Way.CALLBACK)
TO_SALES, TO_BILLING = Exit(Way.QUEUE, SALES), Exit(Way.QUEUE, BILLING)
DIALPLAN = Exit(Way.DIALPLAN, "voicemail")
WAYS = [WAIT, CALLBACK, TO_SALES, DIALPLAN]
HOUR_S = 3600.0


# --- the door, as a table ---------------------------------------------------------------------------------------------

NOTHING: dict[str, Any] = {"closed": None, "logged_in": True, "available": True, "places": 0}
OBSTACLES: dict[Obstacle, tuple[str, dict[str, Any], str]] = {
    Obstacle.HOLIDAY: ("holiday", {"closed": Obstacle.HOLIDAY}, "a holiday"),
    Obstacle.CLOSED: ("closed", {"closed": Obstacle.CLOSED}, "outside the opening hours"),
    Obstacle.NO_AGENTS: ("no_agents", {"logged_in": False, "available": False}, "no agent is logged in"),
    Obstacle.ALL_PAUSED: ("all_paused", {"available": False}, "every agent is paused"),
    Obstacle.FULL: ("full", {"places": 3}, "3 places, as many as allowed"),
}


@pytest.mark.parametrize(("obstacle", "way_on"), list(product(OBSTACLES, WAYS)))
def test_each_obstacle_has_its_own_rule(obstacle, way_on):
    rule, there, reason = OBSTACLES[obstacle]
    others: dict[str, Any] = {name: WAIT for name, _, _ in OBSTACLES.values()}
    rules = EntryRules(max_places=3, **{**others, rule: way_on})
    verdict = decide(rules, Facts(**{**NOTHING, **there}))
    if way_on is WAIT:
        assert (verdict.admitted, verdict.obstacle, verdict.reason) == (True, None, "nothing stands against it")
    else:
        assert (verdict.admitted, verdict.exit, verdict.obstacle, verdict.reason) == (False, way_on, obstacle, reason)


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_rule_does_nothing_while_its_obstacle_is_not_there(obstacle):
    rule, _, _ = OBSTACLES[obstacle]
    others: dict[str, Any] = {name: WAIT for name, _, _ in OBSTACLES.values()}
    rules = EntryRules(max_places=3, **{**others, rule: DIALPLAN})
    for other in set(OBSTACLES) - {obstacle}:
        assert decide(rules, Facts(**{**NOTHING, **OBSTACLES[other][1]})).admitted, other


@pytest.mark.parametrize(
    ("facts", "order"),
    [
        (Facts(Obstacle.HOLIDAY, False, False, 3), ["holiday", "no_agents", "full"]),
        (Facts(Obstacle.CLOSED, False, False, 3), ["closed", "no_agents", "full"]),
        (Facts(Obstacle.CLOSED, True, False, 3), ["closed", "all_paused", "full"]),
        (Facts(None, False, False, 4), ["no_agents", "full"]),
    ],
)
def test_the_first_of_several_obstacles_whose_rule_is_not_to_wait_decides(facts, order):
    rules: dict[str, Any] = dict.fromkeys(("holiday", "closed", "no_agents", "all_paused", "full"), WAIT)
    rules |= {name: Exit(Way.DIALPLAN, name) for name in order}
    for name in order:
        verdict = decide(EntryRules(max_places=3, **rules), facts)
        assert verdict.exit
        assert verdict.exit.to == name
        rules[name] = WAIT
    assert decide(EntryRules(max_places=3, **rules), facts).admitted


def test_a_line_without_a_limit_is_never_full():
    assert decide(EntryRules(full=DIALPLAN), Facts(None, True, True, 10_000)).admitted


# --- the door, told ---------------------------------------------------------------------------------------------------


def house(**rules):
    """Support with these rules; sales and billing, which let everybody wait. Alice serves all three."""
    queues = [queue(rules=EntryRules(**rules), slots=Slots()), queue(SALES), queue(BILLING)]
    return Centre(settings(queues, [agent("alice", SUPPORT, SALES, BILLING), agent("bob")]))


def close(centre, name=SUPPORT, for_s=24 * HOUR_S):
    centre.hear(ClosedEarly(name, centre.now + for_s))


def stand_at(centre, obstacle):
    """Bring the obstacle about in support."""
    if obstacle is not Obstacle.NO_AGENTS:
        centre.logs_in("bob")
    if obstacle is Obstacle.CLOSED:
        close(centre)
    if obstacle is Obstacle.ALL_PAUSED:
        centre.dials("bob", "pause")
    if obstacle is Obstacle.FULL:
        for n in (1, 2):
            centre.calls(f"c{n}", number(n))


REACHABLE = [Obstacle.CLOSED, Obstacle.NO_AGENTS, Obstacle.ALL_PAUSED, Obstacle.FULL]
SORRY = {
    Obstacle.CLOSED: Fixed.CLOSED,
    Obstacle.NO_AGENTS: Fixed.NOBODY_HERE,
    Obstacle.ALL_PAUSED: Fixed.NOBODY_HERE,
    Obstacle.FULL: Fixed.FULL,
}


@pytest.mark.parametrize("obstacle", REACHABLE)
def test_redirected_by_each_reason(obstacle):
    rule, _, reason = OBSTACLES[obstacle]
    centre = house(max_places=2, **{rule: TO_SALES})
    stand_at(centre, obstacle)
    centre.calls("anna")
    assert centre.entry("anna").queue == SALES
    assert centre.heard("anna") == [Greeting(SALES)]
    assert centre.reasons("redirected to sales") == [reason.replace("3", "2")]


@pytest.mark.parametrize("obstacle", REACHABLE)
def test_sent_to_the_dialplan_by_each_reason_without_ever_having_a_place(obstacle):
    centre = house(max_places=2, **{OBSTACLES[obstacle][0]: DIALPLAN})
    stand_at(centre, obstacle)
    centre.calls("anna")
    sent = centre.last(SendToFallback)
    assert (sent.leg, sent.context, sent.extension) == ("anna", "callbackd-exits", "voicemail")
    assert not any(entry.leg == "anna" for entry in centre.entries.values())
    centre.wait(120)
    assert centre.heard("anna") == []


def test_the_house_gets_a_caller_without_our_music_and_without_our_dead_man():
    """What is behind the exit may be a mailbox that records for longer than the dead man waits."""
    centre = house(no_agents=DIALPLAN)
    centre.calls("anna")
    last = [command for command in centre.said if getattr(command, "leg", None) == "anna"][-3:]
    assert [type(command) for command in last] == [StopMusic, ArmDeadMan, SendToFallback]
    assert centre.last(ArmDeadMan).after_s == 0


@pytest.mark.parametrize("obstacle", REACHABLE)
def test_offered_a_time_by_each_reason_outside_the_line(obstacle):
    centre = house(max_places=2, **{OBSTACLES[obstacle][0]: CALLBACK})
    stand_at(centre, obstacle)
    centre.calls("anna")
    assert centre.heard("anna")[:3] == [Greeting(SUPPORT), SORRY[obstacle], Fixed.SLOT_INTRO]
    assert Fixed.SLOT_STAY not in centre.heard("anna")
    assert centre.entry("anna").state is EntryState.OUTSIDE
    before = len(centre.rung())
    centre.logs_in("alice", "bob")
    centre.wait(1)
    assert f"alice:{ANNA}" not in centre.rung()[before:]


@pytest.mark.parametrize("obstacle", REACHABLE)
def test_waiting_all_the_same_by_each_reason(obstacle):
    centre = house(max_places=2, **{OBSTACLES[obstacle][0]: WAIT})
    stand_at(centre, obstacle)
    centre.calls("anna")
    assert centre.heard("anna") == [Greeting(SUPPORT)]
    assert centre.entry("anna").state in {EntryState.WAITING, EntryState.RINGING}


def test_redirections_are_followed_to_the_queue_that_is_at_last_meant():
    queues = [
        queue(rules=EntryRules(no_agents=TO_SALES)),
        queue(SALES, rules=EntryRules(closed=TO_BILLING)),
        queue(BILLING),
    ]
    centre = Centre(settings(queues, [agent("bob")]))
    close(centre, SALES)
    centre.calls("anna")
    assert centre.entry("anna").queue == BILLING


def test_the_door_behind_a_redirection_may_be_shut_too():
    queues = [queue(rules=EntryRules(no_agents=TO_SALES)), queue(SALES, rules=EntryRules(no_agents=DIALPLAN))]
    centre = Centre(settings(queues))
    centre.calls("anna")
    assert centre.last(SendToFallback).extension == "voicemail"


def test_redirections_in_a_circle_end():
    """The config refuses them; if one came through, the caller would still get an answer."""
    queues = [
        queue(rules=EntryRules(no_agents=TO_SALES)),
        queue(SALES, rules=EntryRules(no_agents=Exit(Way.QUEUE, SUPPORT))),
    ]
    centre = Centre(settings(queues))
    centre.calls("anna")
    answers: list[Command] = [*centre.all(Play, leg="anna"), *centre.all(SendToFallback, leg="anna")]
    assert answers


def test_a_promise_fills_the_line_like_a_caller():
    centre = house(max_places=1, full=TO_SALES)
    centre.logs_in("alice", "bob")
    for name in ("alice", "bob"):
        centre.calls(f"with-{name}", number(20 + len(centre.rung())))
        centre.answers(name)
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(0)
    centre.takes_callback("anna")
    centre.calls("ben", BEN)
    assert centre.entry("ben").queue == SALES


# --- nobody in silence ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("obstacle", "way_on", "database", "slots", "shown"),
    list(product(REACHABLE, WAYS, [True, False], [True, False], [ANNA, "anonymous"])),
)
def test_every_leg_that_arrives_is_spoken_to_or_sent_to_the_dialplan(obstacle, way_on, database, slots, shown):
    queues = [
        queue(rules=EntryRules(max_places=2, **{OBSTACLES[obstacle][0]: way_on}), slots=Slots(enabled=slots)),
        queue(SALES),
    ]
    centre = Centre(settings(queues, [agent("bob")]))
    stand_at(centre, obstacle)
    if not database:
        centre.hear(DatabaseLost())
    centre.calls("anna", shown)
    assert bool(centre.all(Play, leg="anna")) != bool(centre.all(SendToFallback, leg="anna"))


def test_at_a_closed_door_without_a_database_the_fallback_queue_takes_the_caller():
    centre = house()
    close(centre)
    centre.hear(DatabaseLost())
    centre.calls("anna")
    sent = centre.last(SendToFallback)
    assert (sent.context, sent.extension) == ("callbackd-fallback", SUPPORT)
    assert centre.entry("anna").outcome is EntryOutcome.LEFT


# --- the last resort --------------------------------------------------------------------------------------------------


def test_at_a_closed_door_a_time_is_chosen_confirmed_stored_and_only_then_spoken():
    centre = house()
    close(centre)
    centre.calls("anna")
    assert any(isinstance(phrase, SlotChoice) for phrase in centre.heard("anna"))
    centre.presses("anna", "1")
    assert centre.heard("anna")[-1] is Fixed.CONFIRM_MENU
    assert centre.all(StorePromise) == []
    centre.presses("anna", "1")
    promise = centre.last(StorePromise).callback
    assert promise.slot_at is not None
    assert promise.slot_at >= centre.now + HOUR_S
    assert any(isinstance(phrase, CallAt) for phrase in centre.heard("anna"))
    entry = centre.acd.state.entries[promise.entry]
    assert (entry.state, entry.leg, entry.slot_at) == (EntryState.OUTSIDE, None, promise.slot_at)


def test_without_slots_the_next_opening_is_the_time():
    centre = Centre(settings([queue(slots=Slots(enabled=False))]))
    close(centre, for_s=12 * HOUR_S)
    centre.calls("anna")
    centre.presses("anna", "11")
    assert centre.last(StorePromise).callback.slot_at == centre.now + 12 * HOUR_S


def test_a_caller_who_hangs_up_at_a_closed_door_was_refused_not_lost():
    centre = house()
    close(centre)
    centre.calls("anna")
    centre.hangs_up("anna")
    assert centre.entry("anna").outcome is EntryOutcome.REFUSED


def test_callers_who_choose_nothing_at_a_closed_door_hear_goodbye():
    centre = house()
    close(centre)
    centre.calls("anna")
    for _ in range(3):
        centre.hears_out("anna")
        centre.wait(8)
    assert centre.heard("anna")[-1] is Fixed.GOODBYE
    assert centre.entry("anna").outcome is EntryOutcome.REFUSED
    centre.hears_out("anna")
    assert centre.hung_up("anna")


def test_a_promise_that_cannot_be_stored_at_a_closed_door_goes_to_the_fallback():
    centre = house()
    close(centre)
    centre.calls("anna")
    centre.presses("anna", "1")
    centre.hear(DigitPressed(LegId("anna"), "1"), answer_database=False)
    centre.hear(PromiseNotStored(centre.last(StorePromise).callback.id, "disk full"))
    assert centre.last(SendToFallback).extension == SUPPORT
    assert centre.acd.state.callbacks == {}


def test_a_queue_that_opens_again_lets_people_in():
    centre = house()
    close(centre)
    centre.hear(ClosedEarly(SUPPORT, None))
    centre.calls("anna")
    assert centre.entry("anna").state is EntryState.WAITING


def test_a_queue_closed_early_opens_by_itself():
    centre = house()
    close(centre, for_s=HOUR_S)
    centre.wait(HOUR_S)
    centre.calls("anna")
    assert centre.entry("anna").state is EntryState.WAITING

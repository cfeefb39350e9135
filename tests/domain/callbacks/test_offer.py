"""When a caller is offered a callback, of which kind, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from callbackd.domain.callbacks.offer import Answer, Asked, decide
from callbackd.domain.commands import Decided, StorePromise
from callbackd.domain.events import ClosedEarly, DatabaseLost, SwitchTurned
from callbackd.domain.phrase import Fixed, SlotChoice
from callbackd.domain.settings import Offer, Slots
from callbackd.domain.wait.estimator import Estimate
from tests.builders import ANNA, BEN, Centre, agent, number, queue, settings

MINUTE_S, HOUR_S = 60.0, 3600.0


def wait(p80_s):
    return Estimate(p80_s * 0.8, p80_s * 0.7, p80_s)


LONG = Asked(wait(300.0), 0.0, open_promises=0, switched_on=True, times=lambda: True)
"""A caller to whom everything is offered; the rows below change one thing each."""
NEVER = (False, False)
TURN, TIME, BOTH = (True, False), (False, True), (True, True)
REACHED = "the estimated wait of 300 s reaches 120 s"


def rows(*table):
    return pytest.mark.parametrize(
        ("settings", "asked", "offered", "reason"), [row[1:] for row in table], ids=[row[0] for row in table]
    )


def check(settings, asked, offered, reason):
    answer = decide(Offer(**settings), replace(LONG, **asked))
    assert (answer.turn, answer.time) == offered
    assert answer.reason == reason
    assert answer.yes is (offered != NEVER)


@rows(
    ("disabled", {"enabled": False}, {}, NEVER, "the queue makes no offers"),
    ("switched off", {}, {"switched_on": False}, NEVER, "offers are switched off"),
    ("unkeepable", {}, {"unkeepable": "the database is away"}, NEVER, "the database is away"),
    ("one below the cap", {"max_open_promises": 5}, {"open_promises": 4}, BOTH, REACHED),
    ("the cap", {"max_open_promises": 5}, {"open_promises": 5}, NEVER, "5 promises are open, as many as allowed"),
    ("lot won", {"share": 0.5}, {"lot": 0.49}, BOTH, REACHED),
    ("lot lost", {"share": 0.5}, {"lot": 0.5}, NEVER, "the lot: 50% of callers are offered one"),
    ("a share of nobody", {"share": 0.0}, {"lot": 0.0}, NEVER, "the lot: 0% of callers are offered one"),
    ("no lot for who asked", {"share": 0.01}, {"lot": None}, BOTH, REACHED),
    ("asked, of a share of nobody", {"share": 0.0}, {"lot": None}, NEVER, "the lot: 0% of callers are offered one"),
    ("a share of everybody", {"share": 1.0}, {"lot": 0.999}, BOTH, REACHED),
    ("enough live", {"min_live": 2}, {"live": 3}, BOTH, REACHED),
    ("too few live", {"min_live": 2}, {"live": 2}, NEVER, "2 wait live, and 2 are to be kept"),
    ("asked by key", {"every_s": 90.0}, {"since_offer_s": None}, BOTH, REACHED),
    ("too soon again", {"every_s": 90.0}, {"since_offer_s": 89.0}, NEVER, "offered 89 s ago, repeated after 90 s"),
    ("again", {"every_s": 90.0}, {"since_offer_s": 90.0}, BOTH, REACHED),
)
def test_obstacles_come_before_all_thresholds(settings, asked, offered, reason):
    check(settings, asked, offered, reason)


OFF = {"estimated_wait_s": None, "waited_s": None, "line_length": None}


@rows(
    ("estimate reached", {"estimated_wait_s": 300.0}, {}, BOTH, "the estimated wait of 300 s reaches 300 s"),
    ("estimate short", {"estimated_wait_s": 301.0}, {}, NEVER, "the wait is short"),
    ("estimate unknown", {}, {"estimate": None}, BOTH, "the wait is unknown: nobody works in this queue now"),
    ("estimates do not matter", OFF, {"estimate": None}, NEVER, "the wait is short"),
    ("waited", OFF | {"waited_s": 60.0}, {"waited_s": 60.0}, BOTH, "waited 60 s, at least 60 s"),
    ("not waited", OFF | {"waited_s": 60.0}, {"waited_s": 59.0}, NEVER, "the wait is short"),
    ("long line", OFF | {"line_length": 3}, {"places": 3}, BOTH, "3 places in the line, at least 3"),
    ("short line", OFF | {"line_length": 3}, {"places": 2}, NEVER, "the wait is short"),
    ("no threshold", OFF, {"waited_s": 1e6, "places": 1000}, NEVER, "the wait is short"),
    (
        "any one suffices",
        {"estimated_wait_s": 1e6, "waited_s": 1e6, "line_length": 2},
        {"places": 2},
        BOTH,
        "2 places in the line, at least 2",
    ),
)
def test_any_one_of_the_thresholds_suffices(settings, asked, offered, reason):
    check(settings, asked, offered, reason)


# Of the wait of 300 s, 1.5 x 300 = 450 s; with 150 s of handling the turn may take 600 s.
SOON = {"handle_s": 150.0}


@rows(
    ("never closes", {}, SOON | {"staffed_s": None}, BOTH, REACHED),
    ("in time to the second", {}, SOON | {"staffed_s": 600.0}, BOTH, REACHED),
    (
        "a second too late",
        {},
        SOON | {"staffed_s": 599.0},
        TIME,
        f"{REACHED}; only times: the turn may take 600 s, and closing is in 599 s",
    ),
    (
        "too late and no times",
        {},
        SOON | {"staffed_s": 599.0, "times": lambda: False},
        NEVER,
        "the turn may take 600 s, and closing is in 599 s, and no time is free",
    ),
    ("solvency off", {"solvent": False}, SOON | {"staffed_s": 1.0}, BOTH, REACHED),
    ("closed", {"solvent": False}, {"staffed_s": 0.0}, TIME, f"{REACHED}; only times: the queue is closed"),
    (
        "closed and no times",
        {},
        {"staffed_s": 0.0, "times": lambda: False},
        NEVER,
        "the queue is closed, and no time is free",
    ),
    (
        "the last minutes",
        {"solvent": False, "last_s": 900.0},
        {"staffed_s": 899.0},
        TIME,
        f"{REACHED}; only times: closing in 899 s, and no turn is promised in the last 900 s",
    ),
    ("just before the last minutes", {"solvent": False, "last_s": 900.0}, {"staffed_s": 900.0}, BOTH, REACHED),
    (
        "nobody at work before closing",
        {},
        {"estimate": None, "staffed_s": 9999.0},
        TIME,
        "the wait is unknown: nobody works in this queue now; only times: "
        "nobody works in this queue now, so no turn can be promised before closing",
    ),
    ("no times", {}, {"times": lambda: False}, TURN, REACHED),
)
def test_no_turn_is_promised_that_closing_time_breaks(settings, asked, offered, reason):
    check(settings, asked, offered, reason)


def test_the_first_obstacle_is_the_reason():
    everything: dict[str, Any] = {
        "switched_on": False,
        "unkeepable": "nobody is rung",
        "open_promises": 999,
        "lot": 1.0,
        "live": 0,
    }
    in_order: list[tuple[dict[str, Any], str]] = [
        ({}, "offers are switched off"),
        ({"switched_on": True}, "nobody is rung"),
        ({"unkeepable": ""}, "999 promises are open, as many as allowed"),
        ({"open_promises": 0}, "the lot: 100% of callers are offered one"),
        ({"lot": 0.0}, "0 wait live, and 0 are to be kept"),
        ({"live": 1}, REACHED),
    ]
    asked = replace(LONG, **everything)
    for better, reason in in_order:
        asked = replace(asked, **better)
        assert decide(Offer(), asked).reason == reason


def test_an_offer_of_either_kind_is_a_yes():
    assert [Answer(turn, time, "").yes for turn, time in (NEVER, TURN, TIME, BOTH)] == [False, True, True, True]


# --- told as stories -------------------------------------------------------------------------------------------------

OFFERS = {Fixed.OFFER, Fixed.OFFER_TIME, Fixed.OFFER_BOTH}


def busy(*agents, **changes):
    """One agent, who talks; announcements every 30 s."""
    centre = Centre(settings([queue(**changes)], agents or [agent("alice")]))
    centre.logs_in("alice")
    centre.calls("busy", BEN)
    centre.answers("alice")
    return centre


def listens(centre, leg="anna", seconds=300):
    """The caller hears everything out for a while. Returns how often a callback was offered."""
    until = centre.now + seconds
    while centre.now < until:
        if centre.acd.state.dialogues[leg].playback:
            centre.hears_out(leg)
        centre.wait(1)
    return sum(phrase in OFFERS for phrase in centre.heard(leg))


def test_the_offer_comes_with_every_announcement():
    centre = busy()
    centre.calls("anna")
    assert listens(centre, seconds=125) == 5


def test_the_offer_is_repeated_no_sooner_than_set():
    centre = busy(offer=Offer(estimated_wait_s=60.0, every_s=60.0))
    centre.calls("anna")
    assert listens(centre, seconds=125) == 3


def test_the_key_works_between_two_offers():
    centre = busy(offer=Offer(estimated_wait_s=60.0, every_s=3600.0))
    centre.calls("anna")
    assert listens(centre, seconds=100) == 1
    centre.presses("anna", "1")
    assert centre.heard("anna")[-1] is Fixed.CONFIRM_MENU


def offered(share, callers=100):
    centre = busy(offer=Offer(estimated_wait_s=60.0, share=share))
    for n in range(callers):
        centre.calls(f"c{n}", number(n))
        centre.hears_out(f"c{n}")
        centre.wait(1)
        if n > 0:
            centre.hangs_up(f"c{n}")  # the line stays as long as it is
    return [n for n in range(callers) if OFFERS & set(centre.heard(f"c{n}"))]


def test_the_share_of_callers_is_drawn_by_lot_and_the_same_way_each_time():
    drawn = offered(0.3)
    assert 15 < len(drawn) < 45
    assert drawn == offered(0.3)
    assert set(drawn) <= set(offered(0.6))
    assert offered(0.0) == []
    assert len(offered(1.0)) == 100


def test_a_caller_draws_a_lot_once_and_a_loser_is_not_offered_a_callback_later():
    centre = busy(offer=Offer(estimated_wait_s=60.0, share=0.5))
    for n in range(20):
        centre.calls(f"c{n}", number(n))
    centre.wait(600)
    told: dict[str, list[object]] = {}
    for decided in centre.all(Decided, what="announced"):
        told.setdefault(decided.subject, []).append(decided.facts["offer"])
    assert all(len(offers) > 3 for offers in told.values())
    assert {frozenset(offers) for offers in told.values()} == {frozenset({True}), frozenset({False})}


def test_a_caller_who_asks_by_key_has_drawn_the_lot():
    centre = busy(offer=Offer(estimated_wait_s=60.0, share=1e-9))
    centre.calls("anna")
    assert listens(centre, seconds=60) == 0
    centre.presses("anna", "1")
    assert centre.heard("anna")[-1] is Fixed.CONFIRM_MENU


def test_the_first_live_callers_are_offered_nothing():
    """With ``min_live`` of 2 the first two are offered nothing; a promise is not live."""
    centre = busy(offer=Offer(estimated_wait_s=60.0, min_live=2))
    for n in (1, 2):
        centre.calls(f"c{n}", number(n))
    assert listens(centre, "c2", 40) == 0
    centre.calls("c3", number(3))
    assert listens(centre, "c3", 40) > 0
    centre.takes_callback("c3")
    before = sum(phrase in OFFERS for phrase in centre.heard("c2"))
    assert listens(centre, "c2", 40) == before


def test_a_long_line_is_reason_enough():
    centre = busy(agent("alice"), offer=Offer(estimated_wait_s=None, waited_s=None, line_length=2))
    centre.calls("c1", number(1))
    assert listens(centre, "c1", 40) == 0
    centre.calls("c2", number(2))
    assert listens(centre, "c2", 10) == 1
    assert centre.last_offer_reason() == "2 places in the line, at least 2"


def test_with_slots_a_time_is_offered_beside_the_turn():
    centre = busy(slots=Slots())
    centre.calls("anna")
    listens(centre, seconds=2)
    assert Fixed.OFFER_BOTH in centre.heard("anna")
    centre.presses("anna", "2")
    assert any(isinstance(phrase, SlotChoice) for phrase in centre.heard("anna"))


def test_a_caller_who_confirms_a_time_that_is_gone_meanwhile_hears_the_next_ones():
    centre = busy(slots=Slots(capacity=1))
    for leg, phone in (("anna", number(1)), ("cora", number(2))):
        centre.calls(leg, phone)
        listens(centre, leg, 2)
        centre.presses(leg, "21")  # the first time is chosen; the number is read back
    centre.presses("anna", "1")
    centre.presses("cora", "1")
    assert len(centre.all(StorePromise)) == 1
    assert Fixed.TIME_REFUSED in centre.heard("cora")
    centre.presses("cora", "11")
    first, second = (command.callback.slot_at for command in centre.all(StorePromise))
    assert first != second


def test_in_a_closed_queue_only_a_time_is_offered_and_the_turn_s_key_leads_there():
    centre = busy(slots=Slots(), offer=Offer(estimated_wait_s=60.0, at_closing=False))
    centre.calls("anna")
    centre.hear(ClosedEarly("support", centre.now + 24 * HOUR_S))
    listens(centre, seconds=2)
    assert Fixed.OFFER_TIME in centre.heard("anna")
    assert Fixed.OFFER_BOTH not in centre.heard("anna")
    centre.presses("anna", "1")
    assert Fixed.SLOT_INTRO in centre.heard("anna")


def test_the_time_s_key_means_nothing_where_no_times_are_promised():
    centre = busy(slots=Slots(enabled=False))
    centre.calls("anna")
    listens(centre, seconds=2)
    centre.presses("anna", "2")
    assert centre.heard("anna")[-1] is Fixed.NO_CALLBACK_NOW


@pytest.mark.parametrize("away", [DatabaseLost(), SwitchTurned("offering", False), SwitchTurned("dialling", False)])
def test_nothing_is_offered_meanwhile(away):
    centre = busy()
    centre.hear(away)
    centre.calls("anna")
    assert listens(centre, seconds=90) == 0


def test_every_announcement_says_why_it_carried_an_offer_or_none():
    centre = busy(offer=Offer(estimated_wait_s=60.0, every_s=60.0))
    centre.calls("anna")
    listens(centre, seconds=70)
    told = [(d.facts["offer"], d.facts["offer_reason"]) for d in centre.all(Decided, what="announced")]
    assert [offered for offered, _ in told] == [True, False, True]
    assert told[1][1] == "offered 31 s ago, repeated after 60 s"
    assert all(reason for _, reason in told)
    assert ANNA not in "".join(reason for _, reason in told)

"""Transfers on paper: what is told in which order, and who is where afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callbackd.domain import phrase
from callbackd.domain.commands import AnswerTransfer, ClaimTransfer, Decided, HangUp, Join, StopMusic, Transfer
from callbackd.domain.events import (
    LegLeft,
    LegReplaced,
    LegsSeen,
    TransferAsked,
    TransferClaimed,
    TransferFailed,
    TransferNotClaimed,
    Transferred,
)
from callbackd.domain.ids import LegId, QueueName
from callbackd.domain.lives.agent import Activity
from callbackd.domain.lives.entry import EntryOutcome, EntryState
from callbackd.domain.settings import Menu, Outside, TransferRules
from tests.builders import ANNA, BEN, SALES, Centre, agent, queue, settings


def centre(**rules: object) -> Centre:
    """Anna talks to alice; bob works for sales."""
    house = settings([queue(wrap_up_s=0), queue(SALES)], agents=[agent("alice"), agent("bob", SALES)])
    c = Centre(replace(house, transfers=TransferRules(**rules)))  # type: ignore[arg-type]
    c.logs_in("alice")
    c.calls("a")
    c.answers("alice")
    return c


def asks(c: Centre, to: str = "8002", **more: object) -> LegId:
    leg = c.ring_of("alice")
    c.hear(TransferAsked(leg, to, **more))  # type: ignore[arg-type]
    return leg


def test_the_caller_goes_the_agent_is_free_and_the_talk_is_counted():
    c = centre()
    leg = asks(c)
    act = c.last(Transfer)
    assert (act.leg, act.by, act.to, act.queue) == ("a", leg, "8002", "support")
    assert c.last(StopMusic).leg == "a", "it may be on hold"
    c.hear(Transferred(LegId("a")))
    entry = c.entry("a")
    assert (entry.outcome, entry.transferred_to) == (EntryOutcome.SERVED, "8002")
    assert c.agents["alice"].activity is Activity.IDLE
    assert c.hung_up(leg)
    assert not c.hung_up("a")


def test_leaving_the_application_on_the_way_ends_nothing_twice():
    c = centre()
    asks(c)
    c.hear(LegLeft(LegId("a")))
    assert c.entry("a").state is EntryState.TALKING, "the answer to the transfer says more"
    c.hear(Transferred(LegId("a")))
    c.hear(Transferred(LegId("a")))
    assert len(c.reasons("transferred, blind")) == 1


def test_a_caller_who_is_there_again_before_the_answer_is_a_new_entry_that_knows_the_old_one():
    c = centre()
    asks(c)
    old = c.entry("a")
    c.now += 5
    c.calls("a", to=SALES, came_from=old.id, came_since=old.arrived_at)
    new = c.entry("a")
    assert (new.id != old.id, new.queue, new.came_from) == (True, SALES, old.id)
    assert new.arrived_at == c.now
    c.hear(Transferred(LegId("a")))
    assert c.entry("a").state is EntryState.WAITING, "the late answer is about the place before"


def test_the_arrival_is_kept_where_it_is_set():
    c = centre(keep_arrival=True)
    asks(c)
    old = c.entry("a")
    c.now += 50
    c.calls("a", to=SALES, came_from=old.id, came_since=old.arrived_at)
    assert c.entry("a").arrived_at == old.arrived_at


def test_a_transfer_that_fails_is_reported_and_they_keep_talking():
    c = centre()
    asks(c)
    for _ in range(2):
        c.hear(TransferFailed(LegId("a"), "the dialplan has no 8002"))
    assert c.entry("a").state is EntryState.TALKING
    assert len(c.reasons("not transferred")) == 1
    c.hangs_up("a")
    assert c.agents["alice"].activity is Activity.IDLE


def test_an_agent_who_hung_up_on_a_transfer_that_fails_leaves_the_caller_at_the_place():
    c = centre()
    leg = asks(c)
    c.hangs_up(leg)
    assert not c.hung_up("a")
    arrived_at = c.entry("a").arrived_at
    c.hear(TransferFailed(LegId("a"), "no answer"))
    assert (c.entry("a").state, c.entry("a").arrived_at) == (EntryState.WAITING, arrived_at)


def test_a_caller_who_hangs_up_on_the_way_sets_the_agent_free():
    c = centre()
    asks(c)
    c.hangs_up("a")
    assert c.agents["alice"].activity is Activity.IDLE
    c.hear(TransferFailed(LegId("a"), "gone"))
    assert c.entry("a").outcome is EntryOutcome.SERVED


def test_the_key_pressed_twice_asks_once():
    c = centre()
    asks(c)
    asks(c)
    assert len(c.all(Transfer)) == 1
    assert c.all(AnswerTransfer) == []


@pytest.mark.parametrize("who", ["a", "b", "nobody"])
def test_only_an_agent_who_talks_may(who):
    c = centre()
    c.calls("b", BEN)
    c.hear(TransferAsked(LegId(who), "8002"))
    assert c.all(Transfer) == []
    assert c.last(AnswerTransfer, leg=who).done is False


def test_settings_may_forbid_it():
    c = centre(enabled=False)
    leg = asks(c)
    assert c.all(Transfer) == []
    assert c.last(AnswerTransfer, leg=leg).done is False


TRUNK = {"to": "", "consult": LegId("consult"), "colleague": "PJSIP/trunk-00000007"}


@pytest.mark.parametrize(
    ("wanted", "rule"),
    [
        ({"to": "+12025550123"}, "region US is not allowed"),
        ({"to": "00909790123456"}, "no such number"),
        ({"to": "118500"}, "no such number"),
        ({"to": "*72+442079460123"}, "not a telephone number"),
        ({"to": "9+12025550123"}, "region US is not allowed"),
        ({**TRUNK, "colleague_number": "+12025550123"}, "region US is not allowed"),
        (TRUNK, "not a telephone number"),
    ],
)
def test_a_policy_may_let_callers_go_only_to_numbers_that_we_may_call(wanted, rule):
    c = centre(outside=Outside.CHECKED, outside_prefix="9")
    leg = asks(c, **wanted)
    assert c.all(Transfer) == []
    assert c.last(AnswerTransfer, leg=leg).done is False
    (why,) = c.reasons("transfer refused")
    assert why.startswith(f'[transfers] outside = "checked": {rule}'), why
    assert c.entry("a").state is EntryState.TALKING


@pytest.mark.parametrize(
    "wanted",
    [
        {"to": "+442079460123"},
        {"to": "02079460123"},
        {"to": "9020 7946 0123"},
        {"to": "8002"},
        {"to": "agent3"},
        {"to": "*50"},
        {"to": "queue-4420794601234"},
        {**TRUNK, "colleague_number": "+442079460123"},
        {**TRUNK, "colleague": "PJSIP/agent3-00000007"},
    ],
)
def test_with_this_policy_extensions_and_allowed_numbers_are_as_ever(wanted):
    c = centre(outside=Outside.CHECKED, outside_prefix="9")
    asks(c, **wanted)
    assert c.last(Transfer).leg == "a"


@pytest.mark.parametrize(("to", "goes"), [("8002", True), ("+442079460123", False), ("020 7946 0123", False)])
def test_a_policy_may_keep_callers_in_the_house(to, goes):
    c = centre(outside=Outside.NOWHERE)
    asks(c, to)
    assert bool(c.all(Transfer)) is goes
    assert c.reasons("transfer refused") == ([] if goes else ['[transfers] outside = "nowhere"'])


def test_without_a_policy_a_caller_goes_wherever_the_telephone_dials():
    c = centre()
    asks(c, "+12025550123")
    assert c.last(Transfer).to == "+12025550123"


# --- counted in the day's budget --------------------------------------------------------------------------------------

OUT = "+442079460123"


def counts(c: Centre, to: str = OUT) -> LegId:
    """Alice transfers to an outside number; the database is asked and has not answered."""
    leg = c.ring_of("alice")
    c.hear(TransferAsked(leg, to), answer_database=False)
    return leg


def sent_on(c: Centre) -> None:
    """Anna is at an outside number."""
    asks(c, OUT)
    c.hear(LegLeft(LegId("a")))
    c.hear(Transferred(LegId("a")))


def test_a_counted_transfer_goes_when_the_database_has_counted_it():
    c = centre(counted=True)
    counts(c)
    assert c.all(Transfer) == []
    sent = c.last(ClaimTransfer).sent
    assert (sent.leg, sent.number, sent.claimed_at) == ("a", OUT, c.now)
    c.hear(TransferClaimed(sent.id, dials=100))
    assert c.last(Transfer).to == OUT
    assert [d.what for d in c.all(Decided) if d.facts.get("alarm")] == ["50% of the day's dials used"]


def test_extensions_are_not_counted():
    c = centre(counted=True)
    asks(c, "8002")
    assert c.all(ClaimTransfer) == []
    assert c.last(Transfer).to == "8002"


def test_when_the_day_is_used_up_the_agent_is_told_and_they_keep_talking():
    c = centre(counted=True)
    leg = counts(c)
    refused = TransferNotClaimed(c.last(ClaimTransfer).sent.id, "200 dials today, 200 allowed", until=c.now + 3600)
    c.hear(refused)
    assert c.all(Transfer) == []
    assert c.last(AnswerTransfer, leg=leg).done is False
    assert c.reasons("transfer refused") == ["[transfers] counted: 200 dials today, 200 allowed"]
    assert c.entry("a").state is EntryState.TALKING
    assert c.acd.state.world.held_until == c.now + 3600, "no customer is dialled either"
    assert c.acd.state.sent_out == {}


def test_the_key_pressed_twice_counts_once():
    c = centre(counted=True)
    counts(c)
    counts(c)
    assert len(c.all(ClaimTransfer)) == 1
    assert c.all(AnswerTransfer) == []


@pytest.mark.parametrize("who", ["caller", "agent"])
def test_nobody_is_sent_anywhere_when_somebody_hung_up_before_it_was_counted(who):
    c = centre(counted=True)
    leg = counts(c)
    c.hangs_up("a" if who == "caller" else leg)
    c.hear(TransferClaimed(c.last(ClaimTransfer).sent.id))
    assert c.all(Transfer) == []
    (sent,) = c.sent_out.values()
    assert (sent.dialled, sent.closed_at) == (False, c.now)


def test_the_time_outside_is_counted_until_the_caller_hangs_up():
    c = centre(counted=True)
    sent_on(c)
    c.sleeps(300)
    c.hangs_up("a")
    (sent,) = c.sent_out.values()
    assert sent.dialled
    assert sent.closed_at == c.now


def test_a_leg_that_leaves_us_after_the_answer_is_still_outside():
    """Asterisk's answer to the transfer and the news that the leg has left come in either order."""
    c = centre(counted=True)
    asks(c, OUT)
    c.hear(Transferred(LegId("a")))
    c.hear(LegLeft(LegId("a")))
    c.sleeps(300)
    assert [sent.closed_at for sent in c.sent_out.values()] == [None]
    c.hangs_up("a")
    assert [sent.closed_at for sent in c.sent_out.values()] == [c.now]


def test_the_time_outside_ends_when_nobody_took_the_caller():
    c = centre(counted=True)
    sent_on(c)
    old = c.entry("a")
    c.sleeps(20)
    c.calls("a", came_from=old.id, came_since=old.arrived_at)
    (sent,) = c.sent_out.values()
    assert (sent.dialled, sent.closed_at) == (True, c.now)
    assert c.entry("a").open


def test_a_number_that_the_dialplan_does_not_have_is_not_counted_and_another_may_be_tried():
    c = centre(counted=True)
    asks(c, OUT)
    c.hear(TransferFailed(LegId("a"), "the dialplan has no such number"))
    (first,) = c.sent_out.values()
    assert not first.dialled
    asks(c, BEN)
    assert [sent.number for sent in c.sent_out.values()] == [OUT, BEN]
    assert c.last(Transfer).to == BEN


def test_a_restart_goes_on_counting_and_sees_the_end():
    c = centre(counted=True)
    sent_on(c)
    c.restarts()
    c.sleeps(60)
    assert [sent.closed_at for sent in c.sent_out.values()] == [None]
    c.hangs_up("a")
    assert [sent.closed_at for sent in c.sent_out.values()] == [c.now]


def test_an_end_during_a_restart_is_seen_afterwards():
    c = centre(counted=True)
    sent_on(c)
    c.hear(LegsSeen(frozenset()))
    assert [sent.closed_at for sent in c.sent_out.values()] == [c.now]


def test_without_the_database_nobody_is_sent_out():
    c = centre(counted=True)
    leg = counts(c)
    c.hear(TransferNotClaimed(c.last(ClaimTransfer).sent.id, "the database is away"))
    assert c.last(AnswerTransfer, leg=leg).done is False
    assert c.acd.state.world.held_until == 0.0


def test_a_restart_before_the_caller_went_counts_nothing():
    c = centre(counted=True)
    asks(c, OUT)
    c.restarts()
    (sent,) = c.sent_out.values()
    assert (sent.dialled, sent.closed_at) == (False, c.now)
    assert c.entry("a").state is EntryState.TALKING


@pytest.mark.parametrize("reached", [False, True])
def test_an_agent_who_consults_a_line_of_ours_gives_the_caller_the_place(reached):
    c = centre()
    c.calls("consult", "alice", to=SALES)
    if reached:
        c.logs_in("bob")
        c.answers("bob")
    place = c.entry("consult")
    asks(c, consult=LegId("consult"))
    moved = c.entries[place.id]
    assert (moved.leg, moved.number, moved.queue, moved.came_from) == ("a", ANNA, SALES, moved.came_from)
    assert moved.came_from
    assert moved.arrived_at == place.arrived_at
    assert c.hung_up("consult")
    assert not c.hung_up("a")
    assert c.agents["alice"].activity is Activity.IDLE
    if reached:
        assert c.last(Join).legs == ("a", c.ring_of("bob"))
    else:
        c.logs_in("bob")
        assert c.rings("bob") == [ANNA]


def test_a_leg_that_replaces_a_waiting_caller_gets_the_place():
    c = centre()
    c.calls("reception", "+442079460105")
    place = c.entry("reception")
    c.hear(LegReplaced(LegId("reception"), LegId("b"), BEN, "Local/x;2"))
    c.hear(LegLeft(LegId("reception")))
    moved = c.entries[place.id]
    assert (moved.leg, moved.number, moved.state) == ("b", BEN, EntryState.WAITING)
    assert not c.hung_up("b")
    c.hangs_up("a")
    c.answers("alice")
    assert c.last(Join).legs[0] == "b"


def test_a_leg_that_replaces_a_waiting_caller_may_have_a_number_that_is_never_called():
    c = centre()
    c.calls("reception", "+442079460105")
    place = c.entry("reception")
    c.hear(LegReplaced(LegId("reception"), LegId("b"), "105", "Local/x;2"))
    assert c.entries[place.id].number == "105"


def test_a_leg_that_replaces_a_customer_who_was_called_back_leaves_the_promises_number():
    c = centre()
    customer = c.calls_back("b", BEN, talks="a")
    c.hear(LegReplaced(customer, LegId("other phone"), ANNA, "PJSIP/x-1"))
    assert (c.entry("other phone").number, c.entry("other phone").state) == (BEN, EntryState.TALKING)


def with_menu() -> Centre:
    """Anna talks to alice, and somebody hears a menu."""
    house = settings([queue(wrap_up_s=0), queue(SALES)], agents=[agent("alice"), agent("bob", SALES)])
    main = Menu("main", otherwise=QueueName("support"), choices={"1": SALES})
    c = Centre(replace(house, menus={"main": main}))
    c.logs_in("alice")
    c.calls("a")
    c.answers("alice")
    c.calls("in the menu", BEN, to="main")
    return c


def test_a_leg_that_replaces_one_in_a_menu_is_asked_and_is_served():
    c = with_menu()
    c.hear(LegReplaced(LegId("in the menu"), LegId("b"), BEN, "Local/x;2"))
    assert not c.hung_up("b")
    assert c.heard("b")[-1] == phrase.Menu("main")
    c.presses("b", "1")
    assert (c.entry("b").queue, c.entry("b").number) == (SALES, BEN)


def test_an_agent_who_consults_a_menu_gives_the_caller_its_question():
    c = with_menu()
    asks(c, consult=LegId("in the menu"))
    assert c.last(AnswerTransfer).done
    assert c.heard("a")[-1] == phrase.Menu("main")
    assert c.hung_up("in the menu")
    assert c.agents["alice"].activity is Activity.IDLE
    c.presses("a", "1")
    assert (c.entry("a").queue, c.entry("a").number) == (SALES, ANNA)


def test_a_leg_that_replaces_an_agent_gets_the_caller():
    c = centre()
    leg = c.ring_of("alice")
    c.hear(LegReplaced(leg, LegId("colleague"), "", "Local/agent3@x-1;2"))
    assert c.last(Transfer).colleague == "Local/agent3@x-1;2"
    c.hangs_up(leg)
    c.hear(Transferred(LegId("a")))
    assert not c.hung_up("a")
    assert c.agents["alice"].activity is Activity.IDLE


def test_a_leg_that_replaces_nobody_is_hung_up():
    c = centre()
    c.hear(LegReplaced(LegId("who"), LegId("what")))
    assert c.all(HangUp, leg="what")


def test_a_restart_on_the_way_believes_the_dialplan():
    c = centre()
    asks(c)
    c.restarts()
    c.hear(LegLeft(LegId("a")))
    assert c.agents["alice"].activity is Activity.IDLE
    assert not c.hung_up("a")

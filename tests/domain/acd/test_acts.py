"""What supervisors, agents and programs ask for: done or refused with the reason, answered, and kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callbackd.domain import events as ev
from callbackd.domain.commands import Answered, DialCustomer, Happened, Happening, SendToFallback, StorePromise
from callbackd.domain.events import Asked, DatabaseLost, FeatureCode
from callbackd.domain.ids import LegId
from callbackd.domain.lives.agent import Activity, Presence
from callbackd.domain.lives.callback import CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import EntryOutcome, EntryState
from callbackd.domain.settings import Slots
from tests.builders import ANNA, BEN, SALES, SUPPORT, Centre, agent, queue, settings


class Asking(Centre):
    def ask(self, act, reason="", who="kim"):
        """Why it was refused, empty when it was done."""
        self.hear(Asked(f"r{len(self.said)}", who, "cli", act, reason))
        answer = self.last(Answered)
        assert answer.done is (answer.why == "")
        return answer.why


def house(*agents, **changes):
    queues = [queue(**changes), replace(queue(**changes), name=SALES)]
    return Asking(settings(queues, list(agents) or [agent("alice")]))


def with_a_promise(number=ANNA):
    """Nobody is logged in, so it waits."""
    centre = house()
    centre.calls("a", number)
    return centre, centre.takes_callback("a")


# --- callbacks ------------------------------------------------------------------------------------------------------


def test_a_promise_is_cancelled():
    centre, promise = with_a_promise()
    assert centre.ask(ev.CancelCallback(promise), "she mailed us") == ""
    assert centre.callback().outcome is CallbackOutcome.CANCELLED
    assert centre.entry().outcome is EntryOutcome.CANCELLED
    centre.logs_in("alice")
    assert not centre.all(DialCustomer)


def test_a_promise_that_is_being_dialled_is_neither_cancelled_nor_moved_about():
    centre, promise = with_a_promise()
    centre.logs_in("alice")
    assert centre.callback().state is CallbackState.DIALLING
    for act in (ev.CancelCallback(promise), ev.CallNow(promise), ev.AssignCallback(promise, "alice")):
        assert centre.ask(act) == "already dialled: the customer is being rung"
    centre.presses(centre.customer_answers(), "1")
    assert centre.ask(ev.CancelCallback(promise)) == "already dialled: the customer is on the line"
    assert centre.callback().outcome is None


def test_between_claim_and_dial_it_is_too_late_to_cancel():
    centre, promise = with_a_promise()
    centre.hear(ev.FeatureCodeDialled(LegId("code"), "login", "PJSIP/alice"), answer_database=False)
    assert centre.ask(ev.CancelCallback(promise)) == "already dialled: the customer is being rung"


def test_a_promise_that_is_not_there_is_named_so():
    assert house().ask(ev.CancelCallback("nosuch")) == "there is no open callback of this id"


def test_a_promise_for_tomorrow_is_called_now_before_everybody_else():
    centre = house(slots=Slots(enabled=True))
    centre.calls("b", BEN)
    centre.takes_callback("b")
    centre.now += 10
    centre.calls("a", ANNA)
    promise = centre.takes_callback("a", "211")
    assert centre.entry().state is EntryState.OUTSIDE
    assert centre.ask(ev.CallNow(promise)) == ""
    centre.logs_in("alice")
    assert centre.last(DialCustomer).number == ANNA


def test_a_promise_is_given_to_one_agent_alone_and_back_to_all():
    centre = Asking(settings([queue()], [agent("alice"), agent("bob")]))
    centre.calls("a")
    promise = centre.takes_callback("a")
    assert centre.ask(ev.AssignCallback(promise, "bob")) == ""
    centre.logs_in("alice")
    assert not centre.all(DialCustomer), "it waits for bob"
    assert centre.ask(ev.AssignCallback(promise)) == ""
    assert centre.all(DialCustomer), "alice is free"


def test_a_promise_of_one_agent_is_dialled_again_after_a_busy_line():
    centre, promise = with_a_promise()
    assert centre.ask(ev.AssignCallback(promise, "alice")) == ""
    centre.logs_in("alice")
    centre.hear(ev.LegEnded(centre.last(DialCustomer).leg, ev.Ending.BUSY))
    assert len(centre.all(DialCustomer)) == 1
    centre.wait(centre.entry().not_before - centre.now)
    assert len(centre.all(DialCustomer)) == 2


def test_only_who_serves_the_queue_is_given_its_promises():
    centre, promise = with_a_promise()
    assert centre.ask(ev.AssignCallback(promise, "carol")) == "there is no such agent"


def test_a_number_is_put_on_the_do_not_call_list_and_taken_off():
    centre, _ = with_a_promise()
    assert centre.ask(ev.BlockNumber(ANNA), "by letter") == ""
    assert centre.callback().outcome is CallbackOutcome.CANCELLED
    assert [row.why for row in centre.blocked.values()] == ["asked by kim: by letter"]
    assert centre.ask(ev.BlockNumber(ANNA)) == "", "it is there already"
    assert centre.ask(ev.UnblockNumber(ANNA)) == ""
    assert centre.blocked == {}
    assert centre.ask(ev.BlockNumber("nobody")) == "that is not a telephone number"


def test_a_callback_is_asked_for_without_a_call_and_rung_at_its_turn():
    centre = house()
    centre.calls("b", BEN)
    assert centre.ask(ev.RequestCallback(SUPPORT, "020 7946 0101")) == ""
    assert centre.last(Answered).subject == centre.callback().id
    assert centre.line() == ["b", ANNA]
    assert (centre.entry(ANNA).live, centre.entry(ANNA).language) == (False, "en")
    centre.hangs_up("b")
    centre.logs_in("alice")
    assert centre.last(DialCustomer).number == ANNA


def test_a_second_request_of_the_same_customer_is_answered_with_the_place_that_is_there():
    centre, promise = with_a_promise()
    assert centre.ask(ev.RequestCallback(SUPPORT, ANNA)) == ""
    assert centre.last(Answered).subject == promise
    assert len(centre.callbacks) == 1


@pytest.mark.parametrize("number", ["+1 876 555 0123", "nobody"])
def test_a_number_that_may_not_be_called_is_refused_with_the_rule(number):
    assert house().ask(ev.RequestCallback(SUPPORT, number)).startswith("the number may not be called: ")


def test_what_the_database_refuses_is_answered_so_and_leaves_no_place():
    centre = house()
    centre.hear(Asked("r1", "kim", "api", ev.RequestCallback(SUPPORT, ANNA)), answer_database=False)
    assert not centre.all(Answered), "the answer waits for the database"
    promise = centre.last(StorePromise).callback.id
    centre.hear(ev.PromiseNotStored(promise, "2 were asked for within an hour", too_many=True))
    answer = centre.last(Answered)
    assert (answer.done, answer.why) == (False, "2 were asked for within an hour")
    assert centre.line() == []


def test_a_callback_is_moved_to_a_free_time():
    centre = house(slots=Slots(enabled=True))
    centre.calls("a")
    promise = centre.takes_callback("a")
    at = centre.now - centre.now % 3600 + 5 * 3600
    assert centre.ask(ev.MoveCallback(promise, at)) == ""
    assert (centre.callback().slot_at, centre.entry().state) == (at, EntryState.OUTSIDE)
    centre.logs_in("alice")
    assert not centre.all(DialCustomer), "its time is not near"
    assert centre.ask(ev.MoveCallback(promise, at + 7)) == "no slot starts then"
    assert centre.ask(ev.MoveCallback(promise, at - 24 * 3600)) == "that time is not free: too soon"


def test_a_queue_without_times_moves_none():
    centre, promise = with_a_promise()
    assert centre.ask(ev.MoveCallback(promise, centre.now + 3600)) == "support promises no times"
    assert centre.ask(ev.RequestCallback("nosuch", ANNA)) == "there is no such queue"


# --- agents ---------------------------------------------------------------------------------------------------------


def test_an_agent_is_logged_in_paused_with_the_reason_and_logged_out():
    centre = house()
    for code, presence, reason in [
        (FeatureCode.LOGIN, Presence.AVAILABLE, ""),
        (FeatureCode.PAUSE, Presence.PAUSED, "lunch"),
        (FeatureCode.UNPAUSE, Presence.AVAILABLE, ""),
        (FeatureCode.LOGOUT, Presence.LOGGED_OUT, ""),
    ]:
        assert centre.ask(ev.AgentAct("alice", code), reason) == ""
        assert (centre.agents["alice"].presence, centre.agents["alice"].pause_reason) == (presence, reason)
    assert centre.ask(ev.AgentAct("alice", FeatureCode.LOGOUT)) == "", "what is so already is done"
    assert centre.ask(ev.AgentAct("alice", FeatureCode.PAUSE)) == "the agent is not logged in"
    assert centre.ask(ev.AgentAct("alice", FeatureCode.EXTEND)) == "the agent is not in wrap-up"
    assert centre.ask(ev.AgentAct("alice", FeatureCode.CALL_IN)) == "the agent is not in reserve"
    assert centre.ask(ev.AgentAct("carol", FeatureCode.LOGIN)) == "there is no such agent"


def test_a_pause_takes_the_return_that_is_expected():
    centre = house()
    centre.logs_in("alice")
    assert centre.ask(ev.AgentAct("alice", FeatureCode.PAUSE, 900.0), "lunch") == ""
    assert centre.agents["alice"].back_at == centre.now + 900
    centre.wait(60)
    assert centre.ask(ev.AgentAct("alice", FeatureCode.PAUSE, 300.0)) == "", "a later word replaces it"
    assert centre.agents["alice"].back_at == centre.now + 300
    assert centre.agents["alice"].pause_reason == "lunch"
    assert centre.ask(ev.AgentAct("alice", FeatureCode.UNPAUSE)) == ""
    assert centre.agents["alice"].back_at is None


def test_a_return_that_cannot_be_meant_is_refused_and_nothing_is_done():
    centre = house()
    centre.logs_in("alice")
    for seconds in (0.0, -60.0, 13 * 3600.0):
        asked = ev.AgentAct("alice", FeatureCode.PAUSE, seconds)
        assert centre.ask(asked) == "the return must lie within 12 hours"
    assert centre.ask(ev.AgentAct("alice", FeatureCode.LOGOUT, 60.0)) == "only an agent who pauses is expected back"
    assert centre.agents["alice"].presence is Presence.AVAILABLE


def test_an_agent_who_is_reserved_when_paused_finishes_the_call_in_hand():
    centre, _ = with_a_promise()
    centre.logs_in("alice")
    assert centre.agents["alice"].activity is Activity.RESERVED
    assert centre.ask(ev.AgentAct("alice", FeatureCode.PAUSE), "lunch") == ""
    assert centre.agents["alice"].presence is Presence.PAUSED


def test_a_wrap_up_is_made_longer_and_ended():
    centre = house()
    centre.logs_in("alice")
    centre.calls("a")
    centre.answers("alice")
    centre.wait(10)
    centre.hangs_up("a")
    until = centre.agents["alice"].wrap_up_until
    assert centre.ask(ev.AgentAct("alice", FeatureCode.EXTEND)) == ""
    assert centre.agents["alice"].wrap_up_until > until
    assert centre.ask(ev.AgentAct("alice", FeatureCode.READY)) == ""
    assert centre.agents["alice"].activity is Activity.IDLE


def test_a_disposition_and_a_note_are_about_the_call_in_hand_or_the_last_one():
    centre = house()
    centre.logs_in("alice")
    centre.calls("a")
    centre.answers("alice")
    assert centre.ask(ev.Dispose("alice", " invoice ")) == ""
    centre.hangs_up("a")
    assert centre.ask(ev.WriteNote("alice", "wants it\nby mail\x00")) == ""
    said = [(fact.what, fact.entry, fact.agent, fact.text) for fact in centre.all(Happened)]
    assert said == [
        (Happening.DISPOSED, centre.entry().id, "alice", "invoice"),
        (Happening.NOTED, None, "alice", "wants it\nby mail"),
    ]


# --- switches -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("switch", ["offering", "dialling"])
def test_a_switch_stays_as_it_was_left_over_a_restart(switch):
    centre = house()
    assert centre.ask(ev.TurnSwitch(switch, on=False), "no trunk") == ""
    centre.restarts()
    assert getattr(centre.acd.state.world, switch) is False
    assert centre.ask(ev.TurnSwitch(switch, on=True)) == ""
    centre.restarts()
    assert getattr(centre.acd.state.world, switch) is True


def test_a_crisis_and_an_early_closing_last_over_a_restart():
    centre = house()
    assert centre.ask(ev.TurnSwitch("crisis", on=True, queue=SUPPORT)) == ""
    assert centre.ask(ev.CloseEarly(SALES, centre.now + 600)) == ""
    centre.restarts()
    assert centre.acd.state.world.crises.keys() == {SUPPORT}
    assert centre.acd.state.world.closed_until == {SALES: centre.now + 600}
    centre.now += 601
    centre.restarts()
    assert centre.acd.state.world.closed_until == {}, "that day is over"


def test_a_switch_that_is_not_there_is_refused():
    centre = house()
    assert centre.ask(ev.TurnSwitch("music", on=True)) == "there are three switches: offering, dialling and crisis"
    assert centre.ask(ev.TurnSwitch("crisis", on=True, queue="nosuch")) == "there is no such queue"
    assert centre.ask(ev.CloseEarly("nosuch", centre.now + 1)) == "there is no such queue"
    assert centre.ask(ev.CloseEarly(SALES, centre.now)) == "that time is over"


# --- places ---------------------------------------------------------------------------------------------------------


def test_a_caller_is_taken_out_with_a_reason_even_while_an_agent_is_rung():
    centre = house()
    centre.logs_in("alice")
    centre.calls("a")
    assert centre.ask(ev.TakeOut(centre.entry().id)) == "taking a caller out needs a reason"
    assert centre.ask(ev.TakeOut(centre.entry().id), "abusive") == ""
    assert centre.entry().outcome is EntryOutcome.LEFT
    assert centre.last(SendToFallback).leg == "a"
    assert centre.agents["alice"].activity is Activity.IDLE
    assert centre.ask(ev.TakeOut(centre.entry().id), "again") == "there is no open place of this id"


def test_a_caller_who_talks_is_not_taken_out():
    centre = house()
    centre.logs_in("alice")
    centre.calls("a")
    centre.answers("alice")
    assert centre.ask(ev.TakeOut(centre.entry().id), "abusive") == "the caller is talking to an agent"


def test_a_caller_is_put_before_everybody_else():
    centre = house()
    for leg, number in (("a", ANNA), ("b", BEN)):
        centre.calls(leg, number)
        centre.now += 1
    assert centre.line() == ["a", "b"]
    assert centre.ask(ev.PutFirst(centre.entry("b").id)) == "putting a caller first needs a reason"
    assert centre.line() == ["a", "b"]
    assert centre.ask(ev.PutFirst(centre.entry("b").id), "a doctor") == ""
    assert centre.line() == ["b", "a"]
    assert centre.ask(ev.PutFirst(centre.entry("b").id), "a doctor") == "", "who is first already stays so"


# --- all of them ----------------------------------------------------------------------------------------------------


def test_nothing_is_done_while_it_cannot_be_written_down():
    centre, promise = with_a_promise()
    centre.hear(DatabaseLost())
    assert centre.ask(ev.CancelCallback(promise)) == "the database is away: nothing can be written down now"
    assert centre.callback().outcome is None


def test_an_answer_says_who_asked_by_which_face_and_why():
    centre = house()
    centre.hear(Asked("r1", "kim", "api", ev.AgentAct("alice", FeatureCode.LOGIN), "late shift"))
    answer = centre.last(Answered)
    assert (answer.request, answer.who, answer.source, answer.act) == ("r1", "kim", "api", "AgentAct")
    assert (answer.what, answer.reason, answer.done) == (
        "agent='alice', code='login', back_in_s=None",
        "late shift",
        True,
    )

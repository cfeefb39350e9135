"""Agents whose voicemail must not swallow a caller: the key that shows a person."""

from __future__ import annotations

from callbackd.domain.commands import HangUp, Join, Play, StopPlayback
from callbackd.domain.lives.agent import Activity, Presence
from callbackd.domain.lives.callback import CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import EntryState
from callbackd.domain.phrase import Fixed
from callbackd.domain.settings import Ringing, Strategy
from tests.builders import ANNA, BEN, Centre, agent, queue, settings


def on_a_mobile(*others, **changes):
    """Alice is rung on a mobile and takes calls by key 5 within 10 s."""
    strategy = changes.pop("strategy", Strategy.LINEAR)
    team = [agent("alice", accept_key="5", accept_s=10.0), *(agent(name) for name in others)]
    return Centre(settings([queue(strategy=strategy)], team, **changes))


def asked(centre):
    """Alice's phone was picked up for Anna and is being asked for the key. Returns its leg."""
    centre.logs_in("alice")
    centre.calls("anna")
    leg = centre.ring_of("alice")
    centre.answers("alice")
    return leg


def test_an_agent_who_answers_is_asked_for_the_key_and_the_caller_hears_nothing_of_it():
    centre = on_a_mobile()
    leg = asked(centre)
    assert centre.heard(leg) == [Fixed.AGENT_ACCEPT]
    assert centre.all(Join) == []
    assert centre.entry().state is EntryState.RINGING
    assert Fixed.AGENT_ACCEPT not in centre.heard("anna")


def test_the_key_connects_and_cuts_off_the_question():
    centre = on_a_mobile()
    leg = asked(centre)
    centre.presses(leg, "5")
    assert centre.joined() == [("anna", leg)]
    assert centre.agents["alice"].activity is Activity.TALKING
    assert centre.all(StopPlayback, leg=leg)


def test_a_voicemail_presses_nothing_and_never_hears_the_caller():
    centre = on_a_mobile("bob")
    leg = asked(centre)
    centre.logs_in("bob")
    centre.hears_out(leg)
    centre.wait(9)
    assert centre.rings("bob") == []
    centre.wait(1)
    assert centre.hung_up(leg)
    assert centre.all(Join) == []
    assert centre.rings("bob") == [ANNA]
    assert centre.line() == ["anna"]


def test_the_place_is_kept_while_an_agent_is_asked():
    """The first caller, whose agent pressed no key, is given the next free agent before a later caller is."""
    centre = on_a_mobile("bob")
    leg = asked(centre)
    centre.calls("ben", BEN)
    centre.hears_out(leg)
    centre.wait(10)
    centre.logs_in("bob")
    assert centre.rings("bob") == [ANNA]


def test_a_wrong_key_is_not_the_key_and_the_question_comes_again():
    centre = on_a_mobile()
    leg = asked(centre)
    centre.presses(leg, "1")
    assert len(centre.all(Play, leg=leg)) == 1  # still being asked
    centre.hears_out(leg)
    centre.presses(leg, "1")
    assert len(centre.all(Play, leg=leg)) == 2
    assert centre.all(Join) == []
    centre.presses(leg, "5")
    assert centre.joined() == [("anna", leg)]


def test_wrong_keys_do_not_hold_a_caller_for_ever():
    centre = on_a_mobile()
    leg = asked(centre)
    for _ in range(20):
        if centre.hung_up(leg):
            break
        centre.hears_out(leg)
        centre.wait(5)
        centre.presses(leg, "1")
    assert centre.hung_up(leg)


def test_an_agent_who_answers_at_the_last_moment_has_the_whole_time_for_the_key():
    centre = on_a_mobile()
    centre.logs_in("alice")
    centre.calls("anna")
    leg = centre.ring_of("alice")
    centre.wait(14)
    centre.answers("alice")
    centre.wait(5)
    centre.hears_out(leg)
    centre.wait(9)
    centre.presses(leg, "5")
    assert centre.joined() == [("anna", leg)]


def test_an_agent_who_hangs_up_while_asked_has_missed_the_ring():
    centre = on_a_mobile("bob")
    leg = asked(centre)
    centre.logs_in("bob")
    centre.hangs_up(leg)
    assert centre.agents["alice"].misses == 1
    assert centre.rings("bob") == [ANNA]


def test_a_caller_who_hangs_up_while_an_agent_is_asked_frees_the_agent():
    centre = on_a_mobile()
    leg = asked(centre)
    centre.hangs_up("anna")
    assert centre.hung_up(leg)
    assert (centre.agents["alice"].activity, centre.agents["alice"].misses) == (Activity.IDLE, 0)
    centre.presses(leg, "5")  # pressed a moment too late
    assert centre.all(Join) == []


def test_when_all_are_rung_a_faster_colleague_ends_the_question_and_nobody_is_blamed():
    centre = on_a_mobile("bob", strategy=Strategy.RING_ALL)
    centre.logs_in("alice", "bob")
    centre.calls("anna")
    leg = centre.ring_of("alice")
    centre.answers("alice")
    centre.answers("bob")
    assert centre.joined() == [("anna", centre.ring_of("bob"))]
    assert centre.last(HangUp, leg=leg).elsewhere
    assert centre.agents["alice"].misses == 0


def test_when_all_are_rung_picking_up_without_the_key_stops_nobody_else_s_ring():
    centre = on_a_mobile("bob", strategy=Strategy.RING_ALL)
    centre.logs_in("alice", "bob")
    centre.calls("anna")
    centre.answers("alice")
    assert not centre.hung_up(centre.ring_of("bob"))


def test_an_answer_reported_twice_asks_for_the_key_once():
    centre = on_a_mobile()
    leg = asked(centre)
    centre.answers("alice")
    assert centre.heard(leg) == [Fixed.AGENT_ACCEPT]


def test_rings_picked_up_without_the_key_pause_the_agent_like_rings_not_answered():
    centre = on_a_mobile(ringing=Ringing(rona_limit=2))
    leg = asked(centre)
    for _ in range(2):
        assert centre.agents["alice"].presence is Presence.AVAILABLE
        centre.hears_out(leg)
        centre.wait(16)
        leg = centre.ring_of("alice")
        if not centre.hung_up(leg):
            centre.answers("alice")
    assert centre.agents["alice"].presence is Presence.PAUSED


def test_the_key_forgives_the_rings_missed_before():
    centre = on_a_mobile(ringing=Ringing(rona_limit=2))
    centre.logs_in("alice")
    centre.calls("anna")
    centre.misses("alice")
    centre.wait(5)
    centre.answers("alice")
    assert centre.agents["alice"].misses == 1
    centre.presses(centre.ring_of("alice"), "5")
    assert centre.agents["alice"].misses == 0


def test_a_promise_is_kept_only_when_the_agent_has_accepted_too():
    centre = on_a_mobile()
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(0)
    centre.takes_callback("anna")
    centre.logs_in("alice")
    customer = centre.customer_answers()
    centre.presses(customer, "1")
    centre.answers("alice")
    assert centre.callback().state is CallbackState.ACCEPTED
    centre.presses(centre.ring_of("alice"), "5")
    assert centre.callback().outcome is CallbackOutcome.COMPLETED
    assert centre.joined()[-1][0] == customer


def test_agents_without_a_key_are_connected_at_once():
    centre = on_a_mobile("bob")
    centre.logs_in("bob")
    centre.calls("anna")
    centre.answers("bob")
    assert centre.joined() == [("anna", centre.ring_of("bob"))]

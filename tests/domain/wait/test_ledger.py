"""The promise ledger: what callers were told, what came of it, and which waits the estimator learns from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callbackd.domain.acd import Acd
from callbackd.domain.commands import Changed, DialCustomer, Play
from callbackd.domain.events import Ending
from callbackd.domain.ids import EntryId, Mint, QuoteId
from callbackd.domain.lives.quote import Quote, QuoteKind, QuoteOutcome
from callbackd.domain.phrase import Position, WaitBelow
from callbackd.domain.settings import Announcements, EntryRules, Exit, Offer, Slots, Way
from callbackd.domain.wait.estimator import Handled, Held, Joined, Reached, Told, TurnCame, Worked
from callbackd.simulate.predictors import QueueLength
from tests.builders import ANNA, BEN, SALES, SUPPORT, T0, Centre, agent, number, queue, settings


class Listening(QueueLength):
    """A textbook estimator that keeps what it was given to learn from."""

    judged = True

    def __init__(self, *args):
        super().__init__(*args)
        self.told = []

    def on_event(self, event, now):
        super().on_event(event, now)
        self.told.append(event)


def busy(agents=("alice",), queues=None, **changes):
    """Everybody talks; waits are announced, callbacks offered."""
    queues = queues or [queue(wrap_up_s=0.0, **changes)]
    centre = Centre(settings(queues, [agent(name) for name in agents]), estimator=Listening)
    for n, name in enumerate(agents):
        centre.logs_in(name)
        centre.calls(f"with-{name}", number(90 + n))
        centre.answers(name)
    return centre


def told(centre, kind):
    return [event for event in centre.acd.estimator.told if isinstance(event, kind)]


def waits(centre, leg="anna", shown=ANNA, **how):
    """The caller hears an announcement with a wait; its quote."""
    centre.calls(leg, shown, **how)
    centre.hears_out(leg)
    centre.wait(0)
    return quotes(centre)[-1]


def quotes(centre, kind=QuoteKind.WAIT):
    return [quote for quote in centre.quotes.values() if quote.kind is kind]


# --- what is written --------------------------------------------------------------------------------------------------


def test_a_spoken_wait_is_in_the_ledger_with_the_number_that_was_spoken():
    centre = busy()
    quote = waits(centre)
    spoken = [phrase for phrase in centre.heard("anna") if isinstance(phrase, WaitBelow)]
    assert [quote.said_s] == [60.0 * phrase.minutes for phrase in spoken]
    assert (quote.entry, quote.position, quote.outcome) == (centre.entry("anna").id, 1, None)
    assert quote.p80_s <= quote.said_s


def test_waits_that_are_not_spoken_are_not_written_down():
    centre = busy(announcements=Announcements(first_after_s=0.0, wait=False))
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(0)
    assert centre.quotes == {}


def test_a_quote_is_kept_when_an_agent_comes_in_time_and_broken_when_not():
    centre = busy()
    kept = waits(centre)
    centre.wait(60)
    centre.hangs_up("with-alice")
    centre.answers("alice")
    kept = centre.quotes[kept.id]
    assert (kept.outcome, kept.kept) == (QuoteOutcome.CAME, True)
    assert kept.came_s == pytest.approx(60.0, abs=1.0)
    broken = waits(centre, "ben", BEN)
    centre.wait(broken.said_s + 1)
    centre.hangs_up("anna")
    centre.answers("alice")
    assert centre.quotes[broken.id].kept is False


# --- who hangs up -----------------------------------------------------------------------------------------------------


def test_a_caller_who_hangs_up_is_followed_until_the_one_behind_is_served():
    centre = busy()
    quote = waits(centre)
    centre.calls("ben", BEN)
    centre.wait(10)
    centre.hangs_up("anna")
    assert centre.quotes[quote.id].outcome is None
    centre.wait(30)
    centre.hangs_up("with-alice")
    centre.answers("alice")
    quote = centre.quotes[quote.id]
    assert (quote.outcome, quote.came_s) == (QuoteOutcome.WOULD_HAVE, pytest.approx(40.0, abs=1.0))


def test_the_last_caller_who_hangs_up_is_followed_until_an_agent_is_free():
    centre = busy()
    quote = waits(centre)
    centre.hangs_up("anna")
    centre.wait(25)
    centre.hangs_up("with-alice")
    assert centre.quotes[quote.id].came_s == pytest.approx(25.0, abs=1.0)


def test_serving_a_place_ahead_teaches_nothing_about_those_behind():
    centre = busy()
    centre.calls("ben", BEN)
    quote = waits(centre)
    centre.wait(1)
    centre.calls("carl", number(3))
    centre.hangs_up("anna")
    centre.hangs_up("with-alice")
    centre.answers("alice")
    assert centre.quotes[quote.id].outcome is None, "ben stood before anna"
    centre.wait(5)
    centre.hangs_up("ben")
    centre.answers("alice")
    assert centre.quotes[quote.id].outcome is QuoteOutcome.WOULD_HAVE


def test_nobody_is_followed_for_ever():
    centre = busy()
    quote = waits(centre)
    centre.hangs_up("anna")
    centre.wait(4 * 3600 + 1)
    assert centre.quotes[quote.id].outcome is QuoteOutcome.UNKNOWN


def test_the_first_to_log_in_does_not_settle_what_was_said_in_the_evening():
    centre = busy()
    quote = waits(centre)
    centre.hangs_up("anna")
    centre.dials("alice", "logout")
    centre.hangs_up("with-alice")
    centre.sleeps(14 * 3600)
    centre.logs_in("alice")
    quote = centre.quotes[quote.id]
    assert (quote.outcome, quote.came_s, quote.kept) == (QuoteOutcome.UNKNOWN, None, None)
    assert told(centre, TurnCame) == []


def test_a_night_in_the_line_is_not_learned_from():
    centre = busy()
    waits(centre)
    centre.takes_callback("anna")
    centre.dials("alice", "logout")
    centre.hangs_up("with-alice")
    centre.sleeps(14 * 3600)
    centre.logs_in("alice")
    [turn] = quotes(centre, QuoteKind.TURN)
    assert turn.kept is False, "it was promised"
    assert told(centre, TurnCame) == []


def test_forecasts_of_one_line_are_learned_from_when_a_minute_lies_between_them():
    centre = busy(announcements=Announcements(first_after_s=0.0, wait=False))
    for n in range(5):
        centre.calls(f"c{n}", number(n))
        centre.wait(25)
    for n in range(5):
        centre.hangs_up("with-alice" if n == 0 else f"c{n - 1}")
        centre.answers("alice")
    forecasts = {round(event.waited_s): event.apart for event in told(centre, TurnCame)}
    assert [apart for _, apart in sorted(forecasts.items(), reverse=True)] == [True, False, False, True, False]


# --- promises ---------------------------------------------------------------------------------------------------------


def test_a_promise_of_a_turn_is_kept_when_the_customer_is_dialled():
    centre = busy()
    wait = waits(centre)
    centre.takes_callback("anna")
    [turn] = quotes(centre, QuoteKind.TURN)
    assert turn.said_s == pytest.approx(centre.callback().expected_at - turn.at)
    centre.wait(50)
    centre.hangs_up("with-alice")
    assert centre.quotes[turn.id].outcome is QuoteOutcome.CAME
    assert centre.quotes[turn.id].came_s == pytest.approx(50.0, abs=1.0)
    assert centre.quotes[wait.id].outcome is QuoteOutcome.CAME, "the place was the same"


def test_a_second_attempt_is_not_when_the_turn_came():
    centre = busy()
    waits(centre)
    centre.takes_callback("anna")
    centre.hangs_up("with-alice")
    [turn] = quotes(centre, QuoteKind.TURN)
    centre.hangs_up(centre.last(DialCustomer).leg, Ending.BUSY)
    centre.wait(600)
    assert centre.quotes[turn.id].came_s == pytest.approx(turn.came_s)


def test_a_time_that_is_chosen_begins_when_it_begins():
    centre = busy(slots=Slots(lead_s=900.0), offer=Offer(estimated_wait_s=0.0))
    wait = waits(centre)
    centre.presses("anna", "2")
    centre.presses("anna", "1")
    centre.presses("anna", "1")
    [slot] = quotes(centre, QuoteKind.SLOT)
    assert slot.at == centre.callback().slot_at
    assert slot.said_s == centre.settings.queues[SUPPORT].slots.length_s
    assert centre.quotes[wait.id].outcome is QuoteOutcome.UNKNOWN, "nobody waits for a turn any more"
    centre.hears_out("anna")
    centre.hangs_up("anna")
    centre.hangs_up("with-alice")
    centre.wait(slot.at - centre.now + 1)
    assert centre.quotes[slot.id].kept is True


def test_a_wait_spoken_in_one_queue_says_nothing_about_another():
    rules = EntryRules(max_wait_s=30.0, max_wait=Exit(Way.QUEUE, SALES))
    centre = busy(queues=[queue(wrap_up_s=0.0, rules=rules), queue(SALES)])
    quote = waits(centre)
    centre.wait(31)
    assert centre.entry("anna").queue == SALES
    assert centre.quotes[quote.id].outcome is QuoteOutcome.UNKNOWN


# --- what the estimator is told ---------------------------------------------------------------------------------------


def test_the_ledger_learns_from_everybody_who_waited_whether_they_heard_an_estimate_or_not():
    centre = busy(announcements=Announcements(first_after_s=0.0, wait=False))
    centre.calls("anna")
    centre.calls("ben", BEN)
    centre.wait(20)
    centre.hangs_up("anna")
    centre.wait(20)
    centre.hangs_up("with-alice")
    centre.answers("alice")
    assert sorted(round(event.waited_s) for event in told(centre, TurnCame)) == [40, 40]


def test_the_estimator_learns_what_came_of_a_spoken_wait():
    centre = busy()
    quote = waits(centre)
    centre.wait(20)
    centre.hangs_up("with-alice")
    centre.answers("alice")
    [event] = told(centre, Told)
    assert (event.said_s, round(event.waited_s)) == (quote.said_s, 20)


def test_the_estimator_learns_how_long_callers_hold_on_and_how_it_ended():
    centre = busy()
    centre.calls("anna")
    centre.wait(12)
    centre.hangs_up("anna")
    centre.calls("ben", BEN)
    centre.wait(5)
    centre.hangs_up("with-alice")
    centre.answers("alice")
    held = [event for event in told(centre, Held) if event.waited_s > 1]
    assert [(round(event.waited_s), event.hung_up, event.connected) for event in held] == [
        (12, True, False),
        (5, False, True),
    ]


def test_a_caller_who_takes_a_callback_has_not_hung_up():
    centre = busy()
    waits(centre)
    centre.takes_callback("anna")
    centre.hangs_up("anna")
    assert not any(event.hung_up for event in told(centre, Held))


def test_the_estimator_learns_pauses_and_work():
    centre = busy()
    centre.hangs_up("with-alice")
    centre.wait(100)
    centre.dials("alice", "pause")
    centre.wait(50)
    centre.dials("alice", "unpause")
    changes = [(event.paused, round(event.seconds)) for event in told(centre, Worked) if event.changed]
    assert changes[-1] == (True, 50)
    assert changes[0][0] is False
    assert changes[0][1] >= 100


def test_the_estimator_learns_who_joins_at_which_rank_and_how_long_calls_take():
    centre = busy()
    centre.calls("vip", BEN, priority=5)
    assert told(centre, Joined)[-1] == Joined(SUPPORT, (0, 5))
    centre.wait(30)
    centre.hangs_up("with-alice")
    assert told(centre, Handled)[-1].seconds >= 30


def test_the_estimator_learns_how_long_customers_take_and_that_some_do_not_answer():
    centre = busy()
    waits(centre)
    centre.takes_callback("anna")
    centre.hangs_up("with-alice")
    centre.wait(7)
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    assert round(told(centre, Reached)[-1].after_s) == 7


# --- over a restart ---------------------------------------------------------------------------------------------------


def test_a_quote_is_followed_over_a_restart():
    centre = busy()
    quote = waits(centre)
    centre.wait(20)
    centre.restarts()
    centre.wait(10)
    centre.hangs_up("with-alice")
    centre.answers("alice")
    assert centre.quotes[quote.id].came_s == pytest.approx(30.0, abs=2.0)


def test_a_quote_whose_place_is_gone_after_a_restart_ends_unknown():
    lost = Quote(QuoteId("lost"), EntryId("gone"), SUPPORT, QuoteKind.WAIT, T0, 300.0, 2)
    commands = Acd(settings(), Mint(b"x")).restore([lost], T0 + 60, 1)
    ended = replace(lost, outcome=QuoteOutcome.UNKNOWN, closed_at=T0 + 60)
    assert [command.after for command in commands if isinstance(command, Changed)] == [ended]


def test_a_worse_wait_is_not_announced_after_a_restart_either():
    centre = busy()
    quote = waits(centre)
    for n in range(3):
        centre.calls(f"vip{n}", number(n), priority=5)
    centre.restarts()
    centre.wait(60)
    assert [told for told in quotes(centre) if told.entry == quote.entry] == [quote]
    again = [play for play in centre.all(Play, leg="anna") if Position(4) in play.phrases]
    assert again, "the position was told"


def test_learned_figures_are_written_once_a_minute_and_taken_up():
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    centre.wait(100)
    centre.hangs_up("anna")
    centre.wait(70)
    learned = centre.remembered["handling support"].learned
    assert learned["seen"] == 11.0
    centre.restarts()
    assert centre.acd.estimator.memories()["handling support"] == learned

"""What dialling may cost, and how customers must fare: alarms on the way, then promises wait at no cost to anybody."""

from __future__ import annotations

from typing import Any

import pytest

from callbackd.domain.callbacks.limits import NoMore, Spent, may_dial, may_spend, price_of
from callbackd.domain.commands import ClaimAttempt, Decided, DialCustomer
from callbackd.domain.events import (
    AttemptClaimed,
    AttemptNotClaimed,
    Ending,
    FeatureCodeDialled,
    LegEnded,
    SwitchTurned,
    TimePassed,
)
from callbackd.domain.ids import LegId
from callbackd.domain.lives.agent import Activity
from callbackd.domain.lives.attempt import AttemptOutcome
from callbackd.domain.lives.callback import CallbackState
from callbackd.domain.phrase import Fixed
from callbackd.domain.settings import Dialling, DialPolicy, Limits, Retry, Slots
from tests.builders import Centre, agent, number, queue, settings

DAY_S = 86400.0

# --- on paper ---------------------------------------------------------------------------------------------------------


def test_the_defaults_are_those_of_the_security_page():
    limits = Limits()
    assert (limits.dials_day, limits.minutes_day) == (200, 600.0)
    assert (limits.late_slow, limits.late_stop) == (0.01, 0.03)


@pytest.mark.parametrize(
    ("spent", "answer"),
    [
        (Spent(), None),
        (Spent(199, 599 * 60.0, 100, 3), None),
        (Spent(200), NoMore("200 dials today, 200 allowed", False)),
        (Spent(1, 36000.0), NoMore("600 minutes used today, 600 allowed", False)),
        (Spent(1, 0.0, 100, 4), NoMore("4 of 100 customers had no agent within 2 s, and that is too many", True)),
        (Spent(1, 0.0, 49, 49), None),
    ],
)
def test_dialling_is_allowed_within_the_days_budget(spent, answer):
    assert may_dial(Limits(), spent) == answer


RATES = {"+": 0.5, "+44": 0.02, "+447": 0.08, "+4420": 0.01}


@pytest.mark.parametrize(
    ("number", "price"),
    [("+442079460101", 0.01), ("+447400123456", 0.08), ("+441134960000", 0.02), ("+493012345678", 0.5)],
)
def test_the_longest_prefix_names_the_price(number, price):
    assert price_of(number, Limits(rates=RATES)) == price


def test_a_number_that_no_rate_fits_costs_the_highest():
    assert price_of("+493012345678", Limits(rates={"+44": 0.02, "+1": 0.3})) == 0.3
    assert price_of("8002", Limits(rates={"+44": 0.02})) == 0.02
    assert price_of("+442079460101", Limits()) == 0.0


@pytest.mark.parametrize(
    ("money", "answer"), [(9.99, None), (10.0, NoMore("10.00 GBP spent today, 10.00 allowed", False))]
)
def test_dialling_is_allowed_within_the_days_money(money, answer):
    assert may_spend(Limits(money_day=10.0, currency="GBP", rates=RATES), Spent(money=money)) == answer
    assert may_spend(Limits(rates=RATES), Spent(money=money)) is None


# --- at the desk ------------------------------------------------------------------------------------------------------


NO_TIMES, LIMITS = Slots(enabled=False), Limits()


def promised(
    numbers: int = 1,
    policy: DialPolicy = DialPolicy.AGENT_FIRST,
    slots: Slots = NO_TIMES,
    limits: Limits = LIMITS,
    **retry: Any,
) -> Centre:
    """Promises, and an agent who will be there."""
    rules = queue(dial=policy, retry=Retry(**retry), slots=slots, wrap_up_s=0.0)
    dialling = Dialling(per_s=0.0, in_flight=1)
    centre = Centre(settings([rules], [agent("alice")], dialling=dialling, limits=limits))
    centre.take_callbacks(numbers)
    return centre


def claims(centre: Centre) -> ClaimAttempt:
    """Alice is there; the database is asked and has not answered."""
    centre.hear(FeatureCodeDialled(LegId("code"), "login", "PJSIP/alice"), answer_database=False)
    return centre.last(ClaimAttempt)


def answers(centre: Centre, **spent: Any) -> None:
    centre.hear(AttemptClaimed(centre.last(ClaimAttempt).attempt.id, **spent))


def refuses(centre: Centre, **how: Any) -> None:
    refused = AttemptNotClaimed(centre.last(ClaimAttempt).attempt.id, "200 were dialled", **how)
    centre.hear(refused, answer_database=False)


def alarms(centre: Centre) -> list[str]:
    return [decided.what for decided in centre.all(Decided) if decided.facts.get("alarm")]


@pytest.mark.parametrize(
    ("spent", "told"),
    [
        ({"dials": 99}, []),
        ({"dials": 100}, ["50% of the day's dials used"]),
        ({"dials": 160}, ["80% of the day's dials used"]),
        ({"dials": 200}, ["100% of the day's dials used"]),
        ({"dials": 1, "talk_s": 300 * 60.0}, ["50% of the day's minutes used"]),
        ({"dials": 170, "talk_s": 500 * 60.0}, ["80% of the day's dials used", "80% of the day's minutes used"]),
    ],
)
def test_an_alarm_is_raised_when_much_of_the_days_budget_is_used_up(spent, told):
    centre = promised()
    claims(centre)
    answers(centre, **spent)
    assert alarms(centre) == told
    assert centre.last(DialCustomer).number == number(0)


@pytest.mark.parametrize(("money", "share"), [(4.99, ""), (5.0, "50%"), (8.0, "80%"), (10.5, "100%")])
def test_an_alarm_is_raised_when_much_of_the_days_money_is_spent(money, share):
    centre = promised(limits=Limits(money_day=10.0, rates=RATES))
    assert claims(centre).attempt.price == 0.01
    answers(centre, money=money)
    assert alarms(centre) == ([f"{share} of the day's money used"] if share else [])


def test_each_alarm_about_the_budget_is_raised_once_a_day():
    centre = promised(4)
    claims(centre)
    for dials, told in ((100, 1), (101, 1), (160, 2)):
        answers(centre, dials=dials)
        assert len(alarms(centre)) == told
        leg = centre.last(DialCustomer).leg
        centre.hear(LegEnded(leg, Ending.BUSY), answer_database=False)
    centre.now += DAY_S
    centre.hear(TimePassed(), answer_database=False)
    answers(centre, dials=100)
    assert len(alarms(centre)) == 3


def test_when_the_day_is_used_up_promises_wait_for_the_next_and_pay_nothing():
    centre = promised(2)
    claims(centre)
    tomorrow = centre.now + 5 * 3600
    refuses(centre, until=tomorrow)
    assert len(centre.all(ClaimAttempt)) == 1, "the others are not asked for"
    assert alarms(centre) == ["held for today"]
    assert "not stored: 200 were dialled" in centre.last(Decided, what="customer not reached").reason
    assert centre.agents["alice"].activity is Activity.IDLE
    first = centre.callback(number(0))
    assert (first.state, first.attempts_made) == (CallbackState.WAITING, 0)
    centre.sleeps(5 * 3600 - 1)
    assert centre.all(DialCustomer) == []
    centre.sleeps(1)
    assert centre.last(DialCustomer).number == number(0)


def test_live_callers_are_served_meanwhile():
    centre = promised()
    claims(centre)
    refuses(centre, until=centre.now + 3600)
    centre.calls("live", number(50))
    assert centre.rung()[-1] == f"alice:{number(50)}"


def test_no_turn_is_promised_meanwhile_and_no_time_today():
    centre = promised(slots=Slots(enabled=True))
    claims(centre)
    tomorrow = centre.now + 5 * 3600
    refuses(centre, until=tomorrow)
    centre.calls("busy", number(50))
    centre.answers("alice")
    centre.calls("anna", number(51))
    centre.hears_out("anna")
    centre.wait(0)
    heard = centre.heard("anna")
    assert Fixed.OFFER_TIME in heard
    centre.presses("anna", "2")
    assert min(centre.acd.state.dialogues[LegId("anna")].choices) >= tomorrow


def test_a_promise_does_not_expire_while_it_waits_for_the_budget():
    centre = promised(expire_s=600.0)
    claims(centre)
    refuses(centre, until=centre.now + 5000)
    centre.sleeps(5000)
    assert centre.last(DialCustomer).number == number(0)


def test_a_restart_asks_the_database_anew():
    """When the limit was raised, dialling goes on; otherwise it is refused again."""
    centre = promised()
    claims(centre)
    refuses(centre, until=centre.now + 5 * 3600)
    centre.restarts()
    centre.hear(TimePassed())
    assert centre.last(DialCustomer).number == number(0)


# --- how customers fare -----------------------------------------------------------------------------------------------


def test_when_too_many_waited_dialling_stops_until_a_supervisor_lets_it_go_on():
    centre = promised(2)
    claims(centre)
    refuses(centre, stop=True)
    assert alarms(centre) == ["stopped"]
    centre.sleeps(10 * DAY_S / 24)
    assert len(centre.all(ClaimAttempt)) == 1
    assert centre.callback(number(0)).attempts_made == 0
    said_at = centre.now
    centre.hear(SwitchTurned("dialling", True))
    assert centre.last(ClaimAttempt).word_at == said_at
    assert centre.last(DialCustomer).number == number(0)
    centre.hear(LegEnded(centre.last(DialCustomer).leg, Ending.BUSY))
    centre.restarts()
    centre.hear(TimePassed())
    assert centre.last(ClaimAttempt).word_at == said_at, "a restart does not forget the word"


def test_a_switch_turned_for_another_reason_is_not_a_supervisors_approval():
    centre = promised()
    centre.hear(SwitchTurned("dialling", False))
    centre.hear(SwitchTurned("dialling", True))
    assert claims(centre).word_at == 0


def test_when_some_waited_nobody_is_dialled_before_an_agent_is_free():
    centre = promised(3, DialPolicy.CUSTOMER_FIRST)
    assert claims(centre).attempt.agent is None
    answers(centre, dials=60, answered=60, late=1)
    centre.hear(LegEnded(centre.last(DialCustomer).leg, Ending.BUSY), answer_database=False)
    assert centre.last(Decided, subject="dialling").what == "nobody is dialled before an agent is free"
    assert centre.last(ClaimAttempt).attempt.agent == "alice"
    answers(centre, dials=61, answered=101, late=1)
    assert centre.last(Decided, subject="dialling").what == "as the queues have it again"


def test_a_customer_who_pressed_1_waits_until_an_agent_is_rung():
    centre = promised(1, DialPolicy.CUSTOMER_FIRST)
    centre.logs_in("alice")
    leg = centre.customer_answers()
    centre.calls("live", number(50))
    centre.answers("alice")
    centre.now += 1
    centre.presses(leg, "1")
    at = centre.now
    attempt = centre.attempt()
    assert (attempt.accepted_at, attempt.served_at) == (at, None)
    centre.wait(30)
    centre.hangs_up("live")
    centre.wait(0)
    assert centre.attempt().served_at == centre.now > at + 2
    centre.answers("alice")
    assert centre.attempt().outcome is AttemptOutcome.CONNECTED


def test_a_customer_for_whom_an_agent_is_kept_waits_for_nobody():
    centre = promised()
    centre.logs_in("alice")
    leg = centre.customer_answers()
    centre.now += 5
    centre.presses(leg, "1")
    assert centre.attempt().accepted_at == centre.attempt().served_at == centre.now

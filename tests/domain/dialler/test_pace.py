"""How fast customers are dialled, and when the trunk is given a rest."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from callbackd.domain.breaker import Breaker, trunk_of
from callbackd.domain.commands import Decided, DialCustomer, RingAgent
from callbackd.domain.events import DialRefused, DrainBegan, Ending
from callbackd.domain.lives.attempt import AttemptOutcome
from callbackd.domain.settings import Dialling, Retry
from tests.builders import Centre, agent, number, queue, settings
from tests.domain.callbacks.test_promise import dialled, promised

# --- the breaker on paper -----------------------------------------------------------------------------------------


def after(breaker, *steps):
    """``steps``: seconds at which a dial failed, or "worked"."""
    for step in steps:
        breaker = breaker.worked() if step == "worked" else breaker.failed(step)
    return breaker


@pytest.mark.parametrize(
    ("steps", "closed", "until"),
    [
        ((), True, 0.0),
        ((1.0, 2.0), True, 0.0),
        ((1.0, 2.0, 3.0), False, 13.0),
        ((1.0, 2.0, "worked", 3.0), True, 0.0),
        ((1.0, 2.0, 3.0, 13.0), False, 33.0),
        ((1.0, 2.0, 3.0, 13.0, 33.0), False, 58.0),
        ((1.0, 2.0, 3.0, 13.0, 33.0, 58.0), False, 83.0),
        ((1.0, 2.0, 3.0, 13.0, "worked"), True, 0.0),
    ],
)
def test_a_breaker_opens_and_closes(steps, closed, until):
    breaker = after(Breaker(limit=3, first_s=10.0, longest_s=25.0), *steps)
    assert breaker.closed is closed
    assert breaker.until == until
    if not closed:
        assert not breaker.lets(until - 0.1, in_flight=0)
        assert breaker.lets(until, in_flight=0)
        assert not breaker.lets(until, in_flight=1), "one dial is tried, not all"


def test_a_breaker_without_a_limit_never_opens():
    assert after(Breaker(limit=0), *range(100)).closed


@pytest.mark.parametrize(
    ("endpoint", "trunk"), [("PJSIP/{number}@carrier-1", "carrier-1"), ("PJSIP/{number}", "PJSIP/{number}")]
)
def test_the_name_of_a_trunk_comes_from_its_endpoint(endpoint, trunk):
    assert trunk_of(endpoint) == trunk


# --- a trunk that fails -------------------------------------------------------------------------------------------


def failing():
    """Anna's promise on a trunk of which every dial fails, tried again after a second, for ten minutes."""
    dialling = Dialling(per_s=0.0, breaker_failures=3, breaker_open_s=60.0)
    centre = Centre(settings([queue(retry=Retry(congestion_gap_s=1.0))], [agent("alice")], dialling=dialling))
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(0)
    centre.takes_callback("anna")
    centre.logs_in("alice")
    return centre


@pytest.mark.parametrize("ending", [Ending.CONGESTION, None], ids=["503", "refused"])
def test_a_trunk_that_fails_is_given_a_rest_and_burns_no_attempts(ending):
    centre = failing()
    for _ in range(600):
        leg = centre.last(DialCustomer).leg
        if centre.attempt().outcome is None:
            centre.hear(DialRefused(leg, "500")) if ending is None else centre.hangs_up(leg, ending)
        centre.wait(1)
    assert 3 + 3 <= len(centre.all(DialCustomer)) <= 3 + 4
    assert centre.callback().attempts_made == 0
    assert centre.callback().outcome is None
    assert len(centre.reasons("trunk rests")) == len(centre.all(DialCustomer)) - 2
    while centre.attempt().outcome is not None:
        centre.wait(10)
    centre.customer_answers()
    centre.hangs_up(centre.attempt().leg)
    assert centre.attempt().outcome is AttemptOutcome.NO_KEY
    assert centre.last(Decided, subject="trunk").what == "trunk works again"


def test_busy_customers_do_not_stop_a_trunk():
    centre = dialled(retry=Retry(max_attempts=9, busy_gap_s=1.0))
    for _ in range(8):
        centre.hangs_up(centre.attempt().leg, Ending.BUSY)
        centre.wait(1)
    assert len(centre.all(DialCustomer)) == 9
    assert centre.reasons("trunk rests") == []


def test_dials_leave_at_the_set_pace():
    names = ["alice", "bob"]
    centre = Centre(settings([queue()], [agent(name) for name in names], dialling=Dialling(per_s=0.5)))
    centre.take_callbacks(2)
    centre.logs_in(*names)
    centre.wait(10)
    first, second = (attempt.claimed_at for attempt in centre.attempts.values())
    assert second - first == 2.0


# --- many promises at once ----------------------------------------------------------------------------------------


def test_fifty_promises_due_at_opening_are_dialled_one_by_one_and_live_callers_in_between():
    names = ["alice", "bob", "carol"]
    dialling = Dialling(per_s=1.0, in_flight=2)
    house = settings([queue(wrap_up_s=0.0)], [agent(name) for name in names], dialling=dialling)
    centre = Centre(house)
    for n in range(50):
        centre.calls(f"p{n}", number(n))
        centre.hears_out(f"p{n}")
        centre.wait(0)
        centre.takes_callback(f"p{n}")
    opened_at = centre.now
    centre.logs_in(*names)
    talking, dialled_at, live, served = {}, set(), 0, set()
    for second in range(400):
        if second % 5 == 0 and live < 20:
            centre.calls(f"live{live}", number(60 + live))
            live += 1
        for ring in centre.all(RingAgent):
            state = centre.agents[ring.endpoint.removeprefix("PJSIP/")]
            if state.leg == ring.leg and state.activity.value == "ringing":
                centre.answers(state.id)
                talking[state.id] = centre.now
                served.add(centre.entries[str(state.entry)].leg)
        for dial in centre.all(DialCustomer):
            if dial.attempt not in dialled_at:
                dialled_at.add(dial.attempt)
                centre.presses(centre.customer_answers(), "1")
        for id, since in list(talking.items()):
            if centre.now - since >= 3:
                centre.hangs_up(str(centre.agents[id].leg))
                del talking[id]
        open_now = [a for a in centre.attempts.values() if a.outcome is None and a.state.value != "accepted"]
        assert len(open_now) <= 2
        centre.wait(1)
    assert Counter(dial.number for dial in centre.all(DialCustomer)) == Counter(number(n) for n in range(50))
    times = sorted(attempt.claimed_at for attempt in centre.attempts.values())
    assert times[0] >= opened_at
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(times))
    assert {f"live{n}" for n in range(20)} <= served
    first_live = min(n for n, ring in enumerate(centre.all(RingAgent)) if ring.caller_number >= number(60))
    assert first_live < 25, "live callers do not wait for all promises to be kept"


# --- a drain ------------------------------------------------------------------------------------------------------


def test_a_drain_dials_nobody_new_and_leaves_ongoing_calls_alone():
    centre = dialled()
    centre.hear(DrainBegan())
    assert centre.acd.in_flight() == 1
    centre.presses(centre.customer_answers(), "1")
    centre.answers("alice")
    assert centre.acd.in_flight() == 0
    waiting = promised()
    waiting.hear(DrainBegan())
    waiting.hangs_up("ben")
    waiting.wait(3600)
    assert waiting.all(DialCustomer) == []

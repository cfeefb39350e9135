"""When one number is refused, that is its own trouble; several in a row are the trunk's, and cost nobody an attempt."""

from __future__ import annotations

from typing import Any

import pytest

from callbackd.domain.breaker import Refusals
from callbackd.domain.commands import Decided, DialCustomer
from callbackd.domain.events import Ending, TimePassed
from callbackd.domain.ids import CallbackId
from callbackd.domain.lives.attempt import AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackOutcome
from callbackd.domain.settings import Dialling, Retry
from tests.builders import Centre, agent, number, queue, settings

FORBIDDEN: dict[str, Any] = {"ending": Ending.REJECTED, "cause": 21, "tech_cause": 403, "perhaps_trunk": True}
NOT_FOUND: dict[str, Any] = {"ending": Ending.UNREACHABLE, "cause": 1, "tech_cause": 404, "perhaps_trunk": True}
GAPS: dict[str, Any] = {"busy_gap_s": 60.0, "no_answer_gap_s": 60.0, "congestion_gap_s": 5.0}

# --- on paper ---------------------------------------------------------------------------------------------------------

A, B = CallbackId("a"), CallbackId("b")


def test_refusals_in_a_row_are_of_different_numbers_alike_and_within_an_hour():
    row = Refusals(2).another("SIP 403", "+441", 0.0).another("SIP 403", "+441", 10.0)
    assert not row.by_trunk
    assert row.another("SIP 403", "+442", 3610.0).by_trunk
    assert not row.another("SIP 403", "+442", 3610.1).by_trunk, "an hour later"
    assert not row.another("SIP 404", "+442", 20.0).by_trunk, "another refusal"
    assert not row.over().another("SIP 403", "+442", 20.0).by_trunk, "a call was carried in between"


def test_without_a_limit_refusals_in_a_row_are_never_the_trunks():
    row = Refusals(0)
    for n in range(50):
        row = row.another("SIP 403", number(n), 0.0)
    assert not row.by_trunk


# --- at the desk ------------------------------------------------------------------------------------------------------


def promised_to(numbers: int, dialling: Dialling | None = None, **retry: Any) -> Centre:
    """One agent, who is not there yet, and this many promises."""
    dialling = dialling or Dialling(per_s=0.0, in_flight=1)
    rules = queue(retry=Retry(**{**GAPS, **retry}), wrap_up_s=0.0)
    centre = Centre(settings([rules], [agent("alice")], dialling=dialling))
    centre.take_callbacks(numbers)
    centre.logs_in("alice")
    return centre


def each_ends(centre: Centre, for_s: float, **how: Any) -> None:
    """Every attempt within this time ends in this way."""
    until = centre.now + for_s
    while centre.now < until:
        attempt = centre.attempt()
        if attempt.state is not AttemptState.CLOSED:
            centre.hangs_up(attempt.leg, **how)
        else:
            centre.now += 1
            centre.hear(TimePassed())


def promises(centre: Centre) -> list[Callback]:
    return list(centre.callbacks.values())


def dials(centre: Centre) -> list[str]:
    return [dial.number for dial in centre.all(DialCustomer)]


@pytest.mark.parametrize("refusal", [FORBIDDEN, NOT_FOUND], ids=["403", "404"])
def test_a_refusal_to_three_numbers_in_a_row_is_the_trunks_and_all_get_their_attempts_back(refusal):
    centre = promised_to(3)
    each_ends(centre, 20, **refusal)
    assert dials(centre) == [number(0), number(1), number(2)]
    assert [(p.attempts_made, p.times_busy, p.times_no_answer, p.outcome) for p in promises(centre)] == [
        (0, 0, 0, None)
    ] * 3
    outcomes = [attempt.outcome for attempt in centre.attempts.values()]
    assert outcomes[-1] is AttemptOutcome.CONGESTION
    assert outcomes[0] is not AttemptOutcome.CONGESTION, "it was not known yet"
    rests = centre.last(Decided, what="trunk rests")
    assert "3 different numbers in a row were refused alike" in rests.reason
    assert rests.facts["alarm"] is True


def test_while_the_trunk_keeps_failing_it_is_tried_ever_more_rarely_and_nothing_is_used_up():
    centre = promised_to(3)
    each_ends(centre, 3600, **FORBIDDEN)
    assert len(dials(centre)) < 15
    assert {(p.attempts_made, p.outcome) for p in promises(centre)} == {(0, None)}
    assert len(centre.all(Decided, what="trunk rests")) == len(dials(centre)) - 2


def test_when_a_customer_answers_the_trunk_is_trusted_again():
    centre = promised_to(3)
    each_ends(centre, 20, **FORBIDDEN)
    while centre.attempt().state is AttemptState.CLOSED:
        centre.wait(1)
    leg = centre.customer_answers()
    assert centre.last(Decided, subject="trunk").what == "trunk works again"
    centre.hangs_up(leg)
    each_ends(centre, 1, **FORBIDDEN)
    assert centre.acd.state.world.breaker.closed


def test_refusals_to_one_number_again_and_again_are_the_numbers():
    centre = promised_to(1, max_attempts=2)
    each_ends(centre, 200, **NOT_FOUND)
    assert [p.outcome for p in promises(centre)] == [CallbackOutcome.EXHAUSTED]
    assert centre.all(Decided, what="trunk rests") == []


def test_a_call_that_succeeds_in_between_makes_it_the_numbers_trouble():
    centre = promised_to(3)
    busy: dict[str, Any] = {"ending": Ending.BUSY}
    for how in (NOT_FOUND, busy, NOT_FOUND):
        centre.hangs_up(centre.attempt().leg, **how)
        centre.wait(0)
    assert [p.attempts_made for p in promises(centre)] == [1, 1, 1]
    assert centre.acd.state.world.breaker.closed


def test_trouble_of_the_trunk_in_between_does_not_interrupt_the_row():
    centre = promised_to(4)
    congested: dict[str, Any] = {"ending": Ending.CONGESTION}
    for how in (FORBIDDEN, FORBIDDEN, congested, FORBIDDEN):
        centre.hangs_up(centre.attempt().leg, **how)
        centre.wait(0)
    assert [p.attempts_made for p in promises(centre)] == [0, 0, 0, 0]
    assert not centre.acd.state.world.breaker.closed


def test_a_last_attempt_is_not_used_up_while_the_next_number_is_about_to_show_whose_trouble_it_is():
    """Each promise has one attempt; without waiting for the others all three would end for the trunk's trouble."""
    centre = promised_to(3, max_attempts=1)
    each_ends(centre, 60, **FORBIDDEN)
    assert {(p.attempts_made, p.outcome) for p in promises(centre)} == {(0, None)}


def test_a_number_is_spared_only_once():
    """The other number is dialled each time and proves nothing: its calls fail in another way."""
    centre = promised_to(2, max_attempts=1)
    first = centre.attempt()
    for _ in range(2):
        while (attempt := centre.attempt()).number != first.number or attempt.state is AttemptState.CLOSED:
            if attempt.state is not AttemptState.CLOSED:
                centre.hangs_up(attempt.leg, Ending.CONGESTION)
            centre.wait(1)
        centre.hangs_up(attempt.leg, **FORBIDDEN)
    assert centre.callback(first.number).outcome is CallbackOutcome.EXHAUSTED


def test_with_a_limit_of_0_trouble_is_always_the_numbers():
    centre = promised_to(4, Dialling(per_s=0.0, in_flight=1, refusals_in_a_row=0), max_attempts=1)
    each_ends(centre, 20, **FORBIDDEN)
    assert {p.outcome for p in promises(centre)} == {CallbackOutcome.EXHAUSTED}


def test_an_unknown_ending_neither_clears_nor_blames_the_trunk():
    centre = promised_to(3)
    each_ends(centre, 20, **FORBIDDEN)
    resting = centre.acd.state.world.breaker
    while centre.attempt().state is AttemptState.CLOSED:
        centre.wait(1)
    centre.hangs_up(centre.attempt().leg, Ending.UNKNOWN)
    assert centre.acd.state.world.breaker == resting

"""Each kind of failure has a count of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callbackd.domain.dialler.retry import counted
from callbackd.domain.ids import CallbackId, EntryId
from callbackd.domain.lives.attempt import AttemptOutcome
from callbackd.domain.lives.callback import Callback
from tests.builders import ANNA, SUPPORT, T0

PROMISE = Callback(CallbackId("promise"), EntryId("entry"), SUPPORT, ANNA, T0, T0 + 3600)
SOME = replace(PROMISE, times_busy=1, times_no_key=2, times_no_answer=3)


@pytest.mark.parametrize(
    ("outcome", "count"),
    [
        (AttemptOutcome.BUSY, {"times_busy": 2}),
        (AttemptOutcome.REJECTED, {"times_busy": 2}),
        (AttemptOutcome.NO_KEY, {"times_no_key": 3}),
        (AttemptOutcome.ABANDONED, {"times_no_key": 3}),
        (AttemptOutcome.NO_ANSWER, {"times_no_answer": 4}),
        (AttemptOutcome.UNREACHABLE, {"times_no_answer": 4}),
    ],
)
def test_an_outcome_is_counted_by_its_kind(outcome, count):
    (alike,) = count.values()
    assert counted(SOME, outcome) == (replace(SOME, **count), alike)


@pytest.mark.parametrize("outcome", [AttemptOutcome.CONGESTION, AttemptOutcome.NOT_DIALLED, AttemptOutcome.CUT_OFF])
def test_outcomes_without_a_limit_are_not_counted(outcome):
    assert counted(SOME, outcome) == (SOME, 0)

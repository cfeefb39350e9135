"""Days that an earlier callbackd recorded come out the same when this one replays them."""

from __future__ import annotations

import pytest

from tests.simulation import recorded_days


@pytest.mark.parametrize("name", recorded_days.NAMES)
def test_a_recorded_day_comes_out_as_it_did(name):
    steps = 0
    for at, event, was, now in recorded_days.told_again(name):
        steps += 1
        assert now == was, f"step {steps} at {at}: {event}"
    assert steps > 100

"""Deadlines seconds away do not move when somebody sets the system clock."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from callbackd.app.clock import SteadyClock


class Clocks:
    def __init__(self):
        self.wall, self.monotonic = 1_800_000_000.0, 50.0
        self.steady = SteadyClock(lambda: self.wall, lambda: self.monotonic)

    def passes(self, seconds, jump=0.0):
        self.monotonic += seconds
        self.wall += seconds + jump
        return self.steady()


def test_the_steady_clock_shows_the_walls_time():
    clocks = Clocks()
    assert clocks.passes(10) == 1_800_000_010.0


@pytest.mark.parametrize("jump", [7200.0, -7200.0])
def test_a_jump_of_the_clock_changes_nothing_and_is_logged_once(jump):
    clocks = Clocks()
    with capture_logs() as lines:
        assert clocks.passes(10, jump) == pytest.approx(1_800_000_010.0, abs=0.2)
        before = clocks.steady()
        assert clocks.passes(100) - before == pytest.approx(100, abs=1.1)
    assert [(line["event"], line["by_s"]) for line in lines] == [("clock_jumped", jump)]


def test_a_slow_difference_is_caught_up():
    clocks = Clocks()
    clocks.passes(0.001, 2.0)
    for _ in range(300):
        clocks.passes(1.0)
    assert clocks.steady() == pytest.approx(clocks.wall, abs=0.001)


def test_the_steady_clock_never_goes_back():
    clocks = Clocks()
    last = clocks.steady()
    for n in range(200):
        now = clocks.passes(0.5, -3600.0 if n == 50 else 0.0)
        assert now > last
        last = now

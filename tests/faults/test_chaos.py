"""The random killer, bounded and by seed: nobody is lost, nobody is rung twice."""

from __future__ import annotations

import pytest

from lab.chaos import chaos

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.alone]

SECONDS = 35.0


@pytest.mark.parametrize("seed", [3, 5])
async def test_a_random_killer_loses_nobody_and_doubles_nothing(seed):
    tally = await chaos(SECONDS, seed)
    print(tally)
    assert tally.kills.total() >= 4, tally
    assert tally.fates["served"] >= 10, tally
    assert tally.kept >= 5, tally
    assert tally.lost == [], tally
    assert tally.doubled == [], tally
    assert tally.silent == [], tally
    assert tally.stuck == [], tally
    assert tally.unasked == [], tally

"""The simulation is worth what it finds: bugs are planted, and each must break the law that is about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.days.laws import LAWS, BrokenLaw
from lab.days.shapes import SHAPES, Shape
from tests.simulation.bugs import BUGS
from tests.simulation.test_days import day

SEEDS = range(6)
HOURS = 1.0
PLACES = SHAPES | {
    "hesitant": SHAPES["mid"]._replace(habits=replace(SHAPES["mid"].habits, wrong_key=0.9, takes_offer=1.0)),
    "outages": SHAPES["incident"]._replace(habits=replace(SHAPES["incident"].habits, outages_per_hour=6.0)),
    "many rejoin": SHAPES["incident"]._replace(
        habits=replace(SHAPES["incident"].habits, rings_again=0.9, customer_crosses=0.5)
    ),
}


def found(shape: Shape, seeds: range = SEEDS) -> str | None:
    """The first law that these days break."""
    for seed in seeds:
        try:
            day(shape, seed, HOURS)
        except BrokenLaw as broken:
            return broken.law
    return None


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_breaks_the_law_that_is_about_it(name, monkeypatch):
    bug = BUGS[name]
    bug.plant(monkeypatch)
    assert found(PLACES[bug.shape]) == bug.law


@pytest.mark.parametrize("name", sorted({bug.shape for bug in BUGS.values()} - SHAPES.keys()))
def test_the_same_days_without_a_bug_are_clean(name):
    """Those of the other shapes are lived in ``test_days``."""
    assert found(PLACES[name]) is None


def test_every_law_has_found_a_bug():
    unproven = {law.__name__ for law in LAWS} - {bug.law for bug in BUGS.values()}
    assert unproven == set()

"""Whole days by seed: the laws hold after every event, and at the end everything that began has ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callbackd.simulate.world import World
from lab.days.laws import Laws
from lab.days.shapes import SHAPES, TEN_THOUSAND, Shape

SEEDS = 12
"""Days of each shape: with all shapes more than two hundred."""
AT_A_TIME = 2
"""Few to a test, so that processes share them evenly."""
HOURS = {"large": 0.3, "closing time": 1.5, "closing without times": 1.5}


def day(shape: Shape, seed: int, hours: float, every: int = 20) -> World:
    laws = Laws(every)
    world = World(shape.settings, shape.habits, seed, laws, shape.start)
    world.run(hours)
    laws.at_the_end(world)
    return world


@pytest.mark.parametrize("first", range(0, SEEDS, AT_A_TIME))
@pytest.mark.parametrize("name", SHAPES)
def test_days_keep_the_laws(name, first):
    for seed in range(first, first + AT_A_TIME):
        day(SHAPES[name], seed, HOURS.get(name, 1.0))


def test_two_hundred_days_are_simulated():
    assert len(SHAPES) * SEEDS >= 200


def test_a_day_of_ten_thousand_calls_keeps_the_laws():
    facts = day(TEN_THOUSAND, 1, hours=10, every=100).facts
    assert facts.arrived > 10_000
    assert facts.kept > 300


def test_a_day_whose_database_comes_and_goes_keeps_the_laws():
    shape = SHAPES["incident"]
    people = replace(shape.habits, outages_per_hour=6.0, rings_again=0.5, repeats=0.2, join_fails=0.1)
    missing = {"away", "back", "no promise", "Join failed", "rang in"}
    for seed in range(SEEDS):
        missing -= {decided.what for decided in day(shape._replace(habits=people), seed, hours=2).facts.decisions}
        if not missing:
            return
    assert not missing


@pytest.mark.parametrize("name", SHAPES)
def test_days_have_in_them_what_they_are_about(name):
    """A simulation in which nothing happens would keep all laws."""
    shape, missing = SHAPES[name], {"connected to", "rings ", *_ABOUT.get(name, ("promised a callback",))}
    for seed in range(SEEDS):
        world = World(shape.settings, shape.habits, seed, start=shape.start)
        world.run(HOURS.get(name, 1.0))
        said = {decided.what for decided in world.facts.decisions}
        missing -= {what for what in missing if any(what in each for each in said)}
        if not missing:
            return
    assert not missing


_ABOUT = {
    "large": ("announced",),
    "closing time": ("not let in: closed", "promised a callback at a time", "enters the line", "offered a time"),
    "closing without times": ("not let in: closed", "promised a callback at a time", "enters the line"),
    "transfers": ("transferred, blind", "not transferred", "promised a callback"),
    "agents leave": (" instead of ", "nobody reserved", "called off", "away"),
    "agents leave, customers first": ("called off after key 1", "away"),
    "evening": ("promised a callback at a time",),
    "rules": ("overflowed to sales", "redirected to sales", "exit_timeout: a time is proposed"),
    "menus": ("asked by menu main", "passed on to sales", "passed on to support", "promised a callback"),
    "mobiles": ("asked to accept", "promised a callback"),
    "customers first": ("intent to dial before an agent is free",),
    "look-ahead": ("intent to dial before an agent is free", "reserved"),
    "asked": ("promised a callback", "promise ended: cancelled", "crisis announced", "called in"),
    "incident": ("promised a callback", "customer not reached", "blocked"),
}

"""Whole days by seed: the laws hold after every event, and at the end every promise has its outcome."""

from __future__ import annotations

import pytest

from callbackd.domain.acd import Acd
from callbackd.domain.ids import Mint
from callbackd.simulate.habits import Habits
from callbackd.simulate.world import World
from tests.builders import queue, settings
from tests.simulation.laws import Laws
from tests.simulation.shapes import SHAPES, TIMES, Shape, team

SEEDS = range(12)
"""Of each shape: with all shapes more than two hundred days."""


def day(shape: Shape, seed: int, hours: float) -> World:
    laws = Laws()
    world = World(shape.settings, shape.habits, seed, laws, shape.start)
    world.run(hours)
    laws.at_the_end(world)
    return world


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_keeps_the_laws(name, seed):
    shape = SHAPES[name]
    day(shape, seed, hours=0.4 if name == "large" else 1.5)


def test_there_are_two_hundred_days():
    assert len(SHAPES) * len(SEEDS) >= 200


def test_a_day_of_ten_thousand_calls_keeps_the_laws():
    curve = (0.3, 0.7, 1.0, 0.9, 0.6, 0.5, 0.8, 0.9, 0.6, 0.3)
    people = Habits(calls_per_hour=1550, curve=curve, agent_codes=0.02)
    world = day(Shape(settings([queue(**TIMES)], team(70)), people, 1_800_000_000.0), 1, hours=10)
    print(f"{world.facts.arrived} calls, {world.facts.talked} talks, {len(world.log)} events")
    assert world.facts.arrived > 9_500


def test_the_same_events_give_the_same_commands_byte_for_byte():
    said = []
    shape = SHAPES["mid"]
    world = World(
        shape.settings, shape.habits, 7, lambda _world, _event, commands: said.append(repr(commands)), shape.start
    )
    world.run(hours=1)
    again = Acd(shape.settings, Mint((7).to_bytes(8, "big")))
    assert [repr(again.handle(event, at)) for at, event in world.log] == said


@pytest.mark.parametrize("name", SHAPES)
def test_days_have_in_them_what_they_are_about(name):
    """A simulation in which nothing happens would keep all laws."""
    shape = SHAPES[name]
    world = World(shape.settings, shape.habits, 1, start=shape.start)
    world.run(hours=1.5)
    happened = {decided.what for decided in world.facts.decisions}
    for what in ("connected to", "rings ", *_ABOUT.get(name, ("promised a callback",))):
        assert any(what in said for said in happened), (what, sorted(happened))


_ABOUT = {
    "closing time": ("not let in: closed", "promised a callback at a time", "enters the line", "offered a time"),
    "closing without times": ("not let in: closed", "promised a callback at a time", "enters the line"),
    "evening": ("promised a callback at a time",),
    "rules": ("overflowed to sales", "redirected to sales", "exit_timeout: a time is proposed"),
    "mobiles": ("asked to accept", "promised a callback"),
    "customers first": ("intent to dial before an agent is free",),
    "look-ahead": ("intent to dial before an agent is free", "reserved"),
    "incident": ("promised a callback", "customer not reached"),
}

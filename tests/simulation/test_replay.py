"""A recorded day told again gives the same commands, byte for byte."""

from __future__ import annotations

import pytest

from callbackd.domain.acd import Acd
from callbackd.domain.ids import Mint
from callbackd.simulate.world import World
from tests.simulation.shapes import SHAPES


@pytest.mark.parametrize("name", ["mid", "rules", "closing time", "bad line"])
def test_the_same_events_give_the_same_commands_byte_for_byte(name):
    said = []
    shape = SHAPES[name]
    world = World(
        shape.settings, shape.habits, 7, lambda _world, _event, commands: said.append(repr(commands)), shape.start
    )
    world.run(1)
    again = Acd(shape.settings, Mint((7).to_bytes(8, "big")))
    assert len(said) > 100
    assert [repr(again.handle(event, at)) for at, event in world.log] == said

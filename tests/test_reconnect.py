"""The pauses between tries and the complaints about them, on a clock that nobody waits for."""

from __future__ import annotations

import pytest

from callbackd.reconnect import LAST_S, MISCONFIGURED_S, REMIND_S, Reconnect


class World:
    """A clock that only sleeping moves, and an operator who writes down what is complained about."""

    def __init__(self):
        self.now = 1_000.0
        self.pauses = []
        self.told: list[str] = []
        self.reconnect = Reconnect(self.told.append, sleep=self.sleep, clock=lambda: self.now)

    async def sleep(self, pause_s):
        self.pauses.append(pause_s)
        self.now += pause_s

    async def fails(self, why, times=1, **how):
        for _ in range(times):
            self.reconnect.complain(why)
            await self.reconnect.pause(**how)


@pytest.fixture
def world():
    return World()


async def test_pauses_double_up_to_the_longest(world):
    await world.fails("nobody there", 7)
    assert world.pauses == [0.1, 0.2, 0.4, 0.8, 1.6, LAST_S, LAST_S]


async def test_after_a_success_the_pauses_are_short_again_and_the_same_complaint_is_news(world):
    await world.fails("nobody there", 5)
    world.reconnect.succeeded()
    await world.fails("nobody there")
    assert world.pauses[-1] == 0.1
    assert world.told == ["nobody there", "nobody there"]


async def test_a_loss_right_after_a_success_needs_no_complaint_to_be_paused_for(world):
    world.reconnect.succeeded()
    await world.reconnect.pause()
    assert (world.pauses, world.told) == ([0.1], [])


async def test_a_lasting_complaint_is_repeated_once_a_minute(world):
    began = world.now
    while world.now - began < 3 * REMIND_S:
        await world.fails("nobody there")
    assert world.told == ["nobody there"] * 3


async def test_another_complaint_is_made_at_once_and_so_is_the_first_when_it_comes_again(world):
    for why in ("nobody there", "starting", "starting", "nobody there"):
        await world.fails(why)
    assert world.told == ["nobody there", "starting", "nobody there"]


async def test_trouble_that_a_person_must_mend_is_tried_less_often(world):
    await world.fails("wrong password", 2, misconfigured=True)
    await world.fails("nobody there")
    assert world.pauses == [MISCONFIGURED_S, MISCONFIGURED_S, 0.4]

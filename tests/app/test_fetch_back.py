"""Callers are fetched back from the fallback queue in their order, as soon as there is a manager interface to do it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import cast

import pytest
from structlog.testing import capture_logs

from callbackd.ami.client import Ami, Outcome, Result
from callbackd.app import fetch_back
from callbackd.app.fetch_back import FetchBack
from callbackd.ari.fallback import Stranded

ANNA, BEN = Stranded("PJSIP/trunk-1", "support", 5.0), Stranded("PJSIP/trunk-2", "sales", 6.0)


class House:
    """As much of Asterisk as is needed: the callers found at each look, and what its manager answers."""

    def __init__(self):
        self.looks = [(ANNA, BEN), ()]
        self.answers: list[Result] = []
        self.asked = []
        self.fetching = FetchBack(self.find, cast(Ami, self))

    async def find(self):
        return self.looks.pop(0) if self.looks else ()

    async def ask(self, action, **fields):
        self.asked.append((action, *fields.values()))
        return self.answers.pop(0) if self.answers else Result(Outcome.DONE)

    async def until(self, fact):
        async with asyncio.timeout(5):
            while not fact():
                await asyncio.sleep(0)


@asynccontextmanager
async def begun(monkeypatch):
    monkeypatch.setattr(fetch_back, "LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr(fetch_back, "AGAIN_S", 0.0)
    house = House()
    running = asyncio.create_task(house.fetching.run())
    yield house
    running.cancel()


def redirect(caller):
    return ("Redirect", caller.channel, "callbackd-inbound", caller.queue, 1)


async def test_each_is_led_in_by_the_door_of_everybody_in_their_order(monkeypatch):
    async with begun(monkeypatch) as house:
        await asyncio.sleep(0)
        assert house.asked == [], "nobody has begun"
        house.fetching.begin()
        await house.until(lambda: len(house.asked) == 2)
        assert house.asked == [redirect(ANNA), redirect(BEN)]


async def test_a_caller_who_gets_there_a_moment_later_is_found_by_the_second_look(monkeypatch):
    async with begun(monkeypatch) as house:
        house.looks = [(ANNA,), (BEN,)]
        house.fetching.begin()
        await house.until(lambda: house.asked == [redirect(ANNA), redirect(BEN)])


async def test_a_manager_interface_that_is_not_there_yet_is_waited_for(monkeypatch):
    async with begun(monkeypatch) as house:
        house.looks, house.answers = [(ANNA,)], [Result(Outcome.NOT_SENT), Result(Outcome.NOT_SENT)]
        house.fetching.begin()
        await house.until(lambda: len(house.asked) == 3)
        assert house.asked == [redirect(ANNA)] * 3


@pytest.mark.parametrize("looks", [[None, None], [(), ()]])
async def test_without_an_answer_or_a_caller_nothing_is_done(monkeypatch, looks):
    async with begun(monkeypatch) as house:
        house.looks = looks
        house.fetching.begin()
        await house.until(lambda: not house.looks)
        assert house.asked == []


async def test_a_user_without_permission_is_shown_what_to_write(monkeypatch):
    with capture_logs() as lines:
        async with begun(monkeypatch) as house:
            house.answers = [Result(Outcome.REFUSED, reason="Permission denied")]
            house.fetching.begin()
            await house.until(lambda: len(house.asked) == 2)
            await house.until(lambda: len(lines) == 2)
    assert [line["event"] for line in lines] == ["not_fetched_back", "fetched_back"]
    assert "write = call" in lines[0]["why"]

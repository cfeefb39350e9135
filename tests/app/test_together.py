"""Parts side by side: when one ends all end, its failure is raised as it is, and nothing is left running."""

from __future__ import annotations

import asyncio

import pytest

from callbackd.app.together import beside, until_first


class Trouble(Exception):
    pass


class Diary:
    """Parts that write down what becomes of them."""

    def __init__(self):
        self.told = []

    async def works(self):
        try:
            await asyncio.Event().wait()
        finally:
            self.told.append("over")

    async def fails(self):
        raise Trouble("by itself")

    async def fails_when_cancelled(self):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise Trouble("in the middle of a query") from None

    def ending(self, end):
        self.told.append(("ending", end))


async def never():
    await asyncio.Event().wait()


async def comes(end):
    return end


async def test_the_first_end_ends_all_and_is_announced_before_anything_is_cancelled():
    diary = Diary()
    end = await until_first({"never": never(), "stop": comes("stopped")}, {"part": diary.works()}, diary.ending)
    assert end == "stopped"
    assert diary.told == [("ending", "stopped"), "over"]


async def test_when_two_ends_come_at_once_the_first_in_the_list_wins():
    diary = Diary()
    assert await until_first({"one": comes(1), "two": comes(2)}, {}, diary.ending) == 1


async def test_a_part_that_fails_ends_the_others_with_its_own_exception():
    diary = Diary()
    with pytest.raises(Trouble, match="by itself"):
        await until_first({"never": never()}, {"bad": diary.fails(), "good": diary.works()}, diary.ending)
    assert sorted(map(str, diary.told)) == ["('ending', None)", "over"]


async def test_an_end_that_fails_ends_the_others_as_well():
    diary = Diary()
    with pytest.raises(Trouble, match="by itself"):
        await until_first({"never": never(), "bad": diary.fails()}, {"good": diary.works()}, diary.ending)
    assert "over" in diary.told


async def test_the_first_failure_is_raised_not_those_it_caused():
    diary = Diary()
    parts = {"late": diary.fails_when_cancelled(), "bad": diary.fails()}
    with pytest.raises(Trouble, match="by itself"):
        await until_first({"never": never()}, parts, diary.ending)


async def test_a_failure_inside_a_group_is_raised_bare_as_well():
    diary = Diary()

    async def grouped():
        async with asyncio.TaskGroup() as group:
            group.create_task(diary.fails())

    with pytest.raises(Trouble, match="by itself"):
        await until_first({"never": never()}, {"group": grouped()}, diary.ending)


async def test_a_failure_while_ending_does_not_change_the_end():
    diary = Diary()
    parts = {"query": diary.fails_when_cancelled(), "good": diary.works()}
    assert await until_first({"stop": comes("stopped")}, parts, diary.ending) == "stopped"
    assert "over" in diary.told


async def test_cancelled_from_outside_it_cancels_everything():
    diary = Diary()
    running = asyncio.create_task(until_first({"never": never()}, {"part": diary.works()}, diary.ending))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert diary.told == [("ending", None), "over"]


async def test_a_task_beside_the_block_goes_on_while_it_fails_and_ends_with_it():
    diary = Diary()

    async def block():
        async with beside("part", diary.works()):
            try:
                await asyncio.sleep(0)
                raise Trouble
            finally:
                await asyncio.sleep(0)
                diary.told.append("last words")

    with pytest.raises(Trouble):
        await block()
    assert diary.told == ["last words", "over"]


async def test_a_task_that_fails_beside_the_block_does_not_break_it():
    async with beside("part", Diary().fails()) as part:
        await asyncio.wait({part})
    assert isinstance(part.exception(), Trouble)

"""Parts that run side by side until one of several ends is reached, or one of them fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")
Running = Coroutine[Any, Any, T]


async def until_first(
    ends: Mapping[str, Running[T]], parts: Mapping[str, Running[object]], ending: Callable[[T | None], None]
) -> T:
    """What the first of ``ends`` returns, once all the others are cancelled and over.

    A failure of any of them cancels the others, and is raised as it is, not in a group. ``ending`` is called once the
    end is known and before anything is cancelled: with what was returned, or None after a failure.
    """
    reached: list[T] = []
    try:
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(running, name=name) for name, running in ends.items()]
            working = [group.create_task(running, name=name) for name, running in parts.items()]
            try:
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                reached = [task.result() for task in waiting if task in done]
            finally:
                ending(reached[0] if reached else None)
            for task in (*waiting, *working):
                task.cancel()
    except BaseExceptionGroup as failures:
        failure = first_of(failures)
        # A part that is cancelled in the middle of a query may fail with the database's error: the end stands.
        if reached and isinstance(failure, Exception):
            return reached[0]
    else:
        return reached[0]
    raise failure


def first_of(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The failure that happened first, however deeply the groups are nested."""
    first = failures.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first


@asynccontextmanager
async def beside(name: str, running: Running[T]) -> AsyncIterator[asyncio.Task[T]]:
    """A task that goes on until the block is left, whatever ends in it. Its failure does not end the block: await
    it."""
    task = asyncio.create_task(running, name=name)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

"""A whole call centre per test: Asterisk, callbackd, phones. Up in about two seconds, all on ports of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from lab.asterisk import Asterisk
from lab.daemon import Daemon, build_prompts
from lab.house import House, nothing_is_left, until
from lab.phones import Stage
from lab.postgres import Postgres
from lab.slots import Slot

Daemon.forked = True


OpenHouse = Callable[..., Awaitable[House]]


@asynccontextmanager
async def opening(postgres: Postgres) -> AsyncIterator[OpenHouse]:
    """``await open_house(queues={…})``: a call centre with these sections of the config changed.

    With ``built=False`` no prompt is built for it: callers hear what comes with callbackd.
    """
    async with AsyncExitStack() as stack:

        async def opened(
            *, variables: dict[str, str] | None = None, at: str | None = None, built: bool = True, **changes: Any
        ) -> House:
            slot = stack.enter_context(Slot())
            asterisk = await stack.enter_async_context(Asterisk(slot, variables=variables))
            url = await postgres.migrated_database()
            daemon = Daemon(slot, asterisk, url, **changes)
            daemon.ahead_s = until(at) if at else None
            if built:
                await build_prompts(daemon)
            await stack.enter_async_context(daemon)
            stack.push_async_callback(nothing_is_left, asterisk, daemon)
            stage = await stack.enter_async_context(Stage.around(asterisk))
            return House(asterisk, daemon, stage, url)

        yield opened


@pytest.fixture
async def open_house(postgres: Postgres) -> AsyncIterator[OpenHouse]:
    async with opening(postgres) as opened:
        yield opened


@pytest.fixture(scope="module")
async def open_house_of_module(postgres: Postgres) -> AsyncIterator[OpenHouse]:
    """The same for a call centre that all tests of a file look at."""
    async with opening(postgres) as opened:
        yield opened


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    return await open_house()


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """A failing test shows what the phones and the daemon saw."""
    house = getattr(item, "funcargs", {}).get("house")
    if call.excinfo and isinstance(house, House):
        item.add_report_section("call", "phones", house.stage.story())
        item.add_report_section("call", "daemon", house.daemon.story())

"""A config read again: a bad one is refused with every mistake, a good one is handed over."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from callbackd.app.reload import Reload
from callbackd.config.file import read
from tests.config.test_file import GOOD, written


@pytest.fixture
async def asked():
    return asyncio.Event()


async def test_a_good_config_is_taken_up(tmp_path, asked):
    path = written(tmp_path, GOOD)
    reload = Reload(lambda: read(path))
    asked.set()
    assert await reload.wanted(asked) == read(path)


async def test_a_bad_config_is_refused_mistake_by_mistake_and_a_later_good_one_is_taken(tmp_path, asked):
    path = written(tmp_path, GOOD + "[nonsense]\n[queues.sales]\nring_s = 'soon'\n")
    reload = Reload(lambda: read(path))
    asked.set()
    with capture_logs() as log:
        waiting = asyncio.create_task(reload.wanted(asked))
        while len(log) < 2:
            await asyncio.sleep(0)
        assert not waiting.done()
        written(tmp_path, GOOD)
        asked.set()
        taken = await waiting
    assert all(line["event"] == "config_refused" for line in log)
    assert any("nonsense: unknown key" in line["why"] and "stays in force" in line["why"] for line in log)
    assert taken == read(path)


async def test_a_secret_that_cannot_be_read_is_a_mistake_too(tmp_path, asked):
    path = written(tmp_path, GOOD.replace('password = "secret"', 'password_file = "/nowhere/at/all"'))
    reload = Reload(lambda: read(path))
    asked.set()
    with capture_logs() as log:
        waiting = asyncio.create_task(reload.wanted(asked))
        while not log:
            await asyncio.sleep(0)
        waiting.cancel()
    assert "ari.password_file: cannot be read" in log[0]["why"]

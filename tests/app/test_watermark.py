"""A database that has forgotten what this host did is an old backup."""

from __future__ import annotations

import pytest

from callbackd.app.watermark import Watermark
from callbackd.db.engine import engine_for
from callbackd.db.journal import Journal
from callbackd.db.migrate import upgrade
from callbackd.db.right import Right
from lab.lives import claim, promised


async def journal(engine, tmp_path):
    right = Right(engine)
    await right.take()
    return right, Journal(engine, right, Watermark(tmp_path).stored)


async def test_committed_rows_are_remembered_and_found(engine, tmp_path):
    right, writing = await journal(engine, tmp_path)
    promise = promised()
    await writing.commit([promise])
    await writing.commit([claim(promise)])
    await right.give_up()
    assert await Watermark(tmp_path).missing(engine) == []


async def test_an_older_database_is_noticed(engine, postgres, tmp_path):
    right, writing = await journal(engine, tmp_path)
    promise = promised()
    await writing.commit([promise])
    await writing.commit([claim(promise)])
    await right.give_up()
    older = engine_for(await postgres.fresh_database())
    await upgrade(older)
    assert await Watermark(tmp_path).missing(older) == ["callback callback-1", "attempt attempt-1"]
    await older.dispose()


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "7", '{"other": 1}'])
async def test_a_file_that_is_not_ours_stands_in_nobodys_way(engine, tmp_path, text):
    (tmp_path / "newest.json").write_text(text)
    assert await Watermark(tmp_path).missing(engine) == []


async def test_the_first_start_remembers_nothing(engine, tmp_path):
    assert await Watermark(tmp_path).missing(engine) == []
    assert not (tmp_path / "newest.json").exists()

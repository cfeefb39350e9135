"""Keys are made, listed and revoked on the command line; the secret is printed once."""

from __future__ import annotations

import asyncio

import pytest
from typer.testing import CliRunner

from callbackd.access import hash_of
from callbackd.cli.main import app
from callbackd.db.engine import engine_for
from callbackd.db.keys import all_keys, by_hash
from callbackd.db.migrate import upgrade
from tests.config.test_file import GOOD, written

pytestmark = pytest.mark.postgres


@pytest.fixture
async def asked(tmp_path, database_url):
    """``await asked("list")``: the exit status and the output of ``callbackd key list``."""
    engine = engine_for(database_url)
    await upgrade(engine)
    path = str(written(tmp_path, f'[database]\nurl = "{database_url}"\n{GOOD}'))

    async def run(*words):
        done = await asyncio.to_thread(CliRunner().invoke, app, ["key", *words, "-c", path])
        return done.exit_code, done.output

    yield run, engine
    await engine.dispose()


async def test_a_key_is_printed_once_and_counts_until_it_is_revoked(asked):
    run, engine = asked
    status, secret = await run("create", "wallboard", "--role", "viewer", "--days", "30")
    assert status == 0
    key = await by_hash(engine, hash_of(secret.strip()))
    assert key is not None
    assert (key.name, key.role.value) == ("wallboard", "viewer")
    status, told = await run("list")
    assert "wallboard: viewer, made " in told
    assert secret.strip() not in told
    assert (await run("revoke", "wallboard"))[0] == 0
    assert "counts no more" in (await run("list"))[1]
    assert (await run("revoke", "wallboard"))[0] == 3


async def test_a_name_is_never_given_twice(asked):
    run, engine = asked
    await run("create", "crm", "--role", "agent", "--agent", "alice")
    status, told = await run("create", "crm", "--role", "admin")
    assert (status, "take another name" in told) == (3, True)
    (key,) = await all_keys(engine)
    assert (key.role.value, key.agent) == ("agent", "alice")


@pytest.mark.parametrize(
    "words",
    [
        ("create", "a b", "--role", "viewer"),
        ("create", "crm", "--role", "viewer", "--agent", "alice"),
        ("create", "crm", "--role", "agent", "--agent", "nosuch"),
    ],
)
async def test_what_makes_no_sense_is_refused(asked, words):
    run, engine = asked
    assert (await run(*words))[0] == 2
    assert await all_keys(engine) == []

"""The commands of the machine's operator, on a daemon at work and without one."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime

import pytest
from typer.testing import CliRunner

from callbackd.cli.main import app
from tests.config.test_file import GOOD, written

pytestmark = pytest.mark.postgres


async def run(config_path, *words):
    """The exit status and the output of ``callbackd …``."""
    done = await asyncio.to_thread(CliRunner().invoke, app, [*words, "-c", str(config_path)])
    return done.exit_code, done.output


async def test_the_centre_is_shown(api):
    path = api.config.state_dir / "callbackd.toml"
    status, told = await run(path, "status")
    assert (status, told.splitlines()[0]) == (0, "ready")
    assert "offering and dialling are on" in told
    assert (await run(path, "queues"))[1].splitlines()[1].startswith("support  yes")
    found = json.loads((await run(path, "queues", "--json"))[1])
    assert [queue["name"] for queue in found] == ["support", "sales"]
    assert (await run(path, "line"))[0] == 0


async def test_a_customer_is_found_moved_called_and_cancelled(api):
    path = api.config.state_dir / "callbackd.toml"
    free = (await api.operator.get("/v1/queues/support/times")).json["free"]
    status, told = await run(path, "callbacks", "create", "support", "020 7946 3001", "--reason", "by mail", "--json")
    assert status == 0, told
    id = json.loads(told)["id"]
    assert id in (await run(path, "callbacks", "list", "--number", "+442079463001"))[1]
    at = datetime.fromisoformat(free[0]).astimezone(None).isoformat()
    assert (await run(path, "callbacks", "move", id, at))[0] == 0
    assert (await run(path, "callbacks", "now", id))[0] == 0
    assert (await run(path, "callbacks", "assign", id, "alice")) == (0, "for alice alone\n")
    assert (await run(path, "callbacks", "cancel", id, "-r", "by mail")) == (0, "cancelled\n")
    assert "outcome: cancelled" in (await run(path, "callbacks", "show", id))[1]
    status, told = await run(path, "callbacks", "now", id)
    assert (status, "has ended: cancelled" in told) == (3, True)


async def test_mistakes_are_named_and_the_way_out(api):
    path = api.config.state_dir / "callbackd.toml"
    assert (await run(path, "callbacks", "create", "nosuch", "020 7946 3002"))[0] == 2
    status, told = await run(path, "callbacks", "create", "support", "+449061234567")
    assert (status, "may not be called" in told) == (2, True)
    assert (await run(path, "callbacks", "move", "0" * 26, "tomorrow"))[0] == 2
    assert (await run(path, "switch", "dialling", "perhaps"))[0] == 2


async def test_agents_and_switches(api):
    path = api.config.state_dir / "callbackd.toml"
    assert await run(path, "agents", "log-in", "bob") == (0, "bob is logged in\n")
    assert (await run(path, "agents", "pause", "bob", "--reason", "lunch"))[0] == 0
    assert "bob    paused      lunch" in (await run(path, "agents"))[1]
    assert (await run(path, "agents", "log-out", "bob"))[0] == 0
    assert await run(path, "switch", "offering", "off") == (0, "offering is off\n")
    assert "switched off: offering" in (await run(path, "status"))[1]
    assert (await run(path, "switch", "offering", "on"))[0] == 0


@pytest.mark.parametrize("words", [("status",), ("queues",), ("agents",), ("callbacks", "list")])
async def test_without_a_daemon_there_is_a_clear_sentence(tmp_path, words):
    path = written(tmp_path, f'state_dir = "{tmp_path}"\n{GOOD}')
    status, told = await run(path, *words)
    assert status == 3
    assert told == f"no callbackd works for {tmp_path}: start it, or see systemctl status callbackd\n"

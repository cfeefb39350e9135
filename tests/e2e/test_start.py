"""Starting when something is missing, wrong, or there twice: the daemon waits and says so, or ends and says why."""

from __future__ import annotations

import pytest

from lab.asterisk import Asterisk
from lab.daemon import Daemon
from lab.slots import Slot

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def _started_anew(monkeypatch):
    monkeypatch.setattr(Daemon, "forked", False)


@pytest.fixture
def slot():
    with Slot() as slot:
        yield slot


async def test_the_daemon_keeps_a_postgresql_of_its_own_and_finds_its_state_again(slot):
    async with Asterisk(slot) as asterisk, Daemon(slot, asterisk) as daemon:
        assert (await daemon.said("started"))["epoch"] == 1
        assert await daemon.stop() == 0
        await daemon.start()
        assert (await daemon.said("started", epoch=2))["agents"] == 6


async def test_without_asterisk_it_waits_and_logs_that(slot, database_url):
    asterisk = Asterisk(slot)
    daemon = Daemon(slot, asterisk, database_url)
    await daemon.start(wait=False)
    try:
        line = await daemon.said("ari_waiting")
        assert "no Asterisk at" in line["why"]
        assert "waiting for it" in line["why"]
        async with asterisk:
            await daemon.said("back", subject="asterisk")
    finally:
        await daemon.stop()


async def test_a_wrong_password_is_named_with_the_way_out(slot, database_url):
    async with Asterisk(slot) as asterisk:
        daemon = Daemon(slot, asterisk, database_url, ari={"url": asterisk.ari_url, "password": "wrong"})
        await daemon.start(wait=False)
        try:
            assert "ari.conf" in (await daemon.said("ari_waiting"))["why"]
            assert not any("wrong" in str(line) for line in daemon.lines)
        finally:
            await daemon.stop()


async def test_without_postgresql_it_waits_and_logs_that(slot, private_postgres):
    url = await private_postgres.fresh_database()
    private_postgres.kill()
    async with Asterisk(slot) as asterisk:
        daemon = Daemon(slot, asterisk, url)
        await daemon.start(wait=False)
        try:
            assert "no PostgreSQL" in (await daemon.said("database_waiting"))["why"]
            assert daemon.count("ari_connected") == 0, "it took calls it could not keep"
            await private_postgres.start()
            await daemon.said("back", subject="asterisk")
        finally:
            await daemon.stop()


async def test_a_second_daemon_on_the_same_state_directory_is_refused(slot):
    async with Asterisk(slot) as asterisk, Daemon(slot, asterisk) as first:
        second = Daemon(slot, asterisk)
        await second.start(wait=False)
        assert await second.ended() == 3
        assert str(first.pid) in second.story()
        assert first.pid is not None


async def test_a_second_daemon_on_the_same_database_is_refused(slot, database_url):
    async with Asterisk(slot) as asterisk, Daemon(slot, asterisk, database_url) as first:
        second = Daemon(slot, asterisk, database_url)
        await second.start(wait=False)
        assert await second.ended() == 3
        assert f"pid {first.pid} on" in second.story()
        assert "stop it" in second.story()


async def test_a_second_daemon_on_the_same_asterisk_ends_the_first_one(slot, postgres):
    urls = await postgres.fresh_database(), await postgres.fresh_database()
    async with Asterisk(slot) as asterisk, Daemon(slot, asterisk, urls[0]) as first, Daemon(slot, asterisk, urls[1]):
        assert await first.ended() == 4
        assert "another daemon took the application 'callbackd'" in first.story()


async def test_postgresql_killed_under_it_comes_back_by_itself(slot):
    import os
    import signal

    async with Asterisk(slot) as asterisk, Daemon(slot, asterisk) as daemon:
        os.kill((await daemon.said("PostgreSQL runs"))["pid"], signal.SIGKILL)
        await daemon.said("PostgreSQL died")
        await daemon.said("PostgreSQL runs", since=[line["event"] for line in daemon.lines].index("PostgreSQL died"))
        assert daemon.pid is not None

"""How the whole daemon ends, wired to a real PostgreSQL and a small web server that answers as Asterisk does."""

from __future__ import annotations

import asyncio
import signal

import pytest
from aiohttp import web
from sqlalchemy import text
from structlog.testing import capture_logs

from callbackd.app.main import REPLACED, serve
from callbackd.config.file import read
from callbackd.db.engine import engine_for
from callbackd.db.right import Right, RightHeld
from tests.ari.fake_asterisk import FakeAsterisk, serving
from tests.config.test_file import GOOD, written

pytestmark = pytest.mark.postgres

TAKEN = {"type": "ApplicationReplaced", "application": "callbackd"}


class Empty(FakeAsterisk):
    """An Asterisk without a call."""

    async def well(self, request: web.Request) -> web.StreamResponse:
        lists = request.method == "GET" and request.path.rpartition("/")[2] in {"channels", "bridges", "endpoints"}
        return web.json_response([]) if lists else await super().well(request)


class Served:
    """``serve`` as a task, and what it logs."""

    def __init__(self, config, fake, log):
        self.config, self.fake, self.log = config, fake, log
        self.task = asyncio.create_task(serve(config, reread=lambda: config))

    async def says(self, event):
        async with asyncio.timeout(10):
            while event not in self.events():
                assert not self.task.done(), (await self.task, self.log)
                await asyncio.sleep(0.01)

    def events(self):
        return [line["event"] for line in self.log]

    async def ends(self):
        async with asyncio.timeout(15):
            return await self.task


@pytest.fixture
async def served(tmp_path, database_url):
    with capture_logs() as log:
        async with serving(Empty()) as fake:
            own = f'state_dir = "{tmp_path}"\n[database]\nurl = "{database_url}"\n[ami]\nenabled = false\n'
            path = written(tmp_path, own + GOOD.replace("[ari]", f'[ari]\nurl = "{fake.url}"'))
            daemon = Served(read(path), fake, log)
            await daemon.says("resynced")
            yield daemon
            daemon.task.cancel()
            await asyncio.gather(daemon.task, return_exceptions=True)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP):
        asyncio.get_running_loop().remove_signal_handler(number)


async def test_a_stop_is_a_good_end_and_leaves_nothing_running(served):
    signal.raise_signal(signal.SIGTERM)
    assert await served.ends() == 0
    assert served.log[-1] == {"event": "stopped", "log_level": "info", "replaced": False, "to_reload": False}
    assert not (served.config.state_dir / "callbackd.pid").exists()
    mine = {"runner", "journal", "ari", "replaced", "compare", "stopping", "reload", "drained", "watchdog", "status"}
    assert mine.isdisjoint(task.get_name() for task in asyncio.all_tasks())


async def test_a_reload_ends_with_the_new_config(served):
    signal.raise_signal(signal.SIGHUP)
    assert await served.ends() is served.config
    assert (served.log[-1]["event"], served.log[-1]["to_reload"]) == ("stopped", True)


async def test_a_replaced_daemon_exits_with_the_status_for_that(served):
    await served.fake.say(TAKEN)
    assert await served.ends() == REPLACED
    assert served.log[-1]["replaced"]


async def test_a_drain_listens_until_the_next_one_has_taken_over_and_is_a_good_end(served):
    signal.raise_signal(signal.SIGUSR1)
    await served.says("drained")
    await served.fake.say(TAKEN)
    assert await served.ends() == 0
    last = [event for event in served.events() if event in {"drained", "ari_replaced", "handed over", "stopped"}]
    assert last == ["drained", "ari_replaced", "handed over", "stopped"]


async def test_answers_of_asterisk_that_break_us_end_it_with_their_own_exception(served):
    """Otherwise it would wait for ever: the stream's events are held back until the answers are understood."""

    async def nonsense(request: web.Request) -> web.StreamResponse:
        return web.json_response(["no channel"] if request.path.endswith("/channels") else {})

    served.fake.answer = nonsense
    await served.fake.websockets[-1].close()
    with pytest.raises(TypeError, match="indices"):
        await served.ends()


async def test_a_part_that_fails_ends_it_with_its_own_exception(served, database_url):
    """Another daemon got the right to dial: the journal must not go on, and the command line knows the exception."""
    engine = engine_for(database_url)
    async with engine.begin() as other:
        await other.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )
    right = Right(engine)
    await right.take()
    try:
        with pytest.raises(RightHeld, match="another callbackd"):
            await served.ends()
    finally:
        await right.give_up()
        await engine.dispose()
    assert "stopped" not in served.events()

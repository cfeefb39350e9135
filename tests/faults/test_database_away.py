"""PostgreSQL killed, frozen, slow, cut off, full: nothing is dialled without intent, and calls go on."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from lab.holds import these_hold
from lab.house import ANNA, BEN, CORA, DAN
from lab.phones import AgentPhone, answers, presses_one, rejects, rings
from lab.postgres import Postgres
from lab.wired import QUICK_RETRY, Wired

pytestmark = [pytest.mark.e2e, pytest.mark.faults]

Breaking = Callable[[Wired], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def killed(house: Wired) -> AsyncIterator[None]:
    house.postgres.kill()
    yield
    await house.postgres.start()


@asynccontextmanager
async def frozen(house: Wired) -> AsyncIterator[None]:
    house.postgres.freeze()
    yield
    house.postgres.thaw()


@asynccontextmanager
async def slow(house: Wired) -> AsyncIterator[None]:
    """Two seconds each way: a commit takes longer than the three that callers may be kept waiting."""
    house.db.delay_s = 2.0
    yield
    house.db.heal()


@asynccontextmanager
async def swallowed(house: Wired) -> AsyncIterator[None]:
    house.db.swallow()
    yield
    house.db.heal()


@asynccontextmanager
async def full(house: Wired) -> AsyncIterator[None]:
    filler = house.postgres.state_dir / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(2**16))
    with pytest.raises(OperationalError, match="No space left"):
        await house.rows(_MORE_THAN_FITS)  # what room there was inside the tables
    yield
    filler.unlink()


_MORE_THAN_FITS = """
    INSERT INTO decision SELECT 0, n, now(), 'nobody', '', repeat('x', 1000), '{}' FROM generate_series(1, 1000) n
    RETURNING n
"""


@contextmanager
def a_small_disk() -> Iterator[Path]:
    """A file system that can be filled without hurting anybody."""
    where = Path(tempfile.mkdtemp(prefix="callbackd-small-disk-"))
    where.chmod(0o755)
    mount = ["mount", "-t", "tmpfs", "-o", "size=90m,mode=755", "tmpfs", str(where)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        where.rmdir()
        pytest.skip("a disk that can be filled takes the right to mount one")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", where], check=True)
        where.rmdir()


@pytest.fixture
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Postgres]:
    """A server that may be broken; for ``full`` it is on a disk of its own."""
    on_a_small_disk = request.node.callspec.params.get("breaking") is full
    with a_small_disk() if on_a_small_disk else nullcontext() as where:
        async with Postgres(where) as server:
            yield server


@pytest.mark.parametrize("breaking", [killed, frozen, slow, swallowed, full], ids=lambda how: how.__name__)
async def test_live_calls_are_routed_and_nobody_is_dialled_until_it_is_back(
    open_wired: Callable[..., Awaitable[Wired]], server: Postgres, breaking: Breaking
) -> None:
    house = await open_wired(server=server, promises=[DAN], queues=QUICK_RETRY)
    customers = await house.stage.customers(behaviour=rejects(486))
    anna = await house.joins(ANNA)
    async with breaking(house):
        ben = await house.calls(BEN)
        await house.daemon.said("away", subject="database")
        agent = await house.agent("agent1", answers(after=0.1))
        for caller in (anna, ben):
            await caller.hears(agent, within=15)
            await caller.hangup()
        # Now an agent is free, a promise is due, and there is no intent.
        cora = await house.calls(CORA)
        await cora.hears(agent, within=15)
        await cora.hangup()
        assert customers.calls == []
    await customers.next_call_to(DAN, within=20)
    assert [ring.from_user for ring in agent.rung] == [ANNA, BEN, CORA]
    served = await house.rows("SELECT number FROM entry WHERE outcome = 'served' ORDER BY connected_at")
    assert [row["number"] for row in served] == [ANNA, BEN, CORA], "what waited in memory is written"
    await house.daemon.said("customer not reached")
    await phone_off(house, agent)
    await these_hold(house)


async def phone_off(house: Wired, agent: AgentPhone) -> None:
    """No more attempts while it is counted what there was."""
    since = len(house.daemon.lines)
    code = await agent.dial("*51", answered=True)
    await house.daemon.said("logged_out", subject=agent.name, since=since)
    await code.hangup()


@pytest.mark.parametrize("breaking", [killed], ids=lambda how: how.__name__)
async def test_a_promise_that_cannot_be_stored_is_taken_back_aloud_and_the_caller_keeps_waiting(
    open_wired: Callable[..., Awaitable[Wired]], server: Postgres, breaking: Breaking
) -> None:
    house = await open_wired(server=server, queues=QUICK_RETRY)
    customers = await house.stage.customers(behaviour=presses_one())
    anna, ben = await house.joins(ANNA), await house.joins(BEN)
    await house.hears_offer(anna)
    await anna.press("1")
    await anna.hears_voice(since=house.stage.now())
    async with breaking(house):
        since = len(house.daemon.lines)
        await anna.press("1")
        await house.daemon.said("no promise", since=since, within_s=15)
        await anna.hears_voice(since=house.stage.now(), within=5)
        asked_at = len(house.daemon.lines)
        await ben.press("1")
        refused = await house.daemon.said("no callback", since=asked_at)
        assert "the database is away" in refused["reason"]
        await ben.hears_voice(since=house.stage.now(), within=5)
        told = await house.daemon.said("announced", since=asked_at, within_s=30)
        assert told["offer"] is False
        await anna.hears_music(since=house.stage.now(), within=20)
    await house.daemon.said("back", subject="database", since=since)
    agent = await house.agent("agent1", answers(after=0.1))
    for caller in (anna, ben):
        await caller.hears(agent, within=15)
        await caller.hangup()
    assert customers.calls == []
    assert await house.rows("SELECT id FROM callback WHERE outcome IS DISTINCT FROM 'cancelled'") == []
    await these_hold(house)


AFTER_PROMISE, AFTER_INTENT = b"INSERT INTO callback", b"UPDATE callback SET"


@pytest.mark.parametrize("lost", ["request", "reply"])
async def test_cut_at_the_commit_of_a_promise(open_wired: Callable[..., Awaitable[Wired]], lost: str) -> None:
    """Committed: the promise is spoken and kept. Not committed: an apology, and the caller keeps waiting."""
    house = await open_wired(queues=QUICK_RETRY)
    customers = await house.stage.customers(behaviour=rings)
    anna = await house.joins(ANNA)
    await house.hears_offer(anna)
    await anna.press("1")
    await anna.hears_voice(since=house.stage.now())
    getattr(house.db, f"lose_{lost}")(b"COMMIT", after=AFTER_PROMISE)
    await anna.press("1")
    await house.db.failed.wait()
    kept = lost == "reply"
    await house.daemon.said("promised a callback" if kept else "no promise")
    await anna.hears_voice(since=house.stage.now())
    assert len(await house.rows("SELECT id FROM callback WHERE closed_at IS NULL")) == kept
    if kept:
        await anna.hangup()
    agent = await house.agent("agent1", answers(after=0.1))
    if kept:
        await (await customers.next_call_to(ANNA, within=15)).is_ringing()
    else:
        await anna.hears(agent, within=10)
    assert len(customers.calls_to(ANNA)) == kept
    await these_hold(house)


@pytest.mark.parametrize("then_away", [False, True], ids=["back at once", "then away"])
@pytest.mark.parametrize("lost", ["request", "reply"])
async def test_cut_at_the_commit_of_an_intent_nobody_is_dialled_before_it_is_certain_and_then_once(
    open_wired: Callable[..., Awaitable[Wired]], lost: str, then_away: bool
) -> None:
    house = await open_wired(promises=[ANNA], queues=QUICK_RETRY)
    customers = await house.stage.customers(behaviour=rings)
    getattr(house.db, f"lose_{lost}")(b"COMMIT", after=AFTER_INTENT, then_close=then_away)
    agent = await house.agent("agent1", answers(after=0.1))
    await house.db.failed.wait()
    if then_away:
        ben = await house.calls(BEN)
        await ben.hears(agent, within=10)
        await ben.hangup()
        assert customers.calls == []
        house.db.heal()
    await (await customers.next_call_to(ANNA, within=20)).is_ringing()
    assert len(customers.calls_to(ANNA)) == 1
    await these_hold(house)

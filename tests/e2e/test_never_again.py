"""A customer presses 9 and is never rung again, whatever becomes of the daemon; the customer's phone is the judge."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from callbackd.app.do_not_call import FILE
from lab.house import ANNA, BEN, CORA
from lab.phones import answers, presses_one, rings
from lab.wired import promise

pytestmark = pytest.mark.e2e


async def declines(house, call):
    """Presses 9 until it counts, and hears that it did."""
    await call.answer()
    decided = asyncio.create_task(house.daemon.said("blocked", within_s=40))
    while not decided.done():
        await call.press("9")
        await asyncio.sleep(1.0)
    said = await decided
    assert said["reason"] == "the customer pressed 9"
    await call.hears_voice(since=said["at"], within=5)


async def declined(house):
    """Anna had a promise, was rung by it, and has pressed 9."""
    customers = await house.stage.customers(behaviour=rings)
    customers.on(CORA, presses_one())
    await house.takes_callback(await house.calls(ANNA))
    agent = await house.agent("agent1", answers(after=0.2))
    call = await customers.next_call_to(ANNA, within=15)
    await declines(house, call)
    return customers, agent, call


async def test_key_9_ends_the_promise_and_frees_the_agent(house):
    customers, agent, call = await declined(house)
    assert await call.is_over(within=20) == "them"
    assert await house.rows("SELECT outcome FROM attempt") == [{"outcome": "declined"}]
    assert await house.rows("SELECT outcome FROM callback") == [{"outcome": "cancelled"}]
    assert await house.rows(f"SELECT outcome FROM entry WHERE number = '{ANNA}'") == [{"outcome": "cancelled"}]
    assert agent.rung == []
    ben = await house.calls(BEN)
    await ben.hears(agent)
    assert len(customers.calls_to(ANNA)) == 1


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_customer_who_pressed_9_is_refused_another_promise_by_the_next_daemon_too(house, end):
    customers, agent, call = await declined(house)
    await getattr(house.daemon, end)()
    assert len(await house.rows("SELECT id FROM do_not_call")) == 1
    await house.daemon.start()
    assert await call.is_over(within=20) == "them"
    ben = await house.calls(BEN)
    await ben.hears(agent)
    anna = await house.calls(ANNA)
    await house.hears_offer(anna)
    await anna.press("1")
    await house.daemon.said("number refused")
    await anna.hears_voice(since=house.stage.now())
    await anna.press("02079460103#")
    await anna.hears_voice(since=house.stage.now())
    await anna.press("1")
    await house.daemon.said("promised a callback", since=house.daemon.last_index("number refused"))
    await anna.hangup()
    await ben.hangup()
    cora = await customers.next_call_to(CORA, within=15, answered=True)
    await cora.hears(agent, within=20)
    assert len(customers.calls_to(ANNA)) == 1


@pytest.mark.parametrize("gone", ["key", "directory"])
async def test_without_the_old_key_nobody_is_rung_until_an_operator_allows_it(house, gone):
    """Anna is on a list that nobody can read any more; Ben has a promise, and may be on it too, as far as we know."""
    customers, agent, _ = await declined(house)
    await house.daemon.stop()
    await promise(house.database_url, [BEN])
    state = house.daemon.dir / "state"
    kept = state.with_name("kept")
    shutil.copytree(state, kept, ignore=shutil.ignore_patterns("*.sock"))
    if gone == "key":
        (state / FILE).unlink()
    else:
        shutil.rmtree(state)
    for _ in range(2):
        since = len(house.daemon.lines)
        await house.daemon.start()
        await house.daemon.said("do_not_call_key_lost", since=since)
        await house.daemon.said("resynced", since=since)
        await asyncio.sleep(3.0)  # a free agent and a promise: only time shows that nobody is dialled
        assert customers.calls_to(BEN) == []
        await house.daemon.stop()
    shutil.rmtree(state)
    shutil.copytree(kept, state)
    await house.daemon.start()
    call = await customers.next_call_to(BEN, within=15)
    assert len(customers.calls_to(ANNA)) == 1
    assert call.dialled == BEN
    assert agent.running

"""SIGKILL at every step of the dialling protocol, also twice in a row: one INVITE, and the same result as always."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable

import pytest

from callbackd.protocol import Step
from lab.daemon import Daemon
from lab.holds import these_hold
from lab.house import ANNA, BEN, House
from lab.phones import AgentPhone, CustomerPhones, answers, presses_one, rejects
from lab.wired import QUICK_RETRY

pytestmark = [pytest.mark.e2e, pytest.mark.faults]

OF_A_PROMISE = [Step.PROMISE_ASKED, Step.PROMISE_STORED]
OF_A_START = [Step.RIGHT_TAKEN, Step.RESTORED, Step.TRACE_ASKED, Step.TRACE_ANSWERED]
OF_A_TRANSFER = [Step.TRANSFER_ASKED, Step.TRANSFER_SENT, Step.TRANSFER_ANSWERED]
OF_A_CALL = [step for step in Step if step not in {*OF_A_PROMISE, *OF_A_START, *OF_A_TRANSFER}]


def doomed(step: Step) -> Callable[[Daemon], None]:
    return lambda daemon: setattr(daemon, "dies_at", step)


async def dies(house: House, step: Step) -> None:
    """The daemon, started to die at this step, has died there."""
    assert await house.daemon.ended() == -signal.SIGKILL, step


async def starts_to_die(house: House, *steps: Step) -> None:
    """Start anew, once for each step, and die there."""
    for step in steps:
        house.daemon.dies_at = step
        await house.daemon.start(wait=False)
        await dies(house, step)
    house.daemon.dies_at = None


async def dialled_up_to(open_wired: Callable[..., Awaitable[House]], step: Step) -> House:
    """Anna has a promise and Alice logs in: on the way to Anna the daemon dies."""
    house = await open_wired(promises=[ANNA], queues=QUICK_RETRY, prepare=doomed(step))
    await house.stage.customers(behaviour=presses_one())
    phone = await house.stage.agent("agent1", behaviour=answers(after=0.2))
    await phone.dial("*50")
    await dies(house, step)
    house.daemon.dies_at = None
    return house


async def ends_well(house: House, silence_s: float | None = None) -> None:
    """Anna and Alice talk, and Anna's telephone rang once."""
    customers = next(phones for phones in house.stage.phones if isinstance(phones, CustomerPhones))
    agent = next(phone for phone in house.stage.phones if isinstance(phone, AgentPhone))
    call = await customers.next_call_to(ANNA, within=20, answered=True)
    await call.hears(agent, within=30)
    await house.daemon.said("promise kept")
    assert len(customers.calls_to(ANNA)) == 1
    assert [row["outcome"] for row in await house.rows("SELECT outcome FROM callback")] == ["completed"]
    await these_hold(house, silence_s=silence_s)


@pytest.mark.parametrize("step", OF_A_CALL)
async def test_killed_on_the_way_to_the_customer(open_wired, step):
    house = await dialled_up_to(open_wired, step)
    await house.daemon.start()
    await ends_well(house)


@pytest.mark.parametrize("step", [Step.INTENT_STORED, Step.DIAL_ASKED, Step.DIAL_ANSWERED])
@pytest.mark.parametrize("again", OF_A_START)
async def test_killed_again_at_the_start_and_while_settling(open_wired, step, again):
    house = await dialled_up_to(open_wired, step)
    await starts_to_die(house, again)
    await house.daemon.start()
    await ends_well(house)


@pytest.mark.parametrize("step", [Step.INTENT_STORED, Step.DIAL_ASKED])
async def test_killed_at_the_same_step_twice(open_wired, step):
    """The second time the dial is asked for under its old id, and the daemon dies before the request leaves."""
    house = await dialled_up_to(open_wired, step)
    await starts_to_die(house, Step.DIAL_ASKED)
    await house.daemon.start()
    await ends_well(house)


@pytest.mark.parametrize("step", [Step.RING_ASKED, Step.RING_ANSWERED, Step.JOIN_ASKED, Step.JOIN_ANSWERED])
async def test_killed_before_any_row_of_a_live_call_is_written(open_wired, step):
    """An agent is free, and is rung as soon as the caller is there: that waits for no commit."""
    house = await open_wired(queues=QUICK_RETRY, prepare=doomed(step))
    agent = await house.agent("agent1", answers(after=0.0))
    anna = await house.calls(ANNA)
    await dies(house, step)
    house.daemon.dies_at = None
    await house.daemon.start()
    await anna.hears(agent, within=15)
    await these_hold(house, silence_s=None)


async def test_killed_before_the_bridge_with_an_agent_who_does_not_wait_the_caller_gets_the_next_agent(open_wired):
    house = await open_wired(queues=QUICK_RETRY, prepare=doomed(Step.JOIN_ASKED))
    first = await house.agent("agent1", answers(after=0.2, talk=0.5))
    anna = await house.calls(ANNA)
    await dies(house, Step.JOIN_ASKED)
    house.daemon.dies_at = None
    rung = await first.next_call(within=10)
    assert await rung.is_over(within=10) == "us"
    first.behaviour = rejects(486)
    await house.daemon.start()
    await anna.hears_voice(since=house.stage.now())  # an apology
    second = await house.agent("agent2", answers(after=0.2))
    await anna.hears(second, within=15)
    assert house.daemon.count("not connected after all") == 1
    await these_hold(house, silence_s=None)


@pytest.mark.parametrize("attended", [False, True], ids=["blind", "attended"])
@pytest.mark.parametrize("step", OF_A_TRANSFER)
async def test_killed_in_the_middle_of_a_transfer(open_wired, step, attended):
    """Before the caller's leg has gone nothing has happened; afterwards the caller is the colleague's."""
    house = await open_wired(queues=QUICK_RETRY, prepare=doomed(step))
    agent = await house.agent("agent1", answers(after=0.1))
    colleague = await house.stage.agent("agent3", behaviour=answers(after=0.2))
    anna = await house.calls(ANNA)
    await anna.hears(agent, within=10)
    if attended:
        await agent.rung[-1].hold()
        consult = await agent.dial("agent3", answered=True)
        await consult.hears(colleague)
        await agent.rung[-1].refer_to(consult)
    else:
        await agent.rung[-1].refer("agent3")
    await dies(house, step)
    house.daemon.dies_at = None
    await house.daemon.start()
    since = house.stage.now()
    if step is Step.TRANSFER_ASKED:
        if attended:
            await agent.rung[-1].resume()
        await anna.hears(agent, since=since, within=10)
        assert await house.rows("SELECT state FROM entry") == [{"state": "talking"}]
    else:
        await anna.hears(colleague, since=since, within=10)
        assert await house.row("SELECT outcome FROM entry WHERE outcome IS NOT NULL") == {"outcome": "served"}
        ben = await house.calls(BEN)
        await ben.hears(agent, within=15)
    assert not anna.call.over
    await these_hold(house, silence_s=None)


@pytest.mark.parametrize("step", OF_A_PROMISE)
async def test_killed_while_a_promise_is_made(open_wired, step):
    house = await open_wired(queues=QUICK_RETRY, prepare=doomed(step))
    customers = await house.stage.customers(behaviour=presses_one())
    anna = await house.calls(ANNA)
    await house.asks_for_callback(anna)
    await dies(house, step)
    house.daemon.dies_at = None
    assert len(await house.rows("SELECT id FROM callback")) == (step is Step.PROMISE_STORED)
    since = len(house.daemon.lines)
    await house.daemon.start()
    if step is Step.PROMISE_STORED:  # Anna has not heard it, is recognised, and told
        await anna.hears_voice(since=house.stage.now(), within=10)
        await anna.hangup()
    else:
        await house.daemon.said("announced", offer=True, since=since)
        await anna.hears_voice(since=house.stage.now(), within=10)
        await anna.press("1")
        await anna.hears_voice(since=house.stage.now())
        await anna.press("1")
        await house.daemon.said("promised a callback", since=since)
        await anna.hears_voice(since=house.stage.now())
        await anna.hangup()
    agent = await house.agent("agent1", answers(after=0.2))
    call = await customers.next_call_to(ANNA, within=20, answered=True)
    await call.hears(agent, within=30)
    assert len(customers.calls_to(ANNA)) == 1
    await these_hold(house, silence_s=None)

"""The event log falls silent before the dial, with older lines in it: a customer who was rung is not rung again at
once."""

from __future__ import annotations

import asyncio
import subprocess
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, suppress

import pytest

from callbackd.protocol import Step
from lab.house import ANNA, BEN
from lab.phones import answers, presses_one
from lab.wired import QUICK_RETRY
from tests.faults.test_crash_points import dies, doomed

pytestmark = [pytest.mark.e2e, pytest.mark.faults]

ONE_RETRY_LATER = {
    "support": {**QUICK_RETRY["support"], "retry": {"max_attempts": 3, "no_answer_gap_s": 900}},
}


@contextmanager
def disk_full(log):
    """A full disk under the log; what stood there stands there still."""
    kept, folder = log.read_bytes(), log.parent
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k,mode=777", "tmpfs", folder], check=True)
    try:
        log.write_bytes(kept)
        with suppress(OSError), (folder / "fill").open("wb", buffering=0) as fill:
            while True:
                fill.write(b"x" * 512)
        with suppress(OSError), log.open("ab", buffering=0) as rest:
            while True:
                rest.write(b"\n")
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def unwritable(log):
    """Not even root may write."""
    subprocess.run(["chattr", "+i", log], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", log], check=True)


@asynccontextmanager
async def silent(house, how):
    """The log of a house, silent from here on."""
    if how == "module unloaded":
        await house.asterisk.cli("module unload cel_custom.so")
        yield
        return
    ways: dict[str, AbstractContextManager[None]] = {
        "disk full": disk_full(house.asterisk.event_log),
        "unwritable": unwritable(house.asterisk.event_log),
    }
    with ExitStack() as stack:
        try:
            stack.enter_context(ways[how])
        except subprocess.CalledProcessError as refused:
            # A mount and an immutable file need root, and a file system that knows them; the unloaded module does not.
            pytest.skip(f"this machine does not let us: {refused}")
        yield


async def hears_and_hangs_up(call):
    await answers(after=0.3)(call)
    await asyncio.sleep(1.0)
    await call.hangup()


@pytest.mark.parametrize("how", ["module unloaded", "disk full", "unwritable"])
async def test_killed_after_the_dial_while_the_log_is_silent_the_customer_is_rung_once(open_wired, how):
    house = await open_wired(promises=[ANNA], queues=ONE_RETRY_LATER, prepare=doomed(Step.DIAL_ANSWERED))
    customers = await house.stage.customers(behaviour=hears_and_hangs_up)
    phone = await house.stage.agent("agent1", behaviour=answers(after=0.2))
    earlier = await house.joins(BEN)
    await earlier.hangup()
    await asyncio.sleep(0.5)
    log = house.asterisk.event_log
    assert log.read_text(), "older lines are what deceived us"
    async with silent(house, how):
        written = log.read_text().strip()
        await phone.dial("*50")
        await dies(house, Step.DIAL_ANSWERED)
        house.daemon.dies_at = None
        call = await customers.next_call_to(ANNA, within=10)
        await call.is_over(within=20)  # the customer answers, hears and hangs up, while nothing is written
        assert len(customers.calls_to(ANNA)) == 1
        since = len(house.daemon.lines)
        await house.daemon.start()
        await house.daemon.said("customer not reached", since=since, within_s=15)
        await house.daemon.said("event_log_silent", since=since)
        await asyncio.sleep(2.0)
        assert log.read_text().strip() == written
        assert house.daemon.count("asked for again") == 0
    assert len(customers.calls_to(ANNA)) == 1
    assert await house.rows("SELECT outcome FROM attempt") == [{"outcome": "unknown"}]
    assert await house.rows("SELECT attempts_made FROM callback") == [{"attempts_made": 1}]


def rotated(log):
    """As logrotate does it: moved away, nothing put in its place, Asterisk not notified."""
    log.rename(log.with_name(f"{log.name}.1"))


async def test_killed_after_the_dial_and_the_log_is_rotated_the_customer_is_not_rung_as_if_never_rung(open_wired):
    house = await open_wired(promises=[ANNA], queues=ONE_RETRY_LATER, prepare=doomed(Step.DIAL_ANSWERED))
    customers = await house.stage.customers(behaviour=hears_and_hangs_up)
    phone = await house.stage.agent("agent1", behaviour=answers(after=0.2))
    await asyncio.sleep(2.0)  # an Asterisk that began within a second of the claim cannot know
    await phone.dial("*50")
    await dies(house, Step.DIAL_ANSWERED)
    house.daemon.dies_at = None
    await customers.next_call_to(ANNA, within=10, answered=True)
    await asyncio.sleep(2.0)  # she hears and hangs up
    rotated(house.asterisk.event_log)
    since = len(house.daemon.lines)
    await house.daemon.start()
    await house.daemon.said("customer not reached", since=since, within_s=15)
    await asyncio.sleep(2.0)
    assert house.daemon.count("asked for again") == 0
    assert house.daemon.count("event_log_silent") == 0
    assert len(customers.calls_to(ANNA)) == 1
    assert await house.rows("SELECT outcome FROM attempt") == [{"outcome": "cut_off"}], "the copy has her answer"
    assert await house.rows("SELECT attempts_made FROM callback") == [{"attempts_made": 1}]


@pytest.mark.parametrize("log_is", ["untouched", "rotated"])
async def test_killed_before_the_dial_in_a_quiet_house_the_attempt_is_not_used_up(open_wired, log_is):
    """Nobody else calls, so nothing else is written: the proof that the log is written is made for this.

    Asterisk is not notified of a rotation either: it opens the file for each line.
    """
    house = await open_wired(promises=[ANNA], queues=ONE_RETRY_LATER, prepare=doomed(Step.DIAL_ASKED))
    customers = await house.stage.customers(behaviour=presses_one())
    phone = await house.stage.agent("agent1", behaviour=answers(after=0.2))
    if log_is == "rotated":
        earlier = await house.joins(BEN)
        await earlier.hangup()
    await asyncio.sleep(2.0)  # an Asterisk that began within a second of the claim cannot know
    if log_is == "rotated":
        rotated(house.asterisk.event_log)
    await phone.dial("*50")
    await dies(house, Step.DIAL_ASKED)
    house.daemon.dies_at = None
    await house.daemon.start()
    await house.daemon.said("asked for again", within_s=15)
    call = await customers.next_call_to(ANNA, within=10, answered=True)
    await call.hears(phone, within=20)
    assert len(customers.calls_to(ANNA)) == 1
    assert await house.rows("SELECT attempts_made FROM callback") == [{"attempts_made": 1}]
    assert house.daemon.count("event_log_silent") == 0

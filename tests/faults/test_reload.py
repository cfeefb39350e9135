"""The config is changed under a daemon at work, and a daemon that hangs is ended by its service manager."""

from __future__ import annotations

import time

import pytest

from lab.daemon import NO_TIMES, QUICK_OFFER
from lab.holds import these_hold
from lab.house import ANNA, BEN, CORA
from lab.phones import answers

pytestmark = [pytest.mark.e2e, pytest.mark.faults]

SUPPORT = {"wrap_up_s": 0, "ring_s": 4, "offer": QUICK_OFFER, "announcements": {"every_s": 5}, "slots": NO_TIMES}
ONE = {"agent1": {"endpoint": "PJSIP/agent1", "queues": ["support"]}}
TWO = ONE | {"agent2": {"endpoint": "PJSIP/agent2", "queues": ["support"]}}


async def test_an_invalid_config_changes_nothing(open_house):
    house = await open_house(queues={"support": SUPPORT})
    anna = await house.joins(ANNA)
    good = house.daemon.config_path.read_text()
    house.daemon.rewrite(good + "[nonsense]\n")
    status, said = await house.daemon.runs("reload")
    assert (status, "nonsense: unknown key" in said) == (2, True)
    assert house.daemon.count("config_refused") == 0, "the command line has refused it already"
    house.daemon.hang_up()
    refused = await house.daemon.said("config_refused")
    assert "nonsense: unknown key" in refused["why"]
    agent = await house.agent("agent1", answers(after=0.1))
    await anna.hears(agent, within=15)
    assert house.daemon.count("started") == 1
    await these_hold(house)


async def test_a_good_one_is_taken_up_while_callers_wait_and_talk(open_house):
    house = await open_house(queues={"support": SUPPORT}, agents=ONE)
    agent = await house.agent("agent1", answers(after=0.1))
    anna = await house.joins(ANNA)
    await anna.hears(agent, within=15)
    ben, cora = await house.joins(BEN), await house.joins(CORA)
    pid, since = house.daemon.pid, len(house.daemon.lines)
    house.daemon.rewrite(agents=TWO)
    status, _ = await house.daemon.runs("reload")
    assert status == 0
    await house.daemon.said("back", subject="asterisk", since=since)
    assert house.daemon.pid == pid
    await anna.hears(agent, since=house.stage.now())
    second = await house.agent("agent2", answers(after=0.1))
    await ben.hears(second, within=15)
    await anna.hangup()
    await cora.hears(agent, within=15)
    await these_hold(house)


async def test_a_daemon_that_hangs_is_ended_within_ten_seconds_and_callers_hear_music_meanwhile(open_house):
    house = await open_house(queues={"support": SUPPORT})
    house.daemon.watchdog_s = 5.0
    await house.daemon.stop()
    await house.daemon.start()
    anna, ben = await house.joins(ANNA), await house.joins(BEN)
    house.daemon.freeze()
    began = time.monotonic()
    cora = await house.calls(CORA)
    await house.daemon.starves()
    assert time.monotonic() - began < 10
    since = len(house.daemon.lines)
    await house.daemon.start()
    await house.daemon.said("joined the line", since=since)  # Cora, who came meanwhile
    agent = await house.agent("agent1", answers(after=0.1, talk=1.5))
    for caller in (anna, ben, cora):
        await caller.hears(agent, within=15)
    assert [caller.gaps(1.0) for caller in (anna, ben, cora)] == [[], [], []]
    await these_hold(house)

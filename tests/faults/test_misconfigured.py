"""What an operator can do to us while we run: another password, a dialplan without our part."""

from __future__ import annotations

import asyncio

import pytest

from lab.holds import these_hold
from lab.house import ANNA, BEN
from lab.phones import answers, rings
from lab.wired import QUICK_RETRY

pytestmark = [pytest.mark.e2e, pytest.mark.faults]

STREAM = b"GET /ari/events"


async def test_another_ari_password_makes_one_alert_and_few_tries_and_mends_by_itself(open_wired):
    quiet = {"announcements": {"first_after_s": 60, "every_s": 60}}
    house = await open_wired(queues={"support": QUICK_RETRY["support"] | quiet})
    anna = await house.joins(ANNA)
    await anna.hears_music(within=20)
    config = house.asterisk.dir / "etc/ari_callbackd.conf"
    right = config.read_text()
    config.write_text(right.replace(house.asterisk.ari_password, "another"))
    await house.asterisk.cli("module reload res_ari.so")
    since, taken = len(house.daemon.lines), house.ari.counts["taken"]
    house.ari.cut(STREAM)
    alert = await house.daemon.said("ari_waiting", since=since)
    assert "ari.conf" in alert["why"]
    async with asyncio.timeout(20):
        while house.ari.counts["taken"] - taken < 2:  # it has tried again: five seconds later
            await asyncio.sleep(0.1)
    lines = [line for line in house.daemon.lines[since:] if line.get("level") in {"warning", "error"}]
    alerts = [line for line in lines if "ari.conf" in str(line)]
    assert len(alerts) == 1, alerts
    assert len(lines) <= 5, lines
    assert house.stage.now() - alert["at"] > 4, "it spins"
    assert anna.ended_by is None
    config.write_text(right)
    await house.asterisk.cli("module reload res_ari.so")
    await house.daemon.said("resynced", since=since, within_s=10)
    agent = await house.agent("agent1", answers(after=0.1))
    await anna.hears(agent, within=10)
    await these_hold(house)


async def test_without_our_dialplan_nobody_is_dialled_one_alert_is_made_and_no_attempt_is_lost(open_wired):
    house = await open_wired(promises=[ANNA], queues=QUICK_RETRY)
    customers = await house.stage.customers(behaviour=rings)
    config = house.asterisk.dir / "etc/extensions_callbackd.conf"
    right = config.read_text()
    config.write_text(right.replace("[callbackd-outbound]", "[somewhere-else]"))
    await house.asterisk.cli("dialplan reload")
    agent = await house.agent("agent1", answers(after=0.1))
    for _ in range(3):
        refused = await house.daemon.said("customer not reached", since=house.daemon.last_index("not reached") + 1)
        assert "not_dialled" in refused["reason"]
    assert customers.calls == []
    assert house.daemon.count("dialplan_missing") == 1
    assert "extensions_callbackd.conf" in (await house.daemon.said("dialplan_missing"))["why"]
    assert await house.rows("SELECT attempts_made FROM callback") == [{"attempts_made": 0}]
    ben = await house.calls(BEN)
    await ben.hears(agent, within=10)
    await ben.hangup()
    config.write_text(right)
    await house.asterisk.cli("dialplan reload")
    await (await customers.next_call_to(ANNA, within=20)).is_ringing()
    assert len(customers.calls_to(ANNA)) == 1
    await these_hold(house)

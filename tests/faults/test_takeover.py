"""A second daemon takes over from one that is killed, hands over, or hangs; and the fallback when none comes."""

from __future__ import annotations

import asyncio
import re

import pytest
from sqlalchemy import text

from callbackd.app.main import REPLACED
from callbackd.db.engine import engine_for
from lab.daemon import NO_TIMES, Daemon
from lab.holds import these_hold
from lab.house import ANNA, BEN, CORA, DAN, House
from lab.phones import answers, presses_one, rings

pytestmark = [pytest.mark.e2e, pytest.mark.faults]


async def loses(house: House, sql: str) -> None:
    """The database forgets."""
    engine = engine_for(house.database_url)
    async with engine.begin() as connection:
        await connection.execute(text(sql))
    await engine.dispose()


@pytest.fixture
async def pair(open_house):
    """A house, and beside its daemon a standby that waits for the right to dial."""
    house = await open_house()
    standby = Daemon(house.asterisk.slot, house.asterisk, house.database_url, name="standby")
    standby.config["database"]["standby"] = True
    await standby.start(wait=False)
    await standby.said("standby", why="waits for the right to dial")
    yield house, standby
    await standby.stop()


async def test_a_standby_takes_over_from_one_that_is_killed(pair):
    house, standby = pair
    customers = await house.stage.customers(behaviour=rings)
    anna, ben = await house.joins(ANNA), await house.joins(BEN)
    await house.takes_callback(await house.calls(CORA))
    await anna.hangup()
    agent = await house.agent("agent1", answers(after=0.1, talk=1.0))
    await ben.hears(agent, within=20)
    call = await customers.next_call_to(CORA, within=15)
    await call.is_ringing()
    dan = await house.joins("+442079460104")
    await house.daemon.kill()
    await standby.said("back", subject="asterisk")
    house.daemon = standby
    person = asyncio.create_task(presses_one()(call))
    await call.hears(agent, within=25)
    await dan.hears(agent, within=25)
    person.cancel()
    assert len(customers.calls_to(CORA)) == 1
    await these_hold(house)


async def test_a_drain_hands_over_without_a_moment_in_which_nobody_is_there(pair):
    house, standby = pair
    anna = await house.joins(ANNA)
    draining = asyncio.create_task(house.daemon.runs("drain"))
    await house.daemon.said("drained")
    ben = await house.calls(BEN)
    status, said = await draining
    assert status == 0, said
    await standby.said("back", subject="asterisk")
    assert await house.daemon.ended() == 0
    assert house.daemon.count("handed over") == 1
    agent = await house.stage.agent("agent1", behaviour=answers(after=0.1, talk=1.0))
    house.daemon = standby
    await house.dials_code(agent, "*50")
    await anna.hears(agent, within=15)
    await ben.hears(agent, within=15)
    assert "doesn't exist" not in house.asterisk.log(), "Stasis() found its application at any moment"
    await these_hold(house)


async def test_a_drain_waits_for_the_customer_who_is_being_rung(open_house):
    house = await open_house()
    customers = await house.stage.customers(behaviour=rings)
    await house.takes_callback(await house.calls(ANNA))
    agent = await house.agent("agent1", answers(after=0.1))
    call = await customers.next_call_to(ANNA, within=15)
    await call.is_ringing()
    house.daemon.drain()
    await house.daemon.said("draining", in_flight=1)
    person = asyncio.create_task(presses_one()(call))
    await call.hears(agent, within=20)
    person.cancel()
    assert await house.daemon.ended() == 0
    await call.hears(agent, since=house.stage.now())
    assert len(customers.calls_to(ANNA)) == 1


async def test_a_standby_does_nothing_while_the_other_one_only_hangs(pair):
    house, standby = pair
    house.daemon.freeze()
    anna = await house.calls(ANNA)
    await anna.hears_music(within=3)
    await asyncio.sleep(2)  # as long as a take-over takes
    assert standby.count("started") == 0
    await house.daemon.kill()
    await standby.said("back", subject="asterisk")
    house.daemon = standby
    agent = await house.agent("agent1", answers(after=0.1))
    await anna.hears(agent, within=15)
    await these_hold(house)


async def test_a_daemon_whose_application_is_taken_ends(open_house):
    house = await open_house()
    other = Daemon(house.asterisk.slot, house.asterisk, "embedded", name="other")
    await other.start()
    assert await house.daemon.ended() == REPLACED
    await other.stop()


async def test_nobody_comes_back_and_rescue_hands_the_callers_to_the_fallback(open_house):
    quiet = {"announcements": {"first_after_s": 600}, "offer": {"enabled": False}, "slots": NO_TIMES}
    house = await open_house(queues={"support": quiet})
    # All phones of the fallback queue: it rings one that is away for 15 s, and keeps a caller for as long.
    agents = [await house.stage.agent(f"agent{n}", behaviour=answers(after=0.1, talk=1.0)) for n in range(1, 7)]
    callers = [await house.joins(number) for number in (ANNA, BEN, CORA, DAN)]
    await callers[0].hears_music(within=15)  # which goes on by itself, however long the rescue takes to come
    status, said = await house.daemon.runs("rescue", "--after", "0")
    assert status == 3, "a daemon is at work"
    assert "looks after its callers" in said
    await house.daemon.kill()
    status, said = await house.daemon.runs("rescue", "--after", "0")
    assert (status, said.splitlines()[-1]) == (0, "4 callers handed over")
    taken_on = re.findall(r'Queue\("PJSIP/trunk-in-(\d+)"', house.asterisk.log())
    assert taken_on == sorted(taken_on), "in the order they came"
    assert len(taken_on) == len(callers)
    for caller in callers:
        assert await caller.is_over(within=20) == "them", "the agent talked, and hung up"
        assert caller.gaps(longer_than=1.0) == []
        assert any(caller.call.hearing.spans(agent.name) for agent in agents)


async def test_rescue_without_asterisk_says_so(open_house):
    house = await open_house()
    await house.daemon.kill()
    await house.asterisk.kill()
    status, said = await house.daemon.runs("rescue", "--after", "0")
    assert status == 3
    assert "no answer from Asterisk" in said


async def test_a_caller_whose_row_is_lost_keeps_the_place(open_house):
    house = await open_house()
    anna = await house.joins(ANNA)
    await anna.hears_voice()
    await house.daemon.kill()
    await loses(house, "DELETE FROM entry")
    ben = await house.calls(BEN)
    await ben.hears_music(within=5)
    await house.daemon.start()
    await house.daemon.said("joined the line", reason="stood in the line already", position=1)
    await house.daemon.said("joined the line", position=2)
    agent = await house.agent("agent1", answers(after=0.1, talk=1.0))
    await anna.hears(agent, within=20)
    await ben.hears(agent, within=20)
    assert [call.from_user for call in agent.rung] == [ANNA, BEN]
    await these_hold(house)


async def test_an_agent_who_answers_while_nobody_is_there_gets_the_caller_afterwards(open_house):
    house = await open_house()
    agent = await house.agent("agent1", rings)
    anna = await house.joins(ANNA)
    ring = await agent.next_call()
    await ring.is_ringing()
    await house.daemon.kill()
    await ring.answer()
    await ring.hears_music(within=5)
    await house.daemon.start()
    await anna.hears(agent, within=10)
    assert len(agent.rung) == 1
    await these_hold(house)


async def test_an_old_backup_is_noticed_and_nobody_is_dialled(open_house):
    house = await open_house()
    customers = await house.stage.customers(behaviour=answers(after=0.2, talk=1.0))
    for number in (BEN, ANNA):
        since = len(house.daemon.lines)
        await house.takes_callback(await house.calls(number))
        await house.daemon.said("promised a callback", since=since)
    await house.daemon.stop()
    await loses(house, f"DELETE FROM callback WHERE number = '{ANNA}'")
    await house.daemon.start()
    older = await house.daemon.said("database_older")
    cora = await house.calls(CORA)
    told = await house.daemon.said("announced", offer=False)
    assert told["offer_reason"] == "nobody is rung now: a promise could not be kept"
    agent = await house.agent("agent1", answers(after=0.2, talk=1.0))
    await cora.hears(agent, within=10)
    await asyncio.sleep(2)  # a free agent and a promise: it would be dialled at once
    assert customers.calls == []
    (house.daemon.dir / "state/newest.json").unlink()
    assert "newest.json" in older["why"]
    await house.daemon.stop()
    await house.daemon.start()
    await customers.next_call_to(BEN, within=15)

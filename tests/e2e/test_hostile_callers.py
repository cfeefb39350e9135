"""Callers whose number or name is an attack: on phones, with a second ear on the manager's line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from lab.asterisk import Asterisk
from lab.house import ANNA, BEN, House
from lab.phones import PhoneFailed, answers

pytestmark = pytest.mark.e2e

SHUTDOWN = "%0D%0A%0D%0AEvent%3A%20Shutdown%0D%0AShutdown%3A%20Cleanly%0D%0A%0D%0A"
PAST_US, TO_THE_FALLBACK, TO_US = "8010", "8006", "8001"


@asynccontextmanager
async def listening(asterisk: Asterisk) -> AsyncIterator[Callable[[], str]]:
    """What the manager writes to a user with our rights, word by word."""
    reader, writer = await asyncio.open_connection("127.0.0.1", asterisk.ami_port)
    login = {"Action": "Login", "Username": asterisk.ami_user, "Secret": asterisk.ami_password, "Events": "on"}
    writer.write("".join(f"{name}: {value}\r\n" for name, value in login.items()).encode() + b"\r\n")
    said = bytearray()

    async def listen() -> None:
        while data := await reader.read(65536):
            said.extend(data)

    listener = asyncio.create_task(listen())
    yield lambda: said.decode(errors="replace")
    listener.cancel()
    writer.close()


async def calls_as(house: House, user: str, to: str, name: str = "x") -> None:
    """Somebody whose From says this calls, is answered, stays for a moment and hangs up."""
    evil = house.stage.caller(None, name="evil", from_header=f'"{name}" <sip:{user}@127.0.0.2>', silent=True)
    await evil.dial(to, answered=True)
    await asyncio.sleep(1.5)
    with suppress(PhoneFailed):  # the other side may have been faster
        await evil.hangup()


async def is_served(house: House, number: str, agent) -> None:
    caller = await house.calls(number)
    await caller.hears(agent, within=10)
    await caller.hangup()


@pytest.mark.parametrize("user", [f"x{SHUTDOWN}", f"%2B442079460014{SHUTDOWN}"])
async def test_a_callers_number_that_forges_a_shutdown_on_the_manager_line_stops_nothing(house, user):
    agent = await house.agent("agent1", answers(after=0.1))
    await house.stage.agent("agent6", behaviour=answers(after=0.1, talk=1.0))
    away = house.daemon.count("away")
    async with listening(house.asterisk) as said:
        await calls_as(house, user, PAST_US)
        assert "\r\n\r\nEvent: Shutdown\r\n" in said(), "the attack was none"
    await is_served(house, BEN, agent)
    assert house.daemon.count("away") == away
    assert house.daemon.count("ami_lost") == 0


async def test_a_conversation_goes_on_while_a_shutdown_is_forged(house):
    agent = await house.agent("agent1", answers(after=0.1))
    await house.stage.agent("agent6", behaviour=answers(after=0.1, talk=1.0))
    anna = await house.calls(ANNA)
    await anna.hears(agent, within=10)
    async with listening(house.asterisk) as said:
        await calls_as(house, f"x{SHUTDOWN}", PAST_US)
        assert "\r\n\r\nEvent: Shutdown\r\n" in said(), "the attack was none"
    await anna.hears(agent, since=house.stage.now())
    assert anna.gaps(longer_than=2.0) == []
    assert await house.rows("SELECT state, agent FROM entry") == [{"state": "talking", "agent": "agent1"}]


@pytest.mark.parametrize("to", [TO_THE_FALLBACK, TO_US])
async def test_no_control_character_gets_past_our_dialplan(house, to):
    agent = await house.agent("agent1", answers(after=0.1))
    every = "".join(f"%{n:02X}" for n in [*range(1, 32), 127])
    async with listening(house.asterisk) as said:
        await calls_as(house, f"x{SHUTDOWN}", to)
        await calls_as(house, f"a{every}z", to, name='q\\"(e,){}%0D%0A')
        await is_served(house, ANNA, agent)
    assert "\r\nEvent: Shutdown" not in said()
    rung = [call.from_user for call in agent.rung]
    assert len(rung) == 3
    assert all(user.isprintable() for user in rung), rung
    if to == TO_THE_FALLBACK:
        assert rung[:2] == ["x????Event: Shutdown??Shutdown: Cleanly????", f"a{'?' * 32}z"]


async def test_brackets_and_commas_in_a_number_do_not_get_a_line_break_past_our_dialplan(house):
    """Each is an attempt to make the dialplan's own functions end early, slice, or count wrongly."""
    fallback = await house.stage.agent("agent1", behaviour=answers(after=0.1))
    users = [f"{trick}{SHUTDOWN}" for trick in ("%29", "%29%3A0%3A1%28", "%7D", "%22%2C", "%24%7B", "%5C%5C", "%2C%2C")]
    async with listening(house.asterisk) as said:
        for user in users:
            await calls_as(house, user, TO_THE_FALLBACK)
    assert "\r\nEvent: Shutdown" not in said()
    assert len(fallback.rung) == len(users)
    assert all("????Event: Shutdown??" in call.from_user for call in fallback.rung)


JUNK = ["%2B442079460008%40evil.host", "%2B442079460008%0D%0A", "%2B44%3F2079460008"]


@pytest.mark.parametrize("user", JUNK)
async def test_a_number_with_junk_in_it_is_not_a_number(house, user):
    """The caller is served like anybody who shows no number; nobody's number is made of what is left."""
    agent = await house.agent("agent1", answers(after=0.1))
    await calls_as(house, user, TO_US)
    assert await house.rows("SELECT number FROM entry") == [{"number": ""}]
    assert len(agent.rung) == 1
    assert "442079460008" not in agent.rung[0].from_user


async def test_a_graceful_stop_is_noticed_at_once_by_the_end_of_the_event_stream(house):
    since = len(house.daemon.lines)
    stopping = asyncio.create_task(house.asterisk.cli("core stop gracefully"))
    lost = await house.daemon.said("away", since=since, within_s=2)
    assert "event stream ended" in lost["reason"]
    with suppress(Exception):
        await stopping
    await house.asterisk.stop()  # its process may take a moment longer than its console

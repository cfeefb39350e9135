"""The AMI adapter on a real Asterisk, with the user and the event filter that asterisk-config gives it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from callbackd.ami.client import Address, Ami, Link, LoginRefused, Outcome
from callbackd.ami.decode import Claim, Decode
from callbackd.ari.client import Address as AriAddress
from callbackd.ari.client import Ari
from callbackd.domain.events import Ending, LegEnded
from callbackd.domain.ids import LegId, Mint
from lab.asterisk import Asterisk
from tests.ari.sip_phone import phone

pytestmark = pytest.mark.e2e

MINT = Mint(b"tests of the AMI")


class Witness:
    """The AMI adapter as the daemon wires it, with a list in place of the domain."""

    def __init__(self, asterisk: Asterisk) -> None:
        address = Address("127.0.0.1", asterisk.ami_port, asterisk.ami_user, asterisk.ami_password)
        self.told: list[Claim | Link] = []
        self.news = asyncio.Event()
        self.raw: list[str] = []
        self.decode = Decode()
        self.ami = Ami(address, self.on_event, self.tell)

    def on_event(self, fields: dict[str, object]) -> None:
        self.raw.append(str(fields["Event"]))
        if claim := self.decode(fields):
            self.tell(claim)

    def tell(self, what: Claim | Link, _: str = "") -> None:
        self.told.append(what)
        self.news.set()

    async def hears(self, what: Claim | Link, within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s):
            while what not in self.told:
                self.news.clear()
                await self.news.wait()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Witness"]:
        running = asyncio.create_task(self.ami.run())
        try:
            await self.hears(Link.CONNECTED)
            yield self
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_the_read_only_user_may_look_and_do_nothing_else(asterisk: Asterisk) -> None:
    async with Witness(asterisk).open() as witness:
        assert (await witness.ami.ask("Ping")).outcome is Outcome.DONE
        for action in ("Originate", "Command", "Setvar", "Redirect", "Hangup", "UpdateConfig"):
            result = await witness.ami.ask(action, Channel="PJSIP/agent1", Command="core show version")
            assert result.outcome is Outcome.REFUSED, action


async def test_a_wrong_password_is_refused_with_the_way_out(asterisk: Asterisk) -> None:
    ami = Ami(Address("127.0.0.1", asterisk.ami_port, "callbackd", "wrong"), print, print)
    with pytest.raises(LoginRefused, match="same secret"):
        async with ami.connection():
            pass


async def test_every_leg_that_is_busy_at_once_is_reported_although_ari_may_miss_it(asterisk: Asterisk) -> None:
    address = AriAddress(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password)
    legs = []
    async with (
        Witness(asterisk).open() as witness,
        Ari(address) as ari,
        phone(asterisk.trunk_port, "486 Busy Here"),
    ):
        for _ in range(20):
            legs.append(MINT.leg(time.time()))
            assert await ari.fresh.channels.originate_with_id(
                legs[-1], endpoint="PJSIP/+48221234567@trunk", context="callbackd-outbound", extension="s", priority=1
            )
        stranger = await ari.fresh.channels.originate(
            endpoint="PJSIP/+48221234567@trunk", context="callbackd-outbound", extension="s", priority=1
        )
        assert stranger
        for leg in legs:
            await witness.hears(LegEnded(LegId(leg), Ending.BUSY, 17, 486))
        await asyncio.sleep(0.2)
    assert witness.raw.count("Hangup") == 20, "the filter keeps other people's calls away"
    assert set(witness.raw) <= {"Hangup", "FullyBooted"}


async def test_after_a_graceful_stop_the_line_is_lost_and_comes_back(asterisk: Asterisk) -> None:
    async with Witness(asterisk).open() as witness:
        await asterisk.stop()
        await witness.hears(Link.LOST)
        assert witness.told == [Link.CONNECTED, Link.LOST], "and nothing is made of what it says in farewell"
        assert (await witness.ami.ask("Ping")).outcome is Outcome.NOT_SENT
        witness.told.clear()
        await asterisk.start()
        await witness.hears(Link.CONNECTED)


async def test_a_frozen_asterisk_is_noticed_within_six_seconds(asterisk: Asterisk) -> None:
    async with Witness(asterisk).open() as witness:
        asterisk.freeze()
        await witness.hears(Link.LOST, 6.5)
        witness.told.clear()
        asterisk.thaw()
        await witness.hears(Link.CONNECTED)

"""The ARI client against a small web server that misbehaves on purpose; the real one is asked in test_on_asterisk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from callbackd.ari import client
from callbackd.ari.client import Address, Ari, Link
from callbackd.ari.generated import ASTERISK_VERSION
from callbackd.ari.reply import Answer, Reply
from tests.ari.fake_asterisk import FakeAsterisk, asking, json_answer, serving


class Owner:
    """The user of the client: keeps what the client reports."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.news = asyncio.Event()

    def event(self, event: dict[str, Any]) -> None:
        if event.get("type") == "Poison":
            raise ValueError("a bug in decode")
        self.told.append(event)
        self.news.set()

    def link(self, link: Link, why: str) -> None:
        self.told.append(link)
        self.news.set()

    async def hears(self, what: Any, within_s: float = 3.0) -> None:
        async with asyncio.timeout(within_s):
            while what not in self.told:
                self.news.clear()
                await self.news.wait()


@pytest.fixture
async def fake() -> AsyncIterator[FakeAsterisk]:
    async with serving(FakeAsterisk()) as it:
        yield it


@asynccontextmanager
async def connected(fake: Any, owner: Owner, events: tuple[str, ...] = (), **options: Any) -> AsyncIterator[Ari]:
    address = Address(fake if isinstance(fake, str) else fake.url, "callbackd", "secret")
    async with Ari(address, events, **options) as ari:
        running = asyncio.create_task(ari.run(owner.event, owner.link))
        try:
            yield ari
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


# --- requests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reply"),
    [
        (204, Reply.OK),
        (400, Reply.REFUSED),
        (401, Reply.NOT_AUTHORISED),
        (403, Reply.NOT_AUTHORISED),
        (404, Reply.GONE),
        (409, Reply.CONFLICT),
        (412, Reply.REFUSED),
        (422, Reply.REFUSED),
        (500, Reply.PBX_ERROR),
        (503, Reply.PBX_ERROR),
    ],
)
async def test_every_status_is_sorted_once(fake: FakeAsterisk, status: int, reply: Reply) -> None:
    fake.answer = json_answer(status)
    async with asking(fake) as ari:
        answer = await ari.api.channels.answer("1.2")
    assert answer.reply is reply
    assert answer.reason == ("" if reply is Reply.OK else "because")


async def test_a_404_from_the_web_server_does_not_mean_that_the_channel_is_gone(fake: FakeAsterisk) -> None:
    async def page(_: web.Request) -> web.StreamResponse:
        return web.Response(status=404, text="<html>Not Found</html>", content_type="text/html")

    fake.answer = page
    async with asking(fake) as ari:
        assert (await ari.api.channels.get("1.2")).reply is Reply.PBX_ERROR


async def test_no_listener_means_that_the_request_never_left() -> None:
    async with asking("http://127.0.0.1:1/ari") as ari:
        answer = await ari.fresh.channels.originate_with_id("cbd-x", endpoint="PJSIP/a")
    assert answer.reply is Reply.UNREACHABLE
    assert answer.never_happened


async def test_silence_means_that_nobody_knows(fake: FakeAsterisk) -> None:
    over = asyncio.Event()

    async def silence(_: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    fake.answer = silence
    async with asking(fake, limit_s=0.2) as ari:
        answer = await ari.fresh.channels.originate_with_id("cbd-x", endpoint="PJSIP/a")
    over.set()
    assert answer.reply is Reply.UNKNOWN
    assert not answer.never_happened


async def test_a_cut_connection_means_that_nobody_knows(fake: FakeAsterisk) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    fake.answer = cut
    async with asking(fake) as ari:
        assert (await ari.fresh.channels.originate_with_id("cbd-x", endpoint="PJSIP/a")).reply is Reply.UNKNOWN
    assert len(fake.asked) == 1, "an originate is never sent twice"


async def test_with_all_connections_busy_the_request_never_leaves(fake: FakeAsterisk) -> None:
    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.35)
        return web.json_response({})

    fake.answer = slow
    async with asking(fake, limit_s=0.5) as ari:
        answers = await asyncio.gather(*(ari.api.channels.answer(f"1.{n}") for n in range(2 * client.KEPT)))
    assert [a.reply for a in answers] == [Reply.OK] * client.KEPT + [Reply.UNREACHABLE] * client.KEPT
    assert len(fake.asked) == client.KEPT


async def test_an_unreadable_answer_means_that_nobody_knows(fake: FakeAsterisk) -> None:
    async def garbage(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b'{"id": ', content_type="application/json")

    fake.answer = garbage
    async with asking(fake) as ari:
        assert (await ari.api.channels.get("1.2")).reply is Reply.UNKNOWN


async def test_values_cannot_leave_their_place_in_the_address(fake: FakeAsterisk) -> None:
    async with asking(fake) as ari:
        await ari.api.channels.get("../x?y=1#z")
        await ari.api.channels.play_with_id("1.2", "cbd-p", media=["sound:a&b", "sound:ä"], offsetms=None)
        await ari.api.bridges.add_channel("b", channel=["1", "2"], inhibit_connected_line_updates=True)
        await ari.fresh.channels.originate_with_id("c", endpoint="PJSIP/a", variables={"X": "1"})
    assert [path for _, path, _ in fake.asked] == [
        "/ari/channels/..%2Fx%3Fy%3D1%23z",
        "/ari/channels/1.2/play/cbd-p?media=sound%3Aa%26b%2Csound%3A%C3%A4",
        "/ari/bridges/b/addChannel?channel=1%2C2&inhibitConnectedLineUpdates=true",
        "/ari/channels/c?endpoint=PJSIP%2Fa",
    ]
    assert [body for _, _, body in fake.asked] == [None, None, None, {"variables": {"X": "1"}}]


async def test_ordinary_requests_share_a_connection_and_originates_do_not(fake: FakeAsterisk) -> None:
    async with asking(fake) as ari:
        for _ in range(3):
            await ari.api.channels.answer("1.2")
        for _ in range(3):
            await ari.fresh.channels.originate_with_id("cbd-x", endpoint="PJSIP/a")
    assert len(set(fake.peers[:3])) == 1
    assert len(set(fake.peers)) == 4


# --- the event stream -------------------------------------------------------------------------------------------------


async def test_events_come_in_order_after_connected_and_only_those_we_want(fake: FakeAsterisk) -> None:
    owner = Owner()
    async with connected(fake, owner, events=("StasisStart", "Dial")) as ari:
        await owner.hears(Link.CONNECTED)
        await fake.say({"type": "StasisStart", "n": 1}, {"type": "Dial", "n": 2})
        await owner.hears({"type": "Dial", "n": 2})
        assert ari.version == ASTERISK_VERSION
    assert owner.told == [Link.CONNECTED, {"type": "StasisStart", "n": 1}, {"type": "Dial", "n": 2}]
    method, path, body = fake.asked[0]
    assert (method, path) == ("PUT", "/ari/applications/callbackd/eventFilter")
    assert [kind["type"] for kind in body["allowed"]] == [
        "ApplicationReplaced",
        "ChannelUserevent",
        "Dial",
        "StasisStart",
    ]


async def test_a_bad_message_costs_only_itself(fake: FakeAsterisk) -> None:
    owner = Owner()
    async with connected(fake, owner) as ari:
        await owner.hears(Link.CONNECTED)
        good = {"type": "Fine", "pad": "x" * 2**20}
        await fake.say("{not json", "[1]", '"x"', "{}", "null", {"type": "Poison"})
        await fake.websockets[-1].send_bytes(b'{"type": "Fine"}')
        await fake.say(good)
        await owner.hears(good)
        assert ari.malformed == 7
    assert owner.told == [Link.CONNECTED, good]


async def test_a_cut_stream_is_reported_and_opened_again(fake: FakeAsterisk) -> None:
    owner = Owner()
    async with connected(fake, owner):
        await owner.hears(Link.CONNECTED)
        await fake.websockets[-1].close()
        await owner.hears(Link.LOST)
        owner.told.clear()
        await owner.hears(Link.CONNECTED, within_s=1)


async def test_a_half_open_stream_is_noticed_within_six_seconds(fake: FakeAsterisk) -> None:
    fake.pongs = False
    owner = Owner()
    async with connected(fake, owner):
        await owner.hears(Link.CONNECTED)
        started = asyncio.get_running_loop().time()
        await owner.hears(Link.LOST, within_s=6)
        assert asyncio.get_running_loop().time() - started > 3, "it was given the time to answer"


async def test_a_stream_is_connected_only_when_an_event_has_come_through_it(
    fake: FakeAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "HELLO_S", 0.2)
    fake.echoes = False
    owner = Owner()
    with capture_logs() as said:
        async with connected(fake, owner):
            await asyncio.sleep(0.5)
            assert owner.told == []
            fake.echoes = True
            await owner.hears(Link.CONNECTED)
    assert "no events arrive" in str(said)


async def test_events_before_the_hello_are_not_lost(fake: FakeAsterisk) -> None:
    async def early(request: web.Request) -> web.StreamResponse:
        await fake.say({"type": "StasisStart", "n": 1})
        return await fake.well(request)

    fake.answer = early
    owner = Owner()
    async with connected(fake, owner):
        await owner.hears(Link.CONNECTED)
        await fake.say({"type": "Last"})
        await owner.hears({"type": "Last"})
    assert owner.told == [Link.CONNECTED, *[{"type": "StasisStart", "n": 1}] * 2, {"type": "Last"}]


async def test_an_application_lost_between_two_connections_is_soon_registered_again(fake: FakeAsterisk) -> None:
    fake.answer = json_answer(404, "Application does not exist.")
    owner = Owner()
    async with connected(fake, owner):
        await asyncio.sleep(0.05)
        fake.answer = fake.well
        await owner.hears(Link.CONNECTED, within_s=1)


async def test_a_quiet_stream_stays_open(fake: FakeAsterisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "HEARTBEAT_S", 1.0)
    owner = Owner()
    async with connected(fake, owner, limit_s=0.5):
        await owner.hears(Link.CONNECTED)
        await asyncio.sleep(2.5)  # only time shows that nothing happens: two heartbeats, five times the limit
        assert owner.told == [Link.CONNECTED]


async def test_being_replaced_ends_it_for_good(fake: FakeAsterisk) -> None:
    owner = Owner()
    address = Address(fake.url, "callbackd", "secret")
    async with Ari(address) as ari:
        running = asyncio.create_task(ari.run(owner.event, owner.link))
        await owner.hears(Link.CONNECTED)
        await fake.say({"type": "ApplicationReplaced", "application": "other"})
        await fake.say({"type": "ApplicationReplaced", "application": "callbackd"}, {"type": "Late"})
        async with asyncio.timeout(3):
            await running
    assert owner.told[-1] is Link.REPLACED
    assert len(fake.websockets) == 1


async def test_without_asterisk_it_waits_logs_that_once_and_finds_it_when_it_comes(
    unused_tcp_port: int,
) -> None:
    owner = Owner()
    with capture_logs() as said:
        async with connected(f"http://127.0.0.1:{unused_tcp_port}/ari", owner):
            await asyncio.sleep(0.8)
            async with serving(FakeAsterisk(), unused_tcp_port):
                await owner.hears(Link.CONNECTED, within_s=3)
                assert owner.told == [Link.CONNECTED]
    assert str(said).count("waiting for it") == 1


@pytest.mark.parametrize(
    ("status", "way_out"), [(401, "same password"), (404, "enabled = yes"), (500, "not ready")], ids=str
)
async def test_a_refused_stream_is_explained(fake: FakeAsterisk, status: int, way_out: str) -> None:
    fake.upgrade_status = status
    with capture_logs() as said:
        async with connected(fake, Owner()):
            await asyncio.sleep(0.3)
    assert way_out in str(said)
    assert "secret" not in str(said)


async def test_a_read_only_user_is_explained(fake: FakeAsterisk) -> None:
    fake.answer = json_answer(403, "Write access denied")
    owner = Owner()
    with capture_logs() as said:
        async with connected(fake, owner):
            await asyncio.sleep(0.3)
    assert "read_only = no" in str(said)
    assert owner.told == []


def test_an_answer_is_true_only_when_ok() -> None:
    assert Answer(Reply.OK)
    assert not Answer(Reply.GONE)
    assert not Answer(Reply.CONFLICT).never_happened

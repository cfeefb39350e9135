"""The guard around panoramisk against a manager that misbehaves byte by byte; Asterisk's own is in test_on_asterisk."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from callbackd.ami import client
from callbackd.ami.client import Address, Ami, Link, LoginRefused, Outcome

Fields = dict[str, str]
WELCOME = b"Asterisk Call Manager/9.0.0\r\n"
BOOTED = b"Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n"


class FakeManager:
    """Answers Login and Ping; `answer` does the rest. Remembers every byte it was sent, over all connections."""

    def __init__(self) -> None:
        self.port = 0
        self.welcome = WELCOME
        self.read = b""
        self.logins = 0
        self.answer: Callable[[Fields], bytes] = lambda fields: ok(fields)
        self.login: Callable[[Fields], bytes] = lambda fields: ok(fields, "Authentication accepted") + BOOTED
        self.pongs = True
        self.writer: asyncio.StreamWriter | None = None

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        writer.write(self.welcome)
        try:
            while message := await reader.readuntil(b"\r\n\r\n"):
                self.read += message
                fields = dict(line.split(": ", 1) for line in message.decode().split("\r\n") if line)
                writer.write(self.reply(fields))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def reply(self, fields: Fields) -> bytes:
        match fields["Action"]:
            case "Login":
                self.logins += 1
                return self.login(fields)
            case "Ping":
                return ok(fields, "Pong") if self.pongs else b""
        return self.answer(fields)

    def say(self, raw: bytes) -> None:
        assert self.writer
        self.writer.write(raw)

    def cut(self) -> None:
        assert self.writer
        self.writer.transport.abort()


def ok(fields: Fields, message: str = "fine") -> bytes:
    return f"Response: Success\r\nActionID: {fields['ActionID']}\r\nMessage: {message}\r\n\r\n".encode()


def error(fields: Fields, message: str) -> bytes:
    return f"Response: Error\r\nActionID: {fields['ActionID']}\r\nMessage: {message}\r\n\r\n".encode()


def event(name: str, **fields: str) -> bytes:
    return "".join(f"{k}: {v}\r\n" for k, v in {"Event": name, **fields}.items()).encode() + b"\r\n"


class Owner:
    def __init__(self) -> None:
        self.told: list[Any] = []
        self.news = asyncio.Event()

    def event(self, event: dict[str, Any]) -> None:
        if event["Event"] == "Poison":
            raise ValueError("a bug in decode")
        self.tell(event)

    def tell(self, what: Any, _: str = "") -> None:
        self.told.append(what)
        self.news.set()

    def names(self) -> list[Any]:
        return [what["Event"] if isinstance(what, dict) else what for what in self.told]

    async def hears(self, what: Any, within_s: float = 3.0) -> None:
        async with asyncio.timeout(within_s):
            while what not in self.names():
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def serving(fake: FakeManager) -> AsyncIterator[FakeManager]:
    server = await asyncio.start_server(fake.talk, "127.0.0.1", fake.port)
    fake.port = server.sockets[0].getsockname()[1]
    async with server:
        yield fake
        if fake.writer:
            fake.cut()


@pytest.fixture
async def fake() -> AsyncIterator[FakeManager]:
    async with serving(FakeManager()) as it:
        yield it


def ami_of(fake: FakeManager, owner: Owner, **options: Any) -> Ami:
    return Ami(Address("127.0.0.1", fake.port, "callbackd", "secret"), owner.event, owner.tell, **options)


@asynccontextmanager
async def connected(fake: FakeManager, owner: Owner | None = None, **options: Any) -> AsyncIterator[Ami]:
    owner = owner or Owner()
    async with running(fake, owner, **options) as ami:
        await owner.hears(Link.CONNECTED)
        yield ami


@asynccontextmanager
async def running(fake: FakeManager, owner: Owner, **options: Any) -> AsyncIterator[Ami]:
    ami = ami_of(fake, owner, **options)
    task = asyncio.create_task(ami.run())
    try:
        yield ami
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_action_is_answered_with_its_fields(fake: FakeManager) -> None:
    async with connected(fake) as ami:
        result = await ami.ask("QueueAdd", Queue="q", Interface="PJSIP/ä")
    assert result.outcome is Outcome.DONE
    assert result.fields["Message"] == "fine"
    assert "Interface: PJSIP/ä\r\n".encode() in fake.read


async def test_an_answer_that_panoramisk_takes_for_the_start_of_a_list_is_one(fake: FakeManager) -> None:
    fake.answer = lambda fields: ok(fields, "Added interface to queue")
    async with connected(fake) as ami:
        assert (await ami.ask("QueueAdd", Queue="q", Interface="PJSIP/a")).outcome is Outcome.DONE


async def test_a_refusal_carries_the_reason(fake: FakeManager) -> None:
    fake.answer = lambda fields: error(fields, "Permission denied")
    async with connected(fake) as ami:
        for result in (await ami.ask("Originate"), await ami.ask_list("QueueStatus")):
            assert result.outcome is Outcome.REFUSED
            assert result.reason == "Permission denied"


async def test_a_list_is_collected_to_its_end(fake: FakeManager) -> None:
    def rows(fields: Fields) -> bytes:
        head = f"Response: Success\r\nActionID: {fields['ActionID']}\r\nEventList: start\r\nMessage: follows\r\n\r\n"
        own = {"ActionID": fields["ActionID"]}
        return b"".join(
            [
                head.encode(),
                event("QueueEntry", Position="1", **own),
                event("Other"),
                event("QueueStatusComplete", **own),
            ]
        )

    fake.answer = rows
    owner = Owner()
    async with connected(fake, owner) as ami:
        result = await ami.ask_list("QueueStatus")
    assert [row["Event"] for row in result.rows] == ["QueueEntry", "QueueStatusComplete"]
    assert "Other" in owner.names()


@pytest.mark.parametrize("evil", ["x\r\nAction: Originate", "x\ny", "x\ry", "x\0y"])
@pytest.mark.parametrize("name", ["Value", "Variable"])
async def test_a_line_break_in_a_value_is_refused_by_name_and_never_sent(
    fake: FakeManager, evil: str, name: str
) -> None:
    async with connected(fake) as ami:
        with pytest.raises(ValueError, match=name):
            await ami.ask("Setvar", **{name: [evil] if name == "Variable" else evil})
        with pytest.raises(ValueError, match="line break"):
            await ami.ask("Setvar", **{evil: "x"})
        await ami.ask("Ping")
    assert b"Setvar" not in fake.read
    assert b"Originate" not in fake.read


async def test_a_line_break_in_the_password_is_refused_too(fake: FakeManager) -> None:
    ami = Ami(Address("127.0.0.1", fake.port, "callbackd", "x\r\nAction: x"), print, print)
    with pytest.raises(ValueError, match="Secret"):
        async with ami.connection():
            pass


async def test_silence_means_that_nobody_knows_and_a_late_answer_is_nobodys(fake: FakeManager) -> None:
    late: list[bytes] = []
    fake.answer = lambda fields: late.append(ok(fields, "late")) or b""  # type: ignore[func-returns-value]
    async with connected(fake, limit_s=0.2) as ami:
        assert (await ami.ask("Redirect")).outcome is Outcome.UNKNOWN
        fake.say(late[0])
        assert (await ami.ask("Ping")).fields["Message"] == "Pong"


async def test_a_cut_connection_means_that_nobody_knows(fake: FakeManager) -> None:
    fake.answer = lambda _: fake.cut() or b""  # type: ignore[func-returns-value]
    async with connected(fake) as ami:
        assert (await ami.ask("Redirect")).outcome is Outcome.UNKNOWN


async def test_nothing_is_kept_for_the_next_connection(fake: FakeManager, caplog: pytest.LogCaptureFixture) -> None:
    owner = Owner()
    fake.answer = lambda _: fake.cut() or b""  # type: ignore[func-returns-value]
    with caplog.at_level(logging.DEBUG):
        async with connected(fake, owner) as ami:
            await ami.ask("Originate", Channel="PJSIP/a")
            await owner.hears(Link.LOST)
            assert (await ami.ask("Originate", Channel="PJSIP/b")).outcome is Outcome.NOT_SENT
            owner.told.clear()
            await owner.hears(Link.CONNECTED)
            await ami.ask("Ping")
    assert fake.logins == 2
    assert fake.read.count(b"Action: Originate") == 1
    assert "secret" not in caplog.text


async def test_a_wrong_password_is_reported_with_the_way_out(fake: FakeManager) -> None:
    fake.login = lambda fields: error(fields, "Authentication failed")
    with pytest.raises(LoginRefused, match=r"'callbackd' .*Authentication failed.*same secret"):
        async with ami_of(fake, Owner()).connection():
            pass
    with capture_logs() as said:
        async with running(fake, Owner()):
            await asyncio.sleep(0.5)
    assert fake.logins == 2, "it does not hammer"
    assert str(said).count("same secret") == 1


@pytest.mark.parametrize("welcome", [b"", b"SSH-2.0-OpenSSH\r\n", b"\xff\xfe\r\n\r\n\0", b"HTTP/1.1 400 Bad\r\n\r\n"])
async def test_a_server_that_is_no_manager_is_told_apart_from_a_refusal(fake: FakeManager, welcome: bytes) -> None:
    fake.welcome = welcome
    fake.login = lambda _: b""
    with pytest.raises(ConnectionError, match="does not answer as a manager"):
        async with ami_of(fake, Owner(), limit_s=0.2).connection():
            pass


async def test_a_connection_that_ends_before_the_login_is_no_refusal(fake: FakeManager) -> None:
    fake.login = lambda _: fake.cut() or b""  # type: ignore[func-returns-value]
    with pytest.raises(ConnectionError):
        async with ami_of(fake, Owner()).connection():
            pass


async def test_garbage_costs_only_itself(fake: FakeManager) -> None:
    owner = Owner()
    async with connected(fake, owner) as ami:
        fake.say(b"\xff\xfe\x00 garbage\r\n\r\nEvent\r\n\r\n\r\n\r\nnonsense: \r\n\r\nEvent: \r\n\r\n")
        fake.say(event("Poison") + event("Fine", Name="Zażółć"))
        await owner.hears("Fine")
        assert ami.malformed == 1
        assert owner.told[-1]["Name"] == "Zażółć"


async def test_a_letter_may_be_split_between_two_packets(fake: FakeManager) -> None:
    owner = Owner()
    async with connected(fake, owner):
        for byte in event("Fine", Name="Zażółć"):
            fake.say(bytes([byte]))
            await asyncio.sleep(0.001)
        await owner.hears("Fine")
        assert owner.told[-1]["Name"] == "Zażółć"


async def test_a_message_without_an_end_ends_the_connection(fake: FakeManager) -> None:
    owner = Owner()
    async with connected(fake, owner):
        fake.say(b"x" * (client.LONGEST_MESSAGE + 1))
        await owner.hears(Link.LOST)


async def test_shutdown_is_an_event_like_any_other_and_ends_nothing(fake: FakeManager) -> None:
    """A caller's number can say it. A connection that Asterisk ends ends by itself."""
    owner = Owner()
    async with connected(fake, owner) as ami:
        fake.say(event("Shutdown", Shutdown="Cleanly", Restart="False") + event("Fine"))
        await owner.hears("Fine")
        assert (await ami.ask("Ping")).outcome is Outcome.DONE
        assert Link.LOST not in owner.told
    assert fake.logins == 1


async def test_a_dead_line_is_noticed_within_six_seconds(fake: FakeManager, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.PING_S + 3.0 <= 6.0
    monkeypatch.setattr(client, "PING_S", 0.1)
    owner = Owner()
    async with connected(fake, owner, limit_s=0.2):
        fake.pongs = False
        await owner.hears(Link.LOST, within_s=1)


async def test_without_a_manager_it_waits_logs_that_once_and_finds_it_when_it_comes(unused_tcp_port: int) -> None:
    fake, owner = FakeManager(), Owner()
    fake.port = unused_tcp_port
    with capture_logs() as said:
        async with running(fake, owner):
            await asyncio.sleep(0.5)
            async with serving(fake):
                await owner.hears(Link.CONNECTED)
    assert str(said).count("waiting for it") == 1

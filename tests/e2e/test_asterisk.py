"""The lab's Asterisk by itself: it must be quick, quiet and alone before anything is judged with it."""

import asyncio
import contextlib
import json
import math
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
import wave
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lab.asterisk import AGENTS, CONFIG, Asterisk, AsteriskFailed
from lab.music import NOTES
from lab.slots import Slot

pytestmark = pytest.mark.e2e


async def ari(asterisk: Asterisk, method: str, path: str, password: str | None = None) -> tuple[int, Any]:
    """Status and body of a request to ARI."""
    login = f"{asterisk.ari_user}:{password or asterisk.ari_password}"
    request = urllib.request.Request(asterisk.ari_url + path, method=method)
    request.add_header("Authorization", "Basic " + b64encode(login.encode()).decode())

    def send() -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, None

    return await asyncio.to_thread(send)


async def until(happened: Callable[[], bool], within_s: float) -> float:
    """Seconds until it has."""
    started = time.monotonic()
    async with asyncio.timeout(within_s):
        while True:
            if happened():
                return time.monotonic() - started
            await asyncio.sleep(0.05)


class Manager:
    """An AMI connection: what was received, as dicts."""

    def __init__(self, asterisk: Asterisk) -> None:
        self.asterisk = asterisk
        self.messages: list[dict[str, str]] = []

    async def __aenter__(self) -> "Manager":
        reader, self.writer = await asyncio.open_connection("127.0.0.1", self.asterisk.ami_port)
        await reader.readline()
        self.reading = asyncio.create_task(self._read(reader))
        await self.ask("Login", Username=self.asterisk.ami_user, Secret=self.asterisk.ami_password)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        self.reading.cancel()

    async def ask(self, action: str, **fields: str) -> dict[str, str]:
        lines = [f"Action: {action}", f"ActionID: {action}", *(f"{name}: {value}" for name, value in fields.items())]
        self.writer.write("".join(f"{line}\r\n" for line in (*lines, "")).encode())
        return await self.until(lambda message: message.get("ActionID") == action)

    async def until(self, wanted: Any) -> dict[str, str]:
        async with asyncio.timeout(10):
            while True:
                for message in self.messages:
                    if wanted(message):
                        return message
                await asyncio.sleep(0.01)

    def events(self) -> list[dict[str, str]]:
        return [message for message in self.messages if "Event" in message]

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.messages.append(dict(line.split(": ", 1) for line in text.splitlines() if ": " in line))


# --- starting and stopping ---


async def test_asterisk_boots_quickly_and_without_a_warning() -> None:
    with Slot() as slot:
        started = time.monotonic()
        async with Asterisk(slot) as asterisk:
            took = time.monotonic() - started
            assert (await ari(asterisk, "GET", "/asterisk/ping"))[0] == 200
            assert asterisk.problems() == []
        # A quarter of a second alone on the machine; the rest is for others who keep it busy.
        assert took < 5
        assert asterisk.problems() == []


async def test_two_run_side_by_side() -> None:
    with Slot() as one, Slot() as other:
        assert one.base != other.base
        async with Asterisk(one) as first, Asterisk(other) as second:
            assert (await ari(first, "GET", "/asterisk/ping"))[0] == 200
            assert (await ari(second, "GET", "/asterisk/ping"))[0] == 200
            # Each has its own secret: no test can talk to the other's by mistake.
            assert (await ari(second, "GET", "/asterisk/ping", password=first.ari_password))[0] == 401
            await first.stop()
            assert (await ari(second, "GET", "/asterisk/ping"))[0] == 200
            assert first.problems() == second.problems() == []


async def test_asterisk_comes_back_after_a_kill_with_the_same_ports_and_passwords() -> None:
    with Slot() as slot:
        async with Asterisk(slot) as asterisk:
            await asterisk.kill()
            assert asterisk.pid is None
            with pytest.raises(AsteriskFailed):
                await asterisk.cli("core show version")
            await asterisk.start()
            assert (await ari(asterisk, "GET", "/asterisk/ping"))[0] == 200
            assert asterisk.problems() == []


async def test_frozen_it_answers_nothing_until_it_is_thawed(asterisk: Asterisk) -> None:
    asterisk.freeze()
    asking = asyncio.create_task(ari(asterisk, "GET", "/asterisk/ping"))
    await asyncio.sleep(0.3)
    assert not asking.done()
    asterisk.thaw()
    assert (await asking)[0] == 200


async def test_asterisk_dies_with_the_tests_that_started_it() -> None:
    program = (
        "import asyncio\nfrom lab.asterisk import Asterisk\nfrom lab.slots import Slot\n"
        "async def main():\n"
        "    asterisk = Asterisk(Slot())\n    await asterisk.start()\n"
        "    print(asterisk.pid, flush=True)\n    await asyncio.sleep(60)\n"
        "asyncio.run(main())"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=subprocess.PIPE, cwd=CONFIG.parent, env={**os.environ, "PYTHONPATH": "."}
    )
    assert process.stdout is not None
    pid = int(await process.stdout.readline())
    process.kill()
    await process.wait()
    await until(lambda: _gone(pid), within_s=5)


def _gone(pid: int) -> bool:
    """No process any more, or one that only waits to be counted."""
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or " Z " in stat.read_text()


async def test_the_reason_why_it_did_not_start_is_reported() -> None:
    with Slot() as slot:
        asterisk = Asterisk(slot)
        asterisk.installed = asterisk.installed._replace(modules=Path("/nonexistent"))
        with pytest.raises(AsteriskFailed, match="nonexistent"):
            await asterisk.start()
        assert asterisk.pid is None


# --- who may do what ---


async def test_everything_listens_on_loopback_only(asterisk: Asterisk) -> None:
    place = "endpoint=PJSIP/4412@trunk&context=callbackd-outbound&extension=s&priority=1&timeout=1"
    assert (await ari(asterisk, "POST", f"/channels?{place}"))[0] == 200  # so that there is RTP, too
    await asyncio.sleep(0.2)
    sockets = [(host, port) for kind in ("tcp", "udp", "tcp6", "udp6") for host, port in _sockets(asterisk.pid, kind)]
    slot = asterisk.slot
    assert {(LOOPBACK, slot.sip), (LOOPBACK, slot.ari), (LOOPBACK, slot.ami)} <= set(sockets)
    assert any(port in slot.asterisk_rtp for _, port in sockets)
    # PJSIP has two sockets on random ports to ask DNS with; nothing can be sent to them without being asked for.
    elsewhere = [(host, port) for host, port in sockets if host != LOOPBACK]
    assert len(elsewhere) <= 2
    assert not any(slot.base <= port < slot.base + 1000 for _, port in elsewhere)
    assert not set(elsewhere) & {*_sockets(asterisk.pid, "tcp"), *_sockets(asterisk.pid, "tcp6")}


LOOPBACK = "0100007F"


def _sockets(pid: int | None, kind: str) -> list[tuple[str, int]]:
    """Local address, as the kernel writes it, and port of the process's sockets."""
    links = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    rows = [line.split() for line in Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]]
    ours = [row[1].split(":") for row in rows if f"socket:[{row[9]}]" in links]
    return [(host, int(port, 16)) for host, port in ours]


async def test_dangerous_things_are_off(asterisk: Asterisk) -> None:
    settings = await asterisk.cli("core show settings")
    assert "Executable includes:         Disabled" in settings
    _, body = await ari(asterisk, "GET", "/asterisk/variable?variable=SHELL(echo%20hello)")
    assert "hello" not in str(body)


async def test_the_manager_reports_only_our_own_calls(asterisk: Asterisk) -> None:
    async with Manager(asterisk) as manager:
        for name in ("somebody-else", "cbd-01aaaaaaaaaaaaaaaaaaaaaaaa"):
            # Nobody listens on the trunk's port: rung out after a second.
            place = "endpoint=PJSIP/4412@trunk&context=callbackd-outbound&extension=s&priority=1&timeout=1"
            assert (await ari(asterisk, "POST", f"/channels/{name}?{place}"))[0] == 200
        hangup = await manager.until(lambda message: message.get("Event") == "Hangup")
        await asyncio.sleep(0.3)
        assert hangup["Uniqueid"] == "cbd-01aaaaaaaaaaaaaaaaaaaaaaaa"
        assert hangup["Cause"] == "19"
        assert [event["Event"] for event in manager.events()] == ["Hangup"]


async def test_a_user_of_the_manager_may_do_nothing(asterisk: Asterisk) -> None:
    async with Manager(asterisk) as manager:
        assert (await manager.ask("Ping"))["Response"] == "Success"
        dial = {"Channel": "PJSIP/4412@trunk", "Context": "callbackd-outbound", "Exten": "s", "Priority": "1"}
        for answer in (
            await manager.ask("Originate", **dial),
            await manager.ask("Command", Command="core show version"),
            await manager.ask("GetConfig", Filename="ari.conf"),
            await manager.ask("DBGet", Family="a", Key="b"),
            await manager.ask("Setvar", Variable="A", Value="b"),
        ):
            assert answer["Response"] == "Error"


# --- the dialplan and what belongs to it ---


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        ("support@callbackd-inbound", "Stasis(callbackd,inbound,"),
        ("T@callbackd-inbound", "Goto(callbackd-fallback,"),
        ("a-queue_2@callbackd-fallback", "Queue("),
        ("*50@lab-agents", "CBD_FEATURE=login"),
        ("*51@lab-agents", "CBD_FEATURE=logout"),
        ("*52@lab-agents", "CBD_FEATURE=pause"),
        ("*5215@lab-agents", "CBD_MINUTES="),
        ("*53@lab-agents", "CBD_FEATURE=unpause"),
        ("s@callbackd-feature", "Stasis(callbackd,feature,"),
        ("T@callbackd-feature", "Goto(s,failed)"),
        ("s@callbackd-outbound", "Stasis(callbackd,customer,"),
        ("T@callbackd-outbound", "Goto(s,sorry)"),
        ("8001@lab-callers", "callbackd-inbound,support,1"),
        ("8002@lab-callers", "callbackd-inbound,sales,1"),
        ("8003@lab-callers", "callbackd-inbound,nosuch,1"),
    ],
)
async def test_the_dialplan_has(asterisk: Asterisk, place: str, wanted: str) -> None:
    assert wanted in await asterisk.cli(f"dialplan show {place}")


async def test_hanging_up_runs_nothing(asterisk: Asterisk) -> None:
    """Asterisk runs extension h at every hangup, where there is one: a pattern for names must not be one."""
    for context in ("callbackd-inbound", "callbackd-fallback", "callbackd-feature", "callbackd-outbound"):
        assert "no existence of" in await asterisk.cli(f"dialplan show h@{context}")


async def test_every_endpoint_is_there(asterisk: Asterisk) -> None:
    for number, name in enumerate(AGENTS):
        assert asterisk.agent_ports[name] == asterisk.slot.base + 20 + number
        assert f"sip:{name}@127.0.0.1:{asterisk.agent_ports[name]}" in await asterisk.cli(f"pjsip show aor {name}")
    endpoints = await asterisk.cli("pjsip show endpoints")
    for name in (*AGENTS, "trunk", "trunk-info", "trunk-in", "trunk-in-info"):
        assert f"Endpoint:  {name}" in endpoints
    assert "dtmf_mode                          : auto" in await asterisk.cli("pjsip show endpoint trunk-in")
    assert "dtmf_mode                          : info" in await asterisk.cli("pjsip show endpoint trunk-in-info")


async def test_the_fallback_queue_has_the_agents(asterisk: Asterisk) -> None:
    queue = await asterisk.cli("queue show callbackd-fallback")
    assert all(f"PJSIP/{name}" in queue for name in AGENTS)
    assert "Invalid" not in queue
    assert "Unavailable" not in queue


@pytest.mark.parametrize("name", NOTES)
async def test_music_can_be_heard_and_told_apart(asterisk: Asterisk, name: str) -> None:
    assert f"/music/{name}/tune" in await asterisk.cli("moh show files")
    with wave.open(str(asterisk.dir / "music" / name / "tune.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        sounds = memoryview(file.readframes(file.getnframes())).cast("h")
    tenths = [sounds[at : at + 800] for at in range(0, len(sounds), 800)]
    assert len(sounds) > 8000
    for tenth in tenths:
        # Never silent, and of the note alone that belongs there.
        assert math.sqrt(sum(sound * sound for sound in tenth) / len(tenth)) > 4000
    for part, hertz in enumerate(NOTES[name]):
        third = sounds[part * len(sounds) // 3 : (part + 1) * len(sounds) // 3]
        rising = sum(before < 0 <= after for before, after in pairwise(third))
        assert rising / (len(third) / 8000) == pytest.approx(hertz, rel=0.02)


async def test_variables_reach_the_dialplan() -> None:
    with Slot() as slot:
        async with Asterisk(slot, variables={"CBD_DEADMAN": "3", "CBD_MUSIC": "sales"}) as asterisk:
            shown = await asterisk.cli("dialplan show globals")
            assert "CBD_DEADMAN=3" in shown
            assert "CBD_MUSIC=sales" in shown


# --- the dialplan at work, by way of Local channels: phones come in other files ---


class Caller:
    """Half of a Local channel that waits, while the other half runs the dialplan."""

    def __init__(self, asterisk: Asterisk, session: aiohttp.ClientSession) -> None:
        self.asterisk, self.session = asterisk, session
        self._channels: list[str] = []
        self._log_before = len(asterisk.log())

    async def dials(self, place: str, **variables: str) -> None:
        where = {"endpoint": f"Local/{place}/n", "context": "lab-nowhere", "extension": "s", "priority": "1"}
        # Two underscores: for the half that runs the dialplan, as if somebody had set it there.
        body = {"variables": {f"__{name}": value for name, value in variables.items()}}
        async with self.session.post(self.asterisk.ari_url + "/channels", params=where, json=body) as answer:
            assert answer.status == 200, await answer.text()
            self._channels.append((await answer.json())["id"])

    async def sets(self, channel: str, variable: str, value: str) -> int:
        url = f"{self.asterisk.ari_url}/channels/{channel}/variable"
        async with self.session.post(url, params={"variable": variable, "value": value}) as answer:
            return answer.status

    async def hangs_up(self) -> None:
        for channel in self._channels:
            async with self.session.delete(f"{self.asterisk.ari_url}/channels/{channel}") as answer:
                assert answer.status in (204, 404)

    async def reaches(self, line: str, within_s: float) -> float:
        """Seconds until the log has the line; what it had before this caller does not count.

        A line ``@context: Application`` is a step there, whatever its number.
        """

        def found() -> bool:
            log = self.asterisk.log()[self._log_before :]
            return line in log or (line[0] == "@" and line in re.sub(r"(@[a-z-]+):\d+\]", r"\1:", log))

        return await until(found, within_s)


@pytest.fixture
async def caller(asterisk: Asterisk) -> AsyncIterator[Caller]:
    await asterisk.cli("dialplan add extension s,1,Wait,60 into lab-nowhere replace")
    login = b64encode(f"{asterisk.ari_user}:{asterisk.ari_password}".encode()).decode()
    async with aiohttp.ClientSession(headers={"Authorization": f"Basic {login}"}) as session:
        caller = Caller(asterisk, session)
        yield caller
        await caller.hangs_up()


@contextlib.asynccontextmanager
async def deaf_daemon(caller: Caller) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Holds the application, gets every event and does nothing, as a frozen daemon would."""
    url = caller.asterisk.ari_url + "/events?app=callbackd"
    async with caller.session.ws_connect(url) as events:
        yield events


async def entered(events: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    """The next StasisStart."""
    async with asyncio.timeout(5):
        while True:
            event: dict[str, Any] = await events.receive_json()
            if event["type"] == "StasisStart":
                return event


async def test_without_a_daemon_a_caller_hears_music_and_gets_the_fallback_after_ten_seconds(caller: Caller) -> None:
    await caller.dials("8001@lab-callers")
    assert await caller.reaches("Started music on hold, class 'default'", within_s=2) < 1
    took = await caller.reaches('"callbackd-fallback,support,1")', within_s=20)
    assert 9 < took < 13
    await caller.reaches('Queue("Local/8001', within_s=2)


async def test_a_daemon_that_comes_within_ten_seconds_gets_the_caller(caller: Caller) -> None:
    await caller.dials("8004@lab-callers")
    await caller.reaches("Stasis app 'callbackd' doesn't exist", within_s=2)
    async with deaf_daemon(caller) as events:
        event = await entered(events)
        assert event["args"] == ["inbound", "support", "uk", "", "", "", ""]


async def test_a_daemon_that_does_not_move_loses_the_caller_to_the_fallback(caller: Caller) -> None:
    async with deaf_daemon(caller):
        await caller.dials("8005@lab-callers")
        await caller.reaches("Stasis(", within_s=2)
        assert 2 < await caller.reaches("[T@callbackd-inbound:1]", within_s=10) < 5
        await caller.reaches("TIMEOUT(absolute)=0", within_s=2)
        await caller.reaches('Queue("Local/8005', within_s=2)


async def test_the_daemon_sets_the_clock_back(caller: Caller) -> None:
    async with deaf_daemon(caller) as events:
        await caller.dials("8005@lab-callers")
        leg = await entered(events)
        started = time.monotonic()
        await asyncio.sleep(2)
        assert await caller.sets(leg["channel"]["id"], "TIMEOUT(absolute)", "4") == 204
        await caller.reaches("[T@callbackd-inbound:1]", within_s=10)
        assert 5 < time.monotonic() - started < 8


@pytest.mark.parametrize("extension", ["nosuch", "a-queue_2", "x", "$(x)", "T", "h"])
async def test_a_caller_is_served_whatever_queue_is_named(caller: Caller, extension: str) -> None:
    """The daemon sends calls here for queues that it does not know: any name must lead to people."""
    async with deaf_daemon(caller) as events:
        await caller.dials("8003@lab-callers")
        event = await entered(events)
        assert event["args"] == ["inbound", "nosuch", "", "", "", "", ""]
        url = f"{caller.asterisk.ari_url}/channels/{event['channel']['id']}/continue"
        where = {"context": "callbackd-fallback", "extension": extension, "priority": "1"}
        async with caller.session.post(url, params=where) as answer:
            assert answer.status == 204
        await caller.reaches('Queue("Local/8003', within_s=3)


async def test_a_feature_code_without_a_daemon_ends_with_a_tone(caller: Caller) -> None:
    await caller.dials("*50@lab-agents")
    await caller.reaches("PlayTones(", within_s=2)
    assert 3 < await caller.reaches("@callbackd-feature: Hangup", within_s=10) < 6


async def test_a_customer_hears_hello_and_an_apology_without_a_daemon(caller: Caller) -> None:
    await caller.dials(
        "s@callbackd-outbound", CBD_ATTEMPT="01abc", CBD_HELLO="queue-thankyou", CBD_SORRY="beep&queue-thankyou"
    )
    assert await caller.reaches("Playing 'queue-thankyou", within_s=2) < 1
    await caller.reaches('"callbackd,customer,01abc")', within_s=10)
    await caller.reaches("Playing 'beep", within_s=2)
    await caller.reaches("@callbackd-outbound: Hangup", within_s=10)


@pytest.mark.parametrize(
    ("place", "wanted"), [("s@callbackd-outbound", "Playing 'beep"), ("*52@lab-agents", "PlayTones(")]
)
async def test_a_daemon_that_does_not_move_leaves_nobody_in_silence(caller: Caller, place: str, wanted: str) -> None:
    async with deaf_daemon(caller) as events:
        await caller.dials(place, CBD_ATTEMPT="01abc", CBD_SORRY="beep")
        leg = await entered(events)
        assert await caller.sets(leg["channel"]["id"], "TIMEOUT(absolute)", "1") == 204
        assert await caller.reaches(wanted, within_s=5) < 3


async def test_variables_cannot_become_dialplan(caller: Caller) -> None:
    await caller.dials(
        "s@callbackd-outbound",
        CBD_ATTEMPT="01abc,evil)${SHELL(id)}",
        CBD_HELLO="/a/b_c-d.1&beep,skip|x;y$(z)",
        CBD_SORRY="",
    )
    await caller.reaches('"CBD_HELLO=/a/b_c-d.1&beepskipxyz")', within_s=2)
    await caller.reaches('"callbackd,customer,01abcevilSHELLid")', within_s=10)

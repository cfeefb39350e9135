"""callbackd itself, as the process that a service manager would run, with its log as a stream of facts.

async with Daemon(slot, asterisk, database_url) as daemon:
    line = await daemon.said("connected to agent1")
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from callbackd.app import do_not_call
from callbackd.protocol import Step
from lab.asterisk import AGENTS, Asterisk
from lab.forked import Forked
from lab.installed import cache_root
from lab.slots import Slot

ROOT = Path(__file__).resolve().parents[1]
Toml = Mapping[str, Any]
PROMPTS = cache_root().parent / "prompts"

QUICK_OFFER = {"estimated_wait_s": 5, "waited_s": 60}
NO_TIMES = {"enabled": False}
"""Calls at a time make offers long to listen to; tests that are about them enable them."""
COMPANY = "Example Telecom"
HASTY = ("espeak-ng", "-v", "{voice}", "-s", "330", "-w", "{out}", "--", "{text}")
"""The lab's own speech engine: the same voices at twice the pace. Every word is there, and most of a phone test is
waiting until it has been spoken. Any faster, and "You are logged in." is too short for ears that need 0.3 s to know a
voice. Tests about what is heard set ``prompts`` without it, and so do those in which a daemon is away: the prompt that
is playing then is the time it has to come back.
"""
UNHURRIED = {"cache": str(PROMPTS)}
"""The section ``prompts`` for the shipped sounds, as slow and as costly to Asterisk as in a real house."""


def lab_config(asterisk: Asterisk, state_dir: Path, database_url: str, **changes: Toml) -> dict[str, Any]:
    """A config for the lab: agents agent1 to agent6 in ``support``, with quick timings. ``changes`` replace whole
    sections, including queues and agents.
    """
    support = {"wrap_up_s": 1, "ring_s": 4, "offer": QUICK_OFFER, "announcements": {"every_s": 5}, "slots": NO_TIMES}
    config: dict[str, Any] = {
        "state_dir": str(state_dir),
        "site": {"name": COMPANY, "region": "GB"},
        "database": {"url": database_url},
        "ari": {
            "url": asterisk.ari_url,
            "user": asterisk.ari_user,
            "password": asterisk.ari_password,
            "event_log": str(asterisk.event_log),
        },
        "ami": {
            "enabled": True,
            "port": asterisk.ami_port,
            "user": asterisk.ami_user,
            "password": asterisk.ami_password,
        },
        "prompts": {"cache": str(PROMPTS), "engine": HASTY},
        "log": {"format": "json"},
        "dialling": {"endpoint": "PJSIP/{number}@trunk", "caller_id": "+448081570000", "ring_s": 10, "key_s": 3},
        "keys": {"heard_s": 0},
        "calling": {"always": True},
        "queues": {"support": support},
        "agents": {name: {"endpoint": f"PJSIP/{name}", "queues": ["support"]} for name in AGENTS},
    }
    if changes.get("fallback", {}).get("take_over"):
        config["ami"]["user"] += "-fetch"  # the usual one may only listen
    return config | changes


def toml(tree: Toml, prefix: str = "") -> str:
    """Enough TOML for a config: tables, strings, numbers, booleans, lists of strings."""
    plain = [f"{key} = {json.dumps(value)}" for key, value in tree.items() if not isinstance(value, Mapping)]
    tables = [
        f"[{prefix}{key}]\n{toml(value, f'{prefix}{key}.')}"
        for key, value in tree.items()
        if isinstance(value, Mapping)
    ]
    return "\n".join([*plain, *tables]) + "\n"


class DaemonFailed(RuntimeError):
    """It did not start, it ended, or it did not log in time what was waited for; the text holds its last lines."""


class Daemon:
    """One callbackd. ``lines`` are its log, each a dict with ``event`` and its fields."""

    forked: ClassVar[bool] = False
    """Whether it is forked from a loaded process instead of started afresh: for tests that are not about its start."""

    def __init__(
        self,
        slot: Slot,
        asterisk: Asterisk,
        database_url: str = "embedded",
        *,
        name: str = "callbackd",
        **changes: Toml,
    ) -> None:
        self.dir = slot.dir / name
        self.dir.mkdir(exist_ok=True, mode=0o755)
        self.config = lab_config(asterisk, self.dir / "state", database_url, **changes)
        do_not_call.key(self.dir / "state")
        (self.dir / "state" / do_not_call.UNPROVEN).unlink(missing_ok=True)  # as one that has run before
        self.config_path = self.dir / "callbackd.toml"
        self.ahead_s: float | None = None
        """The seconds by which its clock is ahead when it starts; None for the machine's clock."""
        self.dies_at: Step | None = None
        """The step of the protocol at which the next run ends itself by SIGKILL."""
        self.counts = False
        """Whether it counts what a call costs; ``counted`` returns it."""
        self.status = ""
        """The last status it sent to its service manager."""
        self.watchdog_s: float | None = None
        """The seconds within which it must feed its service manager, from its next start on."""
        self.fed_at = 0.0
        """When it last fed its service manager, by ``time.monotonic``."""
        self.lines: list[dict[str, Any]] = []
        self._more = asyncio.Condition()
        self._process: asyncio.subprocess.Process | Forked | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def __aenter__(self) -> Daemon:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, *, wait: bool = True) -> None:
        """Start it; returns when it works with Asterisk, or at once without ``wait``."""
        self.config_path.write_text(toml(self.config))
        since = len(self.lines)
        run: tuple[str, ...] = ("callbackd", "run", "-c", str(self.config_path))
        if self.dies_at:
            run = ("lab.crashing", self.dies_at, str(self.config_path))
        elif self.counts:
            run = ("lab.counting", str(self._counts), str(self.config_path))
        elif self.ahead_s is not None:
            self.set_clock(self.ahead_s)
            run = ("lab.at_another_hour", str(self._clock), str(self.config_path))
        self._listen()
        env = os.environ | {"NOTIFY_SOCKET": str(self._notify)} | self._watchdog()
        if self.forked:
            self._process = await Forked.start(*run, cwd=ROOT, env=env)
        else:
            self._process = await asyncio.create_subprocess_exec(
                *("setpriv", "--pdeathsig=TERM", sys.executable, "-m", *run),
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                limit=2**20,
                env=env,
            )
        self._reading = asyncio.create_task(self._read(self._process, self._listening))
        if wait:
            await self.said("back", subject="asterisk", since=since, within_s=60)

    def set_clock(self, ahead_s: float) -> None:
        """Set its clock, even while it runs. It must have been started with ``ahead_s``."""
        assert self.ahead_s is not None, "it has the machine's clock"
        fresh = self._clock.with_suffix(".new")
        fresh.write_text(str(ahead_s))
        fresh.replace(self._clock)

    def _listen(self) -> None:
        """Be its service manager, which hears what it does."""
        self.status = ""
        self._notify.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._listening.bind(str(self._notify))
        asyncio.get_running_loop().add_reader(self._listening, self._hear, self._listening)

    def _hear(self, listening: socket.socket) -> None:
        said = listening.recv(4096).decode()
        if "WATCHDOG=1" in said:
            self.fed_at = time.monotonic()
        _, changed, status = said.partition("STATUS=")
        self.status = status if changed else self.status

    def _watchdog(self) -> dict[str, str]:
        return {} if self.watchdog_s is None else {"WATCHDOG_USEC": f"{self.watchdog_s * 1e6:.0f}"}

    async def starves(self) -> None:
        """Be the service manager: wait until it has not fed us in time, then end it."""
        assert self.watchdog_s
        while time.monotonic() < self.fed_at + self.watchdog_s:
            await asyncio.sleep(0.05)
        await self.kill()

    async def tasks(self) -> int:
        """How many tasks it has, by its latest status."""
        async with asyncio.timeout(20):
            while not (shown := re.search(r"(\d+) tasks", self.status)):
                await asyncio.sleep(0.05)
        return int(shown[1])

    @property
    def _notify(self) -> Path:
        return self.dir / "notify"

    async def counted(self) -> dict[str, Any]:
        """What it has counted since the last time. It must have been started with ``counts``."""
        since = len(self.lines)
        if self._process:
            self._process.send_signal(signal.SIGUSR2)
        await self.said("counted", since=since)
        counts: dict[str, Any] = json.loads(self._counts.read_text())
        return counts

    @property
    def _counts(self) -> Path:
        return self.dir / "counts.json"

    @property
    def _clock(self) -> Path:
        return self.dir / "ahead"

    async def stop(self) -> int | None:
        """As systemd does: SIGTERM. Returns the exit status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """SIGKILL: it ends without another word."""
        await self._end(signal.SIGKILL)

    async def runs(self, *command: str) -> tuple[int, str]:
        """The exit status and the output of ``callbackd <command>``, run beside it with its config."""
        return await _run(sys.executable, "-m", "callbackd", *command, "-c", str(self.config_path))

    def rewrite(self, text: str = "", **sections: Toml) -> None:
        """Edit its config while it runs: to ``text``, or with these sections replaced."""
        self.config |= sections
        self.config_path.write_text(text or toml(self.config))

    def hang_up(self) -> None:
        """SIGHUP."""
        if self._process:
            self._process.send_signal(signal.SIGHUP)

    def drain(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGUSR1)

    def freeze(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGCONT)

    async def ended(self, within_s: float = 20) -> int:
        """Its exit status, once it has ended by itself."""
        assert self._process
        async with asyncio.timeout(within_s):
            status = await self._process.wait()
            if self._reading:
                await self._reading
        return status

    async def _end(self, number: signal.Signals) -> int | None:
        process = self._process
        if process is None or process.returncode is not None:
            return process.returncode if process else None
        process.send_signal(number)
        try:
            async with asyncio.timeout(15):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._reading:
            await self._reading
        return process.returncode

    async def _read(self, process: asyncio.subprocess.Process | Forked, listening: socket.socket) -> None:
        """Read its output to the end, then close its own socket: the next daemon may have begun with another by
        then."""
        assert process.stdout
        async for raw in process.stdout:
            text = raw.decode(errors="replace").rstrip()
            try:
                line = json.loads(text)
            except json.JSONDecodeError:
                line = {"event": "text", "text": text}
            line = line if isinstance(line, dict) else {"event": "text", "text": text}
            line["at"] = time.time()
            async with self._more:
                self.lines.append(line)
                self._more.notify_all()
        asyncio.get_running_loop().remove_reader(listening)
        listening.close()
        async with self._more:
            self._more.notify_all()

    async def said(self, event: str, *, since: int = 0, within_s: float = 20, **fields: object) -> dict[str, Any]:
        """The first line, from line ``since`` on, whose event contains ``event`` and whose fields are equal. Waits for
        it. Raises ``DaemonFailed``."""
        try:
            async with asyncio.timeout(within_s), self._more:
                while True:
                    for line in self.lines[since:]:
                        if event in str(line.get("event")) and all(line.get(k) == v for k, v in fields.items()):
                            return line
                    since = len(self.lines)
                    if self.pid is None and self._reading and self._reading.done():
                        raise DaemonFailed(f"it ended before it logged {event!r}\n{self.story()}")
                    await self._more.wait()
        except TimeoutError:
            raise DaemonFailed(f"it never logged {event!r} {fields or ''}\n{self.story()}") from None

    async def more_than(self, lines: int) -> None:
        """Wait until the log has more lines than this."""
        async with self._more:
            await self._more.wait_for(lambda: len(self.lines) > lines)

    def last_index(self, event: str) -> int:
        """The index of the last line that contains ``event``, to be used as ``since``; 0 when there is none."""
        return max((n for n, line in enumerate(self.lines) if event in str(line.get("event"))), default=0)

    def count(self, event: str) -> int:
        return sum(event in str(line.get("event")) for line in self.lines)

    def story(self, last: int = 60) -> str:
        """The log as an operator reads it."""
        return "\n".join(_readable(line) for line in self.lines[-last:])


_built: set[str] = set()


async def build_prompts(daemon: Daemon) -> None:
    """Make the sound files that are missing; does nothing the second time in one process.

    The first time on a machine there are some hundred, and every worker misses them: one makes them while the others
    wait, and no test loses the processor to them.
    """
    site = json.dumps([daemon.config["site"], sorted(daemon.config["queues"]), daemon.config["prompts"]])
    if site in _built:
        return
    daemon.config_path.write_text(toml(daemon.config))
    PROMPTS.mkdir(parents=True, exist_ok=True)
    status, said = await _run(
        *("nice", "-n", "19", "flock", str(PROMPTS / "lock")),
        *(sys.executable, "-m", "callbackd", "prompts", "build", "-c", str(daemon.config_path)),
    )
    if status:
        raise DaemonFailed(said)
    _built.add(site)


async def _run(*command: str) -> tuple[int, str]:
    """The exit status and the output."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


def _readable(line: Mapping[str, Any]) -> str:
    if "text" in line:
        return f"    {line['text']}"
    rest = {k: v for k, v in line.items() if k not in {"at", "level", "timestamp", "event", "reason"}}
    facts = " ".join(f"{key}={value}" for key, value in rest.items())
    return f"{str(line.get('timestamp'))[11:23]} {line.get('event')}: {line.get('reason', '')} [{facts}]"

"""The demo, as somebody who has just cloned the repository meets it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.asterisk import CALLER_HOST
from lab.daemon import ROOT
from lab.phones import Stage

pytestmark = pytest.mark.e2e


@pytest.fixture
def place() -> Iterator[Path]:
    """A temporary folder that only the demo uses; short, as the paths of sockets must be."""
    with tempfile.TemporaryDirectory(prefix="demo-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs under another account
        yield folder


class Demo:
    """``python -m lab.demo``, which is what script/demo runs when everything is installed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said = ""

    @classmethod
    async def start(cls, place: Path, *arguments: str) -> Demo:
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-u", "-m", "lab.demo", *arguments),
                cwd=ROOT,
                env=os.environ | {"TMPDIR": str(place)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        )

    async def says(self, pattern: str, within_s: float = 150) -> re.Match[str]:
        assert self.process.stdout
        try:
            async with asyncio.timeout(within_s):
                while not (found := re.search(pattern, self.said)):
                    chunk = await self.process.stdout.read(4096)
                    assert chunk, f"it ended before it said {pattern!r}:\n{self.said}"
                    self.said += chunk.decode(errors="replace")
        except TimeoutError:
            pytest.fail(f"it never said {pattern!r}:\n{self.said}")
        return found

    async def ctrl_c(self) -> int:
        """As a terminal sends it: to all processes of the group. Returns the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return await self.ended()

    async def ended(self) -> int:
        async with asyncio.timeout(30):
            said, _ = await self.process.communicate()
        self.said += said.decode(errors="replace")
        assert self.process.returncode is not None
        return self.process.returncode


def running_in(place: Path) -> list[str]:
    """Processes whose command line names the demo's folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(place) in command:
            found.append(command)
    return found


def nothing_is_left(demo: Demo, place: Path) -> None:
    assert "everything it started is gone" in demo.said
    assert "Traceback" not in demo.said, demo.said
    assert running_in(place) == []
    assert [str(path) for path in place.rglob("*")] == []


@pytest.mark.long
async def test_the_scene_goes_right_and_can_be_dialled_into_until_ctrl_c(place):
    demo = await Demo.start(place, "--keep")
    try:
        await demo.says("What the phones saw")
        port = int((await demo.says(r"at 127\.0\.0\.1:(\d+), UDP"))[1])
        assert "NO" not in demo.said
        assert "promise kept" in demo.said
        async with Stage(("127.0.0.1", port), caller_host=CALLER_HOST) as stage:
            guest = stage.caller("+442079460177")
            await guest.dial("8001", answered=True)
            await guest.hears_voice(within=10)
        assert running_in(place)
    finally:
        status = await demo.ctrl_c()
    assert status == 0
    nothing_is_left(demo, place)


@pytest.mark.parametrize("moment", ["Asterisk starts", "the daemon starts", "people talk"])
async def test_ctrl_c_before_the_end_leaves_nothing_and_prints_no_traceback(place, moment):
    demo = await Demo.start(place)
    async with asyncio.timeout(60):
        if moment == "people talk":
            await demo.says("position 1")
        else:
            wanted = "asterisk/etc" if moment == "Asterisk starts" else "callbackd/state"
            while not list(place.glob(f"callbackd-slots-*/*/{wanted}")):
                await asyncio.sleep(0.02)
    assert await demo.ctrl_c() == 130
    nothing_is_left(demo, place)

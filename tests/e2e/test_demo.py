"""The demo, as somebody who has just cloned the repository meets it."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from pathlib import Path

import pytest

from lab.asterisk import CALLER_HOST
from lab.daemon import ROOT
from lab.phones import Stage

pytestmark = pytest.mark.e2e


class Demo:
    """``python -m lab.demo``, which is what script/demo runs when everything is installed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said = ""

    @classmethod
    async def start(cls, *arguments: str) -> Demo:
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-u", "-m", "lab.demo", *arguments),
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        )

    async def says(self, pattern: str, within_s: float = 120) -> re.Match[str]:
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

    async def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            said, _ = await self.process.communicate()
        self.said += said.decode(errors="replace")
        return self.process.returncode or 0


def running_in(directory: str) -> list[str]:
    """Processes whose command line names the directory of the demo's slot."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if directory in command and "lab.demo" not in command:
            found.append(command)
    return found


async def test_the_scene_goes_right_and_can_be_dialled_into_until_ctrl_c():
    demo = await Demo.start("--keep")
    try:
        await demo.says("What the phones saw")
        port = int((await demo.says(r"at 127\.0\.0\.1:(\d+), UDP"))[1])
        directory = str(Path((await demo.says(r"config\s+(\S+)/callbackd/callbackd\.toml"))[1]))
        assert "NO" not in demo.said
        assert "promise kept" in demo.said
        async with Stage(("127.0.0.1", port), caller_host=CALLER_HOST) as stage:
            guest = stage.caller("+442079460177")
            await guest.dial("8001", answered=True)
            await guest.hears_voice(within=10)
        assert running_in(directory)
    finally:
        status = await demo.interrupt()
    assert status == 0
    assert "everything it started is gone" in demo.said
    assert running_in(directory) == []
    assert not Path(directory).exists()  # noqa: ASYNC240 - nothing else runs any more


async def test_ctrl_c_in_the_middle_cleans_up():
    demo = await Demo.start()
    port = int((await demo.says(r"on port (\d+), callbackd"))[1])
    await demo.says("position 1")
    assert await demo.interrupt() == 130
    assert running_in(f"-p {port}") == []
    assert [command for command in running_in("callbackd-slots") if f"/{(port - 10_000) // 1000}/" in command] == []

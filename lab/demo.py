"""The demo: a private Asterisk, PostgreSQL, callbackd and SIPp phones play one scene, shown as it happens.

At the end what callbackd believes is compared with what the phones saw; the exit status is 0 only if both agree.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lab.asterisk import Asterisk
from lab.daemon import Daemon
from lab.phones import PhoneFailed, Stage
from lab.scene import CLOSING, OPENING, QUEUES, STAFF, Scene, Verdict, play
from lab.slots import Slot

LIMIT_S = 180.0
INTERRUPTED = 130
PICTURE_COLUMNS = 110


async def show(console: Console, *, keep: bool) -> int:
    """The exit status of the scene, once it has been played. With ``keep`` it returns when it is cancelled."""
    async with AsyncExitStack() as stack:
        with console.status("starting Asterisk, PostgreSQL and callbackd"):
            slot = stack.enter_context(Slot())
            asterisk = await stack.enter_async_context(Asterisk(slot))
            # No prompt is built for it: the phones recognise the words that come with callbackd.
            prompts = {"cache": str(slot.dir / "prompts")}
            daemon = Daemon(slot, asterisk, "embedded", queues=QUEUES, agents=STAFF, prompts=prompts)
            await stack.enter_async_context(daemon)
            stage = await stack.enter_async_context(Stage.around(asterisk))
        version = (await asterisk.cli("core show version")).split(" built")[0]
        here = f"{version} on port {asterisk.sip_port}, callbackd and its own PostgreSQL; phones are SIPp.\n"
        console.print(here, highlight=False, soft_wrap=True)
        console.print(OPENING, highlight=False, soft_wrap=True)
        verdicts = await _told(Scene(console, stage, daemon))
        if verdicts is None:
            return 1
        status = _summary(console, verdicts)
        if keep:
            await _leave_running(console, slot, asterisk, daemon)
        return status


async def _told(scene: Scene) -> list[Verdict] | None:
    """What came of the scene; None when it went wrong, after showing what."""
    verdicts = None
    try:
        async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as group:
            listening = group.create_task(scene.listen())
            verdicts = await play(scene)
            listening.cancel()
    except* (PhoneFailed, TimeoutError, RuntimeError) as failed:
        scene.console.print(f"\n[red]The scene went wrong:[/red] {_first(failed)}\n", highlight=False)
        scene.console.print(scene.daemon.story(), highlight=False, markup=False)
    return verdicts


def _first(failed: BaseException) -> BaseException:
    while isinstance(failed, BaseExceptionGroup):
        failed = failed.exceptions[0]
    return failed


def _summary(console: Console, verdicts: list[Verdict]) -> int:
    table = Table(title="\nWhat the phones saw", title_justify="left")
    for heading in ("", "checked", "seen"):
        table.add_column(heading)
    for what, right, seen in verdicts:
        table.add_row("[green]yes[/green]" if right else "[red]NO[/red]", what, seen)
    console.print(table)
    right = all(right for _, right, _ in verdicts)
    wrong = "[red]Not everything went as it should: see the lines with NO.[/red]"
    console.print(CLOSING if right else wrong, highlight=False, soft_wrap=True)
    return 0 if right else 1


async def _leave_running(console: Console, slot: Slot, asterisk: Asterisk, daemon: Daemon) -> None:
    console.print(
        f"\nStill running; Ctrl-C ends it. Alice and Bob keep answering. Dial in with any softphone on this machine:\n"
        f"  account   agent3 at 127.0.0.1:{asterisk.sip_port}, UDP, no password, no registration, audio G.711\n"
        f"  dial      8001 for the queue, *50 to log in as an agent (listen on port {asterisk.agent_ports['agent3']})\n"
        f"  config    {daemon.config_path}\n"
        f"  Asterisk  {' '.join(asterisk.installed.command)} -C {asterisk.dir}/etc/asterisk.conf -r\n",
        highlight=False,
        markup=False,
    )
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


async def until_interrupted(console: Console, *, keep: bool) -> int:
    """The exit status: of the scene, or 130 when Ctrl-C came before its end."""
    showing = asyncio.create_task(show(console, keep=keep))
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        for number in signals:
            loop.add_signal_handler(number, lambda: None)  # one Ctrl-C is enough: everything is being stopped
        showing.cancel()

    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, interrupt)
    status = INTERRUPTED
    with contextlib.suppress(asyncio.CancelledError):
        status = await showing
    if keep or status == INTERRUPTED:
        console.print("\nStopped; everything it started is gone.")
    return status


def run() -> int:
    parser = argparse.ArgumentParser(prog="script/demo", description="One minute of callbackd on real phones.")
    parser.add_argument("--keep", action="store_true", help="leave it running afterwards, to dial into")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="keep what is shown as an SVG")
    asked = parser.parse_args()
    console = Console(record=True, width=PICTURE_COLUMNS) if asked.picture else Console()
    status = INTERRUPTED
    with contextlib.suppress(KeyboardInterrupt):
        status = asyncio.run(until_interrupted(console, keep=asked.keep))
    if asked.picture:
        asked.picture.write_text(_picture(console), encoding="utf-8")
    return status


def _picture(console: Console) -> str:
    """The screen as an SVG that fetches nothing: any fixed-width font on the reader's machine will do."""
    drawn = console.export_svg(title="script/demo", unique_id="demo")
    plain = re.sub(r"<!--.*?-->|@font-face {.*?}", "", drawn, flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in plain.splitlines() if line.strip()) + "\n"


if __name__ == "__main__":
    sys.exit(run())

"""The demo: a private Asterisk, PostgreSQL, callbackd and SIPp phones play one scene, told as it happens.

At the end what callbackd believes is held against what the phones saw; the exit status is 0 only if both agree.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from lab.asterisk import Asterisk
from lab.daemon import Daemon, build_prompts
from lab.phones import AgentPhone, Call, Caller, CustomerPhones, PhoneFailed, Stage, answers
from lab.slots import Slot

NAMES = {"Anna": "+442079460101", "Ben": "+442079460102", "Cora": "+442079460103", "Dan": "+442079460104"}
AGENTS = {"agent1": "Alice", "agent2": "Bob"}
TALK_S = 5.0
LIMIT_S = 150.0

QUEUES = {
    "support": {
        "wrap_up_s": 2,
        "ring_s": 10,
        "announcements": {"every_s": 20},
        "offer": {"estimated_wait_s": 30, "waited_s": 60},
    }
}
STAFF = {phone: {"name": name, "endpoint": f"PJSIP/{phone}", "queues": ["support"]} for phone, name in AGENTS.items()}
TOLD = ("joined", "announced", "rings", "connected", "promised", "reserved", "accepted", "kept", "closed", "available")
"""Of the daemon's log, what belongs into the story."""


@dataclass
class Scene:
    """The people, their phones, and the voice that tells the story."""

    console: Console
    stage: Stage
    daemon: Daemon
    entries: dict[str, str] = field(default_factory=dict)
    """Which entry is whose place."""

    def tell(self, who: str, what: str, why: str = "") -> None:
        seconds = time.time() - self.stage.origin
        reason = f"  [dim]({why})[/dim]" if why else ""
        line = f"[dim]{seconds:6.1f} s[/dim]  [bold]{who:<10}[/bold] {what}{reason}"
        self.console.print(line, highlight=False, soft_wrap=True)

    async def listen(self) -> None:
        """The daemon's decisions, as they fall."""
        told = 0
        while True:
            await self.daemon.more_than(told)
            for line in self.daemon.lines[told:]:
                self._decision(line)
            told = len(self.daemon.lines)

    def _decision(self, line: dict[str, Any]) -> None:
        event, subject = str(line.get("event")), str(line.get("subject", ""))
        if event == "joined the line":
            ending = str(line.get("number", "")).split("~")[0][-4:]
            self.entries[subject] = next((who for who, number in NAMES.items() if number.endswith(ending)), "somebody")
        if "reason" not in line or "ignored" in event or not any(word in event for word in TOLD):
            return
        for phone, agent in AGENTS.items():
            event, subject = event.replace(phone, agent), subject.replace(phone, agent)
        whose = self.entries.get(subject, subject if subject in AGENTS.values() else "")
        facts = f", position {line['position']}" if "position" in line else ""
        self.tell("callbackd", f"{whose}: {event}{facts}" if whose else event, str(line.get("reason", "")))

    # --- what the people do ---

    async def agent(self, phone: str) -> AgentPhone:
        agent = await self.stage.agent(phone, behaviour=answers(after=1.0))
        self.tell(AGENTS[phone], "dials *50")
        call = await agent.dial("*50", answered=True)
        await call.hears_voice()
        await call.is_over(within=15)
        return agent

    async def talks(self, caller: Caller | Call, who: str, *agents: AgentPhone, seconds: float) -> str:
        """Talk with whichever of the agents answers, then hang up. Returns the agent's name."""
        waits = {asyncio.create_task(caller.hears(agent, within=60)): agent for agent in agents}
        done, late = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in late:
            task.cancel()
        agent = AGENTS[waits[done.pop()].name]
        self.tell(who, f"and {agent} hear each other")
        await asyncio.sleep(seconds)  # a conversation takes the time that it takes
        await caller.hangup()
        self.tell(who, "hangs up")
        return agent

    async def waits_and_talks(self, who: str, agents: list[AgentPhone], seconds: float) -> str:
        caller = self.stage.caller(NAMES[who])
        self.tell(who, "dials the toll-free number")
        await caller.dial("8001", answered=True)
        return await self.talks(caller, who, *agents, seconds=seconds)

    async def takes_a_callback(self, who: str) -> Caller:
        caller = self.stage.caller(NAMES[who])
        self.tell(who, "dials the toll-free number")
        await caller.dial("8001", answered=True)
        await self.daemon.said("announced", offer=True)
        await caller.hears_voice(since=self.stage.now(), within=10)
        await asyncio.sleep(4.0)  # listens to position and wait
        self.tell(who, "presses 1: rather be called back")
        await caller.press("1")
        await caller.hears_voice(since=self.stage.now() + 0.5)
        await asyncio.sleep(4.0)  # listens to the number
        self.tell(who, "presses 1: yes, that is my number")
        await caller.press("1")
        await caller.hears_voice(since=self.stage.now() + 0.5)
        await asyncio.sleep(4.0)  # listens to the promise
        await caller.hangup()
        self.tell(who, "has heard the promise, hangs up and goes about the day")
        return caller

    async def is_called_back(self, customers: CustomerPhones, who: str, agents: list[AgentPhone]) -> tuple[Call, str]:
        call = await customers.next_call_to(NAMES[who], within=60)
        self.tell(who, "the telephone rings")
        await call.is_answered()
        heard = await call.hears_voice(within=5)
        self.tell(who, f"answers, hears a voice after {heard.start - (call.answered_at or 0):.1f} s")
        pressing = asyncio.create_task(self._presses_one(call, who))
        agent = await self.talks(call, who, *agents, seconds=TALK_S)
        pressing.cancel()
        return call, agent

    async def _presses_one(self, call: Call, who: str) -> None:
        await asyncio.sleep(4.5)  # hears who is calling, and the menu
        self.tell(who, "presses 1")
        await call.press("1")


async def play(scene: Scene) -> list[tuple[str, bool, str]]:
    """The scene, and what came of it: checks with their results."""
    customers = await scene.stage.customers(behaviour=answers(after=2.0))
    agents = [await scene.agent(phone) for phone in AGENTS]
    anna = asyncio.create_task(scene.waits_and_talks("Anna", agents, 18.0))
    ben = asyncio.create_task(scene.waits_and_talks("Ben", agents, 26.0))
    await scene.daemon.said("connected to agent1")
    await scene.daemon.said("connected to agent2")
    cora = asyncio.create_task(scene.takes_a_callback("Cora"))
    await scene.daemon.said("announced", offer=True)
    dan = asyncio.create_task(scene.waits_and_talks("Dan", agents, TALK_S))
    caller = await cora
    back, agent_of_cora = await scene.is_called_back(customers, "Cora", agents)
    served = {"Anna": await anna, "Ben": await ben, "Cora": agent_of_cora, "Dan": await dan}
    await scene.daemon.said("closed: served", within_s=10, since=scene.daemon.last_index("promise kept"))
    return list(_verdicts(scene, customers, caller, back, served))


def _verdicts(
    scene: Scene, customers: CustomerPhones, caller: Caller, back: Call, served: dict[str, str]
) -> Iterator[tuple[str, bool, str]]:
    stage = scene.stage
    for who, agent in served.items():
        other = back if who == "Cora" else f"caller {NAMES[who]}"
        phone = next(phone for phone, name in AGENTS.items() if name == agent)
        talks = stage.spoke(other, phone)
        yield f"{who} spoke with {agent}", len(talks) == 1, f"{sum(talk.seconds for talk in talks):.1f} s"
    calls = len(customers.calls_to(NAMES["Cora"]))
    yield "Cora's telephone rang once", calls == 1, f"{calls} INVITE"
    voice = back.hearing.spans("voice")
    delay_s = voice[0].start - (back.answered_at or 0.0) if voice else 99.0
    yield "a voice within 2 s of her answer", delay_s < 2.0, f"{delay_s:.2f} s"
    gaps = caller.gaps(longer_than=1.5)
    yield "Cora never heard silence while she waited", not gaps, f"{len(gaps)} gaps"
    kept = scene.daemon.count("promise kept")
    yield "callbackd says the promise was kept", kept == 1, f"{kept} kept"
    for_dan = next(call for call in stage.calls if call.who in AGENTS and call.from_user == NAMES["Dan"])
    ahead_s = (for_dan.invited_at or 0.0) - (back.invited_at or 0.0)
    yield "Cora's turn came before Dan's, who held the line", ahead_s > 0, f"{ahead_s:.1f} s earlier"


async def main(keep: bool) -> int:
    console = Console()
    async with AsyncExitStack() as stack:
        with console.status("starting Asterisk, PostgreSQL and callbackd") as status:
            slot = stack.enter_context(Slot())
            asterisk = await stack.enter_async_context(Asterisk(slot))
            daemon = Daemon(slot, asterisk, "embedded", queues=QUEUES, agents=STAFF)
            status.update("speaking the prompts that are missing")
            await build_prompts(daemon)
            status.update("starting PostgreSQL and callbackd")
            await stack.enter_async_context(daemon)
            stage = await stack.enter_async_context(Stage.around(asterisk))
        version = (await asterisk.cli("core show version")).split(" built")[0]
        console.print(f"{version} on port {asterisk.sip_port}, callbackd and its own PostgreSQL; phones are SIPp.\n")
        scene = Scene(console, stage, daemon)
        listening = asyncio.create_task(scene.listen())
        stack.callback(listening.cancel)
        try:
            async with asyncio.timeout(LIMIT_S):
                verdicts = await play(scene)
        except (PhoneFailed, TimeoutError, RuntimeError) as failure:
            console.print(f"\n[red]The scene went wrong:[/red] {failure}\n", markup=True, highlight=False)
            console.print(daemon.story(), highlight=False, markup=False)
            return 1
        status_code = _summary(console, verdicts)
        if keep:
            await _leave_running(console, slot, asterisk, daemon)
        return status_code


def _summary(console: Console, verdicts: list[tuple[str, bool, str]]) -> int:
    table = Table(title="\nWhat the phones saw", title_justify="left")
    for heading in ("", "checked", "seen"):
        table.add_column(heading)
    for what, right, seen in verdicts:
        table.add_row("[green]yes[/green]" if right else "[red]NO[/red]", what, seen)
    console.print(table)
    return 0 if all(right for _, right, _ in verdicts) else 1


async def _leave_running(console: Console, slot: Slot, asterisk: Asterisk, daemon: Daemon) -> None:
    console.print(
        f"\nStill running; Ctrl-C ends it. Alice and Bob go on answering. Dial in with any softphone on this machine:\n"
        f"  account   agent3 at 127.0.0.1:{asterisk.sip_port}, UDP, no password, no registration, audio G.711\n"
        f"  dial      8001 for the queue, *50 to log in as an agent (listen on port {asterisk.agent_ports['agent3']})\n"
        f"  config    {daemon.config_path}\n"
        f"  Asterisk  {' '.join(asterisk.installed.command)} -C {asterisk.dir}/etc/asterisk.conf -r\n",
        highlight=False,
        markup=False,
    )
    await asyncio.Event().wait()


def run() -> int:
    parser = argparse.ArgumentParser(prog="script/demo", description="One minute of callbackd on real phones.")
    parser.add_argument("--keep", action="store_true", help="leave it running afterwards, to dial into")
    keep = parser.parse_args().keep

    async def until_interrupted() -> int:
        playing = asyncio.create_task(main(keep))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, playing.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            return await playing
        print("\nended; everything it started is gone")
        return 0 if keep else 130

    return asyncio.run(until_interrupted())


if __name__ == "__main__":
    sys.exit(run())

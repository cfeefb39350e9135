"""The demo's scene: Anna and Ben talk, Cora takes a callback, Dan holds the line. Shown as it happens, judged by
phones.

Only talking goes by the clock: people press, answer and hang up when they have heard what they waited for, so the scene
takes the same course on a slow machine.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from lab.daemon import Daemon
from lab.phones import AgentPhone, Call, Caller, CustomerPhones, Stage, answers, first_heard
from lab.words import hears_out, number

NAMES = {"Anna": "+442079460101", "Ben": "+442079460102", "Cora": "+442079460103", "Dan": "+442079460104"}
CUSTOMER = "Cora"
"""Who is called back, and nobody else."""
AGENTS = {"agent1": "Alice", "agent2": "Bob"}
TALK_S = 5.0
HER_NUMBER = number(("020", "7946", "0103"))
"""The prompts of Cora's number, as it is read back to her."""

QUEUES = {
    "support": {
        "wrap_up_s": 2,
        "ring_s": 10,
        "announcements": {"every_s": 20},
        "offer": {"estimated_wait_s": 30, "waited_s": 60},
    }
}
STAFF = {phone: {"name": name, "endpoint": f"PJSIP/{phone}", "queues": ["support"]} for phone, name in AGENTS.items()}
SHOWN = ("joined", "announced", "rings", "connected", "promised", "reserved", "accepted", "kept", "closed", "available")
"""Words of those events in the daemon's log that belong in the story."""

OPENING = """\
Four people call a company that has two agents. What callbackd decides is told as it decides it, with its
reason; the other lines are what people do at their telephones.
"""
CLOSING = f"""\
So all four were served. {CUSTOMER} did not wait on the telephone: she hung up, kept her place in the line, and
was rung once when her turn came, before Dan, who came after her and held the line."""

Verdict = tuple[str, bool, str]
"""What was checked, whether it holds, and what was seen."""


def _plain(event: str, line: dict[str, Any]) -> tuple[str, str]:
    """A decision and its reason, for people who have never seen the log."""
    reason = str(line["reason"])
    if event == "announced":
        offered = ", offered a callback" if line.get("offer") else ""
        bound = re.fullmatch(r"P80 is (\d+) s", reason)
        why = f"four in five wait {bound[1]} s at most" if bound else reason
        return f"is told position and wait{offered}", why
    facts = f", position {line['position']}" if "position" in line else ""
    return f"{event}{facts}", reason


@dataclass
class Scene:
    """The people, their phones, and the teller of the story."""

    console: Console
    stage: Stage
    daemon: Daemon
    entries: dict[str, str] = field(default_factory=dict)
    """The person whose place each entry is."""
    shown: int = 0
    """This many lines of the daemon's log have been shown."""

    def tell(self, who: str, what: str, why: str = "") -> None:
        seconds = time.time() - self.stage.origin
        reason = f"  [dim]({why})[/dim]" if why else ""
        line = f"[dim]{seconds:6.1f} s[/dim]  [bold]{who:<10}[/bold] {what}{reason}"
        self.console.print(line, highlight=False, soft_wrap=True)

    async def listen(self) -> None:
        """Show the daemon's decisions as it takes them. Never returns."""
        while True:
            await self.daemon.more_than(self.shown)
            self.catch_up()

    def catch_up(self) -> None:
        """Show the decisions that have not been shown yet."""
        for line in self.daemon.lines[self.shown :]:
            self.shown += 1
            self._decision(line)

    def _decision(self, line: dict[str, Any]) -> None:
        event, subject = str(line.get("event")), str(line.get("subject", ""))
        if event == "joined the line":
            ending = str(line.get("number", "")).split("~")[0][-4:]
            self.entries[subject] = next((who for who, number in NAMES.items() if number.endswith(ending)), "somebody")
        if "reason" not in line or "ignored" in event or not any(word in event for word in SHOWN):
            return
        for phone, agent in AGENTS.items():
            event, subject = event.replace(phone, agent), subject.replace(phone, agent)
        whose = self.entries.get(subject, subject if subject in AGENTS.values() else "")
        if event == "promise kept":
            whose = CUSTOMER
        what, why = _plain(event, line)
        self.tell("callbackd", f"{whose}: {what}" if whose else what, why)

    # --- what the people do ---

    async def agent(self, phone: str) -> AgentPhone:
        agent = await self.stage.agent(phone, behaviour=answers(after=1.0))
        self.tell(AGENTS[phone], "dials *50 to log in")
        call = await agent.dial("*50", answered=True)
        await call.hears_voice()
        await call.is_over(within=15)
        return agent

    async def calls(self, who: str) -> Caller:
        caller = self.stage.caller(NAMES[who])
        self.tell(who, "dials the toll-free number")
        await caller.dial("8001", answered=True)
        return caller

    async def talks(self, caller: Caller | Call, who: str, *agents: AgentPhone, until: asyncio.Event | None) -> str:
        """The name of the agent who answered. The caller talks with them until something has happened, and hangs up."""
        agent = AGENTS[(await first_heard(caller, *agents, within=90)).name]
        self.tell(who, f"and {agent} hear each other")
        await asyncio.sleep(TALK_S)  # a conversation takes its time
        if until:
            await until.wait()
        await caller.hangup()
        self.tell(who, "hangs up")
        return agent

    async def waits_and_talks(self, who: str, agents: list[AgentPhone], until: asyncio.Event | None = None) -> str:
        return await self.talks(await self.calls(who), who, *agents, until=until)

    async def holds_the_line(self, who: str, agents: list[AgentPhone]) -> str:
        caller = await self.calls(who)
        await hears_out(caller.call, "en", "offer")
        self.tell(who, "presses nothing: rather holds the line")
        return await self.talks(caller, who, *agents, until=None)

    async def takes_a_callback(self, who: str) -> Caller:
        caller = await self.calls(who)
        await hears_out(caller.call, "en", "offer")
        self.tell(who, "presses 1: rather be called back")
        await caller.press("1")
        await hears_out(caller.call, "en", "number-is", *HER_NUMBER)
        self.tell(who, "presses 1: yes, that is my number")
        await caller.press("1")
        await hears_out(caller.call, "en", "promise")
        await caller.hangup()
        self.tell(who, "has heard the promise, hangs up and goes about the day")
        return caller

    async def is_called_back(self, customers: CustomerPhones, who: str) -> Call:
        """The call, once the customer has pressed the key for an agent."""
        call = await customers.next_call_to(NAMES[who], within=60)
        self.tell(who, "the telephone rings")
        await call.is_answered()
        heard = await call.hears_voice()
        self.tell(who, f"answers, hears a voice after {max(0.0, heard.start - (call.answered_at or 0.0)):.1f} s")
        await hears_out(call, "en", "hello")
        await call.hears_voice(since=self.stage.now())  # the menu
        self.tell(who, "presses 1")
        await call.press("1")
        return call


async def play(scene: Scene) -> list[Verdict]:
    """What came of the scene. Plays it."""
    customers = await scene.stage.customers(behaviour=answers(after=2.0))
    agents = [await scene.agent(phone) for phone in AGENTS]
    promised, called_back = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as people:
        anna = people.create_task(scene.waits_and_talks("Anna", agents, until=promised))
        ben = people.create_task(scene.waits_and_talks("Ben", agents, until=called_back))
        for phone in AGENTS:
            await scene.daemon.said(f"connected to {phone}")
        cora = people.create_task(scene.takes_a_callback(CUSTOMER))
        await scene.daemon.said("announced", offer=True)
        dan = people.create_task(scene.holds_the_line("Dan", agents))
        caller = await cora
        promised.set()
        back = await scene.is_called_back(customers, CUSTOMER)
        called_back.set()
        agent_of_cora = await scene.talks(back, CUSTOMER, *agents, until=None)
    served = {"Anna": anna.result(), "Ben": ben.result(), CUSTOMER: agent_of_cora, "Dan": dan.result()}
    for entry in scene.entries:
        await scene.daemon.said("closed: served", subject=entry)
    scene.catch_up()
    return list(_verdicts(scene, customers, caller, back, served))


def _verdicts(
    scene: Scene, customers: CustomerPhones, caller: Caller, back: Call, served: dict[str, str]
) -> Iterator[Verdict]:
    stage = scene.stage
    for who, agent in served.items():
        other = back if who == CUSTOMER else f"caller {NAMES[who]}"
        phone = next(phone for phone, name in AGENTS.items() if name == agent)
        talks = stage.spoke(other, phone)
        yield f"{who} spoke with {agent}", len(talks) == 1, f"for {sum(talk.seconds for talk in talks):.1f} s"
    calls = len(customers.calls_to(NAMES[CUSTOMER]))
    yield f"{CUSTOMER}'s telephone rang once", calls == 1, f"{calls} {'call' if calls == 1 else 'calls'}"
    voice = back.hearing.spans("voice")
    delay_s = max(0.0, voice[0].start - (back.answered_at or 0.0)) if voice else 99.0
    yield "a voice within 2 s of her answer", delay_s < 2.0, f"after {delay_s:.2f} s"
    gaps = caller.gaps(longer_than=1.5)
    yield f"{CUSTOMER} never heard silence while she waited", not gaps, f"{len(gaps)} silences over 1.5 s"
    kept = scene.daemon.count("promise kept")
    yield "callbackd says the promise was kept", kept == 1, f"{kept} promise kept"
    for_dan = next(call for call in stage.calls if call.who in AGENTS and call.from_user == NAMES["Dan"])
    ahead_s = (for_dan.invited_at or 0.0) - (back.invited_at or 0.0)
    yield f"{CUSTOMER}'s turn came before Dan's, who held the line", ahead_s > 0, f"{ahead_s:.1f} s earlier"

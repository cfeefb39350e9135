"""Lamps show agents' presence on telephones: what is asked of Asterisk, and when."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from callbackd.app.lamps import Lamps, lamp
from callbackd.ari.reply import Answer, Reply
from callbackd.domain.commands import Changed
from callbackd.domain.events import PbxBack, TimePassed
from callbackd.domain.ids import AgentId
from callbackd.domain.lives.agent import Agent, Presence

ALICE = Agent(AgentId("alice"), Presence.AVAILABLE)
PAUSED = replace(ALICE, presence=Presence.PAUSED, pause_reason="by feature code")
MISSED = replace(ALICE, presence=Presence.PAUSED, pause_reason="3 rings not answered in a row")
HOME = replace(ALICE, presence=Presence.LOGGED_OUT)


@pytest.mark.parametrize(
    ("agent", "state"), [(ALICE, "NOT_INUSE"), (PAUSED, "INUSE"), (MISSED, "RINGING"), (HOME, "UNAVAILABLE")]
)
def test_a_lamp_blinks_only_for_missed_rings(agent, state):
    assert lamp(agent) == state


class Desk:
    def __init__(self, reply: Reply = Reply.OK) -> None:
        self.set: list[tuple[str, str]] = []
        self.reply = reply
        self.lamps = Lamps(self.update, lambda: [ALICE])

    async def update(self, device: str, state: str) -> Answer[None]:
        self.set.append((device, state))
        return Answer(self.reply)

    async def step(self, *rows: Agent, event: PbxBack | TimePassed | None = None) -> None:
        self.lamps.watch(event or TimePassed(), [Changed(ALICE, row) for row in rows], 0.0)
        for _ in range(5):
            await asyncio.sleep(0)


async def test_a_lamp_is_set_when_the_presence_changes_and_not_for_a_call():
    desk = Desk()
    await desk.step(PAUSED)
    await desk.step(replace(PAUSED, misses=0, calls=7))
    await desk.step(ALICE)
    assert desk.set == [("Stasis:callbackd-alice", "INUSE"), ("Stasis:callbackd-alice", "NOT_INUSE")]


async def test_all_lamps_are_set_when_asterisk_is_back():
    desk = Desk()
    await desk.step(ALICE)
    await desk.step(event=PbxBack())
    assert desk.set == [("Stasis:callbackd-alice", "NOT_INUSE")] * 2


async def test_a_lamp_that_could_not_be_set_is_set_with_the_next_change():
    desk = Desk(Reply.UNKNOWN)
    await desk.step(ALICE)
    desk.reply = Reply.OK
    await desk.step(ALICE)
    await desk.step(ALICE)
    assert len(desk.set) == 2

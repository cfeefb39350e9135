"""Events that never came: a difference that lasts is polled away, one that passes is left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from callbackd.app import recovery
from callbackd.app.recovery import Recovery, report_laws
from callbackd.ari.client import Link
from callbackd.domain.acd import Acd
from callbackd.domain.events import Event, LegsSeen, PbxBack, PbxLost
from callbackd.domain.ids import CallbackId, EntryId, LegId, Mint
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.entry import Entry
from tests.builders import ANNA, SUPPORT, T0, agent, queue, settings

SEEN = LegsSeen(frozenset({LegId("leg")}))


class House:
    """``differ`` has the differences found at each look; ``answers`` is whether Asterisk answers a poll."""

    def __init__(self):
        self.told: list[Event] = []
        self.looks = self.polls = 0
        self.differ: Callable[[int], frozenset[str]] = lambda look: frozenset()
        self.answers = True
        self.laws: list[str] = []
        self.recovery = Recovery(
            lambda raw: raw, self.poll, self.told.append, differences=self.differences, broken_laws=lambda: self.laws
        )

    async def poll(self):
        self.polls += 1
        return (SEEN,) if self.answers else None

    def differences(self, polled):
        assert tuple(polled) == (SEEN,)
        self.looks += 1
        return self.differ(self.looks)

    async def until(self, fact):
        async with asyncio.timeout(5):
            while not fact():
                await asyncio.sleep(0)


@pytest.fixture
def quickly(monkeypatch):
    monkeypatch.setattr(recovery, "LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(recovery, "SURE_S", 0.0)


@asynccontextmanager
async def connected():
    house = House()
    comparing = asyncio.create_task(house.recovery.compare())
    house.recovery.on_link(Link.CONNECTED, "")
    await house.until(lambda: PbxBack() in house.told)
    house.told.clear()
    yield house
    comparing.cancel()


async def test_a_look_that_confirms_our_state_changes_nothing(quickly):
    async with connected() as house:
        await house.until(lambda: house.looks > 5)
        assert house.told == []


async def test_a_difference_that_lasts_is_asked_for_as_after_a_reconnect(quickly):
    async with connected() as house:
        house.differ = lambda look: frozenset({"x arrived and was not reported"})
        await house.until(lambda: PbxBack() in house.told)
        assert house.told[:3] == [PbxLost("events were missed"), SEEN, PbxBack()]


async def test_differences_that_pass_are_left_alone(quickly):
    async with connected() as house:
        house.differ = lambda look: frozenset({f"difference {look}"})
        await house.until(lambda: house.looks > 10)
        assert house.told == []


async def test_events_are_held_back_while_what_was_missed_is_asked_for(quickly):
    async with connected() as house:
        house.differ = lambda look: frozenset({"leg is gone"})
        await house.until(lambda: PbxLost("events were missed") in house.told)
        house.recovery.on_event("news")
        await house.until(lambda: "news" in house.told)
        assert house.told.index(PbxBack()) < house.told.index("news")


async def test_nothing_is_compared_without_a_stream_or_an_answer(quickly):
    async with connected() as house:
        house.answers = False
        house.differ = lambda look: frozenset({"leg is gone"})
        polls = house.polls
        await house.until(lambda: house.polls > polls + 3)
        house.answers = True
        house.recovery.on_link(Link.LOST, "cut")
        looks = house.looks
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert house.looks == looks
        assert house.told == [PbxLost("cut")]


async def test_an_asterisk_that_is_believed_away_behind_a_good_stream_is_believed_back_after_a_look(quickly):
    acd = Acd(settings([queue()], [agent("alice")]), Mint(b"looks"))
    async with connected() as house:
        acd.handle(PbxLost("hearsay"), T0)
        house.differ = lambda look: acd.differences((SEEN,))
        await house.until(lambda: PbxBack() in house.told)
        for event in house.told:
            acd.handle(event, T0)
        assert acd.state.world.pbx
        assert acd.differences((LegsSeen(frozenset()),)) == frozenset()


# --- the laws of the domain, asked in production ----------------------------------------------------------------------


async def test_a_broken_law_is_an_error_in_the_log_at_the_next_look_and_ends_nothing(quickly):
    async with connected() as house:
        with capture_logs() as lines:
            house.laws = ["entry e1 is held by nobody"]
            await house.until(lambda: any(line["event"] == "law_broken" for line in lines))
            looks = house.looks
            await house.until(lambda: house.looks > looks)
    broken = next(line for line in lines if line["event"] == "law_broken")
    assert (broken["log_level"], broken["law"]) == ("error", "entry e1 is held by nobody")


def test_rows_that_contradict_each_other_are_named_with_their_ids_after_a_restore():
    acd = Acd(settings([queue()], [agent("alice")]), Mint(b"laws"))
    rows: list[Entry | Callback] = []
    for n in ("1", "2"):
        id = CallbackId(f"c{n}")
        rows.append(Entry(EntryId(f"e{n}"), SUPPORT, T0, number=ANNA, callback=id))
        rows.append(Callback(id, EntryId(f"e{n}"), SUPPORT, ANNA, T0, T0 + 3600))
    acd.restore(rows, T0)
    with capture_logs() as lines:
        report_laws(acd.broken_laws)
    assert [line["law"] for line in lines] == [f"{ANNA} has 2 promises"]


def test_a_fault_in_asking_for_the_laws_is_logged_and_ends_nothing():
    def faulty() -> list[str]:
        raise KeyError("entry")

    with capture_logs() as lines:
        report_laws(faulty)
    assert [(line["event"], line["log_level"]) for line in lines] == [("laws_not_asked", "error")]

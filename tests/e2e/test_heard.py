"""One whole journey per language: what the phones heard, frame for frame, is what should have been said."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from lab.call import Call
from lab.daemon import NO_TIMES, QUICK_OFFER
from lab.house import House
from lab.phones import AgentPhone, CustomerPhones, answers
from lab.words import ALIKE, hears_out, likeness, number

pytestmark = [pytest.mark.e2e, pytest.mark.long]

BY_FOURS = ("020", "7946", "010{}")
BY_THREES = ("020", "79", "46", "01", "0{}")
GROUPS = {"en": BY_FOURS, "hr": BY_FOURS, "hu": BY_FOURS, "pl": BY_THREES, "uk": BY_THREES}
"""How Anna's number falls into breaths in each language; each language has an Anna of its own."""
QUEUE = {"wrap_up_s": 1, "ring_s": 4, "offer": QUICK_OFFER, "announcements": {"every_s": 5}, "slots": NO_TIMES}


@dataclass
class Journey:
    """A caller who takes a callback in a queue of this language, and is rung back."""

    house: House
    language: str
    anna: str
    ben: str
    digits: list[str]
    misread: list[str]
    """The prompts of Anna's number, and of another."""
    below: int = 0
    within: int = 0
    """The minutes that were spoken: of the wait, and of the promise."""
    first: Call | None = None
    back: Call | None = None

    @classmethod
    def of(cls, house: House, language: str) -> Journey:
        n = [*GROUPS].index(language) + 1
        groups = [group.format(n) for group in GROUPS[language]]
        other = [*groups[:-1], groups[-1][::-1]]
        return cls(house, language, f"+442079460{100 + n}", f"+442079460{200 + n}", number(groups), number(other))

    @property
    def queue(self) -> str:
        return f"in-{self.language}"

    async def minutes_told(self, kind: str) -> int:
        """As the ledger has them."""
        (row,) = await self.house.rows(f"SELECT said_s FROM quote WHERE kind = '{kind}' AND queue = '{self.queue}'")
        return round(float(row["said_s"]) / 60)

    async def made(self, agent: AgentPhone, customers: CustomerPhones) -> Journey:
        house, language, dialled = self.house, self.language, f"queue-{self.queue}"
        ben = await house.calls(self.ben, dialled)  # the agent talks, so that there is a wait to announce
        await ben.hears(agent, within=20)
        anna = self.first = (await house.calls(self.anna, dialled)).call
        await hears_out(anna, language, "greeting")
        await house.daemon.said("announced", subject=await self.place())
        self.below = await self.minutes_told("wait")
        await hears_out(anna, language, "position-1", f"wait-below-{self.below}", "offer")
        await anna.press("1")
        await hears_out(anna, language, "number-is", *self.digits, "confirm-menu")
        await anna.press("1")
        await house.daemon.said("promised a callback", subject=await self.place())
        self.within = await self.minutes_told("turn")
        told = ("promise", *self.digits, f"call-within-{self.within}", "goodbye")
        await hears_out(anna, language, *told, within=60)
        assert await anna.is_over(within=5) == "them"

        await ben.hangup()
        call = self.back = await customers.next_call_to(self.anna, within=15, answered=True)
        await hears_out(call, language, "hello")
        await hears_out(call, language, "callback-menu")
        await call.press("1")
        await call.hears(agent, within=20)
        return self

    async def place(self) -> str:
        """Anna's in the line, as the log names it."""
        (row,) = await self.house.rows(f"SELECT id FROM entry WHERE number = '{self.anna}'")
        return str(row["id"])


def neighbours(minutes: int) -> list[int]:
    """The sentences differ in a word or two only, and are much alike: the right one must be the most alike."""
    return [n for n in range(minutes - 3, minutes + 4) if n != minutes and 1 <= n <= 10]


@pytest.fixture(scope="module")
async def journeys(open_house_of_module, tmp_path_factory):
    """All of them at the same time, for each is more than a minute of listening. A test has the one of its language."""
    staff = {f"agent{n}": language for n, language in enumerate(GROUPS, start=1)}
    house = await open_house_of_module(
        built=False,
        queues={f"in-{language}": QUEUE | {"language": language} for language in GROUPS},
        agents={name: {"endpoint": f"PJSIP/{name}", "queues": [f"in-{staff[name]}"]} for name in staff},
        prompts={"cache": str(tmp_path_factory.mktemp("prompts") / "cache")},
    )
    customers = await house.stage.customers(behaviour=answers(after=0.3))
    agents = [await house.agent(name, answers(after=0.2)) for name in staff]
    made = [Journey.of(house, language).made(agent, customers) for agent, language in zip(agents, GROUPS, strict=True)]
    return dict(zip(GROUPS, await asyncio.gather(*made, return_exceptions=True), strict=True))


@pytest.mark.parametrize("language", GROUPS)
async def test_every_word_of_a_journey_is_heard(journeys, language):
    if isinstance(journeys[language], BaseException):
        raise journeys[language]
    journey: Journey = journeys[language]
    anna, call = journey.first, journey.back
    assert anna
    assert call
    wrong = "en" if language != "en" else "hr"
    theirs = ((anna, ["greeting"]), (anna, ["offer"]), (anna, journey.digits), (call, ["callback-menu"]))
    for heard, names in theirs:
        assert likeness(heard, wrong, *names) < ALIKE, f"{wrong} is taken for {language}: {names}"
    assert likeness(anna, language, "number-is", *journey.misread) < ALIKE, "another number is taken for Anna's"
    assert likeness(anna, language, "position-2") < ALIKE, "another place is taken for the first"
    for name, minutes in (("wait-below", journey.below), ("call-within", journey.within)):
        told, *untold = (likeness(anna, language, f"{name}-{n}") for n in (minutes, *neighbours(minutes)))
        assert told > max(untold), f"{name}: other minutes are more like what was heard than {minutes}"
    assert likeness(call, language, "greeting") < ALIKE

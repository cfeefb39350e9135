"""One whole journey per language: what the phones heard, frame for frame, is what should have been said."""

from __future__ import annotations

import pytest

from lab.daemon import COMPANY
from lab.house import ANNA, BEN, House
from lab.phones import answers
from lab.words import ALIKE, hears_out, likeness, number

pytestmark = pytest.mark.e2e

BY_FOURS = ("020", "7946", "0101")
BY_THREES = ("020", "79", "46", "01", "01")
GROUPS = {"en": BY_FOURS, "hr": BY_FOURS, "hu": BY_FOURS, "pl": BY_THREES, "uk": BY_THREES}
"""How Anna's number falls into breaths in each language."""


async def minutes_told(house: House, kind: str) -> int:
    """As the ledger has them."""
    (row,) = await house.rows(f"SELECT said_s FROM quote WHERE kind = '{kind}'")
    return round(float(row["said_s"]) / 60)


def neighbours(minutes: int) -> list[int]:
    """The sentences differ in a word or two only, and are much alike: the right one must be the most."""
    return [n for n in range(minutes - 3, minutes + 4) if n != minutes and 1 <= n <= 10]


@pytest.mark.parametrize("language", GROUPS)
async def test_every_word_of_a_journey_is_heard(open_house, tmp_path, language):
    site = {"name": COMPANY, "region": "GB", "language": language}
    house = await open_house(built=False, site=site, prompts={"cache": str(tmp_path / "cache")})
    digits = number(GROUPS[language])
    agent = await house.agent("agent1", answers(after=0.2))
    ben = await house.joins(BEN)  # the agent talks: that a wait can be told
    await ben.hears(agent, within=20)
    anna = (await house.calls(ANNA)).call
    await hears_out(anna, language, "greeting")
    await house.daemon.said("announced")
    below = await minutes_told(house, "wait")
    await hears_out(anna, language, "position-1", f"wait-below-{below}", "offer")
    await anna.press("1")
    await hears_out(anna, language, "number-is", *digits, "confirm-menu")
    await anna.press("1")
    await house.daemon.said("promised a callback")
    within = await minutes_told(house, "turn")
    await hears_out(anna, language, "promise", *digits, f"call-within-{within}", "goodbye", within=60)
    assert await anna.is_over(within=5) == "them"

    customers = await house.stage.customers(behaviour=answers(after=0.3))
    await ben.hangup()
    call = await customers.next_call_to(ANNA, within=15, answered=True)
    await hears_out(call, language, "hello")
    await hears_out(call, language, "callback-menu")
    await call.press("1")
    await call.hears(agent, within=20)

    wrong = "en" if language != "en" else "hr"
    others = number((*GROUPS[language][:-1], GROUPS[language][-1][::-1]))
    for heard, *names in ((anna, "greeting"), (anna, "offer"), (anna, *digits), (call, "callback-menu")):
        assert likeness(heard, wrong, *names) < ALIKE, f"{wrong} is taken for {language}: {names}"
    assert likeness(anna, language, "number-is", *others) < ALIKE, "another number is taken for Anna's"
    assert likeness(anna, language, "position-2") < ALIKE, "another place is taken for the first"
    for name, minutes in (("wait-below", below), ("call-within", within)):
        told, *untold = (likeness(anna, language, f"{name}-{n}") for n in (minutes, *neighbours(minutes)))
        assert told > max(untold), f"{name}: other minutes are more like what was heard than {minutes}"
    assert likeness(call, language, "greeting") < ALIKE

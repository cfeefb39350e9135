"""A menu before the line, by what the caller heard and with whom the caller spoke."""

from __future__ import annotations

import shutil

import pytest

from callbackd.prompts.settings import SHIPPED
from lab.daemon import NO_TIMES, QUICK_OFFER
from lab.house import ANNA, BEN
from lab.phones import answers
from lab.words import hears_out

pytestmark = pytest.mark.e2e

QUEUE = {"wrap_up_s": 0, "ring_s": 4, "offer": QUICK_OFFER, "announcements": {"every_s": 20}, "slots": NO_TIMES}
MAIN = {
    "languages": {"1": "en", "2": "pl"},
    "choices": {"1": "sales", "2": "support"},
    "otherwise": "support",
}
STANDS_FOR_THE_WORDS = "callback-menu"
"""The menu's own words are recorded; this sound stands for them, which no caller hears by any other way."""


@pytest.fixture
async def menu(open_house, tmp_path):
    for language in ("en", "pl"):
        (tmp_path / "spoken" / language).mkdir(parents=True)
        shutil.copy(
            SHIPPED / language / f"{STANDS_FOR_THE_WORDS}.gsm", tmp_path / "spoken" / language / "menu-main.gsm"
        )
    return await open_house(
        built=False,
        menus={"main": MAIN},
        queues={"support": QUEUE, "sales": QUEUE},
        agents={
            "seller": {"endpoint": "PJSIP/agent1", "queues": ["sales"]},
            "helper": {"endpoint": "PJSIP/agent2", "queues": ["support"]},
        },
        prompts={"cache": str(tmp_path / "cache"), "recordings": str(tmp_path / "spoken")},
    )


async def test_the_language_is_chosen_then_the_queue_and_both_are_kept(menu):
    seller = await menu.agent("agent1", answers(after=0.2), logs_in=False)
    anna = await menu.calls(ANNA, "8009")
    await hears_out(anna.call, "en", "greeting")
    await hears_out(anna.call, "pl", "press-2")
    await anna.press("2")
    await hears_out(anna.call, "pl", STANDS_FOR_THE_WORDS)
    await anna.press("1")
    await menu.daemon.said("joined the line")
    await hears_out(anna.call, "pl", "position-1")
    await menu.dials_code(seller, "*50")
    await anna.hears(seller, within=20)
    assert await menu.rows("SELECT queue, language FROM entry") == [{"queue": "sales", "language": "pl"}]


@pytest.mark.long
async def test_callers_who_press_nothing_are_served_and_wrong_keys_are_answered(menu):
    helper = await menu.agent("agent2", answers(after=0.2))
    ben = await menu.calls(BEN, "8009")
    await hears_out(ben.call, "pl", "press-2")
    await ben.press("7")
    await hears_out(ben.call, "en", "wrong-key")
    await hears_out(ben.call, "pl", "press-2")  # asked again
    await ben.press("1")
    await hears_out(ben.call, "en", STANDS_FOR_THE_WORDS)
    await hears_out(ben.call, "en", STANDS_FOR_THE_WORDS, within=40)
    await ben.hears(helper, within=60)
    assert await menu.rows("SELECT queue, language FROM entry") == [{"queue": "support", "language": "en"}]


async def test_a_key_in_the_middle_of_the_words_is_enough(menu):
    """Callers who know the menu need not listen to it."""
    seller = await menu.agent("agent1", answers(after=0.2))
    anna = await menu.calls(ANNA, "8009")
    await anna.hears_voice()
    await anna.press("1")
    await anna.hears_voice(since=menu.stage.now(), seconds=1.0)
    await anna.press("1")
    await menu.daemon.said("passed on to sales", within_s=5)
    await anna.hears(seller, within=15)


async def test_a_caller_who_hangs_up_in_the_menu_leaves_nothing_behind(menu):
    anna = await menu.calls(ANNA, "8009")
    await anna.hears_voice()
    await anna.hangup()
    ben = await menu.calls(BEN, "8009")
    await ben.hears_voice()
    await ben.hangup()
    assert await menu.rows("SELECT queue FROM entry") == []

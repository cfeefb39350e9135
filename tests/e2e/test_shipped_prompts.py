"""Nothing was built, no engine speaks: callers hear what comes with callbackd."""

from __future__ import annotations

import subprocess
from statistics import correlation

import pytest

from callbackd.prompts.settings import SHIPPED
from lab.daemon import COMPANY
from lab.house import ANNA
from lab.phones import answers, presses_one
from lab.rtp import FRAME, FRAME_S, Ears, Hearing

pytestmark = pytest.mark.e2e

UKRAINIAN = {"name": COMPANY, "region": "GB", "language": "uk"}
UKRAINIAN_SOUNDS = SHIPPED / "uk"


def shipped(name: str) -> list[float]:
    """How loud each frame of it is on a phone."""
    command = ["sox", "-D", str(UKRAINIAN_SOUNDS / f"{name}.gsm"), "-t", "ul", "-"]
    sound = subprocess.run(command, capture_output=True, check=True).stdout
    hearing = Hearing(Ears())
    for number, start in enumerate(range(0, len(sound), FRAME)):
        hearing.add(number * FRAME_S, sound[start : start + FRAME])
    return hearing.levels()


def likeness(hearing: Hearing, name: str) -> float:
    """Of a shipped prompt and what was heard in the first seconds: 1 is the same, 0 has nothing to do with it."""
    prompt, heard = shipped(name), hearing.levels()
    return max(correlation(prompt, heard[start : start + len(prompt)]) for start in range(50))


async def test_a_caller_is_greeted_and_called_back_without_a_prompt_ever_built(open_house, tmp_path):
    cache = tmp_path / "cache"
    house = await open_house(built=False, site=UKRAINIAN, prompts={"cache": str(cache)})
    anna = await house.calls(ANNA)
    await house.takes_callback(anna)
    assert likeness(anna.call.hearing, "greeting") > 0.9
    assert likeness(anna.call.hearing, "hello") < 0.5
    customers = await house.stage.customers(behaviour=presses_one())
    agent = await house.agent("agent1", answers(after=0.2))
    call = await customers.next_call_to(ANNA, within=15, answered=True)
    await call.hears(agent, within=20)
    assert likeness(call.hearing, "hello") > 0.9
    # The lab's phones say that they are English, which nobody is here.
    unspoken = [line for line in house.daemon.lines if line["event"] == "not_spoken" and line["what"] != "language"]
    assert not unspoken
    assert not cache.exists()

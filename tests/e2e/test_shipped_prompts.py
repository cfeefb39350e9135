"""Nothing was built, no engine speaks: callers hear what comes with callbackd."""

from __future__ import annotations

import pytest

from lab.daemon import COMPANY
from lab.house import ANNA
from lab.phones import answers, presses_one
from lab.words import ALIKE, likeness

pytestmark = pytest.mark.e2e

UKRAINIAN = {"name": COMPANY, "region": "GB", "language": "uk"}


async def test_a_caller_is_greeted_and_called_back_without_a_prompt_ever_built(open_house, tmp_path):
    cache = tmp_path / "cache"
    house = await open_house(built=False, site=UKRAINIAN, prompts={"cache": str(cache)})
    anna = await house.calls(ANNA)
    await house.takes_callback(anna)
    assert likeness(anna.call, "uk", "greeting") > ALIKE
    assert likeness(anna.call, "uk", "hello") < ALIKE
    customers = await house.stage.customers(behaviour=presses_one())
    agent = await house.agent("agent1", answers(after=0.2))
    call = await customers.next_call_to(ANNA, within=15, answered=True)
    await call.hears(agent, within=20)
    assert likeness(call, "uk", "hello") > ALIKE
    # The lab's phones say that they are English, which nobody is here.
    unspoken = [line for line in house.daemon.lines if line["event"] == "not_spoken" and line["what"] != "language"]
    assert not unspoken
    assert not cache.exists()

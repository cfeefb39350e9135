"""The time after a call: whose setting wins, longer on request, ended on request."""

from __future__ import annotations

import pytest

from callbackd.domain.commands import Play
from callbackd.domain.lives.agent import Activity
from callbackd.domain.phrase import Fixed
from callbackd.domain.settings import Ringing
from tests.builders import ANNA, SALES, SUPPORT, Centre, agent, number, queue, settings


def after_a_call(own_s=None, **changes):
    """Alice's call has just ended; the queue gives 10 s, and 60 s when asked for more."""
    queues = [queue(wrap_up_s=10.0, wrap_up_extend_s=60.5, **changes), queue(SALES, wrap_up_extend_s=5.0)]
    centre = Centre(settings(queues, [agent("alice", SUPPORT, SALES, wrap_up_s=own_s), agent("bob")]))
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    centre.hangs_up("anna")
    return centre


def free_after(centre, limit_s=1000):
    """Seconds until alice is rung for the next caller, None when she is free already."""
    centre.calls("next", number(50))
    for second in range(limit_s):
        if number(50) in centre.rings("alice"):
            return second
        centre.wait(1)
    raise AssertionError("never")


@pytest.mark.parametrize(("own_s", "free_s"), [(None, 10), (25.0, 25), (0.0, 0)])
def test_an_agent_s_own_wrap_up_wins_over_the_queue_s(own_s, free_s):
    assert free_after(after_a_call(own_s)) == free_s


def test_a_wrap_up_is_longer_when_the_agent_asks_and_longer_still_when_asked_again():
    centre = after_a_call()
    centre.dials("alice", "extend")
    assert Fixed.AGENT_WRAP_UP_LONGER in centre.last(Play).phrases
    assert free_after(centre) == 71
    centre.answers("alice")
    centre.hangs_up("next")
    centre.dials("alice", "extend")
    centre.dials("alice", "extend")
    until = centre.agents["alice"].wrap_up_until
    assert until == centre.now + 10 + 2 * 60.5
    centre.sleeps(130.9)
    assert centre.agents["alice"].activity is Activity.WRAP_UP
    centre.sleeps(0.1)
    assert centre.agents["alice"].activity is Activity.IDLE


def test_a_wrap_up_ends_when_the_agent_says_so():
    centre = after_a_call()
    centre.dials("alice", "extend")
    centre.dials("alice", "ready")
    assert centre.last(Play).phrases == (Fixed.AGENT_READY,)
    assert free_after(centre) == 0
    centre.answers("alice")
    centre.wait(71)
    assert centre.reasons("wrapped ignored") == []  # the old deadline is forgotten


@pytest.mark.parametrize("code", ["extend", "ready"])
@pytest.mark.parametrize("doing", ["idle", "ringing", "talking"])
def test_without_a_wrap_up_there_is_none_to_change(code, doing):
    centre = Centre()
    centre.logs_in("alice")
    if doing != "idle":
        centre.calls("anna")
    if doing == "talking":
        centre.answers("alice")
    centre.dials("alice", code)
    assert centre.last(Play).phrases == (Fixed.NOT_NOW,)
    assert centre.agents["alice"].activity.value == doing
    assert centre.agents["alice"].wrap_up_until == 0.0


def test_an_agent_who_pauses_during_the_wrap_up_is_not_rung_after_it():
    centre = after_a_call()
    centre.dials("alice", "pause")
    centre.wait(11)
    centre.calls("next", number(50))
    assert centre.rings("alice") == [ANNA]
    centre.dials("alice", "unpause")
    assert centre.rings("alice") == [ANNA, number(50)]


def test_a_missed_ring_has_no_wrap_up():
    centre = Centre(settings(agents=[agent("alice")], ringing=Ringing(miss_rest_s=5.0)))
    centre.logs_in("alice")
    centre.calls("anna")
    centre.misses("alice")
    assert centre.agents["alice"].activity is Activity.IDLE
    centre.wait(5)
    assert centre.rings("alice") == [ANNA, ANNA]

"""Places as estimators see them; an estimate is computed once while nothing has changed that it depends on."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from callbackd.domain.ids import AgentId
from callbackd.domain.phrase import Fixed, WaitBelow
from callbackd.domain.settings import Announcements, Need, Offer, Penalties, Reserve, Reserves
from callbackd.domain.wait.estimator import Place
from callbackd.domain.wait.place import Places, place_of
from callbackd.domain.wait.recursion import Recursive
from tests.builders import ANNA, BEN, SALES, SUPPORT, Centre, agent, number, queue, settings


class Counting(Recursive):
    """The estimator in use, how often it was asked, and about what."""

    asked = 0
    judged = True
    of: ClassVar[list[Place]] = []

    def estimate(self, place, now):
        Counting.asked += 1
        Counting.of.append(place)
        return super().estimate(place, now)


def wait_of(centre, leg="anna"):
    """What a place would wait, asked anew; in ``Counting.of`` are the questions."""
    Counting.of.clear()
    estimate = Places(centre.acd.state, centre.acd.estimator).estimate(centre.entry(leg))
    assert estimate
    return estimate.mean_s


def busy_centre() -> Centre:
    Counting.asked = 0
    centre = Centre(settings([queue()], [agent("alice")]), estimator=Counting)
    centre.logs_in("alice")
    centre.calls("anna", ANNA)
    centre.answers("alice")
    return centre


def test_one_announcement_asks_once_for_its_number_its_offer_and_its_record():
    centre = busy_centre()
    centre.calls("ben", BEN)
    for nth in (1, 2):
        before = Counting.asked
        while len(centre.reasons("announced")) < nth:
            centre.hears_out("ben")
            centre.wait(1)
    assert Counting.asked == before + 1


def test_another_place_needs_an_estimate_of_its_own():
    centre = busy_centre()
    centre.calls("ben", BEN)
    before = Counting.asked
    centre.calls("carla", number(3))
    assert Counting.asked > before


# --- agents who may not be given the place yet ------------------------------------------------------------------------

RULES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "skill": ({"needs": (Need("polish", 1, ((60.0, 0),)),)}, {}),
    "penalty": ({"penalties": Penalties(0, ((60.0, 9),))}, {"penalties": {SUPPORT: 5}}),
    "reserve": ({"reserves": Reserves(waited_s=60.0)}, {"reserve": Reserve.YES}),
}


@pytest.fixture(params=RULES)
def early(request):
    """Alice talks; Bob is free, and may be given a place that has waited a minute."""
    of_queue, of_bob = RULES[request.param]
    line = queue(announcements=Announcements(first_after_s=5.0), offer=Offer(estimated_wait_s=50.0), **of_queue)
    alice, bob = agent("alice", skills={"polish": 1}), agent("bob", **of_bob)
    centre = Centre(settings([line], [alice, bob]))
    centre.logs_in("alice")
    centre.calls("first", BEN)
    centre.answers("alice")
    centre.logs_in("bob")
    centre.calls("anna")
    return centre


def test_an_agent_who_is_free_and_may_not_be_given_the_place_yet_is_not_free_to_it(early):
    place = place_of(early.acd.state, early.entry("anna"))
    assert (place.free, len(place.busy)) == (0, 2)
    assert [busy.ends_s for busy in place.busy if busy.ends_s is not None] == [pytest.approx(60.0, abs=1.0)]


def test_its_wait_is_announced_and_a_callback_offered(early):
    early.hears_out("anna")
    early.wait(10)
    [quote] = early.quotes.values()
    assert 30 < quote.mean_s <= 60
    assert [phrase for phrase in early.heard("anna") if isinstance(phrase, WaitBelow)] == [WaitBelow(1)]
    assert Fixed.OFFER in early.heard("anna")


def test_when_the_minute_is_over_the_agent_is_rung(early):
    early.wait(61)
    assert "bob" in " ".join(early.rung())


def test_a_caller_who_hangs_up_is_followed_until_that_agent_might_have_served_them(early):
    early.hears_out("anna")
    early.wait(10)
    [quote] = early.quotes.values()
    arrived_at = early.entry("anna").arrived_at
    early.hangs_up("anna")
    early.wait(5)
    assert early.quotes[quote.id].outcome is None, "bob is free, and not for anna"
    early.sleeps(3600)
    assert early.quotes[quote.id].came_s == pytest.approx(arrived_at + 60.0 - quote.at)


# --- lines that share agents ------------------------------------------------------------------------------------------


def neighbours(waiting):
    """Alice and Bob take support alone, Carla both, Dora sales alone; all talk, and this many wait for sales."""
    team = [agent("alice"), agent("bob"), agent("carla", SUPPORT, SALES), agent("dora", SALES)]
    centre = Centre(settings([queue(), queue(SALES)], team), estimator=Counting)
    for n, name in enumerate(("alice", "bob", "carla", "dora")):
        centre.logs_in(name)
        centre.calls(f"with-{name}", number(90 + n), to=SALES if name == "dora" else SUPPORT)
        centre.answers(name)
    for n in range(waiting):
        centre.calls(f"s{n}", number(n), to=SALES)
    centre.wait(1)
    centre.calls("anna")
    return centre


def test_an_overloaded_neighbour_is_not_charged_to_agents_who_never_serve_it():
    """Carla is lost to sales, Alice and Bob are not: however long that line gets, anna waits for one of them."""
    quiet, busy, flooded = (wait_of(centre) for centre in map(neighbours, (0, 6, 30)))
    assert quiet < busy == pytest.approx(flooded)


def test_the_place_is_seen_with_all_its_agents_and_with_those_alone_whom_the_neighbours_never_get():
    centre = neighbours(6)
    wait_of(centre)
    together, alone = Counting.of
    assert (len(together.busy), [ahead.share for ahead in together.ahead]) == (3, [0.5] * 6)
    assert ({busy.agent for busy in alone.busy}, list(alone.ahead)) == ({"alice", "bob"}, [])


def test_callers_who_need_one_of_our_agents_are_a_neighbour_too():
    team = [agent("alice", skills={"polish": 1}), agent("bob"), agent("carla")]
    centre = Centre(settings([queue()], team), estimator=Counting)
    for n, name in enumerate(("alice", "bob", "carla")):
        centre.logs_in(name)
        centre.calls(f"with-{name}", number(90 + n))
        centre.answers(name)
    for n in range(5):
        centre.calls(f"p{n}", number(n), needs="polish")
    centre.wait(1)
    centre.calls("anna")
    wait_of(centre)
    together, alone = Counting.of
    assert [ahead.share for ahead in together.ahead] == [1.0] * 5
    assert ({busy.agent for busy in alone.busy}, list(alone.ahead)) == ({"bob", "carla"}, [])


# --- dialling ahead ---------------------------------------------------------------------------------------------------


def test_a_chance_that_can_only_be_too_low_is_not_asked_for_to_the_end():
    centre = neighbours(0)
    entry, asked_s = centre.entry("anna"), []

    class Listening(Recursive):
        def chance(self, place, within_s, now):
            asked_s.append(within_s)
            return super().chance(place, within_s, now)

    places = Places(centre.acd.state, Listening({SUPPORT: 240.0, SALES: 240.0}, 12.0))
    whole = places.chance(entry, "trunk", 2.0)
    in_all = len(asked_s)
    cut_short = places.chance(entry, "trunk", 2.0, least=0.97)
    assert whole is not None
    assert cut_short is not None
    assert max(whole, cut_short) < 0.97
    assert in_all > len(asked_s) - in_all == 1


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_what_is_kept_of_lines_and_staff_and_no_longer_true_breaks_a_law():
    centre = neighbours(2)
    wait_of(centre)
    state = centre.acd.state
    assert state.lines.kept
    assert centre.acd.broken_laws() == []
    kept = dict(state.lines.kept)
    centre.calls("late", number(50))
    state.lines.kept.update(kept)
    for waits_s in state.of_staff.values():
        waits_s[AgentId("alice")] = 1.0
    broken = " ".join(centre.acd.broken_laws())
    assert "what is kept of the lines of sales, support" in broken
    assert "what is kept of the agents" in broken

"""Who comes and who goes, by the roster and by agents' own words, and what that does to waits and promises."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callbackd.domain.commands import Answered, Play
from callbackd.domain.events import AgentAct, Asked, FeatureCode
from callbackd.domain.lives.agent import Presence
from callbackd.domain.settings import Hours, Offer, Reserve
from callbackd.domain.wait import roster
from callbackd.domain.wait.place import Places, place_of
from tests.builders import BEN, T0, Centre, agent, number, queue, settings
from tests.when import spans

DAY = datetime.fromtimestamp(T0, UTC)
MINUTE = DAY.hour * 60 + DAY.minute
"""Of the day, when the tests begin."""


def clock(minutes):
    """This many minutes from now, as the clock on the wall shows it."""
    at = (MINUTE + minutes) % 1440
    return f"{at // 60:02d}:{at % 60:02d}"


def shifts(*minutes):
    """A roster of these (from, to), in minutes from now, on each day."""
    today = spans(" ".join(f"{clock(begins)}-{clock(ends)}" for begins, ends in minutes))
    return Hours("UTC", (today,) * 7)


def centre_of(rosters, names=("alice", "bob"), **changes):
    return Centre(settings([queue(**changes)], [agent(name) for name in names], rosters=rosters))


def at_work(rosters, **changes):
    centre = centre_of(rosters, **changes)
    centre.logs_in("alice", "bob")
    for n in (1, 2):
        centre.calls(f"c{n}", number(n))
        centre.answers("alice" if centre.agents["alice"].leg else "bob")
    return centre


def ask(centre, act):
    centre.hear(Asked("r1", "kim", "api", act))
    assert centre.last(Answered).done


def plan_of(centre):
    return tuple((round(in_s / 60), change) for in_s, change in asked(centre).plan)


def asked(centre):
    if not any(entry.leg == "ben" for entry in centre.entries.values()):
        centre.calls("ben", BEN)
    return place_of(centre.acd.state, centre.entry("ben"))


def wait_of(centre):
    asked(centre)
    estimate = Places(centre.acd.state, centre.acd.estimator).estimate(centre.entry("ben"))
    return estimate.mean_s if estimate else None


# --- who comes and goes -----------------------------------------------------------------------------------------------


def test_without_a_roster_nothing_is_known():
    assert plan_of(at_work({})) == ()


def test_an_agent_goes_at_the_end_of_a_span_and_comes_at_the_next():
    assert plan_of(at_work({"alice": shifts((-60, 20), (50, 200))})) == ((20, -1), (50, 1), (200, -1))


def test_what_lies_beyond_the_horizon_changes_nothing():
    assert plan_of(at_work({"alice": shifts((-60, 250))})) == ()


def test_somebody_who_is_logged_out_comes_when_the_shift_begins():
    centre = centre_of({"alice": shifts((30, 90)), "bob": shifts((60, 180))})
    assert plan_of(centre) == ((30, 1), (60, 1), (90, -1))
    assert asked(centre).working == 0


def test_the_last_agent_serves_those_who_still_wait():
    both = {"alice": shifts((-60, 20)), "bob": shifts((-60, 30))}
    assert plan_of(at_work(both)) == ((20, -1),)
    assert plan_of(at_work(both | {"alice": shifts((-60, 20), (40, 60))})) == ((20, -1), (30, -1), (40, 1))


def test_somebody_who_is_late_may_come_at_any_moment_but_not_all_day():
    centre = centre_of({"alice": shifts((0, 60))})
    assert asked(centre).paused == 1
    assert asked(centre_of({"alice": shifts((-20, 60))})).paused == 0


def test_somebody_who_works_outside_the_roster_goes_with_the_next_shift():
    assert plan_of(at_work({"alice": shifts((30, 90))})) == ((90, -1),)


def test_somebody_who_should_be_there_and_is_paused_may_come_at_any_moment():
    centre = at_work({"alice": shifts((-60, 60))})
    centre.dials("alice", "pause")
    assert asked(centre).paused == 1
    assert plan_of(centre) == ()


def test_somebody_in_a_break_of_the_roster_is_not_one_of_those_who_may_come_at_any_moment():
    centre = at_work({"alice": shifts((-60, -10), (20, 60))})
    centre.dials("alice", "pause")
    assert asked(centre).paused == 0
    assert plan_of(centre) == ((20, 1), (60, -1))


def test_an_agents_own_word_comes_before_the_roster():
    centre = at_work({"alice": shifts((-60, -10), (20, 60))})
    ask(centre, AgentAct("alice", FeatureCode.PAUSE, 1800.0))
    assert plan_of(centre) == ((30, 1), (60, -1))


def test_a_word_that_is_over_is_worth_nothing():
    centre = at_work({})
    ask(centre, AgentAct("alice", FeatureCode.PAUSE, 60.0))
    assert plan_of(centre) == ((1, 1),)
    centre.wait(61)
    assert plan_of(centre) == ()
    assert asked(centre).paused == 1


def test_the_plan_moves_on_with_the_clock():
    centre = at_work({"alice": shifts((-60, 20), (50, 200))})
    assert plan_of(centre)[0] == (20, -1)
    centre.wait(600)
    assert plan_of(centre)[0] == (10, -1)


# --- what it does to waits --------------------------------------------------------------------------------------------


def test_who_goes_lengthens_the_wait_and_who_comes_shortens_it():
    plain = wait_of(at_work({}))
    assert wait_of(at_work({"alice": shifts((-60, 1))})) > 1.2 * plain
    centre = at_work({})
    ask(centre, AgentAct("alice", FeatureCode.PAUSE))
    unknown = wait_of(centre)
    ask(centre, AgentAct("alice", FeatureCode.PAUSE, 60.0))
    assert wait_of(centre) < 0.8 * unknown


def test_with_nobody_there_the_wait_is_told_by_when_the_first_comes():
    assert wait_of(centre_of({})) is None
    centre = centre_of({"alice": shifts((30, 90))})
    assert wait_of(centre) == pytest.approx(1800, abs=1)


def test_a_return_that_was_keyed_shortens_the_wait_of_a_caller():
    centre = at_work({})
    centre.dials("alice", "pause")
    code = centre.last(Play).leg
    unknown = wait_of(centre)
    centre.presses(code, "1#")
    assert centre.agents["alice"].back_at == centre.now + 60
    assert wait_of(centre) < unknown


# --- and to promises --------------------------------------------------------------------------------------------------


def staffed_min(centre):
    centre.wait(1)
    until_s = roster.staffed_s(centre.acd.state, centre.acd.state.settings.queues["support"])
    return None if until_s is None else round(until_s / 60)


def test_the_day_ends_when_the_last_agent_goes_home():
    both = {"alice": shifts((-60, 30)), "bob": shifts((-60, -5), (60, 90))}
    assert staffed_min(centre_of(both)) == 90
    assert staffed_min(centre_of(both | {"bob": shifts((-60, 0), (200, 300))})) == 30, "they come again tomorrow"


def test_an_agent_without_a_roster_may_stay_for_ever():
    assert staffed_min(centre_of({"alice": shifts((-60, 30))})) is None


def test_agents_in_reserve_keep_no_promise_until_they_are_called_in():
    reserve = agent("bob", reserve=Reserve.YES)
    centre = Centre(settings([queue()], [agent("alice"), reserve], rosters={"alice": shifts((-60, 30))}))
    assert staffed_min(centre) == 30
    centre.logs_in("bob")
    ask(centre, AgentAct("bob", FeatureCode.CALL_IN))
    assert staffed_min(centre) is None


def test_no_turn_is_promised_that_would_come_after_the_last_agent_has_gone():
    def reasons(ends):
        rosters = dict.fromkeys(("alice", "bob"), shifts((-60, ends)))
        centre = at_work(rosters, offer=Offer(estimated_wait_s=1.0))
        centre.calls("ben", BEN)
        centre.hears_out("ben")
        centre.wait(1)
        return centre.last_offer_reason()

    assert "closing is in" in reasons(3)
    assert "reaches 1 s" in reasons(180)


# --- what is learned --------------------------------------------------------------------------------------------------


def test_a_break_of_the_roster_teaches_nothing_about_other_pauses():
    def pauses(rosters):
        centre = at_work(rosters)
        centre.wait(60)
        centre.dials("alice", "pause")
        centre.wait(600)
        centre.dials("alice", "unpause")
        return centre.acd.estimator.memories()["pauses"]["returns"]

    assert pauses({}) == 3.0
    assert pauses({"alice": shifts((-60, 0), (20, 60))}) == 2.0


def test_presence_is_left_to_the_agents():
    centre = at_work({"alice": shifts((-60, 1))})
    centre.wait(120)
    assert centre.agents["alice"].presence is Presence.AVAILABLE

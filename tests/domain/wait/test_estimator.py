"""The estimator in use: what it expects for a place, what it learns, what it keeps over a restart."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import exp, inf
from random import Random

import pytest

from callbackd.domain.ids import AgentId
from callbackd.domain.speech.announcement import rounded_up
from callbackd.domain.wait.distributions import Z80, HandleTime, Moments, first_end
from callbackd.domain.wait.estimator import (
    Ahead,
    Busy,
    Estimate,
    Handled,
    Held,
    Joined,
    Place,
    Reached,
    Told,
    TurnCame,
    Worked,
)
from callbackd.domain.wait.learned import HandleTimes, Patience
from callbackd.domain.wait.recursion import Recursive
from tests.builders import SALES, SUPPORT, T0

AHT_S = 240.0
LIVE = Ahead(T0, live=True)
PROMISE = Ahead(T0, live=False)
NEW = Busy()


def estimator():
    return Recursive({SUPPORT: AHT_S, SALES: AHT_S}, answer_s=12.0)


def asked(place, learned=None):
    return (learned or estimator()).estimate(place, T0)


def place(ahead=0, busy=1, **changes):
    return replace(Place(SUPPORT, (LIVE,) * ahead, busy=(NEW,) * busy), **changes)


# --- what it says -----------------------------------------------------------------------------------------------------


def test_with_nobody_logged_in_there_is_no_estimate():
    assert asked(place(busy=0)) is None
    assert estimator().chance(place(busy=0), 10.0, T0) is None


def test_with_somebody_free_there_is_no_wait():
    assert asked(place(busy=0, free=1)) == Estimate(0.0, 0.0, 0.0)
    assert asked(place(served=True)) == Estimate(0.0, 0.0, 0.0)


def test_the_first_in_line_waits_for_the_first_call_to_end():
    assert asked(place()).mean_s == pytest.approx(AHT_S, rel=0.02)
    two = first_end([HandleTime(AHT_S, 0.9).outlasts(0.0)] * 2, inf, AHT_S).mean
    assert asked(place(busy=2)).mean_s == pytest.approx(two)


def test_the_age_of_the_call_in_hand_counts():
    fresh, older, odd = (asked(replace(place(), busy=(Busy(age),))).mean_s for age in (0.0, 100.0, 3000.0))
    assert older < fresh < odd


def test_a_timed_wrap_up_ends_when_it_ends():
    assert asked(replace(place(), busy=(Busy(ends_s=7.0),))).mean_s == pytest.approx(7.0, rel=0.01)
    assert asked(replace(place(), busy=(NEW, Busy(ends_s=7.0)))).mean_s < 7.0
    many = replace(place(), busy=(*(NEW,) * 20, Busy(ends_s=7.0)))
    assert asked(many).mean_s < 7.0


def test_each_place_ahead_costs_its_turn_while_its_holder_stays():
    means = [asked(place(ahead)).mean_s for ahead in range(6)]
    gaps = [after - before for before, after in pairwise(means)]
    assert all(0 < gap < AHT_S * 1.1 for gap in gaps), "some will have hung up"
    assert gaps == sorted(gaps, reverse=True), "the longer until their turn, the more have"


def test_a_promise_ahead_does_not_hang_up():
    live, promised = place(3), replace(place(), ahead=(PROMISE,) * 3)
    assert asked(promised).mean_s > asked(live).mean_s


def test_more_agents_serve_faster_and_those_paused_come_back():
    assert asked(place(5, busy=5)).mean_s < asked(place(5, busy=2)).mean_s
    assert asked(place(5, busy=2, paused=3)).mean_s < asked(place(5, busy=2)).mean_s


def test_with_everybody_paused_the_estimate_is_the_first_return_and_is_not_spoken():
    one, many = asked(place(busy=0, paused=1)), asked(place(busy=0, paused=50))
    assert not one.to_tell
    assert one.mean_s == pytest.approx(600.0), "a pause lasts ten minutes, as long as nobody knows better"
    assert many.mean_s == pytest.approx(200.0), "never less than a third of a pause"


def test_the_free_agents_take_those_ahead_and_are_busy_then():
    assert asked(place(1, busy=0, free=1)).mean_s == pytest.approx(AHT_S, rel=0.02)


def test_p80_lies_above_the_median_and_the_spread_narrows_in_a_long_line():
    near, far = asked(place(busy=5)), asked(place(40, busy=5))
    assert near.p50_s < near.p80_s
    assert far.p80_s / far.mean_s < near.p80_s / near.mean_s


def test_callers_who_overtake_stretch_the_wait_up_to_a_bound():
    learned = estimator()
    before = asked(place(5, busy=5), learned).mean_s
    for n in range(20):
        learned.on_event(Joined(SUPPORT, (0, 5)), T0 - 600 + 30 * n)
    stretched = asked(place(5, busy=5), learned).mean_s
    assert before < stretched < 4 * before
    assert asked(place(5, busy=5, rank=(0, 5)), learned).mean_s == before, "nobody overtakes the highest"
    later = learned.estimate(place(5, busy=5), T0 + 4 * 3600).mean_s
    assert later < stretched, "with a half-life of half an hour"


def test_each_call_takes_as_long_as_those_of_its_own_queue():
    learned = estimator()
    for n in range(500):
        learned.on_event(Handled(SUPPORT, 100.0), T0 + n)
        learned.on_event(Handled(SALES, 400.0), T0 + n)
    own = asked(place(4), learned).mean_s
    theirs = LIVE._replace(queue=SALES)
    assert asked(replace(place(), ahead=(theirs,) * 4), learned).mean_s > 2 * own
    assert asked(replace(place(), busy=(Busy(queue=SALES),)), learned).mean_s == pytest.approx(400, rel=0.05)
    assert asked(place(), learned).mean_s == pytest.approx(100, rel=0.05)


def test_an_agent_who_takes_twice_as_long_for_calls_is_known_in_time():
    learned = estimator()
    slow, quick, unknown = (replace(place(), busy=(Busy(agent=AgentId(id)),)) for id in ("slow", "quick", "new"))
    for n in range(400):
        learned.on_event(Handled(SUPPORT, 320.0, AgentId("slow")), T0 + n)
        learned.on_event(Handled(SUPPORT, 160.0, AgentId("quick")), T0 + n)
    assert asked(slow, learned).mean_s > 1.7 * asked(quick, learned).mean_s
    assert asked(quick, learned).mean_s < asked(unknown, learned).mean_s < asked(slow, learned).mean_s


def test_a_few_odd_calls_say_nothing_of_an_agent():
    learned = estimator()
    for n in range(3):
        learned.on_event(Handled(SUPPORT, 480.0, AgentId("odd")), T0 + n)
    odd, other = (asked(replace(place(), busy=(Busy(agent=AgentId(id)),)), learned).mean_s for id in ("odd", "other"))
    assert odd < 1.12 * other


def test_an_agent_who_may_not_be_given_the_place_yet_is_not_free_before():
    later = replace(place(), busy=(Busy(100.0, able_s=500.0),))
    assert asked(later).mean_s > 500
    assert estimator().chance(later, 400.0, T0) == 0.0


# --- how far it spreads -----------------------------------------------------------------------------------------------

CV = 0.9
"""Of handle times, before any was seen."""


def moments(of, until, steps=20_000):
    """Mean and variance of a duration by the chance that it lasts longer than each time: the definition, summed up."""
    step = until / steps
    lasts = [of((n + 0.5) * step) for n in range(steps)]
    mean = sum(lasts) * step
    second = sum(2 * (n + 0.5) * step * chance for n, chance in enumerate(lasts)) * step
    return Moments(mean, second - mean * mean)


def p80(of):
    return of.quantile(Z80)


def nobody_hangs_up():
    learned = estimator()
    for _ in range(2000):
        learned.on_event(Held(SUPPORT, 3600.0, False), T0)
    return learned


def test_with_many_agents_the_first_end_has_no_memory():
    mean_s = AHT_S / 40
    free = moments(lambda seconds: exp(-seconds / mean_s), until=20 * mean_s)
    assert asked(place(busy=40)).mean_s == pytest.approx(free.mean, rel=1e-3)
    assert asked(place(busy=40)).p80_s == pytest.approx(p80(free), rel=1e-3)


def test_with_many_agents_a_timed_wrap_up_cuts_the_first_end_off():
    mean_s, ends_s = AHT_S / 40, 8.0
    cut = moments(lambda seconds: exp(-seconds / mean_s), until=ends_s)
    seen = asked(replace(place(), busy=(*(NEW,) * 40, Busy(ends_s=ends_s))))
    assert seen.mean_s == pytest.approx(cut.mean, rel=1e-3)
    assert seen.p80_s == pytest.approx(p80(cut), rel=1e-3)


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_the_turn_of_one_ahead_of_one_agent_spreads_as_a_call_does(share):
    """With ``share`` it takes a gap of mean g and variance (CV g)², else none."""
    learned = nobody_hangs_up()
    first = first_end([HandleTime(AHT_S, CV).outlasts(0.0)], inf, AHT_S)
    ahead = replace(place(), ahead=(Ahead(T0, live=True, share=share),))
    gap_s = asked(replace(ahead, ahead=(LIVE,)), learned).mean_s - first.mean
    spread = share * (1 + CV**2) * gap_s**2 - (share * gap_s) ** 2
    seen = asked(ahead, learned)
    assert seen.mean_s == pytest.approx(first.mean + share * gap_s, rel=1e-3)
    assert seen.p80_s == pytest.approx(p80(Moments(seen.mean_s, first.variance + spread)), rel=1e-3)


def test_the_turns_of_many_agents_are_nearly_without_memory():
    """The gaps between the ends of n agents: of each agent's own variation one nth is left."""
    learned = nobody_hangs_up()
    first, seen = asked(place(busy=8), learned), asked(place(1, busy=8), learned)
    gap_s = seen.mean_s - first.mean_s
    agents = AHT_S / gap_s
    assert 6 < agents < 8, "some will pause"
    in_hand = first_end([HandleTime(AHT_S, CV).outlasts(0.0)] * 8, inf, AHT_S)
    spread = (CV**2 + agents - 1) / agents * gap_s**2
    assert seen.p80_s == pytest.approx(p80(Moments(seen.mean_s, in_hand.variance + spread)), rel=1e-3)


# --- dialling ahead ---------------------------------------------------------------------------------------------------


def test_the_chance_of_a_free_agent_in_time():
    learned = estimator()
    wraps = replace(place(), busy=(Busy(ends_s=5.0),))
    assert learned.chance(wraps, 4.9, T0) == 0.0
    assert 0.99 < learned.chance(wraps, 5.0, T0) < 1.0, "some pause instead"
    assert learned.chance(replace(wraps, ahead=(LIVE,)), 60.0, T0) == 0.0, "everybody ahead counts as staying"
    assert learned.chance(wraps, 10.0, T0) > learned.chance(wraps, 1000.0, T0), "the later, the more pause"
    free = place(1, busy=0, free=2)
    assert learned.chance(free, 10.0, T0) == 1.0
    two = replace(place(), busy=(Busy(ends_s=5.0), Busy(ends_s=5.0)))
    assert learned.chance(replace(two, back_s=(4.0,)), 5.0, T0) > 0.99, "one agent each"
    assert learned.chance(replace(two, ahead=(LIVE,) * 2, free=1), 5.0, T0) > 0.99, "the free one takes the first"
    assert learned.chance(replace(two, served=True), 1.0, T0) == 1.0
    back = replace(wraps, back_s=(10.0,))
    assert learned.chance(back, 9.0, T0) > 0.99
    assert learned.chance(back, 10.0, T0) == 0.0, "by then another promise stands before it again"


def test_an_agent_who_talks_is_not_free_before_the_wrap_up_is_over():
    talks = replace(place(), busy=(Busy(300.0, least_s=20.0),))
    assert estimator().chance(talks, 19.0, T0) == 0.0
    assert 0.0 < estimator().chance(talks, 40.0, T0) < 0.5


def test_answer_times_begin_at_what_is_configured_and_follow_what_is_seen():
    learned = estimator()
    assert sum(share for _, share in learned.answer_times("trunk")) == pytest.approx(1.0)
    mean_s = sum(after_s * share for after_s, share in learned.answer_times("trunk"))
    assert mean_s == pytest.approx(12.0 - 2.0, abs=1.0), "each bin of two to five seconds counts by its beginning"
    for _ in range(100):
        learned.on_event(Reached("trunk", 4.5, 4.5), T0)
    mean_s = sum(after_s * share for after_s, share in learned.answer_times("trunk"))
    assert mean_s == pytest.approx(4.5, abs=0.7)
    assert learned.answer_times("another") == estimator().answer_times("another")


def test_promises_that_are_seldom_answered_hold_up_the_line_less():
    answered, seldom = estimator(), estimator()
    for _ in range(200):
        answered.on_event(Reached("trunk", 10.0, 10.0), T0)
        seldom.on_event(Reached("trunk", None, 10.0), T0)
    before = replace(place(), ahead=(PROMISE,) * 5)
    assert asked(before, seldom).mean_s < asked(before, answered).mean_s


# --- learning ---------------------------------------------------------------------------------------------------------


def test_handle_times_are_learned_for_their_own_queue_only():
    learned = estimator()
    for _ in range(200):
        learned.on_event(Handled(SUPPORT, 60.0), T0)
    assert asked(place(), learned).mean_s < 120.0
    assert learned.estimate(replace(place(), queue=SALES), T0).mean_s == pytest.approx(AHT_S, rel=0.02)


def test_impatient_callers_shorten_the_wait_of_those_behind():
    learned = estimator()
    before = asked(place(10, busy=2), learned).mean_s
    for _ in range(200):
        learned.on_event(Held(SUPPORT, 25.0, hung_up=True), T0)
    assert asked(place(10, busy=2), learned).mean_s < before / 2


def test_patience_is_learned_by_age():
    learned = estimator()
    for _ in range(500):
        learned.on_event(Held(SUPPORT, 5.0, hung_up=True), T0)
    fresh, seasoned = place(10, busy=2), replace(place(busy=2), ahead=(Ahead(T0 - 30.0, live=True),) * 10)
    assert asked(fresh, learned).mean_s < asked(seasoned, learned).mean_s


def test_pauses_are_learned():
    learned = estimator()
    for _ in range(50):
        learned.on_event(Worked(paused=True, seconds=60.0, changed=True), T0)
    assert asked(place(busy=0, paused=1), learned).mean_s < 120.0


def test_earlier_errors_correct_later_estimates():
    learned = estimator()
    raw = asked(place(3))
    for _ in range(300):
        said = asked(place(3), learned)
        learned.on_event(TurnCame(SUPPORT, said, 1.4 * raw.mean_s), T0)
    corrected = asked(place(3), learned)
    assert corrected.mean_s == pytest.approx(1.4 * raw.mean_s, rel=0.1)
    assert corrected.model_s == raw.model_s, "the correction is not corrected again"


def test_p80_widens_until_one_in_five_is_missed():
    """Every fourth wait is nearly twice the mean."""
    learned, missed = estimator(), []
    for n in range(4000):
        said = asked(place(3), learned)
        came_s = said.model_s * (1.9 if n % 4 == 0 else 0.7)
        missed.append(came_s > said.p80_s)
        learned.on_event(TurnCame(SUPPORT, said, came_s), T0)
    assert sum(missed[2000:]) / 2000 == pytest.approx(0.2, abs=0.03)


def test_spoken_waits_come_true_in_four_of_five_cases_though_they_are_rounded_up():
    learned, random, missed = estimator(), Random(1), []
    for _ in range(4000):
        said = asked(place(3), learned)
        told_s = 60.0 * rounded_up(said.bound_s)
        came_s = random.expovariate(1 / 400)
        missed.append(came_s > told_s)
        learned.on_event(Told(SUPPORT, told_s, came_s), T0)
    assert sum(missed[1000:]) / 3000 == pytest.approx(0.2, abs=0.02)


def test_a_spoken_wait_does_not_move_the_estimate():
    learned = estimator()
    before = asked(place(3), learned)
    for _ in range(50):
        learned.on_event(Told(SUPPORT, 60.0, 10.0), T0)
    after = asked(place(3), learned)
    assert (after.mean_s, after.p80_s) == (before.mean_s, before.p80_s)
    assert after.bound_s < before.bound_s


def mean_after(calls_per_hour, hours, odd, seconds):
    """The mean of a team whose calls take 200 s each, after ``odd`` calls in a row that take ``seconds``."""
    learned = HandleTimes(200.0)
    times = [200.0] * (calls_per_hour * hours) + [seconds] * odd
    for n, handled_s in enumerate(times):
        learned.learn(handled_s, T0 + n * 3600 / calls_per_hour)
    return learned.mean


def test_a_large_team_remembers_an_hour_and_a_small_one_120_calls():
    small, large = (mean_after(per_hour, 10, odd=60, seconds=400.0) for per_hour in (60, 1600))
    assert small == pytest.approx(200 + 200 * (1 - (1 - 1 / 120) ** 60), rel=0.01)
    assert large == pytest.approx(200 + 200 * 60 / 1600, rel=0.02), "two minutes of odd calls"
    assert mean_after(1600, 10, odd=3200, seconds=400.0) > 360, "two hours of them"


def test_handle_times_learned_by_an_earlier_version_are_taken_up():
    learned = estimator()
    learned.recall("handling support", {"mean": 111.0, "variance": 9.0, "seen": 50.0})
    assert learned.memories()["handling support"] == {"mean": 111.0, "variance": 9.0, "seen": 50.0, "learned_at": 0.0}


# --- memory -----------------------------------------------------------------------------------------------------------


def experienced():
    learned = estimator()
    for n in range(30):
        learned.on_event(Handled(SUPPORT, 90.0 + n, AgentId("alice")), T0)
        learned.on_event(Held(SUPPORT, 40.0 + n, hung_up=n % 2 == 0), T0)
        learned.on_event(Worked(paused=n % 2 == 0, seconds=300.0, changed=True), T0)
        learned.on_event(Joined(SUPPORT, (0, n % 3)), T0)
        learned.on_event(Reached("trunk", 8.0, 8.0), T0)
        learned.on_event(TurnCame(SUPPORT, asked(place(3), learned), 200.0), T0)
        learned.on_event(Told(SUPPORT, 180.0, 200.0), T0)
    return learned


def test_learned_figures_are_taken_up_to_the_last_digit():
    learned, later = experienced(), estimator()
    for subject, memory in learned.memories().items():
        later.recall(subject, memory)
    line = replace(place(busy=2), ahead=(LIVE, PROMISE, LIVE))
    assert asked(line, later) == asked(line, learned)
    assert later.answer_times("trunk") == learned.answer_times("trunk")
    assert later.memories() == learned.memories()


@pytest.mark.parametrize(
    ("subject", "memory"),
    [
        ("handling support", {}),
        ("handling support", {"mean": "long", "variance": 1.0, "seen": 3.0}),
        ("handling support", {"mean": inf, "variance": 1.0, "seen": 3.0}),
        ("handling support", {"mean": 0.0, "variance": 1.0, "seen": 3.0}),
        ("handling nowhere", {"mean": 1.0, "variance": 1.0, "seen": 3.0}),
        ("patience support", {"hung_up": [1.0], "waited_s": [1.0], "forgotten_at": 0.0}),
        ("joins support", {"rates": {"high": [1.0, 2.0]}}),
        ("joins support", {"rates": 7}),
        ("answers trunk", {"typical_s": 1.0}),
        ("weather", {"rain": True}),
    ],
)
def test_a_memory_that_does_not_fit_is_ignored(subject, memory):
    learned = estimator()
    learned.recall(subject, memory)
    assert asked(place(3), learned) == asked(place(3))


def test_experience_of_hanging_up_fades_by_a_twentieth_a_day():
    learned = estimator()
    learned.on_event(Held(SUPPORT, 5.0, hung_up=True), T0)
    learned.on_event(Held(SUPPORT, 5.0, hung_up=False), T0 + 86400)
    hung_up = learned.memories()["patience support"]["hung_up"]
    assert hung_up[0] == pytest.approx(0.5 + 0.95)


def test_variation_of_handle_times_widens_the_estimate():
    even, uneven = estimator(), estimator()
    for n in range(200):
        even.on_event(Handled(SUPPORT, AHT_S), T0)
        uneven.on_event(Handled(SUPPORT, AHT_S * (0.2 if n % 2 else 1.8)), T0)
    spread = {name: asked(place(3), one).p80_s / asked(place(3), one).mean_s
              for name, one in (("even", even), ("uneven", uneven))}  # fmt: skip
    assert spread["even"] < spread["uneven"]


def test_a_constant_hazard_makes_patience_exponential():
    """With one hanging up per 600 s at every age, exp(-t/600) stay: the prior."""
    patience = Patience()
    for waited_s, longer_s in ((0, 60), (100, 500), (5, 7200)):
        assert patience.stays(waited_s, longer_s) == pytest.approx(exp(-longer_s / 600))


def test_the_kept_hazards_are_what_walking_through_the_ages_adds_up_to():
    random, patience = Random(7), Patience()
    for n in range(300):
        patience.learn(random.expovariate(1 / 200), random.random() < 0.4, T0 + n)
    ages_s = (0, 10, 20, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 3600, inf)
    rates = [hung_up / waited_s for hung_up, waited_s in zip(patience.hung_up, patience.waited_s, strict=True)]
    for waited_s, longer_s in ((0.0, 5.0), (10.0, 10.0), (55.0, 4000.0), (5000.0, 300.0)):
        walked = sum(
            rate * max(0.0, min(end, waited_s + longer_s) - max(start, waited_s))
            for rate, (start, end) in zip(rates, pairwise(ages_s), strict=True)
        )
        assert patience.stays(waited_s, longer_s) == pytest.approx(exp(-walked))


# --- who is known to come and go --------------------------------------------------------------------------------------


def test_an_agent_who_goes_takes_no_call_after_that():
    stays = replace(place(busy=2))
    goes = replace(stays, busy=(NEW, Busy(leaves_s=0.0)), plan=((0.0, -1),))
    assert asked(goes).mean_s == pytest.approx(asked(place(busy=1)).mean_s, rel=0.01)
    soon = replace(stays, busy=(NEW, Busy(leaves_s=60.0)), plan=((60.0, -1),))
    assert asked(stays).mean_s < asked(soon).mean_s < asked(goes).mean_s
    wraps = Busy(ends_s=30.0, leaves_s=10.0)
    assert asked(replace(stays, busy=(NEW, wraps), plan=((10.0, -1),))).mean_s > 100, "the wrap-up ends at home"


def test_a_line_moves_faster_from_the_moment_on_when_somebody_comes():
    alone, from_now = asked(place(4)).mean_s, asked(place(4, plan=((0.0, 1),))).mean_s
    later = asked(place(4, plan=((600.0, 1),))).mean_s
    assert from_now < later < alone
    assert asked(place(4, plan=((10_000.0, 1),))).mean_s == pytest.approx(alone, rel=0.01)


def test_while_nobody_is_there_the_line_stands_still():
    gap = replace(place(4), busy=(Busy(leaves_s=300.0),), plan=((300.0, -1), (3600.0, 1)))
    waits = [asked(replace(gap, ahead=(LIVE,) * n)).mean_s for n in range(5)]
    assert max(b - a for a, b in pairwise(waits)) > 2000
    assert waits[-1] < 3600 + 4 * AHT_S


def test_with_nobody_there_the_first_who_comes_is_waited_for():
    empty = place(busy=0, plan=((900.0, 1),))
    assert asked(empty).mean_s == pytest.approx(900.0)
    assert asked(empty).to_tell
    assert asked(replace(empty, paused=1)).mean_s < 900.0
    assert asked(replace(empty, plan=((900.0, -1),))) is None


def test_look_ahead_counts_who_comes_and_who_goes():
    learned, busy = estimator(), place(busy=1)
    plain = learned.chance(busy, 20.0, T0)
    assert learned.chance(replace(busy, busy=(Busy(leaves_s=0.0),), plan=((0.0, -1),)), 20.0, T0) == 0.0
    assert plain < learned.chance(replace(busy, plan=((20.0, 1),)), 20.0, T0) < 0.6, "people are late"
    assert learned.chance(replace(busy, plan=((200.0, 1),)), 20.0, T0) == pytest.approx(plain)
    assert learned.chance(place(busy=0, plan=((0.0, 1),)), 60.0, T0) == 1.0
    two_free = Place(SUPPORT, (LIVE,), free=1, busy=(Busy(ends_s=5.0),), plan=((10.0, -1),))
    assert learned.chance(two_free, 20.0, T0) < 0.01, "one of two is left, and somebody is ahead"

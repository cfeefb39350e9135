"""Who is served before whom, and which agents may serve whom."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from callbackd.domain.commands import Decided, RingAgent
from callbackd.domain.ids import AgentId, LegId, Mint
from callbackd.domain.line.eligibility import able_in, eligible, widens_at
from callbackd.domain.settings import EntryRules, Exit, Line, Need, Penalties, Reserve, Reserves, Strategy, Way
from callbackd.domain.state import State
from callbackd.domain.timers import Timer
from tests.builders import ANNA, BEN, SALES, SUPPORT, T0, Centre, agent, number, queue, settings

MINUTE_S = 60.0


def one_agent(**changes):
    return Centre(settings([queue(**changes)], [agent("alice")]))


def fill(centre, *arrivals):
    """Callers named by their order: (seconds after the one before, priority, queue)."""
    for n, (pause_s, priority, *to) in enumerate(arrivals, start=1):
        if pause_s:
            centre.wait(pause_s)
        centre.calls(f"c{n}", number(n), *to, priority=priority)


def served(centre, agent="alice"):
    """The legs in the order in which one agent is given them, each hung up at once."""
    legs: list[LegId] = []
    while (rings := centre.all(RingAgent, endpoint=f"PJSIP/{agent}"))[len(legs) :]:
        leg = centre.entry(rings[-1].caller_number).leg
        legs.append(leg)
        centre.answers(agent)
        centre.hangs_up(leg)
        centre.wait(0)
    return legs


# --- the order of one line --------------------------------------------------------------------------------------------


def test_higher_priority_comes_first_and_equals_by_arrival():
    centre = one_agent(wrap_up_s=0.0)
    fill(centre, (0, 0), (1, 5), (1, 5), (600, 9), (1, 0))
    centre.logs_in("alice")
    assert served(centre) == ["c4", "c2", "c3", "c1", "c5"]


@pytest.mark.parametrize(("late_s", "first"), [(119, "c2"), (121, "c1")])
def test_a_point_of_priority_can_be_worth_some_waiting_time(late_s, first):
    centre = Centre(settings([queue(wrap_up_s=0.0)], [agent("alice")], line=Line(priority_worth_s=MINUTE_S)))
    fill(centre, (0, 1), (late_s, 3))
    centre.logs_in("alice")
    assert served(centre)[0] == first


def test_of_places_with_equal_worth_the_one_that_came_first_is_first():
    centre = Centre(settings([queue(wrap_up_s=0.0)], [agent("alice")], line=Line(priority_worth_s=MINUTE_S)))
    fill(centre, (0, 0), (60, 1))
    centre.logs_in("alice")
    assert served(centre) == ["c1", "c2"]


@settings_of_hypothesis(max_examples=40)
@given(
    worth_s=st.none() | st.floats(1, 3600),
    arrivals=st.lists(st.tuples(st.integers(0, 900), st.integers(-3, 9)), min_size=2, max_size=6),
    later_s=st.integers(1, 100_000),
)
def test_the_order_of_two_entries_never_changes_by_waiting(worth_s, arrivals, later_s):
    centre = Centre(settings([queue()], [agent("alice")], line=Line(priority_worth_s=worth_s)))
    state = centre.acd.state
    fill(centre, *arrivals)
    before = sorted(state.entries.values(), key=lambda e: state.order(e))
    state.now += later_s
    assert sorted(state.entries.values(), key=lambda e: state.order(e)) == before


# --- one agent, several queues ----------------------------------------------------------------------------------------


def two_queues(worth_s, sales_priority=0, support_priority=0):
    queues = [queue(wrap_up_s=0.0, priority=support_priority), queue(SALES, wrap_up_s=0.0, priority=sales_priority)]
    return Centre(settings(queues, [agent("alice", SUPPORT, SALES)], line=Line(priority_worth_s=worth_s)))


@pytest.mark.parametrize("worth_s", [None, MINUTE_S])
def test_equal_queues_are_served_in_the_order_of_waiting_time(worth_s):
    centre = two_queues(worth_s)
    fill(centre, (0, 0, SALES), (1, 0, SUPPORT), (1, 0, SALES))
    centre.logs_in("alice")
    assert served(centre) == ["c1", "c2", "c3"]


def test_without_a_worth_the_queue_s_priority_comes_before_everything():
    centre = two_queues(None, sales_priority=1)
    fill(centre, (0, 99, SUPPORT), (900, 0, SALES))
    centre.logs_in("alice")
    assert served(centre) == ["c2", "c1"]


@pytest.mark.parametrize(("late_s", "first"), [(119, "c2"), (121, "c1")])
def test_with_a_worth_the_queue_s_priority_weighs_the_waits(late_s, first):
    centre = two_queues(MINUTE_S, sales_priority=2)
    fill(centre, (0, 0, SUPPORT), (late_s, 0, SALES))
    centre.logs_in("alice")
    assert served(centre)[0] == first


def test_with_a_worth_the_queues_and_the_callers_points_add_up():
    centre = two_queues(MINUTE_S, sales_priority=2, support_priority=1)
    fill(centre, (0, 2, SUPPORT), (59, 2, SALES), (1, 3, SALES))
    centre.logs_in("alice")
    assert served(centre) == ["c3", "c2", "c1"]


# --- skills -----------------------------------------------------------------------------------------------------------

SPEAKS = [
    agent("alice", skills={"polish": 1}),
    agent("bob"),
    agent("carol", skills={"polish": 3}),
]
POLISH = Need("polish", 2, relax=((31.5, 1), (73.5, 0)))


@pytest.mark.parametrize(("at_work", "after_s"), [("carol", 0), ("alice", 31.5), ("bob", 73.5)])
def test_a_need_relaxes_with_the_wait_and_wakes_by_itself(at_work, after_s):
    centre = Centre(settings([queue(needs=(POLISH,))], SPEAKS))
    centre.logs_in(at_work)
    centre.calls("anna")
    if after_s:
        centre.wait(after_s - 1)
        assert centre.rung() == []
        centre.sleeps(1)
    assert centre.rung() == [f"{at_work}:{ANNA}"]


def test_a_need_that_never_relaxes_is_never_given_to_another():
    centre = Centre(settings([queue(needs=(Need("polish", 2),))], SPEAKS))
    centre.logs_in("alice", "bob")
    centre.calls("anna")
    centre.wait(7200)
    assert centre.rung() == []


def test_a_callers_needs_are_added_to_the_queues():
    centre = Centre(settings([queue(needs=(Need("polish"),))], [*SPEAKS, agent("dan", skills={"polish": 1, "vip": 2})]))
    centre.logs_in("alice", "bob", "carol", "dan")
    centre.calls("anna", needs="vip:2")
    assert centre.rung() == [f"dan:{ANNA}"]


def test_needs_that_cannot_be_read_lose_nobody():
    centre = Centre(settings(agents=SPEAKS))
    centre.logs_in("bob")
    centre.calls("anna", needs="Polish:zero+!")
    assert centre.rung() == [f"bob:{ANNA}"]
    assert any(d.facts.get("needs_ignored") == "Polish:zero+!" for d in centre.said if hasattr(d, "facts"))


@pytest.mark.parametrize(
    ("wanted", "gets", "lowered"),
    [
        ("polish:4", ["carol"], "polish"),
        ("klingon+polish", ["alice", "carol"], "klingon"),
        ("polish:3", ["carol"], None),
    ],
)
def test_a_need_that_no_agent_of_the_queue_meets_is_lowered_to_the_best_there_is(wanted, gets, lowered):
    centre = Centre(settings([queue(strategy=Strategy.RING_ALL)], SPEAKS))
    centre.logs_in("alice", "bob", "carol")
    centre.calls("anna", needs=wanted)
    assert centre.rung() == [f"{agent}:{ANNA}" for agent in gets]
    joined = centre.all(Decided, what="joined the line")
    assert {decided.facts.get("needs_lowered") for decided in joined} == {lowered}


def test_a_need_that_another_queue_met_is_lowered_in_the_line_that_takes_the_caller_over():
    queues = [queue(rules=EntryRules(max_wait_s=30, max_wait=Exit(Way.QUEUE, SALES))), queue(SALES)]
    centre = Centre(settings(queues, [agent("carol", skills={"polish": 3}), agent("bob", SALES)]))
    centre.logs_in("bob")
    centre.calls("anna", needs="polish:2")
    assert centre.rung() == []
    centre.wait(30)
    assert centre.rung() == [f"bob:{ANNA}"]


def test_a_place_that_nobody_free_may_serve_holds_up_nobody_behind_it():
    centre = Centre(settings([queue()], SPEAKS))
    centre.calls("anna", needs="polish:2")
    centre.calls("ben", BEN)
    centre.logs_in("bob")
    assert centre.rung() == [f"bob:{BEN}"]
    centre.logs_in("carol")
    assert centre.rung() == [f"bob:{BEN}", f"carol:{ANNA}"]


def test_patience_spent_in_another_queue_counts_for_relaxing():
    """The wait is counted from the arrival, not from joining this line."""
    centre = Centre(settings([queue(needs=(POLISH,))], SPEAKS))
    centre.calls("anna")
    state = centre.acd.state
    state.put(replace(centre.entry(), arrived_at=T0 - 73.5, joined_at=T0))
    centre.logs_in("bob")
    assert centre.rung() == [f"bob:{ANNA}"]


# --- penalties --------------------------------------------------------------------------------------------------------


def juniors(**penalties):
    """alice has none, bob 1, carol 5."""
    team = [
        agent("alice"),
        agent("bob", penalties={SUPPORT: 1}),
        agent("carol", penalties={SUPPORT: 5}),
    ]
    return Centre(settings([queue(strategy=Strategy.RING_ALL, penalties=Penalties(**penalties))], team))


def rung_names(centre):
    return [who.split(":")[0] for who in centre.rung()]


def test_the_lowest_penalty_is_rung_first_even_when_another_is_idle_for_longer():
    centre = juniors()
    centre.logs_in("carol", "bob", "alice")
    fill(centre, (0, 0), (1, 0), (1, 0))
    assert centre.rung() == [f"alice:{number(1)}", f"bob:{number(2)}", f"carol:{number(3)}"]


def test_agents_above_the_penalty_limit_are_not_rung_until_it_widens_by_itself():
    centre = juniors(limit=0, widen=((31.5, 1), (73.5, None)))
    centre.logs_in("carol")
    centre.calls("anna")
    centre.wait(72.5)
    assert centre.rung() == []
    centre.sleeps(1)
    assert rung_names(centre) == ["carol"]


def test_the_limit_widens_in_steps():
    centre = juniors(limit=0, widen=((31.5, 1), (73.5, None)))
    centre.logs_in("carol", "bob")
    centre.calls("anna")
    centre.wait(30.5)
    assert centre.rung() == []
    centre.sleeps(1)
    assert rung_names(centre) == ["bob"]


def test_with_few_at_work_penalties_do_not_count():
    centre = juniors(limit=0, ignore_below=2)
    centre.logs_in("carol")
    centre.calls("anna")
    assert rung_names(centre) == ["carol"]


def test_with_enough_at_work_penalties_count_again():
    centre = juniors(limit=0, ignore_below=2)
    centre.logs_in("carol", "bob")
    centre.calls("anna")
    assert centre.rung() == []
    centre.dials("bob", "pause")
    assert rung_names(centre) == ["carol"]


def test_a_penalty_holds_in_its_queue_only():
    team = [agent("alice", SUPPORT, SALES, penalties={SUPPORT: 3}), agent("bob", SUPPORT, SALES, penalties={SALES: 3})]
    centre = Centre(settings([queue(), queue(SALES)], team))
    centre.logs_in("alice", "bob")
    centre.calls("anna", ANNA, SUPPORT)
    centre.calls("ben", BEN, SALES)
    assert centre.rung() == [f"bob:{ANNA}", f"alice:{BEN}"]


# --- reserves ---------------------------------------------------------------------------------------------------------


def with_reserve(reserve=Reserve.YES, **rule):
    team = [agent("alice"), agent("rita", reserve=reserve)]
    return Centre(settings([queue(reserves=Reserves(**rule), wrap_up_s=0.0)], team))


def test_an_agent_in_reserve_is_not_rung_unless_called_in_and_not_after_being_sent_home():
    centre = with_reserve()
    centre.logs_in("rita")
    centre.calls("anna")
    assert centre.rung() == []
    centre.dials("rita", "call_in")
    assert centre.rung() == [f"rita:{ANNA}"]
    centre.answers("rita")
    centre.hangs_up("anna")
    centre.dials("rita", "send_home")
    centre.calls("ben", BEN)
    centre.wait(3600)
    assert centre.rung() == [f"rita:{ANNA}"]


def test_an_agent_who_is_not_in_reserve_cannot_be_called_in():
    centre = with_reserve()
    centre.logs_in("alice")
    centre.dials("alice", "call_in")
    assert not centre.agents["alice"].called_in
    assert centre.reasons("reserve ignored") == ["the agent is not in reserve"]


def test_the_reserve_is_called_in_by_itself_for_a_place_that_has_waited():
    centre = with_reserve(waited_s=131.5)
    centre.logs_in("rita")
    centre.calls("anna")
    centre.wait(130.5)
    assert centre.rung() == []
    centre.sleeps(1)
    assert centre.rung() == [f"rita:{ANNA}"]


def test_the_reserve_is_called_in_while_the_line_is_long():
    centre = with_reserve(places=3)
    centre.logs_in("rita")
    fill(centre, (0, 0), (1, 0))
    assert centre.rung() == []
    centre.wait(1)
    centre.calls("c3", number(3))
    assert centre.rings("rita") == [number(1)]
    centre.answers("rita")
    centre.hangs_up("c1")
    centre.wait(60)
    assert centre.rings("rita") == [number(1)]  # two places are left


def test_a_reserve_for_callbacks_is_given_no_live_caller_even_when_called_in():
    centre = with_reserve(Reserve.CALLBACKS, waited_s=0.0)
    centre.logs_in("rita")
    centre.dials("rita", "call_in")
    centre.calls("ben", BEN)
    centre.calls("anna")
    centre.takes_callback("anna")
    assert centre.rings("rita") == []
    assert centre.attempt().agent == "rita"


def test_a_reserve_who_is_not_called_in_does_not_make_the_queue_look_staffed():
    centre = with_reserve()
    centre.logs_in("rita")
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(0)
    assert centre.last_offer_reason() == "the wait is unknown: nobody works in this queue now"


# --- the one agent who is wanted --------------------------------------------------------------------------------------


def wants(centre, leg, name, for_s):
    """The caller's place is one that waits for an agent, as the daemon finds it among its rows."""
    entry = centre.entry(leg)
    centre.entries[entry.id] = replace(entry, wanted=AgentId(name), wanted_until=centre.now + for_s)
    centre.restarts()


def test_a_caller_who_waits_for_one_agent_gets_no_other_until_the_time_is_over():
    centre = Centre()
    centre.calls("anna")
    wants(centre, "anna", "bob", 33.5)
    centre.logs_in("alice")
    centre.wait(31.5)
    assert centre.rung() == []
    centre.sleeps(1)
    assert centre.rung() == [f"alice:{ANNA}"]


def test_the_wanted_agent_is_given_that_customer_before_everybody_else_and_whatever_the_rules():
    centre = Centre(settings([queue(needs=(Need("polish"),)), queue(SALES)], [agent("alice", SALES)]))
    centre.calls("ben", BEN, SALES, priority=9)
    centre.wait(5)
    centre.calls("anna", ANNA, SUPPORT)
    wants(centre, "anna", "alice", 60)
    centre.logs_in("alice")
    assert centre.rung() == [f"alice:{ANNA}"]


def test_a_caller_who_waits_for_one_agent_holds_up_nobody_else():
    centre = Centre()
    centre.calls("anna")
    wants(centre, "anna", "bob", 60)
    centre.calls("ben", BEN)
    centre.logs_in("alice")
    assert centre.rung() == [f"alice:{BEN}"]


def test_waiting_for_an_agent_whom_the_config_no_longer_has_is_waiting_for_anybody():
    centre = Centre()
    centre.calls("anna")
    wants(centre, "anna", "nobody", 60)
    centre.logs_in("alice")
    assert centre.rung() == [f"alice:{ANNA}"]


def test_a_place_with_nothing_left_to_widen_keeps_no_timer():
    centre = Centre(settings([queue(needs=(POLISH,))], SPEAKS))
    centre.calls("anna")
    centre.wait(75)
    assert not centre.acd.state.timers.is_set(Timer.WIDEN, centre.entry().id)


def test_equal_times_are_settled_for_good_by_the_id():
    """Two entries of one instant must not swap places between two looks at the line."""
    state = State(settings(), Mint(b"x"))
    centre = one_agent()
    centre.calls("c1", number(1))
    centre.calls("c2", number(2))
    first, second = centre.acd.state.entries.values()
    assert state.order(first) != state.order(second)
    assert (state.order(first) < state.order(second)) == (first.id < second.id)


# --- why somebody was passed over -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bob", "changes", "why"),
    [
        ({"skills": {"polish": 1}}, {"needs": (Need("polish", 2),)}, "bob has polish at level 1, 2 is wanted"),
        ({}, {"needs": (Need("polish"),)}, "bob has polish at level 0, 1 is wanted"),
        ({"penalties": {SUPPORT: 5}}, {"penalties": Penalties(3)}, "bob has penalty 5, up to 3 is rung"),
        ({"reserve": Reserve.YES}, {}, "bob is in reserve and not called in"),
        ({"reserve": Reserve.CALLBACKS}, {}, "bob is in reserve for callbacks only"),
    ],
)
def test_the_log_says_why_a_free_agent_was_passed_over(bob, changes, why):
    alice = agent("alice", skills={"polish": 3})
    centre = Centre(settings([queue(**changes)], [alice, agent("bob", **bob)]))
    centre.logs_in("bob", "alice")
    centre.calls("anna")
    assert centre.rung() == [f"alice:{ANNA}"]
    assert centre.reasons("rings alice")[0].endswith(f"; passed over: {why}")


def test_the_log_does_not_mention_agents_of_other_queues():
    centre = Centre(settings([queue(), queue(SALES)], [agent("alice"), agent("bob", SALES)]))
    centre.logs_in("bob", "alice")
    centre.calls("anna")
    assert "passed over" not in centre.reasons("rings alice")[0]


# --- in how many seconds ----------------------------------------------------------------------------------------------

WAITS_S = st.integers(0, 200).map(float)


@given(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(Reserve), st.booleans()),
    st.booleans(),
    st.one_of(st.none(), st.integers(1, 2)),
    st.one_of(st.none(), st.tuples(st.sampled_from(["alice", "bob"]), st.integers(0, 200))),
    st.sampled_from([0, 50, 100, 200, 400]),
    WAITS_S,
)
@settings_of_hypothesis(max_examples=60, deadline=None)
def test_in_how_many_seconds_agents_may_be_given_a_place_is_what_a_walk_through_its_wait_finds(
    bob, relaxes, crowd, wanted, within_s, waits_s
):
    has, penalty, reserve, called_in = bob
    line = queue(
        needs=(Need("polish", 2, ((30.0, 1), (90.0, 0)) if relaxes else ()),),
        penalties=Penalties(0, ((60.0, 1), (120.0, 2))),
        reserves=Reserves(waited_s=100.0, places=crowd),
    )
    skills = {"polish": has} if has else {}
    other = agent("bob", skills=skills, penalties={SUPPORT: penalty}, reserve=reserve)
    centre = Centre(settings([line], [agent("alice", skills={"polish": 2}), other]))
    centre.logs_in("alice", "bob")
    centre.calls("first", BEN)
    centre.calls("anna", ANNA)
    centre.wait(waits_s)
    state = centre.acd.state
    state.load(replace(state.agents[AgentId("bob")], called_in=called_in))
    entry = centre.entry("anna")
    if wanted:
        entry = replace(entry, wanted=AgentId(wanted[0]), wanted_until=state.now + wanted[1])
    found, begun = able_in(state, entry, float(within_s)), state.now
    walked: dict[AgentId, float] = {}
    while state.now - begun <= within_s:
        able = [id for id in state.agents if eligible(state, entry, state.agents[id])]
        walked |= {id: state.now - begun for id in able if id not in walked}
        if (at := widens_at(state, entry)) is None:
            break
        state.now = at
    assert found == pytest.approx(walked)
    assert list(found.values()) == sorted(found.values())

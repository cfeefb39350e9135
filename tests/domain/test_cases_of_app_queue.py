"""What Asterisk's own test suite asks of ``app_queue``, asked of callbackd: the cases of ``tests/apps/queues`` there.

Each test names its case, says what ``app_queue`` does in it, and where callbackd differs on purpose. Left out are the
cases about the dialplan run at the answer (gosub_test), forwarding telephones (queue_member_forward), transfers and
redirects (transfer, redirect, queue_transfer_callee) and the reload of a config file (reload_queue_members): they are
about channels and files, not about lines.
"""

from __future__ import annotations

import pytest

from callbackd.domain.commands import Decided, RingAgent, SendToFallback
from callbackd.domain.ids import AgentId, QueueName
from callbackd.domain.line.eligibility import penalty
from callbackd.domain.lives.agent import Activity, Presence
from callbackd.domain.lives.entry import EntryOutcome
from callbackd.domain.settings import EntryRules, Exit, Penalties, Ringing, Strategy, Way
from tests.builders import ANNA, BEN, SALES, SUPPORT, Centre, agent, number, queue, settings

BACK_TO_DIALPLAN = Exit(Way.DIALPLAN, "timeout")
"""What ``Queue(…,timeout)`` does: the dialplan goes on behind it."""

ARRIVALS = [
    # priority, wished position, position in app_queue, position here
    (0, None, 1, 1),  # the first
    (0, None, 2, 2),  # an equal stands behind
    (1, None, 1, 1),  # a higher priority stands before both
    (1, None, 2, 2),  # its equal behind it, before the lower ones
    (2, None, 1, 1),  # a higher one still
    (0, 5, 5, 6),  # app_queue lets it pass one equal; here it stands behind its equals
    (0, 200, 7, 7),  # a position beyond the end is the end
    (0, 1, 4, 8),  # not even app_queue lets it pass a higher priority, but all its equals
    (8, 3, 1, 1),  # a position behind lower priorities is not granted
    (1, 7, 5, 5),  # nor one among them
    (1, 4, 4, 6),  # before two equals in app_queue, behind three here
    (2, 5, None, None),  # the line is full with eleven
]


def test_position_priority_maxlen():
    """Twelve callers with priorities and wished positions, eleven places (``maxlen=11``).

    ``app_queue`` puts higher priorities first and, within one priority, grants the position that a caller wishes for.
    callbackd grants none: among equals the first to come is first, whatever a dialplan asks; otherwise a position that
    was announced could get worse by more than priority explains. All else agrees: nine of the twelve rows, whose wish
    changes nothing. A caller who finds the line full goes where the rule sends them, here back to the dialplan as
    there.
    """
    rules = EntryRules(max_places=11, full=Exit(Way.DIALPLAN, "full"))
    centre = Centre(settings([queue(rules=rules)]))
    for n, (priority, _, _, here) in enumerate(ARRIVALS, start=1):
        centre.now += 1
        centre.calls(f"c{n}", number(n), priority=priority)
        assert (centre.line().index(f"c{n}") + 1 if f"c{n}" in centre.line() else None) == here, f"row {n}"
    assert centre.line() == ["c9", "c5", "c3", "c4", "c10", "c11", "c1", "c2", "c6", "c7", "c8"]
    assert centre.last(SendToFallback).extension == "full"
    assert sum(there == here for _, _, there, here in ARRIVALS) == 9


def test_the_line_is_entered_behind_higher_priorities_though_they_come_later():
    """The same case, seen from the one at the end: app_queue moves callers back for every higher priority, and so do
    we: that is what priority means.
    """
    centre = Centre()
    centre.calls("anna")
    for n in range(1, 5):
        centre.now += 1
        centre.calls(f"c{n}", number(n), priority=1)
    assert centre.line() == ["c1", "c2", "c3", "c4", "anna"]


# --- wrap-up ----------------------------------------------------------------------------------------------------------


def call(centre, n, to=SUPPORT):
    """A call that is answered if anybody is rung, and over at once. Returns the agent, or None: then the caller is
    gone."""
    before = len(centre.rung())
    centre.calls(f"call-{n}", number(n), to)
    names = [who.split(":")[0] for who in centre.rung()[before:]]
    if names:
        centre.answers(names[0])
    centre.hangs_up(f"call-{n}")
    centre.wait(1)
    return names[0] if names else None


def test_wrapup_time():
    """Two queues with the same two agents, linear, a wrap-up that never ends within the test.

    ``app_queue`` counts the wrap-up for each queue apart unless ``shared_lastcall`` is set. Here an agent is one
    person: always as with ``shared_lastcall=yes``, and each call takes the next agent until none is left.
    """
    queues = [queue(name, strategy=Strategy.LINEAR, wrap_up_s=10_000.0) for name in (SUPPORT, SALES)]
    team = [agent("alice", SUPPORT, SALES), agent("bob", SUPPORT, SALES)]
    centre = Centre(settings(queues, team))
    centre.logs_in("alice", "bob")
    assert [call(centre, 1), call(centre, 2, SALES), call(centre, 3)] == ["alice", "bob", None]


def test_wrapup_time_per_member():
    """One agent has a wrap-up of 20 s, the other the queue's 10 s; linear. Both here as in ``app_queue``."""
    team = [agent("alice", wrap_up_s=20.0), agent("bob")]
    centre = Centre(settings([queue(strategy=Strategy.LINEAR, wrap_up_s=10.0)], team))
    centre.logs_in("alice", "bob")
    assert [call(centre, 1), call(centre, 2), call(centre, 3)] == ["alice", "bob", None]
    centre.wait(8)  # 11 s after the first call, 10 s after the second
    assert [call(centre, 4), call(centre, 5)] == ["bob", None]
    centre.wait(6)  # 19 s after the first call
    assert call(centre, 6) is None
    assert [call(centre, 7), call(centre, 8), call(centre, 9)] == ["alice", "bob", None]


# --- one call ---------------------------------------------------------------------------------------------------------


def test_queue_baseline():
    """One caller, one agent. ``app_queue`` reports each of these once: joined, agent called, connected, left,
    complete."""
    centre = Centre(settings(agents=[agent("alice")]))
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    entry = centre.entry().id
    centre.hangs_up("anna")
    told = [d.what for d in centre.all(Decided, subject=entry)]
    assert told == ["joined the line", "rings alice", "connected to alice", "closed: served"]
    assert centre.agents["alice"].activity is Activity.WRAP_UP


# --- who is rung ------------------------------------------------------------------------------------------------------


def test_ringinuse_and_pause():
    """Agents who talk are not rung and not blamed; those who do not answer are paused; those paused are not rung.

    ``app_queue`` can ring an agent who is in a call (``ringinuse=yes``, and then pauses them for not answering) and
    pauses in the one queue. Here nobody is rung while talking, and a pause is the person's: it holds in all queues.
    ``autopause=yes`` is ``rona_limit = 1``.
    """
    team = [agent("alice", SUPPORT, SALES)]
    centre = Centre(settings([queue(wrap_up_s=0.0), queue(SALES, wrap_up_s=0.0)], team, ringing=Ringing(rona_limit=1)))
    centre.logs_in("alice")
    centre.calls("first")
    centre.answers("alice")
    centre.calls("second", BEN, SALES)
    centre.wait(60)
    assert centre.rings("alice") == [ANNA]
    assert centre.agents["alice"].presence is Presence.AVAILABLE

    centre.hangs_up("first")
    assert centre.rings("alice") == [ANNA, BEN]
    centre.misses("alice")
    assert centre.agents["alice"].presence is Presence.PAUSED

    centre.calls("third", number(3), SUPPORT)
    centre.wait(60)
    assert centre.rings("alice") == [ANNA, BEN]


@pytest.mark.parametrize(
    ("paused", "rung"),
    [
        pytest.param(["alice", "bob"], [], id="queue_all_paused_no_answer"),
        pytest.param(["alice"], ["bob"], id="queue_one_paused_no_answer"),
        pytest.param([], ["alice", "bob"], id="queue_no_answer"),
    ],
)
def test_nobody_answers(paused, rung):
    """All agents are rung together for 2 s, except the paused ones; nobody answers; the caller waits 3 s at most.

    In ``app_queue`` the caller then leaves with ``QUEUESTATUS=TIMEOUT`` to whatever the dialplan says next; the same
    here by ``max_wait = dialplan``. The default here proposes a callback at a time instead.
    """
    rules = EntryRules(max_wait_s=3.0, max_wait=BACK_TO_DIALPLAN)
    centre = Centre(settings([queue(strategy=Strategy.RING_ALL, ring_s=2.0, rules=rules)]))
    centre.logs_in("alice", "bob")
    for name in paused:
        centre.dials(name, "pause")
    centre.calls("anna")
    assert centre.rung() == [f"{name}:{ANNA}" for name in rung]
    assert [ring.ring_s for ring in centre.all(RingAgent)] == [2.0] * len(rung)
    centre.wait(2)
    for name in rung:
        centre.misses(name)
    centre.wait(0.5)
    assert centre.entry().open
    centre.wait(0.5)
    assert centre.entry().outcome is EntryOutcome.EXIT_TIMEOUT
    assert centre.last(SendToFallback).extension == "timeout"
    assert len(centre.rung()) == len(rung)


def test_a_caller_is_not_taken_out_while_an_agent_is_being_rung():
    """The same case with a ring that lasts longer than the wait: ``app_queue`` by default (``timeoutpriority=app``)
    cuts the ring off when the caller's time is over. Here the ring is let finish: the agent may answer any moment.
    """
    rules = EntryRules(max_wait_s=3.0, max_wait=BACK_TO_DIALPLAN)
    centre = Centre(settings([queue(rules=rules)], [agent("alice")]))
    centre.logs_in("alice")
    centre.calls("anna")
    centre.wait(12)
    centre.answers("alice")
    assert centre.entry().connected_at == centre.now


# --- penalties --------------------------------------------------------------------------------------------------------


def test_queue_penalty_outside_range():
    """The only agent has penalty 1 and the limit is 0 (``QUEUE_MAX_PENALTY``): never rung, and the time runs out.

    ``app_queue`` has a lower limit as well (``QUEUE_MIN_PENALTY``); we have none: skills say it better.
    """
    rules = EntryRules(max_wait_s=3.0, max_wait=BACK_TO_DIALPLAN)
    team = [agent("alice", penalties={SUPPORT: 1})]
    centre = Centre(settings([queue(rules=rules, penalties=Penalties(limit=0))], team))
    centre.logs_in("alice")
    centre.calls("anna")
    centre.wait(3)
    assert centre.rung() == []
    assert centre.entry().outcome is EntryOutcome.EXIT_TIMEOUT


def test_an_agents_penalty_can_be_set():
    """Penalties set for an agent in one queue, or in all of them. ``app_queue`` sets them by command; here they are the
    config's, by queue, and hold from its next reading.
    """
    first, second, third = (QueueName(f"queue{n}") for n in (1, 2, 3))
    team = [
        agent("alice", first, second, third, penalties={first: 1, third: 4}),
        agent("bob", first, second, third, penalties=dict.fromkeys((first, second), 2)),
        agent("carol", first, second, third, penalties=dict.fromkeys((first, second, third), 3)),
    ]
    centre = Centre(settings([queue(name) for name in (first, second, third)], team))
    state = centre.acd.state
    found = {
        name: [penalty(state, q, state.agents[AgentId(name)]) for q in (first, second, third)]
        for name in ("alice", "bob", "carol")
    }
    assert found == {"alice": [1, 0, 4], "bob": [2, 2, 0], "carol": [3, 3, 3]}


def test_reason_pause_ami():
    """Why an agent is paused is shown while it lasts, in ``QueueMember`` events there, in the snapshot here."""
    centre = Centre(settings(agents=[agent("alice")], ringing=Ringing(rona_limit=1)))
    centre.logs_in("alice")
    centre.calls("anna")
    centre.misses("alice")
    assert centre.acd.snapshot(centre.now).agents[0].reason == "1 rings not answered in a row"
    centre.dials("alice", "unpause")
    assert centre.acd.snapshot(centre.now).agents[0].reason == ""

"""Direct callback: what opens, restarts and closes a window, type by type, and which calls go straight to the agent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callbackd.domain.commands import Changed
from callbackd.domain.events import AgentDialled
from callbackd.domain.lives.direct_window import TABLE, DirectWindow, Trigger, Window
from callbackd.domain.lives.life import Ignored
from callbackd.domain.settings import Direct, DirectType
from tests.builders import ANNA, BEN, Centre, agent, queue, settings

HISTORIES = [
    # type, what happens, whether a window is open afterwards; product.md's words
    (0, "missed", False),
    (0, "reached", False),
    (1, "missed", True),
    (1, "reached", False),
    (1, "missed reached", False),
    (1, "missed talk", False),
    (1, "missed call", True),
    (2, "missed", True),
    (2, "reached", False),
    (2, "missed reached", False),
    (2, "missed talk", False),
    (3, "missed", True),
    (3, "reached", True),
    (3, "missed reached", True),
    (3, "missed talk", True),
    (4, "reached talk", True),
    (4, "missed call", True),
]
RESTARTS = [(1, "missed", False), (2, "missed", True), (3, "missed", True), (3, "reached", True), (3, "call", False)]
RESTARTS += [(4, "missed", True), (4, "reached", True), (4, "call", True)]


def test_every_type_answers_every_trigger():
    for kind in DirectType:
        for there in Window:
            answers = {t.value: _shown(TABLE.get((kind, there, t))) for t in Trigger}
            print(f"type {kind.value} {there.value:5}", answers)
            assert all(answers.values())
    assert len(TABLE) == len(DirectType) * len(Window) * len(Trigger)


def _shown(answer):
    return f"({answer.because})" if isinstance(answer, Ignored) else answer.value if answer else None


def house(kind: int, **changes) -> Centre:
    """Alice and Bob, who has been free for longer; a window lasts a hundred seconds."""
    direct = Direct(DirectType(kind), window_s=100, wait_s=20, **changes)
    centre = Centre(settings([queue(wrap_up_s=0, direct=direct)], [agent("alice"), agent("bob")]))
    centre.logs_in("bob", "alice")
    return centre


def happens(centre: Centre, what: str) -> None:
    if what in {"missed", "reached"}:
        centre.hear(AgentDialled("PJSIP/alice", ANNA, what == "reached"))
        return
    leg = f"leg-{len(centre.said)}"
    centre.calls(leg)
    if what == "talk":
        centre.answers("alice")
    centre.hangs_up(leg)


def window(centre: Centre) -> DirectWindow | None:
    rows = [c.after for c in centre.all(Changed) if isinstance(c.after, DirectWindow)]
    return rows[-1] if rows and rows[-1].expires_at > centre.now else None


@pytest.mark.parametrize(("kind", "history", "open_"), HISTORIES)
def test_windows_open_and_close_on_their_triggers(kind, history, open_):
    centre = house(kind)
    for what in history.split():
        happens(centre, what)
        centre.wait(1)
    assert bool(window(centre)) is open_


@pytest.mark.parametrize(("kind", "what", "restarts"), RESTARTS)
def test_windows_restart_on_their_triggers(kind, what, restarts):
    centre = house(kind)
    happens(centre, "missed")
    centre.wait(60)
    happens(centre, what)
    centre.wait(60)
    assert bool(window(centre)) is restarts


def test_the_customer_goes_straight_to_the_agent_who_tried():
    centre = house(1)
    happens(centre, "missed")
    centre.calls("anna")
    assert centre.rung() == [f"alice:{ANNA}"]


def test_without_a_window_the_longest_idle_is_rung():
    centre = house(1)
    centre.calls("anna")
    assert centre.rung() == [f"bob:{ANNA}"]


def test_somebody_else_is_not_sent_straight_on():
    centre = house(1)
    happens(centre, "missed")
    centre.calls("ben", BEN)
    assert centre.rung() == [f"bob:{BEN}"]


def test_a_window_ends_by_itself():
    centre = house(1)
    happens(centre, "missed")
    centre.wait(101)
    centre.calls("anna")
    assert centre.rung() == [f"bob:{ANNA}"]


def test_a_paused_agent_is_waited_for_then_the_queue_serves_with_the_priority():
    centre = house(1, priority=7)
    happens(centre, "missed")
    centre.dials("alice", "pause")
    centre.calls("anna")
    assert centre.rung() == []
    centre.wait(20)
    assert centre.rung() == [f"bob:{ANNA}"]
    assert centre.entry().priority == 7


def test_an_agent_who_is_gone_is_not_waited_for_unless_that_is_set():
    centre = house(1)
    happens(centre, "missed")
    centre.dials("alice", "logout")
    centre.calls("anna")
    assert centre.rung() == [f"bob:{ANNA}"]
    assert "alice is logged out" in centre.reasons("not straight on")[0]
    patient = house(1, wait_when_gone=True)
    happens(patient, "missed")
    patient.dials("alice", "logout")
    patient.calls("anna")
    assert patient.rung() == []


def test_a_caller_who_waits_for_one_agent_holds_up_nobody_else():
    centre = house(1)
    happens(centre, "missed")
    centre.dials("alice", "pause")
    centre.calls("anna")
    centre.calls("ben", BEN)
    assert centre.rung() == [f"bob:{BEN}"]


def test_the_agents_own_setting_wins():
    bob = replace(agent("bob"), direct=Direct(DirectType.UNSUCCESSFUL, window_s=100))
    centre = Centre(settings([queue()], [agent("alice"), bob]))
    centre.logs_in("alice", "bob")
    centre.hear(AgentDialled("PJSIP/bob", ANNA, False))
    centre.hear(AgentDialled("PJSIP/alice", BEN, False))
    centre.calls("anna")
    centre.calls("ben", BEN)
    assert centre.rung() == [f"bob:{ANNA}", f"alice:{BEN}"]
    assert len(centre.reasons("window: open")) == 1


def test_the_last_of_two_agents_who_tried_counts():
    centre = house(1)
    centre.hear(AgentDialled("PJSIP/bob", ANNA, False))
    centre.wait(1)
    happens(centre, "missed")
    centre.calls("anna")
    assert centre.rung() == [f"alice:{ANNA}"]


@pytest.mark.parametrize("dialled", ["", "8001", "agent2", "+1900", "0" * 40])
def test_calls_inside_the_house_open_nothing(dialled):
    centre = house(3)
    centre.hear(AgentDialled("PJSIP/alice", dialled, True))
    assert window(centre) is None


def test_a_strangers_phone_opens_nothing():
    centre = house(3)
    centre.hear(AgentDialled("PJSIP/reception", ANNA, True))
    assert window(centre) is None


def test_a_window_outlives_a_restart():
    centre = house(1)
    happens(centre, "missed")
    kept = window(centre)
    assert kept
    later = house(1)
    later.acd.restore([kept, *later.agents.values()], later.now)
    later.calls("anna")
    assert later.rung() == [f"alice:{ANNA}"]

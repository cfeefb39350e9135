"""What waits for the database, and what the bound on memory costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from callbackd.db.backlog import Backlog
from callbackd.db.rows import Forget, Numbered, Row
from callbackd.domain.commands import Decided
from callbackd.domain.ids import AgentId, CallbackId, EntryId, LegId, QueueName
from callbackd.domain.lives.agent import Agent
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.do_not_call import Blocked
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState


def an_entry(n: int, **changes: Any) -> Entry:
    return replace(Entry(EntryId(f"entry-{n}"), QueueName("support"), 1.0, leg=LegId(f"leg-{n}")), **changes)


def over(n: int, **changes: Any) -> Entry:
    return an_entry(n, state=EntryState.CLOSED, outcome=EntryOutcome.ABANDONED, closed_at=2.0, **changes)


def a_decision(n: int) -> Numbered:
    return Numbered(1, n, Decided(1.0, "entry-1", "rang", "free"))


def holding(*rows: Row, **bounds: int) -> Backlog:
    backlog = Backlog(**bounds)
    for row in rows:
        backlog.add(row)
    return backlog


def test_the_newest_state_of_a_life_waits():
    assert holding(an_entry(1), an_entry(1, priority=5)).take() == [an_entry(1, priority=5)]


def test_rows_come_out_so_that_what_is_pointed_at_is_written_first():
    callback = Callback(CallbackId("callback-1"), EntryId("entry-1"), QueueName("support"), "+442079460101", 1.0, 2.0)
    backlog = holding(a_decision(1), Agent(AgentId("alice")), callback, an_entry(1), a_decision(2))
    assert backlog.take() == [an_entry(1), callback, Agent(AgentId("alice")), a_decision(1), a_decision(2)]
    assert not backlog


def test_rows_put_back_give_way_to_newer_ones():
    backlog = holding(an_entry(1), an_entry(2), a_decision(1))
    taken = backlog.take()
    backlog.add(an_entry(1, priority=5))
    backlog.add(a_decision(2))
    backlog.put_back(taken)
    assert backlog.take() == [an_entry(1, priority=5), an_entry(2), a_decision(1), a_decision(2)]


LISTED = Blocked("a" * 64, 1.0, "the customer pressed 9")


def test_when_a_number_is_listed_and_forgotten_only_the_last_of_these_waits_to_be_written():
    assert holding(LISTED, Forget(LISTED)).take() == [Forget(LISTED)]
    assert holding(Forget(LISTED), LISTED).take() == [LISTED]


def test_a_number_that_was_forgotten_meanwhile_is_not_put_back():
    backlog = holding(LISTED)
    taken = backlog.take()
    backlog.add(Forget(LISTED))
    backlog.put_back(taken)
    assert backlog.take() == [Forget(LISTED)]


def test_the_do_not_call_list_is_not_dropped_when_memory_is_short():
    backlog = holding(LISTED, over(1), over(2), lives=1)
    assert backlog.take() == [LISTED]


def test_the_oldest_decisions_go_first():
    backlog = holding(*(a_decision(n) for n in range(5)), decisions=3)
    assert backlog.take() == [a_decision(n) for n in (2, 3, 4)]
    assert backlog.dropped == 2


def test_the_bound_holds_when_decisions_are_put_back():
    backlog = holding(a_decision(1), a_decision(2), decisions=2)
    taken = backlog.take()
    backlog.add(a_decision(3))
    backlog.put_back(taken)
    assert backlog.take() == [a_decision(2), a_decision(3)]
    assert backlog.dropped == 1


def test_only_calls_that_are_over_are_ever_dropped():
    promised = over(2, callback="callback-2")
    backlog = holding(an_entry(1), promised, over(3), over(4), Agent(AgentId("alice")), lives=3)
    assert backlog.take() == [an_entry(1), promised, Agent(AgentId("alice"))]
    assert backlog.dropped == 2


def test_open_lives_beyond_the_bound_are_all_kept():
    assert len(holding(*(an_entry(n) for n in range(5)), lives=3)) == 5

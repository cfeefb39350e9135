"""What happened, one row for each fact, never changed again: the history. Every figure is a query of it.

A fact is written in the transaction of the rows that it is about, so a killed daemon loses both or neither, and the
next one needs nothing in memory to continue counting. ``n`` counts the facts of a daemon: a fact that is written again
after a lost answer is stored once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from callbackd.domain.commands import Answered, Changed, Happened, Happening, Saved
from callbackd.domain.lives.agent import Activity, Agent, Presence
from callbackd.domain.lives.attempt import Attempt, AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.direct_window import DirectWindow
from callbackd.domain.lives.do_not_call import Blocked
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState
from callbackd.domain.lives.quote import Quote, Remembered
from callbackd.domain.lives.sent_out import SentOut
from callbackd.domain.lives.switch import Switch


@dataclass(frozen=True, slots=True)
class EntryFact:
    """A place has changed: all such facts together are somebody's journey."""

    epoch: int
    n: int
    at: float
    entry: str
    queue: str
    state: EntryState
    outcome: EntryOutcome | None
    was_queue: str | None
    was_state: EntryState | None
    """None when the place is new."""
    live: bool
    """Whether somebody is on the line for it."""
    callback: str | None
    was_caller: bool
    """Whether a caller who had not been called back was on the line for it before."""
    new_leg: bool
    """Whether somebody, or somebody else, is on the line for it from now on."""
    agent: str | None
    number: str
    sent_on: bool
    """Whether the agent has just sent the caller elsewhere."""
    sent_here: bool
    """Whether an agent has just sent the caller to this place."""


@dataclass(frozen=True, slots=True)
class CallbackFact:
    epoch: int
    n: int
    at: float
    callback: str
    entry: str
    queue: str
    state: CallbackState
    outcome: CallbackOutcome | None
    was_state: CallbackState | None
    slot_at: float | None
    expected_at: float | None


@dataclass(frozen=True, slots=True)
class AttemptFact:
    epoch: int
    n: int
    at: float
    attempt: str
    callback: str
    agent: str | None
    state: AttemptState
    outcome: AttemptOutcome | None
    was_state: AttemptState | None
    was_agent: str | None
    claimed_at: float
    cause: int
    tech_cause: int


@dataclass(frozen=True, slots=True)
class AgentFact:
    epoch: int
    n: int
    at: float
    agent: str
    presence: Presence
    pause_reason: str
    activity: Activity
    was_activity: Activity | None
    entry: str | None
    own_call: bool
    away: bool
    missed: bool
    """Whether the agent has just missed a ring."""


@dataclass(frozen=True, slots=True)
class CallFact:
    """A hold, a disposition, a refusal: something that happened and changed no row."""

    epoch: int
    n: int
    at: float
    what: Happening
    queue: str
    entry: str | None
    agent: str | None
    leg: str | None
    text: str


@dataclass(frozen=True, slots=True)
class AuditFact:
    """What somebody asked for, and what became of it."""

    epoch: int
    n: int
    at: float
    request: str
    who: str
    source: str
    act: str
    what: str
    reason: str
    done: bool
    why: str
    subject: str


Fact = EntryFact | CallbackFact | AttemptFact | AgentFact | CallFact | AuditFact


def fact_of(write: Changed | Happened | Answered, epoch: int, n: int) -> Fact | None:
    """The fact of what is written; None when the history does not keep it."""
    at = _whole(write.at)
    if isinstance(write, Answered):
        return AuditFact(
            epoch, n, at, write.request, write.who, write.source, write.act, write.what, write.reason, write.done,
            write.why, write.subject,
        )  # fmt: skip
    if isinstance(write, Happened):
        return CallFact(epoch, n, at, write.what, write.queue, write.entry, write.agent, write.leg, write.text)
    return _of_row(write.before, write.row, epoch, n, at)


def _whole(at: float) -> float:
    """The moment in whole microseconds, as the figures count."""
    return round(at * 1_000_000) / 1_000_000


def _of_row(before: Saved | None, row: Saved, epoch: int, n: int, at: float) -> Fact | None:
    match row:
        case Entry():
            return _of_entry(before if isinstance(before, Entry) else None, row, epoch, n, at)
        case Callback():
            was_state = before.state if isinstance(before, Callback) else None
            return CallbackFact(
                epoch, n, at, row.id, row.entry, row.queue, row.state, row.outcome, was_state, row.slot_at,
                row.expected_at,
            )  # fmt: skip
        case Attempt():
            was = before if isinstance(before, Attempt) else None
            return AttemptFact(
                epoch, n, at, row.id, row.callback, row.agent, row.state, row.outcome, was.state if was else None,
                was.agent if was else None, _whole(row.claimed_at), row.cause, row.tech_cause,
            )  # fmt: skip
        case Agent():
            by_then = before if isinstance(before, Agent) else Agent(row.id)
            return AgentFact(
                epoch, n, at, row.id, row.presence, row.pause_reason, row.activity, by_then.activity, row.entry,
                row.own_call, row.away, row.misses > by_then.misses,
            )  # fmt: skip
        case DirectWindow() | Blocked() | Quote() | Remembered() | Switch() | SentOut():
            return None
        case _:
            assert_never(row)


def _of_entry(before: Entry | None, row: Entry, epoch: int, n: int, at: float) -> EntryFact:
    return EntryFact(
        epoch,
        n,
        at,
        row.id,
        row.queue,
        row.state,
        row.outcome,
        before.queue if before else None,
        before.state if before else None,
        row.live,
        row.callback,
        before is not None and before.live and before.callback is None,
        row.live and (before is None or row.leg != before.leg),
        row.agent,
        row.number,
        bool(row.transferred_to) and not (before and before.transferred_to),
        bool(row.came_from) and not (before and before.came_from),
    )

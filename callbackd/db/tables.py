"""The tables. Columns have the names of the domain's fields, so a row is a life as the domain knows it.

The tables refuse nonsense by themselves: states are checked words, a closed row has its outcome, and the unique indexes
ensure "one open promise per number and group of queues" and "one open attempt per promise and per number", whatever the
code believes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.types import BigInteger, TypeDecorator

from callbackd.access import Role
from callbackd.db.facts import AgentFact, AttemptFact, AuditFact, CallbackFact, CallFact, EntryFact
from callbackd.domain.commands import Happening
from callbackd.domain.lives.agent import Activity, Agent, Presence
from callbackd.domain.lives.attempt import Attempt, AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.direct_window import DirectWindow
from callbackd.domain.lives.do_not_call import Blocked
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState
from callbackd.domain.lives.quote import Quote, QuoteKind, QuoteOutcome, Remembered
from callbackd.domain.lives.sent_out import SentOut
from callbackd.domain.lives.switch import Switch
from callbackd.domain.settings import Need


class Moment(TypeDecorator[float]):
    """Unix seconds in the code; in the table, where people read it, ``timestamptz``. Exact to the microsecond."""

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: float | None, _: Dialect) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value, UTC)

    def process_result_value(self, value: datetime | None, _: Dialect) -> float | None:
        return None if value is None else value.timestamp()


_FORMERLY = {"dialing": "dialling"}
"""Words that an older callbackd may still write, and the words of today."""


class Word(TypeDecorator[Enum]):
    """The value of an enum, as text that a CHECK constraint limits."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[Enum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: Enum | None, _: Dialect) -> str | None:
        return None if value is None else str(value.value)

    def process_result_value(self, value: str | None, _: Dialect) -> Enum | None:
        return None if value is None else self.words(_FORMERLY.get(value, value))


class Needs(TypeDecorator[tuple[Need, ...]]):
    """Skills wanted, as JSON: ``[["polish", 2, [[120, 1]]]]``."""

    impl = JSONB
    cache_ok = True

    def process_bind_param(self, value: tuple[Need, ...] | None, _: Dialect) -> list[Any]:
        return [[need.skill, need.level, [list(step) for step in need.relax]] for need in value or ()]

    def process_result_value(self, value: list[Any] | None, _: Dialect) -> tuple[Need, ...]:
        return tuple(
            Need(skill, level, tuple((after_s, then) for after_s, then in relax)) for skill, level, relax in value or ()
        )


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _word(name: str, words: type[Enum], *, nullable: bool = False) -> tuple[Any, ...]:
    now = [str(word.value) for word in words]
    formerly = [old for old, new in _FORMERLY.items() if new in now]
    listed = ", ".join(f"'{word}'" for word in (*now, *formerly))
    return Column(name, Word(words), nullable=nullable), CheckConstraint(f"{name} IN ({listed})", name=name)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _closed() -> CheckConstraint:
    """A life is over exactly when it has a time and an outcome."""
    return CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL AND outcome IS NOT NULL)", name="closed")


def _e164() -> CheckConstraint:
    """A number is digits with a plus: only these are ever dialled."""
    return CheckConstraint(r"number ~ '^\+[1-9][0-9]{4,14}$'", name="number")


entry = Table(
    "entry",
    metadata,
    Column("id", Text, primary_key=True),
    Column("queue", Text, nullable=False),
    Column("arrived_at", Moment, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("leg", Text),
    Column("callback", Text),
    _text("number"),
    Column("language", Text, nullable=False),
    *_word("state", EntryState),
    *_word("outcome", EntryOutcome, nullable=True),
    Column("not_before", Moment, nullable=False),
    Column("joined_at", Moment, nullable=False, server_default=func.now()),
    Column("slot_at", Moment),
    Column("needs", Needs, nullable=False, server_default="[]"),
    Column("wanted", Text),
    Column("wanted_until", Moment, nullable=False, server_default="epoch"),
    Column("agent", Text),
    Column("bridge", Text),
    Column("connected_at", Moment),
    _text("transferred_to"),
    Column("came_from", Text),
    Column("promised_at", Moment),
    Column("closed_at", Moment),
    _closed(),
    CheckConstraint("leg IS NOT NULL OR callback IS NOT NULL", name="held"),
    CheckConstraint(
        "state <> 'talking' OR (leg IS NOT NULL AND agent IS NOT NULL AND connected_at IS NOT NULL)", name="talking"
    ),
)
Index("uq_entry_open_leg", entry.c.leg, unique=True, postgresql_where=entry.c.closed_at.is_(None))
Index("ix_entry_closed_at", entry.c.closed_at)
Index("ix_entry_open", entry.c.queue, entry.c.arrived_at, postgresql_where=entry.c.closed_at.is_(None))

callback = Table(
    "callback",
    metadata,
    Column("id", Text, primary_key=True),
    Column("entry", Text, ForeignKey("entry.id"), nullable=False),
    Column("queue", Text, nullable=False),
    Column("number", Text, nullable=False),
    _e164(),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("language", Text, nullable=False),
    *_word("state", CallbackState),
    *_word("outcome", CallbackOutcome, nullable=True),
    Column("group", Text, nullable=False, server_default="default"),
    Column("slot_at", Moment),
    Column("expected_at", Moment),
    Column("times_busy", Integer, nullable=False, server_default="0"),
    Column("times_no_answer", Integer, nullable=False, server_default="0"),
    Column("times_no_key", Integer, nullable=False, server_default="0"),
    Column("cut_off", Boolean, nullable=False, server_default="false"),
    Column("attempts_made", Integer, nullable=False),
    CheckConstraint("attempts_made >= 0", name="attempts_made"),
    Column("attempt", Text),
    CheckConstraint("(state IN ('dialling', 'dialing')) = (attempt IS NOT NULL)", name="dialling"),
    Column("closed_at", Moment),
    _closed(),
)
Index(
    "uq_callback_open_number",
    callback.c.number,
    callback.c.group,
    unique=True,
    postgresql_where=callback.c.closed_at.is_(None),
)
Index("ix_callback_entry", callback.c.entry)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Text, primary_key=True),
    Column("callback", Text, ForeignKey("callback.id"), nullable=False),
    Column("agent", Text),
    Column("number", Text, nullable=False),
    _e164(),
    Column("ordinal", Integer, nullable=False),
    CheckConstraint("ordinal >= 1", name="ordinal"),
    Column("claimed_at", Moment, nullable=False),
    *_word("state", AttemptState),
    *_word("outcome", AttemptOutcome, nullable=True),
    Column("answered_at", Moment),
    Column("accepted_at", Moment),
    Column("served_at", Moment),
    Column("closed_at", Moment),
    Column("cause", Integer, nullable=False),
    Column("tech_cause", Integer, nullable=False),
    Column("price", Float, nullable=False, server_default="0"),
    _closed(),
)
Index("uq_attempt_open_callback", attempt.c.callback, unique=True, postgresql_where=attempt.c.closed_at.is_(None))
Index("ix_attempt_claimed_at", attempt.c.claimed_at)
Index("uq_attempt_open_number", attempt.c.number, unique=True, postgresql_where=attempt.c.closed_at.is_(None))

agent = Table(
    "agent",
    metadata,
    Column("id", Text, primary_key=True),
    *_word("presence", Presence),
    _text("pause_reason"),
    *_word("activity", Activity),
    Column("entry", Text),
    CheckConstraint("activity IN ('idle', 'wrap_up') OR entry IS NOT NULL", name="working"),
    Column("leg", Text),
    Column("idle_since", Moment, nullable=False),
    Column("misses", Integer, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("rest_until", Moment, nullable=False),
    Column("wrap_up_until", Moment, nullable=False),
    Column("called_in", Boolean, nullable=False, server_default="false"),
    Column("own_call", Boolean, nullable=False, server_default="false"),
    Column("away", Boolean, nullable=False, server_default="false"),
    Column("back_at", Moment),
)

request = Table(
    "request",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("number", Text, nullable=False),
    _e164(),
    Column("block", Text, nullable=False),
    Column("asked_by", Text, nullable=False, server_default=""),
)
"""Requests for promises, by the promise's id. They are only counted: a row stays when its promise is over, moved or
undone."""
Index("ix_request_number", request.c.number, request.c.at)
Index("ix_request_block", request.c.block, request.c.at)
Index("ix_request_asked_by", request.c.asked_by, request.c.at, postgresql_where=request.c.asked_by != "")

sent_out = Table(
    "sent_out",
    metadata,
    Column("id", Text, primary_key=True),
    Column("entry", Text, nullable=False),
    Column("leg", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("claimed_at", Moment, nullable=False),
    Column("dialled", Boolean, nullable=False),
    Column("price", Float, nullable=False, server_default="0"),
    Column("closed_at", Moment),
)
"""Callers whom agents sent to outside numbers, where these are counted."""
Index("ix_sent_out_claimed_at", sent_out.c.claimed_at)

direct_window = Table(
    "direct_window",
    metadata,
    Column("id", Text, primary_key=True),
    Column("agent", Text, nullable=False),
    Column("number", Text, nullable=False),
    _e164(),
    Column("opened_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

do_not_call = Table(
    "do_not_call",
    metadata,
    Column("id", Text, primary_key=True),
    CheckConstraint("id ~ '^[0-9a-f]{64}$'", name="tag"),
    Column("at", Moment, nullable=False),
    Column("why", Text, nullable=False),
)
"""Numbers by their tags. The check keeps out a plain number that somebody inserts by hand, which nothing would find."""

quote = Table(
    "quote",
    metadata,
    Column("id", Text, primary_key=True),
    Column("entry", Text, nullable=False),
    Column("queue", Text, nullable=False),
    *_word("kind", QuoteKind),
    Column("at", Moment, nullable=False),
    Column("said_s", Float),
    Column("position", Integer, nullable=False),
    Column("mean_s", Float),
    Column("p80_s", Float),
    Column("model_s", Float),
    Column("came_s", Float),
    *_word("outcome", QuoteOutcome, nullable=True),
    Column("closed_at", Moment),
    CheckConstraint("(outcome IS NOT NULL) = (closed_at IS NOT NULL)", name="closed"),
)
"""The promise ledger."""
Index("ix_quote_open", quote.c.id, postgresql_where=quote.c.closed_at.is_(None))
Index("ix_quote_at", quote.c.at)

remembered = Table(
    "remembered",
    metadata,
    Column("id", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("learned", JSONB, nullable=False),
)
"""What the estimator had learned, by subject."""

switch = Table(
    "switch",
    metadata,
    Column("id", Text, primary_key=True),
    Column("on", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("until", Moment),
)
"""Switches as supervisors left them."""

audit = Table(
    "audit",
    metadata,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("request", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("done", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    _text("subject"),
)
"""What people and programs asked for, and what became of it. Append only."""
Index("ix_audit_at", audit.c.at)

api_key = Table(
    "api_key",
    metadata,
    Column("name", Text, primary_key=True),
    *_word("role", Role),
    Column("hash", Text, nullable=False, unique=True),
    CheckConstraint("hash ~ '^[0-9a-f]{64}$'", name="hash"),
    Column("made_at", Moment, nullable=False),
    Column("made_by", Text, nullable=False),
    _text("agent"),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
)
"""Keys of the API. A revoked one stays, because the audit names it."""

api_reply = Table(
    "api_reply",
    metadata,
    Column("who", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("what", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("status", Integer),
    _text("head"),
    _text("body"),
)
"""Requests with an Idempotency-Key, and what was answered, for a day."""
Index("ix_api_reply_at", api_reply.c.at)

decision = Table(
    "decision",
    metadata,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("subject", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
)
"""Append only. ``n`` counts a daemon's decisions: one that is written again after a lost answer is stored once."""
Index("ix_decision_subject", decision.c.subject, decision.c.at)

epoch = Table(
    "epoch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    CheckConstraint("id = 1", name="one_row"),
    Column("n", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("since", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
)
"""Which daemon has the right to dial. ``n`` grows at every take-over; a claim with an older ``n`` is refused."""


def _fact(name: str, *columns: Any) -> Table:
    """A table of the history. ``n`` counts a daemon's facts: one that is written again is there once."""
    return Table(
        name,
        metadata,
        Column("epoch", BigInteger, primary_key=True, autoincrement=False),
        Column("n", BigInteger, primary_key=True, autoincrement=False),
        Column("at", Moment, nullable=False),
        *columns,
    )


def _yes(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


entry_fact = _fact(
    "entry_fact",
    Column("entry", Text, nullable=False),
    Column("queue", Text, nullable=False),
    *_word("state", EntryState),
    *_word("outcome", EntryOutcome, nullable=True),
    Column("was_queue", Text),
    *_word("was_state", EntryState, nullable=True),
    _yes("live"),
    Column("callback", Text),
    _yes("was_caller"),
    _yes("new_leg"),
    Column("agent", Text),
    _text("number"),
    _yes("sent_on"),
    _yes("sent_here"),
)
Index("ix_entry_fact_entry", entry_fact.c.entry, entry_fact.c.epoch, entry_fact.c.n)
Index("ix_entry_fact_at", entry_fact.c.at)
_SERVED = (entry_fact.c.state == text("'closed'")) & (entry_fact.c.was_state == text("'talking'"))
Index("ix_entry_fact_served_number", entry_fact.c.number, entry_fact.c.at, postgresql_where=_SERVED)
Index("ix_entry_fact_served_agent", entry_fact.c.agent, entry_fact.c.at, postgresql_where=_SERVED)

callback_fact = _fact(
    "callback_fact",
    Column("callback", Text, nullable=False),
    Column("entry", Text, nullable=False),
    Column("queue", Text, nullable=False),
    *_word("state", CallbackState),
    *_word("outcome", CallbackOutcome, nullable=True),
    *_word("was_state", CallbackState, nullable=True),
    Column("slot_at", Moment),
    Column("expected_at", Moment),
)
Index("ix_callback_fact_callback", callback_fact.c.callback)
Index("ix_callback_fact_at", callback_fact.c.at)

attempt_fact = _fact(
    "attempt_fact",
    Column("attempt", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("agent", Text),
    *_word("state", AttemptState),
    *_word("outcome", AttemptOutcome, nullable=True),
    *_word("was_state", AttemptState, nullable=True),
    Column("was_agent", Text),
    Column("claimed_at", Moment, nullable=False),
    Column("cause", Integer, nullable=False),
    Column("tech_cause", Integer, nullable=False),
)
Index("ix_attempt_fact_callback", attempt_fact.c.callback)
Index("ix_attempt_fact_at", attempt_fact.c.at)

agent_fact = _fact(
    "agent_fact",
    Column("agent", Text, nullable=False),
    *_word("presence", Presence),
    _text("pause_reason"),
    *_word("activity", Activity),
    *_word("was_activity", Activity, nullable=True),
    Column("entry", Text),
    _yes("own_call"),
    _yes("away"),
    _yes("missed"),
)
Index("ix_agent_fact_agent", agent_fact.c.agent, agent_fact.c.at)

call_fact = _fact(
    "call_fact",
    *_word("what", Happening),
    _text("queue"),
    Column("entry", Text),
    Column("agent", Text),
    Column("leg", Text),
    _text("text"),
)
Index("ix_call_fact_entry", call_fact.c.entry)
Index("ix_call_fact_at", call_fact.c.at)

FACTS: dict[type, Table] = {
    EntryFact: entry_fact,
    CallbackFact: callback_fact,
    AttemptFact: attempt_fact,
    AgentFact: agent_fact,
    CallFact: call_fact,
}
"""The history."""

NUMBERED: dict[type, Table] = {**FACTS, AuditFact: audit}
"""What is written once and never again, by the daemon's epoch and a number."""

quarter = Table(
    "quarter",
    metadata,
    Column("quarters", Integer, primary_key=True, autoincrement=False),
    Column("quarter", BigInteger, primary_key=True, autoincrement=False),
    Column("queue", Text, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
)
"""What the facts come to in ``quarters`` quarter hours of Unix time, from ``quarter`` on: a cache, which can be dropped
and is made anew."""

rolled = Table(
    "rolled",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    CheckConstraint("id = 1", name="one_row"),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("counted_by", Text, nullable=False),
)
"""Which quarter hours ``quarter`` holds, and by which settings they were counted."""

TABLES: dict[type, Table] = {
    Entry: entry,
    Callback: callback,
    Attempt: attempt,
    Agent: agent,
    DirectWindow: direct_window,
    Blocked: do_not_call,
    Quote: quote,
    Remembered: remembered,
    Switch: switch,
    SentOut: sent_out,
}
"""The tables, in the order in which rows are written: a row before those that refer to it."""

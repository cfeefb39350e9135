"""The history: what happened, one row each, and what it comes to by quarter hour."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)
ENTRY = ("outside", "waiting", "ringing", "dialling", "talking", "closed", "dialing")
ENTRY_OUTCOME = (
    "served", "abandoned", "left", "refused", "exit_key", "exit_timeout", "exit_empty", "exhausted", "expired",
    "cancelled",
)  # fmt: skip
CALLBACK = ("waiting", "dialling", "accepted", "closed", "dialing")
CALLBACK_OUTCOME = ("completed", "exhausted", "expired", "cancelled", "rejoined")
ATTEMPT = ("claiming", "claimed", "dialling", "ringing", "answered", "accepted", "closed", "dialing")
ATTEMPT_OUTCOME = (
    "connected", "busy", "no_answer", "no_key", "postponed", "declined", "rang_in", "rejected", "unreachable",
    "congestion", "abandoned", "cut_off", "called_off", "not_dialled", "unknown",
)  # fmt: skip
ACTIVITY = ("idle", "reserved", "ringing", "talking", "wrap_up")


def word(table, name, words, *, nullable=False):
    listed = ", ".join(f"'{each}'" for each in words)
    return (
        sa.Column(name, sa.Text, nullable=nullable),
        sa.CheckConstraint(f"{name} IN ({listed})", name=op.f(f"ck_{table}_{name}")),
    )


def yes(*names):
    return [sa.Column(name, sa.Boolean, nullable=False) for name in names]


def text(*names):
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def facts(table, *columns):
    op.create_table(
        table,
        sa.Column("epoch", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("n", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("epoch", "n", name=op.f(f"pk_{table}")),
    )
    op.create_index(f"ix_{table}_at", table, ["at"])


def upgrade() -> None:
    facts(
        "entry_fact",
        *text("entry", "queue"),
        *word("entry_fact", "state", ENTRY),
        *word("entry_fact", "outcome", ENTRY_OUTCOME, nullable=True),
        sa.Column("was_queue", sa.Text),
        *word("entry_fact", "was_state", ENTRY, nullable=True),
        *yes("live"),
        sa.Column("callback", sa.Text),
        *yes("was_caller", "new_leg"),
        sa.Column("agent", sa.Text),
        sa.Column("number", sa.Text, nullable=False, server_default=""),
        *yes("sent_on", "sent_here"),
    )
    op.create_index("ix_entry_fact_entry", "entry_fact", ["entry", "epoch", "n"])
    served = sa.text("state = 'closed' AND was_state = 'talking'")
    op.create_index("ix_entry_fact_served_number", "entry_fact", ["number", "at"], postgresql_where=served)
    op.create_index("ix_entry_fact_served_agent", "entry_fact", ["agent", "at"], postgresql_where=served)
    facts(
        "callback_fact",
        *text("callback", "entry", "queue"),
        *word("callback_fact", "state", CALLBACK),
        *word("callback_fact", "outcome", CALLBACK_OUTCOME, nullable=True),
        *word("callback_fact", "was_state", CALLBACK, nullable=True),
        sa.Column("slot_at", MOMENT),
        sa.Column("expected_at", MOMENT),
    )
    op.create_index("ix_callback_fact_callback", "callback_fact", ["callback"])
    facts(
        "attempt_fact",
        *text("attempt", "callback"),
        sa.Column("agent", sa.Text),
        *word("attempt_fact", "state", ATTEMPT),
        *word("attempt_fact", "outcome", ATTEMPT_OUTCOME, nullable=True),
        *word("attempt_fact", "was_state", ATTEMPT, nullable=True),
        sa.Column("was_agent", sa.Text),
        sa.Column("claimed_at", MOMENT, nullable=False),
        sa.Column("cause", sa.Integer, nullable=False),
        sa.Column("tech_cause", sa.Integer, nullable=False),
    )
    op.create_index("ix_attempt_fact_callback", "attempt_fact", ["callback"])
    facts(
        "agent_fact",
        *text("agent"),
        *word("agent_fact", "presence", ("logged_out", "available", "paused")),
        sa.Column("pause_reason", sa.Text, nullable=False, server_default=""),
        *word("agent_fact", "activity", ACTIVITY),
        *word("agent_fact", "was_activity", ACTIVITY, nullable=True),
        sa.Column("entry", sa.Text),
        *yes("own_call", "away", "missed"),
    )
    op.create_index("ix_agent_fact_agent", "agent_fact", ["agent", "at"])
    facts(
        "call_fact",
        *word("call_fact", "what", ("held", "unheld", "disposed", "noted", "no_promise", "no_dial")),
        sa.Column("queue", sa.Text, nullable=False, server_default=""),
        sa.Column("entry", sa.Text),
        sa.Column("agent", sa.Text),
        sa.Column("leg", sa.Text),
        sa.Column("text", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("ix_call_fact_entry", "call_fact", ["entry"])
    op.create_table(
        "quarter",
        sa.Column("quarter", sa.BigInteger, autoincrement=False),
        *text("queue", "agent", "what", "kind"),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("quarter", "queue", "agent", "what", "kind", name=op.f("pk_quarter")),
    )
    op.create_table(
        "rolled",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("counted_by", sa.Text, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_rolled_one_row")),
    )


def downgrade() -> None:
    for table in ("rolled", "quarter", "call_fact", "agent_fact", "attempt_fact", "callback_fact", "entry_fact"):
        op.drop_table(table)

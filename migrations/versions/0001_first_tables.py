"""The first tables: entries, callbacks, attempts, agents, decisions, and the right to dial."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("presence", sa.Text(), nullable=False),
        sa.Column("pause_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=True),
        sa.Column("leg", sa.Text(), nullable=True),
        sa.Column("idle_since", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("rest_until", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("wrap_up_until", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "activity IN ('idle', 'reserved', 'ringing', 'talking', 'wrap_up')", name=op.f("ck_agent_activity")
        ),
        sa.CheckConstraint("activity IN ('idle', 'wrap_up') OR entry IS NOT NULL", name=op.f("ck_agent_working")),
        sa.CheckConstraint("presence IN ('logged_out', 'available', 'paused')", name=op.f("ck_agent_presence")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent")),
    )
    op.create_table(
        "decision",
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("epoch", "n", name=op.f("pk_decision")),
    )
    op.create_index("ix_decision_subject", "decision", ["subject", "at"], unique=False)
    op.create_table(
        "entry",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("arrived_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("leg", sa.Text(), nullable=True),
        sa.Column("callback", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("not_before", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("bridge", sa.Text(), nullable=True),
        sa.Column("connected_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL AND outcome IS NOT NULL)", name=op.f("ck_entry_closed")
        ),
        sa.CheckConstraint(
            "outcome IN ('served', 'abandoned', 'left', 'exhausted', 'expired', 'cancelled')",
            name=op.f("ck_entry_outcome"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'ringing', 'dialing', 'talking', 'closed')", name=op.f("ck_entry_state")
        ),
        sa.CheckConstraint("leg IS NOT NULL OR callback IS NOT NULL", name=op.f("ck_entry_held")),
        sa.CheckConstraint(
            "state <> 'talking' OR (leg IS NOT NULL AND agent IS NOT NULL AND connected_at IS NOT NULL)",
            name=op.f("ck_entry_talking"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
    )
    op.create_index(
        "ix_entry_open", "entry", ["queue", "arrived_at"], unique=False, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_index("uq_entry_open_leg", "entry", ["leg"], unique=True, postgresql_where=sa.text("closed_at IS NULL"))
    op.create_table(
        "epoch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("since", postgresql.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_epoch_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_epoch")),
    )
    op.create_table(
        "callback",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("attempts_made", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Text(), nullable=True),
        sa.Column("closed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL AND outcome IS NOT NULL)", name=op.f("ck_callback_closed")
        ),
        sa.CheckConstraint(
            "outcome IN ('completed', 'exhausted', 'expired', 'cancelled', 'rejoined')",
            name=op.f("ck_callback_outcome"),
        ),
        sa.CheckConstraint("state IN ('waiting', 'dialing', 'accepted', 'closed')", name=op.f("ck_callback_state")),
        sa.ForeignKeyConstraint(["entry"], ["entry.id"], name=op.f("fk_callback_entry")),
        sa.CheckConstraint("attempts_made >= 0", name=op.f("ck_callback_attempts_made")),
        sa.CheckConstraint("(state = 'dialing') = (attempt IS NOT NULL)", name=op.f("ck_callback_dialing")),
        sa.CheckConstraint(r"number ~ '^\+[1-9][0-9]{4,14}$'", name=op.f("ck_callback_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback")),
    )
    op.create_index("ix_callback_entry", "callback", ["entry"], unique=False)
    op.create_index(
        "uq_callback_open_number", "callback", ["number"], unique=True, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("claimed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("answered_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("closed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("cause", sa.Integer(), nullable=False),
        sa.Column("tech_cause", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL AND outcome IS NOT NULL)", name=op.f("ck_attempt_closed")
        ),
        sa.CheckConstraint(
            "outcome IN ('connected', 'busy', 'no_answer', 'no_key', 'postponed', 'rang_in', 'rejected', 'unreachable', 'congestion', 'abandoned', 'not_dialled', 'unknown')",
            name=op.f("ck_attempt_outcome"),
        ),
        sa.CheckConstraint(
            "state IN ('claiming', 'claimed', 'dialing', 'ringing', 'answered', 'accepted', 'closed')",
            name=op.f("ck_attempt_state"),
        ),
        sa.ForeignKeyConstraint(["callback"], ["callback.id"], name=op.f("fk_attempt_callback")),
        sa.CheckConstraint("ordinal >= 1", name=op.f("ck_attempt_ordinal")),
        sa.CheckConstraint(r"number ~ '^\+[1-9][0-9]{4,14}$'", name=op.f("ck_attempt_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index(
        "uq_attempt_open_callback", "attempt", ["callback"], unique=True, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_index(
        "uq_attempt_open_number", "attempt", ["number"], unique=True, postgresql_where=sa.text("closed_at IS NULL")
    )


def downgrade() -> None:
    op.drop_index("uq_attempt_open_number", table_name="attempt", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("uq_attempt_open_callback", table_name="attempt", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_table("attempt")
    op.drop_index("uq_callback_open_number", table_name="callback", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_callback_entry", table_name="callback")
    op.drop_table("callback")
    op.drop_table("epoch")
    op.drop_index("uq_entry_open_leg", table_name="entry", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_entry_open", table_name="entry", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_table("entry")
    op.drop_index("ix_decision_subject", table_name="decision")
    op.drop_table("decision")
    op.drop_table("agent")

"""The whole decision core: places outside the line, times, groups, needs, direct callback, the do-not-call list.

What is added to a table has a default: a callbackd of the version before writes into these tables, too.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = postgresql.TIMESTAMP(timezone=True)
_WORDS = {
    ("entry", "outcome"): (
        "served, abandoned, left, exhausted, expired, cancelled",
        "served, abandoned, left, refused, exit_key, exit_timeout, exit_empty, exhausted, expired, cancelled",
    ),
    ("entry", "state"): (
        "waiting, ringing, dialing, talking, closed",
        "outside, waiting, ringing, dialing, talking, closed",
    ),
    ("attempt", "outcome"): (
        "connected, busy, no_answer, no_key, postponed, rang_in, rejected, unreachable, congestion, abandoned, "
        "not_dialled, unknown",
        "connected, busy, no_answer, no_key, postponed, declined, rang_in, rejected, unreachable, congestion, abandoned, "
        "not_dialled, unknown",
    ),
}


def upgrade() -> None:
    op.create_table(
        "direct_window",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.CheckConstraint(r"number ~ '^\+[1-9][0-9]{4,14}$'", name=op.f("ck_direct_window_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_direct_window")),
    )
    op.create_table(
        "do_not_call",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint("id ~ '^[0-9a-f]{64}$'", name=op.f("ck_do_not_call_tag")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_do_not_call")),
    )
    op.add_column("agent", sa.Column("called_in", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("entry", sa.Column("joined_at", _MOMENT, server_default=sa.text("now()"), nullable=False))
    op.add_column("entry", sa.Column("slot_at", _MOMENT, nullable=True))
    op.add_column("entry", sa.Column("needs", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("entry", sa.Column("wanted", sa.Text(), nullable=True))
    op.add_column("entry", sa.Column("wanted_until", _MOMENT, server_default="epoch", nullable=False))
    op.add_column("callback", sa.Column("group", sa.Text(), server_default="default", nullable=False))
    op.add_column("callback", sa.Column("slot_at", _MOMENT, nullable=True))
    op.add_column("callback", sa.Column("expected_at", _MOMENT, nullable=True))
    for kind in ("busy", "no_answer", "no_key"):
        op.add_column("callback", sa.Column(f"times_{kind}", sa.Integer(), server_default="0", nullable=False))
    _index_open_numbers(["number", "group"])
    op.alter_column("attempt", "agent", nullable=True)
    _words(1)


def downgrade() -> None:
    _words(0)
    op.alter_column("attempt", "agent", nullable=False)
    _index_open_numbers(["number"])
    for name in ("group", "slot_at", "expected_at", "times_busy", "times_no_answer", "times_no_key"):
        op.drop_column("callback", name)
    for name in ("joined_at", "slot_at", "needs", "wanted", "wanted_until"):
        op.drop_column("entry", name)
    op.drop_column("agent", "called_in")
    op.drop_table("do_not_call")
    op.drop_table("direct_window")


def _index_open_numbers(columns: list[str]) -> None:
    name = "uq_callback_open_number"
    op.drop_index(name, "callback")
    op.create_index(name, "callback", columns, unique=True, postgresql_where=sa.text("closed_at IS NULL"))


def _words(which: int) -> None:
    for (table, column), words in _WORDS.items():
        name = op.f(f"ck_{table}_{column}")
        listed = ", ".join(f"'{word}'" for word in words[which].split(", "))
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, f"{column} IN ({listed})")

"""The promise ledger, and what the estimator has learned. New tables only: an older callbackd does not see them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quote",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("said_s", sa.Float(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("mean_s", sa.Float(), nullable=True),
        sa.Column("p80_s", sa.Float(), nullable=True),
        sa.Column("model_s", sa.Float(), nullable=True),
        sa.Column("came_s", sa.Float(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('wait', 'turn', 'slot')", name=op.f("ck_quote_kind")),
        sa.CheckConstraint("outcome IN ('came', 'would_have', 'unknown')", name=op.f("ck_quote_outcome")),
        sa.CheckConstraint("(outcome IS NOT NULL) = (closed_at IS NOT NULL)", name=op.f("ck_quote_closed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
    )
    op.create_index("ix_quote_open", "quote", ["id"], postgresql_where=sa.text("closed_at IS NULL"))
    op.create_index("ix_quote_at", "quote", ["at"])
    op.create_table(
        "remembered",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("learned", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remembered")),
    )


def downgrade() -> None:
    op.drop_table("remembered")
    op.drop_table("quote")

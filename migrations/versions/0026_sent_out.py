"""Callers whom agents send to outside numbers may be counted in the day's budget."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sent_out",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("leg", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("claimed_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("dialled", sa.Boolean, nullable=False),
        sa.Column("closed_at", TIMESTAMP(timezone=True)),
    )
    op.create_index("ix_sent_out_claimed_at", "sent_out", ["claimed_at"])


def downgrade() -> None:
    op.drop_table("sent_out")

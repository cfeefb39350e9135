"""Promises that were asked for are counted by number, by block of numbers and by who asked."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "request",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("block", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False, server_default=""),
        sa.CheckConstraint(r"number ~ '^\+[1-9][0-9]{4,14}$'", name=op.f("ck_request_number")),
    )
    op.create_index("ix_request_number", "request", ["number", "at"])
    op.create_index("ix_request_block", "request", ["block", "at"])
    op.create_index("ix_request_asked_by", "request", ["asked_by", "at"], postgresql_where=sa.text("asked_by <> ''"))


def downgrade() -> None:
    op.drop_table("request")

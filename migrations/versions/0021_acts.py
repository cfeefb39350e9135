"""What people and programs ask for stands in the audit, and switches stay as they were left."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "switch",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("on", sa.Boolean, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("until", MOMENT),
    )
    op.create_table(
        "audit",
        sa.Column("epoch", sa.BigInteger, autoincrement=False),
        sa.Column("n", sa.BigInteger, autoincrement=False),
        sa.Column("at", MOMENT, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("request", "who", "source", "act", "what", "reason")),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("epoch", "n", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"])


def downgrade() -> None:
    op.drop_table("audit")
    op.drop_table("switch")

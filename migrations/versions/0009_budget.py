"""An attempt tells when its customer pressed 1 and when an agent was rung for them; a day's attempts are found by time."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempt", sa.Column("accepted_at", sa.TIMESTAMP(timezone=True)))
    op.add_column("attempt", sa.Column("served_at", sa.TIMESTAMP(timezone=True)))
    op.create_index("ix_attempt_claimed_at", "attempt", ["claimed_at"])


def downgrade() -> None:
    op.drop_index("ix_attempt_claimed_at")
    op.drop_column("attempt", "served_at")
    op.drop_column("attempt", "accepted_at")

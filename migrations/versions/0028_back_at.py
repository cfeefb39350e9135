"""A paused agent is expected back."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agent", sa.Column("back_at", sa.TIMESTAMP(timezone=True)))


def downgrade() -> None:
    op.drop_column("agent", "back_at")

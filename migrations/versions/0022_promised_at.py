"""A caller who rang in and waits at the promise's place has the promise again when they go."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entry", sa.Column("promised_at", sa.TIMESTAMP(timezone=True)))


def downgrade() -> None:
    op.drop_column("entry", "promised_at")

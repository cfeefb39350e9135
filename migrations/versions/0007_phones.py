"""An agent's phone may be in use by an own call, or off."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("own_call", "away"):
        op.add_column("agent", sa.Column(name, sa.Boolean, nullable=False, server_default="false"))


def downgrade() -> None:
    op.drop_column("agent", "away")
    op.drop_column("agent", "own_call")

"""The audit has the id of what an act made."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit", sa.Column("subject", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("audit", "subject")

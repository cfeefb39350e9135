"""What a minute of each call costs, so that the money of a day can be limited."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("attempt", "sent_out"):
        op.add_column(table, sa.Column("price", sa.Float, nullable=False, server_default="0"))


def downgrade() -> None:
    for table in ("attempt", "sent_out"):
        op.drop_column(table, "price")

"""An entry tells where its caller was sent by the agent, and from which entry its caller came."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entry", sa.Column("transferred_to", sa.Text, nullable=False, server_default=""))
    op.add_column("entry", sa.Column("came_from", sa.Text))


def downgrade() -> None:
    op.drop_column("entry", "came_from")
    op.drop_column("entry", "transferred_to")

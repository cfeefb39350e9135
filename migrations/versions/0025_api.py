"""Keys of the API, and what was answered to requests that may be repeated."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

MOMENT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False, server_default=""),
        sa.Column("expires_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.UniqueConstraint("hash", name=op.f("uq_api_key_hash")),
        sa.CheckConstraint("role IN ('viewer', 'agent', 'supervisor', 'admin')", name=op.f("ck_api_key_role")),
        sa.CheckConstraint("hash ~ '^[0-9a-f]{64}$'", name=op.f("ck_api_key_hash")),
    )
    op.create_table(
        "api_reply",
        sa.Column("who", sa.Text),
        sa.Column("key", sa.Text),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("head", sa.Text, nullable=False, server_default=""),
        sa.Column("body", sa.Text, nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("who", "key", name=op.f("pk_api_reply")),
    )
    op.create_index("ix_api_reply_at", "api_reply", ["at"])


def downgrade() -> None:
    op.drop_table("api_reply")
    op.drop_table("api_key")

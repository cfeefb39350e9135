"""Settling: attempts that our side cut off, and the promise that owes an apology for it.

An older callbackd runs on these tables: the new column has a default, and the longer check takes its words too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BEFORE = (
    "connected", "busy", "no_answer", "no_key", "postponed", "declined", "rang_in", "rejected", "unreachable",
    "congestion", "abandoned", "not_dialled", "unknown",
)  # fmt: skip
_AFTER = (*_BEFORE[:11], "cut_off", *_BEFORE[11:])


def upgrade() -> None:
    op.add_column("callback", sa.Column("cut_off", sa.Boolean(), server_default="false", nullable=False))
    _outcomes(_AFTER)


def downgrade() -> None:
    op.execute("UPDATE attempt SET outcome = 'unknown' WHERE outcome = 'cut_off'")
    _outcomes(_BEFORE)
    op.drop_column("callback", "cut_off")


def _outcomes(words: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    op.drop_constraint(op.f("ck_attempt_outcome"), "attempt")
    op.create_check_constraint(op.f("ck_attempt_outcome"), "attempt", f"outcome IN ({listed})")

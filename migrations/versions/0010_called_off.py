"""An attempt may be called off: the agent left before the customer answered."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_BEFORE = (
    *("connected", "busy", "no_answer", "no_key", "postponed", "declined", "rang_in", "rejected", "unreachable"),
    *("congestion", "abandoned", "cut_off", "not_dialled", "unknown"),
)


def upgrade() -> None:
    _check((*_BEFORE[:-2], "called_off", *_BEFORE[-2:]))


def downgrade() -> None:
    op.execute("UPDATE attempt SET outcome = 'not_dialled' WHERE outcome = 'called_off'")
    _check(_BEFORE)


def _check(words: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_attempt_outcome"), "attempt")
    listed = ", ".join(f"'{word}'" for word in words)
    op.create_check_constraint(op.f("ck_attempt_outcome"), "attempt", f"outcome IN ({listed})")

"""One spelling: the state ``dialing`` is ``dialling`` now.

The tables go on taking the old word, and it is read as the new one: an older callbackd may be at work while its
standby migrates. It cannot read the new word itself: whoever goes back to it takes this migration back first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STATES = {
    "entry": ("outside", "waiting", "ringing", "dialing", "talking", "closed"),
    "callback": ("waiting", "dialing", "accepted", "closed"),
    "attempt": ("claiming", "claimed", "dialing", "ringing", "answered", "accepted", "closed"),
}


def upgrade() -> None:
    _drop_checks("dialing")
    for table in _STATES:
        _spell(table, "dialing", "dialling")
    for table, words in _STATES.items():
        _check_states(table, [*("dialling" if word == "dialing" else word for word in words), "dialing"])
    _check("callback", "dialling", "(state IN ('dialling', 'dialing')) = (attempt IS NOT NULL)")


def downgrade() -> None:
    _drop_checks("dialling")
    for table in _STATES:
        _spell(table, "dialling", "dialing")
    for table, words in _STATES.items():
        _check_states(table, [*words])
    _check("callback", "dialing", "(state = 'dialing') = (attempt IS NOT NULL)")


def _spell(table: str, old: str, new: str) -> None:
    row = sa.table(table, sa.column("state"))
    op.execute(row.update().where(row.c.state == old).values(state=new))


def _drop_checks(word: str) -> None:
    op.drop_constraint(op.f(f"ck_callback_{word}"), "callback")
    for table in _STATES:
        op.drop_constraint(op.f(f"ck_{table}_state"), table)


def _check_states(table: str, words: list[str]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    _check(table, "state", f"state IN ({listed})")


def _check(table: str, name: str, condition: str) -> None:
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)

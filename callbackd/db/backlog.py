"""What waits to be written, in bounded memory: the newest state of each life, and the latest facts and decisions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from callbackd.db.facts import Fact
from callbackd.db.rows import Forget, Numbered, Row, in_order
from callbackd.domain.commands import Saved
from callbackd.domain.lives.entry import Entry

LIVES = 50_000
DECISIONS = 20_000
FACTS = 200_000


class Backlog:
    def __init__(self, lives: int = LIVES, decisions: int = DECISIONS, facts: int = FACTS) -> None:
        self._most_lives = lives
        self._lives: dict[tuple[type, str], Saved | Forget] = {}
        self._decisions: deque[Numbered] = deque(maxlen=decisions)
        self._facts: deque[Fact] = deque(maxlen=facts)
        self.dropped = 0
        """How many rows the bound has cost so far: the oldest decisions, facts, and calls that are over."""

    def __len__(self) -> int:
        return len(self._lives) + len(self._decisions) + len(self._facts)

    @property
    def oldest_fact_at(self) -> float | None:
        """Since when the history is not complete; None when nothing of it waits."""
        return self._facts[0].at if self._facts else None

    def add(self, row: Row) -> None:
        if isinstance(row, Numbered):
            self.dropped += len(self._decisions) == self._decisions.maxlen
            self._decisions.append(row)
        elif isinstance(row, Fact):
            self.dropped += len(self._facts) == self._facts.maxlen
            self._facts.append(row)
        else:
            self._lives[_life(row)] = row
            if len(self._lives) > self._most_lives:
                self._drop_a_call()

    def take(self) -> list[Row]:
        """All rows, in the order in which they can be written. Leaves none."""
        rows: list[Row] = [*self._lives.values(), *self._decisions, *self._facts]
        self._lives.clear()
        self._decisions.clear()
        self._facts.clear()
        return in_order(rows)

    def put_back(self, rows: Iterable[Row]) -> None:
        """Take back rows that were not written. If a life has moved on meanwhile, its newer state stays."""
        rows = list(rows)
        self._lives = {_life(row): row for row in rows if not isinstance(row, Numbered | Fact)} | self._lives
        earlier = [row for row in rows if isinstance(row, Numbered)]
        facts = sorted((row for row in rows if isinstance(row, Fact)), key=lambda fact: (fact.epoch, fact.n))
        together = len(earlier) + len(self._decisions) + len(facts) + len(self._facts)
        self._decisions = deque([*earlier, *self._decisions], self._decisions.maxlen)
        self._facts = deque([*facts, *self._facts], self._facts.maxlen)
        self.dropped += together - len(self._decisions) - len(self._facts)

    def _drop_a_call(self) -> None:
        """Drop the oldest call that is over and left no promise, for it is only history. Everything else stays."""
        over = (key for key, row in self._lives.items() if isinstance(row, Entry) and not row.open and not row.callback)
        if key := next(over, None):
            del self._lives[key]
            self.dropped += 1


def _life(row: Saved | Forget) -> tuple[type, str]:
    """Kind and id of a life: when its row is saved and forgotten in turn, only the last of these counts."""
    saved = row.row if isinstance(row, Forget) else row
    return type(saved), saved.id

"""What the people of an invented day lived through, taken from the rows and commands of the day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from callbackd.domain.commands import Changed, Command, Decided, Join
from callbackd.domain.ids import CallbackId, EntryId
from callbackd.domain.lives.callback import Callback, CallbackOutcome
from callbackd.domain.lives.entry import Entry, EntryOutcome


@dataclass
class Facts:
    arrived: int = 0
    """Calls that reached the door."""
    talked: int = 0
    """How often a person and an agent were brought together."""
    stored: set[CallbackId] = field(default_factory=set)
    """Promises that the database stored."""
    entered: set[EntryId] = field(default_factory=set)
    closed: dict[EntryId, EntryOutcome] = field(default_factory=dict)
    ended: dict[CallbackId, CallbackOutcome] = field(default_factory=dict)
    late: int = 0
    """Promises kept after the time that was spoken."""
    dialled: list[tuple[float, str]] = field(default_factory=list)
    """When each customer's telephone rang."""
    decisions: list[Decided] = field(default_factory=list)

    def note(self, commands: Iterable[Command]) -> None:
        for command in commands:
            if isinstance(command, Decided):
                self.decisions.append(command)
            elif isinstance(command, Changed) and not command.stored:
                self._row(command.after)
            elif isinstance(command, Join):
                self.talked += 1

    def _row(self, row: object) -> None:
        if isinstance(row, Entry):
            self.entered.add(row.id)
            if row.outcome:
                self.closed[row.id] = row.outcome
        elif isinstance(row, Callback) and row.outcome:
            self.ended[row.id] = row.outcome
            in_time = row.expected_at is None or (row.closed_at or 0.0) <= row.expected_at
            self.late += row.outcome is CallbackOutcome.COMPLETED and not in_time

    @property
    def open(self) -> bool:
        """Whether anybody still holds a place."""
        return len(self.closed) < len(self.entered)

    @property
    def promised(self) -> int:
        return len(self.stored)

    @property
    def exits(self) -> Counter[EntryOutcome]:
        """How the places of the day ended."""
        return Counter(self.closed.values())

    @property
    def kept(self) -> int:
        """How many promises ended with the customer talking to an agent."""
        return sum(outcome is CallbackOutcome.COMPLETED for outcome in self.ended.values())

    @property
    def abandoned(self) -> int:
        """How many callers hung up while waiting."""
        return self.exits[EntryOutcome.ABANDONED]

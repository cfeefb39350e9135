"""What a life is: states, triggers and one table that answers every trigger in every state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

R = TypeVar("R")
S = TypeVar("S", bound=Enum)
T = TypeVar("T", bound=Enum)


@dataclass(frozen=True, slots=True)
class Ignored:
    """The answer to a trigger that changes nothing in this state, with the sentence for the log."""

    because: str


@dataclass(frozen=True, slots=True)
class Move(Generic[R]):
    """What a trigger makes of a row. ``State.move`` carries it out."""

    row: R
    trigger: str
    after: R | Ignored
    """The row after it; or why the trigger changes nothing in this state."""


Table = Mapping[tuple[S, T], S | Ignored]


def blanks(table: Table[S, T], states: type[S], triggers: type[T]) -> list[tuple[S, T]]:
    """The pairs of state and trigger that the table lacks; a test wants none."""
    return [(state, trigger) for state in states for trigger in triggers if (state, trigger) not in table]

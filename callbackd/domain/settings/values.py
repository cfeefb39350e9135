"""Kinds of values and their limits, of which the sections are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le, Unit


@dataclass(frozen=True, slots=True)
class Pattern:
    """A limit of a text: the regular expression that it matches."""

    regex: str


@dataclass(frozen=True, slots=True)
class Means:
    """A limit of a value: what it must name. The reader of the file knows how to check it."""

    what: str


@dataclass(frozen=True, slots=True)
class Key:
    """Marks the field that holds the name of the section, ``alice`` of ``[agents.alice]``."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Marks a field that is not set in the section of its class."""


Seconds = Annotated[float, Ge(0), Unit("s")]
"""A duration."""
Name = Annotated[str, Pattern(r"^[a-z][a-z0-9_-]{1,31}$")]
"""Of a queue, menu, agent, skill, group or of hours."""
Digit = Annotated[str, Pattern(r"^[0-9*#]$")]
Context = Annotated[str, Pattern(r"^[A-Za-z0-9_-]{1,79}$")]
"""Of the dialplan."""
Region = Annotated[str, Pattern(r"^[A-Z]{2}$")]
E164 = Annotated[str, Pattern(r"^\+[1-9][0-9]{5,14}$")]
Language = Annotated[str, Means("a language that callbackd speaks")]
Zone = Annotated[str, Means("a time zone")]
Country = Annotated[str, Means("a country with known holidays")]
Priority = Annotated[int, Ge(-1000), Le(1000)]

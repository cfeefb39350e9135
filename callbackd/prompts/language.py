"""What a language must know to be spoken here. Each is one file in ``languages`` that ends in ``LANGUAGE``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from callbackd.domain.phrase import Fixed

MOST_COUNTED = 100
"""Positions beyond this are not told exactly, but as "at least a hundred callers ahead"."""


@dataclass(frozen=True, slots=True)
class Language:
    """Words and grammar of one language.

    Texts are complete sentences with their punctuation and numbers in words, so that any speech engine reads them
    alike. Durations are minutes: 1-59 are spoken as minutes, above that they are whole or half hours.
    """

    code: str
    name: str
    voice: str
    """The voice of espeak-ng."""
    fixed: Mapping[Fixed, str]
    """``NUMBER_IS`` and ``PROMISE`` end so that a telephone number can follow."""
    greeting: Callable[[str], str]
    """Of the company's name, undeclined and possibly empty."""
    hello: Callable[[str], str]
    """Of the company's name, as above: who rings and why."""
    position: Callable[[int], str]
    """Of 1 to ``MOST_COUNTED``."""
    hundred_ahead: str
    wait_below: Callable[[int], str]
    wait_above_hour: str
    call_within: Callable[[int], str]
    digits: tuple[str, ...]
    """The ten digits as they are said in a telephone number."""
    plus: str
    longest_group: int = 4
    """Digits are never read in groups longer than this."""
    long_groups_first: bool = False
    """Where the longer groups go when digits do not divide evenly: 123 45 67 or 123 4567."""

"""What we must know about a language to speak it. Each is one file in ``languages`` that ends in ``LANGUAGE``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from callbackd.domain.phrase import Day, Fixed

MOST_COUNTED = 100
"""Positions beyond this are not spoken exactly, but as "at least a hundred callers ahead"."""


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
    """From the company's name, undeclined and possibly empty."""
    hello: Callable[[str], str]
    """From the company's name, as above: who is calling and why."""
    menu: str
    """Asks to choose by key, when the operator has set no words for a menu."""
    choice: str
    """Beginning of the sentence that names the key for this language, in this language: "For English"."""
    way_out: str
    """Beginning of the sentence that names the key out of the line: "To leave the line"."""
    crisis: str
    """Announces a problem when the operator has set no words for it."""
    position: Callable[[int], str]
    """From a position, 1 to ``MOST_COUNTED``."""
    hundred_ahead: str
    wait_below: Callable[[int], str]
    wait_above_hour: str
    call_within: Callable[[int], str]
    call_again: Callable[[int], str]
    """From 10, 20 … 90 minutes: a promise and the farewell."""
    slot_choice_day: Callable[[Day], str]
    """The beginning of "for a call tomorrow at half past three, press one"; without punctuation, as the next two."""
    call_at_day: Callable[[Day], str]
    """The beginning of "we will call you tomorrow at half past three"."""
    at: Callable[[int], str]
    """From a minute of the day in whole quarter hours: continues either of these, and tells day from night."""
    press: Callable[[int], str]
    """From key 0 to 9: the end of a choice, as the next two."""
    press_star: str
    press_hash: str
    digits: tuple[str, ...]
    """The ten digits as they are said in a telephone number."""
    plus: str
    withheld: str
    """Shown on an agent's telephone in place of a number that the caller withholds. Letters and spaces only."""
    longest_group: int = 4
    """Digits are never read in groups longer than this."""
    long_groups_first: bool = False
    """Where the longer groups go when digits do not divide evenly: 123 45 67 or 123 4567."""


def spell(n: int, small: Sequence[str], tens: Sequence[str], hundred: str) -> str:
    """0 to 199 in a language that puts hundred, ten and unit one after the other, all words in one gender and case.

    ``small`` has the words of 0 to 19, ``tens`` those of 0, 10, 20 … 90, the first two of which are never used.
    """
    above = [hundred] if n >= 100 else []
    rest = n % 100
    if rest >= 20:
        above.append(tens[rest // 10])
        rest %= 10
    return " ".join([*above, small[rest]] if rest or not above else above)


def few(n: int) -> bool:
    """Whether a Slavic noun counted by ``n`` stands as after two, three and four: 2, 24, 103, but not 12 to 14."""
    return n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14)


def like_one(n: int) -> bool:
    """Whether ``n`` ends in a spoken "one": 1, 21, 101, but not 11."""
    return n % 10 == 1 and n % 100 != 11

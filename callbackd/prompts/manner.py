"""How a fragment is to be spoken: where it stands in a sentence, and how long it may take."""

from __future__ import annotations

import re
from dataclasses import dataclass

from callbackd.domain.phrase import Day
from callbackd.prompts import catalog

PAUSES_S = {",": 0.25, ":": 0.25, ".": 0.4, "?": 0.4, "!": 0.4}
"""Silence after a text, by its last character; ``BEAT_S`` after any other."""

BEAT_S = 0.04
"""The silence between two digits."""

LONGEST_S = 20.0
"""Nobody listens to a menu for longer than this."""


@dataclass(frozen=True, slots=True)
class Manner:
    note: str
    """Instructions to the speaker, in English."""
    longest_s: float = LONGEST_S


WHOLE = Manner("complete in itself: the voice falls at the end")

_DAYS = "|".join(catalog.hyphened(day) for day in Day)
_MANNERS = {
    r"digit-\d": Manner("inside a group of digits: another follows at once, the voice stays level", 2),
    r"digit-\d-comma": Manner("last of a group of digits: another group follows, the voice stays up", 2),
    r"digit-\d-end": Manner("last digit of a telephone number: the voice falls", 2),
    r"plus": Manner("begins a telephone number: a digit follows at once, the voice stays level", 2),
    r"at-\d{4}": Manner("mid-sentence, after slot-…: press-… follows, the voice stays up", 8),
    r"at-\d{4}-end": Manner("end of sentence, after call-at-…: the voice falls", 8),
    rf"(slot|call-at)-({_DAYS})": Manner("beginning of a sentence: at-… follows at once, the voice stays up", 8),
    r"press-(\d|star|hash)": Manner("end of sentence, after slot-… and at-…, language or way-out: the voice falls", 8),
    r"language|way-out": Manner("beginning of a sentence: press-… follows at once, the voice stays up", 8),
    r"number-is|promise": Manner("a telephone number follows: the voice stays up at the end"),
}


def manner(name: str) -> Manner:
    return next((manner for pattern, manner in _MANNERS.items() if re.fullmatch(pattern, name)), WHOLE)


def pause_s(text: str) -> float:
    """The seconds of silence that belong after a text."""
    return PAUSES_S.get(text[-1:], BEAT_S)

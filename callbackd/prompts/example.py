"""Phrases by example, as an operator types them: ``greeting position 3 wait-below 7 offer``."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from callbackd.domain.phrase import (
    CallAgainIn,
    CallAt,
    CallbackHello,
    CallWithin,
    Crisis,
    Day,
    Digits,
    Fixed,
    Greeting,
    LanguageChoice,
    Menu,
    Phrase,
    Position,
    SlotChoice,
    WaitAboveHour,
    WaitBelow,
    WayOut,
)
from callbackd.prompts.catalog import QUARTERS, hyphened
from callbackd.prompts.languages import LANGUAGES
from callbackd.prompts.render import Named

Read = Callable[[str], object]


class NotUnderstood(Exception):
    """A word that is no example; the text names it and suggests what could be meant."""


@dataclass(frozen=True, slots=True)
class _Form:
    make: Callable[..., Phrase]
    reads: tuple[Read, ...]
    example: str


def _clock(word: str) -> int:
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", word)
    minute = int(found[1]) * 60 + int(found[2]) if found else -1
    if minute not in QUARTERS:
        raise ValueError("not a quarter of an hour on the 24-hour clock")
    return minute


def _count(word: str) -> int:
    if not re.fullmatch(r"\d{1,6}", word):
        raise ValueError("not a whole number")
    return int(word)


def _key(word: str) -> str:
    if not re.fullmatch(r"[0-9*#]", word):
        raise ValueError("not a key of a telephone")
    return word


def _day(word: str) -> Day:
    days = {hyphened(day): day for day in Day}
    if word not in days:
        raise ValueError(f"none of {', '.join(days)}")
    return days[word]


def _language(word: str) -> str:
    if word not in LANGUAGES:
        raise ValueError(f"none of {', '.join(LANGUAGES)}")
    return word


def _number(word: str) -> str:
    digits = re.sub(r"[ ()/.-]", "", word)
    if not re.fullmatch(r"\+?\d+", digits):
        raise ValueError("not a telephone number")
    return digits


_FORMS = {
    "position": _Form(Position, (_count,), "position 22"),
    "wait-below": _Form(WaitBelow, (_count,), "wait-below 7"),
    "call-within": _Form(CallWithin, (_count,), "call-within 45"),
    "call-again": _Form(CallAgainIn, (_count,), "call-again 20"),
    "number": _Form(Digits, (_number,), "number +442079460958"),
    "time": _Form(lambda minute: CallAt(Day.TODAY, minute), (_clock,), "time 15:30"),
    "call-at": _Form(CallAt, (_day, _clock), "call-at tomorrow 15:30"),
    "language": _Form(LanguageChoice, (_count, _language), "language 2 hr"),
    "way-out": _Form(WayOut, (_key,), "way-out 0"),
    "slot": _Form(SlotChoice, (_count, _day, _clock), "slot 1 monday 9:00"),
}
EXAMPLES = tuple(form.example for form in _FORMS.values())


def understood(words: Sequence[str], names: Collection[str], queue: str = "") -> tuple[Phrase | Named, ...]:
    """What the words ask for, in their order: phrases, or prompts by their names (``names`` holds those that exist).

    Raises ``NotUnderstood``.
    """
    return tuple(_parts(iter(words), _plain(queue), names))


def _plain(queue: str) -> dict[str, Phrase]:
    fixed: dict[str, Phrase] = {hyphened(phrase): phrase for phrase in Fixed}
    return fixed | {
        "greeting": Greeting(queue),
        "hello": CallbackHello(queue),
        "crisis": Crisis(queue),
        "menu": Menu(queue),
        "wait-above-hour": WaitAboveHour(),
    }


def _parts(words: Iterator[str], plain: dict[str, Phrase], names: Collection[str]) -> Iterator[Phrase | Named]:
    for word in words:
        if form := _FORMS.get(word):
            yield _formed(form, words)
        elif word in plain:
            yield plain[word]
        elif word in names:
            yield Named(word)
        else:
            raise NotUnderstood(_unknown(word, {*_FORMS, *plain, *names}))


def _formed(form: _Form, words: Iterator[str]) -> Phrase:
    arguments = []
    for read in form.reads:
        word = next(words, None)
        if word is None:
            raise NotUnderstood(f"something is missing, as in: {form.example}")
        try:
            arguments.append(read(word))
        except ValueError as error:
            raise NotUnderstood(f"{word!r} is {error}, as in: {form.example}") from error
    return form.make(*arguments)


def _unknown(word: str, known: Collection[str]) -> str:
    near = get_close_matches(word, known, n=3)
    advice = f"did you mean {' or '.join(near)}?" if near else "`callbackd prompts list` has the names"
    return f"nothing is called {word!r}: {advice}"

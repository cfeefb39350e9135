"""The finite set of what can be said: phrases as fragment names, and each name's text in a language.

A fragment is one sound file. Wherever possible it is a whole sentence, so that grammar and intonation are right; only
telephone numbers and times are put together. Digits are spoken in three tones: inside a group, before a pause and at
the end. A time of day follows its day, rises before the key that chooses it, and falls at the end of a promise.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import chain

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
from callbackd.prompts.language import MOST_COUNTED, Language
from callbackd.prompts.phone import groups
from callbackd.prompts.settings import PromptSettings

MINUTES: tuple[int, ...] = (*range(1, 61), *range(90, 361, 30), *range(420, 1441, 60))
"""The durations that have words. Others are rounded up, which keeps "less than" and "within" true."""

POSTPONED = range(10, 91, 10)
"""Minutes by which a customer may postpone with one digit."""

QUARTERS = range(0, 24 * 60, 15)
"""The times of day that have words, in minutes."""

SLOT_KEYS = range(1, 4)
LANGUAGE_KEYS = range(1, 10)
_MARKS = {"*": "star", "#": "hash"}

TONES = {"": "", "-comma": ",", "-end": "."}
"""Suffix of a digit's name -> punctuation that makes an engine speak it so."""

TIME_TONES = {"": ",", "-end": "."}
"""The same for a time of day."""

GOES_ON = " —"
"""Ends the first half of a sentence: before it an engine's voice stays up, and no pause follows. With nothing there,
the voice would fall."""


def names(phrase: Phrase, language: Language, region: str) -> tuple[str, ...]:
    """The fragments of a phrase, in order. Raises ``ValueError`` when there are no words for it."""
    match phrase:
        case Fixed():
            return (hyphened(phrase),)
        case Greeting():
            return ("greeting",)
        case CallbackHello():
            return ("hello",)
        case Crisis():
            return ("crisis",)
        case Menu():
            return ("menu",)
        case LanguageChoice(key, _) if key in LANGUAGE_KEYS:
            return ("language", f"press-{key}")
        case WayOut(key) if key in _MARKS or (len(key) == 1 and key in "0123456789"):
            return ("way-out", f"press-{_MARKS.get(key, key)}")
        case SlotChoice(key, day, minute) if key in SLOT_KEYS and minute in QUARTERS:
            return (f"slot-{hyphened(day)}", _time(minute), f"press-{key}")
        case CallAt(day, minute) if minute in QUARTERS:
            return (f"call-at-{hyphened(day)}", f"{_time(minute)}-end")
        case Position(n) if n >= 1:
            return (f"position-{n}" if n <= MOST_COUNTED else "hundred-ahead",)
        case WaitBelow(minutes):
            return (f"wait-below-{_spoken(minutes)}",)
        case WaitAboveHour():
            return ("wait-above-hour",)
        case CallWithin(minutes):
            return (f"call-within-{_spoken(minutes)}",)
        case CallAgainIn(minutes) if minutes in POSTPONED:
            return (f"call-again-{minutes}",)
        case Digits(digits):
            return _digit_names(groups(digits, region, language.longest_group, language.long_groups_first))
    raise ValueError(f"no words for {phrase}")


def hyphened(symbol: Fixed | Day) -> str:
    """A symbol as a name, or as part of one."""
    return symbol.value.replace("_", "-")


def queue_of(phrase: Phrase) -> str:
    """The queue or the menu that a phrase speaks for; empty for all others."""
    if isinstance(phrase, Menu):
        return phrase.menu
    return phrase.queue if isinstance(phrase, Greeting | CallbackHello | Crisis) else ""


def recorded_as(name: str) -> str:
    """The name whose recording also serves ``name``: an operator need not record every digit and time in all tones."""
    return name.removesuffix("-comma").removesuffix("-end") if name.startswith(("digit-", "at-")) else name


def texts(language: Language, settings: PromptSettings) -> dict[str, str]:
    """The words of every fragment of a language, by name, the operator's own wording included."""
    return (
        {hyphened(name): text for name, text in language.fixed.items()}
        | {"greeting": language.greeting(settings.company), "hello": language.hello(settings.company)}
        | {"crisis": language.crisis, "menu": language.menu, "language": language.choice + GOES_ON}
        | {"way-out": language.way_out + GOES_ON}
        | {f"position-{n}": language.position(n) for n in range(1, MOST_COUNTED + 1)}
        | {"hundred-ahead": language.hundred_ahead, "wait-above-hour": language.wait_above_hour}
        | {f"wait-below-{n}": language.wait_below(n) for n in MINUTES}
        | {f"call-within-{n}": language.call_within(n) for n in MINUTES}
        | {f"call-again-{n}": language.call_again(n) for n in POSTPONED}
        | {f"slot-{hyphened(day)}": language.slot_choice_day(day) + GOES_ON for day in Day}
        | {f"call-at-{hyphened(day)}": language.call_at_day(day) + GOES_ON for day in Day}
        | {
            f"{_time(minute)}{tone}": language.at(minute) + mark
            for tone, mark in TIME_TONES.items()
            for minute in QUARTERS
        }
        | {f"press-{key}": language.press(key) for key in range(10)}
        | {"press-star": language.press_star, "press-hash": language.press_hash}
        | {
            f"digit-{digit}{tone}": word + mark
            for digit, word in enumerate(language.digits)
            for tone, mark in TONES.items()
        }
        | {"plus": language.plus}
        | dict(settings.texts.get(language.code, {}))
    )


def _time(minute: int) -> str:
    return f"at-{minute // 60:02}{minute % 60:02}"


def _spoken(minutes: int) -> int:
    if 1 <= minutes <= MINUTES[-1]:
        return MINUTES[bisect_left(MINUTES, minutes)]
    raise ValueError(f"no words for {minutes} minutes")


def _digit_names(number: tuple[str, ...]) -> tuple[str, ...]:
    tones = ["-comma"] * (len(number) - 1) + ["-end"]
    return tuple(chain.from_iterable(_group_names(run, tone) for run, tone in zip(number, tones, strict=True)))


def _group_names(run: str, tone: str) -> list[str]:
    spoken = ["plus" if char == "+" else f"digit-{char}" for char in run]
    return [*spoken[:-1], spoken[-1] + tone]

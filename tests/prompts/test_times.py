"""Days and times of day in words: put together of fragments that must add up to one sentence."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace
from pathlib import Path

import pytest

from callbackd.domain.phrase import CallAt, Crisis, Day, Phrase, SlotChoice
from callbackd.prompts import catalog, sound
from callbackd.prompts.build import build
from callbackd.prompts.check import Fault, check
from callbackd.prompts.language import Language
from callbackd.prompts.languages import LANGUAGES
from callbackd.prompts.render import Renderer
from callbackd.prompts.settings import PromptSettings
from lab.ship_prompts import spoken

every_language = pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
CODES = ("en", "hr", "uk", "hu", "pl")


def sentence(phrase: Phrase, language: Language) -> str:
    """As it is heard: the dash is a tone, no word."""
    texts = spoken(language)
    return " ".join(texts[name] for name in catalog.names(phrase, language, "GB")).replace(" —", "")


TIMES = """
    | 00:00 | at midnight, as the day begins       | u nula sati                      | о нульовій годині                         | nulla órakor                 | o północy, na początku doby
    | 00:15 | at twelve fifteen in the morning     | u nula sati i petnaest minuta    | о нульовій годині п'ятнадцять хвилин      | nulla óra tizenöt perckor    | o godzinie zero piętnaście
    | 01:00 | at one o'clock in the morning        | u jedan sat                      | о першій годині                           | egy órakor                   | o godzinie pierwszej
    | 02:45 | at two forty-five in the morning     | u dva sata i četrdeset pet minuta | о другій годині сорок п'ять хвилин       | két óra negyvenöt perckor    | o godzinie drugiej czterdzieści pięć
    | 05:00 | at five o'clock in the morning       | u pet sati                       | о п'ятій годині                           | öt órakor                    | o godzinie piątej
    | 08:30 | at eight thirty in the morning       | u osam sati i trideset minuta    | о восьмій годині тридцять хвилин          | nyolc óra harminc perckor    | o godzinie ósmej trzydzieści
    | 11:00 | at eleven o'clock in the morning     | u jedanaest sati                 | об одинадцятій годині                     | tizenegy órakor              | o godzinie jedenastej
    | 12:00 | at noon                              | u dvanaest sati                  | о дванадцятій годині                      | tizenkét órakor              | o godzinie dwunastej
    | 12:15 | at twelve fifteen in the afternoon   | u dvanaest sati i petnaest minuta | о дванадцятій годині п'ятнадцять хвилин  | tizenkét óra tizenöt perckor | o godzinie dwunastej piętnaście
    | 15:30 | at three thirty in the afternoon     | u petnaest sati i trideset minuta | о п'ятнадцятій годині тридцять хвилин    | tizenöt óra harminc perckor  | o godzinie piętnastej trzydzieści
    | 17:45 | at five forty-five in the afternoon  | u sedamnaest sati i četrdeset pet minuta | о сімнадцятій годині сорок п'ять хвилин | tizenhét óra negyvenöt perckor | o godzinie siedemnastej czterdzieści pięć
    | 18:00 | at six o'clock in the evening        | u osamnaest sati                 | о вісімнадцятій годині                    | tizennyolc órakor            | o godzinie osiemnastej
    | 20:00 | at eight o'clock in the evening      | u dvadeset sati                  | о двадцятій годині                        | húsz órakor                  | o godzinie dwudziestej
    | 21:15 | at nine fifteen in the evening       | u dvadeset jedan sat i petnaest minuta | о двадцять першій годині п'ятнадцять хвилин | huszonegy óra tizenöt perckor | o godzinie dwudziestej pierwszej piętnaście
    | 22:00 | at ten o'clock at night              | u dvadeset dva sata              | о двадцять другій годині                  | huszonkét órakor             | o godzinie dwudziestej drugiej
    | 23:45 | at eleven forty-five at night        | u dvadeset tri sata i četrdeset pet minuta | о двадцять третій годині сорок п'ять хвилин | huszonhárom óra negyvenöt perckor | o godzinie dwudziestej trzeciej czterdzieści pięć
"""  # noqa: E501, RUF001
"""Written by hand, apart from the tables, in the order of ``CODES``."""


@pytest.mark.parametrize("line", TIMES.strip().splitlines(), ids=lambda line: line.split("|")[1].strip())
def test_a_time_of_day_is_spoken_as_the_language_speaks_it(line: str) -> None:
    clock, *expected = (cell.strip() for cell in line.strip("| ").split("|"))
    hour, minute = map(int, clock.split(":"))
    assert [LANGUAGES[code].at(60 * hour + minute) for code in CODES] == expected


@every_language
def test_no_two_times_of_a_day_sound_alike(language: Language) -> None:
    assert len({language.at(minute) for minute in catalog.QUARTERS}) == 96


@every_language
def test_no_two_days_sound_alike(language: Language) -> None:
    for begin in (language.slot_choice_day, language.call_at_day):
        assert len({begin(day) for day in Day}) == len(Day)


@every_language
def test_every_time_of_every_day_has_words(language: Language) -> None:
    texts = spoken(language)
    phrases: list[Phrase] = [CallAt(day, minute) for day in Day for minute in range(0, 1440, 15)]
    phrases += [SlotChoice(key, day, minute) for key in (1, 2, 3) for day in Day for minute in range(0, 1440, 15)]
    assert not {name for phrase in phrases for name in catalog.names(phrase, language, "GB")} - texts.keys()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", "For a call on Tuesday at three thirty in the afternoon, press two."),
        ("hr", "Da vas nazovemo u utorak u petnaest sati i trideset minuta, pritisnite tipku dva."),
        ("uk", "Щоб ми зателефонували вам у вівторок о п'ятнадцятій годині тридцять хвилин, натисніть два."),  # noqa: RUF001
        ("hu", "Ha visszahívhatjuk kedden tizenöt óra harminc perckor, nyomja meg a kettes gombot."),
        ("pl", "Jeśli mamy zadzwonić we wtorek o godzinie piętnastej trzydzieści, proszę nacisnąć dwa."),
    ],
)
def test_a_choice_is_one_sentence(code: str, expected: str) -> None:
    assert sentence(SlotChoice(2, Day.TUESDAY, 15 * 60 + 30), LANGUAGES[code]) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", "We will call you a week from today at eleven o'clock in the morning."),
        ("hr", "Nazvat ćemo vas točno za tjedan dana u jedanaest sati."),
        ("uk", "Ми зателефонуємо вам рівно через тиждень об одинадцятій годині."),  # noqa: RUF001
        ("hu", "Visszahívjuk mához egy hétre tizenegy órakor."),
        ("pl", "Oddzwonimy dokładnie za tydzień o godzinie jedenastej."),
    ],
)
def test_a_promise_with_a_time_is_one_sentence(code: str, expected: str) -> None:
    assert sentence(CallAt(Day.IN_A_WEEK, 11 * 60), LANGUAGES[code]) == expected


@pytest.mark.parametrize(
    "phrase",
    [
        SlotChoice(0, Day.TODAY, 0),
        SlotChoice(4, Day.TODAY, 0),
        SlotChoice(1, Day.TODAY, 7),
        SlotChoice(1, Day.TODAY, -15),
        CallAt(Day.TODAY, 1440),
        CallAt(Day.TODAY, 931),
    ],
    ids=str,
)
def test_times_beside_the_quarter_hours_and_other_keys_have_no_words(phrase: Phrase) -> None:
    with pytest.raises(ValueError, match="no words"):
        catalog.names(phrase, LANGUAGES["en"], "GB")


# --- their sound


@pytest.fixture
def settings(tmp_path: Path) -> PromptSettings:
    return PromptSettings(cache=tmp_path / "cache", recordings=tmp_path / "recordings", shipped=tmp_path / "nothing")


def record(settings: PromptSettings, *names: str) -> None:
    folder = settings.recordings / "en"
    folder.mkdir(parents=True)
    for name in names:
        tone = (int(0.3 * sound.FULL * math.sin(i / 3)) for i in range(sound.RATE))
        sound.write(folder / f"{name}.wav", array("h", tone))


def heard(settings: PromptSettings, phrase: Phrase) -> list[str]:
    files = Renderer(settings, report=lambda _: None).files([phrase], settings.default_language)
    return [file.stem for file in files]


@pytest.mark.parametrize("code", CODES)
def test_day_and_time_follow_at_once_and_the_key_after_a_pause(settings: PromptSettings, code: str) -> None:
    settings = replace(settings, languages=(code,), default_language=code)
    choice = SlotChoice(1, Day.TOMORROW, 15 * 60 + 30)
    assert not build(settings, only=catalog.names(choice, LANGUAGES[code], "GB")).failures
    spoken_files = Renderer(settings, report=lambda _: None).files([choice], code)
    parts = [sound.read(file) for file in spoken_files]
    pauses_s = [(len(part) - len(sound.trimmed(part))) / sound.RATE for part in parts]
    assert pauses_s == pytest.approx([0.04, 0.25, 0.4], abs=0.03)
    assert all(-25 < sound.measure(part).loudness_db < -15 for part in parts)


def test_one_recording_of_a_time_serves_choice_and_promise(settings: PromptSettings) -> None:
    record(settings, "slot-today", "call-at-today", "at-0900", "press-1")
    assert heard(settings, SlotChoice(1, Day.TODAY, 540)) == ["slot-today", "at-0900", "press-1"]
    assert heard(settings, CallAt(Day.TODAY, 540)) == ["call-at-today", "at-0900"]
    assert not [problem for problem in check(settings) if problem.fault is not Fault.MISSING]


def test_a_queues_own_wording_of_its_crisis_wins(settings: PromptSettings) -> None:
    record(settings, "crisis", "crisis-support")
    assert heard(settings, Crisis("support")) == ["crisis-support"]
    assert heard(settings, Crisis("sales")) == ["crisis"]

"""Phrases to words: pure, and the same for every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from callbackd.domain.phrase import (
    CallbackHello,
    CallWithin,
    Crisis,
    Digits,
    Fixed,
    Greeting,
    Phrase,
    Position,
    WaitAboveHour,
    WaitBelow,
)
from callbackd.prompts import catalog
from callbackd.prompts.language import MOST_COUNTED, Language
from callbackd.prompts.languages import LANGUAGES, en, hr, hu, pl, uk
from callbackd.prompts.phone import groups
from callbackd.prompts.settings import Engine, PromptSettings
from lab.ship_prompts import spoken
from tests.prompts import table

every_language = pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
english_only = LANGUAGES["en"]


def words(phrase: Phrase, language: Language = english_only) -> list[str]:
    return [spoken(language)[name] for name in catalog.names(phrase, language, "GB")]


@every_language
def test_each_language_has_the_words_of_its_table(language: Language) -> None:
    assert spoken(language) == table(language)


@every_language
def test_each_language_has_words_for_every_phrase(language: Language) -> None:
    phrases: list[Phrase] = [*Fixed, Greeting("support"), CallbackHello("support"), Crisis("support"), WaitAboveHour()]
    phrases += [Position(n) for n in (*range(1, 130), 1000)]
    phrases += [kind(minutes) for kind in (WaitBelow, CallWithin) for minutes in range(1, 1441)]
    phrases += [Digits("+447700900958"), Digits("0123456789")]
    assert all(text.strip() for phrase in phrases for text in words(phrase, language))


@every_language
def test_each_language_spells_out_numbers_and_ends_its_sentences(language: Language) -> None:
    for name, text in spoken(language).items():
        assert not any(char.isdigit() for char in text), name
        assert name == "plus" or name.startswith(("digit-", "at-")) or text[-1] in ".:!?" or text.endswith(" —"), name
        assert "  " not in text, name
        assert not set("{}") & set(text), name


@every_language
def test_each_language_introduces_itself_without_a_company_too(language: Language) -> None:
    for introduce in (language.greeting, language.hello):
        assert introduce("Acme").count("Acme") == 1
        assert "  " not in introduce("")
        assert " ," not in introduce("")
        assert " ." not in introduce("")


NUMBERS = """
    |  0 | zero minutes         | nula minuta              | нуль хвилин              | nulla perc     | zero minut
    |  1 | a minute             | jednu minutu             | одну хвилину             | egy perc       | minuta
    |  2 | two minutes          | dvije minute             | дві хвилини              | két perc       | dwie minuty
    |  4 | four minutes         | četiri minute            | чотири хвилини           | négy perc      | cztery minuty
    |  5 | five minutes         | pet minuta               | п'ять хвилин             | öt perc        | pięć minut
    | 10 | ten minutes          | deset minuta             | десять хвилин            | tíz perc       | dziesięć minut
    | 11 | eleven minutes       | jedanaest minuta         | одинадцять хвилин        | tizenegy perc  | jedenaście minut
    | 12 | twelve minutes       | dvanaest minuta          | дванадцять хвилин        | tizenkét perc  | dwanaście minut
    | 14 | fourteen minutes     | četrnaest minuta         | чотирнадцять хвилин      | tizennégy perc | czternaście minut
    | 20 | twenty minutes       | dvadeset minuta          | двадцять хвилин          | húsz perc      | dwadzieścia minut
    | 21 | twenty-one minutes   | dvadeset jednu minutu    | двадцять одну хвилину    | huszonegy perc | dwadzieścia jeden minut
    | 22 | twenty-two minutes   | dvadeset dvije minute    | двадцять дві хвилини     | huszonkét perc | dwadzieścia dwie minuty
    | 25 | twenty-five minutes  | dvadeset pet minuta      | двадцять п'ять хвилин    | huszonöt perc  | dwadzieścia pięć minut
    | 31 | thirty-one minutes   | trideset jednu minutu    | тридцять одну хвилину    | harmincegy perc | trzydzieści jeden minut
    | 40 | forty minutes        | četrdeset minuta         | сорок хвилин             | negyven perc   | czterdzieści minut
    | 59 | fifty-nine minutes   | pedeset devet minuta     | п'ятдесят дев'ять хвилин | ötvenkilenc perc | pięćdziesiąt dziewięć minut
    | 100 | one hundred minutes | sto minuta               | сто хвилин               | száz perc      | sto minut
    | 101 | one hundred and one minutes | sto jednu minutu  | сто одну хвилину         | százegy perc   | sto jeden minut
    | 102 | one hundred and two minutes | sto dvije minute  | сто дві хвилини          | százkét perc   | sto dwie minuty
    | 111 | one hundred and eleven minutes | sto jedanaest minuta | сто одинадцять хвилин | száztizenegy perc | sto jedenaście minut
    | 122 | one hundred and twenty-two minutes | sto dvadeset dvije minute | сто двадцять дві хвилини | százhuszonkét perc | sto dwadzieścia dwie minuty
"""  # noqa: E501
"""Written by hand, apart from the tables: a number with its noun, in the case in which the language counts minutes."""

COUNTED = (
    lambda n: "a minute" if n == 1 else f"{en.cardinal(n)} minutes",
    hr.minutes,
    lambda n: uk.accusative(n, "хвилину", "хвилини", "хвилин"),
    lambda n: f"{hu.counting(n)} perc",
    lambda n: pl.nominative(n, "minuta", "minuty", "minut"),
)


@pytest.mark.parametrize("line", NUMBERS.strip().splitlines(), ids=lambda line: line.split("|")[1].strip())
def test_numbers_agree_with_their_noun(line: str) -> None:
    n, *expected = (cell.strip() for cell in line.strip("| ").split("|"))
    assert [counted(int(n)) for counted in COUNTED] == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (uk.within(1), "хвилини"),
        (uk.within(2), "двох хвилин"),
        (uk.within(21), "двадцяти однієї хвилини"),
        (uk.within(44), "сорока чотирьох хвилин"),
        (uk.within(150), "двох з половиною годин"),
        (uk.longest(150), "дві з половиною години"),
        (pl.within(1), "minuty"),
        (pl.within(22), "dwudziestu dwóch minut"),
        (pl.within(31), "trzydziestu jeden minut"),
        (pl.within(90), "półtorej godziny"),
        (pl.longest(300), "pięć godzin"),
        (hr.hours(2, half=True), "dva i pol sata"),
        (hr.hours(5), "pet sati"),
        (hr.hours(21), "dvadeset jedan sat"),
        (hu.within(22), "huszonkét percen"),
        (hu.within(90), "másfél órán"),
        (en.duration(150), "two and a half hours"),
        (hr.place(7), "sedmom"),
        (hr.place(20), "dvadesetom"),
        (hr.place(48), "četrdeset osmom"),
        (uk.place(40), "сороковому"),
        (uk.place(93), "дев'яносто третьому"),
        (hu.position(1), "Ön az első a sorban."),
        (hu.position(2), "Ön a második a sorban."),
        (hu.position(22), "Ön a huszonkettedik a sorban."),
        (hu.position(50), "Ön az ötvenedik a sorban."),
    ],
)
def test_cases_and_ordinals(said: str, expected: str) -> None:
    assert said == expected


def test_no_latin_letter_hides_in_ukrainian() -> None:
    settings = PromptSettings(cache=Path(), recordings=Path())
    assert not [text for text in catalog.texts(LANGUAGES["uk"], settings).values() if re.search("[A-Za-z]", text)]


def test_a_whole_sentence_is_one_fragment() -> None:
    assert words(WaitBelow(7)) == ["Your estimated wait is less than seven minutes."]
    assert words(Position(1)) == ["You are next in line."]
    assert words(Position(31)) == ["You are number thirty-one in line."]


def test_a_long_line_is_not_counted_exactly() -> None:
    assert words(Position(MOST_COUNTED)) == ["You are number one hundred in line."]
    assert words(Position(MOST_COUNTED + 1)) == words(Position(900)) == [english_only.hundred_ahead]


def test_durations_without_words_are_rounded_up_so_that_the_bound_holds() -> None:
    assert words(WaitBelow(61)) == words(WaitBelow(90)) == ["Your estimated wait is less than an hour and a half."]
    assert words(CallWithin(361)) == ["We expect to call you within seven hours."]


@pytest.mark.parametrize(
    "phrase", [Position(0), WaitBelow(0), CallWithin(1441), Digits(""), Digits("1*"), Digits("++1")]
)
def test_nonsense_has_no_words(phrase: Phrase) -> None:
    with pytest.raises(ValueError, match=r"no words|telephone number"):
        words(phrase)


def test_digits_rise_before_a_pause_and_fall_at_the_end() -> None:
    assert words(Digits("+442071")) == ["plus", "four", "four,", "two", "zero", "seven", "one."]


@pytest.mark.parametrize(
    ("number", "region", "expected"),
    [
        ("+447700900958", "GB", "+44 7700 900 958"),
        ("07700900958", "GB", "07700 900 958"),
        ("+18005550199", "GB", "+1 800 555 0199"),
        ("8005550199", "US", "800 555 0199"),
        ("02079460958", "GB", "020 7946 0958"),
        ("0912345678", "HR", "091 234 5678"),
        ("+48512345678", "PL", "+48 512 345 678"),
        ("+36201234567", "HU", "+36 20 123 4567"),
        ("101", "GB", "101"),
        ("1234567890", "ZZ", "12345 67890"),
        ("+99912345", "GB", "+9991 2345"),
    ],
)
def test_numbers_are_grouped_as_their_country_does(number: str, region: str, expected: str) -> None:
    assert " ".join(groups(number, region, longest=5, long_first=False)) == expected


def test_groups_are_cut_to_what_the_language_says_in_one_breath() -> None:
    assert groups("+380671234567", "UA", longest=3, long_first=True) == ("+380", "67", "123", "45", "67")
    assert groups("1234567", "ZZ", longest=3, long_first=True) == ("123", "45", "67")
    assert groups("1234567", "ZZ", longest=4, long_first=False) == ("123", "4567")


def test_the_operators_wording_replaces_ours_and_adds_names() -> None:
    own = {"en": {"offer": "Press one.", "greeting-support": "Support here."}}
    texts = catalog.texts(english_only, PromptSettings(Path(), Path(), texts=own))
    assert texts["offer"] == "Press one."
    assert texts["greeting-support"] == "Support here."


def test_every_mistake_in_the_settings_is_reported_at_once() -> None:
    with pytest.raises(ValueError, match="no such language: xx") as told:
        PromptSettings(
            cache=Path("/a,b"),
            recordings=Path(),
            languages=("en", "xx"),
            default_language="de",
            texts={"en": {"../offer": "No."}},
            engine=Engine(("say", "{text}")),
        )
    for mistake in ("default language de", "'../offer'", "/a,b", "{out}"):
        assert mistake in str(told.value)

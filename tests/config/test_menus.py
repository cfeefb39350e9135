"""What callers are asked before the line, as the operator writes it."""

from __future__ import annotations

import pytest

from callbackd.config.build import settings_of
from callbackd.config.file import read
from callbackd.domain.ids import QueueName
from callbackd.domain.settings import Menu
from tests.config.test_file import mistakes, written
from tests.config.test_rules import text

WORDS = """
[prompts.texts.en]
menu-main = "For sales, press 1. For support, press 2."
[prompts.texts.pl]
menu-main = "Sprzedaż: jeden. Wsparcie: dwa."
"""
MAIN = """
[menus.main]
choices = { 1 = "sales", 2 = "support" }
otherwise = "support"
languages = { 1 = "en", 2 = "pl" }
"""


def test_a_menu_is_read(tmp_path):
    found = settings_of(read(written(tmp_path, text() + MAIN + WORDS))).menus
    assert found == {
        "main": Menu(
            "main",
            "en",
            otherwise=QueueName("support"),
            choices={"1": "sales", "2": "support"},
            languages={"1": "en", "2": "pl"},
        )
    }


def test_a_recording_does_not_need_words_as_well(tmp_path):
    for language in ("en", "pl"):
        (tmp_path / "spoken" / language).mkdir(parents=True)
        (tmp_path / "spoken" / language / "menu-main.wav").write_bytes(b"RIFF")
    whole = text() + MAIN + f'[prompts]\nrecordings = "{tmp_path / "spoken"}"\n'
    assert settings_of(read(written(tmp_path, whole))).menus


def test_a_menu_of_languages_alone_needs_no_words(tmp_path):
    whole = text() + '[menus.main]\notherwise = "sales"\nlanguages = { 1 = "en", 2 = "uk" }\n'
    assert settings_of(read(written(tmp_path, whole))).menus["main"].choices == {}


@pytest.mark.parametrize(
    ("menu", "said"),
    [
        (MAIN, "menus.main: nobody tells callers what the keys mean; set prompts.texts.en.menu-main"),
        (MAIN + WORDS.split("[prompts.texts.pl]")[0], "menus.main: nobody tells callers what the keys mean; set "),
        (MAIN.replace("main", "sales") + WORDS, "menus.sales: a queue has this name too"),
        ('[menus.main]\notherwise = "sales"', "menus.main: asks nothing; set choices or languages"),
        (MAIN.replace('= "support"\nlang', '= "suport"\nlang') + WORDS, "menus.main.otherwise: there is no queue 'sup"),
        (MAIN.replace('2 = "support" }', '2 = "billing" }') + WORDS, "menus.main.choices.2: there is no queue and no "),
        (MAIN.replace('{ 1 = "sales"', '{ 11 = "sales"') + WORDS, "menus.main.choices.11"),
        (MAIN.replace('2 = "pl"', '0 = "pl"') + WORDS, "menus.main.languages.0"),
        (
            MAIN.replace('2 = "pl"', '2 = "de"') + WORDS,
            "menus.main.languages.2: no such language; callbackd speaks en, ",
        ),
        (MAIN.replace("otherwise = ", "otherwize = ") + WORDS, "menus.main.otherwize: unknown key; did you mean 'oth"),
    ],
    ids=[
        "no words",
        "no words in one language",
        "named like a queue",
        "asks nothing",
        "no such queue by default",
        "no such queue by key",
        "two digits",
        "key 0 for a language",
        "a language nobody speaks",
        "a slip of the pen",
    ],
)
def test_a_mistake_is_named_with_the_field_and_the_way_out(tmp_path, menu, said):
    found = mistakes(tmp_path, text() + menu)
    assert [sentence for sentence in found if sentence.startswith(said)], found

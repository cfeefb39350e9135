"""The reference has exactly the settings that are declared, each with its meaning."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest

from callbackd.config.declared import keys, meanings_of_values, plain
from callbackd.config.reference import CHANGES, Setting, change_of, reference, settings
from callbackd.config.words import WEEKDAYS
from callbackd.domain import settings as domain

ROOT = Path(__file__).parents[2]
SETTINGS = settings()


def named(setting: Setting) -> str:
    return f"{setting.section}.{setting.field.name}".removeprefix(".")


def test_the_page_in_docs_is_the_generated_one():
    assert (ROOT / "docs/settings.md").read_text() == reference(), (
        "run: python -m callbackd.config.reference > docs/settings.md"
    )


@pytest.mark.parametrize("setting", SETTINGS, ids=named)
def test_every_setting_has_a_meaning(setting):
    assert setting.field.meaning.endswith(".")
    kind = plain(setting.field.annotation)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        assert all(meanings_of_values(kind).values())


def test_a_field_without_a_docstring_has_no_meaning():
    @dataclass
    class Planted:
        said: int = 1
        """What it means."""
        silent: int = 2
        last: int = 3

    assert {key: field.meaning for key, field in keys(Planted).items()} == {
        "said": "What it means.",
        "silent": "",
        "last": "",
    }


def test_the_meanings_of_inherited_fields_are_their_own():
    assert keys(domain.Menu)["choices"].meaning == keys(domain.MenuKeys)["choices"].meaning


def test_every_setting_has_the_effect_of_its_own_change_or_its_sections():
    paths = {named(setting).replace(".<name>", "") for setting in SETTINGS}
    assert {change_of(path) for path in paths} <= {"now", "next", "reload", "restart"}
    sections = {path[:end] for path in paths for end in (i for i, letter in enumerate(path) if letter == ".")}
    assert set(CHANGES) <= paths | sections, "an effect is declared for what is no setting"


def test_the_reference_has_no_keys_that_the_file_cannot_set():
    names = {named(setting) for setting in SETTINGS}
    assert not {"numbers.secret", "numbers.region", "numbers.own", "agents.<name>.id", "hours.<name>.week"} & names
    assert {f"hours.<name>.{day}" for day in WEEKDAYS} <= names


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ("breaker_open_s", "| s | `30` | more than 0; at most 600 | next |"),
        ("length_s", "| s | `1800` | at least 0; quarter hours that divide the day | next |"),
        ("level", "|  | `1` | at least 1; at most 100 | now |"),
        ("state_dir", '|  | `"/var/lib/callbackd"` |  | restart |'),
    ],
)
def test_a_row_has_unit_default_limits_and_effect(row, shown):
    assert any(line.startswith(f"| `{row}` |") and line.endswith(shown) for line in reference().splitlines())

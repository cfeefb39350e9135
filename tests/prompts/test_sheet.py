"""What the recording studio gets, read back as a spreadsheet reads it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from callbackd.prompts import catalog
from callbackd.prompts.languages import LANGUAGES
from callbackd.prompts.manner import WHOLE, manner
from callbackd.prompts.settings import PromptSettings
from callbackd.prompts.sheet import COLUMNS, sheet
from callbackd.prompts.store import recordings

ALL = PromptSettings(Path("cache"), Path("recordings"), languages=tuple(LANGUAGES), company='Žarko, "Sons" & Co')


def rows(settings: PromptSettings = ALL) -> dict[str, dict[str, str]]:
    lines = sheet(settings).decode("utf-8-sig").splitlines(keepends=True)
    return {row["file"]: row for row in csv.DictReader(lines, strict=True)}


def test_the_sheet_has_every_word_of_every_language_as_written():
    found = rows()
    for code, language in LANGUAGES.items():
        for name, text in catalog.texts(language, ALL).items():
            row = found.pop(f"{code}/{name}.wav")
            assert (row["language"], row["words"]) == (code, text)
    assert not found


def test_spreadsheets_know_its_encoding_and_its_lines():
    written = sheet(ALL)
    assert written.startswith(b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n")
    assert written.count(b"\n") == written.count(b"\r\n") == len(rows()) + 1


def test_a_file_delivered_under_its_name_is_found(tmp_path: Path):
    settings = replace(ALL, recordings=tmp_path)
    for file in rows(settings):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    for language in LANGUAGES.values():
        assert recordings(settings, language).keys() == catalog.texts(language, settings).keys()
    assert {row["source"] for row in rows(settings).values()} == {"recorded"}


@pytest.mark.parametrize(
    ("name", "note", "silence", "longest"),
    [
        ("position-3", "the voice falls", "0.4", "20"),
        ("number-is", "telephone number follows", "0.25", "20"),
        ("digit-7", "another follows at once", "0.04", "2"),
        ("digit-7-comma", "voice stays up; may be left out, digit-7 then serves", "0.25", "2"),
        ("digit-7-end", "the voice falls; may be left out", "0.4", "2"),
        ("slot-in-a-week", "beginning of a sentence", "0.04", "8"),
        ("slot-intro", "the voice falls", "0.4", "20"),
        ("at-1530", "mid-sentence", "0.25", "8"),
        ("press-2", "end of sentence", "0.4", "8"),
    ],
)
def test_the_sheet_shows_how_to_speak_each_prompt(name: str, note: str, silence: str, longest: str):
    row = rows()[f"uk/{name}.wav"]
    assert note in row["note"]
    assert (row["silence_after_s"], row["longest_s"]) == (silence, longest)


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_a_fragment_that_does_not_end_as_a_sentence_is_never_described_as_one(language):
    for name, text in catalog.texts(language, ALL).items():
        assert text[-1] in ".?!" or manner(name) is not WHOLE, name

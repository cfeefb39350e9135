"""What a recording studio needs to know, as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from callbackd.prompts.catalog import recorded_as
from callbackd.prompts.check import Listed, inventory
from callbackd.prompts.manner import manner, pause_s
from callbackd.prompts.settings import PromptSettings

COLUMNS = ("language", "file", "words", "note", "silence_after_s", "longest_s", "source")


def sheet(settings: PromptSettings, languages: Iterable[str] = (), separator: str = ",") -> bytes:
    """A line for every prompt of ``languages`` (default: those set up) that has words, as CSV.

    ``file`` is the path below the folder of recordings, and ``source`` where the prompt comes from today. The text is
    UTF-8 with a mark at the beginning, without which the most common spreadsheet takes it for an older encoding. In
    countries with a decimal comma that spreadsheet wants a semicolon as ``separator``.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator)
    writer.writerow(COLUMNS)
    writer.writerows(_line(row) for row in inventory(settings, languages) if row.text)
    return out.getvalue().encode("utf-8-sig")


def _line(row: Listed) -> tuple[str, ...]:
    how = manner(row.name)
    file = f"{row.language}/{row.name}.wav"
    return (row.language, file, row.text, _note(row.name), f"{pause_s(row.text)}", f"{how.longest_s:g}", row.source)


def _note(name: str) -> str:
    shared = recorded_as(name)
    return manner(name).note + (f"; may be left out, {shared} then serves" if shared != name else "")

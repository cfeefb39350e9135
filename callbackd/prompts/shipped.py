"""The prompts that come with callbackd: every name of every language, spoken by espeak-ng for a company without a name.

Each is ``<language>/<name>.gsm``; ``<language>/index.json`` holds their words and how they were made.
``script/ship-prompts`` makes them: only those that have changed, about a second for a sentence. A test compares the
index with the catalogue, and fails until a changed sentence has been spoken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

EXTENSION = ".gsm"
"""A tenth of the size of a wav, and every Asterisk plays it."""


@dataclass(frozen=True, slots=True)
class Index:
    made_by: tuple[str, ...]
    """As ``store.made_by``."""
    texts: Mapping[str, str]
    """The words of each sound, by name."""


def read_index(folder: Path) -> Index:
    """The index of a language's folder; an empty one when nothing is shipped."""
    file = folder / "index.json"
    if not file.exists():
        return Index((), {})
    content = json.loads(file.read_text(encoding="utf-8"))
    return Index(tuple(content["made_by"]), content["texts"])


def write_index(folder: Path, index: Index) -> None:
    content = {"made_by": index.made_by, "texts": index.texts}
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (folder / "index.json").write_text(f"{text}\n", encoding="utf-8")


def sound_files(folder: Path) -> dict[str, Path]:
    """The sound files of a language's folder, by name."""
    return {file.stem: file for file in folder.glob(f"*{EXTENSION}")}

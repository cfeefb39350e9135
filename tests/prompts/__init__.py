"""What each language says: ``<code>.txt`` has every sentence, one a line, for a native speaker to read.

A new language's table is printed by ``script/ship-prompts --words <code>``; it is worth something once somebody who
speaks the language has read it.
"""

from __future__ import annotations

from pathlib import Path

from callbackd.prompts.language import Language

FOLDER = Path(__file__).parent


def table(language: Language) -> dict[str, str]:
    lines = (FOLDER / f"{language.code}.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" | ", 1) for line in lines)

"""Makes the prompts that come with callbackd: only those whose words, voice or processing have changed.

``--words CODE`` makes none: it prints every sentence of a language, for a native speaker to read.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from callbackd.prompts import catalog
from callbackd.prompts.build import build
from callbackd.prompts.language import Language
from callbackd.prompts.languages import LANGUAGES
from callbackd.prompts.settings import SHIPPED, PromptSettings
from callbackd.prompts.shipped import EXTENSION, Index, read_index, sound_files, write_index
from callbackd.prompts.store import made_by, sources


def wanted(language: Language) -> Index:
    """What should be shipped: the words for a company without a name, spoken by the default engine."""
    settings = _settings(Path(), language)
    return Index(made_by(language, settings.engine), catalog.texts(language, settings))


def ship(language: Language, folder: Path) -> tuple[int, int]:
    """How many sounds were made and how many removed, to bring a language's folder up to date."""
    folder.mkdir(parents=True, exist_ok=True)
    new, old, there = wanted(language), read_index(folder), sound_files(folder)
    kept = {name for name, text in new.texts.items() if new.made_by == old.made_by and old.texts.get(name) == text}
    missing = new.texts.keys() - (kept & there.keys())
    # First the index of the sounds that stay, so that after an interruption the rest is made again.
    write_index(folder, Index(new.made_by, {name: new.texts[name] for name in new.texts.keys() - missing}))
    if missing:
        _make(language, missing, folder)
    surplus = there.keys() - new.texts.keys()
    for name in surplus:
        there[name].unlink()
    write_index(folder, new)
    return len(missing), len(surplus)


def _make(language: Language, names: Iterable[str], folder: Path) -> None:
    with TemporaryDirectory(prefix="callbackd-ship-") as cache, ThreadPoolExecutor() as pool:
        settings = _settings(Path(cache), language)
        if failures := build(settings, only=set(names)).failures:
            raise failures[0]
        made = {name: best.file for name, best in sources(settings, language).items()}
        list(pool.map(lambda name: _convert(made[name], folder / f"{name}{EXTENSION}"), made))


def _convert(wav: Path, to: Path) -> None:
    subprocess.run(["sox", "-D", str(wav), str(to)], check=True)


def _settings(folder: Path, language: Language) -> PromptSettings:
    nothing = folder / "nothing"
    return PromptSettings(folder, nothing, nothing, languages=(language.code,), default_language=language.code)


def spoken(language: Language) -> dict[str, str]:
    """The words of every prompt, by name, for a company called Acme."""
    return catalog.texts(language, PromptSettings(cache=Path(), recordings=Path(), company="Acme"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/ship-prompts", description=__doc__)
    parser.add_argument("languages", nargs="*", metavar="CODE", help="all, when none is named")
    parser.add_argument("--words", metavar="CODE", choices=LANGUAGES, help="print a language's table instead")
    asked = parser.parse_args()
    if asked.words:
        print("\n".join(f"{name} | {text}" for name, text in spoken(LANGUAGES[asked.words]).items()))
        return
    for code in asked.languages or LANGUAGES:
        made, removed = ship(LANGUAGES[code], SHIPPED / code)
        print(f"{code}: {made} made, {removed} removed")


if __name__ == "__main__":
    main()

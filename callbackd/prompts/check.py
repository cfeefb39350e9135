"""Judges the sound files before a caller does: what is missing, and what would be heard badly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from callbackd.prompts import catalog, listen, sound
from callbackd.prompts.language import Language
from callbackd.prompts.languages import LANGUAGES
from callbackd.prompts.manner import manner
from callbackd.prompts.settings import PromptSettings
from callbackd.prompts.store import PLAYABLE, Found, Source, cached_file, sources


class Fault(StrEnum):
    MISSING = "missing"
    STAND_IN = "stand-in"  # audible, but not in the words or the voice that are set up
    WRONG_FORMAT = "wrong format"
    SILENT = "silent"
    CLIPPED = "clipped"
    TOO_LONG = "too long"
    NOT_JUDGED = "not judged"
    UNUSED = "unused"  # a recording or text whose name no prompt has, most likely a typing mistake


@dataclass(frozen=True, slots=True)
class Problem:
    language: str
    name: str
    fault: Fault
    detail: str


@dataclass(frozen=True, slots=True)
class Listed:
    language: str
    name: str
    text: str
    """Empty for a recording that has no text of its own, such as ``greeting-support``."""
    source: Source
    file: Path
    """Where it is, or where it would be built."""
    words: str = ""
    """For a stand-in, the words that callers hear instead of ``text``."""


def inventory(settings: PromptSettings, languages: Iterable[str] = ()) -> tuple[Listed, ...]:
    """Every prompt of ``languages`` (default: those set up) and where it comes from."""
    return tuple(row for code in tuple(languages) or settings.languages for row in _rows(settings, LANGUAGES[code]))


def check(settings: PromptSettings, languages: Iterable[str] = ()) -> tuple[Problem, ...]:
    """Everything that is wrong with the prompts of ``languages`` (default: those set up); reads every file."""
    codes = tuple(languages) or settings.languages
    heard = (Problem(row.language, row.name, *fault) for row in inventory(settings, codes) for fault in _faults(row))
    unused = (problem for code in codes for problem in _unused(settings, LANGUAGES[code]))
    return (*heard, *unused)


def _rows(settings: PromptSettings, language: Language) -> Iterator[Listed]:
    texts = catalog.texts(language, settings)
    files = sources(settings, language)
    for name in texts | files:
        text = texts.get(name, "")
        found = files.get(name) or Found(cached_file(settings, language, name, text), Source.MISSING)
        yield Listed(language.code, name, text, found.source, found.file, found.words)


def _faults(row: Listed) -> Iterator[tuple[Fault, str]]:
    match row.source:
        case Source.MISSING:
            yield Fault.MISSING, f"neither recorded, built nor shipped: {row.text!r}"
        case Source.STAND_IN:
            yield Fault.STAND_IN, _instead(row)
        case Source.RECORDED | Source.BUILT:
            yield from _audible_faults(row.file, manner(row.name).longest_s)


def _instead(row: Listed) -> str:
    if row.words == row.text:
        return f"until it is built, callers hear the voice that comes with callbackd: {row.text!r}"
    return f"until {row.text!r} is built or recorded, callers hear {row.words!r}"


def _audible_faults(file: Path, longest_s: float) -> Iterator[tuple[Fault, str]]:
    try:
        heard = sound.measure(listen.decoded(file))
    except listen.SoxMissing as error:
        yield Fault.NOT_JUDGED, f"{file}: {error}"
        return
    except (sound.SoundError, OSError) as error:
        yield Fault.WRONG_FORMAT, f"{file}: {error}"
        return
    if heard.loudness_db < sound.SILENT_DB:
        yield Fault.SILENT, f"{file}: {heard.loudness_db:.0f} dB of full scale"
    if heard.clipped:
        yield Fault.CLIPPED, f"{file}: the wave is cut off at full scale"
    if heard.seconds > longest_s:
        yield Fault.TOO_LONG, f"{file}: {heard.seconds:.1f} s, more than {longest_s:g} s"


def _unused(settings: PromptSettings, language: Language) -> Iterator[Problem]:
    known = catalog.texts(language, replace(settings, texts={}))
    own = settings.texts.get(language.code, {})
    folder = settings.recordings / language.code
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    for name in [*own, *(file.stem for file in files)]:
        if not any(name == prompt or name.startswith(f"{prompt}-") for prompt in known):
            yield Problem(language.code, name, Fault.UNUSED, "no prompt has this name")
    for file in files:
        if file.suffix not in PLAYABLE:
            yield Problem(language.code, file.stem, Fault.WRONG_FORMAT, f"{file}: Asterisk is not set up to play this")

"""Where sound files are: the operator's recordings, the cache of built ones, and what comes with callbackd."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path

from callbackd.prompts import catalog
from callbackd.prompts.language import Language
from callbackd.prompts.settings import PLAIN_NAME, Engine, PromptSettings
from callbackd.prompts.shipped import read_index, sound_files

PROCESSING = "2"
"""Count this up when ``build`` treats sound differently, so that files cached before are made again."""

PLAYABLE = {
    ".wav": "wav",
    ".ulaw": "pcm",
    ".ul": "pcm",
    ".mu": "pcm",
    ".pcm": "pcm",
    ".alaw": "pcm",
    ".al": "pcm",
    ".sln": "sln",
    ".gsm": "gsm",
}
"""Extensions of recordings that a lean Asterisk plays, with the format module that each needs."""


class Source(StrEnum):
    RECORDED = "recorded"
    BUILT = "built"
    SHIPPED = "shipped"
    STAND_IN = "stand-in"  # shipped too, but with other words or another voice than is set up: better than silence
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Found:
    file: Path
    source: Source
    words: str = ""
    """The words of a stand-in, which are not those that were asked for."""


def voice_of(language: Language, engine: Engine) -> str:
    return engine.voices.get(language.code, language.voice)


def made_by(language: Language, engine: Engine) -> tuple[str, ...]:
    """Everything that a built sound depends on, except its words."""
    return (PROCESSING, *engine.command, voice_of(language, engine))


def cached_file(settings: PromptSettings, language: Language, name: str, text: str) -> Path:
    """Where the built sound of a text is or would be: the name of the file depends on everything it was made from."""
    made_from = "\0".join([*made_by(language, settings.engine), text])
    key = blake2b(made_from.encode(), digest_size=8).hexdigest()
    return settings.cache.absolute() / language.code / f"{name}-{key}.wav"


def recordings(settings: PromptSettings, language: Language) -> dict[str, Path]:
    """The operator's files by name; if a name has several formats, its wav."""
    folder = settings.recordings.absolute() / language.code
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return {file.stem: file for file in files if file.suffix in PLAYABLE and PLAIN_NAME.fullmatch(file.stem)}


def sources(settings: PromptSettings, language: Language) -> dict[str, Found]:
    """The best sound of every name that can be spoken: recorded, else built, else shipped.

    A name of the catalogue without one must be built first.
    """
    recorded = recordings(settings, language)
    built = set((settings.cache.absolute() / language.code).glob("*.wav"))
    found = {name: Found(file, Source.RECORDED) for name, file in recorded.items()}
    shipped = _shipped(settings, language)
    for name, text in catalog.texts(language, settings).items():
        file = cached_file(settings, language, name, text)
        if own := recorded.get(name) or recorded.get(catalog.recorded_as(name)):
            found[name] = Found(own, Source.RECORDED)
        elif file in built:
            found[name] = Found(file, Source.BUILT)
        elif name in shipped:
            found[name] = _as_asked(shipped[name], text)
    return found


def _shipped(settings: PromptSettings, language: Language) -> dict[str, Found]:
    folder = settings.shipped.absolute() / language.code
    index, files = read_index(folder), sound_files(folder)
    source = Source.SHIPPED if index.made_by == made_by(language, settings.engine) else Source.STAND_IN
    return {name: Found(files[name], source, words) for name, words in index.texts.items() if name in files}


def _as_asked(shipped: Found, text: str) -> Found:
    if shipped.words == text and shipped.source is Source.SHIPPED:
        return Found(shipped.file, Source.SHIPPED)
    return Found(shipped.file, Source.STAND_IN, shipped.words)

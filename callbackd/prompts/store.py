"""Where sound files are: the cache of built ones and the operator's recordings."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from callbackd.prompts import catalog
from callbackd.prompts.language import Language
from callbackd.prompts.settings import PLAIN_NAME, Engine, PromptSettings

PROCESSING = "1"
"""Counts up when ``build`` treats sound differently, so that cached files of the older way are made anew."""

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
"""Extensions of recordings that a lean Asterisk plays, and the format module each needs."""


def voice_of(language: Language, engine: Engine) -> str:
    return engine.voices.get(language.code, language.voice)


def cached_file(settings: PromptSettings, language: Language, name: str, text: str) -> Path:
    """Where the built sound of a text is or would be: its name carries all that it was made from."""
    made_from = "\0".join([PROCESSING, *settings.engine.command, voice_of(language, settings.engine), text])
    key = blake2b(made_from.encode(), digest_size=8).hexdigest()
    return settings.cache.absolute() / language.code / f"{name}-{key}.wav"


def recordings(settings: PromptSettings, language: Language) -> dict[str, Path]:
    """The operator's files by name; where one name has several formats, its wav."""
    folder = settings.recordings.absolute() / language.code
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return {file.stem: file for file in files if file.suffix in PLAYABLE and PLAIN_NAME.fullmatch(file.stem)}


def sources(settings: PromptSettings, language: Language) -> dict[str, Path]:
    """The file of every name that can be spoken. A name of the catalogue without one must be built first."""
    recorded = recordings(settings, language)
    built = set((settings.cache.absolute() / language.code).glob("*.wav"))
    found = dict(recorded)
    for name, text in catalog.texts(language, settings).items():
        own = recorded.get(name) or recorded.get(catalog.recorded_as(name))
        file = own or cached_file(settings, language, name, text)
        if own or file in built:
            found[name] = file
    return found

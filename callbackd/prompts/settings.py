"""What an operator may set about prompts (``callbackd.config`` reads the file)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from callbackd.prompts.languages import LANGUAGES

PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")
"""Names of prompts become file names, and Asterisk splits lists of them at commas and ampersands."""


ESPEAK = ("espeak-ng", "-v", "{voice}", "-s", "150", "-w", "{out}", "--", "{text}")
SHIPPED = Path(__file__).parent / "sounds"


@dataclass(frozen=True, slots=True)
class Engine:
    """The program that speaks; used only ahead of time."""

    command: tuple[str, ...] = ESPEAK
    """Its arguments, no shell. ``{out}`` is the wav file to write. Without a ``{text}`` the text goes to its input."""
    voices: Mapping[str, str] = field(default_factory=dict)
    """What ``{voice}`` becomes, by language; if nothing is set, the language's voice of espeak-ng."""
    timeout_s: float = 60.0
    """Seconds for one prompt."""


@dataclass(frozen=True, slots=True)
class PromptSettings:
    cache: Path
    """Where built sound files are kept; Asterisk must be able to read it."""
    recordings: Path
    """The operator's own files, ``<recordings>/<language>/<name>.wav``: they win over built ones."""
    shipped: Path = SHIPPED
    """The prompts that come with callbackd, used where there is nothing better; Asterisk must be able to read them."""
    languages: tuple[str, ...] = ("en",)
    default_language: str = "en"
    """Spoken to callers whose language is not among ``languages``."""
    company: str = ""
    """The company's name as the engine should speak it, undeclined."""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The operator's own wording, by language and name; ``greeting-support`` holds for the queue ``support`` alone."""
    region: str = "GB"
    """ISO 3166 region by which numbers without a ``+`` are grouped when read out."""
    engine: Engine = field(default_factory=Engine)

    def __post_init__(self) -> None:
        """Raises ``ValueError`` with every mistake in its text."""
        if mistakes := [*self._mistakes()]:
            raise ValueError("; ".join(mistakes))

    def _mistakes(self) -> Iterator[str]:
        for code in {*self.languages, *self.texts, *self.engine.voices} - LANGUAGES.keys():
            yield f"no such language: {code} (there are {', '.join(LANGUAGES)})"
        if self.default_language not in self.languages:
            yield f"the default language {self.default_language} is not among the languages {', '.join(self.languages)}"
        for name in {name for texts in self.texts.values() for name in texts}:
            if not PLAIN_NAME.fullmatch(name):
                yield f"a prompt's name is letters, digits, hyphens and underscores, not {name!r}"
        for folder in (self.cache, self.recordings, self.shipped):
            if set(",&") & set(str(folder.absolute())):
                yield f"Asterisk cannot play files below {folder}: its path has a comma or an ampersand"
        if not any("{out}" in part for part in self.engine.command):
            yield "the engine's command lacks {out}, the file to write"

"""Turns phrases into media for Asterisk: only by dictionary look-ups, so it may run in the event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from callbackd.domain.phrase import LanguageChoice, Phrase
from callbackd.prompts import catalog
from callbackd.prompts.language import Language
from callbackd.prompts.languages import LANGUAGES
from callbackd.prompts.settings import PromptSettings
from callbackd.prompts.store import sources


@dataclass(frozen=True, slots=True)
class Unspoken:
    """Something that could not be spoken as asked. Carries no telephone number: it is meant for the log."""

    language: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Named:
    """One prompt by its name, for somebody who wants to hear just that."""

    name: str


class Renderer:
    """Finds the sound files of phrases, as they were on disk when this was made or last ``reload``-ed.

    ``report`` is called once for each thing that cannot be spoken.

    Other words are better than silence. A site whose own greeting is not built greets without its name: the shipped
    sound stands in for another wording or another voice, until ``prompts build``; ``prompts check`` reports it. Only a
    queue's own wording has no stand-in: its callers hear the wording of all queues.
    """

    def __init__(self, settings: PromptSettings, report: Callable[[Unspoken], None]) -> None:
        self._settings = settings
        self._report = report
        self._files: dict[str, dict[str, Path]] = {}
        self._reported: set[Unspoken] = set()
        self.reload()

    def reload(self) -> None:
        """Look at the disk again; blocks for some milliseconds per language."""
        self._files = {code: self._found(code) for code in self._settings.languages}
        self._reported = set()

    def _found(self, code: str) -> dict[str, Path]:
        return {name: found.file for name, found in sources(self._settings, LANGUAGES[code]).items()}

    def withheld(self, language: str) -> str:
        """The words that an agent is shown in place of a withheld number."""
        return LANGUAGES.get(language, LANGUAGES[self._settings.default_language]).withheld

    def media(self, phrases: Iterable[Phrase], language: str, queue: str = "") -> tuple[str, ...]:
        """Media addresses in the order of speaking, without extension: Asterisk picks the format.

        A recording or text for ``queue`` wins over the common one. A phrase that lacks any of its parts is left out
        completely, since half a number is a wrong number.
        """
        return tuple(f"sound:{file.with_suffix('')}" for file in self.files(phrases, language, queue))

    def files(self, phrases: Iterable[Phrase | Named], language: str, queue: str = "") -> tuple[Path, ...]:
        """As ``media``, but as files on disk."""
        spoken = self._language(language)
        return tuple(file for phrase in phrases for file in self._phrase(phrase, spoken, queue))

    def _language(self, wanted: str) -> Language:
        code = wanted.replace("_", "-").split("-")[0].lower()
        if code in self._files:
            return LANGUAGES[code]
        default = self._settings.default_language
        self._tell(Unspoken(wanted, "language", f"not among the languages set up; {default} is spoken instead"))
        return LANGUAGES[default]

    def _phrase(self, phrase: Phrase | Named, language: Language, queue: str) -> tuple[Path, ...]:
        if isinstance(phrase, LanguageChoice):
            language = self._language(phrase.language)
        try:
            names = self._names(phrase, language)
        except ValueError as error:
            self._tell(Unspoken(language.code, type(phrase).__name__, f"left out: {error}"))
            return ()
        for_queue = queue if isinstance(phrase, Named) else catalog.queue_of(phrase) or queue
        found = [(name, self._file(name, language, for_queue)) for name in names]
        for name, file in found:
            if file is None:
                self._tell(Unspoken(language.code, name, "left out: neither recorded, built nor shipped"))
        files = tuple(file for _, file in found if file)
        return files if len(files) == len(found) else ()

    def _names(self, phrase: Phrase | Named, language: Language) -> tuple[str, ...]:
        if isinstance(phrase, Named):
            return (phrase.name,)
        return catalog.names(phrase, language, self._settings.region)

    def _file(self, name: str, language: Language, queue: str) -> Path | None:
        files = self._files[language.code]
        return files.get(f"{name}-{queue}") or files.get(name)

    def _tell(self, unspoken: Unspoken) -> None:
        if unspoken not in self._reported:
            self._reported.add(unspoken)
            self._report(unspoken)

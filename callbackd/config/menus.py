"""The sections ``[menus.<name>]``: what callers are asked before they stand in a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from callbackd.config.fields import Language, Name, Section
from callbackd.domain import settings as domain
from callbackd.domain.ids import QueueName

if TYPE_CHECKING:
    from callbackd.config.file import Config

Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]
LanguageKey = Annotated[str, Field(pattern=r"^[1-9]$")]


class Menu(Section):
    choices: dict[Key, Name] = {}
    """Key to queue or menu. Its words are ``prompts.texts.<language>.menu-<name>``, or a recording of that name."""
    otherwise: Name
    """The queue of those who press nothing, or nothing that is meant."""
    languages: dict[LanguageKey, Language] = {}
    """Key to language, asked first of callers for whom the dialplan sets no CBD_LANGUAGE."""
    language: Language | None = None
    """Of those who choose none; the site's when not set."""


def menus_of(config: Config) -> dict[str, domain.Menu]:
    return {
        name: domain.Menu(
            name, QueueName(menu.otherwise), menu.choices, menu.languages, menu.language or config.site.language
        )
        for name, menu in config.menus.items()
    }


def mistakes(config: Config) -> Iterator[str]:
    """What only shows when menus are held against queues and words."""
    for name, menu in config.menus.items():
        where = f"menus.{name}"
        if name in config.queues:
            yield f"{where}: a queue has this name too, and the dialplan tells them apart by it; rename one"
        if not menu.choices and not menu.languages:
            yield f"{where}: asks nothing; set choices or languages, or send callers straight to {menu.otherwise!r}"
        if menu.otherwise not in config.queues:
            yield f"{where}.otherwise: there is no queue {menu.otherwise!r}, only {', '.join(config.queues)}"
        for key, to in menu.choices.items():
            if to not in config.queues and to not in config.menus:
                yield f"{where}.choices.{key}: there is no queue and no menu {to!r}; add it or take the key out"
        if menu.choices:
            yield from _wordless(config, name)


def _wordless(config: Config, name: str) -> Iterator[str]:
    """Callers must be told which key means what, in each language that they may have chosen by then."""
    prompt = f"menu-{name}"
    for language in sorted(_languages(config)):
        if prompt not in config.prompts.texts.get(language, {}) and not _recorded(config, language, prompt):
            yield (
                f"menus.{name}: nobody tells callers what the keys mean; set prompts.texts.{language}.{prompt}, "
                f"or record {language}/{prompt}.wav"
            )


def _languages(config: Config) -> set[str]:
    chosen = {language for menu in config.menus.values() for language in menu.languages.values()}
    return chosen | {menu.language or config.site.language for menu in config.menus.values()}


def _recorded(config: Config, language: str, prompt: str) -> bool:
    folder: Path = (config.prompts.recordings or config.state_dir / "recordings") / language
    try:
        return any(folder.glob(f"{prompt}.*"))
    except OSError:
        return False

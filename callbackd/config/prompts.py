"""The section ``[prompts]``: what callers hear, and what speaks it ahead of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from callbackd.config.fields import Duration, Language, Section, seconds
from callbackd.prompts.settings import ESPEAK, SHIPPED, Engine, PromptSettings

if TYPE_CHECKING:
    from callbackd.config.file import Config


class Prompts(Section):
    cache: Path | None = None
    """Built sound files, readable by Asterisk; ``<state_dir>/prompts`` when not set."""
    recordings: Path | None = None
    """The operator's own recordings; ``<state_dir>/recordings`` when not set."""
    shipped: Path | None = None
    """A copy of the sounds that come with callbackd, where Asterisk cannot read them in callbackd's own place."""
    engine: list[str] = []
    """Another speech engine than espeak-ng: a program and its arguments, among them ``{out}``, the wav file to write,
    and as wanted ``{voice}`` and ``{text}``; without ``{text}`` the words go to its input. No shell."""
    engine_timeout_s: Annotated[Duration, Field(gt=timedelta(0))] = seconds(60)
    """For one prompt."""
    voices: dict[Language, str] = {}
    """What ``{voice}`` becomes, by language."""
    texts: dict[Language, dict[str, str]] = {}
    """Own words, by language and name of the prompt; ``greeting-support`` is for the queue ``support`` alone."""


def prompt_settings(config: Config) -> PromptSettings:
    """Raises ``ValueError`` that tells every mistake; never for a config that was ``read``."""
    section, site = config.prompts, config.site
    spoken = {queue.language or site.language for queue in config.queues.values()} | {site.language}
    spoken |= {menu.language or site.language for menu in config.menus.values()}
    spoken |= {language for menu in config.menus.values() for language in menu.languages.values()}
    return PromptSettings(
        cache=section.cache or config.state_dir / "prompts",
        recordings=section.recordings or config.state_dir / "recordings",
        shipped=section.shipped or SHIPPED,
        languages=tuple(sorted(spoken)),
        default_language=site.language,
        company=site.name,
        texts=section.texts,
        region=site.region,
        engine=_engine(section),
    )


def _engine(section: Prompts) -> Engine:
    return Engine(tuple(section.engine) or ESPEAK, section.voices, section.engine_timeout_s.total_seconds())


def mistakes(config: Config) -> Iterator[str]:
    try:
        prompt_settings(config)
    except ValueError as error:
        yield f"prompts: {error}"

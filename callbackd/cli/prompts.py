"""The commands ``callbackd prompts build|list|check|sheet|play``: what callers will hear."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.progress import Progress

from callbackd.cli.common import DEFAULT, MISUSED, REFUSED, ConfigPath, let_asterisk_in, read_config
from callbackd.config.build import prompt_settings
from callbackd.prompts import build as building
from callbackd.prompts import check as checking
from callbackd.prompts import example, listen, sound
from callbackd.prompts import sheet as sheets
from callbackd.prompts.example import EXAMPLES
from callbackd.prompts.languages import LANGUAGES
from callbackd.prompts.render import Renderer, Unspoken
from callbackd.prompts.settings import PromptSettings

prompts = typer.Typer(help="Build and check what callers hear, and listen to it.", no_args_is_help=True)


def _known(language: str | None) -> str | None:
    if language and language not in LANGUAGES:
        _end(MISUSED, f"no such language: {language} (there are {', '.join(LANGUAGES)})")
    return language


Language = Annotated[
    str | None, typer.Option("--language", "-l", help="Only this one; by default those in the config.", callback=_known)
]


@prompts.command("build")
def build_prompts(
    config: ConfigPath = DEFAULT,
    everything: Annotated[bool, typer.Option("--all", help="Also the shipped ones, in better sound.")] = False,
) -> None:
    """Make the prompts that you have not recorded and that do not come with callbackd.

    Needs espeak-ng (or the engine you set) and sox.
    """
    read = read_config(config)
    settings = prompt_settings(read)
    with Progress() as progress:
        task = progress.add_task("building prompts", total=None)
        try:
            built = building.build(
                settings,
                progress=lambda step: progress.update(task, completed=step.done, total=step.total),
                everything=everything,
            )
        except (building.NoEngine, OSError) as trouble:
            typer.echo(f"prompts cannot be built: {trouble}", err=True)
            raise typer.Exit(REFUSED) from trouble
    let_asterisk_in(read)
    for failure in built.failures:
        typer.echo(str(failure), err=True)
    typer.echo(f"{built.made} prompts made, {built.present} were there, {len(built.failures)} failed")
    raise typer.Exit(1 if built.failures else 0)


@prompts.command("list")
def list_prompts(config: ConfigPath = DEFAULT) -> None:
    """List every prompt: language, name, where it comes from, its words, its file."""
    for row in checking.inventory(prompt_settings(read_config(config))):
        typer.echo(f"{row.language}\t{row.name}\t{row.source}\t{row.text}\t{row.file}")


@prompts.command("check")
def check_prompts(config: ConfigPath = DEFAULT) -> None:
    """Find what callers would hear badly or not at all."""
    problems = checking.check(prompt_settings(read_config(config)))
    for problem in problems:
        typer.echo(f"{problem.language} {problem.name}: {problem.fault.value}: {problem.detail}")
    raise typer.Exit(1 if problems else 0)


@prompts.command("sheet")
def prompt_sheet(
    config: ConfigPath = DEFAULT,
    language: Language = None,
    to: Annotated[Path | None, typer.Option(help="The file to write instead of standard output.")] = None,
    semicolons: Annotated[bool, typer.Option("--semicolons", help="For spreadsheets with a decimal comma.")] = False,
) -> None:
    """Write a table for a recording studio, as CSV: each file to deliver, its words, how to speak them, how long at
    most."""
    table = sheets.sheet(
        prompt_settings(read_config(config)), [language] if language else (), ";" if semicolons else ","
    )
    if to is None:
        typer.get_binary_stream("stdout").write(table)
        return
    try:
        to.write_bytes(table)
    except OSError as error:
        _end(MISUSED, f"{to} cannot be written: {error.strerror}")


@prompts.command("play")
def play_prompts(
    what: Annotated[list[str], typer.Argument(help=f"Names, or examples: {', '.join(EXAMPLES)}.", show_default=False)],
    config: ConfigPath = DEFAULT,
    language: Language = None,
    queue: Annotated[str, typer.Option(help="As callers of this queue hear it.")] = "",
    to: Annotated[Path | None, typer.Option(help="A wav file to write, instead of playing.")] = None,
) -> None:
    """Play prompts as callers hear them: ``play greeting position 3 wait-below 7 offer``."""
    site = read_config(config)
    if queue and queue not in site.queues:
        _end(MISUSED, f"no such queue: {queue} (there are {', '.join(site.queues)})")
    settings = prompt_settings(site)
    files = _rendered(settings, what, language or settings.default_language, queue)
    try:
        samples = listen.joined(files)
        if to is None:
            listen.play(samples)
        else:
            sound.write(to, samples)
    except listen.NoSoundDevice as trouble:
        _end(REFUSED, f"nothing can be played here, --to FILE.wav writes it instead: {trouble}")
    except (sound.SoundError, OSError) as trouble:
        _end(REFUSED, str(trouble))


def _rendered(settings: PromptSettings, what: list[str], code: str, queue: str) -> tuple[Path, ...]:
    """The files of what was asked for, each of which is printed. Exits when there is nothing to hear."""
    settings = replace(settings, languages=(code,), default_language=code)
    known = {row.name: row for row in checking.inventory(settings)}
    unspoken: list[Unspoken] = []
    try:
        files = Renderer(settings, unspoken.append).files(example.understood(what, known, queue), code, queue)
    except example.NotUnderstood as error:
        _end(MISUSED, str(error))
    if unspoken:
        _end(1, "\n".join(_missing(part, known) for part in unspoken))
    rows = {row.file: row for row in reversed(known.values())}
    for row in (rows[file] for file in files):
        typer.echo(f"{row.language}\t{row.name}\t{row.source}\t{row.text}")
    return files


def _missing(part: Unspoken, known: Collection[str]) -> str:
    advice = "; callbackd prompts build" if part.what in known else ""
    return f"{part.language} {part.what}: {part.reason}{advice}"


def _end(status: int, why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(status)

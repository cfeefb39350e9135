"""The commands ``callbackd prompts build|list|check|sheet``: what callers hear, before they hear it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from callbackd.app import main
from callbackd.app.cli_config import DEFAULT, MISUSED, REFUSED, ConfigPath, read_config
from callbackd.prompts import build as building
from callbackd.prompts import check as checking
from callbackd.prompts import sheet as sheets
from callbackd.prompts.languages import LANGUAGES

prompts = typer.Typer(help="Build, check and hear what callers hear.", no_args_is_help=True)


def _known(language: str | None) -> str | None:
    if language and language not in LANGUAGES:
        typer.echo(f"no such language: {language} (there are {', '.join(LANGUAGES)})", err=True)
        raise typer.Exit(MISUSED)
    return language


Language = Annotated[
    str | None, typer.Option("--language", "-l", help="One of them; else those in the config.", callback=_known)
]


@prompts.command("build")
def build_prompts(config: ConfigPath = DEFAULT) -> None:
    """Speak what is missing into the cache. Needs espeak-ng (or the engine you set) and sox."""
    settings = main.prompt_settings(read_config(config))
    with Progress() as progress:
        task = progress.add_task("building prompts", total=None)
        try:
            built = building.build(
                settings, progress=lambda step: progress.update(task, completed=step.done, total=step.total)
            )
        except (building.NoEngine, OSError) as trouble:
            typer.echo(f"prompts cannot be built: {trouble}", err=True)
            raise typer.Exit(REFUSED) from trouble
    for failure in built.failures:
        typer.echo(str(failure), err=True)
    typer.echo(f"{built.made} prompts made, {built.present} were there, {len(built.failures)} failed")
    raise typer.Exit(1 if built.failures else 0)


@prompts.command("list")
def list_prompts(config: ConfigPath = DEFAULT) -> None:
    """Every prompt: language, name, recorded, built or missing, and its words."""
    for row in checking.inventory(main.prompt_settings(read_config(config))):
        typer.echo(f"{row.language}\t{row.name}\t{row.source.value}\t{row.text}")


@prompts.command("check")
def check_prompts(config: ConfigPath = DEFAULT) -> None:
    """What callers would hear badly or not at all."""
    problems = checking.check(main.prompt_settings(read_config(config)))
    for problem in problems:
        typer.echo(f"{problem.language} {problem.name}: {problem.fault.value}: {problem.detail}")
    raise typer.Exit(1 if problems else 0)


@prompts.command("sheet")
def prompt_sheet(
    config: ConfigPath = DEFAULT,
    language: Language = None,
    to: Annotated[Path | None, typer.Option(help="The file to write; else the standard output.")] = None,
) -> None:
    """For a recording studio, as CSV: the file to deliver, its words, how to speak them, how long at most."""
    table = sheets.sheet(main.prompt_settings(read_config(config)), [language] if language else ())
    if to is None:
        typer.get_binary_stream("stdout").write(table)
    else:
        _write(to, table)


def _write(to: Path, content: bytes) -> None:
    try:
        to.write_bytes(content)
    except OSError as error:
        typer.echo(f"{to} cannot be written: {error.strerror}", err=True)
        raise typer.Exit(MISUSED) from error

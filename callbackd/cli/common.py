"""What all commands share: the path of the config, reading it, and exit statuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from callbackd import private
from callbackd.config.build import prompt_settings
from callbackd.config.file import read
from callbackd.config.mistakes import ConfigError
from callbackd.config.sections import Config
from callbackd.db.url import UrlRefused

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The TOML file.", envvar="CALLBACKD_CONFIG")]
DEFAULT = Path("/etc/callbackd/callbackd.toml")

MISUSED = 2
"""Exit status: the command, the config or a file that it names has to be mended first."""
REFUSED = 3
"""Exit status: something else is in the way at the moment: another daemon, or none, or no database."""


@contextmanager
def usable_config() -> Iterator[None]:
    """When the config, or a file that it names, cannot be used: prints all mistakes and exits with ``MISUSED``."""
    try:
        yield
    except ConfigError as error:
        typer.echo(f"{error.path} cannot be used:", err=True)
        for mistake in error.mistakes:
            typer.echo(f"  {mistake}", err=True)
        raise typer.Exit(MISUSED) from error
    except UrlRefused as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(MISUSED) from error


def read_config(path: Path) -> Config:
    """The config. When it is bad, prints all its mistakes and exits with ``MISUSED``."""
    with usable_config():
        return read(path)


def let_asterisk_in(config: Config) -> None:
    """Let Asterisk, which is another user, read the operator's own prompts: by default they are below the state
    directory."""
    prompts = prompt_settings(config)
    if any(f.exists() and f.is_relative_to(config.state_dir) for f in (prompts.cache, prompts.recordings)):
        private.let_pass(config.state_dir)

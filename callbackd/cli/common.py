"""What all commands share: the path of the config, reading it, and exit statuses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from callbackd import private
from callbackd.config.build import prompt_settings
from callbackd.config.file import read
from callbackd.config.mistakes import ConfigError
from callbackd.config.sections import Config

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The TOML file.", envvar="CALLBACKD_CONFIG")]
DEFAULT = Path("/etc/callbackd/callbackd.toml")

MISUSED = 2
"""Exit status: the config, or the command, cannot be used."""
REFUSED = 3
"""Exit status: another daemon is at work, or the database cannot be reached."""


def read_config(path: Path) -> Config:
    """The config. When it is bad, prints all its mistakes and exits with ``MISUSED``."""
    try:
        return read(path)
    except ConfigError as error:
        typer.echo(f"{path} cannot be used:", err=True)
        for mistake in error.mistakes:
            typer.echo(f"  {mistake}", err=True)
        raise typer.Exit(MISUSED) from error


def let_asterisk_in(config: Config) -> None:
    """Let Asterisk, which is another user, read the operator's own prompts: by default they are below the state
    directory."""
    prompts = prompt_settings(config)
    if any(f.exists() and f.is_relative_to(config.state_dir) for f in (prompts.cache, prompts.recordings)):
        private.let_pass(config.state_dir)

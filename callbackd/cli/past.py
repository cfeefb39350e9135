"""The commands about the past and about what might have been: ``callbackd ledger``, ``callbackd simulate``."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from callbackd.cli import ledger as ledgers
from callbackd.cli.common import DEFAULT, MISUSED, REFUSED, ConfigPath, read_config, usable_config
from callbackd.config.build import settings_of
from callbackd.db.reports import By
from callbackd.simulate import compare, replay
from callbackd.simulate.habits import WORKDAY, Habits


def ledger(
    config: ConfigPath = DEFAULT,
    days: Annotated[float, typer.Option(help="How many days to look back.", min=0.0)] = 7.0,
    by: Annotated[By, typer.Option(help="One line per queue, per day, or per hour of the day.")] = By.QUEUE,
    queue: Annotated[str, typer.Option(help="Only this queue.")] = "",
) -> None:
    """Which waits and times callers were told, and whether they came true."""
    settings = read_config(config)
    if queue and queue not in settings.queues:
        typer.echo(f"--queue: there is no queue {queue!r}, only {', '.join(settings.queues)}", err=True)
        raise typer.Exit(MISUSED)
    now = time.time()
    try:
        with usable_config():
            lines = asyncio.run(ledgers.lines(settings, now - 86400 * days, now, by, queue))
    except ledgers.NoLedger as trouble:
        typer.echo(str(trouble), err=True)
        raise typer.Exit(REFUSED) from trouble
    typer.echo("\n".join(lines))


def simulate(
    config: ConfigPath = DEFAULT,
    against: Annotated[list[Path] | None, typer.Option(help="Another TOML file to compare with; repeatable.")] = None,
    day: Annotated[Path | None, typer.Option(help="A recorded day ([log] record) instead of an invented one.")] = None,
    calls_per_hour: Annotated[float, typer.Option(help="At the peak of an invented day.", min=0.1, max=20000)] = 60.0,
    talk_s: Annotated[float, typer.Option(help="Mean length of a talk on an invented day.", min=1)] = 180.0,
    patience_s: Annotated[float, typer.Option(help="Mean patience of a caller on an invented day.", min=1)] = 300.0,
    hours: Annotated[float, typer.Option(help="Length of an invented day.", min=0.1, max=24)] = 8.0,
    seed: Annotated[int, typer.Option(help="Each seed invents another day.", min=0)] = 1,
) -> None:
    """Run a day through the real decision code under one or more configs: what became of it, and how estimators did."""
    people = Habits(calls_per_hour, WORKDAY, talk_s=talk_s, talk_cv=0.9, patience_s=patience_s)
    events = _recording(day) if day else None
    days = {}
    for path in (config, *(against or ())):
        settings = settings_of(read_config(path), b"")
        days[path.name] = (
            compare.recorded(settings, events) if events else compare.invented(settings, people, seed, hours)
        )
    typer.echo("\n".join(compare.lines(days)))


def _recording(path: Path) -> replay.Recording:
    try:
        with path.open() as file:
            return replay.read(file)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        typer.echo(f"--day: {path} cannot be used: {error}", err=True)
        raise typer.Exit(MISUSED) from error

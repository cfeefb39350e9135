"""The command line: ``callbackd run|check|drain|rescue|ledger|simulate``, ``callbackd prompts build|list|check``."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.progress import Progress

from callbackd.app import handover, logs, main
from callbackd.app import ledger as ledgers
from callbackd.app import rescue as rescuing
from callbackd.app.config import Config, ConfigError, read, secret, settings_of
from callbackd.ari.client import Address
from callbackd.db.embedded import EmbeddedError, UrlRefused
from callbackd.db.migrate import CannotMigrate
from callbackd.db.reports import By
from callbackd.db.right import RightHeld
from callbackd.prompts import build as building
from callbackd.prompts import check as checking
from callbackd.simulate import compare, replay
from callbackd.simulate.habits import WORKDAY, Habits

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
prompts = typer.Typer(help="Build and check what callers hear.", no_args_is_help=True)
app.add_typer(prompts, name="prompts")

ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The TOML file.", envvar="CALLBACKD_CONFIG")]
DEFAULT = Path("/etc/callbackd/callbackd.toml")

MISUSED = 2
"""Exit status: the config cannot be used."""
REFUSED = 3
"""Exit status: another daemon is at work, or the database cannot be had."""


def _read(path: Path) -> Config:
    try:
        return read(path)
    except ConfigError as error:
        typer.echo(f"{path} cannot be used:", err=True)
        for mistake in error.mistakes:
            typer.echo(f"  {mistake}", err=True)
        raise typer.Exit(MISUSED) from error


@app.command()
def run(config: ConfigPath = DEFAULT) -> None:
    """Run the daemon in the foreground."""
    settings = _read(config)
    try:
        mask = logs.Mask(logs.mask_key(settings.state_dir))
    except OSError as error:
        typer.echo(f"state_dir: {settings.state_dir} cannot be written: {error.strerror}", err=True)
        raise typer.Exit(MISUSED) from error
    logs.configure(settings.log.format, settings.log.level, mask)
    try:
        status = uvloop.run(main.serve(settings))
    except (RightHeld, CannotMigrate, EmbeddedError, UrlRefused, ConfigError) as trouble:
        typer.echo(str(trouble), err=True)
        raise typer.Exit(REFUSED) from trouble
    raise typer.Exit(status)


@app.command()
def drain(config: ConfigPath = DEFAULT) -> None:
    """Have the running daemon stop dialling, finish what is under way, hand over to a standby, and end."""
    settings = _read(config)
    pid = handover.running(settings.state_dir)
    if pid is None:
        typer.echo(f"no callbackd works for {settings.state_dir}: nothing to drain", err=True)
        raise typer.Exit(REFUSED)
    os.kill(pid, signal.SIGUSR1)
    typer.echo(f"draining pid {pid}: it ends within {handover.DRAIN_S:.0f} s")
    while handover.running(settings.state_dir) == pid:
        time.sleep(0.1)
    typer.echo("it has ended")


@app.command()
def rescue(
    config: ConfigPath = DEFAULT,
    after: Annotated[float, typer.Option(help="Seconds that a daemon is given to come back.", min=0.0)] = 2.0,
    force: Annotated[bool, typer.Option(help="Also while a daemon is at work.")] = False,
) -> None:
    """Hand callers whom no daemon looks after to the fallback queue."""
    settings = _read(config)
    until = time.monotonic() + after
    while not force and (pid := handover.running(settings.state_dir)) is None and time.monotonic() < until:
        time.sleep(0.1)
    if not force and (pid := handover.running(settings.state_dir)) is not None:
        typer.echo(
            f"callbackd is at work (pid {pid}) and looks after its callers; --force takes them from it", err=True
        )
        raise typer.Exit(REFUSED)
    address = Address(settings.ari.url, settings.ari.user, secret(settings.ari, "ari"), settings.ari.app)
    try:
        handed = asyncio.run(rescuing.rescue(address, settings_of(settings, b"")))
    except rescuing.NobodyToAsk as trouble:
        typer.echo(str(trouble), err=True)
        raise typer.Exit(REFUSED) from trouble
    typer.echo(f"{handed} callers handed over")


@app.command()
def check(config: ConfigPath = DEFAULT) -> None:
    """Read the config and say all its mistakes."""
    settings = _read(config)
    typer.echo(f"{config} is fine: {len(settings.queues)} queues, {len(settings.agents)} agents")


@app.command()
def ledger(
    config: ConfigPath = DEFAULT,
    days: Annotated[float, typer.Option(help="So many days back.", min=0.0)] = 7.0,
    by: Annotated[By, typer.Option(help="A line for each queue, or its days, or the hours of the day.")] = By.QUEUE,
    queue: Annotated[str, typer.Option(help="This queue alone.")] = "",
) -> None:
    """What callers were told of waits and times, and whether it came true."""
    settings = _read(config)
    if queue and queue not in settings.queues:
        typer.echo(f"--queue: there is no queue {queue!r}, only {', '.join(settings.queues)}", err=True)
        raise typer.Exit(MISUSED)
    now = time.time()
    try:
        lines = asyncio.run(ledgers.lines(settings, now - 86400 * days, now, by, queue))
    except (ledgers.NoLedger, UrlRefused) as trouble:
        typer.echo(str(trouble), err=True)
        raise typer.Exit(REFUSED) from trouble
    typer.echo("\n".join(lines))


@app.command()
def simulate(
    config: ConfigPath = DEFAULT,
    against: Annotated[list[Path] | None, typer.Option(help="Another TOML file, shown beside; more than once.")] = None,
    day: Annotated[Path | None, typer.Option(help="A recorded day ([log] record) instead of an invented one.")] = None,
    calls_per_hour: Annotated[float, typer.Option(help="Of an invented day, at its peak.", min=0.1, max=20000)] = 60.0,
    talk_s: Annotated[float, typer.Option(help="Mean of an invented day's talks.", min=1)] = 180.0,
    patience_s: Annotated[float, typer.Option(help="Mean patience of its callers.", min=1)] = 300.0,
    hours: Annotated[float, typer.Option(help="Its length.", min=0.1, max=24)] = 8.0,
    seed: Annotated[int, typer.Option(help="Another is another day.", min=0)] = 1,
) -> None:
    """A day through the same decision code under one or more configs: what became of it, and how estimators did."""
    people = Habits(calls_per_hour, WORKDAY, talk_s=talk_s, talk_cv=0.9, patience_s=patience_s)
    told = _recording(day) if day else None
    days = {}
    for path in (config, *(against or ())):
        settings = settings_of(_read(path), b"")
        days[path.name] = compare.recorded(settings, told) if told else compare.invented(settings, people, seed, hours)
    typer.echo("\n".join(compare.lines(days)))


def _recording(path: Path) -> replay.Recording:
    try:
        with path.open() as file:
            return replay.read(file)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        typer.echo(f"--day: {path} cannot be used: {error}", err=True)
        raise typer.Exit(MISUSED) from error


@prompts.command("build")
def build_prompts(config: ConfigPath = DEFAULT) -> None:
    """Speak what is missing into the cache. Needs espeak-ng (or the engine you set) and sox."""
    settings = main.prompt_settings(_read(config))
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
    for row in checking.inventory(main.prompt_settings(_read(config))):
        typer.echo(f"{row.language}\t{row.name}\t{row.source.value}\t{row.text}")


@prompts.command("check")
def check_prompts(config: ConfigPath = DEFAULT) -> None:
    """What callers would hear badly or not at all."""
    problems = checking.check(main.prompt_settings(_read(config)))
    for problem in problems:
        typer.echo(f"{problem.language} {problem.name}: {problem.fault.value}: {problem.detail}")
    raise typer.Exit(1 if problems else 0)

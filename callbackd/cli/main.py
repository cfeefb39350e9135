"""The command line: ``callbackd run|check|reload|drain|rescue|ledger|simulate``, ``callbackd prompts …``, ``key …``;
``callbackd status|queues|line|switch``, ``agents …``, ``callbacks …``, which ask the running daemon."""

from __future__ import annotations

import asyncio
import signal
import time
from functools import partial
from typing import Annotated

import structlog
import typer
import uvloop

from callbackd.app import handover, logs, main
from callbackd.app.database import DatabaseGone
from callbackd.ari.client import Address
from callbackd.cli import centre
from callbackd.cli import rescue as rescuing
from callbackd.cli.common import DEFAULT, MISUSED, REFUSED, ConfigPath, let_asterisk_in, read_config, usable_config
from callbackd.cli.keys import keys
from callbackd.cli.past import ledger, simulate
from callbackd.cli.prompts import prompts
from callbackd.config.build import secret, settings_of
from callbackd.config.file import read
from callbackd.config.mistakes import ConfigError
from callbackd.config.sections import Ami, Ari, Config
from callbackd.db.embedded import EmbeddedError
from callbackd.db.migrate import CannotMigrate
from callbackd.db.right import RightHeld

AGAIN_S = 1.0

log = structlog.get_logger("callbackd")
app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(prompts, name="prompts")
app.add_typer(keys, name="key")
app.add_typer(centre.agents, name="agents")
app.add_typer(centre.callbacks, name="callbacks")
for command in (centre.status, centre.queues, centre.line, centre.switch):
    app.command()(command)
app.command()(ledger)
app.command()(simulate)


@app.command()
def run(config: ConfigPath = DEFAULT) -> None:
    """Run the daemon in the foreground."""
    settings = read_config(config)
    while True:
        try:
            mask = logs.Mask(logs.mask_key(settings.state_dir))
            let_asterisk_in(settings)
        except OSError as error:
            typer.echo(f"state_dir: {settings.state_dir} cannot be written: {error.strerror}", err=True)
            raise typer.Exit(MISUSED) from error
        logs.configure(settings.log.format, settings.log.level, mask)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # also between two runs: by default it would end us
        try:
            with usable_config():
                ended = uvloop.run(main.serve(settings, reread=partial(read, config)))
        except (RightHeld, CannotMigrate, EmbeddedError) as trouble:
            typer.echo(str(trouble), err=True)
            raise typer.Exit(REFUSED) from trouble
        except DatabaseGone as trouble:
            log.warning("database_waiting", why=f"{trouble}; starting again")
            time.sleep(AGAIN_S)
            continue
        if isinstance(ended, int):
            raise typer.Exit(ended)
        settings = ended


@app.command()
def reload(config: ConfigPath = DEFAULT) -> None:
    """Have the running daemon take up the changed config. A config with mistakes is refused, here and there."""
    settings = read_config(config)
    pid = _signalled(settings, signal.SIGHUP, "reload")
    typer.echo(f"pid {pid} takes up {config}")


@app.command()
def drain(config: ConfigPath = DEFAULT) -> None:
    """Have the running daemon stop dialling, finish what is under way, hand over to a standby, and end."""
    settings = read_config(config)
    pid = _signalled(settings, signal.SIGUSR1, "drain")
    typer.echo(f"draining pid {pid}: it ends within {handover.DRAIN_S:.0f} s")
    while handover.running(settings.state_dir) == pid:
        time.sleep(0.1)
    typer.echo("it has ended")


def _signalled(settings: Config, number: signal.Signals, to: str) -> int:
    """The pid of the daemon that was sent the signal. Without one, exits with ``REFUSED``."""
    pid = handover.tell(settings.state_dir, number)
    if pid is None:
        typer.echo(f"no callbackd works for {settings.state_dir}: nothing to {to}", err=True)
        raise typer.Exit(REFUSED)
    return pid


@app.command()
def rescue(
    config: ConfigPath = DEFAULT,
    after: Annotated[float, typer.Option(help="Seconds to wait for a daemon to come back.", min=0.0)] = 2.0,
    force: Annotated[bool, typer.Option(help="Even while a daemon is at work.")] = False,
) -> None:
    """Hand over callers whom no daemon looks after to the fallback queue."""
    settings = read_config(config)
    until = time.monotonic() + after
    while not force and (pid := handover.running(settings.state_dir)) is None and time.monotonic() < until:
        time.sleep(0.1)
    if not force and (pid := handover.running(settings.state_dir)) is not None:
        typer.echo(
            f"callbackd is at work (pid {pid}) and looks after its callers; --force takes them from it", err=True
        )
        raise typer.Exit(REFUSED)
    with usable_config():
        password = secret(settings.ari, "ari")
    address = Address(settings.ari.url, settings.ari.user, password, settings.ari.app)
    try:
        handed = asyncio.run(rescuing.rescue(address, settings_of(settings, b"")))
    except rescuing.NobodyToAsk as trouble:
        typer.echo(str(trouble), err=True)
        raise typer.Exit(REFUSED) from trouble
    typer.echo(f"{handed} callers handed over")


@app.command()
def check(config: ConfigPath = DEFAULT) -> None:
    """Read the config and the files of its secrets, and print all mistakes."""
    settings = read_config(config)
    with usable_config():
        unread = [*_unread(settings.ari, "ari"), *_unread(settings.ami, "ami")]
        if unread:
            raise ConfigError(config, unread)
    typer.echo(f"{config} is fine: {len(settings.queues)} queues, {len(settings.agents)} agents")


def _unread(section: Ari | Ami, name: str) -> list[str]:
    """Why a section's password cannot be read, nothing when it can be."""
    try:
        secret(section, name)
    except ConfigError as error:
        return error.mistakes
    return []

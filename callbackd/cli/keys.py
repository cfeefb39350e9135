"""The commands ``callbackd key create|list|revoke``: who may ask over the API."""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, NoReturn, TypeVar

import typer
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from callbackd.access import NAME, Key, Role, hash_of, new_secret
from callbackd.cli.common import DEFAULT, MISUSED, REFUSED, ConfigPath, read_config, usable_config
from callbackd.config.sections import Config
from callbackd.db import keys as rows
from callbackd.db.embedded import Embedded
from callbackd.db.engine import TROUBLE, engine_for, in_words
from callbackd.db.url import normalise

T = TypeVar("T")
_DAY_S = 86400.0

keys = typer.Typer(help="Make, list and revoke keys of the API.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="What the audit calls it, for example the program that uses it.")]


@keys.command()
def create(
    name: Name,
    role: Annotated[Role, typer.Option(help="What it may do; each role may do what those before it may.")],
    config: ConfigPath = DEFAULT,
    agent: Annotated[str, typer.Option(help="With --role agent: the only agent for whom it may act.")] = "",
    days: Annotated[float | None, typer.Option(help="For how long it counts; by default until revoked.", min=0)] = None,
) -> None:
    """Make a key and print it. It is shown this once and never again."""
    settings = read_config(config)
    if not re.match(NAME, name):
        _end(MISUSED, "NAME: letters, digits, dot, dash and underscore, at most 40")
    if agent and role is not Role.AGENT:
        _end(MISUSED, "--agent goes with --role agent")
    if agent and agent not in settings.agents:
        _end(MISUSED, f"--agent: there is no agent {agent!r}, only {', '.join(settings.agents)}")
    secret, now = new_secret(), time.time()
    expires_at = None if days is None else now + days * _DAY_S
    key = Key(name, role, hash_of(secret), now, pwd.getpwuid(os.geteuid()).pw_name, agent, expires_at)
    try:
        _in_database(settings, lambda engine: rows.add(engine, key))
    except IntegrityError:
        _end(REFUSED, f"there is or was a key {name!r}, and the audit knows it: take another name")
    typer.echo(secret)


@keys.command("list")
def list_keys(config: ConfigPath = DEFAULT) -> None:
    """All keys, also those that were revoked."""
    now = time.time()
    for key in _in_database(read_config(config), rows.all_keys):
        until = f" until {_day(key.expires_at)}" if key.expires_at else ""
        over = "" if key.counts(now) else ", counts no more"
        whose = f" for {key.agent}" if key.agent else ""
        typer.echo(f"{key.name}: {key.role}{whose}, made {_day(key.made_at)} by {key.made_by}{until}{over}")


@keys.command()
def revoke(name: Name, config: ConfigPath = DEFAULT) -> None:
    """End a key. The daemon notices within ten seconds."""
    if not _in_database(read_config(config), lambda engine: rows.revoke(engine, name, time.time())):
        _end(REFUSED, f"there is no key {name!r} that counts; callbackd key list")
    typer.echo(f"{name} counts no more")


def _in_database(config: Config, ask: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    async def asked() -> T:
        url = config.database.url
        engine = engine_for(Embedded(config.state_dir).url if url == "embedded" else normalise(url))
        try:
            return await ask(engine)
        finally:
            await engine.dispose()

    with usable_config():
        try:
            return asyncio.run(asked())
        except IntegrityError:
            raise
        except ProgrammingError:
            _end(REFUSED, "the database has no keys yet: start callbackd once, it makes the tables")
        except TROUBLE as trouble:
            hint = "it runs while callbackd does" if config.database.url == "embedded" else "see [database] url"
            _end(REFUSED, f"no PostgreSQL: {in_words(trouble)}; {hint}")


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def _end(status: int, why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(status)

"""Wires the API: what people and programs may ask, with the rows they see."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from callbackd.api.centre import Centre, Health, Rows
from callbackd.api.desk import Desk
from callbackd.api.feed import Feed
from callbackd.api.server import SOCKET, Listening, Server
from callbackd.app.database import Database
from callbackd.app.given import Given
from callbackd.app.vitals import Vitals
from callbackd.db import keys, promised, replies
from callbackd.db.engine import TROUBLE
from callbackd.db.replies import Remembered
from callbackd.db.right import Right
from callbackd.domain.acd import Acd
from callbackd.prompts.languages import LANGUAGES


def asked_by_people(
    given: Given,
    database: Database,
    right: Right,
    acd: Acd,
    desk: Desk,
    feed: Feed,
    vitals: Vitals,
    clock: Callable[[], float],
) -> Server:
    """The server, ready to ``run``."""
    config, engine = given.config, database.reading

    async def begin(who: str, key: str, what: str, now: float) -> Remembered | None:
        return await replies.begin(engine, who, key, what, right.epoch, now)

    rows = Rows(
        key=partial(keys.by_hash, engine),
        callback=partial(promised.one, engine),
        callbacks=partial(promised.page, engine),
        begin=begin,
        finish=partial(replies.finish, engine),
        drop=partial(replies.drop, engine),
        trouble=TROUBLE,
    )
    centre = Centre(
        acd=acd,
        settings=given.settings,
        clock=clock,
        desk=desk,
        rows=rows,
        health=Health(vitals.stuck, vitals.missing, vitals.leads),
        languages=frozenset(LANGUAGES),
        version=our_version(),
        epoch=lambda: right.epoch,
    )
    api = config.api
    return Server(centre, feed, Listening(config.state_dir / SOCKET, api.host, api.port, api.connections, api.per_s))


def our_version() -> str:
    try:
        return version("callbackd")
    except PackageNotFoundError:  # run from the tree
        tree = Path(__file__).parents[2] / "pyproject.toml"
        return str(tomllib.loads(tree.read_text())["project"]["version"])

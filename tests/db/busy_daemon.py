"""Writes entry after entry and prints which are written, until it is killed. Its one argument is the database's URL."""

import asyncio
import itertools
import sys

import structlog

from callbackd.db.engine import engine_for
from callbackd.db.journal import Journal
from callbackd.db.migrate import upgrade
from callbackd.db.right import Right
from callbackd.domain.commands import Changed
from lab.lives import an_entry


async def main(url: str) -> None:
    engine = engine_for(url)
    await upgrade(engine)
    right = Right(engine)
    await right.take()
    journal = Journal(engine, right)
    for n in itertools.count():
        if await journal.commit([Changed(None, an_entry(n))]):
            return
        print(n, flush=True)


structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
asyncio.run(main(sys.argv[1]))

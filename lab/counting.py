"""callbackd as ``callbackd run`` starts it, but it counts what a call costs: for ``script/bench latency``.

python -m lab.counting counted.json callbackd.toml

At SIGUSR2 it writes what it has counted since the last one to the file, and logs "counted". It looks on from outside,
at the seams between the parts, so that the daemon itself need not count.
"""

from __future__ import annotations

import re
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import structlog

from callbackd.ari import client
from callbackd.ari.decode import Decode
from callbackd.ari.generated import Api
from callbackd.ari.reply import Answer, Send
from callbackd.cli.main import app
from callbackd.db import journal, pipeline
from callbackd.db.engine import transaction
from callbackd.db.rows import values
from callbackd.domain.acd import Acd
from callbackd.domain.commands import RingAgent

log = structlog.get_logger("counting")

_ID = re.compile(r"/(cbd-[0-9a-z]+|[0-9]+\.[0-9]+|callbackd-hold-[0-9a-f]|PJSIP[^/]*|Stasis[^/]*|callbackd)(?=/|$)")
_READ_S = 0.1
"""An event that was read longer ago than this did not cause what is asked for now: a deadline did."""


class Counted:
    """What was counted since the last look."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.commits = self.rows = 0
        self.spans: defaultdict[str, list[float]] = defaultdict(list)
        """Seconds, by what passed in them."""

    def written(self) -> bytes:
        return orjson.dumps(vars(self))


class Count:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._counted = Counted()
        self._read: dict[int, tuple[object, float]] = {}
        """Events of the domain that were made of Asterisk's, and when those were read."""
        self._decided: dict[str, float] = {}
        """When the ring of each leg was decided."""

    def begin(self) -> None:
        """Look on from now on."""
        self._watch_requests()
        self._watch_events()
        self._watch_decisions()
        self._watch_rows()
        signal.signal(signal.SIGUSR2, lambda *_: self._hand_over())

    def _hand_over(self) -> None:
        counted, self._counted = self._counted, Counted()
        self._file.write_bytes(counted.written())
        log.info("counted")

    def _took(self, what: str, since: float) -> float:
        now = time.perf_counter()
        self._counted.spans[what].append(now - since)
        return now

    def _watch_requests(self) -> None:
        def api(send: Send) -> Api:
            async def counted(method: str, path: str, query: Any = None, body: Any = None) -> Answer[Any]:
                self._counted.requests[f"{method} {_ID.sub('/*', path)}"] += 1
                decided = self._decided.pop(path.removeprefix("/channels/"), None)
                if decided is None:
                    return await send(method, path, query, body)
                asked = self._took("decided, and the ring is asked for", decided)
                answer = await send(method, path, query, body)
                self._took("asked, and Asterisk has answered", asked)
                return answer

            return Api(counted)

        _replace(client, Api=api)

    def _watch_events(self) -> None:
        decode = Decode.__call__

        def counted(self_: Decode, raw: Any) -> Any:
            self._counted.events[str(raw.get("type"))] += 1
            event = decode(self_, raw)
            if event is not None:
                self._read[id(event)] = event, time.perf_counter()
                while len(self._read) > 1000:
                    del self._read[next(iter(self._read))]
            return event

        _replace(Decode, __call__=counted)

    def _watch_decisions(self) -> None:
        handle = Acd.handle

        def counted(acd: Acd, event: Any, now: float) -> Any:
            begun = time.perf_counter()
            commands = handle(acd, event, now)
            rung: Iterable[RingAgent] = [command for command in commands if isinstance(command, RingAgent)]
            if rung:
                _, read = self._read.pop(id(event), (None, 0.0))
                if begun - read < _READ_S:
                    self._counted.spans["read, and the loop turns to it"].append(begun - read)
                decided = self._took("the loop decides", begun)
                self._decided.update((ring.leg, decided) for ring in rung)
            return commands

        _replace(Acd, handle=counted)

    def _watch_rows(self) -> None:
        @asynccontextmanager
        async def counted(*given: Any) -> AsyncIterator[Any]:
            begun, self._counted.commits = time.perf_counter(), self._counted.commits + 1
            async with transaction(*given) as connection:
                yield connection
            self._took("one commit", begun)

        def written(row: Any) -> Any:
            self._counted.rows += 1
            return values(row)

        _replace(journal, transaction=counted)
        _replace(pipeline, values=written)


def _replace(owner: object, **methods: Any) -> None:
    for name, method in methods.items():
        setattr(owner, name, method)


def main(file: str, config: str) -> None:
    Count(Path(file)).begin()
    app(["run", "-c", config])


if __name__ == "__main__":
    main(*sys.argv[1:])

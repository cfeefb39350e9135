"""An event stream that cannot be trusted: it stands between the daemon and a real Asterisk's HTTP. By its seed it
loses, doubles, delays and garbles events, and sends what no Asterisk sends. Requests and their answers pass unchanged.

async with Between((HOST, port), (HOST, asterisk.ari_port), Mangler(seed=3)) as between:
    between.mangler.on = False
"""

from __future__ import annotations

import asyncio
import copy
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Self

import aiohttp
from aiohttp import web
from yarl import URL

Frame = str | bytes
Json = dict[str, Any]

LOST, DOUBLED, LATE, GARBLED = 0.1, 0.15, 0.2, 0.7
"""Shares of the events; each kind of harm is drawn separately."""
LATE_S = (0.05, 2.0)
HUGE = 1 << 20
_LEFT_ALONE = ("ApplicationReplaced", "callbackd-hello")
"""Events that are never touched: the first ends the daemon, as it should; without the second, the stream would only be
opened again."""
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host"}
"""Headers that belong to a single connection."""


class Mangler:
    """What becomes of a frame: ``mangler(frame)`` returns frames with the seconds after which they are sent."""

    def __init__(self, seed: int) -> None:
        self.on = True
        self.counts: Counter[str] = Counter()
        self.lose: Callable[[Json], bool] = lambda event: False
        """If set, the events for which it returns True are lost, and no other harm is done."""
        self._random = random.Random(seed)
        self._garbage = (
            *(_no_json, _no_object, _deep, _huge, _binary, _unknown),
            *(_without_something, _with_another_type, _stranger, _stranger),
        )

    def __call__(self, frame: str) -> list[tuple[float, Frame]]:
        if any(word in frame for word in _LEFT_ALONE):
            return [(0.0, frame)]
        if self.lose(json.loads(frame)):
            self.counts["lost"] += 1
            return []
        return list(self._mangled(frame)) if self.on else [(0.0, frame)]

    def _mangled(self, frame: str) -> Iterator[tuple[float, Frame]]:
        if self._lot(GARBLED):
            garbage = self._random.choice(self._garbage)
            self.counts[garbage.__name__.strip("_")] += 1
            yield 0.0, garbage(json.loads(frame), self._random)
        if self._lot(LOST):
            self.counts["lost"] += 1
            return
        times = 1 + self._lot(DOUBLED)
        self.counts["doubled"] += times - 1
        for _ in range(times):
            late = self._lot(LATE)
            self.counts["late"] += late
            yield self._random.uniform(*LATE_S) if late else 0.0, frame

    def _lot(self, share: float) -> bool:
        return self._random.random() < share


def only(lose: Callable[[Json], bool]) -> Mangler:
    """A mangler that loses the events for which ``lose`` returns True, and does no other harm."""
    mangler = Mangler(0)
    mangler.on, mangler.lose = False, lose
    return mangler


# --- what no Asterisk sends: an event that was really sent, changed by chance
# ----------------------------------------------


def _no_json(event: Json, chance: random.Random) -> Frame:
    whole = json.dumps(event)
    return chance.choice(["", "\0", "{", "NaN", "<html>", whole[: len(whole) // 2], whole + "}", "[" * 100_000])


def _no_object(event: Json, chance: random.Random) -> Frame:
    return chance.choice(["null", "42", "1e400", '"StasisStart"', "[]", "{}", json.dumps([event])])


def _deep(event: Json, chance: random.Random) -> Frame:
    """Nested deeper than any parser accepts, or just as deep as one still does."""
    depth = chance.choice([500, 100_000])
    return json.dumps(event)[:-1] + ', "more": ' + '{"more":' * depth + "null" + "}" * depth + "}"


def _huge(event: Json, chance: random.Random) -> Frame:
    """An event of a stranger with a mebibyte in one field, which we use or do not use."""
    event = _phantom(event, chance)
    event["channel"] |= {chance.choice(["name", "more"]): "x" * HUGE}
    return json.dumps(event)


def _binary(event: Json, chance: random.Random) -> Frame:
    return chance.choice([b"", b"\xff\xfe\x00", json.dumps(event).encode()])


def _unknown(event: Json, chance: random.Random) -> Frame:
    return json.dumps(event | {"type": chance.choice(["StasisMiddle", "", None, 7, ["StasisStart"], {}])})


def _without_something(event: Json, chance: random.Random) -> Frame:
    """An event of a stranger without some field. About a real leg it could lack nothing that matters, and be a lie."""
    event = _phantom(event, chance)
    holder = chance.choice([event, event["channel"], event["channel"]["caller"], event["channel"]["dialplan"]])
    del holder[chance.choice(sorted(holder))]
    return json.dumps(event)


def _with_another_type(event: Json, chance: random.Random) -> Frame:
    event = _phantom(event, chance)
    holder = chance.choice([event, event["channel"], event["channel"]["caller"], event["channel"]["dialplan"]])
    junk = [None, 42, -1e300, True, {"x": 1}, [None], "", "\0", "\ud800", "' OR 1=1 --", "+" * 10_000]
    holder[chance.choice(sorted(holder))] = chance.choice(junk)
    return json.dumps(event)


def _stranger(event: Json, chance: random.Random) -> Frame:
    """A well-formed event about a channel that does not exist, with words that no dialplan writes."""
    event = _phantom(event, chance)
    words = ["", "support", "\0", "x" * 5000, "inbound", "-9999", "polish:99999", "support:1e9", "support:0.5"]
    event["args"] = ["inbound", "support", *chance.choices(words, k=4)]
    event["channel"]["id"] += chance.choice(["", "/../x", "?a=b", "\0", "%00", " ", "\n"])
    return json.dumps(event)


def _phantom(event: Json, chance: random.Random) -> Json:
    """The event with a channel that does not exist."""
    channel = {"name": "PJSIP/nobody-1", "state": "Up", "language": "en", "channelvars": {"CBD_PLACE": ""}}
    event = copy.deepcopy(event) | {"type": chance.choice(["StasisStart", "StasisEnd", "ChannelDestroyed"])}
    event["channel"] = channel | {
        "id": f"{chance.choice(['', 'cbd-'])}nobody{chance.randrange(10**9)}",
        "caller": {"name": "Nobody", "number": "+442079469999"},
        "dialplan": {"context": "callbackd-inbound", "exten": "support", "priority": 1},
    }
    event["args"] = ["inbound", "support"]
    return event


# --- the line ---------------------------------------------------------------------------------------------------------


class Between:
    """Listens at ``here`` and passes everything on to ``there``; use it as a context manager."""

    def __init__(self, here: tuple[str, int], there: tuple[str, int], mangler: Mangler) -> None:
        self.here, self.mangler = here, mangler
        self._there = URL.build(scheme="http", host=there[0], port=there[1])

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=10, force_close=True)
        self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        app = web.Application(client_max_size=1 << 24)
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, *self.here).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        url = self._there.join(URL(request.raw_path, encoded=True))
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._stream(request, url, request.headers["Authorization"])
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=await request.read(), allow_redirects=False
            ) as answer:
                body = await answer.read()
                headers = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
                return web.Response(status=answer.status, reason=answer.reason, body=body, headers=headers)
        except (aiohttp.ClientError, OSError):
            if request.transport:
                request.transport.abort()
            raise

    async def _stream(self, request: web.Request, url: URL, authorization: str) -> web.StreamResponse:
        try:
            asterisk = await self._session.ws_connect(url, headers={"Authorization": authorization}, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as refusal:
            return web.Response(status=refusal.status, reason=refusal.message)
        daemon = web.WebSocketResponse()
        await daemon.prepare(request)
        down = asyncio.create_task(self._down(asterisk, daemon))
        async for _ in daemon:
            pass
        down.cancel()
        await asterisk.close()
        return daemon

    async def _down(self, asterisk: aiohttp.ClientWebSocketResponse, daemon: web.WebSocketResponse) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as late:
            async for message in asterisk:
                for delay_s, frame in self.mangler(message.data):
                    if delay_s:
                        late.create_task(_send_at(daemon, frame, loop.time() + delay_s))
                    else:
                        await _send(daemon, frame)
        await daemon.close()


async def _send_at(daemon: web.WebSocketResponse, frame: Frame, at: float) -> None:
    await asyncio.sleep(at - asyncio.get_running_loop().time())
    await _send(daemon, frame)


async def _send(daemon: web.WebSocketResponse, frame: Frame) -> None:
    """Send the frame; nothing happens when the daemon is gone."""
    if not daemon.closed:
        await (daemon.send_bytes(frame) if isinstance(frame, bytes) else daemon.send_str(frame))

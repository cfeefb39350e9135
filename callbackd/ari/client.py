"""One Asterisk over ARI: requests over a small pool of kept connections, events over one websocket.

A request ends in an `Answer`, never in an exception. `run` keeps the event stream alive: it reconnects for ever, logs
in one sentence what is wrong and what to do about it, and stops for one reason only: another daemon has taken our
application's name. Asterisk never gives the name back, and taking it again would start a tug-of-war.
"""

import asyncio
import base64
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import orjson
import structlog
from yarl import URL

from callbackd.ari.generated import Api
from callbackd.ari.reply import Answer, Reply, reply_of
from callbackd.reconnect import Reconnect

log = structlog.get_logger("ari")

# Asterisk's listen backlog is 10. Ten connections in all: five kept ones, two for rings, two fresh ones, the websocket.
KEPT, RINGING, FRESH = 5, 2, 3
KEEP_ALIVE_S = 12.0  # Asterisk closes an idle connection after 15 s; a request must not meet that moment
HELLO, HELLO_S = "callbackd-hello", 2.0
HEARTBEAT_S = 3.0  # silence before a ping; aiohttp waits half as long for the pong, so a dead line shows in 4.5 s
CLOSING = aiohttp.ClientWSTimeout(ws_close=1.0)


class Link(Enum):
    """What becomes of the event stream."""

    CONNECTED = "connected"
    """From here on every event arrives; what happened before must be asked for."""
    LOST = "lost"
    REPLACED = "replaced"
    """Another daemon has the application now: stop dialling, and exit."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where ARI is and who we are. `url` is like ``http://127.0.0.1:8088/ari``; `user` is a section of ari.conf."""

    url: str
    user: str
    password: str = field(repr=False)
    app: str = "callbackd"


class Ari:
    """Use as ``async with Ari(…) as ari:``, with ``ari.run(…)`` as a task. `api` works without the event stream too."""

    def __init__(self, address: Address, events: Iterable[str] = (), *, limit_s: float = 5.0) -> None:
        """`events` are the types wanted; empty means all. Asterisk must answer each request within `limit_s`
        seconds."""
        self.address = address
        self.version = ""
        self.malformed = 0
        """How many messages were not an event in a text frame, or made `on_event` fail."""
        self._on_event: Callable[[dict[str, Any]], None] = _ignore
        self._on_link: Callable[[Link, str], None] = _ignore
        self._wanted = sorted({*events, "ApplicationReplaced", "ChannelUserevent"}) if events else []
        self._timeout = aiohttp.ClientTimeout(total=limit_s, connect=limit_s / 2)
        self._connections = 0
        self.moved_at = 0.0
        """When the reader last had something to do, in seconds of the loop's clock; the watchdog reads it."""
        self._replaced = False

    async def __aenter__(self) -> "Ari":
        token = base64.b64encode(f"{self.address.user}:{self.address.password}".encode()).decode()
        self._session = partial(
            aiohttp.ClientSession,
            headers={"Authorization": f"Basic {token}"},
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._sessions: list[aiohttp.ClientSession] = []
        self._fresh_session = self._open(aiohttp.TCPConnector(limit=FRESH, force_close=True))
        self._ringing_session = self._keeping(RINGING)
        self.api = Api(partial(self._request, self._keeping(KEPT)))
        self.fresh = Api(partial(self._request, self._fresh_session))
        """The same operations, each on a connection of its own. Customers are dialled on these: after one genuine 409
        Asterisk answers 409 to every later failure on the same connection."""
        self.ringing = Api(self._ring)
        """The same operations on kept connections that have never seen a 409, for agents who are rung."""
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in self._sessions:
            await session.close()

    def _keeping(self, connections: int) -> aiohttp.ClientSession:
        return self._open(aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEEP_ALIVE_S))

    def _open(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        self._sessions.append(session := self._session(connector=connector))
        return session

    async def _ring(self, method: str, path: str, query: dict[str, Any] | None = None, body: Any = None) -> Answer[Any]:
        answer = await self._request(self._ringing_session, method, path, query, body)
        if answer.reply is Reply.CONFLICT:  # the connections so far end by themselves, when they have been idle
            self._ringing_session = self._keeping(RINGING)
        return answer

    async def _request(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        body: Any = None,
    ) -> Answer[Any]:
        parameters = urlencode({k: _in_query(v) for k, v in (query or {}).items() if v is not None}, quote_via=quote)
        content = {k: v for k, v in (body or {}).items() if v is not None}
        try:
            async with session.request(
                method,
                URL(f"{self.address.url}{path}?{parameters}", encoded=True),
                data=orjson.dumps(content) if content else None,
                headers={"Content-Type": "application/json"} if content else None,
                allow_redirects=False,
            ) as response:
                return _answer(response.status, response.content_type, await response.read(), response.reason or "")
        except (aiohttp.ClientError, OSError, TimeoutError) as failure:
            return _failed(failure)

    async def run(self, on_event: Callable[[dict[str, Any]], None], on_link: Callable[[Link, str], None]) -> None:
        """Keep the event stream until cancelled, or until another daemon has taken the application.

        `on_event` gets each event as Asterisk sent it (a JSON object), `on_link` each change of the stream, in order
        and from the same task. The reader waits for both, so they must only put things away.
        """
        self._on_event, self._on_link = on_event, on_link
        reconnect = Reconnect(lambda why: log.warning("ari_waiting", why=why))
        while not self._replaced:
            connections = self._connections
            self._moves()
            trouble = await self._stream()
            self._moves()
            if self._connections > connections:
                log.warning("ari_replaced" if self._replaced else "ari_lost", why=trouble.why)
                self._on_link(Link.REPLACED if self._replaced else Link.LOST, trouble.why)
                reconnect.succeeded()
            else:
                reconnect.complain(trouble.why)
            if not self._replaced:
                await reconnect.pause(misconfigured=trouble.misconfigured)

    async def _stream(self) -> "_Trouble":
        """What ended one connection of the event stream. Opens it and reads it to the end."""
        url = f"{self.address.url}/events?{urlencode({'app': self.address.app, 'subscribeAll': 'false'})}"
        try:
            async with self._fresh_session.ws_connect(url, heartbeat=HEARTBEAT_S, timeout=CLOSING) as websocket:
                if not (answer := await self._introduce()):
                    return self._trouble(answer)
                early = await self._until_hello(websocket)
                self._connected()
                for text in early:
                    self._take(text)
                return _Trouble(await self._read(websocket))
        except aiohttp.WSServerHandshakeError as refusal:
            return self._trouble(Answer(reply_of(refusal.status, is_json=False), None, refusal.status, refusal.message))
        except (aiohttp.ClientError, OSError, TimeoutError) as failure:
            return self._trouble(_failed(failure))

    async def _introduce(self) -> Answer[Any]:
        """Set the event filter (even for all: Asterisk remembers the last one), ask its version, send us a hello."""
        wish = {"allowed": [{"type": kind} for kind in self._wanted], "disallowed": []}
        if not (answer := await self.api.applications.filter_(self.address.app, filter_=wish)):
            return answer
        if not (info := await self.api.asterisk.get_info(only=["system"])):
            return info
        if info.body and "system" in info.body:
            self.version = info.body["system"]["version"]
        return await self.api.events.user_event(HELLO, application=self.address.app)

    async def _until_hello(self, websocket: aiohttp.ClientWebSocketResponse) -> list[str]:
        """The messages up to our own hello. Raises ConnectionError when it does not come.

        When a connection is opened while Asterisk is cleaning up after another, the application can be lost or left
        switched off behind an open websocket (2 in 600 on loopback): only an event that arrives proves that events
        flow.
        """
        early: list[str] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(HELLO_S):
                async for message in websocket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        early.append(message.data)
                        if HELLO in message.data:
                            return early
        raise ConnectionError("no events arrive on the event stream")

    def _connected(self) -> None:
        self._connections += 1
        log.info("ari_connected", url=self.address.url, app=self.address.app, asterisk=self.version)
        self._on_link(Link.CONNECTED, "")

    async def _read(self, websocket: aiohttp.ClientWebSocketResponse) -> str:
        """Why the stream ended. Hands on its events until then."""
        while not self._replaced:
            message = await websocket.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                self._take(message.data)
            elif websocket.closed:
                return f"the event stream ended ({websocket.exception() or websocket.close_code})"
            else:
                self._drop(f"{message.type.name}, not text", len(message.data or b""))
        return f"another daemon took the application {self.address.app!r}"

    def _moves(self) -> None:
        self.moved_at = asyncio.get_running_loop().time()

    async def poke(self) -> None:
        """Have Asterisk send the reader something, so that a quiet line can be told from a dead one."""
        await self.api.events.user_event(HELLO, application=self.address.app)

    def _take(self, text: str) -> None:
        self._moves()
        try:
            event = orjson.loads(text)
        except orjson.JSONDecodeError as nonsense:
            self._drop(f"not JSON: {nonsense.msg}", len(text))
            return
        if not isinstance(event, dict) or "type" not in event:
            self._drop("not an event", len(text))
        elif event["type"] == "ApplicationReplaced" and event.get("application") == self.address.app:
            self._replaced = True
        elif event.get("eventname") != HELLO:
            self._hand_on(event, len(text))

    def _hand_on(self, event: dict[str, Any], length: int) -> None:
        try:
            self._on_event(event)
        except Exception:  # whatever one message causes, the next one must be read
            self.malformed += 1
            log.exception("ari_event_dropped", length=length)

    def _drop(self, why: str, length: int) -> None:
        """Logs the reason and the length, never the message itself: it contains people's numbers."""
        self.malformed += 1
        log.warning("ari_event_dropped", why=why, length=length)

    def _trouble(self, answer: Answer[Any]) -> "_Trouble":
        """What is wrong and how to mend it, for the operator."""
        url, detail = self.address.url, answer.reason or answer.reply.value
        if answer.reply is Reply.NOT_AUTHORISED:
            return _Trouble(
                f"Asterisk refuses the user {self.address.user!r} ({answer.status} {detail}): give callbackd and that "
                "section of ari.conf the same password, set read_only = no there, then: module reload res_ari.so",
                misconfigured=True,
            )
        if answer.reply is Reply.PBX_ERROR and answer.status == 404:
            return _Trouble(
                f"no ARI at {url} (404): Asterisk is starting, or its ari.conf needs enabled = yes, or res_ari*.so is "
                "not loaded"
            )
        if answer.reply is Reply.UNREACHABLE:
            return _Trouble(f"no Asterisk at {url} ({detail}): waiting for it; its http.conf says where it listens")
        return _Trouble(f"Asterisk at {url} is not ready ({answer.status or answer.reply.value} {detail})")


@dataclass(frozen=True, slots=True)
class _Trouble:
    why: str
    misconfigured: bool = False


def _ignore(*_: object) -> None:
    pass


def _in_query(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _answer(status: int, content_type: str, raw: bytes, phrase: str) -> Answer[Any]:
    is_json = content_type == "application/json"
    reply = reply_of(status, is_json=is_json)
    try:
        body = orjson.loads(raw) if is_json and raw else raw or None
    except orjson.JSONDecodeError as nonsense:
        return Answer(Reply.UNKNOWN, None, status, f"unreadable answer: {nonsense}")
    if reply is Reply.OK:
        return Answer(reply, body, status)
    detail = body.get("message") or body.get("error") if isinstance(body, dict) else None
    return Answer(reply, None, status, str(detail or phrase))


def _failed(failure: Exception) -> Answer[Any]:
    """The answer to a request that got none: unreachable if the request never left, else unknown."""
    never_left = isinstance(failure, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
    return Answer(Reply.UNREACHABLE if never_left else Reply.UNKNOWN, reason=str(failure) or type(failure).__name__)

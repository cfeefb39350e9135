"""Asterisk's manager interface: panoramisk's protocol behind a guard.

panoramisk reads and writes the messages. Its Manager is not used: it keeps actions while the line is down and sends
them after the next login (a call may be dialled a day late), waits for ever for some answers, and takes a line break in
a value for the end of the line, so that a caller's name could smuggle in an action.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import structlog
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from callbackd.reconnect import Reconnect

log = structlog.get_logger("ami")

PING_S = 3.0  # the answer may take as long again, so a dead line shows in 6 s
_END = b"\r\n\r\n"
LONGEST_MESSAGE = 1 << 20  # bytes; anything longer without an empty line is not AMI


class LoginRefused(Exception):
    """Asterisk does not let us in. The text names the user and how to mend it."""


class Link(Enum):
    CONNECTED = "connected"
    LOST = "lost"


class Outcome(Enum):
    """What became of an action."""

    DONE = "done"
    REFUSED = "refused"
    """Asterisk answered Error."""
    NOT_SENT = "not_sent"
    """There was no connection. It will not be sent later either."""
    UNKNOWN = "unknown"
    """It was sent, but not answered in time or the connection broke: it may have been carried out."""


@dataclass(frozen=True, slots=True)
class Result:
    outcome: Outcome
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Asterisk's response, with its own names; a name that came twice holds a list."""
    rows: tuple[Mapping[str, Any], ...] = ()
    """The events of an action that answers with a list."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int
    user: str
    password: str = field(repr=False)


class Ami:
    """`run` keeps the connection, `ask` and `ask_list` use it.

    `on_event` gets each event as a dict with Asterisk's own names, `on_link` each change of the connection. The reader
    waits for both, so they must only put things away. The first events of a connection may precede its CONNECTED.
    """

    def __init__(
        self,
        address: Address,
        on_event: Callable[[dict[str, Any]], None],
        on_link: Callable[[Link, str], None],
        *,
        events: str = "call",
        limit_s: float = 3.0,
    ) -> None:
        """`events` are the classes wanted. Asterisk must answer each action within `limit_s` seconds."""
        self.address = address
        self.malformed = 0
        """How many messages could not be read or made `on_event` fail."""
        self._on_event, self._on_link = on_event, on_link
        self._events, self._limit_s = events, limit_s
        self._line: _Line | None = None

    async def ask(self, action: str, **fields: str | int | list[str]) -> Result:
        """What came of one action. Raises ValueError, naming the field, for a value that would break out of its
        line."""
        return await self._ask(_action(action, fields), as_list=False)

    async def ask_list(self, action: str, **fields: str | int | list[str]) -> Result:
        """What came of an action that answers with a list, such as QueueStatus: its events are the result's `rows`."""
        return await self._ask(_action(action, fields), as_list=None)

    async def _ask(self, action: Action, *, as_list: bool | None) -> Result:
        if self._line is None or self._line.lost.done():
            return Result(Outcome.NOT_SENT, reason="no connection to Asterisk's manager interface")
        return await self._line.ask(action, as_list=as_list)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["_Line"]:
        """A connection, logged in. Raises LoginRefused, or OSError when nothing answers there or it is not AMI."""
        loop, where = asyncio.get_running_loop(), f"{self.address.host}:{self.address.port}"
        async with asyncio.timeout(self._limit_s):
            _, line = await loop.create_connection(
                lambda: _Line(self, self._limit_s), self.address.host, self.address.port
            )
        try:
            login = {"Username": self.address.user, "Secret": self.address.password, "Events": self._events}
            result = await line.ask(_action("Login", login), as_list=False)
            if result.outcome is Outcome.REFUSED:
                raise LoginRefused(
                    f"Asterisk's manager at {where} refuses the user {self.address.user!r} ({result.reason}): give "
                    "callbackd and manager.conf the same secret, make sure permit= lets us in, then: manager reload"
                )
            if result.outcome is not Outcome.DONE:
                raise ConnectionError(f"what listens there does not answer as a manager ({result.reason})")
            yield line
        finally:
            line.transport.abort()

    async def run(self) -> None:
        """Keep the connection until cancelled. Logs what is wrong once a minute at most."""
        reconnect = Reconnect(lambda why: log.warning("ami_waiting", why=why))
        while True:
            refused = False
            try:
                async with self.connection() as line:
                    reconnect.succeeded()
                    await self._keep(line)
            except LoginRefused as refusal:
                refused = True
                reconnect.complain(str(refusal))
            except OSError as failure:
                where, why = f"{self.address.host}:{self.address.port}", str(failure) or "no answer"
                reconnect.complain(f"no manager interface at {where} ({why}): waiting for it")
            await reconnect.pause(misconfigured=refused)

    async def _keep(self, line: "_Line") -> None:
        self._line = line
        log.info("ami_connected", host=self.address.host, port=self.address.port)
        self._on_link(Link.CONNECTED, "")
        try:
            while not line.lost.done():
                await asyncio.wait({line.lost}, timeout=PING_S)
                if not line.lost.done() and (await self.ask("Ping")).outcome is Outcome.UNKNOWN:
                    line.end("no answer to a ping")
        finally:
            self._line = None
        log.warning("ami_lost", why=line.lost.result())
        self._on_link(Link.LOST, line.lost.result())

    def take(self, message: Message) -> None:
        """Hand on one event; the connection calls it."""
        self._on_event(dict(message))


class _Line(AMIProtocol):  # type: ignore[misc]  # panoramisk is not typed
    """One connection. Hands panoramisk complete messages, one at a time, so that a bad one costs only itself.

    It is its own `factory`, panoramisk's name for the Manager that usually owns a connection.
    """

    def __init__(self, owner: Ami, limit_s: float) -> None:
        self.owner, self.limit_s = owner, limit_s
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._read = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.encoding = "utf-8"
        self.factory = self

    def data_received(self, data: bytes) -> None:
        searched = max(0, len(self._read) - len(_END) + 1)
        self._read += data
        while (end := self._read.find(_END, searched)) >= 0 and not self.lost.done():
            message, searched = bytes(self._read[:end]), 0
            del self._read[: end + len(_END)]
            try:
                super().data_received(message + _END)
            except Exception:
                self.owner.malformed += 1
                log.exception("ami_message_dropped", length=len(message))
        if len(self._read) > LONGEST_MESSAGE:
            self.end("a message that never ends: this is not AMI")

    def dispatch(self, message: Message) -> None:
        self.owner.take(message)

    def connection_lost(self, reason: object) -> None:
        """Called by the transport with an exception or None, and by panoramisk with an event named Shutdown.

        The event is ignored: a caller can write it into their number, and a connection that Asterisk really closes
        reaches us through the transport.
        """
        if not isinstance(reason, Message):
            self.end(str(reason or "Asterisk closed the connection"))

    def end(self, why: str) -> None:
        if not self.lost.done():
            self.lost.set_result(why)
        self._read.clear()
        self.responses.clear()  # or panoramisk logs them, password included, and keeps them for the next connection
        self.close()

    async def ask(self, request: Action, *, as_list: bool | None) -> Result:
        """What came of the action. `as_list` is panoramisk's: False takes the first response, None waits for a list if
        the response announces one."""
        answer = self.send(request, as_list=as_list)
        try:
            await asyncio.wait({answer, self.lost}, timeout=self.limit_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.responses.pop(request.id, None)
        if not answer.done():
            late = f"no answer to {request['Action']} within {self.limit_s:g} s"
            return Result(Outcome.UNKNOWN, reason=self.lost.result() if self.lost.done() else late)
        got = answer.result()
        first, *rows = map(dict, got if isinstance(got, list) else [got])
        if first.get("Response") == "Error":
            return Result(Outcome.REFUSED, first, reason=str(first.get("Message", "")))
        return Result(Outcome.DONE, first, tuple(rows))


def _action(name: str, fields: Mapping[str, Any]) -> Action:
    action = Action({"Action": name, **fields})
    for key, value in action.items():
        for text in (key, *(value if isinstance(value, list) else [value])):
            if not set("\r\n\0").isdisjoint(str(text)):
                raise ValueError(f"AMI {name}: a line break in {key!r} would start a line of its own")
    return action

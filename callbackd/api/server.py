"""The HTTP server in the daemon's loop: a socket file for the operator of this machine, TCP for keys.

Whatever a client does, it costs calls nothing: connections, requests under way, sizes and times are bounded, and a
fault in here ends one request.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError

from callbackd.access import Role, Who
from callbackd.api import caller, openapi, page
from callbackd.api.centre import Centre
from callbackd.api.feed import Feed
from callbackd.api.gate import IDLE_S, SWEEP_S, Gate
from callbackd.api.once import key_of, once, response_of
from callbackd.api.operation import Call, Operation, Reply
from callbackd.api.pace import Pace
from callbackd.api.problems import Fault, Kind, Problem, of_status
from callbackd.api.table import OPERATIONS

SOCKET = "api.sock"
"""The name of the socket file in the state directory."""
BODY_BYTES = 65_536
STREAM_S = 3600.0
"""A live feed ends after this long, and is asked for again with the key as it counts then."""
_AGAIN_S = 5.0
_LAST_WORDS_S = 0.5
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger("api")

Identify = Callable[[web.Request], Awaitable[Who]]
Open = Callable[[Gate], Awaitable[asyncio.Server]]
Served = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the API is served, and how much of it."""

    socket: Path
    """The socket file."""
    host: str
    port: int
    """0 for no TCP at all."""
    connections: int
    per_s: float
    """Requests a second for each key; ten times this at once."""


class Server:
    def __init__(self, centre: Centre, feed: Feed, listening: Listening) -> None:
        self._centre = centre
        self._feed = feed
        self._listening = listening
        self._keys = caller.Keys(centre.rows.key, centre.clock)
        self._pace = Pace(listening.per_s, 10 * listening.per_s)
        self.port = 0
        """The TCP port that it has; 0 while it has none."""

    async def run(self) -> None:
        """Serve until cancelled. A listener that cannot be opened is tried again for ever: calls do not need it."""
        async with asyncio.TaskGroup() as listeners:
            listeners.create_task(self._feed.run(self._centre), name="api feed")
            listeners.create_task(self._keep(self._by_file, self._operator), name="api socket")
            if self._listening.port:
                listeners.create_task(self._keep(self._by_tcp, self._keys.who), name="api tcp")

    async def _keep(self, open_it: Open, identify: Identify) -> None:
        complaint = ""
        while True:
            try:
                async with self._open(open_it, identify) as gate:
                    complaint = ""
                    while True:
                        await asyncio.sleep(SWEEP_S)
                        gate.sweep(asyncio.get_running_loop().time())
            except OSError as error:
                if complaint != (complaint := str(error.strerror or error)):
                    log.error("api_not_open", why=f"{complaint}; trying again; calls are served without it")
            except Exception:
                log.exception("api_failed", why="a fault of callbackd; trying again; calls are served without it")
            await asyncio.sleep(_AGAIN_S)

    @asynccontextmanager
    async def _open(self, open_it: Open, identify: Identify) -> AsyncIterator[Gate]:
        app = web.Application(client_max_size=BODY_BYTES)
        gates: list[Gate] = []

        @web.middleware
        async def guarded(request: web.Request, handler: Served) -> web.StreamResponse:
            with gates[0].serving(request):
                return await _answered(request, handler)

        app.middlewares.append(guarded)
        app.on_shutdown.append(self._end_feed)
        self._routes(app, identify)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_LAST_WORDS_S, keepalive_timeout=IDLE_S)
        async with AsyncExitStack() as stack:
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            gates.append(Gate(cast(web.Server, runner.server), self._listening.connections))
            listener = await open_it(gates[0])
            stack.callback(listener.close)
            yield gates[0]

    async def _by_file(self, gate: Gate) -> asyncio.Server:
        return await asyncio.get_running_loop().create_unix_server(gate, sock=_bound(self._listening.socket))

    async def _by_tcp(self, gate: Gate) -> asyncio.Server:
        at = self._listening
        server = await asyncio.get_running_loop().create_server(gate, at.host, at.port, backlog=64)
        self.port = server.sockets[0].getsockname()[1]
        log.info("api_open", host=at.host, port=self.port)
        return server

    async def _operator(self, request: web.Request) -> Who:
        return caller.operator(request)

    async def _end_feed(self, _: web.Application) -> None:
        self._feed.end()

    # --- routes -------------------------------------------------------------------------------------------------------

    def _routes(self, app: web.Application, identify: Identify) -> None:
        for operation in OPERATIONS:
            app.router.add_route(operation.method, operation.path, self._serving(operation, identify))
        app.router.add_get("/v1/events", self._streaming(identify))
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/primary", self._primary)
        document = openapi.text(self._centre.version)
        app.router.add_get("/v1/openapi.json", _fixed(document, "application/json"))
        app.router.add_get("/v1/", _fixed(page.html(self._centre.version), "text/html"))
        app.router.add_get("/v1/page.css", _fixed(page.CSS, "text/css"))

    def _serving(self, operation: Operation, identify: Identify) -> Served:
        async def serve(request: web.Request) -> web.StreamResponse:
            who = await self._let_in(request, identify, operation.role, operation.id)
            return await self._carried_out(operation, request, who)

        return serve

    def _streaming(self, identify: Identify) -> Served:
        async def stream(request: web.Request) -> web.StreamResponse:
            who = await self._let_in(request, identify, Role.VIEWER, "the live feed")
            messages = self._feed.messages(self._centre, who, request.headers.get("Last-Event-ID", ""))
            response = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
            async with aclosing(messages):
                until = asyncio.get_running_loop().time() + STREAM_S
                async for message in messages:
                    if not response.prepared:
                        await response.prepare(request)
                    if not await _taken(response, message, request):
                        break
                    if asyncio.get_running_loop().time() > until:
                        break
            return response

        return stream

    async def _let_in(self, request: web.Request, identify: Identify, role: Role, what: str) -> Who:
        """Who asks, if they may and not too often. Raises ``Problem``."""
        who = await identify(request)
        if wait_s := self._pace.wait_s(f"{who.source} {who.name}", asyncio.get_running_loop().time()):
            raise Problem(Kind.TOO_MANY_REQUESTS, headers={"Retry-After": str(round(wait_s) + 1)})
        if not who.role.covers(role):
            raise Problem(Kind.NOT_ALLOWED, f"{what} needs the role {role}")
        return who

    async def _carried_out(self, operation: Operation, request: web.Request, who: Who) -> web.StreamResponse:
        raw = await _body(request) if operation.body else b""
        query = _query(operation.query, request)
        body = _parsed(operation.body, raw or b"{}") if operation.body else None
        if_match = request.headers.get("If-Match", "") if operation.versioned else ""
        call = Call(who, request.match_info, query, body, if_match)

        async def serve() -> web.Response:
            return _response(await operation.handle(self._centre, call), request)

        try:
            if operation.method == "POST" and (key := key_of(request)):
                return await once(self._centre, f"{who.source} {who.name}", key, request, raw, serve)
            return await serve()
        except self._centre.rows.trouble as trouble:
            raise Problem(Kind.NOT_NOW, "the database is away", headers={"Retry-After": "5"}) from trouble

    # --- health -------------------------------------------------------------------------------------------------------

    async def _livez(self, _: web.Request) -> web.Response:
        return _health(await self._centre.health.stuck(), "does not move")

    async def _readyz(self, _: web.Request) -> web.Response:
        return _health(self._centre.health.missing())

    async def _primary(self, _: web.Request) -> web.Response:
        return _health([] if self._centre.health.leads() else ["another daemon has the right to dial, or nobody"])


async def _taken(response: web.StreamResponse, message: bytes, request: web.Request) -> bool:
    """Whether the client has taken the message in time; otherwise it is cut off."""
    try:
        async with asyncio.timeout(IDLE_S):
            await response.write(message)
    except TimeoutError:
        if request.transport:
            request.transport.abort()
        return False
    return True


def _health(reasons: list[str], what: str = "") -> web.Response:
    text = "\n".join(f"{reason} {what}".strip() for reason in reasons) or "ok"
    return web.Response(status=503 if reasons else 200, text=text + "\n", headers={"Cache-Control": "no-store"})


async def _answered(request: web.Request, handler: Served) -> web.StreamResponse:
    """The answer, every refusal as a problem."""
    try:
        response = await handler(request)
    except Problem as problem:
        response = response_of(problem)
    except web.HTTPException as error:
        kept = {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}
        response = response_of(of_status(error.status, error.reason, kept))
    except (asyncio.CancelledError, ConnectionError):
        raise
    except Exception:
        log.exception("api_failed", path=request.path, why="a fault of callbackd; calls are not affected")
        response = response_of(Problem(Kind.OUR_FAULT))
    for name, value in _HEADERS.items() if not response.prepared else ():
        response.headers.setdefault(name, value)
    return response


async def _body(request: web.Request) -> bytes:
    """The body of a request that has to be JSON; empty when there is none. Raises ``Problem``."""
    try:
        async with asyncio.timeout(IDLE_S / 2):
            raw = await request.read()
    except TimeoutError:
        raise Problem(Kind.BAD_REQUEST, "the body did not come in time") from None
    if raw and request.content_type != "application/json":
        raise Problem(Kind.NOT_JSON, f"it is {request.content_type}")
    return raw


def _parsed(model: type[BaseModel], raw: bytes) -> BaseModel:
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise _invalid(error, "body") from None


def _query(model: type[BaseModel] | None, request: web.Request) -> BaseModel | None:
    """What stands after the question mark. Raises ``Problem``, also for names that nobody knows or that come twice."""
    given = dict(request.query)
    twice = {name for name in given if len(request.query.getall(name)) > 1}
    if twice or (model is None and given):
        faults = [Fault("query", name, "comes twice" if name in twice else "is not known") for name in given]
        raise Problem(Kind.INVALID if model else Kind.BAD_REQUEST, faults=faults)
    try:
        return model.model_validate(given) if model else None
    except ValidationError as error:
        raise _invalid(error, "query") from None


def _invalid(error: ValidationError, where: str) -> Problem:
    mark = "/" if where == "body" else ""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    if any(one["type"] == "json_invalid" for one in found):
        return Problem(Kind.BAD_REQUEST, "the body is not JSON", faults=[Fault(where, "", one["msg"]) for one in found])
    return Problem(
        Kind.INVALID, faults=[Fault(where, mark + "/".join(map(str, one["loc"])), one["msg"]) for one in found]
    )


def _response(reply: Reply, request: web.Request) -> web.Response:
    headers = dict(reply.headers)
    if reply.version:
        headers["ETag"] = f'"{reply.version}"'
    if request.method == "GET" and reply.version and headers["ETag"] in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    following = getattr(reply.shown, "next", None)
    if following:
        headers["Link"] = f'<{request.rel_url.update_query(cursor=following)}>; rel="next"'
    if reply.shown is None:
        return web.Response(status=reply.status, headers=headers)
    text = reply.shown.model_dump_json()
    return web.Response(status=reply.status, text=text, content_type="application/json", headers=headers)


def _fixed(text: str, content_type: str) -> Served:
    async def serve(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type=content_type, headers={"Cache-Control": "max-age=300"})

    return serve


def _bound(path: Path) -> socket.socket:
    """A listening socket file that only our own user may open; also where the path is too long for one."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.setblocking(False)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        with suppress(FileNotFoundError):
            path.unlink()
        listening.bind(f"/proc/self/fd/{folder}/{path.name}")
        path.chmod(0o600)
        listening.listen(64)
    except OSError:
        listening.close()
        raise
    finally:
        os.close(folder)
    return listening

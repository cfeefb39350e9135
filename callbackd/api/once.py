"""Idempotency-Key: a request that is sent again gets the same answer, for a day, and nothing is done twice.

It is remembered from the moment it begins. One that a daemon began and never answered, because it was killed, is
carried out again: asking for what is so already is done.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from callbackd.api.centre import Centre
from callbackd.api.problems import Fault, Kind, Problem

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def key_of(request: web.Request) -> str:
    """The key that the request carries; empty when it carries none. Raises ``Problem``."""
    key = request.headers.get(HEADER, "")
    if (HEADER in request.headers) and not _KEY.fullmatch(key):
        raise Problem(Kind.BAD_REQUEST, faults=[Fault("header", HEADER, "1 to 255 visible ASCII characters")])
    return key


async def once(
    centre: Centre, who: str, key: str, request: web.Request, body: bytes, serve: Callable[[], Awaitable[web.Response]]
) -> web.Response:
    """The answer of ``serve``, or that of the earlier request with this key. Raises ``Problem``."""
    what = hashlib.sha256(f"{request.method} {request.path_qs}\n".encode() + body).hexdigest()
    earlier = await centre.rows.begin(who, key, what, centre.clock())
    if earlier is not None:
        if earlier.what != what:
            raise Problem(Kind.KEY_USED_BEFORE)
        if earlier.status is not None:
            headers = json.loads(earlier.head) | {REPLAYED: "true"}
            return web.Response(status=earlier.status, text=earlier.body or None, headers=headers)
        if earlier.epoch == centre.epoch():
            raise Problem(Kind.STILL_RUNNING, headers={"Retry-After": "1"})
    try:
        response = await serve()
    except Problem as problem:
        if problem.kind.value.status >= 500 or problem.kind is Kind.CHANGED_MEANWHILE:
            await centre.rows.drop(who, key)
        else:
            await _remember(centre, who, key, response_of(problem))
        raise
    except Exception:
        await centre.rows.drop(who, key)
        raise
    await _remember(centre, who, key, response)
    return response


async def _remember(centre: Centre, who: str, key: str, response: web.Response) -> None:
    kept = {name: response.headers[name] for name in ("Content-Type", "ETag", "Location") if name in response.headers}
    await centre.rows.finish(who, key, response.status, json.dumps(kept), response.text or "")


def response_of(problem: Problem) -> web.Response:
    """The document of a problem."""
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"} | problem.headers
    return web.Response(status=problem.kind.value.status, text=problem.document(), headers=headers)

"""Every refusal of the API as one document (RFC 9457): what is wrong, where, and the way out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Meaning:
    status: int
    title: str
    way_out: str


class Kind(Enum):
    """The problems that there are, by the last part of their ``type``."""

    BAD_REQUEST = Meaning(400, "The request cannot be read", "Correct what errors names.")
    NOT_KNOWN = Meaning(401, "Nobody is known by this key", "Send Authorization: Bearer with a key that counts.")
    NOT_ALLOWED = Meaning(403, "The key's role does not allow this", "Use a key of the role that detail names.")
    NOT_FOUND = Meaning(404, "There is no such thing", "Look it up in its list.")
    NO_SUCH_METHOD = Meaning(405, "The path has no such method", "Use one that Allow names.")
    REFUSED = Meaning(409, "It cannot be done as things stand", "Read detail, look again, and decide anew.")
    ALREADY_DIALLING = Meaning(409, "The customer is being rung already", "Wait for the outcome of this call.")
    CALLBACK_OVER = Meaning(409, "The callback is over", "Ask for a new one.")
    TIME_NOT_FREE = Meaning(409, "That time cannot be promised", "Take one of the times in free.")
    STILL_RUNNING = Meaning(409, "The same request is being carried out", "Ask again in a second.")
    CHANGED_MEANWHILE = Meaning(412, "Somebody has changed it meanwhile", "Read it again and decide anew.")
    TOO_LARGE = Meaning(413, "The body is too large", "Send less.")
    NOT_JSON = Meaning(415, "The body is not JSON", "Send Content-Type: application/json.")
    INVALID = Meaning(422, "What the request says is not valid", "Correct what errors names.")
    NUMBER_NOT_ALLOWED = Meaning(422, "This number may not be called", "Ask for a number that detail's rule allows.")
    KEY_USED_BEFORE = Meaning(422, "The Idempotency-Key belongs to another request", "Make a new one for each request.")
    TOO_MANY_REQUESTS = Meaning(429, "Too many requests", "Wait as long as Retry-After says.")
    TOO_MANY_CALLBACKS = Meaning(429, "No more callbacks are promised to this number now", "Ask again later.")
    OUR_FAULT = Meaning(500, "A fault of callbackd", "Report it with the time; calls are not affected.")
    NOT_NOW = Meaning(503, "It cannot be done at this moment", "Ask again when Retry-After is over.")

    @property
    def slug(self) -> str:
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a request."""

    where: str
    """``body``, ``query``, ``path`` or ``header``."""
    pointer: str
    """A JSON pointer into it, or a name."""
    detail: str


class Problem(Exception):
    """Ends a request with a document that says why."""

    def __init__(
        self,
        kind: Kind,
        detail: str = "",
        *,
        faults: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def document(self) -> str:
        meaning = self.kind.value
        document: dict[str, Any] = {
            "type": f"/v1/#{self.kind.slug}",
            "title": meaning.title,
            "status": meaning.status,
            "detail": self.detail or meaning.title,
            "way_out": meaning.way_out,
            **self.more,
        }
        if self.faults:
            document["errors"] = [{"in": f.where, "pointer": f.pointer, "detail": f.detail} for f in self.faults]
        return json.dumps(document)


def of_status(status: int, detail: str, headers: Mapping[str, str]) -> Problem:
    """The problem for a refusal that the HTTP library made; its headers (``Allow``) are kept."""
    kinds = {kind.value.status: kind for kind in reversed(Kind) if kind not in _OURS}
    return Problem(kinds.get(status, Kind.BAD_REQUEST), detail, headers=headers)


_OURS = {Kind.REFUSED, Kind.ALREADY_DIALLING, Kind.CALLBACK_OVER, Kind.TIME_NOT_FREE, Kind.STILL_RUNNING}

_BEGINNINGS: Mapping[str, Kind] = {
    "already dialled": Kind.ALREADY_DIALLING,
    "the promise is being dialled already": Kind.ALREADY_DIALLING,
    "the number is being dialled already": Kind.ALREADY_DIALLING,
    "the number may not be called": Kind.NUMBER_NOT_ALLOWED,
    "that is not a telephone number": Kind.NUMBER_NOT_ALLOWED,
    "that time is not free": Kind.TIME_NOT_FREE,
    "no slot starts then": Kind.TIME_NOT_FREE,
    "there is no open callback": Kind.CALLBACK_OVER,
    "there is no": Kind.NOT_FOUND,
    "the database is away": Kind.NOT_NOW,
}
"""The kind of problem, by how the reason begins with which the door refuses an act; a test asks the door for each."""


def of_reason(why: str) -> Problem:
    """The problem for an act that was refused with this reason."""
    if why.endswith("as many as allowed"):
        return Problem(Kind.TOO_MANY_CALLBACKS, why, headers={"Retry-After": "3600"})
    kind = next((kind for beginning, kind in _BEGINNINGS.items() if why.startswith(beginning)), Kind.REFUSED)
    return Problem(kind, why, headers={"Retry-After": "5"} if kind is Kind.NOT_NOW else {})

"""What an operation of the API is. The table of them is the one source of routes, checks of roles, and documents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from callbackd.access import Role, Who
from callbackd.api.centre import Centre
from callbackd.api.problems import Kind


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was understood and is allowed. ``body`` and ``query`` are of the operation's models."""

    who: Who
    path: Mapping[str, str]
    query: Any = None
    body: Any = None
    if_match: str = ""
    """The version that the asker has seen; empty when any will do."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    shown: BaseModel | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    """The version of what is shown or was changed, for ``ETag``."""


Handle = Callable[[Centre, Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    role: Role
    handle: Handle
    answers: Mapping[int, type[BaseModel] | None]
    """What is shown, by status; None for nothing."""
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    problems: tuple[Kind, ...] = ()
    """Beyond those that every operation has."""
    versioned: bool = False
    """Whether ``ETag`` comes with it, and ``If-None-Match`` or ``If-Match`` count."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Every problem that it may answer with."""
        usual = [Kind.BAD_REQUEST, Kind.NOT_KNOWN, Kind.NOT_ALLOWED, Kind.TOO_MANY_REQUESTS, Kind.NOT_NOW]
        if "{" in self.path:
            usual.append(Kind.NOT_FOUND)
        if self.body or self.query:
            usual.append(Kind.INVALID)
        if self.body:
            usual += [Kind.TOO_LARGE, Kind.NOT_JSON]
        if self.method == "POST":
            usual += [Kind.STILL_RUNNING, Kind.KEY_USED_BEFORE]
            usual += [Kind.CHANGED_MEANWHILE] if self.versioned else []
        return tuple(sorted({*usual, *self.problems}, key=lambda kind: (kind.value.status, kind.name)))

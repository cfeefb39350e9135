"""What the operations work with: the domain to read, the door to ask, and the rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from callbackd.access import Key
from callbackd.api.desk import Desk
from callbackd.api.locks import Locks
from callbackd.domain.acd import Acd
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.entry import Entry
from callbackd.domain.settings import Settings

Found = tuple[Callback, Entry]


class Earlier(Protocol):
    """A request that was begun with the same Idempotency-Key."""

    @property
    def what(self) -> str: ...
    @property
    def epoch(self) -> int: ...
    @property
    def status(self) -> int | None: ...
    @property
    def head(self) -> str: ...
    @property
    def body(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Rows:
    """The database, as functions: adapters do not know each other. Each raises one of ``trouble`` when it is away."""

    key: Callable[[str], Awaitable[Key | None]]
    """By its hash."""
    callback: Callable[[str], Awaitable[Found | None]]
    callbacks: Callable[..., Awaitable[list[Found]]]
    """``number``, ``queue``, ``is_open`` (None for any), ``before`` (an id) and ``limit``."""
    begin: Callable[[str, str, str, float], Awaitable[Earlier | None]]
    """Who, the Idempotency-Key, a hash of the request, now."""
    finish: Callable[[str, str, int, str, str], Awaitable[None]]
    drop: Callable[[str, str], Awaitable[None]]
    trouble: tuple[type[BaseException], ...]


@dataclass(frozen=True, slots=True)
class Health:
    """How the daemon is: the same as its service manager is told."""

    stuck: Callable[[], Awaitable[list[str]]]
    """The parts that do not move."""
    missing: Callable[[], list[str]]
    """What is missing for calls to be served and customers to be rung."""
    leads: Callable[[], bool]
    """Whether this daemon has the right to dial."""


@dataclass(frozen=True, slots=True)
class Centre:
    acd: Acd
    settings: Settings
    clock: Callable[[], float]
    desk: Desk
    rows: Rows
    health: Health
    languages: frozenset[str]
    version: str
    epoch: Callable[[], int]
    """Which daemon this is, of all that ever worked on this database."""
    locks: Locks = field(default_factory=Locks)

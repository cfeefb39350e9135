"""Who may ask for what over the API: roles, keys, and who is asking.

A key is 256 random bits, shown once. Only its hash is kept: nobody who reads the table can use it, and what nobody can
guess needs no salt.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum

_MARK = "cbd_"
"""Every key begins like this, so that scanners of repositories and logs can find one that leaked."""
_BYTES = 32
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"
"""What a key may be called."""


class Role(StrEnum):
    """Each role may do what those before it may."""

    VIEWER = "viewer"
    """Sees queues, line and agents; numbers are masked."""
    AGENT = "agent"
    """Sees numbers, asks for callbacks, and acts for the agent that the key names, if it names one."""
    SUPERVISOR = "supervisor"
    """Steers: callbacks, agents, switches, the line."""
    ADMIN = "admin"
    """May do everything."""

    def covers(self, needed: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Key:
    """A row of the table ``api_key``."""

    name: str
    role: Role
    hash: str
    made_at: float
    made_by: str
    agent: str = ""
    """The only agent for whom a key of the role ``agent`` may act."""
    expires_at: float | None = None
    revoked_at: float | None = None

    def counts(self, now: float) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who asks, as the audit names them."""

    name: str
    role: Role
    source: str
    """``api`` with a key; ``cli`` for the operator of this machine."""
    agent: str = ""


def new_secret() -> str:
    return _MARK + secrets.token_urlsafe(_BYTES)


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

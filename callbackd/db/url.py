"""``database.url`` of the operator's own server, as SQLAlchemy wants it."""

from __future__ import annotations

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError


class UrlRefused(ValueError):
    """callbackd cannot use ``database.url``. The message never holds the password."""


def normalise(url: str) -> str:
    """The URL of the operator's server as SQLAlchemy wants it. It holds the password: do not print it. Raises
    ``UrlRefused``."""
    ways_out = 'write postgresql://user:password@host/database, or "embedded"'
    try:
        parsed = make_url(url.strip())
    except (ArgumentError, ValueError):
        # The parser's message is left out: it may quote a part of the password.
        raise UrlRefused(
            f"database.url cannot be read (is @, : or / in the password written %40, %3A, %2F?): {ways_out}"
        ) from None
    if parsed.drivername not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise UrlRefused(f"database.url: {parsed.drivername} is not supported, PostgreSQL by psycopg is: {ways_out}")
    return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)

"""Structured log lines: one line per decision, with its reason. Numbers are masked; nothing else identifies people."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import MutableMapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import structlog

from callbackd import private

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}\b")


class Mask:
    """Masks telephone numbers wherever they stand in a line: ``+44******0958~3f2a``.

    The tag tells two numbers with the same ending apart. It depends on the installation's ``key`` and stays the same.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, _: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for name, value in line.items():
            if isinstance(value, str):
                line[name] = self._raw(value) if name == "number" else _NUMBER.sub(lambda m: self.mask(m[0]), value)
        return line

    def _raw(self, number: str) -> str:
        """The masked text of a field that holds a number, well-formed or not."""
        return self.mask(number) if sum(character.isdigit() for character in number) >= 5 else number

    def mask(self, number: str) -> str:
        tag = blake2b(number.encode(), key=self._key, digest_size=2).hexdigest()
        return f"{number[:3]}{'*' * max(0, len(number) - 7)}{number[-4:]}~{tag}"


def mask_key(state_dir: Path) -> bytes:
    """This installation's key for the tags, made at the first start and kept private."""
    path = state_dir / "log.key"
    private.directory(state_dir)
    if not os.path.lexists(path):
        private.create(path, os.urandom(16))
    return private.read(path)[:64]


def _what_first(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The line with when, how grave, what, why and about whom first: it is read from the left, often at night."""
    first = {name: line[name] for name in ("timestamp", "level", "event", "reason", "subject") if name in line}
    return first | dict(line)


def configure(form: str, level: str, mask: Mask) -> None:
    """Write log lines to standard output, for systemd's journal. ``form`` is "json" or "console"."""
    renderer: Any = structlog.processors.JSONRenderer(sort_keys=False)
    if form == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask,
            _what_first,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")

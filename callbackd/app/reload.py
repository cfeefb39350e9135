"""A new config for the running daemon: a bad one changes nothing; a good one makes it start afresh in its own process.

The config reaches into everything, so nothing is patched while the daemon runs. It ends as at any other end and begins
as at any other beginning: calls live on in Asterisk, callers hear music in between, and are taken up in their order.
For people who call in that moment, the dialplan tries again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from callbackd.config.build import secret, settings_of
from callbackd.config.mistakes import ConfigError
from callbackd.config.sections import Config

log = structlog.get_logger("callbackd")


class Reload:
    """``read`` reads the file as it is at the moment of the call."""

    def __init__(self, read: Callable[[], Config]) -> None:
        self._read = read

    async def wanted(self, asked: asyncio.Event) -> Config:
        """The new config, once it was asked for and is good. Logs every mistake of a bad one, and keeps waiting."""
        while True:
            await asked.wait()
            asked.clear()
            try:
                return await asyncio.to_thread(self._checked)
            except ConfigError as error:
                for mistake in error.mistakes:
                    log.error("config_refused", why=f"{mistake}; the old config stays in force")

    def _checked(self) -> Config:
        config = self._read()
        settings_of(config, b"")
        secret(config.ari, "ari")
        secret(config.ami, "ami")
        return config

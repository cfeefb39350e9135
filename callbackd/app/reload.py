"""A new config for the running daemon: a bad one changes nothing; with a good one it starts anew in its own process.

What stands in the config reaches into everything, so nothing is patched while it runs. The daemon ends as at any other
end, and begins as at any other beginning: calls live on in Asterisk, callers hear music for the moment between, and are
taken up in their order. Who calls in that moment is tried again by the dialplan.
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
    """``read`` reads the file as it is by then."""

    def __init__(self, read: Callable[[], Config]) -> None:
        self._read = read

    async def wanted(self, asked: asyncio.Event) -> Config:
        """The new one, once it was asked for and is good; until then every mistake of a bad one is logged."""
        while True:
            await asked.wait()
            asked.clear()
            try:
                return await asyncio.to_thread(self._checked)
            except ConfigError as error:
                for mistake in error.mistakes:
                    log.error("config_refused", why=f"{mistake}; what was read before stays in force")

    def _checked(self) -> Config:
        config = self._read()
        settings_of(config, b"")
        secret(config.ari, "ari")
        secret(config.ami, "ami")
        return config

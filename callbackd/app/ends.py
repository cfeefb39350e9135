"""Why a daemon ends, as values, and what people ask of it by signals.

A drain is asked for by a signal, found through the pid file; a control socket comes with the API.
"""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass

from callbackd.config.sections import Config


@dataclass(frozen=True, slots=True)
class Stopped:
    """SIGTERM or SIGINT."""


@dataclass(frozen=True, slots=True)
class Drained:
    """After SIGUSR1: what was under way is finished, and a standby takes over if there is one."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """Another daemon has taken the ARI application."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """After SIGHUP: the file was read again, and the next daemon serves with it."""

    config: Config


End = Stopped | Drained | Replaced | Reloaded


class Asked:
    """What was asked for. Make it in the event loop whose signals it takes over. An event stays set, except ``reload``
    when the config is bad."""

    def __init__(self) -> None:
        self.stop = _on(signal.SIGTERM, signal.SIGINT)
        self.drain = _on(signal.SIGUSR1)
        self.reload = _on(signal.SIGHUP)


def _on(*numbers: signal.Signals) -> asyncio.Event:
    came, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in numbers:
        loop.add_signal_handler(number, came.set)
    return came

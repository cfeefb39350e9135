"""When no daemon comes back: callers who stand in our application are handed to the dialplan's fallback queue.

Asterisk keeps them there for ever otherwise, with music and without hope. Who talks is left in peace.
"""

from __future__ import annotations

import asyncio

import structlog

from callbackd.ari.client import Address, Ari
from callbackd.ari.resync import waiting
from callbackd.domain.events import CallArrived, LegEntered, Party
from callbackd.domain.settings import Settings

log = structlog.get_logger("rescue")


class NobodyToAsk(Exception):
    """Asterisk did not answer; the text says why."""


async def rescue(address: Address, settings: Settings) -> int:
    """How many were handed over. Raises ``NobodyToAsk``."""
    async with Ari(address) as ari:
        found = await waiting(ari.api, address.app)
        if found is None:
            answer = await ari.api.asterisk.ping()
            raise NobodyToAsk(f"no answer from Asterisk at {address.url}: {answer.reason or answer.reply.value}")
        return sum(await asyncio.gather(*(_hand_over(ari, settings, event) for event in found)))


async def _hand_over(ari: Ari, settings: Settings, event: object) -> int:
    match event:
        case CallArrived(leg=leg, queue=queue):
            answer = await ari.api.channels.continue_in_dialplan(
                leg, context=settings.dead_man.fallback_context, extension=queue, priority=1
            )
        case LegEntered(leg=leg, party=Party.CUSTOMER):  # on to the apology that follows Stasis() there
            answer = await ari.api.channels.continue_in_dialplan(
                leg, context="callbackd-outbound", extension="s", label="sorry"
            )
        case LegEntered(leg=leg):
            answer = await ari.api.channels.hangup(leg)
        case _:
            return 0
    log.info("handed over" if answer else "not handed over", leg=leg, why=answer.reason)
    return int(bool(answer))

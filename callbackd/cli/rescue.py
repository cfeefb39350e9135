"""When no daemon comes back: callers in our application are handed over to the dialplan's fallback queue.

Otherwise Asterisk would keep them there for ever, with music and without hope. Callers who are talking stay untouched.
"""

from __future__ import annotations

import asyncio

import structlog

from callbackd.ari.client import Address, Ari
from callbackd.ari.resync import waiting
from callbackd.domain.events import CallArrived, LegEntered, Party
from callbackd.domain.ids import LegId
from callbackd.domain.settings import Settings

_LOOKS = 40
_LOOK_EVERY_S = 0.005

log = structlog.get_logger("rescue")


class NobodyToAsk(Exception):
    """Asterisk did not answer; the text says why."""


async def rescue(address: Address, settings: Settings) -> int:
    """How many callers were handed over. Raises ``NobodyToAsk``."""
    async with Ari(address) as ari:
        found = await waiting(ari.api, address.app)
        if found is None:
            answer = await ari.api.asterisk.ping()
            raise NobodyToAsk(f"no answer from Asterisk at {address.url}: {answer.reason or answer.reply.value}")
        return sum([await _hand_over(ari, settings, event) for event in found])


async def _hand_over(ari: Ari, settings: Settings, event: object) -> int:
    """How many were handed over. One after another: the fallback queue serves them in the order in which they come."""
    match event:
        case CallArrived(leg=leg, queue=queue):
            answer = await ari.api.channels.continue_in_dialplan(
                leg, context=settings.dead_man.fallback_context, extension=queue, priority=1
            )
            if answer:
                await _on_its_way(ari, leg)
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


async def _on_its_way(ari: Ari, leg: LegId) -> None:
    """Wait until the leg is in a queue or gone, but not too long: the next one must not be kept waiting."""
    for _ in range(_LOOKS):
        channel = (await ari.api.channels.get(leg)).body
        if channel is None or channel["dialplan"]["app_name"] == "Queue":
            return
        await asyncio.sleep(_LOOK_EVERY_S)

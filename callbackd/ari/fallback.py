"""The callers who wait in the dialplan's fallback queue."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from callbackd.ari.decode import PLACE_VARIABLE, noted
from callbackd.ari.generated import Api, Channel
from callbackd.ari.resync import in_company

LEFT = "left"
"""The dialplan writes this instead of a place on callers who left by an exit: they are not fetched back."""


@dataclass(frozen=True, slots=True)
class Stranded:
    """A caller who waits there. ``channel`` is the channel's name; ``since`` the time of arrival, Unix seconds."""

    channel: str
    queue: str
    since: float


async def stranded(api: Api, context: str, queues: Collection[str]) -> tuple[Stranded, ...] | None:
    """Those of our queues, in the order of their places, without those who are talking to somebody there. None when
    Asterisk did not answer."""
    channels, bridges = await api.channels.list_(), await api.bridges.list_()
    if channels.body is None or bridges.body is None:
        return None
    talking = in_company(bridges.body)
    waiting = [channel for channel in channels.body if channel["id"] not in talking]
    found = [_stranded(channel, queues) for channel in waiting if _waits(channel, context)]
    return tuple(sorted(filter(None, found), key=lambda caller: caller.since))


def _waits(channel: Channel, context: str) -> bool:
    return channel["dialplan"]["context"] == context and channel["dialplan"]["app_name"] == "Queue"


def _stranded(channel: Channel, queues: Collection[str]) -> Stranded | None:
    """The caller at the place that the channel carries; without one, in the queue whose fallback it is in, since the
    channel began. None when that is none of our queues."""
    note = str((channel.get("channelvars") or {}).get(PLACE_VARIABLE, ""))
    if note == LEFT:
        return None
    queue, since = noted(note)
    if queue in queues:
        return Stranded(channel["name"], queue, float(since))
    queue = channel["dialplan"]["exten"]
    began = datetime.fromisoformat(channel["creationtime"]).timestamp()
    return Stranded(channel["name"], queue, began) if queue in queues else None

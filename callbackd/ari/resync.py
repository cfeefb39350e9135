"""After the event stream broke, or at start: what Asterisk has now, as the events it would have sent."""

from datetime import datetime

from callbackd.ari.decode import Unreadable, entered
from callbackd.ari.generated import Api, AsteriskInfo, Channel
from callbackd.domain.events import Event, LegsSeen
from callbackd.domain.ids import OURS, BridgeId, LegId


async def resync(api: Api, app: str) -> tuple[Event, ...] | None:
    """The channels that wait in our application, as if they had just entered it, then all legs as `LegsSeen`.

    Events of the new stream must be kept back until these have been handled. Legs in a bridge with another are talking
    and are only seen, not entered again. None when Asterisk did not answer: then nothing is known and nobody may be
    taken for gone.
    """
    channels, bridges = await api.channels.list_(), await api.bridges.list_()
    info = await api.asterisk.get_info(only=["status"])
    if channels.body is None or bridges.body is None or info.body is None:
        return None
    joined = {leg for bridge in bridges.body if len(bridge["channels"]) > 1 for leg in bridge["channels"]}
    waiting = [_entered(channel, app) for channel in channels.body if channel["id"] not in joined]
    seen = LegsSeen(
        frozenset(LegId(channel["id"]) for channel in channels.body),
        left=frozenset(LegId(channel["id"]) for channel in channels.body if not _is_ours(channel, app)),
        joined=frozenset(map(LegId, joined)),
        bridges=frozenset(BridgeId(bridge["id"]) for bridge in bridges.body if bridge["id"].startswith(OURS)),
        since=_started(info.body),
    )
    return (*(event for event in waiting if event), seen)


def _started(info: AsteriskInfo) -> float:
    """Unix seconds, 0 when not told."""
    try:
        return datetime.fromisoformat(info["status"]["startup_time"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return 0.0


def _is_ours(channel: Channel, app: str) -> bool:
    """Whether it stands in ``Stasis(app,…)``."""
    name, *_ = channel["dialplan"]["app_data"].split(",")
    return channel["dialplan"]["app_name"] == "Stasis" and name == app


def _entered(channel: Channel, app: str) -> Event | None:
    """The event of a channel in our application, None for any other."""
    if not _is_ours(channel, app):
        return None
    try:
        return entered(dict(channel), channel["dialplan"]["app_data"].split(",")[1:])
    except Unreadable:
        return None

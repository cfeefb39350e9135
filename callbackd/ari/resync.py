"""After the event stream broke, or at start: what Asterisk has now, as the events it would have sent."""

from callbackd.ari.decode import Unreadable, entered
from callbackd.ari.generated import Api, Channel
from callbackd.domain.events import Event, LegsSeen
from callbackd.domain.ids import LegId


async def resync(api: Api, app: str) -> tuple[Event, ...] | None:
    """The channels that wait in our application, as if they had just entered it, then all legs as `LegsSeen`.

    Events of the new stream must be kept back until these have been handled. Legs in a bridge are talking and are only
    seen, not entered again. None when Asterisk did not answer: then nothing is known and nobody may be taken for gone.
    """
    channels, bridges = await api.channels.list_(), await api.bridges.list_()
    if channels.body is None or bridges.body is None:
        return None
    talking = {leg for bridge in bridges.body for leg in bridge["channels"]}
    waiting = [_entered(channel, app) for channel in channels.body if channel["id"] not in talking]
    seen = LegsSeen(frozenset(LegId(channel["id"]) for channel in channels.body))
    return (*(event for event in waiting if event), seen)


def _entered(channel: Channel, app: str) -> Event | None:
    """The event of a channel that stands in ``Stasis(app,…)``, None for any other."""
    name, *args = channel["dialplan"]["app_data"].split(",")
    if channel["dialplan"]["app_name"] != "Stasis" or name != app:
        return None
    try:
        return entered(dict(channel), args)
    except Unreadable:
        return None

"""What Asterisk has now, as the events it would have sent: for the start, and after the event stream broke."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from callbackd.ari.decode import PLACE_VARIABLE, Unreadable, device_seen, entered, noted
from callbackd.ari.generated import Api, AsteriskInfo, Bridge, Channel
from callbackd.ari.hold import is_hold
from callbackd.ari.perform import AGENT_CONTEXT, OUTBOUND_CONTEXT
from callbackd.domain.events import Event, LegsSeen
from callbackd.domain.ids import OURS, BridgeId, LegId

_OUR_CONTEXTS = {AGENT_CONTEXT, OUTBOUND_CONTEXT}
"""Where the legs that we dialled are until they enter our application."""


_AT_ONCE = 20
"""How many names go in one request: its first line must not be longer than Asterisk reads."""

log = structlog.get_logger("ari")


async def resync(api: Api, app: str, phones: Sequence[str] = ()) -> tuple[Event, ...] | None:
    """The channels that wait in our application, as if they had just entered it; all legs, as `LegsSeen`; then what
    these phones are doing, which are watched from now on. None when Asterisk did not answer: then nothing is known, and
    no leg may be taken for gone.

    Events of the new stream must be kept back until these have been handled. Legs in a bridge with another are talking:
    they are only seen, and do not enter again.
    """
    channels, bridges = await api.channels.list_(), await api.bridges.list_()
    info = await api.asterisk.get_info(only=["status"])
    if channels.body is None or bridges.body is None or info.body is None:
        return None
    joined = in_company(bridges.body)
    seen = LegsSeen(
        frozenset(LegId(channel["id"]) for channel in channels.body),
        left=frozenset(LegId(channel["id"]) for channel in channels.body if not _is_ours(channel, app)),
        joined=frozenset(map(LegId, joined)),
        elsewhere=frozenset(LegId(channel["id"]) for channel in channels.body if _is_elsewhere(channel, app)),
        alone=frozenset(
            LegId(bridge["channels"][0])
            for bridge in bridges.body
            if len(bridge["channels"]) == 1 and not is_hold(bridge)
        ),
        bridges=frozenset(BridgeId(bridge["id"]) for bridge in bridges.body if bridge["id"].startswith(OURS)),
        since=_started(info.body),
    )
    return (*_waiting(channels.body, joined, app), seen, *await _phones(api, app, phones))


async def _phones(api: Api, app: str, phones: Sequence[str]) -> tuple[Event, ...]:
    """What these phones are doing, without those that Asterisk does not know. Subscribes to their changes."""
    for first in range(0, len(phones), _AT_ONCE):
        sources = [f"deviceState:{phone}" for phone in phones[first : first + _AT_ONCE]]
        if not (answer := await api.applications.subscribe(app, event_source=sources)):
            why = f"{answer.status or answer.reply.value} {answer.reason}: load res_stasis_device_state.so"
            log.warning("phones_not_watched", why=why)
            return ()
    states = [await api.device_states.get(phone) for phone in phones]
    seen = []
    for state in states:
        with suppress(Unreadable):
            seen.append(device_seen(dict(state.body or {})))
    return tuple(seen)


async def waiting(api: Api, app: str) -> tuple[Event, ...] | None:
    """The channels in our application that talk to nobody, as if they had just entered it; None without an answer.

    They are in the order of their places: Asterisk lists channels in no order at all.
    """
    channels, bridges = await api.channels.list_(), await api.bridges.list_()
    if channels.body is None or bridges.body is None:
        return None
    return _waiting(channels.body, in_company(bridges.body), app)


def in_company(bridges: list[Bridge]) -> set[str]:
    """The ids of the channels that are in a bridge with another channel."""
    return {
        leg for bridge in bridges if len(bridge["channels"]) > 1 and not is_hold(bridge) for leg in bridge["channels"]
    }


def _waiting(channels: list[Channel], joined: set[str], app: str) -> tuple[Event, ...]:
    found = [_entered(channel, app) for channel in sorted(channels, key=_since) if channel["id"] not in joined]
    return tuple(event for event in found if event)


def _since(channel: Channel) -> float:
    """Unix seconds: the time of arrival that the channel carries, else the time it began."""
    queue, since = noted(str((channel.get("channelvars") or {}).get(PLACE_VARIABLE, "")))
    return float(since) if queue else datetime.fromisoformat(channel["creationtime"]).timestamp()


def _started(info: AsteriskInfo) -> float:
    """When Asterisk started, in Unix seconds; 0 when it does not say."""
    try:
        return datetime.fromisoformat(info["status"]["startup_time"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return 0.0


def _is_ours(channel: Channel, app: str) -> bool:
    """Whether it is in ``Stasis(app,…)``."""
    name, *_ = channel["dialplan"]["app_data"].split(",")
    return channel["dialplan"]["app_name"] == "Stasis" and name == app


def _is_elsewhere(channel: Channel, app: str) -> bool:
    return channel["dialplan"]["context"] not in _OUR_CONTEXTS and not _is_ours(channel, app)


def _entered(channel: Channel, app: str) -> Event | None:
    """The event of a channel in our application, None for any other."""
    if not _is_ours(channel, app):
        return None
    try:
        return entered(dict(channel), channel["dialplan"]["app_data"].split(",")[1:])
    except Unreadable:
        return None

"""Where callers wait: holding bridges, in which Asterisk itself plays music whenever nothing else is played.

A prompt that ends after we were killed, or while a key is awaited, is followed by music within a frame and without us.
A leg alone would hear nothing then. Few legs share a bridge: each event of a bridge lists all that are in it. The
bridges are made when they are first wanted, and stay.
"""

from __future__ import annotations

import zlib

from callbackd.ari.client import Ari
from callbackd.ari.generated import Bridge
from callbackd.ari.reply import Answer, Reply
from callbackd.domain.ids import LegId

_ROOMS = 16
_NAME = "callbackd-hold-"
_ROLE = "holding_participant"


def is_hold(bridge: Bridge) -> bool:
    """Whether those in it wait, each alone."""
    return bridge["id"].startswith(_NAME)


class Hold:
    """Puts legs on hold and takes them off. What is remembered saves requests; what is wrong mends itself."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self._music: dict[LegId, str] = {}
        """What the legs hear that were put here."""

    @property
    def remembered(self) -> int:
        return len(self._music)

    def forget(self, leg: LegId) -> None:
        """The leg is gone, or somewhere else by now."""
        self._music.pop(leg, None)

    def forget_all(self) -> None:
        """The event stream was broken: legs may have been moved meanwhile."""
        self._music.clear()

    async def put(self, leg: LegId, music: str) -> Answer[None]:
        """Music of this class from now on, until ``take``; also between and after all that is played to the leg.

        Nothing is done when it is so already. In vain while something is played to the leg.
        """
        api, room = self._ari.api, _room(leg)
        if self._music.get(leg) == music:
            return Answer(Reply.OK)
        # Asterisk reads the class when the leg comes in. Who is put in twice stays there without the role, in silence.
        answer = await api.channels.set_channel_var(leg, variable="CHANNEL(musicclass)", value=music)
        if not answer:
            return answer
        await api.bridges.remove_channel(room, channel=[leg])
        answer = await api.bridges.add_channel(room, channel=[leg], role=_ROLE)
        if answer.reply is Reply.GONE:  # the bridge, or the leg: then the next answer says so
            await api.bridges.create_with_id(room, type_="holding")
            answer = await api.bridges.add_channel(room, channel=[leg], role=_ROLE)
        if answer:
            self._music[leg] = music
        return answer

    async def take(self, leg: LegId) -> Answer[None]:
        """Out of the bridge, without music, also without that which the dialplan started before we came."""
        here = self._music.pop(leg, None) is not None
        answer = await self._ari.api.bridges.remove_channel(_room(leg), channel=[leg])
        return answer if here and answer else await self._ari.api.channels.stop_moh(leg)

    async def restore_class(self, leg: LegId) -> None:
        """The dialplan, which the leg goes back to, says by itself what music there is."""
        await self._ari.api.channels.set_channel_var(leg, variable="CHANNEL(musicclass)", value="")


def _room(leg: LegId) -> str:
    return f"{_NAME}{zlib.crc32(leg.encode()) % _ROOMS:x}"

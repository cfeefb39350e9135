"""Where callers wait: holding bridges, in which Asterisk itself plays music whenever nothing else is played.

When a prompt ends after we were killed, or while a key is awaited, Asterisk starts the music within a frame and without
us; a leg outside a bridge would hear nothing. Only a few legs share a bridge, because each event about a bridge lists
all legs in it. A bridge is made when it is first needed, and stays.
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
    """Whether it is one of these bridges: the legs in it wait and do not hear each other."""
    return bridge["id"].startswith(_NAME)


class Hold:
    """Puts legs on hold and takes them off.

    Where a leg is, is asked of Asterisk when it is not known: to take it out and in again to be sure would leave it in
    silence if we were killed in between.
    """

    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self._music: dict[LegId, str] = {}
        """The class of music that each leg hears on hold; empty while it is not on hold. Nothing is known of others."""

    @property
    def remembered(self) -> int:
        return len(self._music)

    def entered(self, leg: LegId) -> None:
        """The leg comes from the dialplan, so it is not on hold."""
        self._music[leg] = ""

    def forget(self, leg: LegId) -> None:
        """The leg is gone, or somewhere else by now."""
        self._music.pop(leg, None)

    def forget_all(self) -> None:
        """Called when the event stream was broken: legs may have been moved meanwhile."""
        self._music.clear()

    async def put(self, leg: LegId, music: str) -> Answer[None]:
        """Music of this class from now on until ``take``, also between and after the prompts played to the leg.

        Does nothing when the leg hears it already. Has no effect while a prompt is being played. May be asked again
        when no answer came.
        """
        api, room = self._ari.api, _room(leg)
        hears = self._music.pop(leg, None)
        if hears is None:
            hears = await self._hears(leg)
        if hears == music:
            self._music[leg] = music
            return Answer(Reply.OK)
        # Asterisk reads the class when the leg comes in. A leg that is put in twice stays without the role, in silence.
        answer = await api.channels.set_channel_var(leg, variable="CHANNEL(musicclass)", value=music)
        if not answer:
            return answer
        if hears != "":
            await api.bridges.remove_channel(room, channel=[leg])
        answer = await api.bridges.add_channel(room, channel=[leg], role=_ROLE)
        if answer.reply is Reply.GONE:  # the bridge or the leg: the next answer shows which
            await api.bridges.create_with_id(room, type_="holding")
            answer = await api.bridges.add_channel(room, channel=[leg], role=_ROLE)
        if answer:
            self._music[leg] = music
        return answer

    async def _hears(self, leg: LegId) -> str | None:
        """The class of music that the leg hears on hold; empty when it is not on hold, None when Asterisk does not
        say."""
        api = self._ari.api
        room = await api.bridges.get(_room(leg))
        if room.reply is Reply.GONE or (room.body and leg not in room.body["channels"]):
            return ""
        known = (await api.channels.get_channel_var(leg, variable="CHANNEL(musicclass)")).body if room.body else None
        return known["value"] if known else None

    async def take(self, leg: LegId) -> Answer[None]:
        """Take the leg out of the bridge and stop its music, including music that the dialplan started before us."""
        heard = self._music.pop(leg, None)
        if heard == "":  # it is in no bridge: the dialplan's music is all it hears
            return await self._ari.api.channels.stop_moh(leg)
        answer = await self._ari.api.bridges.remove_channel(_room(leg), channel=[leg])
        return answer if heard and answer else await self._ari.api.channels.stop_moh(leg)

    async def restore_class(self, leg: LegId) -> None:
        """Restore the leg's own class of music before it goes back to the dialplan, which decides what it hears
        there."""
        await self._ari.api.channels.set_channel_var(leg, variable="CHANNEL(musicclass)", value="")


def _room(leg: LegId) -> str:
    return f"{_NAME}{zlib.crc32(leg.encode()) % _ROOMS:x}"

"""Agents with several telephones: where they are, and their rings, each of which is one leg for the domain.

Asterisk's originate rings only the first contact of a PJSIP endpoint, while its Dial rings all. So each contact is rung
on a leg of its own. The domain minted the first leg and sees a single ring: the first telephone that answers takes it
and the other legs end; without an answer it is over when the last leg is, with the ending that tells most about a
person.
"""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import inf

import structlog

from callbackd.ari.generated import Api
from callbackd.domain.commands import HangUp
from callbackd.domain.events import CallArrived, Ending, Event, FeatureCodeDialled, LegEnded, LegEntered, Party
from callbackd.domain.ids import MOST_TELEPHONES, LegId, legs_of_ring

log = structlog.get_logger("ari")

_ADDRESS = re.compile(r"/sips?:[^\s\x00-\x1f&]{1,300}", re.ASCII)
FRESH_S = 60.0
"""Contacts that are younger than this, in seconds, are not asked for again."""
_AT_ONCE = 20
"""How many names go in one request: its first line must not be longer than Asterisk reads."""
_REMEMBERED = 1024
_ELSEWHERE = "answered at another telephone"


class Contacts:
    """What Asterisk would dial for each endpoint.

    Only a channel can be asked, so we ask on a channel that has just entered our application, and no ring needs a
    request of its own. The answer may be a while old: a new telephone is rung a little later.
    """

    def __init__(self, api: Api, endpoints: Sequence[str]) -> None:
        self._api = api
        self._endpoints = endpoints
        self._known: dict[str, tuple[str, ...]] = {}
        self._asked_at = -inf
        self._asking: asyncio.Task[None] | None = None

    async def of(self, endpoint: str) -> tuple[str, ...]:
        """What to dial, each on a leg of its own: the endpoint itself unless it has several contacts."""
        if self._asking:
            await asyncio.wait({self._asking})
        contacts = self._known.get(endpoint, ())
        return contacts if len(contacts) > 1 else (endpoint,)

    def overhear(self, event: Event | None) -> None:
        """Ask on the channel that has entered, unless we asked a moment ago or are still asking."""
        if not isinstance(event, CallArrived | FeatureCodeDialled | LegEntered) or not self._endpoints:
            return
        if not self._asking and time.monotonic() > self._asked_at + FRESH_S:
            self._asked_at = time.monotonic()
            self._asking = asyncio.create_task(self._ask(event.leg), name="contacts")
            self._asking.add_done_callback(self._asked)

    def _asked(self, asking: asyncio.Task[None]) -> None:
        self._asking = None
        if not asking.cancelled() and (failure := asking.exception()):
            log.error("contacts_not_learnt", why=repr(failure))

    async def _ask(self, leg: LegId) -> None:
        for first in range(0, len(self._endpoints), _AT_ONCE):
            endpoints = self._endpoints[first : first + _AT_ONCE]
            wanted = {endpoint: f"PJSIP_DIAL_CONTACTS({endpoint.removeprefix('PJSIP/')})" for endpoint in endpoints}
            answer = await self._api.channels.get_channel_vars(leg, variables=list(wanted.values()))
            if not answer.body:
                return
            for endpoint, variable in wanted.items():
                self._learn(endpoint, str(answer.body["variables"].get(variable) or ""))

    def _learn(self, endpoint: str, value: str) -> None:
        contacts = [contact for contact in re.split(r"&(?=PJSIP/)", value) if contact.startswith(endpoint)]
        found = tuple(one for one in contacts if _ADDRESS.fullmatch(one.removeprefix(endpoint)))[:MOST_TELEPHONES]
        if len(found) > 1 and found != self._known.get(endpoint):
            log.info("several_contacts", endpoint=endpoint, contacts=len(found), why="all are rung, the first answers")
        self._known[endpoint] = found


@dataclass
class _Ring:
    legs: tuple[LegId, ...]
    open: set[LegId] = field(default_factory=set)
    taken: LegId | None = None
    end: LegEnded | None = None
    """The ending, of those so far, that tells most about a person."""


class Rings:
    """Every event must pass ``hear`` before it reaches the domain; ``hang_up`` is set once there is something to do
    it."""

    def __init__(self) -> None:
        self.hang_up: Callable[[HangUp], None] = lambda _: None
        self._rings: dict[LegId, _Ring] = {}
        """The rings, by each of their legs."""

    def begin(self, leg: LegId, telephones: int) -> tuple[LegId, ...]:
        """The legs of a ring at this many telephones."""
        legs = legs_of_ring(leg)[:telephones]
        if len(legs) > 1:
            ring = _Ring(legs, set(legs))
            self._rings.update(dict.fromkeys(legs, ring))
            while len(self._rings) > _REMEMBERED:
                del self._rings[next(iter(self._rings))]
        return legs

    def under_way(self, leg: LegId) -> tuple[LegId, ...]:
        """The legs that end when the domain hangs up this one."""
        ring = self._rings.get(leg)
        return tuple(sorted(ring.open)) if ring and ring.taken is None and ring.open else (leg,)

    def all_made(self, leg: LegId) -> None:
        """End also the legs that were made after somebody had answered."""
        ring = self._rings.get(leg)
        if ring and ring.taken:
            self._end_others(ring, ring.taken)

    def before(self, post: Callable[[Event], None]) -> Callable[[Event], None]:
        """``post``, called only with events that are news for the domain."""

        def heard(event: Event) -> None:
            if (news := self.hear(event)) is not None:
                post(news)

        return heard

    def hear(self, event: Event) -> Event | None:
        """The event as the domain should get it; None when it is no news."""
        ring = self._rings.get(event.leg) if isinstance(event, LegEntered | LegEnded) else None
        match event:
            case LegEntered(party=Party.AGENT) if ring:
                return self._entered(ring, event)
            case LegEnded() if ring:
                return self._ended(ring, event)
        return event

    def _entered(self, ring: _Ring, event: LegEntered) -> Event | None:
        if ring.taken is None:
            ring.taken = event.leg
            self._end_others(ring, event.leg)
        if ring.taken == event.leg:
            return event
        self.hang_up(HangUp(event.leg, _ELSEWHERE, elsewhere=True))
        return None

    def _ended(self, ring: _Ring, event: LegEnded) -> Event | None:
        ring.open.discard(event.leg)
        if ring.taken is None and (ring.end is None or _says(event) >= _says(ring.end)):
            ring.end = event
        if not ring.open:
            self._forget(ring)
        if ring.taken:
            return event if event.leg == ring.taken else None
        return None if ring.open or ring.end is None else replace(ring.end, leg=ring.legs[0])

    def _end_others(self, ring: _Ring, taken: LegId) -> None:
        for leg in ring.legs:
            if leg != taken:
                self.hang_up(HangUp(leg, _ELSEWHERE, elsewhere=True))

    def _forget(self, ring: _Ring) -> None:
        for leg in ring.legs:
            self._rings.pop(leg, None)


def _says(end: LegEnded) -> int:
    """How much an ending tells about a person: nobody came, somebody declined, somebody talks; all others are
    machines'."""
    if end.ending is Ending.NO_ANSWER and not end.refused:
        return 3
    return {Ending.REJECTED: 2, Ending.NORMAL: 2, Ending.BUSY: 1}.get(end.ending, 0)

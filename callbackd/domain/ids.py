"""Ids, minted here so that late and repeated events are recognised.

Asterisk compares channel ids by case-insensitive prefix and forgets them at hangup, so every id has the same length and
is never used twice: ``cbd-`` and a lower-case ULID.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NewType

EntryId = NewType("EntryId", str)
AgentId = NewType("AgentId", str)
CallbackId = NewType("CallbackId", str)
AttemptId = NewType("AttemptId", str)
QuoteId = NewType("QuoteId", str)
SentOutId = NewType("SentOutId", str)
LegId = NewType("LegId", str)
BridgeId = NewType("BridgeId", str)
PlaybackId = NewType("PlaybackId", str)
QueueName = NewType("QueueName", str)

OURS = "cbd-"
"""The beginning of the id of every channel, bridge and playback that callbackd makes."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


PLAYBACKS = 4
"""How many ids there are for the playbacks of one daemon on one leg, of which one plays at a time."""


def _base32(value: int) -> str:
    """130 bits as 26 characters."""
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


class Mint:
    """Makes ULIDs from the time and the entropy it was handed: the same entropy and calls give the same ids.

    ``entropy`` must differ between two daemons (16 random bytes); it is kept with a recording so that a replay mints
    the same ids.
    """

    def __init__(self, entropy: bytes) -> None:
        self.entropy = entropy
        self._made = 0

    def _noise(self) -> int:
        """80 bits, different each time."""
        self._made += 1
        return int.from_bytes(blake2b(self._made.to_bytes(8, "big"), key=self.entropy, digest_size=10).digest(), "big")

    def fraction(self) -> float:
        """A number from 0 up to but not including 1: the lot, for a rule that draws one."""
        return (self._noise() >> 27) / (1 << 53)

    def ulid(self, now: float) -> str:
        """26 characters that sort by ``now`` to the millisecond."""
        return _base32((int(now * 1000) << 80) | self._noise())

    def leg(self, now: float) -> LegId:
        return LegId(OURS + self.ulid(now))

    def bridge(self, now: float) -> BridgeId:
        return BridgeId(OURS + self.ulid(now))

    def entry(self, now: float) -> EntryId:
        return EntryId(self.ulid(now))

    def callback(self, now: float) -> CallbackId:
        return CallbackId(self.ulid(now))

    def quote(self, now: float) -> QuoteId:
        return QuoteId(self.ulid(now))

    def sent_out(self, now: float) -> SentOutId:
        return SentOutId(self.ulid(now))

    def attempt(self, now: float) -> AttemptId:
        return AttemptId(self.ulid(now))


def playback_of(leg: LegId, n: int, generation: int = 0) -> PlaybackId:
    """The id of the ``n``-th playback of the daemon of this generation on a leg.

    There are only ``PLAYBACKS`` of them, used in turn, and another set for every second generation. So a daemon that
    takes over can stop whatever the one before it was playing, and an end that is reported late is not taken for the
    end of the next playback, or of one of the new daemon's.
    """
    digest = blake2b(leg.encode(), digest_size=16).digest()
    which = n % PLAYBACKS + PLAYBACKS * (generation % 2)
    return PlaybackId(OURS + _base32(int.from_bytes(digest, "big") >> 3 << 3 | which))


def playbacks_of(leg: LegId, generation: int) -> list[PlaybackId]:
    """The ids of all playbacks that the daemon of this generation can be playing to a leg."""
    return [playback_of(leg, n, generation) for n in range(PLAYBACKS)]


def minted_at(leg: LegId) -> float:
    """Unix seconds, to the millisecond, at which one of our ids was minted; 0 for any other."""
    ulid = leg.removeprefix(OURS)
    if len(ulid) != 26 or not set(ulid) <= set(_ALPHABET):
        return 0.0
    value = 0
    for character in ulid[:10]:
        value = value * 32 + _ALPHABET.index(character)
    return value / 1000


def leg_of(attempt: AttemptId) -> LegId:
    """The channel id of an attempt: known before dialling, so that an answer lost on the way can be looked up."""
    return LegId(OURS + attempt)


MOST_TELEPHONES = 8
"""Telephones of one agent that are rung at a time, at most."""


def legs_of_ring(leg: LegId) -> tuple[LegId, ...]:
    """The ids of an agent's ring at up to ``MOST_TELEPHONES`` telephones; the first is the one that was minted.

    The first character of a ULID is 0 for the next thousand years: it counts the telephones, so that all ids are of the
    same length, and none is the beginning of another.
    """
    ulid = leg.removeprefix(OURS)
    return (leg, *(LegId(f"{OURS}{n}{ulid[1:]}") for n in range(1, MOST_TELEPHONES))) if minted_at(leg) else (leg,)


def ring_of(leg: LegId) -> LegId:
    """The minted id of the ring that this leg belongs to."""
    return LegId(f"{OURS}0{leg.removeprefix(OURS)[1:]}") if minted_at(leg) else leg

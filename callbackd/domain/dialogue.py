"""A dialogue: what is being said to one leg and which answer is awaited. It lives as long as we speak to the leg."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from callbackd.domain.events import Party
from callbackd.domain.ids import AttemptId, EntryId, LegId, PlaybackId


class Stage(Enum):
    WAITING = "waiting"
    """In the line: music, announcements, the offer's key works."""
    CONFIRMING = "confirming"
    """The number was read back: 1 right, 2 another, 0 keep waiting."""
    KEYING = "keying"
    """Digits of a number, ended by # or a pause."""
    STORING = "storing"
    """Confirmed; nothing is promised before the database says so."""
    INVITED = "invited"
    """A customer was asked to press 1."""
    REJOINING = "rejoining"
    """Somebody with a promise rang in: 1 wait live at its place, 2 keep it, 3 cancel it."""
    POSTPONING = "postponing"
    """A customer was asked how much later."""
    LEAVING = "leaving"
    """Last words; then we hang up."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    leg: LegId
    party: Party
    stage: Stage
    language: str
    queue: str = ""
    entry: EntryId | None = None
    attempt: AttemptId | None = None
    number: str = ""
    """The number the caller would be called at: E.164, or empty while unknown."""
    playback: PlaybackId | None = None
    keyed: str = ""
    tries: int = 0
    """Wrong keys, refused numbers or silent readings in this stage."""
    announced: bool = False
    offered: bool = False
    quoted_min: int | None = None
    """The last wait told to the caller, in minutes; a later one is told only if it is better."""

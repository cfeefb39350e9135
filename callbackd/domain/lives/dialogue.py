"""A dialogue: what is being said to one leg and which answer is awaited. It lives as long as we speak to the leg."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from callbackd.domain.events import CallArrived, Party
from callbackd.domain.ids import AgentId, AttemptId, EntryId, LegId, PlaybackId


class Stage(Enum):
    LANGUAGE = "language"
    """Asked for a language, before there is a place in a line."""
    MENU = "menu"
    """Asked which queue is meant."""
    WAITING = "waiting"
    """In the line: music, announcements, the offer's key works."""
    CONFIRMING = "confirming"
    """The number was read back: 1 right, 2 another, 0 keep waiting."""
    KEYING = "keying"
    """Digits of a number, ended by # or a pause."""
    CHOOSING = "choosing"
    """Times were read out: 1-3 takes one, 9 another time, 0 keeps waiting."""
    KEYING_TIME = "keying_time"
    """Four digits of a time."""
    KEYING_DAY = "keying_day"
    """One digit for the day of that time."""
    STORING = "storing"
    """Confirmed; nothing is promised before the database has it."""
    INVITED = "invited"
    """A customer was asked to press 1."""
    REJOINING = "rejoining"
    """Somebody with a promise rang in: 1 wait live at its place, 2 keep it, 3 cancel it, 4 move it to another time."""
    POSTPONING = "postponing"
    """A customer was asked how much later."""
    ACCEPTING = "accepting"
    """An agent picked up and is to press the key that proves a person."""
    PAUSING = "pausing"
    """An agent has paused and may key the minutes until the return, ended by # or a pause."""
    LEAVING = "leaving"
    """Last words are played; then we hang up."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    leg: LegId
    party: Party
    stage: Stage
    language: str
    queue: str = ""
    entry: EntryId | None = None
    attempt: AttemptId | None = None
    agent: AgentId | None = None
    """Who dialled a feature code."""
    number: str = ""
    """The number the caller would be called at: E.164, or empty while unknown."""
    playback: PlaybackId | None = None
    begun_at: float | None = None
    """When the playback could first be heard; a key pressed before that is no answer to it."""
    keyed: str = ""
    tries: int = 0
    """Wrong keys, refused numbers or silent readings in this stage."""
    announced: bool = False
    offered_at: float | None = None
    """When a callback was last offered."""
    lot: float | None = None
    """Drawn when the first offer is considered; None before."""
    asked: bool = False
    """The caller asked for a callback by key: no lot is drawn about this caller any more."""
    crisis_at: float = 0.0
    """When the caller last heard the crisis announcement."""
    spoken_at: float = 0.0
    """When the last announcement began."""
    arrival: CallArrived | None = None
    """How the caller arrived; kept while they go through menus."""
    menu: str = ""
    choices: tuple[float, ...] = ()
    """Starts of the slots that were read out, key 1 first."""
    slot_at: float | None = None
    """The time that was chosen; None for "my turn"."""

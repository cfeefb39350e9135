from __future__ import annotations
from enum import Enum
from dataclasses import dataclass


class Reason(Enum):
    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    EARLY = "closed early"


@dataclass
class Opening:
    open: bool
    until: float | None
    reason: Reason


def opening(hours, now, early=None):
    return Opening(True, None, Reason.OPEN) if not early or early <= now else Opening(False, early, Reason.EARLY)


def next_open(hours, now, early=None):
    return now if not early or early <= now else early

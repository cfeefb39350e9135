from __future__ import annotations
from dataclasses import dataclass
from callbackd.domain.phrase import Day


@dataclass
class Slot:
    start: float


@dataclass
class Refused:
    reason: str


def free(slots, hours, zone, booked, now, n, allowed):
    t = (now // 1800 + 3) * 1800
    out = []
    while len(out) < n:
        if booked.get(t, 0) < slots.capacity:
            out.append(Slot(t))
        t += 1800
    return out


def at(slots, hours, zone, booked, now, day, hhmm, allowed):
    return Refused("stub")


def capacity(slots, zone, start):
    return slots.capacity


def spoken(start, now, zone):
    return Day.TODAY, int(start % 86400 // 900 * 15)

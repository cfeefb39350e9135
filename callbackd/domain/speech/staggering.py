"""Many who came at one moment are not spoken to at one moment: Asterisk would read and transcode for all of them."""

from __future__ import annotations

BEGIN_PER_S = 20
"""Announcements that begin within a second, at most. Two hundred callers are spoken to within ten seconds."""
_REMEMBERED = 4096


class Stagger:
    """Hands out moments: the wanted one while there is room, else the next with room."""

    def __init__(self, per_s: int = BEGIN_PER_S) -> None:
        self._per_s = per_s
        self._taken: set[int] = set()

    def moment(self, wanted: float, now: float) -> float:
        """Takes it. The moments of those who are gone by then stay taken: nobody misses a twentieth of a second."""
        if len(self._taken) > _REMEMBERED:
            self._taken = {slot for slot in self._taken if slot >= int(now * self._per_s)}
        slot = first = int(wanted * self._per_s)
        while slot in self._taken:
            slot += 1
        self._taken.add(slot)
        return wanted if slot == first else slot / self._per_s

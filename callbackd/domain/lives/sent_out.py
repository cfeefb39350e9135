"""A caller whom an agent sent to an outside number, where that counts among what the site may dial."""

from __future__ import annotations

from dataclasses import dataclass, replace

from callbackd.domain.ids import EntryId, LegId, SentOutId


@dataclass(frozen=True, slots=True)
class SentOut:
    id: SentOutId
    entry: EntryId
    leg: LegId
    number: str
    """In E.164, or as it was dialled when nobody knows what number that is."""
    claimed_at: float
    price: float = 0.0
    """What a begun minute costs there."""
    dialled: bool = True
    """Until it is known that nobody was dialled, somebody was."""
    closed_at: float | None = None
    """When the leg ended or was back with us: from here the outside call itself is not seen."""

    def over(self, now: float, *, dialled: bool = True) -> SentOut:
        return replace(self, closed_at=now, dialled=dialled)

"""One call in an agent's hands, from the answer to the end of the wrap-up: what of it was talk, hold and wrap-up."""

from __future__ import annotations

from dataclasses import dataclass, field

from callbackd.domain.ids import LegId, QueueName


@dataclass(slots=True)
class Handling:
    """Times are microseconds. It is on hold while at least one of its legs holds: twice the same, or both, is one."""

    queue: QueueName
    legs: frozenset[LegId]
    connected_us: int
    hold_us: int = 0
    with_hold: bool = False
    ended_us: int | None = None
    disposition: str = ""
    """What the agent said of it before it was over."""
    _held: set[LegId] = field(default_factory=set)
    _held_us: int = 0

    def hold(self, leg: LegId, now_us: int) -> None:
        if self.ended_us is None and leg in self.legs:
            self._held_us = self._held_us if self._held else now_us
            self._held.add(leg)
            self.with_hold = True

    def unhold(self, leg: LegId, now_us: int) -> None:
        if self._held == {leg}:
            self.hold_us += now_us - self._held_us
        self._held.discard(leg)

    def end(self, now_us: int) -> None:
        """Somebody hung up, which Asterisk tells of no end of the hold for. The wrap-up begins."""
        if self._held:
            self.hold_us += now_us - self._held_us
            self._held.clear()
        self.ended_us = now_us

    @property
    def talk_us(self) -> int:
        """Connected and not on hold; 0 before the end."""
        return 0 if self.ended_us is None else self.ended_us - self.connected_us - self.hold_us

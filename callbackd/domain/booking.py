"""Which times a caller can have, and the menu that says so."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from callbackd.domain import slots
from callbackd.domain.opening import opens_at
from callbackd.domain.phrase import Fixed, Phrase, SlotChoice
from callbackd.domain.settings import Queue
from callbackd.domain.state import State

_QUARTER_S = 900.0
_WEEK_S = 7 * 86400.0


def bookable(state: State, queue: Queue, number: str) -> tuple[float, ...]:
    """Starts of the next free slots at which ``number``, if it is known, may be rung."""
    if not queue.slots.enabled:
        return ()
    opens = state.closed_until.get(queue.name, 0.0)
    free = slots.free(
        queue.slots,
        queue.hours,
        state.zone_of(queue),
        booked(state, queue),
        state.now,
        queue.slots.choices,
        lambda at: at >= opens and state.may_ring(number, at, chosen=True),
    )
    return tuple(slot.start for slot in free)


def booked(state: State, queue: Queue) -> dict[float, int]:
    """Promises by slot, those on their way to the database included."""
    on_the_way = {callback.id: callback for _, callback in state.pending.values()}
    count: dict[float, int] = {}
    for callback in {**state.callbacks, **on_the_way}.values():
        if callback.queue == queue.name and callback.slot_at is not None:
            count[callback.slot_at] = count.get(callback.slot_at, 0) + 1
    return count


def taken(state: State, queue: Queue, start: float) -> bool:
    """Whether somebody else was faster. The opening of the queue, the last resort, is never taken."""
    if not queue.slots.enabled or start == last_resort(state, queue):
        return False
    return booked(state, queue).get(start, 0) >= slots.capacity(queue.slots, state.zone_of(queue), start)


def last_resort(state: State, queue: Queue) -> float | None:
    """The next opening, rounded up to the quarter hour as times are spoken; None when it is not within a week."""
    opens = opens_at(state, queue)
    if opens is None or not state.now < opens < state.now + _WEEK_S:
        return None
    return ceil(opens / _QUARTER_S) * _QUARTER_S


def menu(state: State, queue: Queue, starts: Sequence[float], *, inside: bool) -> list[Phrase]:
    """A key for each time; another time by 9; who stands ``inside`` the line may stay there by 0."""
    zone = state.zone_of(queue)
    said: list[Phrase] = [
        SlotChoice(key, *slots.spoken(start, state.now, zone)) for key, start in enumerate(starts, start=1)
    ]
    said += [Fixed.SLOT_OTHER] if queue.slots.enabled else []
    said += [Fixed.SLOT_STAY] if inside else []
    return said

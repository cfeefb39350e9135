"""Whether a customer is dialled before an agent is free (spec/estimates.md, dialling ahead)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from callbackd.domain.breaker import trunk_of
from callbackd.domain.line.order import places
from callbackd.domain.line.routing import servable
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.settings import DialPolicy, Queue
from callbackd.domain.state import State
from callbackd.domain.timers import Timer
from callbackd.domain.wait.place import Places

_ACCEPTED_WAIT_S = 2.0
"""The longest that a customer who answered may wait for an agent (spec/estimates.md, dialling ahead)."""

_LOOK_S = 1.0
"""How soon it is asked again whether a customer is dialled ahead, when the answer was that it is too early."""


@dataclass(frozen=True, slots=True)
class Answer:
    yes: bool
    reason: str


def decide(policy: DialPolicy, chance: float | None, share: float) -> Answer:
    """Whether to dial, and why. ``chance`` is that of an agent being free when the customer has answered, None when
    there is no estimate.

    Look-ahead dials only if the share of customers who would answer and find nobody stays within ``share``. The
    estimate must count every claim on the next free agents: places before this one, customers being dialled already,
    and promises whose pause ends while it rings. Without the last two, half of the customers found nobody free.
    """
    if policy is DialPolicy.AGENT_FIRST:
        return Answer(False, "an agent is reserved first")
    if policy is DialPolicy.CUSTOMER_FIRST:
        return Answer(True, "first in line, and customers are dialled first here")
    if chance is None:
        return Answer(False, "there is no estimate of when an agent is free")
    if 1 - chance > share:
        return Answer(False, f"the chance that an agent will be free in time is only {chance:.0%}")
    return Answer(True, f"the chance that an agent will be free in time is {chance:.0%}")


class LookAhead:
    def __init__(self, state: State, places: Places) -> None:
        self._state = state
        self._places = places

    def next(self) -> tuple[Entry, str] | None:
        """The next promise to be dialled before an agent is free for it, and why; None when no policy wants one."""
        state = self._state
        for queue in state.settings.queues.values() if not state.world.slow else ():
            entry = self._candidate(queue)
            if entry and servable(state, entry) and self._may_dial_another(queue):
                trunk = trunk_of(state.settings.dialling.endpoint)
                chance = self._places.chance(entry, trunk, _ACCEPTED_WAIT_S, 1 - queue.waiting_share)
                answer = decide(queue.dial, chance, queue.waiting_share)
                if answer.yes:
                    return entry, answer.reason
                if queue.dial is DialPolicy.LOOK_AHEAD and chance is not None:
                    state.timers.set(Timer.LOOK, queue.name, state.now + _LOOK_S)
        return None

    def _candidate(self, queue: Queue) -> Entry | None:
        """The queue's promise that its policy would have dialled next before an agent is free, if there is one.

        Customer-first lets live callers be served before it: the promise must be at the head of the line. Look-ahead
        leaves those before it to the estimate, which counts them.
        """
        match queue.dial:
            case DialPolicy.AGENT_FIRST:
                return None
            case DialPolicy.CUSTOMER_FIRST:
                head = next(self._unserved(queue), None)
                return None if head is None or head.live else head
            case DialPolicy.LOOK_AHEAD:
                return next((entry for entry in self._unserved(queue) if not entry.live), None)
            case _:
                assert_never(queue.dial)

    def _unserved(self, queue: Queue) -> Iterator[Entry]:
        """The places of the queue for which nothing is being done yet, the next one first."""
        return (entry for entry in places(self._state, [queue.name]) if entry.state is EntryState.WAITING)

    def _may_dial_another(self, queue: Queue) -> bool:
        """Whether fewer customers are being dialled without an agent than agents are at work."""
        called = sum(1 for attempt in self._state.attempts.values() if attempt.agent is None)
        return called < len(self._state.at_work(queue.name))

"""Estimated wait. The interface is final; the estimator behind it is a simple honest one (issue 4 brings the better).

``Simple`` takes the ``n`` calls that must end before a place is served as memoryless services shared by the agents at
work: the wait is Erlang-distributed with mean ``n * AHT / s`` (textbook M/M/s, no abandonment), so it errs on the long
side. P80 is the gamma quantile by Wilson and Hilferty (1931).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt
from typing import Protocol

from callbackd.domain.agent import Activity
from callbackd.domain.entry import Entry
from callbackd.domain.ids import QueueName
from callbackd.domain.line import places
from callbackd.domain.state import State

_Z80 = 0.8416212335729143
"""The standard normal quantile of 0.8."""


@dataclass(frozen=True, slots=True)
class Place:
    """What an estimate needs to know of a place."""

    queue: QueueName
    ahead: int
    """Entries that the same agents will serve first."""
    free: int
    """Agents of the queue who are free now."""
    working: int
    """Agents of the queue who are at work (``State.at_work``), free ones included."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds. The wait is below ``p80_s`` with a chance of 0.8."""

    mean_s: float
    p50_s: float
    p80_s: float


@dataclass(frozen=True, slots=True)
class Handled:
    """A call was served in ``seconds``, from the ring to the end of the wrap-up."""

    queue: QueueName
    seconds: float


class Estimator(Protocol):
    def on_event(self, event: Handled) -> None:
        """Learn; must cost O(1)."""

    def estimate(self, place: Place, now: float) -> Estimate | None:
        """The wait from ``now`` for a place, None when nothing honest can be said (nobody works there)."""

    def chance(self, place: Place, within_s: float, now: float) -> float | None:
        """That the place is served within this time, 0-1; None when nothing honest can be said."""


def place_of(state: State, entry: Entry) -> Place:
    """The entry as estimators see it. Lines that share an agent with its queue count as one line."""
    serving = [id for id, settings in state.settings.agents.items() if entry.queue in settings.queues]
    shared = {queue for id in serving for queue in state.settings.agents[id].queues} | {entry.queue}
    agents = state.at_work(entry.queue)
    line = [other.id for other in places(state, shared)]
    return Place(
        entry.queue,
        ahead=line.index(entry.id) if entry.id in line else len(line),
        free=sum(1 for agent in agents if agent.activity is Activity.IDLE),
        working=len(agents),
    )


class Simple:
    """AHT forgotten exponentially over ``memory`` calls, starting from the configured one worth ``prior`` calls."""

    def __init__(self, expected_handle_s: dict[QueueName, float], prior: int = 10, memory: int = 120) -> None:
        self._aht_s = dict(expected_handle_s)
        self._seen = dict.fromkeys(expected_handle_s, prior)
        self._memory = memory

    def on_event(self, event: Handled) -> None:
        seen = min(self._seen[event.queue] + 1, self._memory)
        self._seen[event.queue] = seen
        self._aht_s[event.queue] += (event.seconds - self._aht_s[event.queue]) / seen

    def estimate(self, place: Place, now: float) -> Estimate | None:  # noqa: ARG002 - a better one needs the time
        if place.working == 0:
            return None
        ends_needed = place.ahead + 1 - place.free
        if ends_needed <= 0:
            return Estimate(0.0, 0.0, 0.0)
        mean_s = ends_needed * self._aht_s[place.queue] / place.working
        return Estimate(mean_s, _gamma(mean_s, ends_needed, 0.0), _gamma(mean_s, ends_needed, _Z80))

    def chance(self, place: Place, within_s: float, now: float) -> float | None:  # noqa: ARG002 - as above
        if place.working == 0:
            return None
        ends_needed = place.ahead + 1 - place.free
        if ends_needed <= 0:
            return 1.0
        return _erlang_cdf(within_s * place.working / self._aht_s[place.queue], ends_needed)


def _erlang_cdf(x: float, shape: int) -> float:
    """The chance that ``shape`` memoryless services of mean 1 end within ``x`` (1 - a Poisson tail)."""
    term = total = exp(-x)
    for k in range(1, shape):
        term *= x / k
        total += term
    return 1 - total


def _gamma(mean: float, shape: float, z: float) -> float:
    """The quantile at normal deviate ``z`` of a gamma distribution, by the cube-root approximation."""
    ninth = 1 / (9 * shape)
    return mean * max(0.0, 1 - ninth + z * sqrt(ninth)) ** 3

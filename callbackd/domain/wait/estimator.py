"""Estimated wait: what an estimator is asked, what it answers, and what it may learn from.

When agents come and go is known where there is a roster (``Place.plan``), and else learned from what they did before.

Another is plugged in by its class: ``Acd(settings, mint, estimator)`` takes anything that is an ``Estimator``.
The one in use is ``recursive.Recursive``; ``simulate.predictors`` has others, to compare with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import inf
from typing import Any, NamedTuple, Protocol, overload

from callbackd.domain.ids import AgentId, QueueName

Rank = tuple[int, int]
"""Priority of the queue and of the place, as lines are sorted by them; the higher one is served first."""


class Ahead(NamedTuple):
    """A place that will be served before the place in question."""

    since: float
    """When it came into the line."""
    live: bool
    """Whether somebody is on the line and may hang up; a promise does not."""
    share: float = 1.0
    """The chance that it takes an agent who could be given the place: another queue's has agents of its own too."""
    queue: QueueName | None = None
    """Whose call it is; None: of the place's own queue."""


class Beginning(Sequence[Ahead]):
    """The first places of a line, which all its places share: no place has a copy."""

    __slots__ = ("_count", "_line")

    def __init__(self, line: Sequence[Ahead], count: int) -> None:
        self._line, self._count = line, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Ahead]:
        return islice(self._line, self._count)

    @overload
    def __getitem__(self, at: int) -> Ahead: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Ahead]: ...
    def __getitem__(self, at: int | slice) -> Ahead | Sequence[Ahead]:
        if isinstance(at, slice):
            return [self._line[n] for n in range(*at.indices(self._count))]
        return self._line[range(self._count)[at]]


class Busy(NamedTuple):
    """An agent who will take work again after the call in hand."""

    age_s: float = 0.0
    """Seconds since the call was given to the agent, ringing included."""
    least_s: float = 0.0
    """The seconds that it will last at least: wrap-up follows the talk."""
    ends_s: float | None = None
    """The seconds until it is over, if known: the agent is in a timed wrap-up, or free and may not be given the place
    before it has waited longer.
    """
    able_s: float = 0.0
    """The place must have waited this much longer before the agent may be given it, whatever is in hand."""
    queue: QueueName | None = None
    """Whose call is in hand; None: of the place's own queue."""
    agent: AgentId | None = None
    leaves_s: float = inf
    """In how many seconds the agent goes, and takes no work any more; infinity: not known."""


@dataclass(frozen=True, slots=True)
class Place:
    """What an estimate needs to know of a place; building the first of a line costs O(agents + places)."""

    queue: QueueName
    ahead: Sequence[Ahead] = ()
    """The places ahead, in the order in which they will be served, without those that have an agent rung or
    reserved."""
    free: int = 0
    """How many agents could be given the place now."""
    busy: tuple[Busy, ...] = ()
    paused: int = 0
    """How many agents are logged in but take no work now, and nobody knows for how long."""
    plan: tuple[tuple[float, int], ...] = ()
    """(in how many seconds, by how many the agents at work will change): who is known to come and go, in order."""
    rank: Rank = (0, 0)
    lines: tuple[tuple[QueueName, float], ...] = ()
    """The queues that the same agents serve, this one included, each with its ``Ahead.share``."""
    waited_s: float = 0.0
    """How long the place has been in the line."""
    served: bool = False
    """Whether its turn has come: an agent is being rung or reserved for it, or is talking."""
    back_s: tuple[float, ...] = ()
    """In how many seconds each promise that pauses after a failed attempt will be ahead of this place again."""

    computed: dict[object, Any] | None = field(default=None, compare=False, repr=False)
    """Where estimators may keep what they have computed for the line; places of it asked about together share it.

    They differ in ``ahead`` alone, each a beginning of the same line, and in what is told of the place itself.
    """

    @property
    def working(self) -> int:
        return self.free + len(self.busy)

    @property
    def comes_s(self) -> float:
        """In how many seconds the first agent comes who is known to come; infinity: nobody is."""
        return next((in_s for in_s, change in self.plan if change > 0), inf)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds. The wait is below ``p80_s`` with a chance of 0.8."""

    mean_s: float
    p50_s: float
    p80_s: float
    model_s: float | None = None
    """The mean before it was corrected by what came of earlier ones; None when nothing is corrected."""
    bound_s: float | None = None
    """What callers are told, rounded up to minutes; four in five of them wait no longer. None: the P80."""
    to_tell: bool = True
    """Whether callers may hear it. False when everybody is paused: then it is only good enough to decide by."""


# --- what may be learned from -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Handled:
    """A call was served in ``seconds``, from the ring to the end of the wrap-up."""

    queue: QueueName
    seconds: float
    agent: AgentId | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody came into the line at this rank."""

    queue: QueueName
    rank: Rank


@dataclass(frozen=True, slots=True)
class Held:
    """A caller was on the line for this long, and then hung up, or was connected, or neither (a promise took over)."""

    queue: QueueName
    waited_s: float
    hung_up: bool = False
    connected: bool = False


@dataclass(frozen=True, slots=True)
class Worked:
    """An agent was at work, or paused, for this long; ``changed`` if they then changed to the other of the two."""

    paused: bool
    seconds: float
    changed: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """A customer was dialled; ``after_s`` until the answer, None when there was none; ``rang_s`` in all."""

    trunk: str
    after_s: float | None
    rang_s: float
    picked_s: float | None = None
    """Until somebody picked up, key or not; None when nobody did."""


@dataclass(frozen=True, slots=True)
class TurnCame:
    """The turn of a place came ``waited_s`` after this estimate of it, or would have come if its holder had stayed."""

    queue: QueueName
    estimate: Estimate
    waited_s: float
    apart: bool = True
    """It was made some time after the last one of its queue that was so: those in between saw the same line."""


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who was told a wait of less than ``said_s`` waited ``waited_s`` from then on, or would have."""

    queue: QueueName
    said_s: float
    waited_s: float


Learnable = Handled | Joined | Held | Worked | Reached | TurnCame | Told
Memory = Mapping[str, Any]
"""What JSON can hold."""


class Estimator(Protocol):
    """Deterministic: the same events and questions at the same times give the same answers."""

    judged: bool
    """Whether it is asked about everybody who comes, because its answers are scored; else as often as it learns."""

    def on_event(self, event: Learnable, now: float) -> None:
        """Learn; must cost O(1)."""

    def estimate(self, place: Place, now: float) -> Estimate | None:
        """The wait from ``now`` for a place; None when there is no honest estimate (nobody works there)."""

    def chance(self, place: Place, within_s: float, now: float) -> float | None:
        """The chance, 0-1, that an agent is free for the place within this time if all those ahead stay; None as
        above."""

    def answer_times(self, trunk: str) -> tuple[tuple[float, float], ...]:
        """How long customers behind this trunk take to answer, at least: (seconds, share); the shares add up to 1."""

    def picks_up_s(self, trunk: str) -> float:
        """The seconds within which nearly all customers behind this trunk who pick up do so; infinity: unknown."""

    def memories(self) -> Mapping[str, Memory]:
        """Everything that was learned, by subject, to be stored."""

    def recall(self, subject: str, memory: Memory) -> None:
        """Take up what an earlier run had learned. A memory that does not fit is ignored: it is only experience."""

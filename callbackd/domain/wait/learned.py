"""What experience teaches: each kind in O(1) memory and O(1) time per event, from a prior that holds until there is
any.

Constants and their effect are in spec/estimates.md: changing any single one moved the errors by 1.5 % at most, so none
is a setting. Everything here is stored and taken up again by ``memory`` and ``recall``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from itertools import accumulate, pairwise
from math import exp, inf, log, sqrt
from typing import Any

from callbackd.domain.ids import AgentId
from callbackd.domain.wait.estimator import Memory, Rank

DAY_S = 86400.0


class Learned:
    """A dataclass of numbers and lists of numbers."""

    def memory(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.init}  # type: ignore[arg-type]

    def recall(self, memory: Memory) -> None:
        """Take up what ``memory`` returned. Raises ``ValueError`` for anything else."""
        known = self.memory()
        if memory.keys() != known.keys() or not all(_alike(known[name], memory[name]) for name in known):
            raise ValueError(f"not a memory of {type(self).__name__}")
        for name, value in memory.items():
            setattr(self, name, value)


def _alike(mine: Any, theirs: Any) -> bool:
    """Whether it can take the place of mine; divisors are above 0 from the start and must stay so."""
    if isinstance(mine, list):
        return isinstance(theirs, list) and len(mine) == len(theirs) and all(map(_alike, mine, theirs))
    return _number(theirs) and (theirs > 0 or mine == 0)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < inf


@dataclass(slots=True)
class HandleTimes(Learned):
    """Mean and variation of handle times, forgotten over ``_LEAST`` calls or ``_TIME_S``, whichever is more calls.

    A hundred agents take 120 calls in a few minutes: over so few the mean would swing, and all its waits with it.
    """

    mean: float
    """Seconds; at first the configured one, worth ``_PRIOR`` calls."""
    variance: float = -1.0
    """Of the seconds; negative before there is any, then it follows from the prior."""
    seen: float = 10.0
    learned_at: float = 0.0

    _LEAST = 120.0
    _TIME_S = 3600.0
    _PRIOR_CV = 0.9

    def __post_init__(self) -> None:
        if self.variance < 0:
            self.variance = (self._PRIOR_CV * self.mean) ** 2

    def learn(self, seconds: float, now: float) -> None:
        kept = self.seen * exp(-max(0.0, now - self.learned_at) / self._TIME_S)
        self.seen, self.learned_at = max(min(self.seen, self._LEAST - 1), kept) + 1, now
        off = max(1.0, seconds) - self.mean
        self.mean += off / self.seen
        self.variance += (off * (seconds - self.mean) - self.variance) / self.seen

    def recall(self, memory: Memory) -> None:
        """Take up also what was stored before there was a ``learned_at``."""
        Learned.recall(self, {"learned_at": 0.0, **memory})

    @property
    def cv(self) -> float:
        return min(1.6, max(0.3, sqrt(self.variance) / max(self.mean, 1.0)))


@dataclass(slots=True)
class Paces(Learned):
    """How long each agent takes for calls, as a share of what they take on average; 1 until there is proof."""

    shares: dict[str, list[float]] = field(default_factory=dict)
    """By agent: the mean share, and how many calls it is of, the prior's included."""

    _PRIOR = 30.0
    _MEMORY = 300.0

    def learn(self, agent: AgentId, share: float) -> None:
        mean, seen = self.shares.get(agent, (1.0, self._PRIOR))
        seen = min(seen + 1, self._MEMORY)
        self.shares[agent] = [mean + (share - mean) / seen, seen]

    def of(self, agent: AgentId | None) -> float:
        share = self.shares.get(agent) if agent else None
        return min(2.0, max(0.5, share[0])) if share else 1.0

    def recall(self, memory: Memory) -> None:
        shares = memory.get("shares")
        if not isinstance(shares, dict) or not all(_alike([1.0, 1.0], share) for share in shares.values()):
            raise ValueError("not a memory of Paces")
        self.shares = dict(shares)


_AGES_S = (0, 10, 20, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 3600)
_BINS = len(_AGES_S)


@dataclass(slots=True)
class Patience(Learned):
    """The hazard of hanging up by the time waited, piecewise constant; 5 % of the experience is forgotten a day."""

    hung_up: list[float] = field(default_factory=lambda: [0.5] * _BINS)
    """By age: at first half an event in each bin, at one per 600 s."""
    waited_s: list[float] = field(default_factory=lambda: [300.0] * _BINS)
    forgotten_at: float = 0.0
    _cumulated: list[tuple[float, float, float]] = field(default_factory=list, init=False, repr=False)
    """By age: where it begins, the hazard there, and all of it before; empty until it is asked for again."""

    def learn(self, waited_s: float, hung_up: bool, now: float) -> None:
        self._cumulated.clear()
        self._forget(now)
        for n, (start, end) in enumerate(_bins()):
            if waited_s < end or end == inf:
                self.waited_s[n] += waited_s - start
                self.hung_up[n] += hung_up
                return
            self.waited_s[n] += end - start

    def recall(self, memory: Memory) -> None:
        self._cumulated.clear()
        Learned.recall(self, memory)

    def _forget(self, now: float) -> None:
        days = (now - self.forgotten_at) / DAY_S
        if self.forgotten_at and days > 0.01:
            keep = exp(log(0.95) * days)
            self.hung_up = [0.5 + (n - 0.5) * keep for n in self.hung_up]
            self.waited_s = [300.0 + (s - 300.0) * keep for s in self.waited_s]
        if not self.forgotten_at or days > 0.01:
            self.forgotten_at = now

    def stays(self, waited_s: float, longer_s: float) -> float:
        """The chance that somebody who has waited for ``waited_s`` waits for ``longer_s`` more."""
        # Asked once for every place of a line, so nothing is called for it but what must be.
        cumulated, then_s = self._cumulated or self._cumulate(), waited_s + longer_s
        start_s, rate, before = cumulated[bisect_right(_AGES_S, waited_s) - 1]
        start_then_s, rate_then, before_then = cumulated[bisect_right(_AGES_S, then_s) - 1]
        return exp(before + rate * (waited_s - start_s) - (before_then + rate_then * (then_s - start_then_s)))

    def _cumulate(self) -> list[tuple[float, float, float]]:
        before = 0.0
        for n, (start, end) in enumerate(_bins()):
            rate = self.hung_up[n] / self.waited_s[n]
            self._cumulated.append((start, rate, before))
            before += rate * (end - start)
        return self._cumulated


def _bins() -> Iterator[tuple[float, float]]:
    return pairwise((*_AGES_S, inf))


@dataclass(slots=True)
class Pauses(Learned):
    """How often those at work pause, and those who pause come back; a prior of one pause per 80 min, 10 min long."""

    pauses: float = 2.0
    worked_s: float = 2 * 4800.0
    returns: float = 2.0
    paused_s: float = 2 * 600.0

    _MEMORY = 200.0
    """Changes after which older ones begin to fade."""

    def learn(self, paused: bool, seconds: float, changed: bool) -> None:
        if paused:
            keep = self._keep(self.returns)
            self.returns, self.paused_s = keep * self.returns + changed, keep * self.paused_s + seconds
        else:
            keep = self._keep(self.pauses)
            self.pauses, self.worked_s = keep * self.pauses + changed, keep * self.worked_s + seconds

    def _keep(self, events: float) -> float:
        return min(1.0, self._MEMORY / events)

    @property
    def pause_rate(self) -> float:
        """The rate of pauses per second and agent at work."""
        return self.pauses / self.worked_s

    @property
    def return_rate(self) -> float:
        """The rate of returns per second and paused agent."""
        return self.returns / self.paused_s


@dataclass(slots=True)
class Joins(Learned):
    """How many come into the line at each rank, as a rate with a half-life of 30 minutes."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    """By rank, as text: the rate per second when it was last looked at, and when that was."""

    _TIME_S = 1800.0 / log(2)

    def learn(self, rank: Rank, now: float) -> None:
        self.rates[_text(rank)] = [self._rate(rank, now) + 1 / self._TIME_S, now]

    def above(self, rank: Rank, now: float) -> float:
        """How many join per second at ranks that are served before this one."""
        ranks = (_rank(text) for text in self.rates)
        return sum(self._rate(other, now) for other in ranks if other > rank)

    def _rate(self, rank: Rank, now: float) -> float:
        rate, at = self.rates.get(_text(rank), (0.0, now))
        return float(rate * exp(-max(0.0, now - at) / self._TIME_S))

    def recall(self, memory: Memory) -> None:
        rates = memory.get("rates")
        if not isinstance(rates, dict) or not all(_alike([0.0, 0.0], rate) for rate in rates.values()):
            raise ValueError("not a memory of Joins")
        self.rates = {_text(_rank(text)): rate for text, rate in rates.items()}


def _text(rank: Rank) -> str:
    return f"{rank[0]},{rank[1]}"


def _rank(text: str) -> Rank:
    of_queue, own = text.split(",")
    return int(of_queue), int(own)


_PICKED_S = tuple(2.0 * n for n in range(1, 31))
_ANSWERS_S = (2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 45.0)


@dataclass(slots=True)
class Answers(Learned):
    """How long customers behind a trunk take to answer, how many do, and how long it rings."""

    typical_s: float
    """The configured delay: the middle of the prior, which is worth ten calls."""
    within: list[float] = field(default_factory=lambda: [0.0] * (len(_ANSWERS_S) + 1))
    """Answers by delay, up to each of ``_ANSWERS_S``, the rest last."""
    picked: list[float] = field(default_factory=lambda: [0.0] * len(_PICKED_S))
    """How many picked up, key or not, by when: up to each of ``_PICKED_S``."""
    unanswered: float = 3.0
    rang_s: float = -1.0
    """Mean, answered or not."""

    _PRIOR = 10.0
    _MEMORY = 300.0
    _HARDLY = 0.01
    _PICKED_LEAST = 20.0

    def __post_init__(self) -> None:
        if self.rang_s < 0:
            self.rang_s = self.typical_s
            for n, (delay_s, share) in enumerate(_spread(self.typical_s)):
                self.within[n] = self._PRIOR * share if delay_s else 0.0

    def pick_up(self, picked_s: float) -> None:
        keep = min(1.0, self._MEMORY / max(1.0, sum(self.picked)))
        self.picked = [n * keep for n in self.picked]
        self.picked[min(int(picked_s / 2.0), len(_PICKED_S) - 1)] += 1

    @property
    def picks_up_s(self) -> float:
        """Within which all but ``_HARDLY`` pick up; infinity while too few have."""
        total = sum(self.picked)
        if total < self._PICKED_LEAST:
            return inf
        later = accumulate(reversed(self.picked))
        return next((upto_s for upto_s, n in zip(reversed(_PICKED_S), later, strict=True) if n > self._HARDLY * total))

    def learn(self, after_s: float | None, rang_s: float) -> None:
        seen = sum(self.within) + self.unanswered
        keep = min(1.0, self._MEMORY / seen)
        self.within = [n * keep for n in self.within]
        self.unanswered *= keep
        self.rang_s += (rang_s - self.rang_s) / (min(seen, self._MEMORY) + 1)
        if after_s is None:
            self.unanswered += 1
        else:
            self.within[_bin(after_s)] += 1

    def recall(self, memory: Memory) -> None:
        memory = {"picked": self.picked, **memory}
        within, picked = memory.get("within"), memory["picked"]
        if not isinstance(picked, list) or len(picked) != len(self.picked) or not all(map(_number, picked)):
            raise ValueError("not a memory of Answers")
        if not isinstance(within, list) or len(within) != len(self.within) or not all(map(_number, within)):
            raise ValueError("not a memory of Answers")
        Learned.recall(self, {**memory, "within": self.within, "picked": self.picked, "typical_s": self.typical_s})
        self.picked = picked
        self.within = within if sum(within) > 0 else self.within

    @property
    def share(self) -> float:
        """The share of dials that are answered."""
        answered = sum(self.within)
        return answered / (answered + self.unanswered)

    def times(self) -> tuple[tuple[float, float], ...]:
        """Delay and share of the answers; each bin by its beginning: it is quick customers who find nobody."""
        answered = sum(self.within)
        return tuple((begin, n / answered) for begin, n in zip((0.0, *_ANSWERS_S), self.within, strict=True) if n)


def _bin(after_s: float) -> int:
    return next((n for n, upto_s in enumerate(_ANSWERS_S) if after_s <= upto_s), len(_ANSWERS_S))


def _middles() -> list[float]:
    edges = (0.0, *_ANSWERS_S)
    return [*((a + b) / 2 for a, b in pairwise(edges)), 2 * _ANSWERS_S[-1] - _ANSWERS_S[-2]]


def _spread(typical_s: float) -> list[tuple[float, float]]:
    """A triangle from half to one and a half of the typical delay."""
    weights = [max(0.0, 1 - abs(middle - typical_s) / (typical_s / 2)) for middle in _middles()]
    if not any(weights):
        weights[_bin(typical_s)] = 1.0
    total = sum(weights)
    return [(middle, weight / total) for middle, weight in zip(_middles(), weights, strict=True)]


@dataclass(slots=True)
class Calibration(Learned):
    """What came of earlier estimates: by what the model's mean is off, and how wide its P80 must be."""

    came_s: float = 0.0
    said_s: float = 0.0
    seen: float = 0.0
    widen: float = 1.0
    """A factor for the P80 of the corrected mean."""
    told: float = 1.0
    """A factor for the P80 that callers are told: rounding up makes it longer, repeating it only when it is better
    makes it shorter.
    """
    told_seen: float = 0.0

    _MEMORY = 300.0
    _PRIOR = 60.0
    _STEP = 0.01

    def learn(self, model_s: float, p80_s: float, came_s: float) -> None:
        keep = 1 - 1 / self._MEMORY
        self.came_s, self.said_s = keep * self.came_s + came_s, keep * self.said_s + model_s
        self.seen = keep * self.seen + 1
        missed = 1.0 if came_s > p80_s else 0.0
        self.widen = min(2.0, max(0.7, self.widen * (1 + self._STEP * (missed - 0.2))))

    def learn_told(self, said_s: float, came_s: float) -> None:
        missed = 1.0 if came_s > said_s else 0.0
        self.told_seen = min(self.told_seen + 1, self._MEMORY)
        step = max(self._STEP, 1 / (10 + self.told_seen))
        self.told = min(2.0, max(0.5, self.told * (1 + step * (missed - 0.2))))

    def recall(self, memory: Memory) -> None:
        """Take up also what was stored before there was a ``told``."""
        Learned.recall(self, {"told": 1.0, "told_seen": 0.0, **memory})

    @property
    def ratio(self) -> float:
        """The factor by which the model's mean is multiplied."""
        if not self.said_s:
            return 1.0
        prior_s = self._PRIOR * self.said_s / self.seen
        return min(1.8, max(0.6, (self.came_s + prior_s) / (self.said_s + prior_s)))

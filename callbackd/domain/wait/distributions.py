"""The arithmetic of waiting: distributions and the first end among calls in hand. Times in seconds.

Sources: handle times are log-normal (Brown et al., 2005); the quantile of a gamma distribution is Wilson and Hilferty's
(1931); how the parts are put together is in spec/estimates.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import erfc, exp, inf, log, sqrt

Z80 = 0.8416212335729143
"""The standard normal quantile of 0.8."""

_GRID = tuple(0.01 * 1.2**n for n in range(40))
"""Points of the integral over the time to the first end, in mean handle times: 1 % to some twelve of them."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and variance of a duration."""

    mean: float = 0.0
    variance: float = 0.0

    def __add__(self, other: Moments) -> Moments:
        """The moments of the sum of independent durations."""
        return Moments(self.mean + other.mean, self.variance + other.variance)

    def quantile(self, z: float) -> float:
        """The quantile of the gamma distribution with these moments, at the normal deviate ``z``; 0 if it is surely
        0."""
        if self.mean <= 0 or self.variance <= 0:
            return max(0.0, self.mean)
        ninth = self.variance / (9 * self.mean * self.mean)
        return self.mean * max(0.0, 1 - ninth + z * sqrt(ninth)) ** 3


@dataclass(frozen=True, slots=True)
class HandleTime:
    """A log-normal handle time."""

    mean: float
    cv: float
    """Ratio of standard deviation to mean."""

    def outlasts(self, age: float) -> Callable[[float], float]:
        """The chance that a call of this age lasts at least a given time longer."""
        sigma2 = log(1 + self.cv * self.cv)
        mu, scale = log(self.mean) - sigma2 / 2, sqrt(2 * sigma2)
        so_far = _beyond(age, mu, scale)

        def still(seconds: float) -> float:
            if seconds <= 0:
                return 1.0
            # A call older than any that the distribution knows ends like a memoryless one.
            return _beyond(age + seconds, mu, scale) / so_far if so_far > 1e-9 else exp(-seconds / self.mean)

        return still


def _beyond(seconds: float, mu: float, scale: float) -> float:
    return 1.0 if seconds <= 0 else 0.5 * erfc((log(seconds) - mu) / scale)


def first_end(still: Sequence[Callable[[float], float]], certain: float, scale: float) -> Moments:
    """The time until the first of several ends, none of them later than ``certain`` (infinity when nothing is).

    ``still`` gives for each the chance that it has not ended after a time; ``scale`` is the mean of a handle time.
    """
    points = [0.0, *(scale * point for point in _GRID if scale * point < certain)]
    if certain < inf:
        points.append(certain)
    none_yet = [_product(still, at) for at in points]
    mean = second = 0.0
    for (t0, p0), (t1, p1) in pairwise(zip(points, none_yet, strict=True)):
        between = (p0 + p1) / 2
        mean += between * (t1 - t0)
        second += between * (t1 * t1 - t0 * t0)
    return Moments(mean, max(0.0, second - mean * mean))


def _product(still: Sequence[Callable[[float], float]], at: float) -> float:
    chance = 1.0
    for one in still:
        chance *= one(at)
    return chance


_NEVER = log(1e-12)


def _out_of_reach(expected: float, wanted: int) -> bool:
    """Whether Chernoff's bound rules out that this many happen."""
    if expected >= wanted:
        return False
    return expected <= 0 or wanted - expected - wanted * log(wanted / expected) < _NEVER


def at_least(chances: Sequence[float], wanted: int) -> float:
    """The chance that at least ``wanted`` of these independent things happen: the Poisson-binomial tail."""
    if wanted <= 0:
        return 1.0
    if wanted > len(chances) or _out_of_reach(sum(chances), wanted):
        return 0.0
    exactly = [1.0] + [0.0] * (wanted - 1)  # this many have happened; what reaches ``wanted`` falls out at the end
    for chance in chances:
        for n in range(wanted - 1, 0, -1):
            exactly[n] += chance * (exactly[n - 1] - exactly[n])
        exactly[0] *= 1 - chance
    return 1 - sum(exactly)

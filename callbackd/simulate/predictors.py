"""Other estimators to compare with the one in use: from textbooks and from other products."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, inf

from callbackd.domain.ids import QueueName
from callbackd.domain.wait.distributions import Z80, Moments
from callbackd.domain.wait.estimator import Estimate, Handled, Held, Learnable, Memory, Place


class Plain:
    """Learns nothing that outlives a restart, and assumes that every customer answers after the same time."""

    judged = False

    def __init__(self, expected_handle_s: Mapping[QueueName, float], answer_s: float = 12.0) -> None:
        self._expected_s = dict(expected_handle_s)
        self._answer_s = answer_s

    def on_event(self, event: Learnable, now: float) -> None:
        """Learn nothing."""

    def answer_times(self, trunk: str) -> tuple[tuple[float, float], ...]:  # noqa: ARG002 - all are alike
        return ((self._answer_s, 1.0),)

    def picks_up_s(self, trunk: str) -> float:  # noqa: ARG002 - nobody is given up
        return inf

    def memories(self) -> Mapping[str, Memory]:
        return {}

    def recall(self, subject: str, memory: Memory) -> None:
        """Take up nothing."""

    def chance(self, place: Place, within_s: float, now: float) -> float | None:  # noqa: ARG002 - see ``Estimator``
        return None


class QueueLength(Plain):
    """Counts the calls that must end before a place is served, as memoryless services of the agents at work (M/M/s).

    The wait is Erlang-distributed with mean ``n * AHT / s``. It ignores abandonment, so it errs on the long side. The
    AHT is an exponential mean over 120 calls, which starts with the configured value at the weight of 10 calls.
    """

    def __init__(self, expected_handle_s: Mapping[QueueName, float], answer_s: float = 12.0) -> None:
        super().__init__(expected_handle_s, answer_s)
        self._seen = dict.fromkeys(expected_handle_s, 10)

    def on_event(self, event: Learnable, now: float) -> None:  # noqa: ARG002 - see ``Estimator``
        if isinstance(event, Handled):
            self._seen[event.queue] = seen = min(self._seen[event.queue] + 1, 120)
            self._expected_s[event.queue] += (event.seconds - self._expected_s[event.queue]) / seen

    def estimate(self, place: Place, now: float) -> Estimate | None:  # noqa: ARG002 - see ``Estimator``
        ends = self._ends(place)
        if ends is None or ends <= 0:
            return None if ends is None else Estimate(0.0, 0.0, 0.0)
        mean_s = ends * self._expected_s[place.queue] / place.working
        wait = Moments(mean_s, mean_s * mean_s / ends)
        return Estimate(mean_s, wait.quantile(0.0), wait.quantile(Z80))

    def chance(self, place: Place, within_s: float, now: float) -> float | None:  # noqa: ARG002 - see ``Estimator``
        ends = self._ends(place)
        if ends is None or ends <= 0:
            return None if ends is None else 1.0
        return _erlang_cdf(within_s * place.working / self._expected_s[place.queue], ends)

    def _ends(self, place: Place) -> int | None:
        return len(place.ahead) + 1 - place.free if place.working else None


def _erlang_cdf(x: float, shape: int) -> float:
    """The chance that ``shape`` memoryless services of mean 1 end within ``x`` (1 - a Poisson tail)."""
    term = total = exp(-x)
    for k in range(1, shape):
        term *= x / k
        total += term
    return 1 - total


class AppQueue(Plain):
    """Asterisk's ``app_queue``: a running mean of the waits of those served, whatever the position; each weighs a
    quarter."""

    def __init__(self, expected_handle_s: Mapping[QueueName, float], answer_s: float = 12.0) -> None:
        super().__init__(expected_handle_s, answer_s)
        self._hold_s = dict.fromkeys(expected_handle_s, 0.0)

    def on_event(self, event: Learnable, now: float) -> None:  # noqa: ARG002 - see ``Estimator``
        if isinstance(event, Held) and event.connected:
            self._hold_s[event.queue] = (3 * self._hold_s[event.queue] + event.waited_s) / 4

    def estimate(self, place: Place, now: float) -> Estimate | None:  # noqa: ARG002 - see ``Estimator``
        hold_s = abs(
            self._hold_s[place.queue] - place.waited_s
        )  # indeed: callers who have waited longer than the mean hear growing waits
        return Estimate(hold_s, hold_s, hold_s)


class LastServed(Plain):
    """The wait of the last one to enter service (LES; Ibrahim and Whitt 2009), as heavy traffic would repeat it."""

    def __init__(self, expected_handle_s: Mapping[QueueName, float], answer_s: float = 12.0) -> None:
        super().__init__(expected_handle_s, answer_s)
        self._last_s = dict.fromkeys(expected_handle_s, 0.0)

    def on_event(self, event: Learnable, now: float) -> None:  # noqa: ARG002 - see ``Estimator``
        if isinstance(event, Held) and event.connected:
            self._last_s[event.queue] = event.waited_s

    def estimate(self, place: Place, now: float) -> Estimate | None:  # noqa: ARG002 - see ``Estimator``
        last_s = max(0.0, self._last_s[place.queue] - place.waited_s)
        return Estimate(last_s, last_s, last_s)

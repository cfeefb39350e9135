"""Compares estimators with what happened, all of them on the same paths.

A ``Panel`` is plugged in as the estimator of a day. It answers with its first estimator, asks the others the same
questions, and scores all of them when the turn comes; for callers who hung up, when it would have come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import sqrt

from callbackd.domain.ids import QueueName
from callbackd.domain.wait.estimator import Estimate, Estimator, Learnable, Memory, Place, TurnCame


@dataclass(slots=True)
class Score:
    """Seconds, over ``n`` waits; an error is the wait less the estimate."""

    n: int = 0
    waited: float = 0.0
    absolute: float = 0.0
    squared: float = 0.0
    error: float = 0.0
    within: int = 0
    pinball: float = 0.0

    def add(self, said: Estimate, waited_s: float) -> None:
        error, beyond = waited_s - said.mean_s, waited_s - said.p80_s
        self.n += 1
        self.waited += waited_s
        self.absolute += abs(error)
        self.squared += error * error
        self.error += error
        self.within += beyond <= 0
        self.pinball += 0.8 * beyond if beyond > 0 else -0.2 * beyond

    def join(self, other: Score) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def mae(self) -> float:
        return self.absolute / max(1, self.n)

    @property
    def rmse(self) -> float:
        return sqrt(self.squared / max(1, self.n))

    @property
    def bias(self) -> float:
        """The mean error: positive when callers waited longer than estimated."""
        return self.error / max(1, self.n)

    @property
    def coverage(self) -> float:
        """The share of waits within the estimated P80."""
        return self.within / max(1, self.n)

    @property
    def loss(self) -> float:
        """Pinball loss at 0.8: the cost of a P80 that is too low or too high."""
        return self.pinball / max(1, self.n)


class Panel:
    """An ``Estimator`` made of several, by name; the first one's answers are used."""

    judged = True

    def __init__(self, estimators: Mapping[str, Estimator]) -> None:
        self._estimators = dict(estimators)
        self._first = next(iter(self._estimators.values()))
        self._asked: dict[int, tuple[Estimate, dict[str, Estimate]]] = {}
        """All estimators' answers, by the identity of the first one's answer."""
        self.scores = {name: Score() for name in estimators}
        self.of_queue: dict[QueueName, Score] = {}
        """Of the first."""

    def estimate(self, place: Place, now: float) -> Estimate | None:
        answers = {name: answer for name, one in self._estimators.items() if (answer := one.estimate(place, now))}
        said = answers.get(next(iter(self._estimators)))
        if said and said.mean_s > 0 and len(answers) == len(self._estimators):
            self._asked[id(said)] = (said, answers)
        return said

    def on_event(self, event: Learnable, now: float) -> None:
        if not isinstance(event, TurnCame):
            for estimator in self._estimators.values():
                estimator.on_event(event, now)
            return
        _, answers = self._asked.pop(id(event.estimate), (None, {}))
        for name, said in answers.items():
            self.scores[name].add(said, event.waited_s)
            if self._estimators[name] is self._first:
                self.of_queue.setdefault(event.queue, Score()).add(said, event.waited_s)
            self._estimators[name].on_event(replace(event, estimate=said), now)

    def chance(self, place: Place, within_s: float, now: float) -> float | None:
        return self._first.chance(place, within_s, now)

    def answer_times(self, trunk: str) -> tuple[tuple[float, float], ...]:
        return self._first.answer_times(trunk)

    def picks_up_s(self, trunk: str) -> float:
        return self._first.picks_up_s(trunk)

    def memories(self) -> Mapping[str, Memory]:
        return self._first.memories()

    def recall(self, subject: str, memory: Memory) -> None:
        self._first.recall(subject, memory)


def table(scores: Mapping[str, Score]) -> list[str]:
    """The scores as lines of text."""
    lines = [f"{'estimator':16} {'waits':>6} {'mean':>6} {'MAE':>6} {'RMSE':>6} {'bias':>7} {'in P80':>7} {'loss':>6}"]
    lines += [
        f"{name:16} {s.n:6} {s.waited / max(1, s.n):6.0f} {s.mae:6.0f} {s.rmse:6.0f} {s.bias:+7.0f} {s.coverage:7.0%}"
        f" {s.loss:6.1f}"
        for name, s in scores.items()
    ]
    return lines

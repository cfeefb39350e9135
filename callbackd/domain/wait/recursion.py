"""The estimator in use: the recursion of spec/estimates.md, the best of those compared there.

    W(place) = T1 + sum over the places ahead of (chance that it is still there when its turn comes) x AHT / s(t)

``T1`` is the time to the first end among the calls in hand, ``s(t)`` the number of agents at work after pauses and
returns. Mean and variance go through the recursion together; the quantiles are those of a gamma distribution, corrected
by what came of earlier estimates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import exp, inf

from callbackd.domain.ids import QueueName
from callbackd.domain.wait.distributions import Z80, HandleTime, Moments, at_least, first_end
from callbackd.domain.wait.estimator import (
    Busy,
    Estimate,
    Handled,
    Held,
    Joined,
    Learnable,
    Memory,
    Place,
    Reached,
    Told,
    TurnCame,
    Worked,
)
from callbackd.domain.wait.learned import Answers, Calibration, HandleTimes, Joins, Learned, Paces, Patience, Pauses

_MANY = 12
"""With more busy agents than this, the first end counts as memoryless."""
_LEAST_WORKING = 0.25
"""However many pause, work goes on as if this much of an agent were there."""
_LATE_S = 60.0
"""Agents come this much earlier or later than planned."""
_LEAST_ROOM = 0.3
"""However many overtake, a place moves at this share of the speed at which places are served."""


class Recursive:
    judged = False

    def __init__(self, expected_handle_s: Mapping[QueueName, float], answer_s: float) -> None:
        """``answer_s``: how long customers take to answer before any has been dialled."""
        self._answer_s = answer_s
        self._handling = {queue: HandleTimes(mean_s) for queue, mean_s in expected_handle_s.items()}
        self._patience = {queue: Patience() for queue in expected_handle_s}
        self._joins = {queue: Joins() for queue in expected_handle_s}
        self._calibration = {queue: Calibration() for queue in expected_handle_s}
        self._pauses = Pauses()
        self._paces = Paces()
        self._answers: dict[str, Answers] = {}

    # --- learning -------------------------------------------------------------------------------------------------

    def on_event(self, event: Learnable, now: float) -> None:
        match event:
            case Handled():
                if event.agent:
                    self._paces.learn(event.agent, event.seconds / self._handling[event.queue].mean)
                self._handling[event.queue].learn(event.seconds, now)
            case Joined():
                self._joins[event.queue].learn(event.rank, now)
            case Held():
                self._patience[event.queue].learn(event.waited_s, event.hung_up, now)
            case Worked():
                self._pauses.learn(event.paused, event.seconds, event.changed)
            case Reached():
                self._behind(event.trunk).learn(event.after_s, event.rang_s)
                if event.picked_s is not None:
                    self._behind(event.trunk).pick_up(event.picked_s)
            case TurnCame():
                if event.estimate.model_s and event.apart:
                    self._calibration[event.queue].learn(event.estimate.model_s, event.estimate.p80_s, event.waited_s)
            case Told():
                self._calibration[event.queue].learn_told(event.said_s, event.waited_s)

    def answer_times(self, trunk: str) -> tuple[tuple[float, float], ...]:
        return self._behind(trunk).times()

    def picks_up_s(self, trunk: str) -> float:
        return self._behind(trunk).picks_up_s

    def _behind(self, trunk: str) -> Answers:
        return self._answers.setdefault(trunk, Answers(self._answer_s))

    def memories(self) -> Mapping[str, Memory]:
        return {subject: learned.memory() for subject, learned in self._all()}

    def recall(self, subject: str, memory: Memory) -> None:
        if subject.startswith("answers "):
            self._behind(subject.removeprefix("answers "))
        try:
            if learned := dict(self._all()).get(subject):
                learned.recall(memory)
        except (ValueError, TypeError):
            return  # of another version: learned anew

    def _all(self) -> Iterable[tuple[str, Learned]]:
        yield "pauses", self._pauses
        yield "paces", self._paces
        for trunk, answers in self._answers.items():
            yield f"answers {trunk}", answers
        for kind, of_queues in (
            ("handling", self._handling),
            ("patience", self._patience),
            ("joins", self._joins),
            ("calibration", self._calibration),
        ):
            for queue, learned in of_queues.items():
                yield f"{kind} {queue}", learned

    # --- estimates ------------------------------------------------------------------------------------------------

    def estimate(self, place: Place, now: float) -> Estimate | None:
        if place.served or (place.free and place.free > len(place.ahead)):
            return Estimate(0.0, 0.0, 0.0)
        if not place.working and not place.paused and place.comes_s == inf:
            return None
        wait = self._recursion(place, now)
        calibration = self._calibration[place.queue]
        corrected = Moments(wait.mean * calibration.ratio, wait.variance * calibration.ratio**2)
        p80_s = corrected.quantile(Z80) * calibration.widen
        return Estimate(
            corrected.mean,
            corrected.quantile(0.0),
            p80_s,
            wait.mean,
            p80_s * calibration.told,
            to_tell=place.working > 0 or place.comes_s < inf,
        )

    def _recursion(self, place: Place, now: float) -> Moments:
        """The moments of the wait of a place. One pass along the line serves all its places: it continues from where it
        stopped."""
        waits: list[tuple[float, float]] = [] if place.computed is None else place.computed.setdefault(self, [])
        if not waits:
            first = self._first(place)
            waits.append((first.mean, first.variance))
        turns = max(0, len(place.ahead) - place.free)
        if turns >= len(waits):
            waits.extend(self._waits(place, len(waits) - 1, *waits[-1], now))
        return Moments(*waits[turns])

    def _waits(
        self, place: Place, done: int, mean: float, variance: float, now: float
    ) -> Iterator[tuple[float, float]]:
        """Mean and variance after each turn following the first ``done`` turns, after which they are as given."""
        # The one loop whose length is that of the line: about half a microsecond for each place.
        room, (settled, changes) = self._room(place, now), self._staff(place)
        off, plan = place.working - settled, place.plan
        last, calls = place.queue, {place.queue: self._calls(place.queue, room)}
        stays, promise, handle_s, cv2 = calls[last]
        for since, live, share, queue in islice(place.ahead, place.free + done, None):
            if (of := queue or place.queue) != last:
                last = of
                if of not in calls:
                    calls[of] = self._calls(of, room)
                stays, promise, handle_s, cv2 = calls[of]
            there = share * (stays(now - since if now > since else 0.0, mean) if live else promise)
            staff = working = settled + off * exp(-changes * mean)
            if working < _LEAST_WORKING:
                working = _LEAST_WORKING
            # With the chance ``there`` the gap between two ends. The gaps of one agent vary as handle times do; those
            # of many are memoryless (Palm and Khintchine).
            gap_s = handle_s / working
            varies = (cv2 + (working - 1)) / working if working > 1 else cv2
            turn_s = there * gap_s
            spread = there * (1 + varies) * gap_s * gap_s - turn_s * turn_s
            if spread > 0.0:
                variance += spread
            mean += _lasts_s(there * handle_s, staff, plan, mean) if plan else turn_s
            yield mean, variance

    def _calls(self, queue: QueueName, room: float) -> tuple[Callable[[float, float], float], float, float, float]:
        """Of a queue's calls: who stays, what a promise costs, how long one keeps an agent, and how that varies."""
        handling = self._handling[queue]
        return self._patience[queue].stays, self._promise(handling.mean), handling.mean / room, handling.cv**2

    def _first(self, place: Place) -> Moments:
        """The time until an agent is free; free agents take the places ahead at once, and are busy from then on."""
        handling, back = self._handling[place.queue], self._pauses.return_rate
        comes_s = place.comes_s + _LATE_S
        if not place.working:
            mean_s = max(1 / (place.paused * back), 1 / (3 * back)) if place.paused else inf
            return _memoryless(mean_s, comes_s) if mean_s < inf else Moments(place.comes_s, _LATE_S * _LATE_S / 3)
        certain = min((b.ends_s for b in place.busy if b.ends_s is not None and b.ends_s <= b.leaves_s), default=inf)
        certain = min(certain, comes_s)
        in_hand = [busy for busy in place.busy if busy.ends_s is None] + [Busy()] * place.free
        if len(in_hand) > _MANY:
            return _memoryless(1 / sum(1 / self._mean_s(place, busy) for busy in in_hand), certain)
        still = [_in_hand(self._handle_time(place, busy), busy) for busy in in_hand]
        if place.paused:
            still.append(lambda seconds: exp(-place.paused * back * seconds))
        still += [_not_there(in_s) for in_s, change in place.plan if change > 0 and in_s - _LATE_S < certain]
        return first_end(still, certain, handling.mean)

    def _handle_time(self, place: Place, busy: Busy) -> HandleTime:
        """Of the call in hand: its queue's, as this agent takes them."""
        return HandleTime(self._mean_s(place, busy), self._handling[busy.queue or place.queue].cv)

    def _mean_s(self, place: Place, busy: Busy) -> float:
        return self._handling[busy.queue or place.queue].mean * self._paces.of(busy.agent)

    def _promise(self, handle_s: float) -> float:
        """What a promise ahead costs, in calls: whether its customer will answer, and the ringing."""
        reached = next(iter(self._answers.values()), None) or Answers(self._answer_s)
        return min(1.5, reached.share + reached.rang_s / handle_s)

    def _staff(self, place: Place) -> tuple[float, float]:
        """How many will be at work when pauses and returns have settled, and the rate at which they do."""
        away, back = self._pauses.pause_rate, self._pauses.return_rate
        return (place.working + place.paused) * back / (away + back), away + back

    def _room(self, place: Place, now: float) -> float:
        """The share of turns that is left by those who overtake."""
        lines = place.lines or ((place.queue, 1.0),)
        work = sum(
            share * self._joins[queue].above(place.rank, now) * self._handling[queue].mean for queue, share in lines
        )
        taken = work / max(1, place.working)
        return max(_LEAST_ROOM, 1 - taken)

    # --- dialling ahead -------------------------------------------------------------------------------------------

    def chance(self, place: Place, within_s: float, now: float) -> float | None:  # noqa: ARG002 - calls know their age
        if place.served or place.free > len(place.ahead):
            return 1.0
        if not place.working and place.comes_s == inf:
            return None
        stays, before = exp(-self._pauses.pause_rate * within_s), len(place.ahead) - place.free
        before += sum(1 for back_s in place.back_s if back_s <= within_s) + _free_who_leave(place, within_s)
        if before >= len(place.busy) + len(place.plan):
            return 0.0
        over = [stays * (1 - still(within_s)) for still in self._still(place)]
        over += [1 - _not_there(in_s)(within_s) for in_s, change in place.plan if change > 0]
        return at_least(over, before + 1)

    def _still(self, place: Place) -> Sequence[Callable[[float], float]]:
        """For each agent who is busy the chance that the call in hand lasts a given time longer; the same for all
        questions about a line."""
        kept = {} if place.computed is None else place.computed
        key = (self, "in hand")
        if key not in kept:
            kept[key] = [_in_hand(self._handle_time(place, busy), busy) for busy in place.busy]
        still: Sequence[Callable[[float], float]] = kept[key]
        return still


def _in_hand(time: HandleTime, busy: Busy) -> Callable[[float], float]:
    """The chance that a call in hand lasts at least a given time longer."""
    leaves_s = busy.leaves_s
    if (ends_s := busy.ends_s) is not None:
        return lambda seconds: float(min(seconds, leaves_s) < ends_s)
    still, least_s, able_s = time.outlasts(busy.age_s + busy.least_s), busy.least_s, busy.able_s
    return lambda seconds: still(min(seconds, leaves_s) - least_s) if seconds >= able_s else 1.0


def _not_there(in_s: float) -> Callable[[float], float]:
    """The chance that an agent who comes at about this time has not come after a given time."""
    return lambda seconds: min(1.0, max(0.0, (in_s + _LATE_S - seconds) / (2 * _LATE_S)))


def _free_who_leave(place: Place, within_s: float) -> int:
    """How many of those who are free now will be gone by then."""
    gone = sum(1 for in_s, change in place.plan if change < 0 and in_s <= within_s)
    return max(0, gone - sum(1 for busy in place.busy if busy.leaves_s <= within_s))


def _lasts_s(work_s: float, working: float, plan: tuple[tuple[float, int], ...], after_s: float) -> float:
    """How long the agents at work take for this much work that begins in ``after_s``, while others come and go as
    planned."""
    at, known = after_s, 0
    for in_s, change in plan:
        if (done_s := (in_s - at) * max(0.0, working + known)) > work_s:
            break
        if in_s > at:
            work_s, at = work_s - done_s, in_s
        known += change
    return at - after_s + work_s / max(_LEAST_WORKING, working + known)


def _memoryless(mean_s: float, certain: float) -> Moments:
    """The time to the first end when each may come at any moment, cut off at a certain one."""
    if certain == inf:
        return Moments(mean_s, mean_s * mean_s)
    left = exp(-certain / mean_s)
    mean = mean_s * (1 - left)
    second = 2 * mean_s * (mean_s * (1 - left) - certain * left)
    return Moments(mean, max(0.0, second - mean * mean))

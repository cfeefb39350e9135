"""The numbers of a queue, an agent or the house over some quarter hours, and what each of them means.

The terms are those of the field (Gans, Koole and Mandelbaum, "Telephone Call Centers: Tutorial, Review, and Research
Prospects", 2003; Koole, "Call Center Optimization", 2013). The field does not agree on denominators, least of all on
that of the service level, so each rate here names its own. A rate without cases is None, not 0 and not 1.

Everything is counted in the quarter hour in which it happened: a caller who enters at 9:59 and is answered at 10:01 is
entered in one and answered in the next. Between two moments at which nothing is open, two laws hold for a queue:

* callers on the line: entered + overflowed_in + rejoined = answered + abandoned + abandoned_short + exits + promised +
  overflowed_out
* promises: promised = kept + exhausted + expired + cancelled + rejoined
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from callbackd.metrics.tally import QUARTER_S, Key, Tally, What


class Denominator(Enum):
    """The callers of whom the service level is a share. Callbacks are only in the last: kept promises have their own
    rates."""

    ANSWERED = "answered"
    """Live callers who were answered."""
    ENDED = "ended"
    """Those answered, and all who abandoned."""
    ENDED_NOT_SHORT = "ended_not_short"
    """Those answered, and those who abandoned later than ``Reports.short_abandon_s``: the default."""
    ENTERED = "entered"
    """All who came into this line, entered or overflowed in, whatever became of them."""


@dataclass(frozen=True, slots=True)
class Report:
    """Counts, and durations in seconds; ``since`` up to but not including ``until``, both at whole quarter hours.

    In the report of an agent, calls are that agent's, and figures about the time before there is an agent are 0. In the
    report of a queue, agents' time is that of all who serve it, whichever queue they worked for.
    """

    since: float
    until: float

    # --- callers ---
    entered: int
    """Calls that were given an entry, let in or not; counted in their first queue only."""
    overflowed_in: int
    """Live callers taken over from another line."""
    overflowed_out: int
    answered: int
    """Live callers whom an agent answered, including rejoined ones, but not customers who were called back."""
    answer_wait_s: float
    """Total wait of those answered: from entering, in whichever queue, or from rejoining, to the agent's answer."""
    within: Mapping[float, int]
    """How many were answered within each of ``Reports.thresholds_s``, the threshold itself included."""
    abandoned: int
    """Callers who hung up while waiting, at least ``Reports.short_abandon_s`` after they came."""
    abandoned_short: int
    """Callers who hung up sooner: wrong numbers and second thoughts, which no staff could have answered."""
    exits: Mapping[str, int]
    """Live callers who left in another way, by outcome: refused, exit_key, exit_timeout, exit_empty, left."""
    live_wait_s: float
    """Time that callers spent on the toll-free line before an agent: waiting, in menus, at a closed door."""
    saved_s: float
    """Time that promises waited in the line for callers who had hung up, until they were first dialled: time off the
    toll-free line. Later waits are the customers' own, and a chosen time enters the line only when it is near."""

    # --- promises, by the queue that made them ---
    promised: int
    """Callbacks stored; moving one to another time does not count again."""
    kept: int
    """Promises whose customer and agent were connected."""
    timed: int
    """Promises with a spoken time that were kept, exhausted or expired: ``on_time`` is a share of these."""
    on_time: int
    """Promises kept no later than ``Callback.expected_at``; for a slot, between its start and its end."""
    exhausted: int
    expired: int
    cancelled: int
    rejoined: int
    """Promises whose customer rang in and waited live at the promise's place."""
    customers: int
    """Customers connected after key 1, by the queue whose agent took them."""
    customer_wait_s: float
    """Their total wait, from key 1 to the agent's answer."""
    customers_waited: int
    """How many of them waited more than 2 s."""
    customers_too_early: int
    """For how many of them no agent's phone rang within 2 s after key 1: dialled before anybody was free. It is counted
    to the ring, because the ringing itself is not the fault of dialling ahead."""
    attempts: Mapping[str, int]
    """Attempts that ended, by outcome; without a stored intent there was no attempt."""

    # --- agents' work ---
    handled: int
    """Calls of any kind whose wrap-up is over."""
    talk_s: float
    """Time of those handled: connected and not on hold."""
    hold_s: float
    """Time of those handled: at least one side had the other on hold."""
    wrap_up_s: float
    with_hold: int
    """How many of them were on hold at all."""
    repeats: Mapping[str, int]
    """Calls entered by a customer who had been served at most ``Reports.repeat_days`` before, by the disposition of
    that earlier call ("none" without one). For a queue: entered there; for an agent: served by that agent before."""
    sent_on: int
    """Callers whom agents sent elsewhere: the first part of a transfer."""
    sent_here: int
    """Callers whom agents sent to this queue: the second part."""
    no_promise: int
    """Callbacks refused because as many had been asked for as the limits allow."""
    no_dial: int
    """Customers not dialled because the limits allowed no more."""
    missed: int
    """Rings that agents did not answer."""
    staffed_s: float
    """Time that agents were available or at work. Work in hand counts even during a pause and after logging out."""
    paused_s: float
    """Time that agents were paused with nothing in hand."""
    own_calls_s: float
    """Time that available agents spent on calls of their own, outside the queue. Not in ``staffed_s``."""
    away_s: float
    """Time that agents were available but their phones were off. Not in ``staffed_s``."""
    reserved_s: float
    """Time that agents were kept for customers who were being dialled."""
    ahead_s: float
    """Time that customers were being dialled with no agent kept for them: agent_first would have kept one idle for this
    long."""
    ringing_s: float
    talking_s: float
    """Includes time on hold. Unlike ``talk_s`` it is counted when it is spent."""
    wrapping_s: float

    @property
    def asa_s(self) -> float | None:
        """Average speed of answer: ``answer_wait_s`` / ``answered``. Callers who abandoned are not in it."""
        return _ratio(self.answer_wait_s, self.answered)

    @property
    def abandon_rate(self) -> float | None:
        """``abandoned`` / (``answered`` + ``abandoned``): short ones are in neither number."""
        return _ratio(self.abandoned, self.answered + self.abandoned)

    @property
    def short_abandon_rate(self) -> float | None:
        """``abandoned_short`` / (``answered`` + all abandoned)."""
        return _ratio(self.abandoned_short, self.denominator(Denominator.ENDED))

    def service_level(self, threshold_s: float, of: Denominator = Denominator.ENDED_NOT_SHORT) -> float | None:
        """The share of callers answered within a threshold. Raises ``KeyError`` when the settings do not have it."""
        return _ratio(self.within[threshold_s], self.denominator(of))

    def denominator(self, of: Denominator) -> int:
        return {
            Denominator.ANSWERED: self.answered,
            Denominator.ENDED: self.answered + self.abandoned + self.abandoned_short,
            Denominator.ENDED_NOT_SHORT: self.answered + self.abandoned,
            Denominator.ENTERED: self.entered + self.overflowed_in,
        }[of]

    @property
    def aht_s(self) -> float | None:
        """Average handle time: (talk + hold + wrap-up) / ``handled``. Ringing is not in it."""
        return _ratio(self.talk_s + self.hold_s + self.wrap_up_s, self.handled)

    @property
    def occupancy(self) -> float | None:
        """(ringing + talking + wrap-up) / ``staffed_s``: the share of the agents' time that calls took."""
        return _ratio(self.ringing_s + self.talking_s + self.wrapping_s, self.staffed_s)

    @property
    def on_time_rate(self) -> float | None:
        """``on_time`` / ``timed``: cancelled and rejoined promises are the customer's doing."""
        return _ratio(self.on_time, self.timed)

    @property
    def customer_wait_mean_s(self) -> float | None:
        """After key 1: ``customer_wait_s`` / ``customers``."""
        return _ratio(self.customer_wait_s, self.customers)

    @property
    def repeat_rate(self) -> float | None:
        """Repeat calls / ``entered``; for an agent, / ``handled``."""
        return _ratio(sum(self.repeats.values()), self.entered or self.handled)


def make(tally: Tally, first: int, end: int, thresholds_s: tuple[float, ...]) -> Report:
    """The report of quarters ``first`` up to but not including ``end`` from their tally."""
    one = {what: tally[Key(what)] for what in What}
    kinds = {what: _kinds(tally, what) for what in (What.EXIT, What.ATTEMPT, What.PROMISE, What.REPEAT)}
    times = {f"{what.value[:-3]}_s": n / 1_000_000 for what, n in one.items() if what.value.endswith("_us")}
    counts = {what.value: n for what, n in one.items() if what in _PLAIN}
    promises = kinds[What.PROMISE]
    return Report(
        since=float(first * QUARTER_S),
        until=float(end * QUARTER_S),
        within={threshold_s: tally[Key(What.WITHIN, threshold_s)] for threshold_s in thresholds_s},
        exits=kinds[What.EXIT],
        kept=promises.get("completed", 0),
        **{outcome: promises.get(outcome, 0) for outcome in ("exhausted", "expired", "cancelled", "rejoined")},
        attempts=kinds[What.ATTEMPT],
        repeats=kinds[What.REPEAT],
        **counts,
        **times,  # type: ignore[arg-type]
    )


_PLAIN = {
    What.ENTERED,
    What.OVERFLOWED_IN,
    What.OVERFLOWED_OUT,
    What.ANSWERED,
    What.ABANDONED,
    What.ABANDONED_SHORT,
    What.PROMISED,
    What.TIMED,
    What.ON_TIME,
    What.CUSTOMERS,
    What.CUSTOMERS_WAITED,
    What.CUSTOMERS_TOO_EARLY,
    What.HANDLED,
    What.WITH_HOLD,
    What.SENT_ON,
    What.SENT_HERE,
    What.NO_PROMISE,
    What.NO_DIAL,
    What.MISSED,
}


def _kinds(tally: Tally, what: What) -> dict[str, int]:
    """The counts by kind, in alphabetical order so that equal tallies print alike."""
    return dict(sorted((str(key.kind), n) for key, n in tally.items() if key.what is what and n))


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None

"""The numbers of a queue, an agent or the house over some quarter hours, and what each of them means.

The words are the field's (Gans, Koole and Mandelbaum, "Telephone Call Centers: Tutorial, Review, and Research
Prospects", 2003; Koole, "Call Center Optimization", 2013). The field does not agree on denominators, above all on that
of the service level, so each rate here names its own. A rate without cases is None, not 0 and not 1.

Everything is counted in the quarter hour in which it happened: a caller who enters at 9:59 and is answered at 10:01 is
entered in the one and answered in the other. Between two times at which nothing is open two laws hold of a queue:

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
    """Of whom the service level is a share. Callbacks are in none but the last: kept promises have their own rates."""

    ANSWERED = "answered"
    """Live callers who were answered."""
    ENDED = "ended"
    """Answered, and all who abandoned."""
    ENDED_NOT_SHORT = "ended_not_short"
    """Answered, and those who abandoned later than ``Reports.short_abandon_s``: the default."""
    ENTERED = "entered"
    """All who came into this line: entered or overflowed in, whatever became of them."""


@dataclass(frozen=True, slots=True)
class Report:
    """Counts, and durations in seconds; ``since`` up to but not including ``until``, both at whole quarter hours.

    Of an agent, the calls are those of this agent, and what happens before there is an agent is 0. Of a queue, agents'
    time is that of all who serve it, for whichever queue they worked.
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
    """Live callers whom an agent answered, rejoined ones too; not customers who were called back."""
    answer_wait_s: float
    """Of those answered, together: from entering, in whichever queue, or from rejoining, to the agent's answer."""
    within: Mapping[float, int]
    """How many were answered within each of ``Reports.thresholds_s``, its end included."""
    abandoned: int
    """Hung up waiting, ``Reports.short_abandon_s`` after they came or later."""
    abandoned_short: int
    """Hung up waiting sooner: wrong numbers and second thoughts, which no staff could have answered."""
    exits: Mapping[str, int]
    """Live callers who went otherwise, by outcome: refused, exit_key, exit_timeout, exit_empty, left."""
    live_wait_s: float
    """Time callers spent on the toll-free line before an agent: waiting, at menus, at a closed door."""
    saved_s: float
    """Time promises stood in the line for callers who had hung up, until they were first dialled: off the toll-free
    line. Later waits are the customers' own, and a chosen time is not in the line before it is near."""

    # --- promises, by the queue that made them ---
    promised: int
    """Callbacks stored; one that is moved to another time is not a second one."""
    kept: int
    """Customer and agent were connected."""
    timed: int
    """Kept, exhausted or expired, and a time had been told: what ``on_time`` is a share of."""
    on_time: int
    """Kept no later than ``Callback.expected_at``; of a slot, from its start to its end."""
    exhausted: int
    expired: int
    cancelled: int
    rejoined: int
    """The customer rang in and waited live at the promise's place."""
    customers: int
    """Customers connected after key 1, by the queue whose agent took them."""
    customer_wait_s: float
    """Theirs together: from key 1 to the agent's answer."""
    customers_waited: int
    """How many of them waited more than 2 s."""
    customers_too_early: int
    """For how many of them no agent's phone rang within 2 s after key 1: dialled before anybody was free."""
    attempts: Mapping[str, int]
    """Attempts that ended, by outcome; those whose intent was never stored are none."""

    # --- agents' work ---
    handled: int
    """Calls of any kind whose wrap-up is over."""
    talk_s: float
    """Of those handled: connected and not on hold."""
    hold_s: float
    """Of those handled: at least one side held the other."""
    wrap_up_s: float
    with_hold: int
    """How many of them were on hold at all."""
    repeats: Mapping[str, int]
    """Calls entered by a customer who had been served no more than ``Reports.repeat_days`` before, by that call's
    disposition, "none" when it had none. Of a queue: entered there; of an agent: served by this agent, then again."""
    missed: int
    """Rings that agents did not answer."""
    staffed_s: float
    """Time agents were available or at work. Work in hand counts also under a pause and after logging out."""
    paused_s: float
    """Time agents were paused with nothing in hand."""
    own_calls_s: float
    """Time agents who were available spent on own calls, outside the queue. Not in ``staffed_s``."""
    away_s: float
    """Time agents were available and their phones off. Not in ``staffed_s``."""
    reserved_s: float
    """Time agents were kept for customers being dialled."""
    ahead_s: float
    """Time customers were dialled before an agent was kept for them: agent-first would have kept one idle so long."""
    ringing_s: float
    talking_s: float
    """On hold too. Unlike ``talk_s`` it is counted when it is spent."""
    wrapping_s: float

    @property
    def asa_s(self) -> float | None:
        """Average speed of answer: ``answer_wait_s`` / ``answered``. Who abandoned is not in it."""
        return _ratio(self.answer_wait_s, self.answered)

    @property
    def abandon_rate(self) -> float | None:
        """``abandoned`` / (``answered`` + ``abandoned``): short ones neither above nor below the line."""
        return _ratio(self.abandoned, self.answered + self.abandoned)

    @property
    def short_abandon_rate(self) -> float | None:
        """``abandoned_short`` / (``answered`` + all abandoned)."""
        return _ratio(self.abandoned_short, self.denominator(Denominator.ENDED))

    def service_level(self, threshold_s: float, of: Denominator = Denominator.ENDED_NOT_SHORT) -> float | None:
        """The share of callers answered within a threshold. ``KeyError`` when it is none of the settings'."""
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
        """(ringing + talking + wrap-up) / ``staffed_s``: of the time agents were there, how much calls took."""
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
        """Repeat calls / ``entered``; of an agent, / ``handled``."""
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
    What.MISSED,
}


def _kinds(tally: Tally, what: What) -> dict[str, int]:
    """By kind, in order of the alphabet so that equal tallies print alike."""
    return dict(sorted((str(key.kind), n) for key, n in tally.items() if key.what is what and n))


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None

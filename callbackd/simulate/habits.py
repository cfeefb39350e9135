"""How people and machines behave in an invented day."""

from __future__ import annotations

from dataclasses import dataclass

FLAT = (1.0,)
WORKDAY = (0.4, 1.0, 1.5, 1.5, 1.1, 0.8, 1.1, 1.2, 0.9, 0.5)
"""Ten hours of a service line: the peak before noon, the dip at lunch, the smaller peak after it."""


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares are 0-1, durations seconds."""

    calls_per_hour: float = 60.0
    """On average over the day."""
    curve: tuple[float, ...] = FLAT
    """The day in equal parts, and how busy each is beside the others."""
    customers: int = 1000
    """Different numbers that call, at most 10000."""
    withheld: float = 0.05
    """Share of calls without a number."""
    patience_s: float = 300.0
    takes_offer: float = 0.4
    takes_time: float = 0.25
    """Share of those who take a callback who choose a time when they may."""
    rings_again: float = 0.1
    """Share of callers who were not served, or were promised a callback, and ring again the same day."""
    presses_exit: float = 0.02
    wrong_key: float = 0.1
    talk_s: float = 180.0
    hangs_up_in_talk: float = 0.5
    """Share of talks that the customer's side ends."""
    agent_answers: float = 0.9
    agent_pauses_per_hour: float = 0.5
    shift_s: float = 0.0
    """How long an agent is there, beginning some time in the day; 0 is all day and the night after."""
    wrap_up_longer: float = 0.1
    """Share of calls after which the agent asks for a longer wrap-up."""
    wrap_up_shorter: float = 0.2
    """Share of calls after which the agent is ready before its end."""
    customer_busy: float = 0.1
    customer_absent: float = 0.15
    customer_silent: float = 0.1
    postpones: float = 0.05
    dial_refused: float = 0.02
    dial_unknown: float = 0.02
    join_fails: float = 0.002
    database_fails: float = 0.01
    outages_per_hour: float = 0.0
    """How often the database is away, for one to five minutes."""
    repeats: float = 0.02
    """Share of events that come twice."""

    def load(self, passed: float) -> float:
        """How busy it is beside the average, when this share of the day has passed."""
        part = min(int(passed * len(self.curve)), len(self.curve) - 1)
        return self.curve[part] * len(self.curve) / sum(self.curve)

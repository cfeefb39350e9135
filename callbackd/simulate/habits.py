"""How people and machines behave on an invented day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from callbackd.domain.settings import Hours

WORKDAY = (0.3, 0.7, 1.0, 0.9, 0.6, 0.5, 0.8, 0.9, 0.6, 0.3)
"""Ten hours of a service line: the peak before noon, the dip at lunch, the smaller peak after it."""


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares are 0-1, durations seconds."""

    calls_per_hour: float = 60.0
    """The rate in the busiest hour of ``curve``."""
    curve: tuple[float, ...] = (1.0,)
    """Share of ``calls_per_hour`` in each part of the day's run; one value is the same all day."""
    customers: int = 1000
    """How many different numbers call, at most 10000."""
    withheld: float = 0.05
    """Share of calls without a number."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """Share of the calls by queue or menu; empty: each has as many."""
    vip: float = 0.0
    """Share of callers whom the dialplan gives priority 5."""
    needs: Mapping[str, float] = field(default_factory=dict)
    """Share of callers by the skills that the dialplan wants for them."""
    patience_s: float = 300.0
    takes_offer: float = 0.4
    rings_again: float = 0.1
    """Share of callers who were not served, or were promised a callback, and ring again the same day."""
    presses_exit: float = 0.05
    """Share of announcements during which the caller presses the key that leads out of the line."""
    wrong_key: float = 0.1
    talk_s: float = 180.0
    talks_s: Mapping[str, float] = field(default_factory=dict)
    """Mean of a queue's talks where it is not ``talk_s``."""
    talk_cv: float | None = None
    """Ratio of standard deviation to mean of log-normal talks; None for memoryless ones."""
    agent_answers: float = 0.9
    agent_accepts: float = 0.9
    """Share of rings that the agent of a mobile accepts; the others reach a voicemail, which does not."""
    agent_pauses_per_hour: float = 0.5
    agent_leaves: float = 0.0
    """Share of rings during which an agent pauses, goes home, or loses the phone's registration; back within
    minutes."""
    agent_codes: float = 0.05
    """Share of wrap-ups that an agent makes longer or ends by hand."""
    says_return: bool = False
    """Whether agents who pause say for how many minutes."""
    rosters: Mapping[str, Hours] = field(default_factory=dict)
    """The shifts and breaks that agents keep, a minute or two early or late, whether the settings name them or not."""
    shift_h: float | None = None
    """Hours after which agents go home, one after the other, to come back the next day; None if they stay."""
    supervisor_per_hour: float = 0.0
    """How often somebody turns a switch, or closes a queue for a while."""
    acts_per_hour: float = 0.0
    """How often somebody asks for something: about a promise, an agent, a place, or the house."""
    customer_busy: float = 0.1
    customer_absent: float = 0.15
    customer_picks_up_s: tuple[float, float] = (2.0, 20.0)
    """The seconds between which the others pick up."""
    customer_silent: float = 0.1
    customer_postpones: float = 0.05
    customer_declines: float = 0.02
    """Share of customers who ask never to be called again."""
    customer_crosses: float = 0.02
    """Share of customers who ring us just as we ring them."""
    dial_refused: float = 0.02
    dial_unknown: float = 0.02
    join_fails: float = 0.002
    database_fails: float = 0.01
    outages_per_hour: float = 0.0
    """How often the database is away, for one to five minutes."""
    agent_transfers: float = 0.0
    """Share of talks that the agent ends by sending the caller on, to another queue or elsewhere."""
    transfer_fails: float = 0.1
    hangs_up_in_talk: float = 0.5
    """Share of talks that the customer's side ends."""
    repeats: float = 0.02
    """Share of events that come twice."""

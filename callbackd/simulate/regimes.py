"""Kinds of call centres in which estimators are compared, from one agent to fifty.

Handle times are log-normal with a timed wrap-up, agents pause, callers lose patience, the day has its peaks. Callers
hear no waits, so that what they do does not depend on the estimator.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import cycle

from callbackd.domain.ids import AgentId, QueueName
from callbackd.domain.settings import AgentSettings, Announcements, DaySpans, Hours, Offer, Queue, Settings, Slots, Span
from callbackd.domain.wait.estimator import Estimate, Place
from callbackd.domain.wait.recursion import Recursive
from callbackd.simulate.habits import Habits
from callbackd.simulate.predictors import AppQueue, LastServed, QueueLength
from callbackd.simulate.score import Panel, Score
from callbackd.simulate.world import World

_PEAKS = (0.7, 1.0, 1.15, 0.95, 0.8, 0.9, 1.05, 0.85)
_ONCE = (0.35, 0.35, 1.0, 0.35, 0.35, 0.35, 0.35, 0.35)
SUPPORT = QueueName("support")


@dataclass(frozen=True, slots=True)
class Regime:
    agents: int
    calls_per_hour: float
    """The rate at the value 1 of ``curve``."""
    curve: tuple[float, ...] = _PEAKS
    expected_handle_s: float = 220.0
    """The configured value; in truth it is about 220 s."""
    shifts: tuple[str, ...] = ()
    """The agents' rosters in turn, as spans of the day from 8 to 16 o'clock; empty: everybody stays all day."""
    known: bool = True
    """Whether the settings have these rosters."""
    says_return: bool = False
    """Whether agents who pause say for how long."""


REGIMES = {
    "solo": Regime(1, 22),
    "duo": Regime(2, 43),
    "small": Regime(5, 108),
    "mid": Regime(20, 430),
    "large": Regime(50, 1080),
    "incident": Regime(5, 210, _ONCE),
    "first day": Regime(5, 108, expected_handle_s=150.0),
}
_SHIFTS = ("08:00-10:00 10:30-13:00", "11:00-13:30 14:00-16:00", "08:00-12:00 13:00-16:00")
ROSTERS = {
    "small, in shifts": Regime(7, 92, shifts=_SHIFTS),
    "mid, in shifts": Regime(20, 285, shifts=_SHIFTS),
}
"""Compared with the same days without the rosters in the settings."""
RETURNS = {name: replace(REGIMES[name], says_return=True) for name in ("duo", "small", "mid")}
"""Compared with an estimator that does not listen when agents who pause say for how long."""


def run(regime: Regime, seeds: Iterable[int], hours: float = 8.0) -> dict[str, Score]:
    """The scores by estimator over one day for each seed; each day begins without a history."""
    total: dict[str, Score] = {}
    for seed in seeds:
        settings = settings_of(regime)
        panel = Panel(panel_of(settings))
        World(settings, habits_of(regime), seed, estimator=panel).run(hours)
        for name, score in panel.scores.items():
            total.setdefault(name, Score()).join(score)
    return total


class Deaf(Recursive):
    """The estimator in use, without knowing when those who pause will be back."""

    def estimate(self, place: Place, now: float) -> Estimate | None:
        comes = sum(1 for _, change in place.plan if change > 0)
        return super().estimate(replace(place, plan=(), paused=place.paused + comes), now)


def with_and_without(regime: Regime, seeds: Iterable[int], hours: float = 8.0) -> tuple[Score, Score]:
    """The scores with all that is known of who comes and goes, and without, on the same paths."""
    known, unknown = Score(), Score()
    for seed in seeds:
        for score, settings in ((known, settings_of(regime)), (unknown, settings_of(replace(regime, known=False)))):
            expected_s, answer_s = {SUPPORT: regime.expected_handle_s}, settings.dialling.answer_s
            deaf = regime.says_return and score is unknown
            panel = Panel({"": (Deaf if deaf else Recursive)(expected_s, answer_s)})
            World(settings, habits_of(regime), seed, estimator=panel).run(hours)
            score.join(panel.scores[""])
    return known, unknown


def panel_of(settings: Settings) -> dict[str, Recursive | QueueLength | AppQueue | LastServed]:
    """The estimator in use, then those it is compared with."""
    expected_s = {name: queue.expected_handle_s for name, queue in settings.queues.items()}
    answer_s = settings.dialling.answer_s
    return {
        "recursive": Recursive(expected_s, answer_s),
        "app_queue": AppQueue(expected_s),
        "last served": LastServed(expected_s),
        "queue length": QueueLength(expected_s, answer_s),
    }


def settings_of(regime: Regime) -> Settings:
    queue = Queue(
        SUPPORT,
        wrap_up_s=20.0,
        expected_handle_s=regime.expected_handle_s,
        announcements=Announcements(position=False, wait=False),
        offer=Offer(enabled=False),
        slots=Slots(enabled=False),
    )
    team = [AgentSettings(AgentId(f"a{n}"), f"PJSIP/a{n}", (SUPPORT,)) for n in range(regime.agents)]
    return Settings({SUPPORT: queue}, {a.id: a for a in team}, rosters=_rosters(regime) if regime.known else {})


def _rosters(regime: Regime) -> dict[AgentId, Hours]:
    agents = (AgentId(f"a{n}") for n in range(regime.agents if regime.shifts else 0))
    return {
        agent: Hours("UTC", (_spans(shift),) * 7) for agent, shift in zip(agents, cycle(regime.shifts), strict=False)
    }


def _spans(shift: str) -> DaySpans:
    ends = ([int(clock[:2]) * 60 + int(clock[3:]) for clock in span.split("-")] for span in shift.split())
    return tuple(Span(start, end) for start, end in ends)


def habits_of(regime: Regime) -> Habits:
    peak = max(regime.curve)
    return Habits(
        calls_per_hour=regime.calls_per_hour * peak,
        curve=tuple(part / peak for part in regime.curve),
        customers=10_000,
        patience_s=300.0,
        rings_again=0.0,
        talk_s=196.0,
        talk_cv=0.9,
        agent_answers=0.99,
        agent_pauses_per_hour=0.75,
        says_return=regime.says_return,
        rosters={str(agent): roster for agent, roster in _rosters(regime).items()},
        agent_codes=0.0,
        database_fails=0.0,
        join_fails=0.0,
        repeats=0.0,
    )

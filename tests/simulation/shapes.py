"""Call centres of different shapes, and the days they have: what the seeds run over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from callbackd.domain.settings import (
    AgentSettings,
    Announcements,
    Calling,
    DialPolicy,
    EntryRules,
    Exit,
    Hours,
    Need,
    Offer,
    Penalties,
    Queue,
    Reserve,
    Reserves,
    Retry,
    Settings,
    Slots,
    Strategy,
    Way,
)
from callbackd.simulate.habits import WORKDAY, Habits
from callbackd.simulate.world import Check, World
from tests.builders import SALES, SUPPORT, T0, agent, queue, settings
from tests.when import HOUR, LONDON, local, utc, week

BAD_LINE = {"dial_unknown": 0.3, "dial_refused": 0.2, "database_fails": 0.3, "repeats": 0.3, "join_fails": 0.1}


@dataclass(frozen=True)
class Shape:
    settings: Settings
    habits: Habits
    start: float = T0
    night_h: float = 36.0

    def world(self, seed: int, check: Check = lambda *_: None) -> World:
        return World(self.settings, self.habits, seed, check, self.start, self.night_h)


def _queue(name: str = SUPPORT, **changes: Any) -> Queue:
    """Everything comes soon, so that an hour has it all."""
    quick: dict[str, Any] = {
        "announcements": Announcements(every_s=60.0),
        "offer": Offer(estimated_wait_s=30.0, solvent=False),
        "retry": Retry(busy_gap_s=120.0, no_answer_gap_s=180.0, no_key_gap_s=180.0, expire_s=4 * HOUR),
        "slots": Slots(length_s=900.0, lead_s=600.0, horizon_days=1),
    }
    return queue(name, **(quick | changes))  # type: ignore[arg-type]


def _agents(count: int, *queues: str, **changes: Any) -> list[AgentSettings]:
    first = (queues or (SUPPORT,))[0]
    return [replace(agent(f"{first}-{n}", *queues), **changes) for n in range(count)]  # type: ignore[arg-type]


def _shape(queues: list[Queue], agents: list[AgentSettings], when: dict[str, Any] | None = None, **habits: Any) -> Shape:
    return Shape(settings(queues, agents), Habits(**habits), **(when or {}))


_weekdays = Hours(LONDON, week("09:00-17:00"), country="GB")
_all_days = Hours(LONDON, week("00:00-24:00", "00:00-24:00", "00:00-24:00"))
_working = Calling(week("08:00-21:00", "09:00-18:00"), holidays=True)


def _closing() -> Shape:
    closed = {"closed": Exit(Way.CALLBACK), "max_wait_s": 900.0}
    queues = [_queue(hours=_weekdays, rules=EntryRules(**closed), offer=Offer(estimated_wait_s=30.0, last_s=300.0))]
    shape = _shape(queues, _agents(3), calls_per_hour=90, rings_again=0.3)
    start = local("2027-03-25 16:15", LONDON)  # Thursday; Good Friday and Easter follow
    return replace(shape, settings=replace(shape.settings, calling=_working), start=start, night_h=7 * 24.0)


def _clock_change(start: str) -> Shape:
    slots = Slots(length_s=900.0, lead_s=600.0, horizon_days=1, capacity=1)
    shape = _shape([_queue(hours=_all_days, slots=slots)], _agents(3), calls_per_hour=90, takes_time=0.7)
    return replace(shape, settings=replace(shape.settings, zone=LONDON), start=utc(start), night_h=60.0)


def _skilled() -> Shape:
    needs = (Need("polish", 2, ((60.0, 1), (240.0, 0))),)
    agents = [
        *_agents(2, SUPPORT, SALES, skills={"polish": 2}, penalties={SUPPORT: 5}),
        *_agents(2, SALES, SUPPORT, skills={"polish": 1}, penalties={SUPPORT: 1}),
        replace(agent("reserve", SUPPORT), reserve=Reserve.YES, skills={"polish": 3}),
        replace(agent("helper", SUPPORT, SALES), reserve=Reserve.CALLBACKS),
    ]
    support = _queue(SUPPORT, needs=needs, reserves=Reserves(waited_s=120.0, places=6))
    sales = _queue(SALES, priority=2, penalties=Penalties(limit=0, widen=((90.0, None),), ignore_below=2))
    return _shape([support, sales], agents, calls_per_hour=100)


def _by_rules() -> Shape:
    support = EntryRules(
        max_places=8,
        full=Exit(Way.QUEUE, SALES),
        max_wait_s=300.0,
        max_wait=Exit(Way.QUEUE, SALES),
        empty_after_s=120.0,
        empty_when_paused=True,
        key="9",
        key_exit=Exit(Way.DIALPLAN, "operator"),
    )
    sales = EntryRules(max_wait_s=240.0, no_agents=Exit(Way.CALLBACK), key="9", full=Exit(Way.DIALPLAN, "sorry"))
    queues = [_queue(SUPPORT, rules=support), _queue(SALES, rules=replace(sales, max_places=12))]
    agents = [*_agents(2, SUPPORT), *_agents(2, SALES)]
    return _shape(queues, agents, calls_per_hour=110, shift_s=2400.0, presses_exit=0.15, outages_per_hour=1.0)


SHAPES: dict[str, Shape] = {
    "solo": _shape([_queue()], _agents(1), calls_per_hour=18),
    "small": _shape([_queue()], _agents(2), calls_per_hour=45),
    "mid": _shape(
        [_queue(SUPPORT), _queue(SALES, priority=5)],
        [*_agents(3, SUPPORT, SALES), *_agents(1, SALES), agent("extra", SUPPORT)],
        calls_per_hour=100,
    ),
    "large": _shape(
        [_queue(SUPPORT, strategy=Strategy.ROUND_ROBIN), _queue(SALES, strategy=Strategy.FEWEST_CALLS)],
        [*_agents(12, SUPPORT, SALES), *_agents(12, SALES)],
        calls_per_hour=450,
    ),
    "ring all": _shape(
        [_queue(strategy=Strategy.RING_ALL)], _agents(4), calls_per_hour=70, agent_answers=0.6, talk_s=120.0
    ),
    "incident": _shape([_queue()], _agents(5), calls_per_hour=140, rings_again=0.3),
    "bad line": _shape([_queue()], _agents(2), calls_per_hour=40, outages_per_hour=2.0, **BAD_LINE),
    "customer first": _shape(
        [_queue(dial=DialPolicy.CUSTOMER_FIRST)], _agents(3, accept_key="1"), calls_per_hour=70, takes_offer=0.7
    ),
    "look ahead": _shape(
        [_queue(dial=DialPolicy.LOOK_AHEAD, waiting_share=0.3, strategy=Strategy.RANDOM)],
        _agents(6),
        calls_per_hour=150,
        takes_offer=0.7,
    ),
    "skilled": _skilled(),
    "by rules": _by_rules(),
    "closing time": _closing(),
    "clock forward": _clock_change("2027-03-28 00:15"),
    "clock back": _clock_change("2027-10-31 00:15"),
}


def whole_day(calls: int = 10_000, agents: int = 60) -> Shape:
    """Ten hours with peaks, agents in shifts; about ``calls`` callers, those who ring again beside them."""
    queues = [_queue(SUPPORT), _queue(SALES, priority=1)]
    both = _agents(agents, SUPPORT, SALES)
    return _shape(
        queues, both, calls_per_hour=calls / 10, curve=WORKDAY, customers=10_000, shift_s=8.5 * HOUR, rings_again=0.05
    )

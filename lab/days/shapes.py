"""Call centres of several kinds, and the people who come with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from callbackd.domain.settings import (
    AgentSettings,
    Announcements,
    Calling,
    Dialling,
    DialPolicy,
    EntryRules,
    Exit,
    Hours,
    Line,
    Menu,
    Need,
    Offer,
    Penalties,
    Reserve,
    Reserves,
    Retry,
    Settings,
    Slots,
    Span,
    Strategy,
    Way,
)
from callbackd.simulate.habits import WORKDAY, Habits
from lab.small_centre import SALES, SUPPORT, agent, queue, settings

QUICK: dict[str, Any] = {
    "announcements": Announcements(every_s=60.0),
    "offer": Offer(estimated_wait_s=30.0),
    "retry": Retry(busy_gap_s=120.0, no_answer_gap_s=180.0, no_key_gap_s=180.0, expire_s=4 * 3600.0),
}
TIMES = QUICK | {"slots": Slots(lead_s=900.0, capacity=1, horizon_days=2)}
DAY = tuple(((Span(9 * 60, 12 * 60),),) * 7)
LONDON = Hours("Europe/London", DAY)
ROUND_THE_CLOCK = Hours("Europe/London", tuple(((Span(0, 1440),),) * 7))
ELSEWHERE = Exit(Way.QUEUE, SALES)


class Shape(NamedTuple):
    settings: Settings
    habits: Habits
    start: float


def at(year: int, month: int, day: int, hour: int, minute: int = 0) -> float:
    """Unix seconds of a time on the wall clock in London."""
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo("Europe/London")).timestamp()


def team(count: int, *queues: Any, **changes: Any) -> list[AgentSettings]:
    return [replace(agent(f"a{n}", *(queues or (SUPPORT,))), **changes) for n in range(count)]


def one(name: str, *queues: Any, **changes: Any) -> AgentSettings:
    return replace(agent(name, *queues), **changes)


def shape(queues: Any, agents: Any, start: float = at(2027, 1, 15, 9), *, habits: Habits, **changes: Any) -> Shape:
    return Shape(settings(queues, agents, **changes), habits, start)


SHAPES: dict[str, Shape] = {
    "solo": shape([queue(**QUICK)], team(1), habits=Habits(calls_per_hour=18)),
    "duo": shape([queue(**TIMES)], team(2), habits=Habits(calls_per_hour=36)),
    "small": shape([queue(**TIMES)], team(4), habits=Habits(calls_per_hour=80, supervisor_per_hour=2)),
    "mid": shape(
        [queue(SUPPORT, **TIMES), queue(SALES, priority=5, **QUICK)],
        [*team(6, SUPPORT, SALES), one("b", SALES), one("c", SUPPORT)],
        habits=Habits(calls_per_hour=180),
    ),
    "large": shape([queue(**TIMES)], team(40), habits=Habits(calls_per_hour=800, curve=(0.4, 1.0, 0.7))),
    "incident": shape(
        [queue(**QUICK)], team(5), habits=Habits(calls_per_hour=260, curve=(0.3, 1.0, 0.3), supervisor_per_hour=1)
    ),
    "closing time": shape(
        [queue(hours=LONDON, **TIMES)],
        team(3),
        at(2027, 1, 15, 11),
        habits=Habits(calls_per_hour=110, shift_h=2.5),
    ),
    "closing without times": shape(
        [queue(hours=LONDON, **QUICK)], team(2), at(2027, 1, 15, 11), habits=Habits(calls_per_hour=50)
    ),
    "clock goes forward": shape(
        [queue(hours=ROUND_THE_CLOCK, **TIMES)], team(2), at(2027, 3, 28, 0), habits=Habits(calls_per_hour=50)
    ),
    "clock goes back": shape(
        [queue(hours=Hours("Europe/London", tuple(((Span(0, 150),),) * 7)), **TIMES)],
        team(2),
        at(2027, 10, 31, 0, 30),
        habits=Habits(calls_per_hour=50),
    ),
    "evening": shape(
        [queue(**TIMES)],
        [*team(2), one("spare", SUPPORT, reserve=Reserve.YES)],
        at(2027, 1, 15, 19),
        habits=Habits(calls_per_hour=50),
        calling=Calling(tuple(((Span(540, 1200),),) * 7)),
    ),
    "rules": shape(
        [
            queue(
                SUPPORT,
                rules=EntryRules(2, ELSEWHERE, max_wait_s=120, max_wait=ELSEWHERE, empty_after_s=30, key="9"),
                **TIMES,
            ),
            queue(
                SALES,
                rules=EntryRules(5, no_agents=Exit(Way.CALLBACK), all_paused=Exit(Way.DIALPLAN, "7"), max_wait_s=100),
                **TIMES,
            ),
        ],
        [*team(3), one("c", SALES)],
        habits=Habits(calls_per_hour=120, agent_pauses_per_hour=3),
    ),
    "menus": shape(
        [queue(SUPPORT, **TIMES), queue(SALES, rules=EntryRules(4), **QUICK)],
        team(4, SUPPORT, SALES),
        habits=Habits(calls_per_hour=90, rings_again=0.3),
        menus={
            "main": Menu(
                "main",
                otherwise=SUPPORT,
                choices={"1": SALES, "2": "bills", "3": SUPPORT},
                languages={"1": "en", "2": "pl"},
            ),
            "bills": Menu("bills", otherwise=SALES, choices={"1": SALES, "3": "main"}),
            "tongues": Menu("tongues", otherwise=SUPPORT, languages={"1": "en", "2": "hu"}),
        },
    ),
    "transfers": shape(
        [queue(SUPPORT, **QUICK), queue(SALES, **QUICK)],
        [*team(3), one("s1", SALES), one("s2", SALES, SUPPORT)],
        habits=Habits(calls_per_hour=60, agent_transfers=0.3, join_fails=0.02),
    ),
    "agents leave": shape(
        [queue(**QUICK)],
        team(3),
        habits=Habits(calls_per_hour=50, agent_leaves=0.25, talk_s=100.0),
        dialling=Dialling(per_s=0.0, accepted_wait_s=60.0),
    ),
    "agents leave, customers first": shape(
        [queue(dial=DialPolicy.CUSTOMER_FIRST, **QUICK)],
        team(3),
        habits=Habits(calls_per_hour=50, agent_leaves=0.25, talk_s=100.0),
        dialling=Dialling(per_s=0.0, accepted_wait_s=60.0),
    ),
    "skills": shape(
        [
            queue(
                SUPPORT,
                needs=(Need("polish", 2, ((60.0, 1), (120.0, 0))),),
                penalties=Penalties(0, ((60.0, 1), (120.0, None))),
                reserves=Reserves(100.0, 4),
                **QUICK,
            )
        ],
        [
            one("a", SUPPORT, skills={"polish": 2}),
            one("b", SUPPORT, skills={"polish": 1}, penalties={SUPPORT: 1}),
            one("c", SUPPORT, penalties={SUPPORT: 2}),
            one("d", SUPPORT, reserve=Reserve.YES),
            one("e", SUPPORT, reserve=Reserve.CALLBACKS),
        ],
        habits=Habits(calls_per_hour=80),
    ),
    "mobiles": shape(
        [queue(strategy=Strategy.RING_ALL, **TIMES)],
        [*team(2, accept_key="1"), one("b", SUPPORT, accept_key="1", wrap_up_s=0.0), one("c", SUPPORT)],
        habits=Habits(calls_per_hour=70, agent_answers=0.8, agent_accepts=0.6),
    ),
    "customers first": shape(
        [queue(dial=DialPolicy.CUSTOMER_FIRST, **TIMES)], team(3), habits=Habits(calls_per_hour=70)
    ),
    "look-ahead": shape(
        [queue(dial=DialPolicy.LOOK_AHEAD, waiting_share=0.6, **TIMES)], team(10), habits=Habits(calls_per_hour=230)
    ),
    "ageing": shape(
        [queue(SUPPORT, **QUICK), queue(SALES, priority=3, **QUICK)],
        team(3, SUPPORT, SALES),
        habits=Habits(calls_per_hour=70),
        line=Line(priority_worth_s=60.0),
    ),
    "asked": shape(
        [queue(SUPPORT, **TIMES), queue(SALES, priority=3, **QUICK)],
        [*team(3, SUPPORT, SALES), one("b", SALES), one("c", SUPPORT, reserve=Reserve.YES)],
        habits=Habits(calls_per_hour=90, acts_per_hour=240, talk_s=120.0),
    ),
    "bad line": shape(
        [queue(**QUICK)],
        team(2),
        habits=Habits(calls_per_hour=40, dial_unknown=0.3, dial_refused=0.2, database_fails=0.3, repeats=0.3),
    ),
}

TEN_THOUSAND = shape(
    [queue(**TIMES)],
    team(70),
    habits=Habits(calls_per_hour=1550, curve=WORKDAY, customers=10_000, agent_codes=0.02),
)
"""This many calls arrive in ten hours, with peaks before and after noon."""

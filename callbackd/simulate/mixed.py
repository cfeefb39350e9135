"""Call centres in which not every agent may take every call: queues that share agents, skills, reserves, priorities.

Callers hear their waits, which are compared with what came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from callbackd.domain.commands import Changed, Command
from callbackd.domain.events import Event
from callbackd.domain.ids import AgentId, QueueName
from callbackd.domain.lives.quote import Quote, QuoteKind
from callbackd.domain.settings import (
    AgentSettings,
    Announcements,
    Need,
    Offer,
    Penalties,
    Queue,
    Reserve,
    Reserves,
    Settings,
    Slots,
)
from callbackd.domain.wait.recursion import Recursive
from callbackd.simulate.habits import Habits
from callbackd.simulate.regimes import SUPPORT, Regime, habits_of
from callbackd.simulate.score import Panel, Score
from callbackd.simulate.world import World

SALES = QueueName("sales")
_BOTH = (SUPPORT, SALES)


@dataclass(frozen=True, slots=True)
class Mixed:
    settings: Settings
    habits: Habits


@dataclass(slots=True)
class Came:
    """The figures of one queue: what was estimated, and what callers heard."""

    score: Score = field(default_factory=Score)
    told: int = 0
    kept: int = 0

    @property
    def kept_share(self) -> float:
        return self.kept / max(1, self.told)


def run(mixed: Mixed, seeds: Iterable[int], hours: float = 8.0) -> dict[QueueName, Came]:
    """The figures by queue over one day for each seed; each day begins without a history."""
    came = {name: Came() for name in mixed.settings.queues}
    for seed in seeds:
        expected_s = {name: queue.expected_handle_s for name, queue in mixed.settings.queues.items()}
        panel = Panel({"recursive": Recursive(expected_s, mixed.settings.dialling.answer_s)})

        def see(_: World, __: Event, commands: tuple[Command, ...]) -> None:
            for command in commands:
                if isinstance(command, Changed) and isinstance(command.after, Quote):
                    _note(came[command.after.queue], command.after)

        World(mixed.settings, mixed.habits, seed, see, estimator=panel).run(hours)
        for queue, score in panel.of_queue.items():
            came[queue].score.join(score)
    return came


def _note(came: Came, quote: Quote) -> None:
    if quote.kind is QuoteKind.WAIT and quote.kept is not None:
        came.told += 1
        came.kept += quote.kept


def _queue(name: QueueName, **changes: Any) -> Queue:
    """Callers hear their wait, and nobody is offered a callback."""
    offer, slots = Offer(enabled=False), Slots(enabled=False)
    told = Announcements(first_after_s=5.0)
    queue = Queue(name, wrap_up_s=20.0, expected_handle_s=220.0, announcements=told, offer=offer, slots=slots)
    return replace(queue, **changes)


def _team(count: int, *queues: QueueName, **changes: Any) -> list[AgentSettings]:
    first = f"{'-'.join(queues)}-{'-'.join(changes)}"
    return [AgentSettings(AgentId(f"{first}{n}"), f"PJSIP/{first}{n}", queues, **changes) for n in range(count)]


def _mixed(queues: list[Queue], agents: list[AgentSettings], calls_per_hour: float, **habits: Any) -> Mixed:
    settings = Settings({queue.name: queue for queue in queues}, {agent.id: agent for agent in agents})
    return Mixed(settings, replace(habits_of(Regime(len(agents), calls_per_hour)), **habits))


_POLISH = Need("polish", 1, ((60.0, 0),))

MIXED: Mapping[str, Mixed] = {
    "one queue": _mixed([_queue(SUPPORT)], _team(6, SUPPORT), 115),
    "shared": _mixed([_queue(SUPPORT), _queue(SALES)], _team(6, *_BOTH), 98, talks_s={SUPPORT: 100.0, SALES: 400.0}),
    "partly shared": _mixed(
        [_queue(SUPPORT), _queue(SALES)], _team(3, SUPPORT) + _team(2, *_BOTH) + _team(3, SALES), 155
    ),
    "priorities": _mixed([_queue(SUPPORT), _queue(SALES, priority=3)], _team(6, *_BOTH), 115, vip=0.15),
    "skills": _mixed(
        [_queue(SUPPORT), _queue(SALES, needs=(_POLISH,))],
        _team(4, *_BOTH) + _team(2, *_BOTH, skills={"polish": 1}),
        105,
    ),
    "own skills": _mixed(
        [_queue(SUPPORT)], _team(4, SUPPORT) + _team(2, SUPPORT, skills={"polish": 1}), 105, needs={"polish": 0.3}
    ),
    "penalties": _mixed(
        [_queue(SUPPORT, penalties=Penalties(0, ((60.0, 9),)))],
        _team(4, SUPPORT) + _team(2, SUPPORT, penalties={SUPPORT: 5}),
        105,
    ),
    "reserves": _mixed(
        [_queue(SUPPORT, reserves=Reserves(waited_s=120.0))],
        _team(4, SUPPORT) + _team(2, SUPPORT, reserve=Reserve.YES),
        95,
    ),
    "promises": _mixed([_queue(SUPPORT, offer=Offer(estimated_wait_s=120.0))], _team(6, SUPPORT), 125, takes_offer=0.4),
    "overloaded neighbour": _mixed(
        [_queue(SUPPORT), _queue(SALES)],
        _team(4, SUPPORT) + _team(1, *_BOTH) + _team(2, SALES),
        165,
        shares={SUPPORT: 0.48, SALES: 0.52},
    ),
}

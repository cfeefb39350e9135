"""The settings of a small call centre on paper: one queue and two agents, unless others are given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from callbackd.domain.ids import AgentId, QueueName
from callbackd.domain.settings import (
    AgentSettings,
    Announcements,
    Dialling,
    Keys,
    Numbers,
    Offer,
    Queue,
    Retry,
    Settings,
    Slots,
)

SUPPORT = QueueName("support")
SALES = QueueName("sales")


def queue(name: QueueName = SUPPORT, **changes: Any) -> Queue:
    return replace(
        Queue(
            name,
            wrap_up_s=10.0,
            announcements=Announcements(first_after_s=0.0, every_s=30.0),
            offer=Offer(estimated_wait_s=60.0),
            retry=Retry(),
            slots=Slots(enabled=False),
        ),
        **changes,
    )


def agent(name: str, *queues: QueueName, **changes: Any) -> AgentSettings:
    return AgentSettings(AgentId(name), f"PJSIP/{name}", queues or (SUPPORT,), name.capitalize(), **changes)


def number(n: int) -> str:
    """The n-th of a hundred numbers that belong to nobody."""
    return f"+4420794601{n:02d}"


def settings(queues: Iterable[Queue] = (), agents: Iterable[AgentSettings] = (), **changes: Any) -> Settings:
    queues = tuple(queues) or (queue(),)
    agents = tuple(agents) or (agent("alice"), agent("bob"))
    base = Settings(
        {q.name: q for q in queues},
        {a.id: a for a in agents},
        dialling=Dialling(per_s=0.0),
        keys=Keys(heard_s=0.0),
        numbers=Numbers(region="GB"),
    )
    return replace(base, **changes)

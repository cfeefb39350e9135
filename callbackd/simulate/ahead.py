"""What dialling before an agent is free costs the customers, and what it saves the agents (spec/estimates.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from callbackd.domain.settings import Announcements, DialPolicy, Offer
from callbackd.simulate.compare import invented
from callbackd.simulate.regimes import SUPPORT, Regime, habits_of, settings_of

OFFERED_FROM_S = 60.0
QUICK: Mapping[str, Any] = {
    "customer_picks_up_s": (4.0, 21.0),
    "customer_busy": 0.0,
    "customer_absent": 0.0,
    "customer_silent": 0.0,
    "customer_postpones": 0.0,
    "customer_declines": 0.0,
    "wrong_key": 0.0,
}
"""Customers who all pick up, and press 1: for others an agent is kept however soon they are dialled."""


@dataclass(slots=True)
class Dialled:
    """The figures of many days together."""

    customers: int = 0
    """How many customers were dialled and connected."""
    too_early: int = 0
    """For how many of them nobody was free within 2 s of key 1."""
    kept_s: float = 0.0
    """Seconds for which agents were kept for customers who were being dialled."""

    @property
    def too_early_share(self) -> float:
        return self.too_early / max(1, self.customers)

    @property
    def kept_each_s(self) -> float:
        return self.kept_s / max(1, self.customers)


def run(
    regime: Regime,
    policy: DialPolicy,
    seeds: Iterable[int],
    hours: float = 8.0,
    customers: Mapping[str, Any] | None = None,
) -> Dialled:
    """The figures of days on which half of the callers take the offer; ``customers`` are habits of theirs."""
    figures, settings = Dialled(), settings_of(regime)
    queue = replace(
        settings.queues[SUPPORT],
        dial=policy,
        offer=Offer(estimated_wait_s=OFFERED_FROM_S),
        announcements=Announcements(),
    )
    habits = replace(habits_of(regime), takes_offer=0.5, **customers or {})
    for seed in seeds:
        report = invented(replace(settings, queues={SUPPORT: queue}), habits, seed, hours).queues[SUPPORT]
        figures.customers += report.customers
        figures.too_early += report.customers_too_early
        figures.kept_s += report.reserved_s
    return figures

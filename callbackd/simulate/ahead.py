"""What dialling before an agent is free costs the customers, and what it saves the agents (spec/estimates.md)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from callbackd.domain.settings import Announcements, DialPolicy, Offer
from callbackd.simulate.compare import invented
from callbackd.simulate.regimes import SUPPORT, Regime, habits_of, settings_of

OFFERED_FROM_S = 60.0


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


def run(regime: Regime, policy: DialPolicy, seeds: Iterable[int], hours: float = 8.0) -> Dialled:
    """The figures of days on which half of the callers take the offer."""
    figures, settings = Dialled(), settings_of(regime)
    queue = replace(
        settings.queues[SUPPORT],
        dial=policy,
        offer=Offer(estimated_wait_s=OFFERED_FROM_S),
        announcements=Announcements(),
    )
    habits = replace(habits_of(regime), takes_offer=0.5)
    for seed in seeds:
        report = invented(replace(settings, queues={SUPPORT: queue}), habits, seed, hours).queues[SUPPORT]
        figures.customers += report.customers
        figures.too_early += report.customers_too_early
        figures.kept_s += report.reserved_s
    return figures

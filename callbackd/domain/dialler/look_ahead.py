"""Whether a customer is dialled before an agent is free (spec/estimates.md, dialling ahead)."""

from __future__ import annotations

from dataclasses import dataclass

from callbackd.domain.settings import DialPolicy


@dataclass(frozen=True, slots=True)
class Answer:
    yes: bool
    reason: str


def decide(policy: DialPolicy, chance: float | None, share: float) -> Answer:
    """Whether to dial, and why. ``chance`` is that of an agent being free when the customer has answered, None when
    there is no estimate.

    Look-ahead dials only if the share of customers who would answer and find nobody stays within ``share``. The
    estimate must count every claim on the next free agents: places before this one, customers being dialled already,
    and promises whose pause ends while it rings. Without the last two, half of the customers found nobody free.
    """
    if policy is DialPolicy.AGENT_FIRST:
        return Answer(False, "an agent is reserved first")
    if policy is DialPolicy.CUSTOMER_FIRST:
        return Answer(True, "first in line, and customers are dialled first here")
    if chance is None:
        return Answer(False, "there is no estimate of when an agent is free")
    if 1 - chance > share:
        return Answer(False, f"the chance that an agent will be free in time is only {chance:.0%}")
    return Answer(True, f"the chance that an agent will be free in time is {chance:.0%}")

"""Whether a customer is dialled before an agent is free (spec/estimates.md, dialling ahead)."""

from __future__ import annotations

from dataclasses import dataclass

from callbackd.domain.settings import DialPolicy


@dataclass(frozen=True, slots=True)
class Answer:
    yes: bool
    reason: str


def decide(policy: DialPolicy, chance: float | None, share: float) -> Answer:
    """``chance`` is that of an agent being free when the customer has answered, None when nobody can say.

    Look-ahead dials only if the share of customers who would answer and find nobody stays within ``share``.
    """
    if policy is DialPolicy.AGENT_FIRST:
        return Answer(False, "an agent is reserved first")
    if policy is DialPolicy.CUSTOMER_FIRST:
        return Answer(True, "first in line, and customers are dialled first here")
    if chance is None:
        return Answer(False, "nobody can say when an agent is free")
    if 1 - chance > share:
        return Answer(False, f"an agent is free in time with a chance of {chance:.0%} only")
    return Answer(True, f"an agent will be free in time with a chance of {chance:.0%}")

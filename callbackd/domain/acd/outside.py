"""Transfers that lead out of the house: which do, and whether the policy lets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from callbackd.domain.events import TransferAsked
from callbackd.domain.numbers import Allowed, Refused
from callbackd.domain.settings import Outside, Settings


def number_of(wanted: TransferAsked, settings: Settings) -> str | None:
    """The outside number that a transfer leads to, as it was dialled; None when it stays in the house.

    A colleague is outside when the channel is the trunk's; Asterisk reports the number that it dialled there.
    """
    if not wanted.colleague:
        return _dialled_outside(wanted.to, settings)
    trunk = settings.dialling.endpoint.partition("@")[2]
    return wanted.colleague_number or "unknown" if wanted.colleague.startswith(f"PJSIP/{trunk}-") else None


def _dialled_outside(to: str, settings: Settings) -> str | None:
    """Short numbers, feature codes and names are the house's own. A ``+`` always leads out."""
    rules = settings.transfers
    inside = to[:1].isalpha() or (len(to) <= rules.extension_digits and not to.startswith("+"))
    return None if inside else to.removeprefix(rules.outside_prefix)


def refusal(number: str, outside: Outside, may_call: Callable[[str], Allowed | Refused]) -> str:
    """Why no caller is sent to an outside number, naming the setting; empty when one may be."""
    match outside:
        case Outside.ANYWHERE:
            return ""
        case Outside.NOWHERE:
            return '[transfers] outside = "nowhere"'
        case Outside.CHECKED:
            checked = may_call(number)
            return f'[transfers] outside = "checked": {checked.reason}' if isinstance(checked, Refused) else ""
        case _:
            assert_never(outside)

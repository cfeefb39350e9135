"""People on paper: how callers, customers and agents behave, and which keys they press on what they hear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from callbackd.domain.phrase import Fixed, Phrase


@dataclass(frozen=True, slots=True)
class Habits:
    """How people and machines behave; shares are 0-1, durations seconds."""

    calls_per_hour: float = 60.0
    """At the busiest hour of ``curve``."""
    curve: tuple[float, ...] = (1.0,)
    """Share of ``calls_per_hour`` in each part of the day's run; one value is the same all day."""
    patience_s: float = 300.0
    takes_offer: float = 0.4
    wrong_key: float = 0.1
    talk_s: float = 180.0
    agent_answers: float = 0.9
    agent_accepts: float = 0.9
    """Share of calls that a mobile's agent takes; else a voicemail does not."""
    agent_pauses_per_hour: float = 0.5
    agent_codes: float = 0.05
    """Share of wrap-ups that an agent makes longer or ends by hand."""
    shift_h: float | None = None
    """Agents go home after so many hours, one after the other, and come again the next day; None: they stay."""
    supervisor_per_hour: float = 0.0
    """How often somebody turns a switch, or closes a queue for a while."""
    customer_busy: float = 0.1
    customer_absent: float = 0.15
    customer_silent: float = 0.1
    customer_postpones: float = 0.05
    dial_refused: float = 0.02
    dial_unknown: float = 0.02
    database_fails: float = 0.01
    hangs_up_in_talk: float = 0.5
    """Share of talks that the customer's side ends."""
    repeats: float = 0.02
    """Share of events that come twice."""


_Reply = Callable[[Habits, Random], str]


def keys(phrases: Sequence[Phrase], habits: Habits, random: Random) -> str:
    """What somebody presses who hears this; empty for nothing. The last menu that is heard counts."""
    for phrase in reversed(phrases):
        if isinstance(phrase, Fixed) and (reply := _REPLIES.get(phrase)):
            return reply(habits, random)
    return ""


def _offer(taken: str) -> _Reply:
    return lambda habits, random: random.choice(taken) if random.random() < habits.takes_offer else ""


def _menu(right: str, wrong: str) -> _Reply:
    return lambda habits, random: random.choice(wrong if random.random() < habits.wrong_key else right)


def _number(_: Habits, random: Random) -> str:
    return "02079460" + "".join(random.choice("0123456789") for _ in range(3)) + "#"


def _customer(habits: Habits, random: Random) -> str:
    if random.random() < habits.customer_silent:
        return ""
    if random.random() < habits.customer_postpones:
        return "2"
    return "7" if random.random() < habits.wrong_key else "1"


def _accept(habits: Habits, random: Random) -> str:
    return "1" if random.random() < habits.agent_accepts else ""


def _time(_: Habits, random: Random) -> str:
    return random.choice(("1530", "0900", "1015", "2560", "11", "1#"))


_REPLIES: dict[Fixed, _Reply] = {
    Fixed.OFFER: _offer("1"),
    Fixed.OFFER_TIME: _offer("2"),
    Fixed.OFFER_BOTH: _offer("112"),
    Fixed.CONFIRM_MENU: _menu("1", "279*#0"),
    Fixed.SLOT_STAY: _menu("11239", "0678*"),
    Fixed.SLOT_OTHER: _menu("11239", "0678*"),
    Fixed.KEY_TIME: _time,
    Fixed.KEY_DAY: _menu("01123", "9*#"),
    Fixed.ALREADY_MENU: _menu("1234", "7"),
    Fixed.KEY_NUMBER: _number,
    Fixed.CALLBACK_MENU: _customer,
    Fixed.POSTPONE_MENU: _menu("123", "0*"),
    Fixed.AGENT_ACCEPT: _accept,
}

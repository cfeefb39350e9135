"""Which keys people press, depending on what they hear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from callbackd.domain.phrase import Fixed, LanguageChoice, Menu, Phrase
from callbackd.simulate.habits import Habits

_Reply = Callable[[Habits, Random], str]


def keys(phrases: Sequence[Phrase], habits: Habits, random: Random) -> str:
    """The keys that somebody presses after hearing this; empty for none. The last menu they hear counts."""
    for phrase in reversed(phrases):
        if isinstance(phrase, Menu | LanguageChoice):
            return _at_the_entrance(habits, random)
        if isinstance(phrase, Fixed) and (reply := _REPLIES.get(phrase)):
            return reply(habits, random)
    return ""


def _offer(taken: str) -> _Reply:
    return lambda habits, random: random.choice(taken) if random.random() < habits.takes_offer else ""


def _menu(right: str, wrong: str) -> _Reply:
    return lambda habits, random: random.choice(wrong if random.random() < habits.wrong_key else right)


def _at_the_entrance(habits: Habits, random: Random) -> str:
    if random.random() < habits.wrong_key:
        return random.choice(("0", "*", "#9", ""))
    return random.choice("123")


def _number(_: Habits, random: Random) -> str:
    return "02079460" + "".join(random.choice("0123456789") for _ in range(3)) + "#"


def _customer(habits: Habits, random: Random) -> str:
    if random.random() < habits.customer_silent:
        return ""
    if random.random() < habits.customer_postpones:
        return "2"
    if random.random() < habits.customer_declines:
        return "9"
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
    Fixed.ALREADY_MENU: _menu("12", "347"),
    Fixed.ALREADY_MENU_ALL: _menu("1234", "7"),
    Fixed.KEY_NUMBER: _number,
    Fixed.CALLBACK_MENU: _customer,
    Fixed.POSTPONE_MENU: _menu("123", "0*"),
    Fixed.AGENT_ACCEPT: _accept,
}

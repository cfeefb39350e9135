"""What can be said, as symbols. The words, their grammar and their sound belong to ``prompts``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fixed(StrEnum):
    """Whole sentences without a variable part."""

    OFFER = "offer"  # rather not wait? press 1 at any moment; we ring you when it is your turn; you keep your place
    NUMBER_IS = "number_is"  # we will call you at …
    CONFIRM_MENU = "confirm_menu"  # press 1 if this is right, 2 to key another number, 0 to keep waiting
    KEY_NUMBER = "key_number"  # key your number, then hash
    NUMBER_REFUSED = "number_refused"  # we cannot call that number
    WRONG_KEY = "wrong_key"  # I did not understand that
    KEEP_WAITING = "keep_waiting"  # you keep your place, please stay on the line
    NO_CALLBACK_NOW = "no_callback_now"  # sorry, we cannot take callback requests at the moment, you keep your place
    ALREADY_PROMISED = "already_promised"  # we already have a callback in line for this number
    ALREADY_MENU = "already_menu"  # you have a callback in line: 1 wait live at that place, 2 keep it, 3 cancel it
    CALLBACK_KEPT = "callback_kept"  # you keep your place, we will call you; goodbye
    CALLBACK_CANCELLED = "callback_cancelled"  # it is cancelled; goodbye
    PROMISE = "promise"  # you have kept your place; we will call you at …
    GOODBYE = "goodbye"
    CALLBACK_MENU = "callback_menu"  # to the customer: press 1 to be connected, 2 to be called later
    POSTPONE_MENU = "postpone_menu"  # to the customer: 1 to 9 for ten to ninety minutes
    CONNECTING = "connecting"  # please hold, we connect you
    CALLBACK_SORRY = "callback_sorry"  # to the customer: something is wrong here, we will call again
    CALLBACK_LATER = "callback_later"  # to a customer who pressed nothing: we will try again later
    AGENT_LOGGED_IN = "agent_logged_in"
    AGENT_LOGGED_OUT = "agent_logged_out"
    AGENT_PAUSED = "agent_paused"
    AGENT_UNPAUSED = "agent_unpaused"
    NOT_AN_AGENT = "not_an_agent"
    NOT_NOW = "not_now"  # to an agent: that does not work at the moment


@dataclass(frozen=True, slots=True)
class Greeting:
    """The queue's welcome; an operator's recording ``greeting-<queue>`` wins over the spoken default."""

    queue: str


@dataclass(frozen=True, slots=True)
class CallbackHello:
    """First words to a customer who answers: who rings and why; ``hello-<queue>`` may be recorded."""

    queue: str


@dataclass(frozen=True, slots=True)
class Position:
    """ "You are number ``n`` in line", n >= 1."""

    n: int


@dataclass(frozen=True, slots=True)
class WaitBelow:
    """ "Your estimated wait is less than ``minutes`` minutes", minutes >= 1."""

    minutes: int


@dataclass(frozen=True, slots=True)
class WaitAboveHour:
    """ "Your estimated wait is more than an hour"."""


@dataclass(frozen=True, slots=True)
class CallWithin:
    """ "We expect to call you within ``minutes`` minutes", minutes >= 1."""

    minutes: int


@dataclass(frozen=True, slots=True)
class CallAgainIn:
    """ "We will call you again in ``minutes`` minutes", a multiple of ten from 10 to 90."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits read one by one, grouped as the language groups a telephone number; a leading + is allowed."""

    digits: str


Phrase = Fixed | Greeting | CallbackHello | Position | WaitBelow | WaitAboveHour | CallWithin | CallAgainIn | Digits

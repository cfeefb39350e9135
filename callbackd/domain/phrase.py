"""Everything that can be spoken, as symbols. The words, their grammar and their sound belong to ``prompts``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fixed(StrEnum):
    """Whole sentences without a variable part."""

    OFFER = "offer"  # rather not wait? press 1 at any moment; we ring you when it is your turn; you keep your place
    OFFER_BOTH = "offer_both"  # the same, and: press 2 to choose a time at which we ring you
    OFFER_TIME = "offer_time"  # rather not wait? press 2 and choose a time at which we ring you
    CLOSED = "closed"  # we are closed at the moment
    HOLIDAY = "holiday"  # we are closed today for the holiday
    FULL = "full"  # more people are waiting than we can serve in good time
    NOBODY_HERE = "nobody_here"  # nobody can take your call at the moment
    LONG_WAIT = "long_wait"  # you have been waiting for longer than you should
    CLOSING = "closing"  # we are closing for today
    SLOT_INTRO = "slot_intro"  # we can call you back at a time that suits you
    SLOT_OTHER = "slot_other"  # for another time, press 9
    SLOT_STAY = "slot_stay"  # to keep waiting, press 0
    KEY_TIME = "key_time"  # key the time in four digits, for example 1 5 3 0 for half past three
    KEY_DAY = "key_day"  # press 0 for today, 1 for tomorrow, up to 7 for a day this many days from today
    TIME_REFUSED = "time_refused"  # we cannot call you at that time
    NO_TIME_FREE = "no_time_free"  # sorry, no time is free at the moment
    NUMBER_IS = "number_is"  # we will call you at …
    CONFIRM_MENU = "confirm_menu"  # press 1 if this is right, 2 to key another number, 0 to keep waiting
    KEY_NUMBER = "key_number"  # key your number, then hash
    NUMBER_REFUSED = "number_refused"  # we cannot call that number
    WRONG_KEY = "wrong_key"  # I did not understand that
    KEEP_WAITING = "keep_waiting"  # you keep your place, please stay on the line
    NO_CALLBACK_NOW = "no_callback_now"  # sorry, we cannot take callback requests at the moment, you keep your place
    TOO_MANY_CALLBACKS = "too_many_callbacks"  # several callbacks were asked for already, and we can take no more now
    ALREADY_PROMISED = "already_promised"  # we already have a callback in line for this number
    ALREADY_MENU = "already_menu"  # you have a callback: 1 wait live at that place till you talk, 2 keep
    ALREADY_MENU_ALL = "already_menu_all"  # where numbers are proven: also 3 cancel, 4 another time
    CALLBACK_KEPT = "callback_kept"  # we will call you as promised; goodbye
    CALLBACK_CANCELLED = "callback_cancelled"  # it is cancelled; goodbye
    PROMISE = "promise"  # you have kept your place; we will call you at …
    GOODBYE = "goodbye"
    CALLBACK_MENU = "callback_menu"  # to the customer: press 1 to be connected, 2 later, 3 no more, 9 never again
    NEVER_AGAIN = "never_again"  # to the customer: we will not call this number again; goodbye
    POSTPONE_MENU = "postpone_menu"  # to the customer: 1 to 9 for ten to ninety minutes
    CONNECTING = "connecting"  # please hold, we connect you
    CALLBACK_SORRY = "callback_sorry"  # to the customer: something is wrong here, we will call again
    CUT_OFF_BEFORE = "cut_off_before"  # to a customer, after the greeting: our last call to you was cut off, sorry
    AGENT_LOST = "agent_lost"  # to a caller whose agent was gone before they were connected: sorry, you are next
    CALLBACK_LATER = "callback_later"  # to a customer who pressed nothing: we will try again later
    AGENT_LOGGED_IN = "agent_logged_in"
    AGENT_LOGGED_OUT = "agent_logged_out"
    AGENT_PAUSED = "agent_paused"
    AGENT_BACK_WHEN = "agent_back_when"  # to an agent who pauses: key in how many minutes you will be back, then hash
    AGENT_BACK_NOTED = "agent_back_noted"  # we expect you back by then
    AGENT_MISSED = "agent_missed"  # before the answer to a feature code: you were paused for calls not answered
    AGENT_UNPAUSED = "agent_unpaused"
    AGENT_ACCEPT = "agent_accept"  # to an agent who picked up: a caller for you, press 1 to take the call
    AGENT_WRAP_UP_LONGER = "agent_wrap_up_longer"
    AGENT_READY = "agent_ready"  # the wrap-up is over
    AGENT_CALLED_IN = "agent_called_in"  # you are called in from the reserve
    AGENT_SENT_HOME = "agent_sent_home"  # you are in reserve again
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
class Crisis:
    """The announcement of a problem, while a supervisor has it switched on; ``crisis-<queue>`` may be recorded."""

    queue: str


@dataclass(frozen=True, slots=True)
class Menu:
    """Which key leads where; ``menu-<menu>`` is the operator's, the common one only asks to choose."""

    menu: str


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """ "For English, press ``key``", in that language whatever is spoken before it; ``key`` from 1 to 9."""

    key: int
    language: str


@dataclass(frozen=True, slots=True)
class WayOut:
    """ "To leave the line, press ``key``"; a digit, ``*`` or ``#``."""

    key: str


class Day(StrEnum):
    """A day as people say it: today, tomorrow, or else its weekday; never more than a week ahead."""

    TODAY = "today"
    TOMORROW = "tomorrow"
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    IN_A_WEEK = "in_a_week"


@dataclass(frozen=True, slots=True)
class SlotChoice:
    """ "For a call tomorrow at half past three, press ``key``"; ``minute`` of the local day, whole quarter hours."""

    key: int
    day: Day
    minute: int


@dataclass(frozen=True, slots=True)
class CallAt:
    """ "We will call you tomorrow at half past three": a promise; as above."""

    day: Day
    minute: int


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


Phrase = (
    Fixed
    | Greeting
    | CallbackHello
    | Crisis
    | Menu
    | LanguageChoice
    | WayOut
    | SlotChoice
    | CallAt
    | Position
    | WaitBelow
    | WaitAboveHour
    | CallWithin
    | CallAgainIn
    | Digits
)

"""The conversation as a table: what each stage asks, what each key and silence mean there, and who may interrupt it.

A stage asks one question, which is read a number of times; then it does what somebody who cannot press keys would want.
What an act does is the business of the desk whose enum it belongs to.

Known weak spot: three acts are for the operator to fill (a menu's choices, the exit key, an agent's accept key), and
only the desk knows whether such a key means something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from types import MappingProxyType
from typing import assert_never

from callbackd.domain.lives.dialogue import Dialogue, Stage
from callbackd.domain.phrase import Fixed

DIGITS = "0123456789*#"
TRIES = 3
"""After this many wrong keys, refused numbers or silent readings the question is not asked again."""

# --- what an answer does: one enum for each desk ----------------------------------------------------------------------


class Anywhere(Enum):
    ASK_AGAIN = "ask again"
    WRONG_KEY = "apologise and ask again"
    IGNORE = "means nothing here"


class AtMenu(Enum):
    CHOOSE = "the menu's choice"
    GO_ON = "go on without an answer"


class InLine(Enum):
    TAKE_TURN = "a callback in turn"
    TAKE_TIME = "a callback at a time"
    EXIT = "the exit key"


class Promising(Enum):
    CONFIRM = "the number is right"
    OTHER_NUMBER = "another number"
    ADD_DIGIT = "a digit of the number"
    END_NUMBER = "the number is complete"
    PAUSE_IN_NUMBER = "complete, or ask again"
    TAKE_SLOT = "take this time"
    OTHER_TIME = "another time"
    ADD_TIME_DIGIT = "a digit of the time"
    NO_TIME = "that is no time"
    TAKE_DAY = "the day of the time"
    LEAVE_IT = "no time at all"
    GO_BACK = "back to where the caller was"


class AtPromise(Enum):
    WAIT_LIVE = "wait at the place"
    KEEP = "keep the promise"
    CANCEL = "cancel the promise"
    MOVE = "move the promise"


class ByCustomer(Enum):
    ACCEPT = "connect"
    LATER = "ask how much later"
    POSTPONE = "ten minutes a digit"
    POSTPONE_LEAST = "ten minutes"
    NO_LONGER = "the call is not needed any more"
    NOBODY = "no person is there"


class ToBeLeftAlone(Enum):
    NEVER_AGAIN = "never call this number again"


class ByAgent(Enum):
    PROVE = "the accept key"
    NOBODY = "no person is there"
    ADD_MINUTE_DIGIT = "a digit of the minutes"
    END_MINUTES = "the minutes are complete"
    PAUSE_IN_MINUTES = "complete, or not known"


Act = Anywhere | AtMenu | InLine | Promising | AtPromise | ByCustomer | ToBeLeftAlone | ByAgent

BINDING = frozenset({Promising.CONFIRM, AtPromise.CANCEL, ByCustomer.ACCEPT, ToBeLeftAlone.NEVER_AGAIN})
"""Acts for which somebody must have heard what is asked."""

# --- the other columns ------------------------------------------------------------------------------------------------


class Question(Enum):
    """Questions that depend on more than the stage; all others are a ``Fixed`` phrase."""

    LANGUAGES = auto()
    MENU = auto()
    NUMBER = auto()
    TIMES = auto()
    PROMISE = auto()


class Readings(Enum):
    """How often a question is read before the stage gives up."""

    NONE = auto()
    ONCE = auto()
    TRIES = auto()
    AS_SET = auto()
    """``dialling.menu_readings``"""


class After(Enum):
    """What follows when everything has been spoken."""

    REPLY = auto()
    MUSIC = auto()
    HANG_UP = auto()
    NOTHING = auto()


class Interrupt(Enum):
    ANNOUNCEMENT = auto()
    AGENT = auto()
    """An agent may be given to the caller meanwhile; a question then gives way to music. A person at once is better
    than a promise; only a promise that is being stored is left to finish."""
    RULE = auto()
    """The queue's rules and the caller's exit key may take the caller out of the line."""
    CLOSING = auto()
    """The queue closes, and a time is offered."""


class Memory(Enum):
    KEYED = auto()
    TRIES = auto()
    CHOICES = auto()
    SLOT = auto()


@dataclass(frozen=True, slots=True)
class Row:
    question: Fixed | Question | None
    """The question; None for a stage that asks nothing."""
    keys: Mapping[str, Act] = field(default_factory=lambda: MappingProxyType({}))
    other: Act = Anywhere.IGNORE
    """What all other keys mean."""
    silence: Act | None = None
    give_up: Act | None = None
    """After the last reading."""
    readings: Readings = Readings.NONE
    again: Question | None = None
    """The question for the next readings, if it differs from the first."""
    early_keys: bool = False
    """Whether a key counts even if it is pressed before the question can be heard."""
    needs_place: bool = False
    """Whether a key finds nothing to decide when the place is gone."""
    interrupts: frozenset[Interrupt] = frozenset()
    forgets: frozenset[Memory] = frozenset()
    """What is forgotten on coming to this stage; the tries only when coming from another one."""
    after: After = After.REPLY

    def act(self, digit: str) -> Act:
        return self.keys.get(digit, self.other)

    @property
    def gives_way(self) -> bool:
        """Whether a question is asked that gives way when an agent is there."""
        return self.question is not None and Interrupt.AGENT in self.interrupts


_NOTHING_KEPT = frozenset(Memory)
_FRESH = frozenset({Memory.KEYED, Memory.TRIES})
_IN_LINE = frozenset({Interrupt.AGENT, Interrupt.RULE})


def _keys(acts: Mapping[str, Act]) -> Mapping[str, Act]:
    """One entry for several digits, spelt out."""
    return MappingProxyType({digit: act for digits, act in acts.items() for digit in digits})


# --- the rows ---------------------------------------------------------------------------------------------------------

_LANGUAGE = Row(
    Question.LANGUAGES,
    other=AtMenu.CHOOSE,
    silence=Anywhere.ASK_AGAIN,
    give_up=AtMenu.GO_ON,
    readings=Readings.TRIES,
)
_MENU = Row(
    Question.MENU,
    other=AtMenu.CHOOSE,
    silence=Anywhere.ASK_AGAIN,
    give_up=AtMenu.GO_ON,
    readings=Readings.TRIES,
    forgets=frozenset({Memory.TRIES}),
)
_WAITING = Row(
    None,
    _keys({"1": InLine.TAKE_TURN, "2": InLine.TAKE_TIME}),
    other=InLine.EXIT,
    early_keys=True,
    interrupts=frozenset(Interrupt),
    forgets=_NOTHING_KEPT,
    after=After.MUSIC,
)
_CONFIRMING = Row(
    Question.NUMBER,
    _keys({"1": Promising.CONFIRM, "2": Promising.OTHER_NUMBER, "0": Promising.GO_BACK}),
    other=Anywhere.WRONG_KEY,
    silence=Anywhere.ASK_AGAIN,
    give_up=Promising.GO_BACK,
    readings=Readings.TRIES,
    interrupts=_IN_LINE,
    forgets=_FRESH,
)
_KEYING = Row(
    Fixed.KEY_NUMBER,
    _keys({"#": Promising.END_NUMBER, "*": Promising.OTHER_NUMBER}),
    other=Promising.ADD_DIGIT,
    silence=Promising.PAUSE_IN_NUMBER,
    give_up=Promising.GO_BACK,
    readings=Readings.TRIES,
    interrupts=_IN_LINE,
    forgets=_FRESH,
)
_CHOOSING = Row(
    Question.TIMES,
    _keys({"123": Promising.TAKE_SLOT, "9": Promising.OTHER_TIME, "0": Promising.LEAVE_IT}),
    other=Anywhere.WRONG_KEY,
    silence=Anywhere.ASK_AGAIN,
    give_up=Promising.GO_BACK,
    readings=Readings.TRIES,
    needs_place=True,
    interrupts=_IN_LINE,
    forgets=frozenset({Memory.KEYED}),
)
_KEYING_TIME = Row(
    Fixed.KEY_TIME,
    _keys({"*#": Promising.NO_TIME}),
    other=Promising.ADD_TIME_DIGIT,
    silence=Anywhere.ASK_AGAIN,
    give_up=Promising.GO_BACK,
    readings=Readings.TRIES,
    interrupts=_IN_LINE,
    forgets=frozenset({Memory.KEYED}),
)
_KEYING_DAY = Row(
    Fixed.KEY_DAY,
    # Many people end a time with # out of habit: it is no answer, and nothing to apologise for.
    _keys({"01234567": Promising.TAKE_DAY, "*#": Anywhere.IGNORE}),
    other=Anywhere.WRONG_KEY,
    silence=Anywhere.ASK_AGAIN,
    give_up=Promising.GO_BACK,
    readings=Readings.TRIES,
    again=Question.TIMES,
    interrupts=_IN_LINE,
)
_STORING = Row(None, after=After.NOTHING)
# A key counts after the greeting, not during it: the dialplan speaks the greeting, with us or without us, and a key
# pressed before the menu answers no question. The menu is read twice.
_INVITED = Row(
    Fixed.CALLBACK_MENU,
    _keys({"1": ByCustomer.ACCEPT, "2": ByCustomer.LATER, "3": ByCustomer.NO_LONGER, "9": ToBeLeftAlone.NEVER_AGAIN}),
    other=Anywhere.WRONG_KEY,
    silence=Anywhere.ASK_AGAIN,
    give_up=ByCustomer.NOBODY,
    readings=Readings.AS_SET,
)
_REJOINING = Row(
    Question.PROMISE,
    _keys({"1": AtPromise.WAIT_LIVE, "2": AtPromise.KEEP, "3": AtPromise.CANCEL, "4": AtPromise.MOVE}),
    other=Anywhere.WRONG_KEY,
    silence=Anywhere.ASK_AGAIN,
    give_up=Promising.GO_BACK,
    readings=Readings.TRIES,
    needs_place=True,
)
# Key 9 means "never again" only in the first menu. Here it means ninety minutes: a refusal that nobody meant would be
# worse than a menu that has to be heard again.
_POSTPONING = Row(
    Fixed.POSTPONE_MENU,
    _keys({"123456789": ByCustomer.POSTPONE}),
    other=Anywhere.WRONG_KEY,
    silence=Anywhere.ASK_AGAIN,
    give_up=ByCustomer.POSTPONE_LEAST,
    readings=Readings.AS_SET,
    forgets=frozenset({Memory.TRIES}),
)
_ACCEPTING = Row(
    Fixed.AGENT_ACCEPT,
    other=ByAgent.PROVE,
    silence=Anywhere.ASK_AGAIN,
    give_up=ByAgent.NOBODY,
    readings=Readings.ONCE,
)
# The pause has begun whatever is keyed: agents who hang up, or key nothing, are back when they are back.
_PAUSING = Row(
    Fixed.AGENT_BACK_WHEN,
    _keys({"#": ByAgent.END_MINUTES, "*": Anywhere.IGNORE}),
    other=ByAgent.ADD_MINUTE_DIGIT,
    silence=ByAgent.PAUSE_IN_MINUTES,
    give_up=ByAgent.PAUSE_IN_MINUTES,
    readings=Readings.ONCE,
    early_keys=True,
    forgets=_FRESH,
)
_LEAVING = Row(None, after=After.HANG_UP)


def _row(stage: Stage) -> Row:
    match stage:
        case Stage.LANGUAGE:
            return _LANGUAGE
        case Stage.MENU:
            return _MENU
        case Stage.WAITING:
            return _WAITING
        case Stage.CONFIRMING:
            return _CONFIRMING
        case Stage.KEYING:
            return _KEYING
        case Stage.CHOOSING:
            return _CHOOSING
        case Stage.KEYING_TIME:
            return _KEYING_TIME
        case Stage.KEYING_DAY:
            return _KEYING_DAY
        case Stage.STORING:
            return _STORING
        case Stage.INVITED:
            return _INVITED
        case Stage.REJOINING:
            return _REJOINING
        case Stage.POSTPONING:
            return _POSTPONING
        case Stage.ACCEPTING:
            return _ACCEPTING
        case Stage.PAUSING:
            return _PAUSING
        case Stage.LEAVING:
            return _LEAVING
        case _:
            assert_never(stage)


TABLE: Mapping[Stage, Row] = MappingProxyType({stage: _row(stage) for stage in Stage})


def row_of(dialogue: Dialogue) -> Row:
    return TABLE[dialogue.stage]


def may_interrupt(interrupt: Interrupt, dialogue: Dialogue) -> bool:
    return interrupt in TABLE[dialogue.stage].interrupts


def go(dialogue: Dialogue, stage: Stage) -> Dialogue:
    """The dialogue after it has come to a stage, or to the same question again: what is over has been forgotten."""
    gone = TABLE[stage].forgets
    return replace(
        dialogue,
        stage=stage,
        keyed="" if Memory.KEYED in gone else dialogue.keyed,
        tries=0 if Memory.TRIES in gone and stage is not dialogue.stage else dialogue.tries,
        choices=() if Memory.CHOICES in gone else dialogue.choices,
        slot_at=None if Memory.SLOT in gone else dialogue.slot_at,
    )


@dataclass(frozen=True, slots=True)
class Again:
    """What a desk returns when a key was no answer: the question of the dialogue's stage is to be asked again."""

    dialogue: Dialogue
    reason: str
    apology: Fixed | None = None


def wrong_key(dialogue: Dialogue, digit: str) -> Again:
    return Again(dialogue, f"key {digit} means nothing here", Fixed.WRONG_KEY)

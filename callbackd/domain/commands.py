"""What is to be done. The runner commits what must be written, then the adapters carry out the rest.

Commands that share a lane (``lanes``) are carried out in order, all others in parallel: a step of one call never waits
for another call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from callbackd.domain.ids import AgentId, AttemptId, BridgeId, EntryId, LegId, PlaybackId
from callbackd.domain.lives.agent import Agent
from callbackd.domain.lives.attempt import Attempt
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.direct_window import DirectWindow
from callbackd.domain.lives.do_not_call import Blocked
from callbackd.domain.lives.entry import Entry
from callbackd.domain.lives.quote import Quote, Remembered
from callbackd.domain.lives.sent_out import SentOut
from callbackd.domain.lives.switch import Switch
from callbackd.domain.phrase import Phrase

Saved = Entry | Agent | Callback | Attempt | DirectWindow | Blocked | Quote | Remembered | Switch | SentOut


@dataclass(frozen=True, slots=True)
class Play:
    """Speak to a leg. Its end is reported as ``PlaybackEnded`` whatever becomes of it."""

    leg: LegId
    playback: PlaybackId
    phrases: tuple[Phrase, ...]
    language: str
    queue: str = ""
    """The queue whose recordings win over the common ones."""
    music: str = ""
    """The music that Asterisk itself plays to the leg before and after, even if we are gone by then; empty for none."""


@dataclass(frozen=True, slots=True)
class StopPlayback:
    leg: LegId
    playback: PlaybackId


@dataclass(frozen=True, slots=True)
class LookAtPlayback:
    """Look whether a playback is over, as its end may have been missed: ``PlaybackEnded`` comes back if it is."""

    leg: LegId
    playback: PlaybackId


@dataclass(frozen=True, slots=True)
class StartMusic:
    leg: LegId
    music: str


@dataclass(frozen=True, slots=True)
class StopMusic:
    leg: LegId


@dataclass(frozen=True, slots=True)
class RingAgent:
    """Dial an agent's phone, showing the customer's number. Asterisk gives up after ``ring_s``."""

    leg: LegId
    endpoint: str
    caller_number: str
    caller_name: str
    ring_s: float
    entry: EntryId


@dataclass(frozen=True, slots=True)
class DialCustomer:
    """Dial a customer on a fresh connection into the outbound context. Sent only after ``AttemptClaimed``."""

    leg: LegId
    attempt: AttemptId
    number: str
    """E.164 as rebuilt by libphonenumber; the adapter puts its digits into the endpoint template."""
    ring_s: float
    hello: tuple[Phrase, ...]
    """Spoken by the dialplan at once after answer, whether or not we are there."""
    sorry: tuple[Phrase, ...]
    """Spoken by the dialplan when we are not there."""
    language: str
    queue: str = ""
    """The queue whose recordings win over the common ones."""


@dataclass(frozen=True, slots=True)
class TraceAttempt:
    """Find out what became of a dial: answered by ``AttemptTraced``, or by nothing while Asterisk does not answer."""

    leg: LegId
    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class NotePlace:
    """Have the leg itself carry its place, in case our rows are lost."""

    leg: LegId
    queue: str
    arrived_at: float


@dataclass(frozen=True, slots=True)
class MakeBridge:
    bridge: BridgeId


@dataclass(frozen=True, slots=True)
class Join:
    """Put the legs into the bridge together, the caller's first. Answered by ``LegsJoined`` or ``RequestFailed``."""

    bridge: BridgeId
    legs: tuple[LegId, ...]


@dataclass(frozen=True, slots=True)
class DropBridge:
    bridge: BridgeId
    caller: LegId | None = None
    """The leg that stays with us: its next commands wait until the bridge is gone."""


@dataclass(frozen=True, slots=True)
class HangUp:
    leg: LegId
    reason: str
    """For the log."""
    elsewhere: bool = False
    """Whether somebody else took the call: then the telephone shows no missed call."""


@dataclass(frozen=True, slots=True)
class ArmDeadMan:
    """Asterisk takes the leg to the fallback ``after_s`` from now unless armed again; 0 disarms."""

    leg: LegId
    after_s: float


@dataclass(frozen=True, slots=True)
class SendToFallback:
    """Hand the leg back to the dialplan, to be served without us."""

    leg: LegId
    context: str
    extension: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Send the caller's leg where the agent wants it. Answered by ``Transferred`` or ``TransferFailed``.

    The dialplan takes it there by the rights of the agent's telephone, and brings it back into ``queue`` when nobody
    answers there.
    """

    leg: LegId
    by: LegId
    """The agent's leg, whose telephone asked."""
    to: str
    consult: LegId | None
    colleague: str
    """The name of the channel to be connected with; empty: ``to`` is dialled."""
    context: str
    """Where ``to`` is dialled; empty: the context of the agent's telephone."""
    ring_s: float
    queue: str
    entry: EntryId
    arrived_at: float


@dataclass(frozen=True, slots=True)
class AnswerTransfer:
    """Answer the telephone that asked for a transfer with what became of it."""

    leg: LegId
    done: bool
    reason: str
    """For the log."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A row has become another: the one fact of a step that journal, learning, metrics and laws read.

    It must be written, and may wait in bounded memory while the database is away. If ``stored``, a promise or an intent
    carries the row to the database.
    """

    before: Saved | None
    """None for a new row."""
    after: Saved | None
    """None for a row that is deleted."""
    stored: bool = False
    at: float = field(default=0.0, compare=False)
    """When, for the history."""

    @property
    def row(self) -> Saved:
        """The newest row: the one after the change, or the one that is deleted."""
        if row := self.after or self.before:
            return row
        raise ValueError("a change of nothing into nothing")


class Happening(StrEnum):
    """What belongs into the history and is no change of a row."""

    HELD = "held"
    """One side of a call put the other on hold."""
    UNHELD = "unheld"
    DISPOSED = "disposed"
    """The agent said what the call was about."""
    NOTED = "noted"
    """The agent wrote a note about the call, in words of their own."""
    NO_PROMISE = "no_promise"
    """A callback was refused because as many had been asked for as the limits allow."""
    NO_DIAL = "no_dial"
    """A customer was not dialled because the limits allow no more today."""


@dataclass(frozen=True, slots=True)
class Happened:
    """A fact beside the rows, to be written like one, and whose it is as far as it is anybody's."""

    at: float
    what: Happening
    queue: str = ""
    entry: EntryId | None = None
    """None for a disposition after the call: it is about the agent's last one."""
    agent: AgentId | None = None
    leg: LegId | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of an act that somebody asked for, for the asker and for the audit. ``why`` is empty when done."""

    at: float
    request: str
    who: str
    source: str
    act: str
    what: str
    """All that was said about the act, field by field."""
    reason: str
    done: bool
    why: str
    subject: str = ""
    """The id of what the act made: a callback's."""


@dataclass(frozen=True, slots=True)
class StorePromise:
    """Commit the promise and its place together; answered by ``PromiseStored`` or ``PromiseNotStored``."""

    entry: Entry
    callback: Callback
    asked_by: str = ""
    """The number that the caller rang from, when it is not the one to be called and was not withheld."""
    unasked: bool = False
    """Whether nobody asked for it: it makes up for a call that we lost, and no limit applies."""


@dataclass(frozen=True, slots=True)
class ClaimAttempt:
    """Commit the intent to dial; answered by ``AttemptClaimed`` or ``AttemptNotClaimed``. Never buffered."""

    entry: Entry
    callback: Callback
    attempt: Attempt
    word_at: float = 0.0
    """When a supervisor last let dialling go on: how customers fared before that no longer counts."""


@dataclass(frozen=True, slots=True)
class ClaimTransfer:
    """Commit that a caller is sent to an outside number; answered by ``TransferClaimed`` or ``TransferNotClaimed``."""

    sent: SentOut


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with its reason, for the log and for people who ask why. ``subject`` is the id of what it is about."""

    at: float
    subject: str
    what: str
    reason: str
    facts: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


Act = (
    Play
    | StopPlayback
    | LookAtPlayback
    | StartMusic
    | StopMusic
    | RingAgent
    | DialCustomer
    | TraceAttempt
    | NotePlace
    | MakeBridge
    | Join
    | DropBridge
    | HangUp
    | ArmDeadMan
    | SendToFallback
    | Transfer
    | AnswerTransfer
)
Question = StorePromise | ClaimAttempt | ClaimTransfer
"""What the database decides: it is committed or refused, each in its own transaction, and never waits in memory."""
Write = Changed | Happened | Answered | Question | Decided
Command = Act | Write


def written_first(command: Command) -> bool:
    """Whether nothing may leave before this and all that was decided before it is committed.

    That is all that concerns a promise, what somebody is told was done, and what cannot be taken back: two people who
    hear each other, a caller who leaves us. What is done for a live caller who waits promises nothing. Should its row
    never be written, the leg is found and judged by its name and the place that it carries.
    """
    match command:
        case Changed():
            row = command.row
            return isinstance(row, Callback | Attempt | DirectWindow | Blocked) or (
                isinstance(row, Entry) and row.callback is not None
            )
        case StorePromise() | ClaimAttempt() | ClaimTransfer() | Answered() | DialCustomer() | TraceAttempt():
            return True
        case Join() | SendToFallback() | Transfer() | AnswerTransfer():
            return True
        case _:
            return False


def lanes(act: Act) -> tuple[str, ...]:
    """The legs and bridges whose earlier commands must be over before this one may begin.

    Joining two people waits for earlier commands about the caller and the bridge, but not about the agent's leg: it has
    answered, even if the reply to the request that rang it is still on its way. A trace only looks, and takes its time:
    no command about the leg waits for it.
    """
    match act:
        case Join():
            return (act.bridge, act.legs[0])
        case MakeBridge():
            return (act.bridge,)
        case TraceAttempt():
            return (act.attempt,)
        case DropBridge():
            return (act.bridge, act.caller) if act.caller else (act.bridge,)
        case (
            Play() | StopPlayback() | LookAtPlayback() | StartMusic() | StopMusic() | RingAgent() | DialCustomer()
            | NotePlace() | HangUp() | ArmDeadMan() | SendToFallback() | Transfer() | AnswerTransfer()
        ):  # fmt: skip
            return (act.leg,)
        case _:
            assert_never(act)

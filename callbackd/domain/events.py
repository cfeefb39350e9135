"""What happened, in the past tense: adapters make events, ``Acd.handle`` takes them. Each may come late or twice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callbackd.domain.ids import AttemptId, BridgeId, CallbackId, EntryId, LegId, PlaybackId, SentOutId, legs_of_ring


class Ending(StrEnum):
    """How a leg ended, judged once by the adapter from the Q.850 cause and the SIP status."""

    NORMAL = "normal"  # hung up by somebody after or before answer, 16
    BUSY = "busy"  # 17, 486, 600
    NO_ANSWER = "no_answer"  # 18, 19, 480, 408 after ringing
    REJECTED = "rejected"  # 21, 403, 603
    UNREACHABLE = "unreachable"  # 1, 20, 22, 28: no such number, phone not registered, 404, 484
    CONGESTION = "congestion"  # 3, 34, 38, 42, 401, 407, 5xx, silence: the trunk's trouble, not the customer's
    UNKNOWN = "unknown"  # it is gone, and nobody can say how


class FeatureCode(StrEnum):
    """What an agent dials on the phone."""

    LOGIN = "login"
    LOGOUT = "logout"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    EXTEND = "extend"  # a longer wrap-up
    READY = "ready"  # the end of the wrap-up
    CALL_IN = "call_in"  # from the reserve
    SEND_HOME = "send_home"  # to the reserve


class Finding(StrEnum):
    """What can be found out about a leg that we asked Asterisk to dial."""

    ALIVE = "alive"  # its channel exists
    ANSWERED = "answered"  # gone, after it was picked up
    DIALLED = "dialled"  # gone, and nobody picked up
    NOTHING = "nothing"  # there is no channel and there was none
    UNKNOWABLE = "unknowable"  # there is no channel, and no record of whether there was one


class DeviceState(StrEnum):
    """What Asterisk knows about a telephone, from whichever call."""

    FREE = "free"  # NOT_INUSE
    IN_USE = "in_use"  # INUSE, BUSY, ONHOLD, RINGING, RINGINUSE
    OFF = "off"  # UNAVAILABLE: not registered, or it does not answer
    UNKNOWN = "unknown"  # UNKNOWN, INVALID: means nothing


class Party(StrEnum):
    """In which role a leg entered the Stasis application."""

    CALLER = "caller"
    AGENT = "agent"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class CallArrived:
    """A caller's leg entered by ``Stasis(callbackd,inbound,<queue>)``. ``number`` is what the network claims, raw."""

    leg: LegId
    queue: str
    number: str = ""
    name: str = ""
    language: str = ""
    dialled: str = ""
    priority: int = 0
    needs: str = ""
    """Skills this caller wants besides the queue's, as the dialplan wrote them: ``polish:2+vip:1``."""
    stood_in: str = ""
    """The queue in whose line the leg has been before, by the note that it carries (``NotePlace``)."""
    stood_since: float = 0.0
    came_from: EntryId | None = None
    """The entry whose agent transferred the caller to this queue."""
    came_since: float = 0.0
    """When that entry arrived."""


@dataclass(frozen=True, slots=True)
class FeatureCodeDialled:
    """An agent's phone called a feature code; ``endpoint`` is the technology and name of that phone."""

    leg: LegId
    code: str
    endpoint: str
    minutes: str = ""
    """What was dialled after the code of a pause: in how many minutes the agent expects to be back."""


@dataclass(frozen=True, slots=True)
class DialAccepted:
    """Asterisk made the channel we asked for (HTTP 200). Perhaps nobody has been rung yet."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class DialRefused:
    """Asterisk refused to dial (400, 500, 503): nothing was sent to anybody."""

    leg: LegId
    reason: str


@dataclass(frozen=True, slots=True)
class DialUnknown:
    """A dial request got no answer: the leg may have been dialled, or may still be."""

    leg: LegId
    reason: str


@dataclass(frozen=True, slots=True)
class LegRinging:
    leg: LegId


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """A leg that we dialled was picked up. Perhaps nobody listens yet on a customer's leg."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class LegEntered:
    """An agent's or a customer's leg is in our application (StasisStart): we can play to it and bridge it."""

    leg: LegId
    party: Party
    attempt: AttemptId | None = None


@dataclass(frozen=True, slots=True)
class LegLeft:
    """A leg left Stasis without our doing and lives on in the dialplan (dead-man time-out, redirect)."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class LegReplaced:
    """Asterisk put one leg in the place of another: a colleague connected the caller for whom she had queued.

    ``by`` is in our application now where ``leg`` was; ``leg`` is about to end.
    """

    leg: LegId
    by: LegId
    number: str = ""
    """The number behind the new leg as the network claims it, raw; empty when it claims none."""
    name_of_channel: str = ""
    """Asterisk's name for the new leg's channel: ``PJSIP/agent3-00000007``."""


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """Somebody pressed the transfer key on ``leg`` (REFER); the telephone waits for our answer.

    Blind: only ``to`` is given, as it was dialled. Attended: ``consult`` is the same telephone's call with a colleague,
    and ``colleague`` the name of the colleague's channel, empty while that one has not answered.
    """

    leg: LegId
    to: str
    consult: LegId | None = None
    colleague: str = ""
    colleague_number: str = ""
    """The number of the colleague's channel: for one that was dialled over a trunk, the number dialled."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """The dialplan has the caller's leg and takes it where the agent wanted it to go."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """Nothing was done with the caller's leg: the agent's telephone shows that, and the agent keeps talking."""

    leg: LegId
    reason: str


@dataclass(frozen=True, slots=True)
class LegEnded:
    leg: LegId
    ending: Ending = Ending.NORMAL
    cause: int = 0
    """Q.850; 0 when none was given."""
    tech_cause: int = 0
    """SIP status; 0 when none was given."""
    perhaps_trunk: bool = False
    """Whether a carrier may refuse one number or all numbers in this way (403, 404): the next numbers will show."""
    refused: bool = False
    """Whether ``NO_ANSWER`` is the far end's own answer, given before it had rung for as long as we wanted."""


@dataclass(frozen=True, slots=True)
class DigitPressed:
    leg: LegId
    digit: str


@dataclass(frozen=True, slots=True)
class PlaybackBegan:
    """A playback can be heard from now on."""

    playback: PlaybackId


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """A playback is over: finished, stopped, or refused; the leg may be gone too."""

    playback: PlaybackId


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """A request about ``leg``, other than dialling, failed although the leg should be there."""

    leg: LegId
    request: str
    reason: str


@dataclass(frozen=True, slots=True)
class LegsSeen:
    """All channels of Asterisk, polled after a reconnect: a leg that we know and that is not here has ended."""

    legs: frozenset[LegId]
    left: frozenset[LegId] = frozenset()
    """Those of them that are not in our application: the dialplan has them again, or still."""
    joined: frozenset[LegId] = frozenset()
    """Those of them that are in a bridge with another."""
    alone: frozenset[LegId] = frozenset()
    """Those of them that are in a bridge with nobody: the other is gone."""
    elsewhere: frozenset[LegId] = frozenset()
    """Those of them that the dialplan has beyond our contexts: people whom an agent sent on, who talk without us."""
    bridges: frozenset[BridgeId] = frozenset()
    since: float = 0.0
    """When this Asterisk started, as far as is known. Legs that came earlier and are not here were cut off."""

    def has(self, leg: LegId) -> bool:
        """Whether the leg is there, or another telephone of the same ring."""
        return not self.legs.isdisjoint(legs_of_ring(leg))


@dataclass(frozen=True, slots=True)
class LegsJoined:
    """These legs are in a bridge together: they hear each other."""

    legs: tuple[LegId, ...]


@dataclass(frozen=True, slots=True)
class AttemptTraced:
    """What a look at Asterisk and at its event log (CEL) found out about an attempt's leg."""

    attempt: AttemptId
    trace: Finding


@dataclass(frozen=True, slots=True)
class PromiseStored:
    callback: CallbackId


@dataclass(frozen=True, slots=True)
class PromiseNotStored:
    callback: CallbackId
    reason: str
    too_many: bool = False
    """Whether the limits allow no more requests; then nothing is wrong with the database."""


@dataclass(frozen=True, slots=True)
class AttemptClaimed:
    """The intent to dial is committed; only now may the telephone ring. It carries the day's totals so far."""

    attempt: AttemptId
    dials: int = 0
    talk_s: float = 0.0
    answered: int = 0
    late: int = 0
    money: float = 0.0


@dataclass(frozen=True, slots=True)
class AttemptNotClaimed:
    attempt: AttemptId
    reason: str
    until: float = 0.0
    """When the next day begins, if the day's budget is used up."""
    stop: bool = False
    """Whether too many customers waited for an agent: then nobody is dialled until a supervisor allows it."""


@dataclass(frozen=True, slots=True)
class TransferClaimed:
    """A transfer to an outside number is committed; only now may the caller go. It carries the day's totals so far."""

    sent: SentOutId
    dials: int = 0
    talk_s: float = 0.0
    money: float = 0.0


@dataclass(frozen=True, slots=True)
class TransferNotClaimed:
    sent: SentOutId
    reason: str
    until: float = 0.0
    """When the next day begins, if the day's budget is used up."""


@dataclass(frozen=True, slots=True)
class DatabaseLost:
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DatabaseBack:
    pass


@dataclass(frozen=True, slots=True)
class PbxLost:
    """The event stream of Asterisk broke; calls there go on without us."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class PbxBack:
    """The event stream is there; ``LegsSeen`` follows when it is a reconnect."""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The deadline that ``next_deadline`` named has come."""


@dataclass(frozen=True, slots=True)
class SwitchTurned:
    """Offering, dialling, or the crisis announcement was turned on or off; ``queue`` empty: all of them."""

    switch: str
    on: bool
    queue: str = ""
    why: str = "by a supervisor"
    """Who did it, or what made it necessary."""


@dataclass(frozen=True, slots=True)
class DrainBegan:
    """We are about to hand over or to stop: nobody new is dialled, what is under way goes on."""


@dataclass(frozen=True, slots=True)
class ClosedEarly:
    """A supervisor closed a queue until a time, or with None opened it again."""

    queue: str
    until: float | None


@dataclass(frozen=True, slots=True)
class AgentDialled:
    """An agent's own call to somebody outside is over, or was answered; ``number`` is as it was dialled."""

    endpoint: str
    number: str
    talked: bool


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """What an agent's telephone is doing now. It comes late, and includes our own calls."""

    endpoint: str
    state: DeviceState


@dataclass(frozen=True, slots=True)
class LegHeld:
    """One side put the other on hold. A hangup while on hold brings no ``LegUnheld``."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class LegUnheld:
    leg: LegId


@dataclass(frozen=True, slots=True)
class CallDisposed:
    """An agent noted what a call was about: the one in hand, else the last one. The last of several notes counts."""

    endpoint: str
    disposition: str


@dataclass(frozen=True, slots=True)
class NumberBlocked:
    """A number must never be called again, for the reason given."""

    number: str
    why: str


@dataclass(frozen=True, slots=True)
class NumberUnblocked:
    """A number may be called again."""

    number: str


@dataclass(frozen=True, slots=True)
class RequestCallback:
    """Promise a callback without a call: at the customer's turn, or at a time."""

    queue: str
    number: str
    slot_at: float | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class MoveCallback:
    callback: str
    slot_at: float


@dataclass(frozen=True, slots=True)
class CancelCallback:
    callback: str


@dataclass(frozen=True, slots=True)
class CallNow:
    """Dial this promise next, whenever it was promised for."""

    callback: str


@dataclass(frozen=True, slots=True)
class AssignCallback:
    """Give a promise to one agent alone; to nobody: to all of them again."""

    callback: str
    agent: str = ""


@dataclass(frozen=True, slots=True)
class BlockNumber:
    number: str


@dataclass(frozen=True, slots=True)
class UnblockNumber:
    number: str


@dataclass(frozen=True, slots=True)
class AgentAct:
    """What the agent could dial as a feature code; a pause takes the reason that was given."""

    agent: str
    code: FeatureCode
    back_in_s: float | None = None
    """With a pause: in how many seconds the agent expects to be back; None: not known."""


@dataclass(frozen=True, slots=True)
class Dispose:
    """Say what the agent's call was about: the one in hand, else the last."""

    agent: str
    disposition: str


@dataclass(frozen=True, slots=True)
class WriteNote:
    agent: str
    text: str


@dataclass(frozen=True, slots=True)
class TurnSwitch:
    """``offering``, ``dialling`` or ``crisis``; ``queue`` empty: of all of them."""

    switch: str
    on: bool
    queue: str = ""


@dataclass(frozen=True, slots=True)
class CloseEarly:
    """Close a queue until a time; None opens it again."""

    queue: str
    until: float | None


@dataclass(frozen=True, slots=True)
class TakeOut:
    """Take a caller out of the line, into the dialplan's fallback."""

    entry: str


@dataclass(frozen=True, slots=True)
class PutFirst:
    entry: str


WantedAct = (
    RequestCallback
    | MoveCallback
    | CancelCallback
    | CallNow
    | AssignCallback
    | BlockNumber
    | UnblockNumber
    | AgentAct
    | Dispose
    | WriteNote
    | TurnSwitch
    | CloseEarly
    | TakeOut
    | PutFirst
)
"""What people and programs may ask for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asks for an act. It is answered by ``Answered`` of the same ``request``, when it is written down."""

    request: str
    """An id of the asker's."""
    who: str
    source: str
    """By which face: ``cli``, ``api``, ``page``."""
    act: WantedAct
    reason: str = ""


LegEvent = (
    CallArrived
    | DialAccepted
    | DialRefused
    | DialUnknown
    | LegRinging
    | LegAnswered
    | LegEntered
    | LegLeft
    | LegReplaced
    | LegEnded
    | LegsJoined
    | LegsSeen
    | TransferAsked
    | Transferred
    | TransferFailed
    | RequestFailed
)
"""What became of legs."""
SpokenEvent = PlaybackBegan | PlaybackEnded | DigitPressed
"""What is heard and answered on a leg that we speak with."""
StoredEvent = (
    PromiseStored | PromiseNotStored | AttemptClaimed | AttemptNotClaimed | TransferClaimed | TransferNotClaimed
)
"""What the database answered."""
HouseEvent = DatabaseLost | DatabaseBack | PbxLost | PbxBack | SwitchTurned | DrainBegan | ClosedEarly
"""The conditions under which everybody works, and what supervisors decide."""
PeopleEvent = FeatureCodeDialled | AgentDialled | DeviceSeen | AttemptTraced | NumberBlocked | NumberUnblocked
"""What one agent or one customer did."""
CallEvent = LegHeld | LegUnheld | CallDisposed
"""What is told of calls in hand, for the history."""

Event = LegEvent | SpokenEvent | StoredEvent | HouseEvent | PeopleEvent | CallEvent | Asked | TimePassed

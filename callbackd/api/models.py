"""What goes in and out of the API. What comes in is read strictly, and unknown fields are refused; times are ISO 8601
with their zone, numbers E.164, durations seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from callbackd.domain.agents.floor import LONGEST_PAUSE_S
from callbackd.domain.lives.agent import Activity, Presence
from callbackd.domain.lives.callback import CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import EntryState

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
Words = Annotated[str, Field(max_length=200, pattern=_ONE_LINE)]
Name = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
Number = Annotated[str, Field(max_length=20, pattern=r"^[0-9+ ().-]+$")]
Id = Annotated[str, Field(pattern=r"^[0-9a-z]{26}$")]

T = TypeVar("T")


class Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class Wanted(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Asked(BaseModel):
    """The part of an address after the question mark: text, so that numbers are read from it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- what is shown ----------------------------------------------------------------------------------------------------


class Switches(Shown):
    offering: bool
    dialling: bool


class Status(Shown):
    at: datetime
    version: str
    ready: bool
    missing: list[str] = Field(description="What is missing for calls to be served and customers to be rung.")
    primary: bool = Field(description="Whether this daemon has the right to dial.")
    waiting: int = Field(description="Callers on the line who do not talk yet.")
    talking: int
    promises: int
    dialling: int = Field(description="Customers being rung.")
    switches: Switches


class Queue(Shown):
    name: str
    open: bool
    closed_until: datetime | None = Field(description="Until when a supervisor has closed it early.")
    crisis: bool
    waiting: int
    talking: int
    promises: int
    longest_wait_s: float
    agents_logged_in: int
    agents_at_work: int = Field(description="Logged in, not paused, not away, and called in where in reserve.")
    agents_free: int


class Place(Shown):
    id: str
    queue: str
    position: int = Field(description="1 is next; 0 stands outside the line.")
    live: bool
    state: EntryState
    number: str = Field(description="Masked for viewers.")
    waited_s: float
    expected_s: float | None = Field(description="Seconds still ahead that four of five do not exceed.")
    at: datetime | None = Field(description="The time that was promised.")


class Standing(Shown):
    """A place as the live feed has it: what changes by the clock alone is left out."""

    id: str
    queue: str
    live: bool
    state: EntryState
    number: str = Field(description="Masked for viewers.")
    arrived_at: datetime
    order: list[float | str] = Field(description="Places of a queue, but those outside the line, sorted by this.")
    agent: str | None
    callback: str | None
    at: datetime | None = Field(description="The time that was promised.")


class Gone(Shown):
    kind: Literal["place", "callback"]
    id: str


class Agent(Shown):
    id: str
    name: str
    presence: Presence
    reason: str = Field(description="Why the agent is paused.")
    back_at: datetime | None = Field(description="When the agent, who is paused, expects to be back.")
    activity: Activity
    place: str | None = Field(description="The place that the agent works for.")
    phone: str = Field(description="`own call`, `away`, or nothing.")
    not_rung: str = Field(description="Why the agent, who is free, is not rung though somebody waits.")
    queues: list[str]


class Callback(Shown):
    id: str
    place: str
    queue: str
    number: str = Field(description="Masked for viewers.")
    state: CallbackState
    outcome: CallbackOutcome | None
    created_at: datetime
    at: datetime | None = Field(description="The time that was promised; nothing: at the customer's turn.")
    expected_by: datetime | None
    expires_at: datetime
    closed_at: datetime | None
    attempts: int
    language: str
    agent: str | None = Field(description="The one agent whom it is for.")


class Switch(Shown):
    name: str = Field(description="`offering`, `dialling`, `crisis <queue>` or `closed <queue>`.")
    on: bool
    since: datetime | None = Field(description="Nothing: nobody ever turned it.")
    who: str
    until: datetime | None


class DoNotCall(Shown):
    blocked: bool
    since: datetime | None
    why: str


class Times(Shown):
    free: list[datetime]


class Page(Shown, Generic[T]):
    items: list[T]
    next: str | None = Field(default=None, description="The cursor of the next page; also in `Link`.")


# --- what is asked ----------------------------------------------------------------------------------------------------


class OfQueue(Asked):
    queue: Name | None = None


class ForNumber(Asked):
    number: Number = Field(default="", pattern=r"^[0-9+ ().-]*$", description="The customer's, if it is known.")


class TheNumber(Asked):
    number: Number = Field(description="As it is written at home, or in E.164.")


class CallbackFilter(Asked):
    number: Number | None = Field(default=None, description="As it is written at home, or in E.164.")
    queue: Name | None = None
    state: Literal["open", "closed", "any"] = "open"
    cursor: Id | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Reasoned(Wanted):
    reason: Words = Field(default="", description="For the audit.")


class Pause(Reasoned):
    back_in_s: Annotated[float, Field(gt=0, le=LONGEST_PAUSE_S)] | None = Field(
        default=None, description="In how many seconds the agent expects to be back. Nothing: it is not known."
    )


class WithReason(Wanted):
    reason: Annotated[Words, Field(min_length=1, description="For the audit.")]


class Turn(Reasoned):
    on: bool


class Closing(Reasoned):
    until: AwareDatetime | None = Field(description="Nothing: it is open again.")


class OfNumber(Reasoned):
    number: Number


class Disposition(Reasoned):
    disposition: Annotated[Words, Field(min_length=1, description="What the call was about.")]


class Note(Reasoned):
    text: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]


class CallbackWanted(Reasoned):
    queue: Name
    number: Number
    at: AwareDatetime | None = Field(default=None, description="The start of a free time; nothing: at the turn.")
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] | None = None


class NewTime(Reasoned):
    at: AwareDatetime


class ForAgent(Reasoned):
    agent: Name | None = Field(description="Nothing: anybody again.")


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def moment_or_none(at: float | None) -> datetime | None:
    return None if at is None else moment(at)

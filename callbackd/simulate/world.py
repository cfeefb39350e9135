"""The world on paper: callers with patience, agents with shifts, a PBX and a database that mostly do as they are told.

Everything random comes from one seed, so a day is the same each time. The world drives ``Acd`` only through its door,
and obeys its commands; ``World.facts`` has what the people lived through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import assert_never

from callbackd.domain.acd import Acd
from callbackd.domain.commands import (
    Act,
    Answered,
    Changed,
    ClaimAttempt,
    ClaimTransfer,
    Command,
    Decided,
    Happened,
    Question,
    StorePromise,
)
from callbackd.domain.events import (
    AttemptClaimed,
    AttemptNotClaimed,
    DatabaseBack,
    DatabaseLost,
    Event,
    PromiseNotStored,
    PromiseStored,
    TimePassed,
    TransferClaimed,
    TransferNotClaimed,
)
from callbackd.domain.ids import AgentId, Mint
from callbackd.domain.settings import Settings
from callbackd.domain.wait.estimator import Estimator
from callbackd.simulate.agenda import Agenda
from callbackd.simulate.database import Database
from callbackd.simulate.facts import Facts
from callbackd.simulate.habits import Habits
from callbackd.simulate.pbx import Pbx
from callbackd.simulate.people import DAYS, People
from callbackd.simulate.supervisors import Supervisors

_NIGHT_H = 36.0
"""Hours within which everything that is under way after the last call ends, unless the settings promise longer."""

Check = Callable[["World", Event, tuple[Command, ...]], None]


class World:
    """``run(hours)`` lives through a day. ``check`` is called after every event, before its commands are obeyed."""

    def __init__(
        self,
        settings: Settings,
        habits: Habits,
        seed: int,
        check: Check = lambda *_: None,
        start: float = 1_800_000_000.0,
        estimator: Estimator | None = None,
    ) -> None:
        self.settings = settings
        self.habits = habits
        self.entropy = seed.to_bytes(8, "big")
        """The entropy that the ids were minted from; a replay needs the same."""
        self.acd = Acd(settings, Mint(self.entropy), estimator)
        self.facts = Facts()
        self.log: list[tuple[float, Event]] = []
        """Every event with its time: fed to another ``Acd`` it gives the same commands."""
        self.database = Database()
        self._check = check
        self._agenda = Agenda(start, seed)
        self.pbx = Pbx(self._agenda, habits, self.tell)
        self._people = People(settings, habits, self._agenda, self.pbx, self.facts, self.tell)
        self.pbx.people = self._people
        self._supervisors = Supervisors(self.acd.state, habits.acts_per_hour, self._agenda, self.tell)

    @property
    def now(self) -> float:
        return self._agenda.now

    # --- time -----------------------------------------------------------------------------------------------------

    def run(self, hours: float) -> None:
        """Live through a day. Callers come for this many hours; then everything that is under way ends by itself, at
        the latest when the last slot that could be booked is over.
        """
        ends = self.now + hours * 3600 + DAYS * 86400
        self._people.begin(hours)
        self._supervisors.begin(self.now + hours * 3600)
        self._next_outage(self.now + hours * 3600)
        while (at := self._next_at()) is not None:
            if at > ends:
                raise RuntimeError(f"the day does not end: {self.acd.snapshot(self.now)}")
            deadline = self.acd.next_deadline()
            if deadline is not None and deadline < self._agenda.next_at():
                self._agenda.now = max(self.now, deadline)
                self.tell(TimePassed())
            else:
                self._agenda.step()

    def _next_at(self) -> float | None:
        """When something happens next, in the world or by a deadline of the door; None when nothing will."""
        deadline, at = self.acd.next_deadline(), self._agenda.next_at()
        first = at if deadline is None else min(at, deadline)
        return None if first == float("inf") else first

    def tell(self, event: Event) -> None:
        """Let an event reach the door, now and then twice."""
        for _ in range(2 if self._agenda.chance(self.habits.repeats) else 1):
            self.log.append((self.now, event))
            commands = self.acd.handle(event, self.now)
            self.facts.note(commands)
            self.database.note(commands)
            self._check(self, event, commands)
            self._obey(commands)

    # --- the database -----------------------------------------------------------------------------------------------

    def _next_outage(self, until: float) -> None:
        if not self.habits.outages_per_hour:
            return
        after_s = self._agenda.about(3600 / self.habits.outages_per_hour)
        if self.now + after_s < until:
            back_s = after_s + self._agenda.random.uniform(60, 300)
            self._agenda.later(after_s, partial(self._outage, there=False))
            self._agenda.later(back_s, partial(self._outage, there=True))
            self._agenda.later(back_s, partial(self._next_outage, until))

    def _outage(self, *, there: bool) -> None:
        self.database.there = there
        self.tell(DatabaseBack() if there else DatabaseLost("no route to the database"))

    def _refuses(self, intent: Question) -> str | None:
        fails = self._agenda.chance(self.habits.database_fails)
        return "the database said no" if fails else self.database.refuses(intent)

    def _obey(self, commands: Iterable[Command]) -> None:
        for command in commands:
            if isinstance(command, Act):
                self.pbx.obey(command)
                continue
            match command:
                case StorePromise():
                    self._store(command)
                case ClaimAttempt():
                    self._claim(command)
                case ClaimTransfer():
                    self._claim_transfer(command)
                case Decided():
                    self._notice(command)
                case Changed() | Happened() | Answered():
                    pass
                case _:
                    assert_never(command)

    def _notice(self, decided: Decided) -> None:
        if decided.what == "paused" and "in a row" in decided.reason:
            self._people.paused_by_us(self.settings.agents[AgentId(decided.subject)])

    def _store(self, command: StorePromise) -> None:
        id = command.callback.id
        if refused := self._refuses(command):
            self.pbx.tell_soon(PromiseNotStored(id, refused))
        else:
            self.facts.stored.add(id)
            self.facts.entered.add(command.entry.id)
            self.pbx.tell_soon(PromiseStored(id))

    def _claim(self, command: ClaimAttempt) -> None:
        id = command.attempt.id
        refused = self._refuses(command)
        self.pbx.tell_soon(AttemptNotClaimed(id, refused) if refused else AttemptClaimed(id))

    def _claim_transfer(self, command: ClaimTransfer) -> None:
        id = command.sent.id
        refused = self._refuses(command)
        self.pbx.tell_soon(TransferNotClaimed(id, refused) if refused else TransferClaimed(id))

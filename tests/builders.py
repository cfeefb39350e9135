"""A small call centre on paper, and sentences about it: tests read as a story, assertions are made here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from callbackd.domain.acd import Acd
from callbackd.domain.commands import (
    Changed,
    ClaimAttempt,
    ClaimTransfer,
    Command,
    Decided,
    DialCustomer,
    HangUp,
    Join,
    Play,
    RingAgent,
    Saved,
    StorePromise,
)
from callbackd.domain.events import (
    AttemptClaimed,
    CallArrived,
    DigitPressed,
    Ending,
    Event,
    FeatureCodeDialled,
    LegEnded,
    LegEntered,
    LegsJoined,
    LegsSeen,
    Party,
    PlaybackBegan,
    PlaybackEnded,
    PromiseStored,
    TimePassed,
    TransferClaimed,
)
from callbackd.domain.ids import CallbackId, LegId, Mint, QueueName
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
from callbackd.domain.recovery.restore import Row
from callbackd.domain.settings import (
    Settings,
)
from callbackd.domain.wait.estimator import Estimator
from lab.small_centre import SALES, SUPPORT, agent, number, queue, settings

__all__ = ["ANNA", "BEN", "SALES", "SUPPORT", "T0", "Centre", "agent", "number", "queue", "settings"]

C = TypeVar("C")
Plugged = Callable[[Mapping[QueueName, float], float], Estimator]

T0 = 1_800_000_000.0
ANNA = "+442079460101"
BEN = "+442079460102"


class Centre:
    """The door with a clock in hand. Every step keeps the invariants, or the test fails at that step."""

    def __init__(
        self,
        configured: Settings | None = None,
        entropy: bytes = b"test",
        estimator: Plugged | None = None,
    ) -> None:
        self.settings = configured or settings()
        expected_s = {name: queue.expected_handle_s for name, queue in self.settings.queues.items()}
        self._expected = (expected_s, self.settings.dialling.answer_s)
        self._plugged = estimator
        self.acd = self._opened(entropy)
        self.now = T0
        self.said: list[Command] = []
        self.entries: dict[str, Entry] = {}
        self.agents: dict[str, Agent] = {}
        self.callbacks: dict[str, Callback] = {}
        self.attempts: dict[str, Attempt] = {}
        self.windows: dict[str, DirectWindow] = {}
        self.blocked: dict[str, Blocked] = {}
        self.quotes: dict[str, Quote] = {}
        self.remembered: dict[str, Remembered] = {}
        self.switches: dict[str, Switch] = {}
        self.sent_out: dict[str, SentOut] = {}

    def _opened(self, entropy: bytes) -> Acd:
        plugged = self._plugged(*self._expected) if self._plugged else None
        return Acd(self.settings, Mint(entropy), plugged)

    # --- time and events ---

    def hear(
        self, event: Event, *, answer_database: bool = True, answer_joins: bool = True, answer_plays: bool = True
    ) -> list[Command]:
        """Feed one event; database, bridges and playbacks, unless silenced, obey and report it."""
        fresh = list(self.acd.handle(event, self.now))
        assert self.acd.broken_laws() == [], (event, self.acd.broken_laws())
        self.said.extend(fresh)
        for command in list(fresh):
            if isinstance(command, Changed) and command.after is None:
                del self.blocked[command.row.id]
            elif isinstance(command, Changed) and not command.stored:
                self._write(command.row)
            elif isinstance(command, StorePromise) and answer_database:
                self._write(command.entry, command.callback)
                fresh += self.hear(PromiseStored(command.callback.id))
            elif isinstance(command, ClaimAttempt) and answer_database:
                self._write(command.entry, command.callback, command.attempt)
                fresh += self.hear(AttemptClaimed(command.attempt.id))
            elif isinstance(command, ClaimTransfer) and answer_database:
                self._write(command.sent)
                fresh += self.hear(TransferClaimed(command.sent.id))
            elif isinstance(command, Join) and answer_joins:
                fresh += self.hear(LegsJoined(command.legs))
            elif isinstance(command, Play) and answer_plays:
                fresh += self.hear(PlaybackBegan(command.playback))
        return fresh

    def _write(self, *rows: Saved) -> None:
        tables: dict[type, dict[str, Any]] = {
            Entry: self.entries,
            Agent: self.agents,
            Callback: self.callbacks,
            Attempt: self.attempts,
            DirectWindow: self.windows,
            Blocked: self.blocked,
            Quote: self.quotes,
            Remembered: self.remembered,
            Switch: self.switches,
            SentOut: self.sent_out,
        }
        for row in rows:
            tables[type(row)][row.id] = row

    def wait(self, seconds: float) -> list[Command]:
        """Let time pass, stopping at every deadline on the way as the runner does."""
        return self.sleeps(seconds) + self.hear(TimePassed())

    def sleeps(self, seconds: float) -> list[Command]:
        """The same, but the door is not woken at the end, unless it asked to be."""
        until, fresh = self.now + seconds, []
        while (at := self.acd.next_deadline()) is not None and at <= until:
            self.now = max(self.now, at)
            fresh += self.hear(TimePassed())
        self.now = until
        return fresh

    def restarts(self) -> None:
        """Another daemon takes up the rows; all legs are still there, and people who talked still talk."""
        lives: tuple[Entry | Callback | Attempt | Quote | SentOut, ...] = (
            *self.entries.values(),
            *self.callbacks.values(),
            *self.attempts.values(),
            *self.quotes.values(),
            *self.sent_out.values(),
        )
        rows: list[Row] = [row for row in lives if row.closed_at is None]
        rows += [
            *self.agents.values(),
            *self.windows.values(),
            *self.blocked.values(),
            *self.remembered.values(),
            *self.switches.values(),
        ]
        self.acd = self._opened(b"another")
        self.acd.restore(rows, self.now, 1)
        agents = frozenset(agent.leg for agent in self.agents.values() if agent.leg and agent.entry)
        talking = frozenset(entry.leg for entry in self.entries.values() if entry.leg and entry.connected_at)
        legs = frozenset(entry.leg for entry in self.entries.values() if entry.leg and entry.open)
        sent_on = frozenset(sent.leg for sent in self.sent_out.values() if sent.closed_at is None) - legs
        there = legs | agents | sent_on
        self.hear(LegsSeen(there, left=sent_on, elsewhere=sent_on, joined=(talking | agents) & (legs | agents)))

    # --- people ---

    def calls(self, leg: str, number: str = ANNA, to: str = SUPPORT, **more: Any) -> list[Command]:
        return self.hear(CallArrived(LegId(leg), to, number, **more))

    def dials(self, agent: str, code: str) -> list[Command]:
        return self.hear(FeatureCodeDialled(LegId(f"code-{agent}-{code}-{len(self.said)}"), code, f"PJSIP/{agent}"))

    def logs_in(self, *agents: str) -> None:
        for name in agents:
            self.dials(name, "login")
            self.now += 1

    def presses(self, leg: str, keys: str) -> list[Command]:
        return [command for key in keys for command in self.hear(DigitPressed(LegId(leg), key))]

    def hangs_up(self, leg: str, ending: Ending = Ending.NORMAL, **causes: Any) -> list[Command]:
        return self.hear(LegEnded(LegId(leg), ending, **causes))

    def hears_out(self, leg: str) -> list[Command]:
        """What is being said to the leg ends."""
        return self.hear(PlaybackEnded(self.last(Play, leg=leg).playback))

    def answers(self, agent: str) -> list[Command]:
        """The agent picks up the last ring."""
        return self.hear(LegEntered(self.ring_of(agent), Party.AGENT))

    def customer_answers(self) -> LegId:
        dial = self.last(DialCustomer)
        self.hear(LegEntered(dial.leg, Party.CUSTOMER, dial.attempt))
        return dial.leg

    def anna_waits(self, agent: str = "alice") -> None:
        """The agent logs in and talks to Ben; Anna waits behind, and has heard the first thing said to her."""
        self.logs_in(agent)
        self.calls("ben", BEN)
        self.answers(agent)
        self.calls("anna")
        self.hears_out("anna")
        self.wait(0)

    def calls_back(self, leg: str, number: str, talks: str) -> LegId:
        """Alice talks to ``talks`` while somebody takes a callback; then she talks to them, on the leg returned."""
        self.calls(leg, number)
        self.hears_out(leg)
        self.wait(0)
        self.takes_callback(leg)
        self.hangs_up(talks)
        customer = self.customer_answers()
        self.presses(customer, "1")
        self.answers("alice")
        return customer

    def takes_callback(self, leg: str, keys: str = "11") -> CallbackId:
        """The caller presses the offer's key and confirms; the goodbye is heard out and the leg ends."""
        self.presses(leg, keys)
        promise = self.last(StorePromise).callback.id
        self.hears_out(leg)
        self.hangs_up(leg)
        return promise

    def take_callbacks(self, numbers: int) -> None:
        """The first of the hundred numbers call one after the other, and are each promised a callback."""
        for n in range(numbers):
            self.calls(f"leg-{n}", number(n))
            self.hears_out(f"leg-{n}")
            self.wait(0)
            self.takes_callback(f"leg-{n}")
            self.now += 1

    def misses(self, agent: str) -> list[Command]:
        """The agent lets it ring until Asterisk gives up."""
        return self.hangs_up(self.ring_of(agent), Ending.NO_ANSWER)

    # --- questions ---

    def all(self, kind: type[C], **fields: object) -> list[C]:
        return [c for c in self.said if isinstance(c, kind) and all(getattr(c, k) == v for k, v in fields.items())]

    def last(self, kind: type[C], **fields: object) -> C:
        found = self.all(kind, **fields)
        assert found, f"no {kind.__name__} with {fields} among {[type(c).__name__ for c in self.said]}"
        return found[-1]

    def ring_of(self, agent: str) -> LegId:
        return self.last(RingAgent, endpoint=f"PJSIP/{agent}").leg

    def rung(self) -> list[str]:
        """The customers for whom agents' phones were rung, in order: "alice:<customer's number>"."""
        return [f"{ring.endpoint.removeprefix('PJSIP/')}:{ring.caller_number}" for ring in self.all(RingAgent)]

    def heard(self, leg: str) -> list[Phrase]:
        return [phrase for play in self.all(Play, leg=leg) for phrase in play.phrases]

    def hung_up(self, leg: str) -> bool:
        return bool(self.all(HangUp, leg=leg))

    def rings(self, agent: str) -> list[str]:
        """The numbers that the agent's phone showed, in order."""
        return [ring.caller_number for ring in self.all(RingAgent, endpoint=f"PJSIP/{agent}")]

    def line(self) -> list[str]:
        """The live legs or, for promises, the numbers of all places as the snapshot orders them."""
        shown = self.acd.snapshot(self.now).places
        return [self.entries[place.entry].leg or place.number for place in shown]

    def joined(self) -> list[tuple[LegId, ...]]:
        return [join.legs for join in self.all(Join)]

    def entry(self, leg_or_number: str = ANNA) -> Entry:
        """The entry, as last written, of a number or a leg."""
        found = [e for e in self.entries.values() if leg_or_number in {e.number, e.leg}]
        assert found, f"no entry of {leg_or_number}"
        return found[-1]

    def callback(self, number: str = ANNA) -> Callback:
        return [c for c in self.callbacks.values() if c.number == number][-1]

    def last_offer_reason(self) -> str:
        """Why the last announcement carried an offer, or none."""
        return str(self.last(Decided, what="announced").facts["offer_reason"])

    def attempt(self) -> Attempt:
        return list(self.attempts.values())[-1]

    def reasons(self, what: str) -> list[str]:
        return [d.reason for d in self.all(Decided) if what in d.what]

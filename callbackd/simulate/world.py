"""The world on paper: callers with patience, agents with habits, a PBX and a database that mostly do as they are told.

Everything random comes from one seed, so a day is the same each time. The world drives ``Acd`` by its door only and
believes what the commands say; what the people lived through stands in ``World.facts``.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from callbackd.domain.acd import Acd
from callbackd.domain.commands import (
    Act,
    ClaimAttempt,
    Command,
    Decided,
    DialCustomer,
    DropBridge,
    Forget,
    HangUp,
    Join,
    MakeBridge,
    Play,
    RingAgent,
    Save,
    SendToFallback,
    StopPlayback,
    StorePromise,
)
from callbackd.domain.events import (
    AttemptClaimed,
    AttemptNotClaimed,
    CallArrived,
    DialAccepted,
    DialRefused,
    DialUnknown,
    DigitPressed,
    Ending,
    Event,
    FeatureCodeDialled,
    LegAnswered,
    LegEnded,
    LegEntered,
    LegLeft,
    LegRinging,
    Party,
    PlaybackEnded,
    PromiseNotStored,
    PromiseStored,
    TimePassed,
)
from callbackd.domain.ids import BridgeId, LegId, Mint, QueueName
from callbackd.domain.phrase import Fixed
from callbackd.domain.settings import Settings

_SOON_S = 0.02
"""What the network and the PBX take."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How people and machines behave; shares are 0-1, durations seconds."""

    calls_per_hour: float = 60.0
    patience_s: float = 300.0
    takes_offer: float = 0.4
    wrong_key: float = 0.1
    talk_s: float = 180.0
    agent_answers: float = 0.9
    agent_pauses_per_hour: float = 0.5
    customer_busy: float = 0.1
    customer_absent: float = 0.15
    customer_silent: float = 0.1
    dial_refused: float = 0.02
    dial_unknown: float = 0.02
    database_fails: float = 0.01
    hangs_up_in_talk: float = 0.5
    """Share of talks that the customer's side ends."""
    repeats: float = 0.02
    """Share of events that come twice."""


@dataclass
class Facts:
    """What the people lived through."""

    arrived: int = 0
    talked: int = 0
    promised: int = 0
    kept: int = 0
    dialled: list[tuple[float, str]] = field(default_factory=list)
    """When each customer's telephone rang."""
    decisions: list[Decided] = field(default_factory=list)


class World:
    """``run(hours)`` lives through a day. ``check`` is called after every event with the event and the commands."""

    def __init__(
        self,
        settings: Settings,
        habits: Habits,
        seed: int,
        check: Callable[[World, Event, tuple[Command, ...]], None] = lambda *_: None,
        start: float = 1_800_000_000.0,
    ) -> None:
        self.settings = settings
        self.habits = habits
        self.acd = Acd(settings, Mint(seed.to_bytes(8, "big")))
        self.facts = Facts()
        self.now = start
        self.log: list[tuple[float, Event]] = []
        """Every event with its time: fed to another ``Acd`` it gives the same commands."""
        self.up: set[LegId] = set()
        """Legs that exist in the PBX."""
        self.bridges: set[BridgeId] = set()
        self._check = check
        self._random = Random(seed)  # noqa: S311 - people, not secrets
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = 0
        self._playing: dict[str, LegId] = {}
        self._numbers: dict[LegId, str] = {}
        self._customers: set[LegId] = set()
        self._talking: set[LegId] = set()

    # --- time -----------------------------------------------------------------------------------------------------

    def run(self, hours: float) -> None:
        """Callers come for so many hours; then everything that is under way ends by itself."""
        ends = self.now + (hours + 36) * 3600
        self._staff()
        self._next_call(self.now + hours * 3600)
        while self._agenda or self.acd.next_deadline() is not None:
            if self.now > ends:
                raise RuntimeError(f"the day does not end: {self.acd.snapshot(self.now)}")
            at = self._agenda[0][0] if self._agenda else float("inf")
            deadline = self.acd.next_deadline()
            if deadline is not None and deadline < at:
                self.now = max(self.now, deadline)
                self.tell(TimePassed())
            else:
                self.now, _, action = heapq.heappop(self._agenda)
                action()

    def later(self, delay_s: float, action: Callable[[], None]) -> None:
        self._order += 1
        heapq.heappush(self._agenda, (self.now + delay_s, self._order, action))

    def tell(self, event: Event) -> None:
        """An event reaches the door, now and then twice."""
        for _ in range(2 if self._random.random() < self.habits.repeats else 1):
            self.log.append((self.now, event))
            commands = self.acd.handle(event, self.now)
            self._check(self, event, commands)
            self._obey(commands)

    def _tell_soon(self, event: Event, delay_s: float = _SOON_S) -> None:
        self.later(delay_s, lambda: self.tell(event))

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    # --- people ---------------------------------------------------------------------------------------------------

    def _staff(self) -> None:
        for agent in self.settings.agents.values():
            self.later(self._random.uniform(0, 60), partial(self._code, agent.endpoint, "login"))
            self._next_pause(agent.endpoint)

    def _code(self, endpoint: str, code: str) -> None:
        leg = self._leg()
        self.tell(FeatureCodeDialled(leg, code, endpoint))

    def _next_pause(self, endpoint: str) -> None:
        if not self.habits.agent_pauses_per_hour:
            return
        pause_at = self._random.expovariate(self.habits.agent_pauses_per_hour / 3600)
        if pause_at < 8 * 3600:
            self.later(pause_at, lambda: self._code(endpoint, "pause"))
            self.later(pause_at + self._random.uniform(30, 600), lambda: self._code(endpoint, "unpause"))

    def _next_call(self, until: float) -> None:
        gap_s = self._random.expovariate(self.habits.calls_per_hour / 3600)
        if self.now + gap_s < until:
            self.later(gap_s, self._call)
            self.later(gap_s, partial(self._next_call, until))

    def _call(self) -> None:
        leg, queue = self._leg(), self._random.choice(list(self.settings.queues))
        number = f"+4420794{self._random.randrange(60000, 61000):05d}" if self._chance(0.95) else "anonymous"
        self._numbers[leg] = number
        self.facts.arrived += 1
        self.tell(CallArrived(leg, QueueName(queue), number))
        self.later(self._random.expovariate(1 / self.habits.patience_s), lambda: self._loses_patience(leg))

    def _loses_patience(self, leg: LegId) -> None:
        if leg in self.up and leg not in self._talking:
            self.hang_up(leg)

    def hang_up(self, leg: LegId, ending: Ending = Ending.NORMAL) -> None:
        """Somebody's leg ends."""
        if leg in self.up:
            self.up.discard(leg)
            self.tell(LegEnded(leg, ending))

    def _leg(self) -> LegId:
        self._order += 1
        leg = LegId(f"1800000000.{self._order}")
        self.up.add(leg)
        return leg

    # --- the PBX and the database -----------------------------------------------------------------------------------

    def _obey(self, commands: Iterable[Command]) -> None:
        for command in commands:
            if isinstance(command, StorePromise):
                self._store(command)
            elif isinstance(command, ClaimAttempt):
                self._claim(command)
            elif isinstance(command, Decided):
                self.facts.decisions.append(command)
                self._notice(command)
            elif not isinstance(command, Save | Forget):
                self._act(command)

    def _notice(self, decided: Decided) -> None:
        """An agent who was paused for missed rings comes back after a while."""
        if decided.what == "paused" and "in a row" in decided.reason:
            endpoint = next(a.endpoint for a in self.settings.agents.values() if a.id == decided.subject)
            self.later(self._random.uniform(60, 600), partial(self._code, endpoint, "unpause"))

    def _store(self, command: StorePromise) -> None:
        if self._chance(self.habits.database_fails):
            self._tell_soon(PromiseNotStored(command.callback.id, "the database said no"))
        else:
            self.facts.promised += 1
            self._tell_soon(PromiseStored(command.callback.id))

    def _claim(self, command: ClaimAttempt) -> None:
        if self._chance(self.habits.database_fails):
            self._tell_soon(AttemptNotClaimed(command.attempt.id, "the database said no"))
        else:
            self._tell_soon(AttemptClaimed(command.attempt.id))

    def _act(self, act: Act) -> None:
        match act:
            case Play():
                self._play(act)
            case StopPlayback():
                if self._playing.pop(act.playback, None):
                    self._tell_soon(PlaybackEnded(act.playback))
            case RingAgent():
                self._ring(act)
            case DialCustomer():
                self._dial(act)
            case MakeBridge():
                self.bridges.add(act.bridge)
            case DropBridge():
                self.bridges.discard(act.bridge)
            case Join():
                self._join(act)
            case HangUp():
                if act.leg in self.up:
                    self.later(_SOON_S, lambda: self.hang_up(act.leg))
            case SendToFallback():
                self.up.discard(act.leg)
                self._tell_soon(LegLeft(act.leg))

    def _play(self, act: Play) -> None:
        if act.leg not in self.up:
            self._tell_soon(PlaybackEnded(act.playback))
            return
        self._playing[act.playback] = act.leg
        length_s = 2.0 * len(act.phrases)
        self.later(length_s, lambda: self._played(act))
        if Fixed.OFFER in act.phrases and self._chance(self.habits.takes_offer):
            self._press_later(act.leg, "1", length_s * self._random.random())
        elif Fixed.CONFIRM_MENU in act.phrases:
            keys = self._random.choice("279*#") if self._chance(self.habits.wrong_key) else "1"
            self._press_later(act.leg, keys, length_s + 1)
        elif Fixed.ALREADY_MENU in act.phrases:
            self._press_later(act.leg, self._random.choice("1237"), length_s + 1)
        elif Fixed.KEY_NUMBER in act.phrases:
            keys = "02079460" + "".join(self._random.choice("0123456789") for _ in range(3)) + "#"
            self._press_later(act.leg, keys, length_s + 1)
        elif Fixed.CALLBACK_MENU in act.phrases and not self._chance(self.habits.customer_silent):
            self._press_later(act.leg, "7" if self._chance(self.habits.wrong_key) else "1", length_s)

    def _press_later(self, leg: LegId, keys: str, delay_s: float) -> None:
        for n, key in enumerate(keys):
            self.later(delay_s + 0.3 * n, partial(self._press, leg, key))

    def _press(self, leg: LegId, key: str) -> None:
        if leg in self.up:
            self.tell(DigitPressed(leg, key))

    def _played(self, act: Play) -> None:
        if self._playing.pop(act.playback, None):
            self.tell(PlaybackEnded(act.playback))

    def _ring(self, act: RingAgent) -> None:
        self.up.add(act.leg)
        self._tell_soon(LegRinging(act.leg))
        if self._chance(self.habits.agent_answers):
            self.later(self._random.uniform(1, min(6, act.ring_s - 0.1)), lambda: self._answer(act.leg))
        else:
            ending, after_s = self._random.choice([(Ending.BUSY, 0.5), (Ending.NO_ANSWER, act.ring_s)])
            self.later(after_s, lambda: self.hang_up(act.leg, ending))

    def _answer(self, leg: LegId) -> None:
        if leg in self.up:
            self.tell(LegEntered(leg, Party.AGENT))

    def _dial(self, act: DialCustomer) -> None:
        if self._chance(self.habits.dial_refused):
            self._tell_soon(DialRefused(act.leg, "503"))
            return
        unknown = self._chance(self.habits.dial_unknown)
        self._tell_soon(DialUnknown(act.leg, "no reply") if unknown else DialAccepted(act.leg))
        self.up.add(act.leg)
        self._customers.add(act.leg)
        self.facts.dialled.append((self.now, act.number))
        fate = self._random.random()
        if fate < self.habits.customer_busy:
            self.later(1.0, lambda: self.hang_up(act.leg, Ending.BUSY))
        elif fate < self.habits.customer_busy + self.habits.customer_absent:
            self.later(act.ring_s, lambda: self.hang_up(act.leg, Ending.NO_ANSWER))
        else:
            self._tell_soon(LegRinging(act.leg), 0.5)
            self.later(self._random.uniform(2, 20), lambda: self._picks_up(act))

    def _picks_up(self, act: DialCustomer) -> None:
        if act.leg in self.up:
            self.tell(LegAnswered(act.leg))
            self._tell_soon(LegEntered(act.leg, Party.CUSTOMER, act.attempt), 2.0)
            self.later(
                60 + self._random.expovariate(1 / self.habits.patience_s), partial(self._loses_patience, act.leg)
            )

    def _join(self, act: Join) -> None:
        caller, agent = act.legs
        if caller not in self.up or agent not in self.up:
            return
        self.facts.talked += 1
        self.facts.kept += caller in self._customers
        self._talking.add(caller)
        first = caller if self._chance(self.habits.hangs_up_in_talk) else agent
        self.later(self._random.expovariate(1 / self.habits.talk_s), lambda: self.hang_up(first))

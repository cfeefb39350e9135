"""An imaginary PBX: legs, bridges and playbacks, and the events about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, assert_never

from callbackd.domain.commands import (
    Act,
    AnswerTransfer,
    ArmDeadMan,
    DialCustomer,
    DropBridge,
    HangUp,
    Join,
    LookAtPlayback,
    MakeBridge,
    NotePlace,
    Play,
    RingAgent,
    SendToFallback,
    StartMusic,
    StopMusic,
    StopPlayback,
    TraceAttempt,
    Transfer,
)
from callbackd.domain.events import (
    AttemptTraced,
    DialAccepted,
    DialRefused,
    DialUnknown,
    Ending,
    Event,
    Finding,
    LegEnded,
    LegLeft,
    LegRinging,
    LegsJoined,
    PlaybackBegan,
    PlaybackEnded,
    RequestFailed,
    TransferFailed,
    Transferred,
)
from callbackd.domain.ids import BridgeId, LegId, PlaybackId
from callbackd.simulate.agenda import Agenda
from callbackd.simulate.habits import Habits

SOON_S = 0.02
"""Seconds that the network and the PBX take."""
_PHRASE_S = 2.0
_LOST = 0.3
"""Share of requests without an answer that never reached the PBX."""


class Listeners(Protocol):
    """The people at the other end of the legs."""

    def hear(self, act: Play, length_s: float) -> None: ...

    def agent_rung(self, act: RingAgent) -> None: ...

    def customer_rung(self, act: DialCustomer) -> None: ...

    def talk(self, caller: LegId, agent: LegId) -> None: ...

    def sent_on(self, act: Transfer) -> None: ...

    def hung_up(self, leg: LegId) -> None: ...


class Pbx:
    def __init__(self, agenda: Agenda, habits: Habits, tell: Callable[[Event], None]) -> None:
        self.up: set[LegId] = set()
        """Legs that exist."""
        self.existed: set[LegId] = set()
        """Legs that exist or did."""
        self.answered: set[LegId] = set()
        """Our legs that somebody picked up."""
        self.bridges: set[BridgeId] = set()
        self.talking: set[LegId] = set()
        """Callers' and customers' legs that have been joined with an agent's."""
        self.people: Listeners | None = None
        self._playing: dict[PlaybackId, LegId] = {}
        self._agenda = agenda
        self._habits = habits
        self._tell = tell

    def add(self, leg: LegId) -> LegId:
        self.up.add(leg)
        self.existed.add(leg)
        return leg

    def fresh_leg(self) -> LegId:
        """The id of a leg that began elsewhere, as Asterisk would make it."""
        return self.add(LegId(f"1800000000.{self._agenda.fresh()}"))

    def hang_up(self, leg: LegId, ending: Ending = Ending.NORMAL) -> None:
        """Somebody's leg ends."""
        if leg in self.up:
            self.up.discard(leg)
            self._tell(LegEnded(leg, ending))
            self._people.hung_up(leg)

    def tell_soon(self, event: Event, delay_s: float = SOON_S) -> None:
        self._agenda.later(delay_s, lambda: self._tell(event))

    def obey(self, act: Act) -> None:
        match act:
            case Play():
                self._play(act)
            case StopPlayback():
                if self._playing.pop(act.playback, None):
                    self.tell_soon(PlaybackEnded(act.playback))
            case LookAtPlayback():
                if act.playback not in self._playing:
                    self.tell_soon(PlaybackEnded(act.playback))
            case RingAgent():
                self.add(act.leg)
                self.tell_soon(LegRinging(act.leg))
                self._people.agent_rung(act)
            case DialCustomer():
                self._dial(act)
            case TraceAttempt():
                self._trace(act)
            case MakeBridge():
                self.bridges.add(act.bridge)
            case DropBridge():
                self.bridges.discard(act.bridge)
            case Join():
                self._join(act)
            case HangUp():
                if act.leg in self.up:
                    self._agenda.later(SOON_S, lambda: self.hang_up(act.leg))
            case SendToFallback():
                self.up.discard(act.leg)
                self.tell_soon(LegLeft(act.leg))
            case Transfer():
                self._transfer(act)
            case AnswerTransfer():
                pass
            case StartMusic() | StopMusic() | ArmDeadMan() | NotePlace():
                pass  # nobody here listens to music, and this PBX never dies
            case _:
                assert_never(act)

    @property
    def _people(self) -> Listeners:
        if self.people is None:
            raise RuntimeError("a PBX without people")
        return self.people

    def _play(self, act: Play) -> None:
        if act.leg not in self.up:
            self.tell_soon(PlaybackEnded(act.playback))
            return
        self._playing[act.playback] = act.leg
        self.tell_soon(PlaybackBegan(act.playback))
        length_s = _PHRASE_S * len(act.phrases)
        self._agenda.later(length_s, lambda: self._played(act.playback))
        self._people.hear(act, length_s)

    def _played(self, playback: PlaybackId) -> None:
        if self._playing.pop(playback, None):
            self._tell(PlaybackEnded(playback))

    def _dial(self, act: DialCustomer) -> None:
        if self._agenda.chance(self._habits.dial_refused):
            self.tell_soon(DialRefused(act.leg, "503"))
            return
        unknown = self._agenda.chance(self._habits.dial_unknown)
        self.tell_soon(DialUnknown(act.leg, "no reply") if unknown else DialAccepted(act.leg))
        if act.leg in self.existed or (unknown and self._agenda.chance(_LOST)):
            return
        self.add(act.leg)
        self._people.customer_rung(act)

    def _trace(self, act: TraceAttempt) -> None:
        if act.leg in self.up:
            trace = Finding.ALIVE
        elif act.leg in self.existed:
            trace = Finding.ANSWERED if act.leg in self.answered else Finding.DIALLED
        else:
            trace = Finding.NOTHING
        self.tell_soon(AttemptTraced(act.attempt, trace), 2.0)

    def _transfer(self, act: Transfer) -> None:
        if act.leg not in self.up or self._agenda.chance(self._habits.transfer_fails):
            self.tell_soon(TransferFailed(act.leg, "the dialplan does not have it"), 0.1)
            return
        self.talking.discard(act.leg)
        self.tell_soon(LegLeft(act.leg))
        self.tell_soon(Transferred(act.leg), 0.1)
        self._people.sent_on(act)

    def _join(self, act: Join) -> None:
        caller, agent = act.legs
        if caller not in self.up or agent not in self.up:
            return
        if self._agenda.chance(self._habits.join_fails):
            self.tell_soon(RequestFailed(caller, "Join", "bridge not in Stasis"))
            return
        self.talking.add(caller)
        self.tell_soon(LegsJoined(act.legs))
        self._people.talk(caller, agent)

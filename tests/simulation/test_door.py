"""The door under whatever order of events Hypothesis thinks of: late, twice, in the middle of something else."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from callbackd.domain import events as ev
from callbackd.domain.acd import Acd
from callbackd.domain.commands import (
    ClaimTransfer,
    DialCustomer,
    DropBridge,
    HangUp,
    Join,
    MakeBridge,
    Play,
    Question,
    RingAgent,
    SendToFallback,
    StopPlayback,
    StorePromise,
    TraceAttempt,
    Transfer,
)
from callbackd.domain.ids import BridgeId, LegId, Mint
from callbackd.domain.settings import EntryRules, Exit, Slots, TransferRules, Way
from lab.days.laws import Laws
from lab.days.shapes import one
from tests.builders import SALES, SUPPORT, T0, agent, number, queue
from tests.builders import settings as house

ELSEWHERE = Exit(Way.QUEUE, SALES)
SLOTS = Slots(lead_s=900.0, capacity=1, horizon_days=1)
HOUSE = house(
    [
        queue(SUPPORT, slots=SLOTS, rules=EntryRules(3, ELSEWHERE, max_wait_s=300, max_wait=ELSEWHERE, key="9")),
        queue(SALES, slots=SLOTS, rules=EntryRules(empty_after_s=60), priority=2),
    ],
    [agent("alice", SUPPORT, SALES), agent("bob", SUPPORT), one("carol", SALES, accept_key="1")],
    transfers=TransferRules(counted=True),
)
CODES = ("login", "login", "login", "logout", "pause", "unpause", "extend", "ready")
ENDINGS = (ev.Ending.NORMAL, ev.Ending.BUSY, ev.Ending.NO_ANSWER, ev.Ending.CONGESTION)
pick = st.integers(min_value=0, max_value=10_000)


class Door(RuleBasedStateMachine):
    """An Asterisk and a database that do what they are told, in an order that nobody chose."""

    @initialize()
    def open(self) -> None:
        self.acd = Acd(HOUSE, Mint(b"door"))
        self.laws = Laws()
        self.now = T0
        self.callers: list[LegId] = []
        self.rings: list[LegId] = []
        self.dials: list[DialCustomer] = []
        self.transfers: list[Transfer] = []
        self.up: list[LegId] = []
        """Legs of agents and customers that were answered."""
        self.playing: list[Any] = []
        self.asked: list[Question] = []
        self.told: list[ev.Event] = []
        self.made = 0
        self.bridges: set[BridgeId] = set()
        self.joins: list[Join] = []
        self.joined: set[LegId] = set()
        self.traces: list[TraceAttempt] = []

    def tell(self, event: ev.Event) -> None:
        """Deadlines that have come are served in steps of their own, so that a law knows what came of which."""
        while (at := self.acd.next_deadline()) is not None and at <= max(self.now, self.acd.state.now):
            self._tell(ev.TimePassed())
        self._tell(event)

    def _tell(self, event: ev.Event) -> None:
        commands = self.acd.handle(event, self.now)
        self.laws.judge(self.acd, event, commands, self.acd.state.now)
        self.told.append(event)
        for command in commands:
            self._obey(command)

    def _obey(self, command: Any) -> None:
        if isinstance(command, Question):
            self.asked.append(command)
        elif isinstance(command, MakeBridge):
            self.bridges.add(command.bridge)
        elif isinstance(command, DropBridge):
            self.bridges.discard(command.bridge)
        elif isinstance(command, Join):
            self.joins.append(command)
        elif isinstance(command, TraceAttempt):
            self.traces.append(command)
        elif isinstance(command, RingAgent):
            self.rings.append(command.leg)
        elif isinstance(command, Transfer):
            self.transfers.append(command)
        elif isinstance(command, DialCustomer):
            self.dials.append(command)
        elif isinstance(command, Play):
            self.playing.append(command.playback)
        elif isinstance(command, StopPlayback) and command.playback in self.playing:
            self.playing.remove(command.playback)
        elif isinstance(command, HangUp | SendToFallback):
            self._down(command.leg)

    def _down(self, leg: LegId) -> None:
        for legs in (self.callers, self.rings, self.up):
            if leg in legs:
                legs.remove(leg)
        self.dials = [dial for dial in self.dials if dial.leg != leg]

    # --- people -----------------------------------------------------------------------------------------------------

    @rule(n=st.integers(0, 4), to=st.sampled_from([SUPPORT, SALES, "nosuch"]), withheld=st.booleans())
    def somebody_calls(self, n: int, to: str, withheld: bool) -> None:
        self.made += 1
        leg = LegId(f"1800000000.{self.made}")
        self.callers.append(leg)
        self.tell(ev.CallArrived(leg, to, "" if withheld else number(n)))

    @precondition(lambda self: self.callers or self.up)
    @rule(n=pick, key=st.sampled_from("1112239047#*"))
    def somebody_presses_a_key(self, n: int, key: str) -> None:
        legs = self.callers + self.up
        self.tell(ev.DigitPressed(legs[n % len(legs)], key))

    @precondition(lambda self: self.up)
    @rule(n=pick, to=st.sampled_from(["8002", "+442079460123"]))
    def somebody_transfers(self, n: int, to: str) -> None:
        self.tell(ev.TransferAsked(self.up[n % len(self.up)], to))

    @precondition(lambda self: self.transfers)
    @rule(n=pick, good=st.booleans())
    def the_dialplan_answers(self, n: int, good: bool) -> None:
        leg = self.transfers.pop(n % len(self.transfers)).leg
        self.tell(ev.Transferred(leg) if good else ev.TransferFailed(leg, "no such number"))

    @precondition(lambda self: self.callers or self.up)
    @rule(n=pick)
    def somebody_hangs_up(self, n: int) -> None:
        legs = self.callers + self.up
        leg = legs[n % len(legs)]
        self._down(leg)
        self.tell(ev.LegEnded(leg))

    @rule(name=st.sampled_from(["alice", "bob", "carol"]), code=st.sampled_from(CODES))
    def an_agent_dials_a_code(self, name: str, code: str) -> None:
        self.made += 1
        self.tell(ev.FeatureCodeDialled(LegId(f"1800000000.{self.made}"), code, f"PJSIP/{name}"))

    @precondition(lambda self: self.rings)
    @rule(n=pick)
    def an_agent_picks_up(self, n: int) -> None:
        leg = self.rings.pop(n % len(self.rings))
        self.up.append(leg)
        self.tell(ev.LegEntered(leg, ev.Party.AGENT))

    @precondition(lambda self: self.rings)
    @rule(n=pick, ending=st.sampled_from(ENDINGS))
    def a_ring_ends(self, n: int, ending: ev.Ending) -> None:
        self.tell(ev.LegEnded(self.rings.pop(n % len(self.rings)), ending))

    @precondition(lambda self: self.joins)
    @rule(n=pick)
    def two_are_joined(self, n: int) -> None:
        legs = self.joins.pop(n % len(self.joins)).legs
        there = {*self.callers, *self.up}
        if there.issuperset(legs):
            self.joined.update(legs)
            self.tell(ev.LegsJoined(legs))
        for leg in legs if not there.issuperset(legs) else ():
            if leg not in there:
                self.tell(ev.LegEnded(leg, ev.Ending.UNKNOWN))

    @precondition(lambda self: self.traces)
    @rule(n=pick, trace=st.sampled_from(list(ev.Finding)))
    def a_dial_is_traced(self, n: int, trace: ev.Finding) -> None:
        act = self.traces.pop(n % len(self.traces))
        there = act.leg in self.up or any(dial.leg == act.leg for dial in self.dials)
        if there == (trace is ev.Finding.ALIVE):
            self.tell(ev.AttemptTraced(act.attempt, trace))

    @precondition(lambda self: self.dials)
    @rule(n=pick)
    def a_customer_picks_up(self, n: int) -> None:
        dial = self.dials.pop(n % len(self.dials))
        self.up.append(dial.leg)
        self.tell(ev.LegAnswered(dial.leg))
        if dial.leg in self.up:
            self.tell(ev.LegEntered(dial.leg, ev.Party.CUSTOMER, dial.attempt))

    @precondition(lambda self: self.dials)
    @rule(n=pick, ending=st.sampled_from(ENDINGS))
    def a_dial_ends(self, n: int, ending: ev.Ending) -> None:
        self.tell(ev.LegEnded(self.dials.pop(n % len(self.dials)).leg, ending))

    @precondition(lambda self: self.dials)
    @rule(n=pick, how=st.sampled_from(["accepted", "unknown", "refused"]))
    def asterisk_answers_a_dial(self, n: int, how: str) -> None:
        dial = self.dials[n % len(self.dials)]
        if how == "refused":
            self.dials.remove(dial)
            self.tell(ev.DialRefused(dial.leg, "503"))
        else:
            self.tell(ev.DialAccepted(dial.leg) if how == "accepted" else ev.DialUnknown(dial.leg, "no reply"))

    # --- the world --------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.playing)
    @rule(n=pick)
    def a_playback_ends(self, n: int) -> None:
        self.tell(ev.PlaybackEnded(self.playing.pop(n % len(self.playing))))

    @precondition(lambda self: self.asked)
    @rule(n=pick, good=st.sampled_from([True, True, True, False]))
    def the_database_answers(self, n: int, good: bool) -> None:
        asked = self.asked.pop(n % len(self.asked))
        if isinstance(asked, StorePromise):
            id = asked.callback.id
            self.tell(ev.PromiseStored(id) if good else ev.PromiseNotStored(id, "no"))
        elif isinstance(asked, ClaimTransfer):
            sent = asked.sent.id
            self.tell(ev.TransferClaimed(sent) if good else ev.TransferNotClaimed(sent, "no"))
        else:
            attempt = asked.attempt.id
            self.tell(ev.AttemptClaimed(attempt) if good else ev.AttemptNotClaimed(attempt, "no"))

    @rule(seconds=st.sampled_from([0.0, 0.5, 3.0, 10.0, 45.0, 200.0, 2000.0]))
    def time_passes(self, seconds: float) -> None:
        """Deadlines are served as the runner serves them: each at its time."""
        until = self.now + seconds
        while (at := self.acd.next_deadline()) is not None and at <= until:
            self.now = max(self.now, at)
            self.tell(ev.TimePassed())
        self.now = until

    @rule(back_s=st.sampled_from([0.1, 5.0, 3600.0]))
    def the_clock_is_set_back(self, back_s: float) -> None:
        self.now -= back_s

    @precondition(lambda self: self.told)
    @rule()
    def an_event_comes_twice(self) -> None:
        self._again(self.told[-1])

    @precondition(lambda self: self.told)
    @rule(n=pick)
    def an_event_comes_again_much_later(self, n: int) -> None:
        self._again(self.told[n % len(self.told)])

    def _again(self, event: ev.Event) -> None:
        """Only a leg that is there is reported as having come: what a reconnect finds is a poll of what there is."""
        arrival = ev.CallArrived | ev.FeatureCodeDialled | ev.LegEntered
        if not isinstance(event, arrival) or event.leg in {*self.callers, *self.up}:
            self.tell(event)

    @rule(there=st.booleans())
    def the_database_goes_or_comes(self, there: bool) -> None:
        self.tell(ev.DatabaseBack() if there else ev.DatabaseLost("gone"))

    @rule()
    def the_event_stream_breaks_and_comes_back(self) -> None:
        self.tell(ev.PbxLost("gone"))
        self.tell(ev.PbxBack())
        legs = {*self.callers, *self.rings, *self.up, *(dial.leg for dial in self.dials)}
        self.tell(ev.LegsSeen(frozenset(legs), joined=frozenset(self.joined), bridges=frozenset(self.bridges)))

    @rule(switch=st.sampled_from(["offering", "dialling", "crisis"]), on=st.booleans())
    def a_supervisor_turns_a_switch(self, switch: str, on: bool) -> None:
        self.tell(ev.SwitchTurned(switch, on))

    @rule(name=st.sampled_from([SUPPORT, SALES]), close=st.booleans())
    def a_supervisor_closes_or_opens(self, name: str, close: bool) -> None:
        self.tell(ev.ClosedEarly(name, self.now + 1800 if close else None))


Door.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestDoor = Door.TestCase

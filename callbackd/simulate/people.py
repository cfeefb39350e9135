"""The people of an invented day: callers with patience, customers at their telephones, agents with shifts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from callbackd.domain.calendar import hours
from callbackd.domain.commands import DialCustomer, Play, RingAgent, Transfer
from callbackd.domain.events import (
    CallArrived,
    ClosedEarly,
    DeviceSeen,
    DeviceState,
    DigitPressed,
    Ending,
    Event,
    FeatureCode,
    FeatureCodeDialled,
    LegAnswered,
    LegEntered,
    LegRinging,
    Party,
    SwitchTurned,
    TransferAsked,
)
from callbackd.domain.ids import LegId, QueueName
from callbackd.domain.settings import AgentSettings, Hours, Settings
from callbackd.simulate.agenda import Agenda
from callbackd.simulate.facts import Facts
from callbackd.simulate.habits import Habits
from callbackd.simulate.keys import keys
from callbackd.simulate.pbx import Pbx

DAYS = 9
"""How many days agents work: a slot can be booked a week ahead, and its promise is tried again after it."""
_BREAK_S = 2 * 3600.0
"""Agents pause in a gap of the roster that is no longer, and log out for a longer one."""
_TURNS = {
    (True, True): FeatureCode.PAUSE,
    (True, False): FeatureCode.LOGOUT,
    (False, True): FeatureCode.UNPAUSE,
    (False, False): FeatureCode.LOGIN,
}
"""What an agent dials who goes, or comes, for a break or not."""
_STAYS_OURS = 0.7
"""Share of the callers sent on who reach one of our queues."""
_LEAVES: tuple[tuple[FeatureCode | DeviceState, FeatureCode | DeviceState], ...] = (
    (FeatureCode.PAUSE, FeatureCode.UNPAUSE),
    (FeatureCode.LOGOUT, FeatureCode.LOGIN),
    (DeviceState.OFF, DeviceState.FREE),
)
"""What an agent does to leave, and to come back."""
_AFTER_TALK = (FeatureCode.EXTEND, FeatureCode.READY, FeatureCode.EXTEND, FeatureCode.CALL_IN, FeatureCode.SEND_HOME)


class People:
    def __init__(
        self,
        settings: Settings,
        habits: Habits,
        agenda: Agenda,
        pbx: Pbx,
        facts: Facts,
        tell: Callable[[Event], None],
    ) -> None:
        self._settings = settings
        self._habits = habits
        self._agenda = agenda
        self._random = agenda.random
        self._pbx = pbx
        self._facts = facts
        self._tell = tell
        self._day = (agenda.now, agenda.now)
        self._calls: dict[LegId, CallArrived] = {}
        """The number of each caller, by leg."""
        self._phones: dict[LegId, str] = {}
        """The endpoint that an agent's leg rings."""
        self._off: set[str] = set()
        """The phones of agents whom the roster has at home or in a break now."""
        self._watched: set[str] = set()
        """Endpoints whose state has been reported."""

    def begin(self, lasts_h: float) -> None:
        """Begin the day: callers come for this many hours from now."""
        self._day = (self._agenda.now, self._agenda.now + lasts_h * 3600)
        for n, agent in enumerate(self._settings.agents.values()):
            if roster := self._habits.rosters.get(agent.id):
                self._keeps(roster, agent.endpoint)
            else:
                self._shift(n, agent.endpoint)
        self._next_call()
        self._next_whim()

    # --- agents -----------------------------------------------------------------------------------------------------

    def _shift(self, n: int, phone: str) -> None:
        """An agent logs in; with shifts, agents go home one after the other, and come back for what is left to do."""
        self._agenda.later(self._random.uniform(0, 60), partial(self.dial_code, phone, FeatureCode.LOGIN))
        shift_h = self._habits.shift_h
        for day in range(DAYS) if shift_h else ():
            home_s = 3600 * (24 * day + (shift_h or 0.0)) + 120 * n
            self._agenda.later(home_s, partial(self.dial_code, phone, FeatureCode.LOGOUT))
            self._agenda.later(3600 * 24 * (day + 1), partial(self.dial_code, phone, FeatureCode.LOGIN))
        self._next_pause(phone)

    def _keeps(self, roster: Hours, phone: str) -> None:
        """An agent with a roster logs in and out by it, and pauses in its breaks."""
        there, turns = hours.turns(roster, self._day[0], self._day[1])
        self._off.update(() if there else {phone})
        if there:
            self._agenda.later(self._random.uniform(0, 60), partial(self.dial_code, phone, FeatureCode.LOGIN))
        for n, at in enumerate(turns):
            goes = (n % 2 == 0) is there
            around = turns[n - 1 : n + 1] if not goes else turns[n : n + 2]
            rests = len(around) == 2 and around[1] - around[0] <= _BREAK_S
            code = _TURNS[goes, rests]
            late_s = max(0.0, self._random.gauss(60.0, 60.0))
            self._agenda.later(at - self._day[0] + late_s, partial(self._obeys, phone, goes, code))
        self._next_pause(phone)

    def _obeys(self, phone: str, goes: bool, code: FeatureCode) -> None:
        self._off.add(phone) if goes else self._off.discard(phone)
        self.dial_code(phone, code)

    def _unless_off(self, phone: str, code: FeatureCode, minutes: str = "") -> None:
        """A pause that is not the roster's; while the roster has the agent off, there is none."""
        if phone not in self._off:
            self.dial_code(phone, code, minutes)

    def dial_code(self, endpoint: str, code: str, minutes: str = "") -> None:
        self._tell(FeatureCodeDialled(self._pbx.fresh_leg(), code, endpoint, minutes))
        if endpoint in self._watched:
            self._agenda.later(1.0, partial(self._tell, DeviceSeen(endpoint, DeviceState.FREE)))

    def _next_pause(self, endpoint: str) -> None:
        if not self._habits.agent_pauses_per_hour:
            return
        pause_s = self._agenda.about(3600 / self._habits.agent_pauses_per_hour)
        if self._agenda.now + pause_s < self._day[1]:
            back_s = pause_s + self._random.uniform(30, 600)
            minutes = str(max(1, round((back_s - pause_s) / 60))) if self._habits.says_return else ""
            self._agenda.later(pause_s, partial(self._unless_off, endpoint, FeatureCode.PAUSE, minutes))
            self._agenda.later(back_s, partial(self._unless_off, endpoint, FeatureCode.UNPAUSE))
            self._agenda.later(back_s, partial(self._next_pause, endpoint))

    def paused_by_us(self, agent: AgentSettings) -> None:
        """An agent who was paused for missed rings comes back after a while."""
        back_s = self._random.uniform(60, 600)
        self._agenda.later(back_s, partial(self.dial_code, agent.endpoint, FeatureCode.UNPAUSE))

    def _perhaps_leaves(self, endpoint: str, within_s: float) -> None:
        """Now and then an agent leaves in the middle of work for a caller or a customer."""
        if not self._habits.agent_leaves or not self._agenda.chance(self._habits.agent_leaves):
            return
        goes, comes = self._random.choice(_LEAVES)
        away_s = self._random.uniform(0, within_s)
        self._agenda.later(away_s, partial(self._turns, endpoint, goes))
        self._agenda.later(away_s + self._random.uniform(30, 400), partial(self._turns, endpoint, comes))

    def _turns(self, endpoint: str, to: FeatureCode | DeviceState) -> None:
        if isinstance(to, DeviceState):
            self._watched.add(endpoint)
            self._tell(DeviceSeen(endpoint, to))
        else:
            self.dial_code(endpoint, to)

    def agent_rung(self, act: RingAgent) -> None:
        self._phones[act.leg] = act.endpoint
        self._perhaps_leaves(act.endpoint, 6)
        if self._agenda.chance(self._habits.agent_answers):
            self._agenda.later(self._random.uniform(1, min(6, act.ring_s - 0.1)), partial(self._answer, act.leg))
        else:
            ending, after_s = self._random.choice([(Ending.BUSY, 0.5), (Ending.NO_ANSWER, act.ring_s)])
            self._agenda.later(after_s, lambda: self._pbx.hang_up(act.leg, ending))

    def _answer(self, leg: LegId) -> None:
        self._enters(LegEntered(leg, Party.AGENT))

    def _enters(self, event: LegEntered) -> None:
        if event.leg in self._pbx.up:
            self._tell(event)

    def talk(self, caller: LegId, agent: LegId) -> None:
        first = caller if self._agenda.chance(self._habits.hangs_up_in_talk) else agent
        phone = self._phones.get(agent, "")
        queue = self._calls[caller].queue if caller in self._calls else ""
        mean_s, cv = self._habits.talks_s.get(queue, self._habits.talk_s), self._habits.talk_cv
        talk_s = self._agenda.about(mean_s) if cv is None else self._agenda.log_normal(mean_s, cv)
        if self._habits.agent_transfers and self._agenda.chance(self._habits.agent_transfers):
            self._agenda.later(talk_s, partial(self._sends_on, agent))
        else:
            self._agenda.later(talk_s, partial(self._talked, first, phone))

    def _sends_on(self, agent: LegId) -> None:
        """The agent presses the transfer key; the telephone hangs up soon after, even if the transfer failed."""
        if agent in self._pbx.up:
            self._tell(TransferAsked(agent, self._random.choice(list(self._settings.queues))))
            self._agenda.later(self._random.uniform(0, 10), lambda: self._pbx.hang_up(agent))

    def sent_on(self, act: Transfer) -> None:
        """Most callers sent on reach another of our queues, some at once; the others are no longer ours."""
        call = self._calls.get(act.leg)
        if self._agenda.chance(_STAYS_OURS):
            number = call.number if call else "anonymous"
            back = CallArrived(act.leg, QueueName(act.to), number, came_from=act.entry, came_since=act.arrived_at)
            self._calls[act.leg] = back
            self._agenda.later(self._random.choice([0.06, 0.2, 5.0]), partial(self._comes_back, back))
        else:
            self._pbx.up.discard(act.leg)

    def _comes_back(self, call: CallArrived) -> None:
        if call.leg in self._pbx.up:
            self._facts.arrived += 1
            self._tell(call)
            self._agenda.later(self._agenda.about(self._habits.patience_s), partial(self._loses_patience, call.leg))

    def _talked(self, leg: LegId, phone: str) -> None:
        self._pbx.hang_up(leg)
        if self._agenda.chance(self._habits.agent_codes):
            code = self._random.choice(_AFTER_TALK)
            self._agenda.later(self._random.uniform(0.1, 5), partial(self.dial_code, phone, code))

    # --- callers ----------------------------------------------------------------------------------------------------

    def _next_call(self) -> None:
        """A Poisson process that the curve thins out."""
        begin, end = self._day
        gap_s, curve = self._agenda.about(3600 / self._habits.calls_per_hour), self._habits.curve
        if self._agenda.now + gap_s < end:
            part = int((self._agenda.now + gap_s - begin) / (end - begin) * len(curve))
            if self._agenda.chance(curve[part]):
                self._agenda.later(gap_s, self._call)
            self._agenda.later(gap_s, self._next_call)

    def _call(self) -> None:
        number = f"+4420794{self._random.randrange(60000, 60000 + self._habits.customers):05d}"
        withheld = self._agenda.chance(self._habits.withheld)
        self._rings_in("anonymous" if withheld else number, self._chosen())

    def _chosen(self) -> str:
        shares = self._habits.shares
        if shares:
            return self._random.choices(list(shares), list(shares.values()))[0]
        return self._random.choice([*self._settings.queues, *self._settings.menus])

    def _rings_in(self, number: str, queue: str) -> None:
        leg = self._pbx.fresh_leg()
        call = CallArrived(leg, QueueName(queue), number)
        if self._habits.vip and self._agenda.chance(self._habits.vip):
            call = replace(call, priority=5)
        wanted = (skills for skills, share in self._habits.needs.items() if self._agenda.chance(share))
        self._calls[leg] = replace(call, needs=next(wanted, ""))
        self._facts.arrived += 1
        self._tell(self._calls[leg])
        self._agenda.later(self._agenda.about(self._habits.patience_s), partial(self._loses_patience, leg))

    def _loses_patience(self, leg: LegId) -> None:
        if leg not in self._pbx.talking:
            self._pbx.hang_up(leg)

    def hung_up(self, leg: LegId) -> None:
        call = self._calls.pop(leg, None)
        if call and leg not in self._pbx.talking and self._agenda.chance(self._habits.rings_again):
            after_s = self._random.uniform(10, 1200)
            if self._agenda.now + after_s < self._day[1]:
                self._agenda.later(after_s, partial(self._rings_in, call.number, call.queue))

    # --- the supervisor ---------------------------------------------------------------------------------------------

    def _next_whim(self) -> None:
        """The supervisor changes something, and takes it back after a while."""
        if not self._habits.supervisor_per_hour:
            return
        gap_s = self._agenda.about(3600 / self._habits.supervisor_per_hour)
        if self._agenda.now + gap_s > self._day[1]:
            return
        back_s = gap_s + self._random.uniform(60, 1200)
        queue = self._random.choice(list(self._settings.queues))
        does = self._random.choice(("offering", "dialling", "crisis", "close"))
        if does == "close":
            self._agenda.later(gap_s, lambda: self._tell(ClosedEarly(queue, self._agenda.now + 3600)))
            self._agenda.later(back_s, lambda: self._tell(ClosedEarly(queue, None)))
        else:
            self._agenda.later(gap_s, lambda: self._tell(SwitchTurned(does, does == "crisis")))
            self._agenda.later(back_s, lambda: self._tell(SwitchTurned(does, does != "crisis")))
        self._agenda.later(back_s, self._next_whim)

    # --- customers --------------------------------------------------------------------------------------------------

    def customer_rung(self, act: DialCustomer) -> None:
        self._facts.dialled.append((self._agenda.now, act.number))
        for agent in self._settings.agents.values():
            self._perhaps_leaves(agent.endpoint, act.ring_s)
        if self._agenda.chance(self._habits.customer_crosses):
            queue = self._random.choice(list(self._settings.queues))
            self._agenda.later(self._random.uniform(0, act.ring_s), lambda: self._rings_in(act.number, queue))
        fate = self._random.random()
        if fate < self._habits.customer_busy:
            self._agenda.later(1.0, lambda: self._pbx.hang_up(act.leg, Ending.BUSY))
        elif fate < self._habits.customer_busy + self._habits.customer_absent:
            self._agenda.later(act.ring_s, lambda: self._pbx.hang_up(act.leg, Ending.NO_ANSWER))
        else:
            self._pbx.tell_soon(LegRinging(act.leg), 0.5)
            self._agenda.later(self._random.uniform(*self._habits.customer_picks_up_s), lambda: self._picks_up(act))

    def _picks_up(self, act: DialCustomer) -> None:
        if act.leg in self._pbx.up:
            self._pbx.answered.add(act.leg)
            self._tell(LegAnswered(act.leg))
            self._agenda.later(2.0, partial(self._enters, LegEntered(act.leg, Party.CUSTOMER, act.attempt)))
            patience_s = 60 + self._agenda.about(self._habits.patience_s)
            self._agenda.later(patience_s, partial(self._loses_patience, act.leg))

    # --- ears and fingers -------------------------------------------------------------------------------------------

    def hear(self, act: Play, length_s: float) -> None:
        """Somebody presses a key or not, perhaps before the sentence is over."""
        pressed = keys(act.phrases, self._habits, self._random) or self._way_out(act)
        delay_s = length_s * self._random.uniform(0.5, 1.2)
        for n, key in enumerate(pressed):
            self._agenda.later(delay_s + 0.3 * n, partial(self._press, act.leg, key))

    def _way_out(self, act: Play) -> str:
        queue = self._settings.queues.get(QueueName(act.queue))
        return queue.rules.key if queue and self._agenda.chance(self._habits.presses_exit) else ""

    def _press(self, leg: LegId, key: str) -> None:
        if leg in self._pbx.up:
            self._tell(DigitPressed(leg, key))

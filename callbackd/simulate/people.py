"""The people of an invented day: callers with patience, customers at their telephones, agents with shifts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from callbackd.domain.commands import DialCustomer, Play, RingAgent
from callbackd.domain.events import (
    CallArrived,
    DigitPressed,
    Ending,
    Event,
    FeatureCode,
    FeatureCodeDialled,
    LegAnswered,
    LegEntered,
    LegRinging,
    Party,
)
from callbackd.domain.ids import LegId, QueueName
from callbackd.domain.phrase import Fixed, Phrase, SlotChoice
from callbackd.domain.settings import AgentSettings, Settings
from callbackd.simulate.agenda import Agenda
from callbackd.simulate.facts import Facts
from callbackd.simulate.habits import Habits
from callbackd.simulate.pbx import Pbx

_OFFERS = {Fixed.OFFER: "1", Fixed.OFFER_TIME: "2", Fixed.OFFER_BOTH: "12"}


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
        """Who rang us, by their leg."""
        self._phones: dict[LegId, AgentSettings] = {}
        """Whose telephone an agent's leg rings."""

    def begin(self, hours: float) -> None:
        """Callers come for so many hours from now."""
        self._day = (self._agenda.now, self._agenda.now + hours * 3600)
        for agent in self._settings.agents.values():
            self._shift(agent)
        self._next_call()

    # --- agents -----------------------------------------------------------------------------------------------------

    def _shift(self, agent: AgentSettings) -> None:
        begin, end = self._day
        slack_s = max(end - begin - self._habits.shift_s, 0.0) if self._habits.shift_s else 60.0
        starts_s = self._random.uniform(0, slack_s)
        self._agenda.later(starts_s, partial(self.dial_code, agent.endpoint, FeatureCode.LOGIN))
        if self._habits.shift_s:
            logout = partial(self.dial_code, agent.endpoint, FeatureCode.LOGOUT)
            self._agenda.later(starts_s + self._habits.shift_s, logout)
        self._agenda.later(starts_s, partial(self._next_pause, agent.endpoint))

    def dial_code(self, endpoint: str, code: str) -> None:
        self._tell(FeatureCodeDialled(self._pbx.fresh_leg(), code, endpoint))

    def _next_pause(self, endpoint: str) -> None:
        if not self._habits.agent_pauses_per_hour:
            return
        pause_s = self._agenda.about(3600 / self._habits.agent_pauses_per_hour)
        if self._agenda.now + pause_s < self._day[1]:
            back_s = pause_s + self._random.uniform(30, 600)
            self._agenda.later(pause_s, partial(self.dial_code, endpoint, FeatureCode.PAUSE))
            self._agenda.later(back_s, partial(self.dial_code, endpoint, FeatureCode.UNPAUSE))
            self._agenda.later(back_s, partial(self._next_pause, endpoint))

    def paused_by_us(self, agent: AgentSettings) -> None:
        """Who was paused for missed rings comes back after a while."""
        back_s = self._random.uniform(60, 600)
        self._agenda.later(back_s, partial(self.dial_code, agent.endpoint, FeatureCode.UNPAUSE))

    def agent_rung(self, act: RingAgent) -> None:
        agents = self._settings.agents.values()
        self._phones[act.leg] = next(a for a in agents if a.endpoint == act.endpoint)
        if self._agenda.chance(self._habits.agent_answers):
            self._agenda.later(self._random.uniform(1, min(6, act.ring_s - 0.1)), partial(self._answer, act.leg))
        else:
            ending, after_s = self._random.choice([(Ending.BUSY, 0.5), (Ending.NO_ANSWER, act.ring_s)])
            self._agenda.later(after_s, lambda: self._pbx.hang_up(act.leg, ending))

    def _answer(self, leg: LegId) -> None:
        if leg in self._pbx.up:
            self._tell(LegEntered(leg, Party.AGENT))

    def talk(self, caller: LegId, agent: LegId) -> None:
        first = caller if self._agenda.chance(self._habits.hangs_up_in_talk) else agent
        talk_s = self._agenda.about(self._habits.talk_s)
        self._agenda.later(talk_s, lambda: self._pbx.hang_up(first))
        if phone := self._phones.get(agent):
            self._after_talk(phone.endpoint, talk_s + 1)

    def _after_talk(self, endpoint: str, delay_s: float) -> None:
        """Codes in the wrap-up; they come wrong when the talk ended otherwise, which must do no harm."""
        if self._agenda.chance(self._habits.wrap_up_longer):
            self._agenda.later(delay_s, partial(self.dial_code, endpoint, FeatureCode.EXTEND))
        if self._agenda.chance(self._habits.wrap_up_shorter):
            self._agenda.later(delay_s + 2, partial(self.dial_code, endpoint, FeatureCode.READY))

    # --- callers ----------------------------------------------------------------------------------------------------

    def _next_call(self) -> None:
        """By thinning: as many lots as the busiest hour wants, fewer of them calls in the others."""
        begin, end = self._day
        busiest = max(self._habits.curve) * len(self._habits.curve) / sum(self._habits.curve)
        gap_s = self._agenda.about(3600 / (self._habits.calls_per_hour * busiest))
        at = self._agenda.now + gap_s
        if at >= end:
            return
        if self._agenda.chance(self._habits.load((at - begin) / (end - begin)) / busiest):
            self._agenda.later(gap_s, self._call)
        self._agenda.later(gap_s, self._next_call)

    def _call(self) -> None:
        number = f"+4420794{self._random.randrange(60000, 60000 + self._habits.customers):05d}"
        withheld = self._agenda.chance(self._habits.withheld)
        queue = self._random.choice(list(self._settings.queues))
        self._rings_in("anonymous" if withheld else number, queue)

    def _rings_in(self, number: str, queue: str) -> None:
        leg = self._pbx.fresh_leg()
        self._calls[leg] = CallArrived(leg, QueueName(queue), number)
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

    # --- customers --------------------------------------------------------------------------------------------------

    def customer_rung(self, act: DialCustomer) -> None:
        self._facts.dialled.append((self._agenda.now, act.number))
        fate = self._random.random()
        if fate < self._habits.customer_busy:
            self._agenda.later(1.0, lambda: self._pbx.hang_up(act.leg, Ending.BUSY))
        elif fate < self._habits.customer_busy + self._habits.customer_absent:
            self._agenda.later(act.ring_s, lambda: self._pbx.hang_up(act.leg, Ending.NO_ANSWER))
        else:
            self._pbx.tell_soon(LegRinging(act.leg), 0.5)
            self._agenda.later(self._random.uniform(2, 20), lambda: self._picks_up(act))

    def _picks_up(self, act: DialCustomer) -> None:
        if act.leg in self._pbx.up:
            self._tell(LegAnswered(act.leg))
            self._pbx.tell_soon(LegEntered(act.leg, Party.CUSTOMER, act.attempt), 2.0)
            patience_s = 60 + self._agenda.about(self._habits.patience_s)
            self._agenda.later(patience_s, partial(self._loses_patience, act.leg))

    # --- ears and fingers ---------------------------------------------------------------------------------------------

    def hear(self, act: Play, length_s: float) -> None:
        """What a person presses who hears this, and when."""
        keys = self._keys(act)
        if keys:
            early = any(phrase in _OFFERS for phrase in act.phrases)  # an offer is taken while it is still spoken
            self._press(act.leg, keys, length_s * self._random.random() if early else length_s + 1)

    def _keys(self, act: Play) -> str:
        said = set(act.phrases)
        if Fixed.AGENT_ACCEPT in said:
            phone = self._phones.get(act.leg)
            return phone.accept_key if phone and self._agenda.chance(self._habits.agent_answers) else ""
        if Fixed.CALLBACK_MENU in said:
            return self._of_customer()
        if Fixed.POSTPONE_MENU in said:
            return self._random.choice(["0", "", "1", "3"])
        choices = [phrase.key for phrase in act.phrases if isinstance(phrase, SlotChoice)]
        if choices:
            return self._random.choice([*map(str, choices), str(choices[0]), "9", "0", "7", ""])
        if offer := next((phrase for phrase in act.phrases if phrase in _OFFERS), None):
            return self._of_offer(_OFFERS[Fixed(offer)])
        return self._of_menus(said, act.queue)

    def _of_customer(self) -> str:
        if self._agenda.chance(self._habits.customer_silent):
            return ""
        if self._agenda.chance(self._habits.postpones):
            return "2"
        return self._random.choice("79") if self._agenda.chance(self._habits.wrong_key) else "1"

    def _of_offer(self, keys: str) -> str:
        if not self._agenda.chance(self._habits.takes_offer):
            return ""
        return keys[-1] if self._agenda.chance(self._habits.takes_time) else keys[0]

    def _of_menus(self, said: set[Phrase], queue: str) -> str:
        if Fixed.CONFIRM_MENU in said:
            return self._random.choice("2079*#") if self._agenda.chance(self._habits.wrong_key) else "1"
        if Fixed.ALREADY_MENU in said:
            return self._random.choice("123447")
        if Fixed.KEY_NUMBER in said:
            return "02079460" + "".join(self._random.choice("0123456789") for _ in range(3)) + "#"
        if Fixed.KEY_TIME in said:
            return f"{self._random.randrange(26):02d}{self._random.choice(['00', '30', '75'])}"
        if Fixed.KEY_DAY in said:
            return self._random.choice("0019#")
        rules = self._settings.queues[QueueName(queue)].rules if queue in self._settings.queues else None
        return rules.key if rules and self._agenda.chance(self._habits.presses_exit) else ""

    def _press(self, leg: LegId, keys: str, delay_s: float) -> None:
        for n, key in enumerate(keys):
            self._agenda.later(delay_s + 0.3 * n, partial(self._pressed, leg, key))

    def _pressed(self, leg: LegId, key: str) -> None:
        if leg in self._pbx.up:
            self._tell(DigitPressed(leg, key))

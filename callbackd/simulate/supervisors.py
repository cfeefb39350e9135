"""People who ask for things while a day goes by: each act that the door knows, about places and promises that are there
at that moment, and now and then about some that are not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from callbackd.domain.events import (
    AgentAct,
    Asked,
    AssignCallback,
    BlockNumber,
    CallNow,
    CancelCallback,
    CloseEarly,
    Dispose,
    Event,
    FeatureCode,
    MoveCallback,
    PutFirst,
    RequestCallback,
    TakeOut,
    TurnSwitch,
    UnblockNumber,
    WantedAct,
    WriteNote,
)
from callbackd.domain.state import State
from callbackd.simulate.agenda import Agenda

_QUARTER_S = 900
_AGAIN = {FeatureCode.LOGOUT: FeatureCode.LOGIN, FeatureCode.PAUSE: FeatureCode.UNPAUSE}
"""What brings an agent back whom a supervisor has sent away."""


class Supervisors:
    def __init__(self, state: State, per_hour: float, agenda: Agenda, tell: Callable[[Event], None]) -> None:
        self._state = state
        self._per_hour = per_hour
        self._agenda = agenda
        self._random = agenda.random
        self._tell = tell
        self._until = 0.0

    def begin(self, until: float) -> None:
        """Ask for things until then; what was switched or sent away comes back within twenty minutes."""
        self._until = until
        if self._per_hour:
            self._next()

    def _next(self) -> None:
        gap_s = self._agenda.about(3600 / self._per_hour)
        if self._agenda.now + gap_s < self._until:
            self._agenda.later(gap_s, self._wish)
            self._agenda.later(gap_s, self._next)

    def _wish(self) -> None:
        wishes = (self._about_a_promise, self._about_an_agent, self._in_line, self._about_the_house)
        wish = self._random.choices(wishes, (6, 3, 3, 1))[0]
        self._ask(wish())

    def _ask(self, act: WantedAct) -> None:
        self._tell(Asked(f"r{self._agenda.fresh()}", "kim", "cli", act, "because"))

    def _back(self, act: WantedAct) -> None:
        self._agenda.later(self._random.uniform(60, 1200), partial(self._ask, act))

    def _about_a_promise(self) -> WantedAct:
        promise = self._one(list(self._state.callbacks))
        number = f"+4420794{self._random.randrange(60000, 60100)}"
        return self._random.choice(
            (
                RequestCallback(self._queue(), number, self._random.choice((None, self._time()))),
                MoveCallback(promise, self._time()),
                CancelCallback(promise),
                CallNow(promise),
                AssignCallback(promise, self._random.choice(("", self._agent()))),
                BlockNumber(number),
                UnblockNumber(number),
            )
        )

    def _about_an_agent(self) -> WantedAct:
        agent = self._agent()
        code = self._random.choice(list(FeatureCode))
        if code in _AGAIN:
            self._back(AgentAct(agent, _AGAIN[code]))
        return self._random.choice(
            (AgentAct(agent, code), Dispose(agent, "order"), WriteNote(agent, "rings on Monday"))
        )

    def _about_the_house(self) -> WantedAct:
        queue = self._queue()
        does = self._random.choice(("offering", "dialling", "crisis", "close"))
        if does == "close":
            self._back(CloseEarly(queue, None))
            return CloseEarly(queue, self._agenda.now + 3600)
        self._back(TurnSwitch(does, does != "crisis"))
        return TurnSwitch(does, does == "crisis")

    def _in_line(self) -> WantedAct:
        place = self._one(list(self._state.entries))
        return self._random.choice((TakeOut, PutFirst))(place)

    def _one(self, ids: Sequence[str]) -> str:
        return self._random.choice([*ids, "nosuch"])

    def _queue(self) -> str:
        return self._random.choice(list(self._state.settings.queues))

    def _agent(self) -> str:
        return self._random.choice(list(self._state.settings.agents))

    def _time(self) -> float:
        """A quarter hour within a day from now."""
        return (self._agenda.now // _QUARTER_S + self._random.randrange(96)) * _QUARTER_S

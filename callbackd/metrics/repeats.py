"""Who was served lately, by whom and with which disposition: a customer who soon calls again was not helped."""

from __future__ import annotations

from dataclasses import dataclass, replace

from callbackd.domain.ids import AgentId

UNDISPOSED = "none"
_LONGEST = 64
"""The most characters of a disposition: it should be a word of the house's list, and becomes a key of the counts."""
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Served:
    """The last call of a customer that reached an agent."""

    at: float
    agent: AgentId
    disposition: str = UNDISPOSED


class Repeats:
    """Remembers the last served call of each number for ``days``."""

    def __init__(self, days: int) -> None:
        self._within_s = days * _DAY_S
        self._served: dict[str, Served] = {}
        """The last served call by number, the oldest first."""
        self._last: dict[AgentId, str] = {}
        """The number that each agent served last."""

    def served(self, number: str, agent: AgentId, disposition: str, now: float) -> None:
        """Remember a call that is over. A number that is not E.164 may be anybody's, and is not remembered."""
        self._last.pop(agent, None)
        if number.startswith("+"):
            self._served.pop(number, None)
            self._served[number] = Served(now, agent, _word(disposition))
            self._last[agent] = number

    def disposed(self, agent: AgentId, disposition: str) -> None:
        """Note the disposition that the agent gives the last call after its end."""
        number = self._last.get(agent, "")
        last = self._served.get(number)
        if last and last.agent == agent:
            self._served[number] = replace(last, disposition=_word(disposition))

    def again(self, number: str, now: float) -> Served | None:
        """The earlier call that this customer's call repeats; None if it repeats none."""
        last = self._served.get(number)
        return last if last and now - last.at <= self._within_s else None

    def kept(self) -> int:
        """How many customers are remembered."""
        return len(self._served)

    def forget(self, now: float) -> None:
        """Drop calls that are too old to be repeated."""
        for number, last in list(self._served.items()):
            if now - last.at <= self._within_s:
                break
            del self._served[number]


def _word(disposition: str) -> str:
    return disposition.strip()[:_LONGEST] or UNDISPOSED

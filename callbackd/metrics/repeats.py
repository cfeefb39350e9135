"""Who was served lately, by whom and with what disposition: a customer who calls again so soon was not helped."""

from __future__ import annotations

from dataclasses import dataclass, replace

from callbackd.domain.ids import AgentId

UNDISPOSED = "none"
_LONGEST = 64
"""Characters of a disposition: it is a word of the house's list, and becomes a key of the counts."""
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Served:
    """A customer's last call that an agent had."""

    at: float
    agent: AgentId
    disposition: str = UNDISPOSED


class Repeats:
    """Remembers the last served call of each number for ``days``."""

    def __init__(self, days: int) -> None:
        self._within_s = days * _DAY_S
        self._served: dict[str, Served] = {}
        """By number, the longest ago first."""
        self._last: dict[AgentId, str] = {}
        """Whom each agent served last."""

    def served(self, number: str, agent: AgentId, disposition: str, now: float) -> None:
        """A call is over. A number that is not E.164 may be anybody's and is not remembered."""
        self._last.pop(agent, None)
        if number.startswith("+"):
            self._served.pop(number, None)
            self._served[number] = Served(now, agent, _word(disposition))
            self._last[agent] = number

    def disposed(self, agent: AgentId, disposition: str) -> None:
        """The agent's word on the last call, said when it is over."""
        number = self._last.get(agent, "")
        last = self._served.get(number)
        if last and last.agent == agent:
            self._served[number] = replace(last, disposition=_word(disposition))

    def again(self, number: str, now: float) -> Served | None:
        """The call that this customer's call repeats, if any."""
        last = self._served.get(number)
        return last if last and now - last.at <= self._within_s else None

    def kept(self) -> int:
        """How many customers are remembered."""
        return len(self._served)

    def forget(self, now: float) -> None:
        """Drop what no call can repeat any more."""
        for number, last in list(self._served.items()):
            if now - last.at <= self._within_s:
                break
            del self._served[number]


def _word(disposition: str) -> str:
    return disposition.strip()[:_LONGEST] or UNDISPOSED

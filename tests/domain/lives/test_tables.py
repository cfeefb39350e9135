"""Every state answers every trigger; the tables have no blanks."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import pytest

from callbackd.domain.lives import agent, attempt, callback, entry
from callbackd.domain.lives.life import Ignored, blanks

Table = Mapping[tuple[Any, Any], Enum | Ignored]

LIVES: dict[str, tuple[Table, type[Enum], type[Enum]]] = {
    "entry": (entry.TABLE, entry.EntryState, entry.EntryTrigger),
    "presence": (agent.PRESENCE, agent.Presence, agent.PresenceTrigger),
    "activity": (agent.ACTIVITY, agent.Activity, agent.ActivityTrigger),
    "callback": (callback.TABLE, callback.CallbackState, callback.CallbackTrigger),
    "attempt": (attempt.TABLE, attempt.AttemptState, attempt.AttemptTrigger),
}


@pytest.mark.parametrize("life", LIVES)
def test_every_state_answers_every_trigger(life):
    table, states, triggers = LIVES[life]
    for state in states:
        print(f"{life:9} {state.value:10}", {t.value: _shown(table.get((state, t))) for t in triggers})
    assert blanks(table, states, triggers) == []


@pytest.mark.parametrize("life", ["entry", "callback", "attempt"])
def test_a_closed_life_stays_closed(life):
    table, states, triggers = LIVES[life]
    closed = states("closed")
    assert all(isinstance(table[closed, trigger], Ignored) for trigger in triggers)


@pytest.mark.parametrize("life", LIVES)
def test_every_refusal_gives_a_reason(life):
    table, _, _ = LIVES[life]
    assert all(answer.because for answer in table.values() if isinstance(answer, Ignored))


@pytest.mark.parametrize("life", LIVES)
def test_every_state_can_be_reached(life):
    table, states, _ = LIVES[life]
    reached = {target for target in table.values() if not isinstance(target, Ignored)} | {next(iter(states))}
    assert reached == set(states)


def _shown(answer):
    return f"({answer.because})" if isinstance(answer, Ignored) else answer.value if answer else "BLANK"

"""Prints the lives as diagrams for people, from the very tables that decide them.

python -m lab.diagrams > docs/lives.md        after a change of a table; a test compares
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from callbackd.domain.lives import agent, attempt, callback, direct_window, entry
from callbackd.domain.lives.conversation import TABLE as CONVERSATION
from callbackd.domain.lives.life import Ignored

_LIVES: dict[str, tuple[str, Any]] = {
    "Entry": ("A place in a line, held by a live caller or by a promise", entry.TABLE),
    "Callback": ("A promise to call somebody back", callback.TABLE),
    "Attempt": ("One dial for a promise", attempt.TABLE),
    "Agent: presence": ("What agents say of themselves", agent.PRESENCE),
    "Agent: activity": ("What calls make of them", agent.ACTIVITY),
}
_HEAD = """<!-- Generated from callbackd/domain/lives: python -m lab.diagrams > docs/lives.md -->
# The lives

Each arrow is a trigger that changes the state. What a state ignores, and why, stands in the tables themselves.
"""


def page() -> str:
    return "\n".join([_HEAD, *(_life(name, *life) for name, life in _LIVES.items()), _windows(), _conversation()])


def _life(name: str, what: str, table: Any) -> str:
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (state, trigger), target in table.items():
        if not isinstance(target, Ignored):
            arrows[_word(state), _word(target)].append(_word(trigger))
    drawn = [f"    {before} --> {after}: {', '.join(triggers)}" for (before, after), triggers in arrows.items()]
    return "\n".join([f"## {name}", "", f"{what}.", "", "```mermaid", "stateDiagram-v2", *drawn, "```", ""])


def _windows() -> str:
    rows = [
        (_word(kind), _word(window), _word(trigger), _word(effect))
        for (kind, window, trigger), effect in direct_window.TABLE.items()
        if not isinstance(effect, Ignored)
    ]
    what = "Who may reach one agent straight away, by the type that the agent or the queue has."
    return _table("Direct window", what, ("type", "window", "trigger", "effect"), rows)


def _conversation() -> str:
    rows = [
        (
            _word(stage),
            _keys(row.keys),
            _word(row.other),
            _word(row.silence) if row.silence else "",
            _word(row.give_up) if row.give_up else "",
            _word(row.after),
            ", ".join(sorted(map(_word, row.interrupts))),
        )
        for stage, row in CONVERSATION.items()
    ]
    what = "What is asked of a leg by stage, and what each answer leads to."
    heads = ("stage", "keys", "other keys", "silence", "at last", "after the words", "who may interrupt")
    return _table("Conversation", what, heads, rows)


def _table(name: str, what: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows)]
    return "\n".join([f"## {name}", "", what, "", *lines, ""])


def _keys(keys: Mapping[str, Enum]) -> str:
    """The keys and what they do; keys with the same effect are grouped."""
    same: dict[Enum, str] = defaultdict(str)
    for key, act in sorted(keys.items()):
        same[act] += key
    return ", ".join(f"{pressed} {_word(act)}" for act, pressed in same.items()) or "none"


def _word(of: Enum) -> str:
    return of.value if isinstance(of.value, str) else of.name.lower().replace("_", " ")


if __name__ == "__main__":
    print(page(), end="")

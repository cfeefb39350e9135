"""The reference of all settings, generated from their declarations: ``python -m callbackd.config.reference``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen, Unit

from callbackd.config.declared import (
    REQUIRED,
    Declared,
    first_sentence,
    is_mapping,
    keys,
    marks,
    meanings_of_values,
    plain,
)
from callbackd.config.sections import Config
from callbackd.config.words import Shift, in_file
from callbackd.domain.settings import Exit, LevelSteps, LimitSteps, Means, Pattern, Span

NOW, NEXT, RELOAD, RESTART = "now", "next", "reload", "restart"
CHANGES: Mapping[str, str] = {
    "state_dir": RESTART,
    "site": NEXT,
    "site.own_numbers": NOW,
    "site.zone": NOW,
    "database": RELOAD,
    "ari": RELOAD,
    "ami": RELOAD,
    "api": RELOAD,
    "prompts": NOW,
    "log": RELOAD,
    "reports": RELOAD,
    "keeping": RELOAD,
    "dialling": NEXT,
    "numbers": NEXT,
    "limits": NEXT,
    "keys": NEXT,
    "ringing": NEXT,
    "line": NOW,
    "dead_man": NOW,
    "dead_man.talking_s": NEXT,
    "transfers": NEXT,
    "fallback": RELOAD,
    "hours": NOW,
    "calling": NOW,
    "queues": NOW,
    "queues.ring_s": NEXT,
    "queues.wrap_up_s": NEXT,
    "queues.wrap_up_extend_s": NEXT,
    "queues.music": NEXT,
    "queues.language": NEXT,
    "queues.group": NEXT,
    "queues.entry.full": NEXT,
    "queues.entry.max_places": NEXT,
    "queues.entry.closed": NEXT,
    "queues.entry.holiday": NEXT,
    "queues.entry.no_agents": NEXT,
    "queues.entry.all_paused": NEXT,
    "queues.slots": NEXT,
    "queues.direct": NEXT,
    "queues.retry": NEXT,
    "queues.retry.max_attempts": NOW,
    "queues.retry.max_busy": NOW,
    "queues.retry.max_no_answer": NOW,
    "queues.retry.max_no_key": NOW,
    "menus": NEXT,
    "agents": NOW,
    "agents.endpoint": NEXT,
    "agents.phones": NEXT,
    "agents.accept_key": NEXT,
    "agents.accept_s": NEXT,
    "agents.wrap_up_s": NEXT,
    "agents.direct": NEXT,
}
"""What becomes of a change, by key without the sections' own names; a key that is not here is as its section."""

_HEAD = """<!-- Generated: edit the declarations, then run `python -m callbackd.config.reference > docs/settings.md` -->
# Settings

callbackd reads one TOML file, usually `/etc/callbackd/callbackd.toml`. `callbackd check` names every mistake in it,
each with the field and the way out; a file with mistakes is not used at all. An unknown key is a mistake too.

Durations (unit s) are seconds (`90`) or ISO 8601 (`"PT90S"`). Spans of a day are `"09:00-17:30"`. Ways out of a line
are `"wait"` (the rule does nothing), `"callback"` (a callback at a time is proposed), `"queue:<name>"` and
`"dialplan:<extension>"`, at an extension of `dead_man.exit_context`.

`callbackd reload` (or SIGHUP) takes up a changed file in the running process: calls go on, callers hear music for the
moment between and keep their places. The last column has what a change does:

- **now**: reload; callers who wait, and promises that are open, fall under it too.
- **next**: reload; it holds for what begins afterwards (a call, a promise, a dial, a ring, a pause). What is under way
  ends as it began.
- **reload**: reload; what becomes of callers who wait does not depend on it.
- **restart**: end the daemon, and start it again with the new file; `callbackd reload` finds it by `state_dir`.

A queue or an agent that is taken out of the file is not deleted: its rows stay in the database, and the log names them.
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """A key of the file, as the reference shows it."""

    section: str
    """``queues.<name>.offer``; empty for the keys before all sections."""
    field: Declared
    change: str


def settings() -> list[Setting]:
    """Every key of the file that holds a value, in the order of the declarations."""
    return [setting for _, _, found in _sections() for setting in found]


def section_names() -> list[str]:
    """Every section of the file, ``queues.<name>.offer`` and the like."""
    return [name for name, _, _ in _sections() if name]


def reference() -> str:
    """The page ``docs/settings.md``."""
    return _HEAD + "".join(_section(name, kind, found) for name, kind, found in _sections())


def _sections(kind: type = Config, name: str = "") -> Iterator[tuple[str, type, list[Setting]]]:
    """Each section's name, class and own keys, then those of the sections inside it."""
    own, inside = [], []
    for key, field in keys(kind).items():
        path = f"{name}.{key}" if name else key
        of = plain(field.annotation)
        if is_mapping(of) and is_dataclass(value := plain(get_args(of)[1])) and isinstance(value, type):
            inside.append((value, f"{path}.<name>"))
        elif is_dataclass(of) and isinstance(of, type) and of not in (Exit, Span, Shift):
            inside.append((of, path))
        else:
            own.append(Setting(name, field, change_of(path)))
    yield name, kind, own
    for part, path in inside:
        yield from _sections(part, path)


def change_of(path: str) -> str:
    """The effect that is declared for a key, or for the nearest section around it. Raises ``KeyError`` for none."""
    path = path.replace(".<name>", "")
    while path not in CHANGES and "." in path:
        path = path.rpartition(".")[0]
    return CHANGES[path]


def _section(name: str, kind: type, found: Iterable[Setting]) -> str:
    title = f"\n## `[{name}]`\n\n{_shown(first_sentence(kind))}\n" if name else "\n## Before all sections\n"
    rows = "".join(_row(setting) for setting in found)
    head = "\n| key | meaning | unit | default | limits | a change |\n|---|---|---|---|---|---|\n"
    return title + (head + rows if rows else "")


def _row(setting: Setting) -> str:
    field = setting.field
    cells = [
        f"`{field.name}`",
        _shown(field.meaning) + _values(plain(field.annotation)),
        " ".join(mark.unit for mark in _marks(field.annotation) if isinstance(mark, Unit)),
        _default(field.default),
        _limits(field.annotation),
        setting.change,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _shown(meaning: str) -> str:
    return meaning.replace("``", "`")


def _values(kind: Any) -> str:
    """What each of the values means, where there are only some."""
    if not (isinstance(kind, type) and issubclass(kind, Enum)):
        return ""
    return "".join(f"<br>`{value}`: {_shown(meaning)}" for value, meaning in meanings_of_values(kind).items())


def _default(value: Any) -> str:
    if value is REQUIRED:
        return "must be set"
    return "not set" if value is None else f"`{in_file(value)}`"


def _marks(annotation: Any) -> list[Any]:
    """The limits of a value, or of each value of a list; of two lower bounds the one declared last is the narrower."""
    inner = get_args(plain(annotation)) if get_origin(plain(annotation)) in (tuple, frozenset) else ()
    found = [*marks(annotation), *(marks(inner[0]) if inner else ())]
    lower = [mark for mark in found if isinstance(mark, Ge | Gt)]
    return [mark for mark in found if mark not in lower[:-1]]


def _limits(annotation: Any) -> str:
    kind = plain(annotation)
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    if is_mapping(kind):
        parts = zip(("key", "value"), map(_limits, get_args(kind)), strict=True)
        return "; ".join(f"{part} {limits}" for part, limits in parts if limits)
    written = {LevelSteps: "`[[60, 1], [120, 0]]`", LimitSteps: '`[[30, 5], [90, "any"]]`'}
    return "; ".join(filter(None, [written.get(kind, ""), *(_limit(mark) for mark in _marks(annotation))]))


def _limit(mark: Any) -> str:
    match mark:
        case Ge(ge=bound):
            return f"at least {bound}"
        case Gt(gt=bound):
            return f"more than {bound}"
        case Le(le=bound):
            return f"at most {bound}"
        case Lt(lt=bound):
            return f"less than {bound}"
        case MinLen(min_length=length):
            return f"a length of at least {length}"
        case MaxLen(max_length=length):
            return f"a length of at most {length}"
        case Pattern(regex=regex):
            return f"`{regex}`"
        case Means(what=what):
            return what
        case _:
            return ""


if __name__ == "__main__":
    sys.stdout.write(reference())

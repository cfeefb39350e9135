"""Days kept in files, each with what the core did on it: a change of the house must not change what is decided.

    python -m tests.simulation.recorded_days        writes them anew, after a change that is meant to decide otherwise

A file has two lines for each step: the event, as ``replay`` writes it, and what the core did about it. Of that the acts
and the rows are kept, with all that reaches a telephone or a table; prose for the log is not, so it may be improved.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from callbackd.domain.commands import Answered, Changed, Command, Decided, Happened
from callbackd.simulate import replay
from callbackd.simulate.world import World
from lab.days.shapes import SHAPES

FOLDER = Path(__file__).parent / "recorded"
NAMES = [
    "small", "mid", "closing time", "clock goes back", "evening", "rules", "menus", "skills", "mobiles",
    "customers first", "look-ahead", "ageing", "bad line",
]  # fmt: skip
SEED = 2026
HOURS = 0.5
_NOT_KEPT = {"lane", "reason", "caller", "Play.music"}
"""Fields of commands that have no effect outside: they put commands in order, or are for the log."""
_NOW_CALLED = {'"dialing"': '"dialling"'}
"""Stored words that have another spelling since the days were recorded."""


def plain(value: Any) -> Any:
    """What JSON knows of it, fields at their defaults left out.

    Floats are cut to a tenth of a millisecond: the last bits of an exponential differ from one C library to another.
    """
    if isinstance(value, float):
        return round(value, 4)
    if is_dataclass(value) and not isinstance(value, type):
        kind = type(value).__name__
        kept = {f.name: getattr(value, f.name) for f in fields(value) if not {f.name, f"{kind}.{f.name}"} & _NOT_KEPT}
        return [kind, {name: plain(v) for name, v in kept.items() if v not in (None, "", 0, (), False)}]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(v) for key, v in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(map(plain, value))
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    return value


def done(commands: Sequence[Command]) -> str:
    """What a step did: its acts in order, then its rows as they were at its end, in the order of their ids."""
    acts: list[Any] = []
    rows: dict[tuple[str, str], Any] = {}
    for command in commands:
        if isinstance(command, Changed) and command.after is None:
            acts.append(["Forget", {"row": plain(command.before)}])
        elif isinstance(command, Changed):
            if not command.stored:
                rows[type(command.row).__name__, str(command.row.id)] = plain(command.row)
        elif not isinstance(command, Decided | Happened | Answered):
            acts.append(plain(command))
    return json.dumps([acts, [rows[key] for key in sorted(rows)]], sort_keys=True)


def path(name: str) -> Path:
    return FOLDER / f"{name.replace(' ', '-')}.jsonl.gz"


def write(name: str) -> None:
    lines: list[str] = []

    def see(world: World, event: Any, commands: tuple[Command, ...]) -> None:
        lines.append(replay.line(world.now, event) + done(commands) + "\n")

    shape = SHAPES[name]
    world = World(shape.settings, shape.habits, SEED, see, shape.start)
    world.run(HOURS)
    with gzip.GzipFile(path(name), "wb", mtime=0) as file:
        file.write((replay.header(world.entropy) + "".join(lines)).encode())


def read(name: str) -> tuple[replay.Recording, list[str]]:
    """The events, and what was done about each, in the words of today."""
    first, *rest = gzip.decompress(path(name).read_bytes()).decode().splitlines(keepends=True)
    done_then = [_in_todays_words(line.rstrip("\n")) for line in rest[1::2]]
    return replay.read(io.StringIO(first + "".join(rest[0::2]))), done_then


def _in_todays_words(line: str) -> str:
    for word, now in _NOW_CALLED.items():
        line = line.replace(word, now)
    return line


def told_again(name: str) -> Iterator[tuple[float, str, str, str]]:
    """When, which event, what was done about it then, what is done now."""
    recording, before = read(name)
    told = replay.tell(recording, SHAPES[name].settings)
    for (at, event, commands), was in zip(told, before, strict=True):
        yield at, repr(event), was, done(commands)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in NAMES:
        write(name)


if __name__ == "__main__":
    main()

"""A recorded day: events with their times, written to a file and replayed.

The file is JSON lines. The first holds the entropy that the ids were minted from; every other line holds an event, by
the name of its class and its fields, and when it came. Floats are written so that they can be read back to the last
bit: replayed under the same settings, a recorded day gives the same commands byte for byte; under others it shows what
would have changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, TextIO, get_args, get_origin, get_type_hints

from callbackd.domain.acd import Acd
from callbackd.domain.commands import Command
from callbackd.domain.events import Event, WantedAct
from callbackd.domain.ids import Mint
from callbackd.domain.settings import Settings
from callbackd.domain.wait.estimator import Estimator

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Event)}
_ACTS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(WantedAct)}

Steps = Iterable[tuple[float, Event]]


@dataclass(frozen=True, slots=True)
class Recording:
    entropy: bytes
    steps: tuple[tuple[float, Event], ...]
    """When and what, in the order in which the door got the events."""


def write(file: TextIO, entropy: bytes, steps: Steps) -> None:
    file.write(header(entropy))
    file.writelines(line(at, event) for at, event in steps)


def header(entropy: bytes) -> str:
    """The first line of a recording."""
    return json.dumps({"entropy": entropy.hex()}) + "\n"


def line(at: float, event: Event) -> str:
    """The line of one step."""
    return json.dumps(_written(at, event)) + "\n"


def read(file: TextIO) -> Recording:
    """What ``write`` wrote. Raises ``ValueError`` with the number of a line that it cannot have written.

    An incomplete last line comes from a daemon that was killed, and is left out.
    """
    lines = enumerate((line for line in file if line.endswith("\n")), start=1)
    entropy = _read(1, next(lines, (1, ""))[1], lambda written: bytes.fromhex(written["entropy"]))
    return Recording(entropy, tuple(_read(number, line, _step) for number, line in lines))


def tell(
    recording: Recording, settings: Settings, estimator: Estimator | None = None
) -> Iterator[tuple[float, Event, tuple[Command, ...]]]:
    """Each recorded event with the commands that come of it, one after the other."""
    acd = Acd(settings, Mint(recording.entropy), estimator)
    for at, event in recording.steps:
        yield at, event, acd.handle(event, at)


def _written(at: float, event: Event) -> dict[str, object]:
    return {"at": at, "event": type(event).__name__} | _fields_of(event)


def _fields_of(record: Any) -> dict[str, object]:
    return {field.name: _value(getattr(record, field.name)) for field in fields(record)}


def _value(value: Any) -> object:
    """The value as JSON knows it: sets in order; an act inside an event by the name of its class, like an event."""
    if isinstance(value, frozenset):
        return sorted(value)
    return {"act": type(value).__name__} | _fields_of(value) if is_dataclass(value) else value


def _read(number: int, line: str, make: Callable[[dict[str, Any]], Any]) -> Any:
    try:
        return make(json.loads(line))
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"line {number} does not belong to a recording: {error!r}") from error


def _step(written: dict[str, Any]) -> tuple[float, Event]:
    at = float(written.pop("at"))
    return at, _made(_KINDS[written.pop("event")], written)


def _made(kind: type[Any], written: dict[str, Any]) -> Any:
    makers = _MAKERS[kind]
    return kind(**{name: makers[name](value) for name, value in written.items()})


def _maker(hint: Any) -> Callable[[Any], Any]:
    if get_origin(hint) in {frozenset, tuple}:
        return frozenset if get_origin(hint) is frozenset else tuple
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if hint == WantedAct:
        return lambda value: _made(_ACTS[value.pop("act")], value)
    return lambda value: value


_MAKERS = {
    kind: {name: _maker(hint) for name, hint in get_type_hints(kind).items()}
    for kind in (*_KINDS.values(), *_ACTS.values())
}
"""How each field of an event, or of an act inside one, is made from JSON."""

"""Makes readers of sections from their declarations: pydantic checks the limits that the fields declare.

Declarations know nothing of the file. How the file writes what the domain holds in another form (a span, an exit, a
duration), and what a value must name, is added here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from functools import cache, partial
from typing import Annotated, Any, get_args, get_origin

from annotated_types import Unit
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, create_model

from callbackd.config import words
from callbackd.config.declared import REQUIRED, is_mapping, is_union, key_field, keys
from callbackd.domain.settings import DaySpans, Exit, LevelSteps, LimitSteps, Means, Pattern, Slots, Span

_FORBID = ConfigDict(extra="forbid")
# As values: mypy would take what follows the names themselves in brackets for types.
_annotated: Any = Annotated
_dict: Any = dict
_list: Any = list
_tuple: Any = tuple

_WRITTEN: Mapping[Any, BeforeValidator | AfterValidator] = {
    Span: BeforeValidator(words.span),
    words.Shift: BeforeValidator(words.shift),
    DaySpans: AfterValidator(words.apart),
    Exit: BeforeValidator(words.exit_),
    LevelSteps: BeforeValidator(words.steps),
    LimitSteps: BeforeValidator(words.steps),
}
"""How a type is written in the file."""
_NAMED: Mapping[str, AfterValidator] = {
    "a time zone": AfterValidator(words.zone),
    "a language that callbackd speaks": AfterValidator(words.language),
    "a country with known holidays": AfterValidator(words.country),
    "quarter hours that divide the day": AfterValidator(words.slot_length),
}
"""How values that must name something are checked."""
_FIT_TOGETHER: Mapping[type, Callable[[Any], Any]] = {Slots: words.slots_fit}
"""Checks across the fields of a section, for classes that have no such checks themselves."""


@cache
def reader(section: type) -> TypeAdapter[Any]:
    """A reader of a section in the file's tables. It raises pydantic's ``ValidationError`` with every mistake."""
    return TypeAdapter(_section(section))


def _read_as(annotation: Any) -> Any:
    """The type by which pydantic reads a field that is declared with ``annotation``."""
    if annotation in _WRITTEN:
        return _annotated[_container(annotation), _WRITTEN[annotation]]
    if get_origin(annotation) is Annotated:
        limits = [_limit(mark) for mark in annotation.__metadata__]
        # Validators come last: whatever precedes them applies to the value that they make.
        ordered = sorted(limits, key=lambda limit: isinstance(limit, BeforeValidator | AfterValidator))
        return _annotated[_read_as(get_args(annotation)[0]), *ordered]
    if is_dataclass(annotation) and isinstance(annotation, type):
        return _section(annotation)
    return _container(annotation)


def _limit(mark: Any) -> Any:
    if isinstance(mark, Pattern):
        return Field(pattern=mark.regex)
    if isinstance(mark, Means):
        return _NAMED[mark.what]
    return BeforeValidator(words.seconds) if mark == Unit("s") else mark


def _container(annotation: Any) -> Any:
    if is_union(annotation):
        first, *others = (_read_as(part) for part in get_args(annotation))
        for other in others:
            first |= other
        return first
    if is_mapping(annotation):
        name, value = get_args(annotation)
        field = key_field(value) if isinstance(value, type) else None
        table = _dict[_read_as(name), _read_as(value)]
        return _annotated[table, AfterValidator(partial(_named, field))] if field else table
    kind, parts = get_origin(annotation), get_args(annotation)
    if kind is frozenset or (kind is tuple and ... in parts):
        return _annotated[_list[_read_as(parts[0])], AfterValidator(kind)]
    if kind is tuple:
        return _tuple[tuple(_read_as(part) for part in parts)]
    return annotation


@cache
def _section(section: type) -> Any:
    """A reader of a section. If the class has a field for its section's name, the result still lacks that name."""
    fields: dict[str, Any] = {
        key: (_read_as(field.annotation), ... if field.default is REQUIRED else None)
        for key, field in keys(section).items()
    }
    table = create_model(section.__name__, __config__=_FORBID, **fields)
    return _annotated[table, AfterValidator(partial(_made, section))]


def _made(section: type, table: BaseModel) -> Any:
    # Fields that the file does not set are left to the class and its defaults.
    make = partial(section, **{key: getattr(table, key) for key in table.model_fields_set})
    if key_field(section):
        return make
    made = make()
    return _FIT_TOGETHER[section](made) if section in _FIT_TOGETHER else made


def _named(field: str, table: Mapping[str, Callable[..., Any]]) -> dict[str, Any]:
    return {name: make(**{field: name}) for name, make in table.items()}

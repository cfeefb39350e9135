"""Reads the declarations of settings from their dataclasses: types, defaults, limits, meanings."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from callbackd.domain.settings import Elsewhere, Key

REQUIRED: Any = MISSING
"""Stands for the default of a field that has none."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A field, as its class declares it and nothing else does."""

    name: str
    annotation: Any
    """The type with its limits."""
    default: Any
    """``REQUIRED`` when there is none."""
    meaning: str
    """The docstring below it; empty when there is none."""


@cache
def keys(section: type) -> Mapping[str, Declared]:
    """The fields that the file sets in a section, by their keys."""
    hints, meanings = get_type_hints(section, include_extras=True), _meanings(section)
    return types.MappingProxyType(
        {
            field.name: Declared(
                field.name,
                hints[field.name],
                field.default if field.default_factory is MISSING else field.default_factory(),
                meanings.get(field.name, ""),
            )
            for field in fields(section)
            if not {Key, Elsewhere} & {type(mark) for mark in marks(hints[field.name])}
        }
    )


@cache
def key_field(section: type) -> str | None:
    """The field that holds the section's own name; None when there is none."""
    hints = get_type_hints(section, include_extras=True)
    return next((name for name, hint in hints.items() if any(isinstance(mark, Key) for mark in marks(hint))), None)


def marks(annotation: Any) -> tuple[Any, ...]:
    """The limits of a type, including those inside ``… | None``."""
    if get_origin(annotation) is Annotated:
        return (*marks(get_args(annotation)[0]), *annotation.__metadata__)
    if is_union(annotation):
        return tuple(mark for part in get_args(annotation) for mark in marks(part))
    return ()


def plain(annotation: Any) -> Any:
    """The type without its limits and without ``| None``."""
    if get_origin(annotation) is Annotated:
        return plain(get_args(annotation)[0])
    if is_union(annotation):
        return plain(next(part for part in get_args(annotation) if part is not type(None)))
    return annotation


def is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def is_mapping(annotation: Any) -> bool:
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def section_at(whole: type, path: Iterable[str]) -> type | None:
    """The section at a path of keys and names; None when there is none."""
    found: Any = whole
    for part in path:
        if is_mapping(found):
            found = plain(get_args(found)[1])
        elif is_dataclass(found) and isinstance(found, type) and part in keys(found):
            found = plain(keys(found)[part].annotation)
        else:
            return None
    return found if is_dataclass(found) and isinstance(found, type) else None


@cache
def _meanings(section: type) -> Mapping[str, str]:
    """The docstrings below the fields of a class or the values of an enum, including inherited ones."""
    found: dict[str, str] = {}
    for kind in reversed(section.__mro__):
        if is_dataclass(kind) or (issubclass(kind, Enum) and len(kind)):
            found |= _docstrings(kind)
    return found


def meanings_of_values(kind: type[Enum]) -> Mapping[str, str]:
    """What each value of an enum means, by the value as it is written in the file."""
    meanings = _meanings(kind)
    return {str(value.value): meanings.get(value.name, "") for value in kind}


def first_sentence(section: type) -> str:
    """The first sentence of a section's docstring, which says what the section is about."""
    return " ".join((inspect.getdoc(section) or "").split()).partition(". ")[0].removesuffix(".") + "."


def _docstrings(kind: type) -> dict[str, str]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    return {
        name: " ".join(below.value.value.split())
        for statement, below in pairwise(body)
        if (name := _assigned(statement)) and isinstance(below, ast.Expr)
        if isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


def _assigned(statement: ast.stmt) -> str | None:
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case _:
            return None

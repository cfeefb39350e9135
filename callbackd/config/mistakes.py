"""What is wrong with the operator's file, in sentences: where, what, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from callbackd.config.declared import keys, section_at


class ConfigError(Exception):
    """The file cannot be used. ``mistakes`` holds one sentence for every mistake."""

    def __init__(self, path: Path, mistakes: list[str]) -> None:
        self.path = path
        self.mistakes = mistakes
        super().__init__(f"{path}: " + "; ".join(mistakes))


def sentences(error: ValidationError, whole: type) -> Iterator[str]:
    """One sentence for each mistake that pydantic found when reading ``whole``."""
    for detail in error.errors():
        yield _sentence(detail, whole)


def _sentence(detail: ErrorDetails, whole: type) -> str:
    path = [str(part) for part in detail["loc"] if part != "[key]"]
    field = ".".join(path)
    if detail["type"] == "extra_forbidden":
        return f"{field}: unknown key{_did_you_mean(path, whole)}"
    if detail["type"] == "missing":
        return f"{field}: is missing and has no default"
    shown = "" if "password" in field or isinstance(detail["input"], dict) else f" (it is {detail['input']!r})"
    what = detail["msg"].removeprefix("Value error, ")
    return f"{field}: {what[:1].lower()}{what[1:]}{shown}"


def _did_you_mean(path: list[str], whole: Any) -> str:
    section = section_at(whole, path[:-1])
    known = list(keys(section)) if section else []
    near = difflib.get_close_matches(path[-1], known, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; known here: {', '.join(known)}" if known else ""

"""What the sections of the operator's file are made of."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from callbackd.prompts.languages import LANGUAGES


def _seconds(value: Any) -> Any:
    """A bare number is seconds; booleans are not numbers here."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | timedelta):
        raise ValueError("write seconds, for example 90, or an ISO 8601 duration, for example 'PT90S'")
    return value


def _not_negative(value: timedelta) -> timedelta:
    if value < timedelta(0):
        raise ValueError("a duration cannot be negative")
    return value


def _spoken(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError(f"no such language; callbackd speaks {', '.join(LANGUAGES)}")
    return code


Duration = Annotated[timedelta, BeforeValidator(_seconds), AfterValidator(_not_negative)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{1,31}$")]
E164 = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{5,14}$")]
Prefix = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,14}$")]
Region = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Language = Annotated[str, AfterValidator(_spoken)]


def seconds(seconds: float) -> timedelta:
    """For defaults."""
    return timedelta(seconds=seconds)


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def plain(section: Section) -> dict[str, Any]:
    """The section's fields, durations as seconds."""
    values = {name: getattr(section, name) for name in type(section).model_fields}
    return {name: v.total_seconds() if isinstance(v, timedelta) else v for name, v in values.items()}

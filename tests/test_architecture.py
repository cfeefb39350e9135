"""The layers hold, the core stays pure, and nothing from anybody's machine is in the repository."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.rules import PURE, imported, impurities, reaches

ROOT = Path(__file__).parents[1]
OURS = sorted((ROOT / "callbackd").rglob("*.py"))
DOMAIN = [file for file in OURS if file.is_relative_to(ROOT / "callbackd/domain")]


def test_the_import_contracts_hold():
    linter = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"]
    done = subprocess.run(linter, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", DOMAIN, ids=named)
def test_the_domain_only_computes(file):
    assert impurities(file.read_text()) == []


def test_no_module_is_allowed_that_the_domain_does_not_import():
    assert set().union(*(imported(file.read_text()) for file in DOMAIN)) >= PURE.keys() - {"callbackd.domain"}


@pytest.mark.parametrize("file", OURS, ids=named)
def test_nothing_reaches_into_the_privates_of_another(file):
    assert reaches(file.read_text()) == []


# Plants bugs, by replacing private methods of the domain with wrong ones.
PLANTER = ROOT / "tests/simulation/bugs.py"
TESTS = sorted({*(ROOT / "tests").rglob("*.py"), *(ROOT / "lab").rglob("*.py")} - {PLANTER})


@pytest.mark.parametrize("file", TESTS, ids=named)
def test_no_test_reaches_into_the_privates_of_what_it_tests(file):
    assert reaches(file.read_text(), own=True) == []


CLEAN = (ROOT / "callbackd/domain/recovery/restore.py").read_text()


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        ("import uuid", "imports uuid"),
        ("import urllib.request", "imports urllib.request"),
        ("from os.path import join", "imports os.path"),
        ("from . import secrets", "imports ."),
        ("def planted(): import random", "imports random"),
        ("planted = open('/etc/passwd')", "uses open"),
        ("planted = [print]", "uses print"),
        ("planted = __import__('os')", "uses __import__"),
        ("planted = hash('differs in every process')", "uses hash"),
        ("planted = datetime.now(UTC)", "reads the clock: datetime.now"),
        ("planted = datetime.datetime.now(UTC)", "reads the clock: datetime.datetime.now()"),
        ("clock = datetime.now", "reads the clock: datetime.now"),
        ("planted = date.today()", "reads the clock: date.today"),
        ("planted = when.astimezone()", "reads the machine's time zone: astimezone()"),
        ("planted = datetime.fromtimestamp(0.0)", "reads the machine's time zone: fromtimestamp() without a zone"),
        ("async def planted(): ...", "awaits"),
        ("def planted(): global seen", "keeps state in a module"),
    ],
)
def test_a_planted_impurity_is_found(plant, found):
    assert impurities(CLEAN) == []
    line = len(CLEAN.splitlines()) + 1
    assert f"{line}: {found}" in impurities(f"{CLEAN}{plant}\n")


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        ("planted = state._out", "state._out"),
        ("def planted(self): return self.state._out", "self.state._out"),
        ("state._out = []", "state._out"),
        ("planted = getattr(state, '_out')", "getattr(state, '_out')"),
        ("patch.setattr(state, '_out', [])", "patch.setattr(state, '_out', [])"),
        ("from callbackd.domain.acd import _hidden", "callbackd.domain.acd._hidden"),
    ],
)
def test_a_planted_reach_into_a_private_is_found(plant, found):
    assert reaches(CLEAN) == []
    line = len(CLEAN.splitlines()) + 1
    assert f"{line}: {found}" in reaches(f"{CLEAN}{plant}\n")
    assert f"{line}: {found}" in reaches(f"{CLEAN}{plant}\n", own=True)


@pytest.mark.parametrize("file", DOMAIN, ids=named)
def test_every_file_of_the_domain_says_what_it_is(file):
    assert file.name == "__init__.py" or ast.get_docstring(ast.parse(file.read_text())), "no docstring"


def test_the_word_member_is_not_used():
    """It means agent in Asterisk and caller in FreeSWITCH (glossary)."""
    allowed = {"callbackd/domain/__init__.py", "callbackd/ari/generated.py"}
    users = [
        str(file.relative_to(ROOT))
        for file in (ROOT / "callbackd").rglob("*.py")
        if re.search(r"\b[Mm]embers?\b", file.read_text())
    ]
    assert set(users) <= allowed


def test_the_same_code_runs_on_the_oldest_python():
    for file in (ROOT / "callbackd").rglob("*.py"):
        ast.parse(file.read_text(), feature_version=(3, 11))


def test_the_domain_has_no_more_rooms_than_a_person_remembers():
    here = ROOT / "callbackd/domain"
    rooms = [path for path in here.iterdir() if not path.name.startswith("__")]
    assert len(rooms) <= 20, sorted(path.name for path in rooms)

"""The layers hold, the core stays pure, and nothing of anybody's machine is in the repository."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOMAIN = sorted((ROOT / "callbackd/domain").rglob("*.py"))


def test_the_import_contracts_hold():
    linter = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"]
    done = subprocess.run(linter, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", DOMAIN, ids=lambda file: file.name)
def test_the_domain_never_awaits(file):
    awaiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert not [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, awaiting)]


@pytest.mark.parametrize("file", DOMAIN, ids=lambda file: file.name)
def test_every_public_thing_of_the_domain_that_is_not_obvious_says_what_it_means(file):
    tree = ast.parse(file.read_text())
    assert file.name == "__init__.py" or ast.get_docstring(tree), f"{file.name} has no docstring"


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

"""The documents are short, their links lead somewhere, and the words are the glossary's."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
ROOMS = ("callbackd", "lab", "tests")
CODE = [f for room in ROOMS for f in sorted((ROOT / room).rglob("*.py")) if f.name != "generated.py"]
PROSE = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

NOT_USED = {
    r"\b[Mm]embers?\b": "agent or caller",
    r"\b[Dd]ialing\b": "dialling",
    r"\b[Dd]ialed\b": "dialled",
    r"\b[Cc]olors?\b": "colour",
    r"\b[Bb]ehaviors?\b": "behaviour",
    r"\bcanceled\b": "cancelled",
    r"\b[Ss]o many\b": "this many",
    r"\b[Ww]hoever\b": "the person: caller, agent, customer",
    r"\bfor all we know\b": "as far as we know",
    r"\b(is|are|be) let be\b": "left alone",
    r"\b(talks?|talking) on\b(?! the)": "keep talking",
    r"\b(bears?|borne) (\w+ )?out\b": "confirm",
    r"\bheld against\b": "compared with",
    r"\blaid to\b": "counted for",
    r"\bin vain\b": "without effect",
    r"\bwhat is the matter\b": "what is wrong",
}
"""What a native reader of British English, or somebody from another telephone system, would stumble over."""
MAY_NAME_THEM = {"docs/glossary.md", "callbackd/domain/__init__.py"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_readme_has_a_hundred_lines_at_most_and_shows_the_demo():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 100
    assert "docs/demo.svg" in text


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_leads_to_a_file(document):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_script_is_named_where_a_newcomer_looks():
    told = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()
    assert [script.name for script in (ROOT / "script").iterdir() if f"script/{script.name}" not in told] == []


def test_every_decision_is_dated_and_listed_newest_first():
    folder = ROOT / "docs/decisions"
    listed = (folder / "README.md").read_text()
    for decision in sorted(folder.glob("2*.md")):
        assert re.match(r"\d{4}-\d\d-\d\d-", decision.name), f"{decision.name} has no date"
        assert decision.name in listed, f"{decision.name} is not in the list"
    dates = re.findall(r"^\| (\d{4}-\d\d-\d\d) \|", listed, re.MULTILINE)
    assert dates == sorted(dates, reverse=True), "the list is not newest first"


def said_in(file: Path) -> Iterator[str]:
    """Comments and docstrings: what is said to a reader, not what is stored or matched."""
    source = file.read_text()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def wrong_words(text: str) -> list[str]:
    return [f"{found[0]!r}: use {better}" for word, better in NOT_USED.items() for found in re.finditer(word, text)]


@pytest.mark.parametrize("file", CODE, ids=name)
def test_comments_use_the_words_of_the_glossary(file):
    assert name(file) in MAY_NAME_THEM or [wrong for said in said_in(file) for wrong in wrong_words(said)] == []


@pytest.mark.parametrize("document", PROSE, ids=name)
def test_documents_use_the_words_of_the_glossary(document):
    assert name(document) in MAY_NAME_THEM or wrong_words(document.read_text()) == []


def test_the_check_of_words_can_fail():
    assert wrong_words("The color of so many members") == [
        "'members': use agent or caller",
        "'color': use colour",
        "'so many': use this many",
    ]

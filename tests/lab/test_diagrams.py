"""The page of the lives is what the tables are."""

from __future__ import annotations

from pathlib import Path

from lab.diagrams import page

ROOT = Path(__file__).parents[2]


def test_the_page_in_docs_is_the_printed_one():
    assert (ROOT / "docs/lives.md").read_text() == page(), "run: python -m lab.diagrams > docs/lives.md"

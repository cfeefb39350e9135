"""``callbackd prompts …`` as an operator types it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from callbackd.app.cli import app

CONFIG = """
state_dir = "{state}"
[site]
name = "Acme"
language = "{language}"
[ari]
password = "secret"
[queues.support]
[agents.alice]
endpoint = "PJSIP/agent1"
queues = ["support"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "callbackd.toml"
    path.write_text(CONFIG.format(state=tmp_path / "state", language="en"))
    return path


def prompts(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["prompts", *words, "--config", str(config)])


# --- sheet


def test_the_sheet_goes_to_the_output_or_to_a_file(config: Path, tmp_path: Path):
    shown = prompts(config, "sheet", "--language", "uk")
    written = prompts(config, "sheet", "--language", "uk", "--to", str(tmp_path / "studio.csv"))
    assert (shown.exit_code, written.exit_code) == (0, 0)
    assert shown.stdout_bytes == (tmp_path / "studio.csv").read_bytes()
    assert "Ви на третьому місці в черзі." in shown.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--language", "xx"), "no such language: xx (there are en, hr,"), (("--to", "/no/such/place"), "No such file")],
)
def test_a_sheet_that_cannot_be_had_says_why(config: Path, words: tuple[str, ...], said: str):
    refused = prompts(config, "sheet", *words)
    assert refused.exit_code == 2
    assert said in refused.stderr

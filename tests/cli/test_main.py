"""The daemon's own commands: what each exit status means, and that the manual says so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from callbackd.app.main import REPLACED
from callbackd.cli.common import MISUSED, REFUSED

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "asterisk-config/callbackd.toml").read_text()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The example, with its files below a directory of the test's own; the password files are missing."""
    path = tmp_path / "callbackd.toml"
    moved = EXAMPLE.replace("/etc/callbackd/", f"{tmp_path}/").replace("/var/lib/callbackd", f"{tmp_path}/state")
    path.write_text(moved)
    return path


def done(config: Path, *command: str) -> tuple[int, str]:
    """The exit status and the output. In a process of its own, since `run` takes over logging and signals."""
    asked = [sys.executable, "-m", "callbackd", *command, "--config", str(config)]
    ended = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def passwords_are_there(config: Path) -> None:
    for name in ("ari", "ami"):
        (config.parent / f"{name}.password").write_text("secret\n")


def test_check_names_every_secret_that_cannot_be_read(config: Path) -> None:
    status, said = done(config, "check")
    assert status == MISUSED
    assert "ari.password_file: cannot be read" in said
    assert "ami.password_file: cannot be read" in said
    passwords_are_there(config)
    status, said = done(config, "check")
    assert status == 0, said
    assert "is fine" in said


@pytest.mark.parametrize("command", ["run", "check", "rescue"])
def test_a_secret_that_cannot_be_read_is_for_the_operator_to_mend(config: Path, command: str) -> None:
    status, said = done(config, command)
    assert status == MISUSED, said
    assert "ari.password_file: cannot be read" in said


@pytest.mark.parametrize("command", ["run", "ledger"])
def test_a_url_that_is_none_is_for_the_operator_to_mend(config: Path, command: str) -> None:
    passwords_are_there(config)
    config.write_text(config.read_text().replace('url = "embedded"', 'url = "mysql://host/name"'))
    status, said = done(config, command)
    assert status == MISUSED, said
    assert "mysql is not supported" in said


@pytest.mark.parametrize("command", ["reload", "drain"])
def test_without_a_daemon_there_is_nothing_to_do(config: Path, command: str) -> None:
    assert done(config, command)[0] == REFUSED


def test_every_exit_status_stands_in_the_manual_once() -> None:
    manual = (ROOT / "docs/operate.md").read_text().partition("## Exit statuses")[2].partition("\n## ")[0]
    assert re.findall(r"^\| (\d+) \|", manual, re.MULTILINE) == ["0", "1", str(MISUSED), str(REFUSED), str(REPLACED)]

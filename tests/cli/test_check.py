"""``callbackd check`` on a file that is right and whose secrets are not there."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from callbackd.cli.common import REFUSED
from callbackd.cli.main import app

ROOT = Path(__file__).parents[2]


def test_a_secret_that_cannot_be_read_is_named(tmp_path):
    example = (ROOT / "asterisk-config/callbackd.toml").read_text()
    config = tmp_path / "callbackd.toml"
    config.write_text(example.replace("/etc/callbackd/", f"{tmp_path}/"))
    checked = CliRunner().invoke(app, ["check", "--config", str(config)])
    assert checked.exit_code == REFUSED
    assert "ari.password_file: cannot be read" in checked.output
    for name in ("ari", "ami"):
        (tmp_path / f"{name}.password").write_text("secret\n")
    checked = CliRunner().invoke(app, ["check", "--config", str(config)])
    assert checked.exit_code == 0, checked.output
    assert "is fine" in checked.output

"""``callbackd prompts …`` as an operator types it."""

from __future__ import annotations

import os
from array import array
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from callbackd.cli.main import app
from callbackd.config.build import prompt_settings
from callbackd.config.file import read
from callbackd.domain.phrase import Fixed
from callbackd.prompts import sound
from callbackd.prompts.build import build
from callbackd.prompts.languages import LANGUAGES

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
    assert "uk;uk/position-3.wav;Ви на" in prompts(config, "sheet", "--language", "uk", "--semicolons").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--language", "xx"), "no such language: xx (there are en, hr,"), (("--to", "/no/such/place"), "No such file")],
)
def test_a_sheet_that_cannot_be_made_is_refused_with_the_reason(config: Path, words: tuple[str, ...], said: str):
    refused = prompts(config, "sheet", *words)
    assert refused.exit_code == 2
    assert said in refused.stderr


# --- play


def recorded(tmp_path: Path, *names: str) -> None:
    folder = tmp_path / "state/recordings/en"
    folder.mkdir(parents=True)
    for number, name in enumerate(names, start=1):
        sound.write(folder / f"{name}.wav", array("h", [1000 * number] * sound.RATE))


def test_an_announcement_is_written_as_callers_hear_it(config: Path, tmp_path: Path):
    recorded(tmp_path, "greeting-support", "position-3", "digit-7", "digit-1")
    out = tmp_path / "heard.wav"
    done = prompts(config, "play", "greeting", "position", "3", "number", "17", "--queue", "support", "--to", str(out))
    assert done.exit_code == 0, done.output
    assert [line.split("\t")[1] for line in done.stdout.splitlines()] == [
        "greeting-support",
        "position-3",
        "digit-1",
        "digit-7",
    ]
    heard = sound.read(out)
    assert [heard[sound.RATE // 2 + second * sound.RATE] for second in range(4)] == [1000, 2000, 4000, 3000]


def test_a_prompt_is_played_if_there_is_something_to_play_it(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    recorded(tmp_path, "goodbye")
    (tmp_path / "bin").mkdir()
    player = tmp_path / "bin/play"
    player.write_text(f'#!/bin/sh\ncp "$2" "{tmp_path}/played.wav"\n')
    player.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    assert prompts(config, "play", "goodbye").exit_code == 0
    assert sound.read(tmp_path / "played.wav") == sound.read(tmp_path / "state/recordings/en/goodbye.wav")
    player.write_text("#!/bin/sh\necho chatter >&2\necho no device >&2\nexit 2\n")
    refused = prompts(config, "play", "goodbye")
    assert refused.exit_code == 3
    assert "--to FILE.wav writes it instead: no device" in refused.stderr


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("gretting",), 2, "did you mean greeting"),
        (("offer", "--language", "xx"), 2, "no such language: xx"),
        (("offer", "--queue", "sails"), 2, "no such queue: sails (there are support)"),
        (("call-again", "15"), 1, "no words for"),
    ],
)
def test_a_prompt_that_cannot_be_played_gives_a_reason(config: Path, words: tuple[str, ...], status: int, said: str):
    refused = prompts(config, "play", *words)
    assert refused.exit_code == status
    assert said in refused.stderr
    assert not refused.stdout


# --- build and check


def test_a_named_company_needs_only_two_built_prompts_and_all_can_be_built(config: Path):
    checked = prompts(config, "check")
    assert checked.exit_code == 1
    assert [line.split(":")[0] for line in checked.stdout.splitlines()] == ["en greeting", "en hello"]
    assert "2 prompts made, 599 were there, 0 failed" in prompts(config, "build").stdout
    assert prompts(config, "check").exit_code == 0
    assert "built\tHello, and thank you for calling Acme." in prompts(config, "list").stdout


def test_without_a_company_nothing_needs_building(config: Path, monkeypatch: pytest.MonkeyPatch):
    config.write_text(config.read_text().replace('name = "Acme"', ""))
    assert prompts(config, "check").exit_code == 0
    monkeypatch.setenv("PATH", "")
    assert "0 prompts made, 601 were there" in prompts(config, "build").stdout


def test_another_engine_speaks_everything(config: Path, tmp_path: Path):
    config.write_text(config.read_text() + ENGINE.format(voice="{voice}", out="{out}", marks=tmp_path / "marks"))
    settings = prompt_settings(read(config))
    assert not build(settings, only=["goodbye", "offer", "plus"], workers=1).failures
    spoken = (tmp_path / "marks").read_text().splitlines()
    assert sorted(spoken) == sorted(["anna", "Bye.", "anna", "plus", "anna", OFFER])


OFFER = LANGUAGES["en"].fixed[Fixed.OFFER]
ENGINE = """
[prompts]
engine = ["sh", "-c", '''
echo "$0" >>{marks}; tee -a {marks} >/dev/null; echo >>{marks}
exec sox -n -r 8000 -c 1 "$1" synth 1 sine 500
''', "{voice}", "{out}"]
engine_timeout_s = 5
voices = {{ en = "anna" }}
texts = {{ en = {{ goodbye = "Bye." }} }}
"""

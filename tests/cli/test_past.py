"""``callbackd simulate`` and the record that it reads."""

from __future__ import annotations

import stat

import pytest
from typer.testing import CliRunner

from callbackd.app.record import Recorder
from callbackd.cli.common import MISUSED
from callbackd.cli.main import app
from callbackd.domain.events import CallArrived, DigitPressed, TimePassed
from callbackd.domain.ids import LegId
from callbackd.simulate import replay

CONFIG = """
[ari]
user = "callbackd"
password = "x"
[dialling]
endpoint = "PJSIP/{number}@trunk"
[queues.support]
[agents.alice]
endpoint = "PJSIP/alice"
queues = ["support"]
[agents.bob]
endpoint = "PJSIP/bob"
queues = ["support"]
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "callbackd.toml"
    path.write_text(f'state_dir = "{tmp_path}/state"\n{CONFIG}')
    return path


def simulate(*words):
    return CliRunner().invoke(app, ["simulate", *map(str, words)])


def rows(told):
    return {line[:26].strip(): line[26:].split() for line in told.splitlines() if line[:1].strip()}


def test_an_invented_day_is_shown_with_the_scores_of_the_estimators(config):
    told = simulate("-c", config, "--hours", 2, "--calls-per-hour", 60)
    assert told.exit_code == 0, told.output
    assert int(rows(told.output)["calls"][0]) > 30
    assert {"recursive", "app_queue", "queue length", "last served"} <= {name.strip() for name in rows(told.output)} | {
        line[:16].strip() for line in told.output.splitlines()
    }


def test_two_configs_stand_side_by_side_for_the_same_day(config, tmp_path):
    other = tmp_path / "one-agent.toml"
    other.write_text(config.read_text().split("[agents.bob]")[0])
    told = simulate("-c", config, "--against", other, "--hours", 3, "--calls-per-hour", 30)
    two, one = (int(count) for count in rows(told.output)["answered live"])
    assert two > one, told.output


def test_the_same_seed_is_the_same_day(config):
    words = ("-c", config, "--hours", 1)
    assert simulate(*words).output == simulate(*words).output
    assert simulate(*words).output != simulate(*words, "--seed", 2).output


def test_what_a_daemon_recorded_can_be_replayed(config, tmp_path):
    recorder = Recorder(tmp_path / "record", b"entropy")
    for n in range(5):
        recorder(CallArrived(LegId(f"leg-{n}"), "support", "+442079460101"), (), 1000.0 + n)
        recorder(DigitPressed(LegId(f"leg-{n}"), "1"), (), 1000.5 + n)
    recorder(TimePassed(), (), 2000.0)
    assert stat.S_IMODE(recorder.path.stat().st_mode) == 0o600
    told = simulate("-c", config, "--day", recorder.path)
    assert told.exit_code == 0, told.output
    assert rows(told.output)["calls"] == ["5"]


def test_a_record_of_a_daemon_that_was_killed_ends_with_its_last_whole_line(tmp_path):
    recorder = Recorder(tmp_path, b"entropy")
    recorder(TimePassed(), (), 1.0)
    with recorder.path.open("a") as file:
        file.write('{"at": 2.0, "eve')
    with recorder.path.open() as file:
        assert replay.read(file) == replay.Recording(b"entropy", ((1.0, TimePassed()),))


def test_a_folder_that_cannot_be_written_is_logged_once_and_stops_no_call(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    recorder = Recorder(tmp_path / "file" / "record", b"entropy")
    for n in range(3):
        recorder(TimePassed(), (), float(n))
    assert capsys.readouterr().out.count("not_recorded") == 1


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (None, "No such file"),
        ("{}\n", "line 1"),
        ('{"entropy": "00"}\n{"at": 1, "event": "Rain"}\n', "line 2"),
        ("\xff", "line 1"),
    ],
)
def test_a_file_that_is_no_record_is_named(config, tmp_path, written, said):
    path = tmp_path / "day.jsonl"
    if written is not None:
        path.write_text(written)
    told = simulate("-c", config, "--day", path)
    assert told.exit_code == MISUSED
    assert "--day" in told.output
    assert said in told.output

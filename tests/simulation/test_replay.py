"""A recorded day, replayed, gives the same commands, byte for byte: at once, from a file, in another process."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from callbackd.domain.events import CallArrived, Event
from callbackd.domain.ids import LegId
from callbackd.simulate import replay
from callbackd.simulate.world import World
from lab.days.shapes import SHAPES

NAMES = ["mid", "rules", "closing time", "bad line"]


def recorded(name: str, hours: float = 1.0) -> tuple[World, list[str]]:
    """A day, and what was said on it."""
    said: list[str] = []
    shape = SHAPES[name]
    world = World(shape.settings, shape.habits, 7, lambda _, __, commands: said.append(repr(commands)), shape.start)
    world.run(hours)
    assert len(said) > 100
    return world, said


def told_again(path: Path, name: str) -> list[str]:
    with path.open() as file:
        recording = replay.read(file)
    return [repr(commands) for _, _, commands in replay.tell(recording, SHAPES[name].settings)]


def digest(path: str, name: str) -> str:
    return sha256("\n".join(told_again(Path(path), name)).encode()).hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_a_day_replayed_from_its_file_gives_the_same_commands_byte_for_byte(name, tmp_path):
    world, said = recorded(name)
    path = tmp_path / "day.jsonl"
    with path.open("w") as file:
        replay.write(file, world.entropy, world.log)
    assert told_again(path, name) == said


def test_another_process_gives_the_same_commands_whatever_the_order_of_its_sets(tmp_path):
    world, said = recorded("mid", hours=0.5)
    path = tmp_path / "day.jsonl"
    with path.open("w") as file:
        replay.write(file, world.entropy, world.log)
    script = f"from tests.simulation.test_replay import digest; print(digest({str(path)!r}, 'mid'))"
    for hash_seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == sha256("\n".join(said).encode()).hexdigest()


def test_other_settings_give_other_commands():
    world, said = recorded("mid", hours=0.5)
    recording = replay.Recording(world.entropy, tuple(world.log))
    again = [repr(commands) for _, _, commands in replay.tell(recording, SHAPES["incident"].settings)]
    assert again != said


@given(st.one_of([st.from_type(kind) for kind in get_args(Event)]), st.floats(allow_nan=False))
def test_every_event_is_read_as_it_was_written(event, at):
    assume("nan" not in repr(event))  # never equal to itself
    file = io.StringIO()
    replay.write(file, b"\x00\xff", [(at, event)])
    file.seek(0)
    assert replay.read(file) == replay.Recording(b"\x00\xff", ((at, event),))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ('{"entropy": "xyz"}\n', 1),
        ('{"entropy": "00"}\n{"at": 1.0, "event": "Nonsense"}\n', 2),
        ('{"entropy": "00"}\n{"at": 1.0, "event": "CallArrived", "leg": "a", "colour": "red"}\n', 2),
        ('{"entropy": "00"}\n{"at": 1.0, "event": "CallArrived"}\n', 2),
        ('{"entropy": "00"}\n{"event": "TimePassed"}\n', 2),
        ('{"entropy": "00"}\n{"at": 1.0, "event": "TimePassed"}\nnot JSON\n', 3),
        ('{"entropy": "00"}\n{"at": 1.0, "event": "LegEnded", "leg": "a", "ending": "bored"}\n', 2),
    ],
)
def test_a_file_that_is_no_recording_is_refused_with_the_number_of_the_line(text, line):
    with pytest.raises(ValueError, match=f"^line {line} does not belong to a recording"):
        replay.read(io.StringIO(text))


def test_a_recording_may_leave_out_what_has_a_default():
    """So that an old recording is read by a newer program."""
    file = io.StringIO('{"entropy": "00"}\n{"at": 1.5, "event": "CallArrived", "leg": "a", "queue": "support"}\n')
    assert replay.read(file).steps == ((1.5, CallArrived(LegId("a"), "support")),)

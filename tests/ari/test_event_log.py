"""Asterisk's event log as a witness: what is written of a leg, and when its silence means nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from callbackd.ari import event_log
from callbackd.ari.event_log import EventLog
from callbackd.domain.events import Finding
from callbackd.domain.ids import LegId, Mint, minted_at

T0 = 1_800_000_000.0
MINT = Mint(b"log")
LEG = MINT.leg(T0)
OTHER = MINT.leg(T0)


def line(kind: str, leg: str = LEG, at: float = T0) -> str:
    return f'"{kind}","{leg}","{at:.6f}"\n'


BEFORE = line("CHAN_START", "1799999990.1", T0 - 10)


@pytest.mark.parametrize(
    ("text", "trace"),
    [
        (BEFORE + line("CHAN_START"), Finding.DIALLED),
        (BEFORE + line("CHAN_START") + line("ANSWER"), Finding.ANSWERED),
        (BEFORE + line("ANSWER") + line("CHAN_START"), Finding.ANSWERED),
        (BEFORE + line("ANSWER", OTHER), Finding.NOTHING),
        (BEFORE, Finding.NOTHING),
        (line("CHAN_START", OTHER, T0 + 60), Finding.UNKNOWABLE),
        (line("CHAN_START", LEG, T0 + 60), Finding.DIALLED),
        ("", Finding.UNKNOWABLE),
        (BEFORE + "nonsense\n\0,,\n" + '"ANSWER","x","soon"\n' + '"torn","' + LEG, Finding.NOTHING),
    ],
    ids=["rang", "answered", "any order", "another's", "nothing", "rotated", "rotated but there", "empty", "nonsense"],
)
def test_what_the_log_tells_of_a_leg(tmp_path: Path, text: str, trace: Finding) -> None:
    path = tmp_path / "callbackd.csv"
    path.write_text(text)
    assert EventLog(path)(LEG) is trace


def test_without_a_log_nobody_knows(tmp_path: Path) -> None:
    assert EventLog(None)(LEG) is Finding.UNKNOWABLE
    assert EventLog(tmp_path / "missing")(LEG) is Finding.UNKNOWABLE
    assert EventLog(tmp_path)(LEG) is Finding.UNKNOWABLE


def test_of_a_long_log_the_end_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "TAIL", 300)
    path = tmp_path / "callbackd.csv"
    path.write_text(line("CHAN_START") + BEFORE * 20)
    assert EventLog(path)(LEG) is Finding.NOTHING
    path.write_text(BEFORE * 20 + line("CHAN_START"))
    assert EventLog(path)(LEG) is Finding.DIALLED


def test_the_time_of_an_id() -> None:
    assert minted_at(LEG) == T0
    assert minted_at(MINT.leg(T0 + 0.1234)) == T0 + 0.123
    assert minted_at(LegId("1800000000.17")) == 0.0

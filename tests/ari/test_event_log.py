"""Asterisk's event log as a witness: what it has about a leg, and when having nothing proves nothing."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from callbackd.ari import event_log
from callbackd.ari.event_log import EventLog, evidence, no_record
from callbackd.ari.generated import Api
from callbackd.domain.events import Finding
from callbackd.domain.ids import LegId, Mint, minted_at

T0 = 1_800_000_000.0
MINT = Mint(b"log")
LEG = MINT.leg(T0)
OTHER = MINT.leg(T0)


def line(kind: str, leg: str = LEG, at: float = T0) -> str:
    return f'"{kind}","{leg}","{at:.6f}"\n'


BEFORE = line("CHAN_START", "1799999990.1", T0 - 10)
AFTER = line("CHAN_START", "1800000001.2", T0 + 0.001)


@pytest.mark.parametrize(
    ("text", "trace"),
    [
        (BEFORE + line("CHAN_START"), Finding.DIALLED),
        (BEFORE + line("CHAN_START") + line("ANSWER"), Finding.ANSWERED),
        (BEFORE + line("ANSWER") + line("CHAN_START"), Finding.ANSWERED),
        (BEFORE + line("ANSWER", OTHER) + AFTER, Finding.NOTHING),
        (BEFORE + AFTER, Finding.NOTHING),
        (BEFORE, Finding.UNKNOWABLE),
        (BEFORE + line("ANSWER", OTHER), Finding.UNKNOWABLE),
        (AFTER, Finding.UNKNOWABLE),
        (line("CHAN_START", OTHER, T0 + 60), Finding.UNKNOWABLE),
        (line("CHAN_START", LEG, T0 + 60), Finding.DIALLED),
        ("", Finding.UNKNOWABLE),
        (BEFORE + "nonsense\n\0,,\n" + AFTER + '"ANSWER","x","soon"\n' + '"torn","' + LEG, Finding.NOTHING),
        (BEFORE + '"CHAN_START","1800000001.2"', Finding.UNKNOWABLE),
    ],
    ids=[
        "rang",
        "answered",
        "any order",
        "another's",
        "nothing",
        "ends before the dial",
        "ends with the dial",
        "begins after the dial",
        "rotated",
        "rotated but there",
        "empty",
        "nonsense",
        "a torn line is no line",
    ],
)
def test_the_log_shows_what_became_of_a_leg(tmp_path: Path, text: str, trace: Finding) -> None:
    path = tmp_path / "callbackd.csv"
    path.write_text(text)
    assert EventLog(path)(LEG) is trace


def test_without_a_log_the_finding_is_unknowable(tmp_path: Path) -> None:
    assert EventLog(None)(LEG) is Finding.UNKNOWABLE
    assert EventLog(tmp_path / "missing")(LEG) is Finding.UNKNOWABLE
    assert EventLog(tmp_path)(LEG) is Finding.UNKNOWABLE


def test_only_the_end_of_a_long_log_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "TAIL", 300)
    path = tmp_path / "callbackd.csv"
    path.write_text(line("CHAN_START") + BEFORE * 20 + AFTER)
    assert EventLog(path)(LEG) is Finding.NOTHING
    path.write_text(BEFORE * 20 + line("CHAN_START"))
    assert EventLog(path)(LEG) is Finding.DIALLED


def test_the_time_of_an_id() -> None:
    assert minted_at(LEG) == T0
    assert minted_at(MINT.leg(T0 + 0.1234)) == T0 + 0.123
    assert minted_at(LegId("1800000000.17")) == 0.0


NOW = time.time()
DIALLED = MINT.leg(NOW - 60)
EARLIER = line("CHAN_START", "1796000000.1", NOW - 120)
LATER = line("CHAN_START", "1796000000.2", NOW - 30)


class Pbx:
    """An Asterisk that is asked for a channel and logs, or does not log, what it did."""

    def __init__(self, log: Path, *, writes: bool = True) -> None:
        self.log, self.writes = log, writes
        self.asked: list[str] = []
        self.api = cast(Api, SimpleNamespace(channels=self))

    async def originate_with_id(self, id: str, *, endpoint: str, **_: Any) -> None:
        self.asked.append(endpoint)
        if self.writes:
            with self.log.open("a") as log:
                log.write(line("CHAN_START", id, time.time()))


def write(log: Path, text: str) -> None:
    log.write_text(text)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(event_log, "WRITTEN_S", 0.1)
    path = tmp_path / "callbackd.csv"
    path.write_text(EARLIER)
    return path


async def test_silence_counts_when_a_call_made_for_it_is_written(log: Path) -> None:
    pbx = Pbx(log)
    assert await evidence(EventLog(log), pbx.api, DIALLED) is Finding.NOTHING
    assert pbx.asked == ["Local/s@callbackd-canary/n"], "a channel with nowhere to go"


async def test_silence_of_a_log_that_is_not_written_is_nothing_known_and_an_alarm(log: Path) -> None:
    """A line after the dial does not help: the log may have fallen silent between that line and the dial."""
    write(log, EARLIER + LATER)
    with capture_logs() as said:
        assert await evidence(EventLog(log), Pbx(log, writes=False).api, DIALLED) is Finding.UNKNOWABLE
    assert [(one["event"], one["log_level"]) for one in said] == [("event_log_silent", "error")]


async def test_a_log_that_was_moved_away_and_started_afresh_knows_nothing_about_earlier_calls(log: Path) -> None:
    write(log, "")
    assert await evidence(EventLog(log), Pbx(log).api, DIALLED) is Finding.UNKNOWABLE


@pytest.mark.parametrize(("kind", "finding"), [("CHAN_START", Finding.DIALLED), ("ANSWER", Finding.ANSWERED)])
@pytest.mark.parametrize("begun_anew", [True, False])
def test_the_copy_of_a_rotation_proves_a_dial(log: Path, kind: str, finding: Finding, begun_anew: bool) -> None:
    log.rename(copy := log.with_name("callbackd.csv.1"))
    write(copy, EARLIER + line(kind, DIALLED))
    if begun_anew:
        write(log, LATER)
    assert EventLog(log)(DIALLED) is finding


async def test_the_copy_of_a_rotation_never_proves_that_there_was_no_dial(log: Path) -> None:
    """A rotation that copies and then truncates loses the lines written in between."""
    write(log.with_name("callbackd.csv.1"), EARLIER + LATER)
    write(log, line("CHAN_START", "1796000000.3", NOW - 20))
    with capture_logs() as said:
        assert await evidence(EventLog(log), Pbx(log).api, DIALLED) is Finding.UNKNOWABLE
    assert [one["event"] for one in said] == ["event_log_useless"]


async def test_a_log_that_was_moved_away_under_our_eyes_is_not_the_one_that_is_written(log: Path) -> None:
    """We read an old copy; what Asterisk writes goes elsewhere."""
    elsewhere = log.with_suffix(".new")
    assert await evidence(EventLog(log), Pbx(elsewhere).api, DIALLED) is Finding.UNKNOWABLE


@pytest.mark.parametrize(("kind", "finding"), [("CHAN_START", Finding.DIALLED), ("ANSWER", Finding.ANSWERED)])
async def test_a_line_in_the_log_is_believed_without_any_proof(log: Path, kind: str, finding: Finding) -> None:
    pbx = Pbx(log, writes=False)
    write(log, EARLIER + line(kind, DIALLED))
    assert await evidence(EventLog(log), pbx.api, DIALLED) is finding
    assert pbx.asked == []


async def test_a_line_that_comes_while_the_proof_is_awaited_counts(log: Path) -> None:
    """What Asterisk did before the proof was logged before it: the log is read again after the proof."""
    pbx = Pbx(log)
    record = EventLog(log)

    async def late(id: str, **how: Any) -> None:
        with log.open("a") as file:
            file.write(line("CHAN_START", DIALLED, time.time()))
        await Pbx.originate_with_id(pbx, id, **how)

    pbx.originate_with_id = late  # type: ignore[method-assign]
    assert await evidence(record, pbx.api, DIALLED) is Finding.DIALLED


async def test_without_a_log_asterisk_is_not_bothered(log: Path) -> None:
    pbx = Pbx(log)
    assert await evidence(no_record, pbx.api, DIALLED) is Finding.UNKNOWABLE
    assert pbx.asked == []

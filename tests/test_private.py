"""What is ours is nobody else's to read, and no link in the state directory leads us astray."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from callbackd import private
from callbackd.app.do_not_call import key
from callbackd.app.logs import mask_key
from callbackd.app.record import Recorder
from callbackd.app.watermark import Watermark
from callbackd.config.mistakes import ConfigError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """Somebody else's file, to which a link in the state directory leads."""
    path = tmp_path / "precious"
    path.write_bytes(b"p" * 32)
    (tmp_path / "state").mkdir()
    return path


def test_a_directory_is_made_for_our_user_alone(tmp_path: Path) -> None:
    private.directory(tmp_path / "a/state")
    assert mode(tmp_path / "a/state") == 0o700


@pytest.mark.parametrize(("was", "becomes"), [(0o755, 0o711), (0o777, 0o711), (0o770, 0o710), (0o700, 0o700)])
def test_others_may_still_pass_through_an_existing_directory(tmp_path: Path, was: int, becomes: int) -> None:
    tmp_path.chmod(was)
    private.directory(tmp_path)
    assert mode(tmp_path) == becomes


def test_others_pass_where_asterisk_must_reach_prompts_and_see_nothing(tmp_path: Path) -> None:
    private.directory(tmp_path / "state")
    private.let_pass(tmp_path / "state")
    assert mode(tmp_path / "state") == 0o711


@pytest.mark.parametrize("make", [key, mask_key])
def test_keys_are_private_and_stay_the_same(tmp_path: Path, make: Callable[[Path], object]) -> None:
    old = os.umask(0)
    try:
        make(tmp_path / "state")
    finally:
        os.umask(old)
    files = sorted((tmp_path / "state").iterdir())
    assert files
    assert {mode(file) for file in files} == {0o600}
    before = [file.read_bytes() for file in files]
    make(tmp_path / "state")
    assert sorted((tmp_path / "state").iterdir()) == files
    assert [file.read_bytes() for file in files] == before


@pytest.mark.parametrize(("name", "make"), [("do-not-call.key", key), ("log.key", mask_key)])
@pytest.mark.parametrize("dangling", [True, False])
def test_no_key_is_read_or_made_through_a_link(
    precious: Path, name: str, make: Callable[[Path], object], dangling: bool
) -> None:
    state = precious.parent / "state"
    goal = precious.with_name("nowhere") if dangling else precious
    (state / name).symlink_to(goal)
    with pytest.raises((OSError, ConfigError)):
        make(state)
    assert precious.read_bytes() == b"p" * 32
    assert not precious.with_name("nowhere").exists()


@pytest.mark.parametrize("name", ["newest.json", "newest.new"])
async def test_the_watermark_replaces_a_link_and_does_not_follow_it(precious: Path, name: str) -> None:
    state = precious.parent / "state"
    (state / name).symlink_to(precious)
    await Watermark(state).stored("attempt", "a1")
    assert private.read(precious) == b"p" * 32
    assert mode(state / "newest.json") == 0o600
    assert b"a1" in private.read(state / "newest.json")


def test_a_recording_is_never_written_into_a_file_that_is_there(
    precious: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callbackd.app.record.time.strftime", lambda *_: "now")
    state = precious.parent / "state"
    (state / f"now-{os.getpid()}.jsonl").symlink_to(precious)
    Recorder(state, b"e")
    assert precious.read_bytes() == b"p" * 32


def test_a_half_written_file_is_not_left_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="directory"):
        private.replace(tmp_path / "taken", b"x")
    assert not private.create(tmp_path / "taken", b"x")
    assert [file.name for file in tmp_path.iterdir()] == ["taken"]

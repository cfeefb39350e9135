"""The do-not-call list's key: made once, private, and nothing that is no key is used as one."""

from __future__ import annotations

import asyncio
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from callbackd.app import do_not_call
from callbackd.app.do_not_call import UNPROVEN, Key, key, lost, watch
from callbackd.config.mistakes import ConfigError
from callbackd.domain.ids import CallbackId, EntryId, QueueName
from callbackd.domain.lives.callback import Callback
from callbackd.domain.lives.do_not_call import Blocked
from callbackd.domain.lives.entry import Entry

FILE = "do-not-call.key"


def test_the_key_is_made_at_the_first_start_and_stays(tmp_path):
    first = key(tmp_path / "state")
    assert (len(first.secret), first.made) == (32, True)
    assert key(tmp_path / "state") == Key(first.secret, made=False)


def test_only_we_can_read_the_file_and_nothing_else_is_left_behind(tmp_path):
    key(tmp_path)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert sorted(file.name for file in tmp_path.iterdir()) == [FILE, UNPROVEN]


def test_two_installations_have_two_keys(tmp_path):
    assert key(tmp_path / "a").secret != key(tmp_path / "b").secret


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_size_is_refused_with_the_way_out_and_left_alone(tmp_path, size):
    (tmp_path / FILE).write_bytes(b"x" * size)
    with pytest.raises(ConfigError, match=f"{FILE}: holds {size} bytes instead of 32: restore it from the backup"):
        key(tmp_path)
    assert (tmp_path / FILE).read_bytes() == b"x" * size


def test_a_file_that_cannot_be_read_is_reported_with_the_way_out(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(ConfigError, match=f"{FILE}: cannot be read or made: .*; it must be a file of callbackd's user"):
        key(tmp_path)


def test_a_key_that_cannot_be_made_is_reported_with_the_way_out(tmp_path):
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match="cannot be read or made: "):
        key(tmp_path / "state")


def test_when_many_make_the_file_at_once_one_does_and_all_get_the_same(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(lambda _: key(tmp_path), range(64)))
    assert len({each.secret for each in keys}) == 1
    assert sum(each.made for each in keys) == 1


@pytest.mark.parametrize(
    ("made", "rows", "told"),
    [
        (True, [Blocked("a" * 64, 1.0, "pressed 9"), Entry(EntryId("entry-1"), QueueName("support"), 1.0)], [1]),
        (True, [Entry(EntryId("entry-1"), QueueName("support"), 1.0)], []),
        (False, [Blocked("a" * 64, 1.0, "pressed 9")], []),
    ],
    ids=["a new key and an old list", "a new key and no list", "the old key"],
)
def test_a_list_whose_key_is_gone_is_reported(made, rows, told):
    with capture_logs() as lines:
        do_not_call.warn_if_useless(rows, Key(b"k" * 32, made))
    assert [line["numbers"] for line in lines] == told


LISTED = Blocked("a" * 64, 1.0, "pressed 9")
PROMISED = Callback(CallbackId("c1"), EntryId("e1"), QueueName("support"), "+442079460101", 1.0, 2.0)


@pytest.mark.parametrize("rows", [[LISTED], [PROMISED], [LISTED, PROMISED]])
def test_a_new_key_beside_older_rows_stops_dialling_until_an_operator_allows_it(tmp_path, rows):
    for _ in range(3):  # starting again changes nothing
        key(tmp_path)
        assert f"remove {tmp_path / UNPROVEN}" in (lost(tmp_path, rows) or "")
    (tmp_path / UNPROVEN).unlink()
    assert lost(tmp_path, rows) is None
    key(tmp_path)
    assert lost(tmp_path, rows) is None


def test_the_first_start_of_all_is_proven_by_an_empty_database(tmp_path):
    key(tmp_path)
    assert lost(tmp_path, []) is None
    assert not (tmp_path / UNPROVEN).exists()
    assert lost(tmp_path, [LISTED, PROMISED]) is None, "what came later has this key"


def test_neither_a_restored_key_nor_one_that_was_always_there_stops_dialling(tmp_path):
    kept = key(tmp_path / "backup").secret
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / FILE).write_bytes(kept)
    assert key(tmp_path / "state") == Key(kept, made=False)
    assert lost(tmp_path / "state", [LISTED, PROMISED]) is None


@pytest.mark.parametrize("how", ["directory gone", "key gone", "another key", "link"])
async def test_a_key_that_vanishes_while_we_run_stops_dialling_once(tmp_path, monkeypatch, how):
    monkeypatch.setattr(do_not_call, "LOOK_EVERY_S", 0.001)
    held: list[str] = []
    state = tmp_path / "state"
    watching = asyncio.create_task(watch(state, key(state).secret, held.append))
    await asyncio.sleep(0.05)
    assert held == []
    shutil.move(state, tmp_path / "moved")
    if how != "directory gone":
        state.mkdir()
    if how == "another key":
        key(state)
    if how == "link":
        (state / FILE).symlink_to(tmp_path / "moved" / FILE)
    await asyncio.sleep(0.05)
    assert len(held) == 1
    assert "restore it" in held[0]
    assert not watching.done(), "its end would be the daemon's"
    watching.cancel()

"""The do-not-call list's key: made once, private, and nothing is called with a key that is none."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from callbackd.app import do_not_call
from callbackd.app.do_not_call import Key, key
from callbackd.config.mistakes import ConfigError
from callbackd.domain.ids import EntryId, QueueName
from callbackd.domain.lives.do_not_call import Blocked
from callbackd.domain.lives.entry import Entry

FILE = "do-not-call.key"


def test_the_key_is_made_at_the_first_start_and_stays(tmp_path):
    first = key(tmp_path / "state")
    assert (len(first.secret), first.made) == (32, True)
    assert key(tmp_path / "state") == Key(first.secret, made=False)


def test_nobody_else_can_read_it_and_nothing_else_is_left(tmp_path):
    key(tmp_path)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_two_installations_have_two_keys(tmp_path):
    assert key(tmp_path / "a").secret != key(tmp_path / "b").secret


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_size_is_refused_with_the_way_out_and_left_alone(tmp_path, size):
    (tmp_path / FILE).write_bytes(b"x" * size)
    with pytest.raises(ConfigError, match=f"{FILE}: holds {size} bytes instead of 32: restore it from the backup"):
        key(tmp_path)
    assert (tmp_path / FILE).read_bytes() == b"x" * size


def test_what_cannot_be_read_is_told_with_the_way_out(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(ConfigError, match=f"{FILE}: cannot be read or made: .*; it must be a file of callbackd's user"):
        key(tmp_path)


def test_what_cannot_be_made_is_told_with_the_way_out(tmp_path):
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match="cannot be read or made: "):
        key(tmp_path / "state")


def test_of_many_who_make_it_at_once_one_does_and_all_have_the_same(tmp_path):
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
def test_a_list_whose_key_is_gone_is_told_of(made, rows, told):
    with capture_logs() as lines:
        do_not_call.warn_if_useless(rows, Key(b"k" * 32, made))
    assert [line["numbers"] for line in lines] == told

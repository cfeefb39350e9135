"""No telephone number can be read in the log."""

from __future__ import annotations

import stat

import pytest

from callbackd.app.logs import Mask, mask_key

MASK = Mask(b"key")


@pytest.mark.parametrize("name", ["number", "reason", "event"])
def test_numbers_are_masked_wherever_they_stand(name):
    line = MASK(None, "info", {name: "+442079460101"})
    assert line[name].startswith("+44******0101~")


def test_a_malformed_number_is_masked_too():
    assert "0794601" not in MASK(None, "info", {"number": "02079460101"})["number"]


def test_the_tag_tells_numbers_with_the_same_ending_apart():
    assert MASK.mask("+442079460101") != MASK.mask("+442079990101")
    assert MASK.mask("+442079460101") == Mask(b"key").mask("+442079460101")
    assert MASK.mask("+442079460101") != Mask(b"other").mask("+442079460101")


def test_other_things_are_left_alone():
    line = {"event": "rings alice", "waited_s": 12.5, "subject": "01m82wa3mw31x7jm995xc0t7gb", "number": ""}
    assert MASK(None, "info", dict(line)) == line


def test_the_key_is_made_once_and_private(tmp_path):
    key = mask_key(tmp_path)
    assert key == mask_key(tmp_path)
    assert stat.S_IMODE((tmp_path / "log.key").stat().st_mode) == 0o600

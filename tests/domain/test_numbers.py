"""What the network claims a number is."""

from __future__ import annotations

import pytest

from callbackd.domain.numbers import tame


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        ("+44 (20) 7946-0101", "+442079460101"),
        ("*50#", "*50#"),
        ("anonymous", ""),
        ('"><script>1', "1"),
        ("7" * 40, "7" * 32),
    ],
)
def test_only_what_may_stand_in_a_number_is_kept(claimed, kept):
    assert tame(claimed) == kept

"""Skills as the dialplan writes them for a caller: ``polish:2+vip`` wants Polish at level 2 and vip at level 1."""

from __future__ import annotations

import re

from callbackd.domain.settings import Need

_WRITTEN = re.compile(r"([a-z][a-z0-9_-]{0,31})(?::([1-9][0-9]{0,2}))?", re.ASCII)


def read(written: str) -> tuple[tuple[Need, ...], str]:
    """What is wanted, and the parts that could not be read, joined by +: a slip must not lose a caller."""
    found, unreadable = [], []
    for part in filter(None, written.split("+")):
        if match := _WRITTEN.fullmatch(part):
            found.append(Need(match[1], int(match[2] or 1)))
        else:
            unreadable.append(part)
    return tuple(found), "+".join(unreadable)[:100]

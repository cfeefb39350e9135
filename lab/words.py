"""Which words were heard: the sound at a phone, compared frame by frame with the prompts that come with callbackd."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence
from functools import cache
from statistics import correlation

from callbackd.prompts.settings import SHIPPED
from lab.call import Call
from lab.rtp import FRAME, FRAME_S, Ears, Hearing

ALIKE = 0.9
"""Sounds with at least this likeness are the same."""


def number(groups: Sequence[str]) -> list[str]:
    """The prompts of a number that is read in these groups: after each there is a pause, and on the last the voice
    falls."""
    tones = ["-comma"] * (len(groups) - 1) + ["-end"]
    names: list[str] = []
    for group, tone in zip(groups, tones, strict=True):
        names += [*(f"digit-{digit}" for digit in group[:-1]), f"digit-{group[-1]}{tone}"]
    return names


def likeness(call: Call, language: str, *names: str) -> float:
    """How like these prompts in a row is the part of the call that is most like them; 1 means the same."""
    prompts, heard = _spoken(language, names), call.hearing.levels()
    starts = range(len(heard) - sum(map(len, prompts)) + 1)
    return max((_alike(prompts, heard, start) for start in starts), default=0.0)


async def hears_out(call: Call, language: str, *names: str, within: float = 30) -> None:
    """Wait until the phone has heard the last frame of these prompts in a row."""
    prompts, best = _spoken(language, names), 0.0
    try:
        async with asyncio.timeout(within):
            while best < ALIKE:
                await call.hearing.more()
                heard = call.hearing.levels()
                start = len(heard) - sum(map(len, prompts))
                best = max(best, _alike(prompts, heard, start) if start >= 0 else 0.0)
    except TimeoutError:
        begun = [n for n in range(1, len(names)) if likeness(call, language, *names[:n]) >= ALIKE]
        alone = {name: round(likeness(call, language, name), 2) for name in names}
        raise AssertionError(
            f"{call.who} never heard {names}, but {names[: max(begun, default=0)]}; each alone: {alone}"
        ) from None


def _spoken(language: str, names: Sequence[str]) -> list[tuple[float, ...]]:
    return [_levels(language, name) for name in names]


@cache
def _levels(language: str, name: str) -> tuple[float, ...]:
    """How loud each frame of a shipped prompt is on a phone."""
    command = ["sox", "-D", str(SHIPPED / language / f"{name}.gsm"), "-t", "ul", "-"]
    sound = subprocess.run(command, capture_output=True, check=True).stdout
    hearing = Hearing(Ears())
    for start in range(0, len(sound), FRAME):
        hearing.add(hearing.frames * FRAME_S, sound[start : start + FRAME])
    return tuple(hearing.levels())


def _alike(prompts: Sequence[Sequence[float]], heard: Sequence[float], start: int) -> float:
    """The likeness of the least like of the prompts: one wrong digit makes a wrong number, however long the rest is."""
    least = 1.0
    for prompt in prompts:
        stretch = heard[start : start + len(prompt)]
        least = min(least, correlation(prompt, stretch) if max(stretch) > min(stretch) else 0.0)
        if least < ALIKE:
            break
        start += len(prompt)
    return least

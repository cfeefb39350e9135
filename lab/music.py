"""Music on hold that a program can recognise: each class repeats three notes of its own and is never silent."""

import array
import itertools
import math
import wave
from pathlib import Path

RATE = 8000
NOTES = {"default": (440, 550, 660), "sales": (330, 415, 495)}
"""Hertz, by class. Whole periods fit into a fifth of a second, so that nothing clicks."""


def write_music(directory: Path) -> None:
    """Write <directory>/<class>/tune.wav for each class."""
    for name, notes in NOTES.items():
        sounds = array.array("h", itertools.chain.from_iterable(_note(hertz) * 2 for hertz in notes))
        (directory / name).mkdir(parents=True, exist_ok=True)
        with wave.open(str(directory / name / "tune.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(sounds.tobytes())


def _note(hertz: int) -> list[int]:
    return [round(8000 * math.sin(2 * math.pi * hertz * at / RATE)) for at in range(RATE // 5)]

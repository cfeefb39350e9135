"""Sound as samples: 16-bit mono at 8 kHz, the form in which prompts are kept.

Asterisk turns such a wav into ulaw or alaw by one table look-up per sample, so one file serves both kinds of phones,
and neither hears a conversion from the other's codec. Unlike raw ulaw it has a header, and everything plays it.
"""

from __future__ import annotations

import sys
import wave
from array import array
from dataclasses import dataclass
from itertools import groupby
from math import floor, log10
from operator import mul
from pathlib import Path

RATE = 8000
FULL = 32767
CEILING = 32124
"""The highest step of ulaw; that of alaw, gsm and plain samples is higher."""
FRAME = RATE // 100
"""Samples in 10 ms, the grain in which loudness is judged."""

SILENT_DB = -50.0
"""Speech below this drowns in the noise of a telephone line."""
SPEECH_DB = -19.0
"""Loudness of speech, pauses not counted: about that of Asterisk's own prompts."""
PEAK_DB = -1.5
"""No sample goes beyond this, so that no codec clips."""
EDGE_DB = 45.0
"""Frames at either end that are this much below the loudest one are silence."""


class SoundError(Exception):
    """A file that is not sound in our form; the text names the difference."""


@dataclass(frozen=True, slots=True)
class Measure:
    seconds: float
    loudness_db: float
    """RMS of the frames that carry speech, in dB of full scale; -inf for digital silence."""
    clipped: bool
    """Whether at least three samples in a row are at one level near full scale: the wave is cut off, not just loud."""


def read(path: Path) -> array[int]:
    """The file's samples. Raises ``SoundError`` for another format, ``OSError`` when it cannot be read."""
    try:
        with wave.open(str(path)) as file:
            form = (file.getframerate(), file.getnchannels(), file.getsampwidth() * 8)
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise SoundError(f"not a wav file of plain samples: {error}") from error
    if form != (RATE, 1, 16):
        raise SoundError("{} Hz, {} channel(s), {} bit instead of 8000 Hz, 1 channel, 16 bit".format(*form))
    return from_bytes(frames)


def write(path: Path, samples: array[int]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(_little_endian(samples).tobytes())


def from_bytes(raw: bytes) -> array[int]:
    """The samples in little-endian 16-bit bytes; half a sample at the end is dropped."""
    return _little_endian(array("h", raw[: len(raw) // 2 * 2]))


def measure(samples: array[int]) -> Measure:
    return Measure(len(samples) / RATE, _db(_speech_power(_powers(samples))), _clipped(samples))


def trimmed(samples: array[int]) -> array[int]:
    """The samples without the silence at both ends, except for one frame each, so that soft consonants survive."""
    powers = _powers(samples)
    floor = max(powers, default=0.0) / 10 ** (EDGE_DB / 10)
    loud = [i for i, power in enumerate(powers) if power > floor]
    return samples[max(0, loud[0] - 1) * FRAME : (loud[-1] + 2) * FRAME] if loud else samples[:0]


def levelled(samples: array[int]) -> array[int]:
    """The samples at the loudness of speech, or as near as the peaks and steps of one decibel allow.

    Nobody hears the steps, and sentences that begin alike become files that begin alike, which makes a repository of
    them a fifth smaller.
    """
    peak = max(map(abs, samples), default=0)
    if not peak:
        return samples
    wanted_db = SPEECH_DB - _db(_speech_power(_powers(samples)))
    room_db = PEAK_DB - _db(peak**2)
    gain = _gain(floor(min(wanted_db, room_db)))
    return array("h", [int(sample * gain) for sample in samples])


def silence(seconds: float) -> array[int]:
    return array("h", bytes(2 * int(seconds * RATE)))


def _powers(samples: array[int]) -> list[float]:
    """The mean square of each frame; an incomplete last frame counts as far as it goes."""
    frames = (samples[i : i + FRAME] for i in range(0, len(samples), FRAME))
    return [sum(map(mul, frame, frame)) / len(frame) for frame in frames]


def _speech_power(powers: list[float]) -> float:
    """The mean of the frames within 30 dB of the loudest: pauses between sentences must not make a prompt louder."""
    floor = max(powers, default=0.0) / 1000
    speech = [power for power in powers if power > floor]
    return sum(speech) / len(speech) if speech else 0.0


def _clipped(samples: array[int]) -> bool:
    if not samples or (max(samples) < CEILING and min(samples) > -CEILING):
        return False  # nearly always, and much faster
    return any(abs(level) >= CEILING and sum(1 for _ in run) >= 3 for level, run in groupby(samples))


def _db(power: float) -> float:
    return 10 * log10(power / FULL**2) if power else float("-inf")


def _gain(db: float) -> float:
    return float(10 ** (db / 20))


def _little_endian(samples: array[int]) -> array[int]:
    if sys.byteorder == "big":
        samples = samples[:]
        samples.byteswap()
    return samples

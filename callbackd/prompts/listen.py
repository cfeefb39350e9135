"""Turns any sound file that Asterisk plays into samples, and plays samples. Needs sox for everything but wav."""

from __future__ import annotations

import subprocess
from array import array
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from callbackd.prompts import sound

_ULAW, _ALAW = ("-t", "ul"), ("-t", "al")
_HEADERLESS = {
    ".gsm": ("-t", "gsm"),
    **dict.fromkeys((".ulaw", ".ul", ".mu", ".pcm"), _ULAW),
    **dict.fromkeys((".alaw", ".al"), _ALAW),
    ".sln": ("-t", "raw", "-b", "16", "-e", "signed", "-L"),
}
RAW = ("-t", "raw", "-r", str(sound.RATE), "-c", "1", "-b", "16", "-e", "signed", "-L")


class SoxMissing(sound.SoundError):
    """Without sox there is no telling what the file is."""


class NoSoundDevice(Exception):
    """Nothing on this machine can make a sound; the text quotes sox."""


def decoded(file: Path) -> array[int]:
    """The file's samples. Raises ``SoundError`` when it is no sound that Asterisk plays, or sox is not installed."""
    if file.suffix == ".wav":
        return sound.read(file)
    if not file.stat().st_size:
        return sound.silence(0)
    form = ("-r", str(sound.RATE), "-c", "1", *_HEADERLESS[file.suffix])
    try:
        done = subprocess.run(["sox", "-D", *form, str(file), *RAW, "-"], capture_output=True, check=False)  # noqa: S603, S607
    except FileNotFoundError as error:
        raise SoxMissing("sox is not installed, and only wav is read without it") from error
    if done.returncode:
        raise sound.SoundError(_last_line(done.stderr))
    return sound.from_bytes(done.stdout)


def joined(files: Iterable[Path]) -> array[int]:
    """The samples of the files one after the other, as a caller hears them. Raises as ``decoded`` does, naming the
    file."""
    whole = array("h")
    for file in files:
        try:
            whole.extend(decoded(file))
        except sound.SoundError as error:
            raise type(error)(f"{file}: {error}") from error
    return whole


def play(samples: array[int]) -> None:
    """Play the samples on this machine, and return at their end. Raises ``NoSoundDevice``."""
    with TemporaryDirectory(prefix="callbackd-play-") as folder:
        file = Path(folder) / "play.wav"
        sound.write(file, samples)
        try:
            done = subprocess.run(["play", "-q", str(file)], stderr=subprocess.PIPE, check=False)  # noqa: S603, S607
        except FileNotFoundError as error:
            raise NoSoundDevice("sox's play is not installed") from error
    if done.returncode:
        raise NoSoundDevice(_last_line(done.stderr))


def _last_line(complaints: bytes) -> str:
    """Sox's own complaint: sound libraries print a lot before it."""
    return (complaints.decode(errors="replace").strip().splitlines() or ["sox failed without a reason"])[-1]

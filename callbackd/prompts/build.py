"""Makes the sound files ahead of time: a speech engine speaks, sox resamples, the rest is arithmetic on samples."""

from __future__ import annotations

import os
import subprocess
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from threading import get_ident

from callbackd.prompts import catalog, sound
from callbackd.prompts.languages import LANGUAGES
from callbackd.prompts.manner import pause_s
from callbackd.prompts.settings import Engine, PromptSettings
from callbackd.prompts.store import Source, cached_file, sources, voice_of


class NoEngine(Exception):
    """A program needed to build is not installed; the text names it."""


class BuildError(Exception):
    """One prompt could not be made; the text names it and quotes the engine."""


@dataclass(frozen=True, slots=True)
class Prompt:
    language: str
    name: str
    text: str
    voice: str
    file: Path


@dataclass(frozen=True, slots=True)
class Progress:
    done: int
    total: int
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Built:
    made: int
    present: int
    """How many prompts were there already: recorded by the operator, built earlier, or shipped."""
    failures: tuple[BuildError, ...]


def build(
    settings: PromptSettings,
    languages: Iterable[str] = (),
    progress: Callable[[Progress], None] = lambda _: None,
    workers: int = 0,
    only: Collection[str] = (),
    everything: bool = False,
) -> Built:
    """Make every missing prompt of ``languages`` (default: those set up), ``workers`` at a time (default: one per CPU).

    Returns how many were made, how many were there, and what failed. ``only`` restricts it to prompts of these names;
    ``everything`` also makes those that come with callbackd.

    Takes seconds to minutes: never call it in the event loop. ``progress`` is called in the caller's thread. Raises
    ``NoEngine`` before anything is made and ``OSError`` when the cache cannot be written. Anything else that goes wrong
    is among the failures, and the other prompts are still made.
    """
    codes = tuple(languages) or settings.languages
    wanted = [prompt for code in codes for prompt in _prompts(settings, code) if not only or prompt.name in only]
    enough = {Source.RECORDED, Source.BUILT} | (set() if everything else {Source.SHIPPED})
    found = {
        code: {name for name, best in sources(settings, LANGUAGES[code]).items() if best.source in enough}
        for code in codes
    }
    missing = [prompt for prompt in wanted if prompt.name not in found[prompt.language]]
    if missing:
        _require(settings.engine.command[0], "sox")
    failures = []
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        running = {pool.submit(_make, prompt, settings.engine): prompt for prompt in missing}
        try:
            for done, future in enumerate(as_completed(running), start=1):
                if isinstance(error := future.exception(), BuildError):
                    failures.append(error)
                else:
                    future.result()
                progress(Progress(done, len(missing), running[future]))
        except BaseException:
            # Ctrl-C or a full disk: prompts that have not begun are not worth waiting for.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return Built(len(missing) - len(failures), len(wanted) - len(missing), tuple(failures))


def _prompts(settings: PromptSettings, code: str) -> Iterator[Prompt]:
    language = LANGUAGES[code]
    voice = voice_of(language, settings.engine)
    for name, text in catalog.texts(language, settings).items():
        yield Prompt(code, name, text, voice, cached_file(settings, language, name, text))


def _require(*programs: str) -> None:
    for program in programs:
        if not which(program):
            raise NoEngine(f"{program} is not installed, and prompts are missing")


def _make(prompt: Prompt, engine: Engine) -> None:
    with TemporaryDirectory(prefix="callbackd-prompt-") as folder:
        spoken = Path(folder) / "spoken.wav"
        complaints = _run(prompt, engine.timeout_s, _engine_command(prompt, engine, spoken), prompt.text).stderr
        samples = _resampled(prompt, engine, spoken, complaints) if spoken.exists() else sound.silence(0)
    if sound.measure(samples).loudness_db < sound.SILENT_DB:
        raise BuildError(f"{_label(prompt)} came out silent; {engine.command[0]} said: {_words(complaints)}")
    speech = sound.levelled(sound.trimmed(samples))
    _store(prompt.file, speech + sound.silence(pause_s(prompt.text)))


def _engine_command(prompt: Prompt, engine: Engine, out: Path) -> list[str]:
    # The text goes in last, so that braces in it stay as they are.
    filled = [part.replace("{voice}", prompt.voice).replace("{out}", str(out)) for part in engine.command]
    return [part.replace("{text}", prompt.text) for part in filled]


def _resampled(prompt: Prompt, engine: Engine, spoken: Path, complaints: bytes) -> array[int]:
    # Half the level leaves room for the resampler's overshoot; below 100 Hz a telephone carries only rumble.
    command = ["sox", "-D", str(spoken), "-t", "raw", "-r", "8000", "-c", "1", "-b", "16", "-e", "signed", "-L", "-"]
    try:
        return sound.from_bytes(_run(prompt, engine.timeout_s, [*command, "gain", "-6", "highpass", "100"]).stdout)
    except BuildError as error:
        raise BuildError(f"{error}; {engine.command[0]} said: {_words(complaints)}") from error


def _run(prompt: Prompt, timeout_s: float, command: list[str], text: str = "") -> subprocess.CompletedProcess[bytes]:
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=timeout_s, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{_label(prompt)}: {command[0]} took longer than {timeout_s:g} s") from error
    if done.returncode:
        raise BuildError(f"{_label(prompt)}: {command[0]} failed ({done.returncode}): {_words(done.stderr)}")
    return done


def _store(file: Path, samples: array[int]) -> None:
    """Write the file completely or not at all, even if the power fails: a daemon may be looking, and an existing file
    is never built again."""
    file.parent.mkdir(parents=True, exist_ok=True)
    half_done = file.with_name(f".{file.stem}.{os.getpid()}-{get_ident()}")
    try:
        sound.write(half_done, samples)
        with half_done.open("rb") as written:
            os.fsync(written.fileno())
        half_done.chmod(0o644)  # Asterisk reads it as another user
        half_done.replace(file)
    finally:
        half_done.unlink(missing_ok=True)


def _label(prompt: Prompt) -> str:
    return f"{prompt.language} {prompt.name} ({prompt.text!r})"


def _words(complaints: bytes) -> str:
    return complaints.decode(errors="replace").strip() or "nothing"

"""Words to sound: built with the real espeak-ng and sox, found again, judged."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
import wave
from array import array
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from callbackd.domain.phrase import CallbackHello, Digits, Fixed, Greeting, Phrase, Position, WaitBelow
from callbackd.prompts import sound
from callbackd.prompts.build import NoEngine, Progress, build
from callbackd.prompts.check import Fault, check, inventory
from callbackd.prompts.languages import LANGUAGES
from callbackd.prompts.render import Renderer, Unspoken
from callbackd.prompts.settings import Engine, PromptSettings
from callbackd.prompts.store import PLAYABLE, Source

TONE = """
import math, sys, wave
from array import array
out, text = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else sys.stdin.read()
with wave.open(out, "wb") as file:
    file.setnchannels(2), file.setsampwidth(2), file.setframerate(16000)
    wave_ = array("h", [int(9000 * math.sin(i / 5)) for i in range(16000 * len(text) // 100) for _ in "lr"])
    file.writeframes(wave_.tobytes())
"""
"""A speech engine with another output than ours: 10 ms of stereo tone for each character."""

FAILING = "import sys; sys.exit('the voice is hoarse')"
MUTE = TONE.replace("9000", "0").replace("with", "print('nothing to say', file=sys.stderr)\nwith", 1)
DAWDLING = "import time; time.sleep(60)"


def engine(program: str, *arguments: str) -> Engine:
    return Engine((sys.executable, "-c", program, *(arguments or ("{out}", "{text}"))))


@pytest.fixture
def settings(tmp_path: Path) -> PromptSettings:
    """Nothing is shipped: what is heard was built here."""
    nothing = tmp_path / "nothing"
    return PromptSettings(cache=tmp_path / "cache", recordings=tmp_path / "recordings", shipped=nothing, company="Acme")


def tone(seconds: float, level: float = 0.3) -> array[int]:
    return array("h", [int(level * sound.FULL * math.sin(i / 3)) for i in range(int(seconds * sound.RATE))])


def record(settings: PromptSettings, name: str, samples: array[int] | None = None, language: str = "en") -> Path:
    file = settings.recordings / language / name
    file.parent.mkdir(parents=True, exist_ok=True)
    sound.write(file, samples or tone(1))
    return file


def built_files(settings: PromptSettings) -> list[Path]:
    return sorted(file for file in settings.cache.rglob("*") if file.is_file())


def media(settings: PromptSettings, *phrases: Phrase, language: str = "en", queue: str = "") -> tuple[str, ...]:
    return Renderer(settings, report=lambda _: None).media(phrases, language, queue)


def reports(settings: PromptSettings, phrases: Iterable[Phrase], language: str = "en") -> list[Unspoken]:
    told: list[Unspoken] = []
    Renderer(settings, told.append).media(phrases, language)
    return told


# --- building


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_audible(settings: PromptSettings, language: str) -> None:
    settings = replace(settings, languages=(language,), default_language=language)
    built = build(settings, only=["offer", "wait-below-22", "digit-7-comma"])
    assert (built.made, built.present, built.failures) == (3, 0, ())
    digit, offer, wait = (sound.measure(sound.read(file)) for file in built_files(settings))
    for heard in (digit, offer, wait):
        assert -25 < heard.loudness_db < -15
        assert not heard.clipped
    assert 0.4 < digit.seconds < 1.2
    assert 2 < wait.seconds < 7
    assert 5 < offer.seconds < 16


def test_a_built_file_is_what_asterisk_plays(settings: PromptSettings) -> None:
    build(settings, only=["goodbye"])
    (file,) = built_files(settings)
    with wave.open(str(file)) as made:
        assert (made.getframerate(), made.getnchannels(), made.getsampwidth()) == (8000, 1, 2)
    assert file.stat().st_mode & 0o444 == 0o444
    assert media(settings, Fixed.GOODBYE) == (f"sound:{file.with_suffix('')}",)


def test_speech_begins_at_once_and_ends_with_the_pause_of_its_punctuation(settings: PromptSettings) -> None:
    build(settings, only=["goodbye", "plus"])
    goodbye, plus = (sound.read(file) for file in built_files(settings))
    assert max(map(abs, goodbye[: sound.RATE // 20])) > 200
    assert len(goodbye) - len(sound.trimmed(goodbye)) == pytest.approx(0.4 * sound.RATE, abs=3 * sound.FRAME)
    assert len(plus) - len(sound.trimmed(plus)) == pytest.approx(0.04 * sound.RATE, abs=3 * sound.FRAME)


def test_only_what_is_missing_is_built(settings: PromptSettings) -> None:
    record(settings, "wrong-key.wav")
    names = ["goodbye", "wrong-key", "not-now"]
    assert build(settings, only=names[:1]).made == 1
    built = build(settings, only=names)
    assert (built.made, built.present) == (1, 2)


def test_another_text_voice_or_engine_is_another_file(settings: PromptSettings) -> None:
    others = (
        settings,
        replace(settings, texts={"en": {"goodbye": "Bye."}}),
        replace(settings, engine=Engine(voices={"en": "en-us"})),
        replace(settings, engine=engine(TONE)),
    )
    for count, other in enumerate(others, start=1):
        assert not media(other, Fixed.GOODBYE)
        build(other, only=["goodbye"])
        assert len(built_files(settings)) == count
        assert media(other, Fixed.GOODBYE)


def test_progress_is_shown(settings: PromptSettings) -> None:
    told: list[Progress] = []
    build(settings, progress=told.append, only=["goodbye", "not-now"])
    assert [(step.done, step.total) for step in told] == [(1, 2), (2, 2)]
    assert {step.prompt.name for step in told} == {"goodbye", "not-now"}


@pytest.mark.parametrize("arguments", [("{out}", "{text}"), ("{out}",)], ids=["as an argument", "to its input"])
def test_another_engine_gets_the_text(settings: PromptSettings, arguments: tuple[str, ...]) -> None:
    settings = replace(settings, engine=engine(TONE, *arguments), texts={"en": {"goodbye": "x" * 99 + "."}})
    assert not build(settings, only=["goodbye"]).failures
    (file,) = built_files(settings)
    heard = sound.measure(sound.read(file))
    assert heard.seconds == pytest.approx(1.4, abs=0.05)
    assert heard.loudness_db == pytest.approx(sound.SPEECH_DB, abs=1)


def test_a_text_is_never_taken_for_an_option_or_a_placeholder(settings: PromptSettings) -> None:
    settings = replace(settings, texts={"en": {"goodbye": "--version {out} $(reboot)"}})
    assert not build(settings, only=["goodbye"]).failures


@pytest.mark.parametrize(
    ("program", "complaint"),
    [(FAILING, "the voice is hoarse"), (MUTE, "silent; .* said: nothing to say"), ("", "silent"), (DAWDLING, "longer")],
    ids=["failing", "mute", "writing nothing", "dawdling"],
)
def test_an_engine_that_does_not_speak_is_named_and_leaves_nothing(
    settings: PromptSettings, program: str, complaint: str
) -> None:
    timeout_s = 0.2 if program == DAWDLING else 60.0
    built = build(replace(settings, engine=replace(engine(program), timeout_s=timeout_s)), only=["goodbye"])
    assert built.made == 0
    with pytest.raises(Exception, match=complaint) as told:
        raise built.failures[0]
    assert str(told.value).startswith("en goodbye ('Thank you, and goodbye.')")
    assert not built_files(settings)


def test_a_missing_engine_is_reported_before_anything_is_made(settings: PromptSettings) -> None:
    with pytest.raises(NoEngine, match="no-such-engine"):
        build(replace(settings, engine=Engine(("no-such-engine", "{out}"))))


def test_a_kill_at_any_moment_leaves_no_broken_prompt(settings: PromptSettings, tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from callbackd.prompts.build import build;"
        "from callbackd.prompts.settings import PromptSettings;"
        f"folders = map(Path, {[*map(str, (settings.cache, settings.recordings, settings.shipped))]});"
        "build(PromptSettings(*folders, company='Acme'))"
    )
    process = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
    deadline = time.monotonic() + 20
    while len(built_files(settings)) < 20 and time.monotonic() < deadline:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    found = [row.file for row in inventory(settings) if row.source is Source.BUILT]
    assert 10 < len(found) < len(inventory(settings))
    assert all(sound.measure(sound.read(file)).seconds > 0.2 for file in found)


def test_a_prompt_that_cannot_be_put_in_place_leaves_no_trace(
    settings: PromptSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        build(settings, only=["goodbye"])
    assert not built_files(settings)


def test_prompts_that_begin_alike_are_levelled_alike() -> None:
    loud, soft = (sound.levelled(tone(1, level)) for level in (0.300, 0.297))
    assert max(soft) / max(loud) == pytest.approx(0.99, abs=0.001)
    assert sound.SPEECH_DB - 1 <= sound.measure(loud).loudness_db <= sound.SPEECH_DB


# --- rendering


def test_an_operators_recording_wins(settings: PromptSettings) -> None:
    build(settings, only=["goodbye"])
    record(settings, "goodbye.wav")
    assert media(settings, Fixed.GOODBYE) == (f"sound:{settings.recordings}/en/goodbye",)


def test_a_queues_own_recording_wins_over_the_common_one(settings: PromptSettings) -> None:
    for name in ("greeting.wav", "greeting-support.wav", "hello-support.wav", "offer.wav", "offer-sales.wav"):
        record(settings, name)
    folder = f"sound:{settings.recordings}/en"
    assert media(settings, Greeting("support"), CallbackHello("support")) == (
        f"{folder}/greeting-support",
        f"{folder}/hello-support",
    )
    assert media(settings, Greeting("sales"), Fixed.OFFER, queue="sales") == (
        f"{folder}/greeting",
        f"{folder}/offer-sales",
    )


def test_one_recording_of_a_digit_serves_all_its_tones(settings: PromptSettings) -> None:
    for digit in "12":
        record(settings, f"digit-{digit}.wav")
    record(settings, "digit-2-end.wav")
    build(settings, only=["digit-1-comma", "digit-2-end"])
    assert [address.rsplit("/", 1)[1] for address in media(settings, Digits("12"))] == ["digit-1", "digit-2-end"]


def test_phrases_keep_their_order(settings: PromptSettings) -> None:
    build(settings, only=["greeting", "position-3", "wait-below-5"])
    heard = media(settings, Greeting("support"), Position(3), WaitBelow(5))
    assert [address.rsplit("/", 1)[1].rsplit("-", 1)[0] for address in heard] == [
        "greeting",
        "position-3",
        "wait-below-5",
    ]


def test_a_phrase_with_a_missing_part_is_left_out_whole_and_reported_once(settings: PromptSettings) -> None:
    build(settings, only=["digit-1", "digit-1-end", "goodbye"])
    phrases = (Digits("121"), Fixed.GOODBYE, Digits("2"))
    told: list[Unspoken] = []
    renderer = Renderer(settings, told.append)
    for _ in range(2):
        assert len(renderer.media(phrases, "en")) == 1
    assert [unspoken.what for unspoken in told] == ["digit-2", "digit-2-end"]


def test_prompts_built_meanwhile_are_found_after_a_reload(settings: PromptSettings) -> None:
    renderer = Renderer(settings, report=lambda _: None)
    build(settings, only=["goodbye"])
    assert not renderer.media([Fixed.GOODBYE], "en")
    renderer.reload()
    assert renderer.media([Fixed.GOODBYE], "en")


@pytest.mark.parametrize("language", ["en", "en_GB", "EN-us"])
def test_a_regional_language_is_its_language(settings: PromptSettings, language: str) -> None:
    record(settings, "goodbye.wav")
    assert not reports(settings, [Fixed.GOODBYE], language)


@pytest.mark.parametrize("language", ["", "xx", "english"])
def test_an_unknown_language_falls_back_and_is_reported(settings: PromptSettings, language: str) -> None:
    record(settings, "goodbye.wav")
    assert media(settings, Fixed.GOODBYE, language=language)
    (told,) = reports(settings, [Fixed.GOODBYE], language)
    assert (told.language, told.what) == (language, "language")


def test_nonsense_is_left_out_and_reported_without_the_number(settings: PromptSettings) -> None:
    (told,) = reports(settings, [Digits("0770090*958")])
    assert told.what == "Digits"
    assert "0770090" not in str(told)


# --- judging


def test_a_complete_language_has_no_problems(settings: PromptSettings) -> None:
    assert not build(settings).failures
    assert check(settings) == ()


def test_bad_recordings_are_found(settings: PromptSettings) -> None:
    record(settings, "offer.wav", tone(1, level=0.0))
    record(settings, "promise.wav", array("h", [sound.FULL if i % 40 < 20 else -sound.FULL for i in range(8000)]))
    record(settings, "goodbye.wav", tone(21))
    record(settings, "ofer.wav")
    record(settings, "offer-sales.wav")
    folder = settings.recordings / "en"
    (folder / "not-now.wav").write_bytes(b"RIFF, or so")
    (folder / "hello.mp3").write_bytes(b"ID3")
    (folder / "wrong-key.gsm").write_bytes(b"")
    with wave.open(str(folder / "connecting.wav"), "wb") as file:
        file.setparams((2, 2, 44100, 0, "NONE", ""))
        file.writeframes(bytes(44100))
    found = {(problem.name, problem.fault) for problem in check(settings) if problem.fault is not Fault.MISSING}
    assert found == {
        ("offer", Fault.SILENT),
        ("promise", Fault.CLIPPED),
        ("goodbye", Fault.TOO_LONG),
        ("ofer", Fault.UNUSED),
        ("not-now", Fault.WRONG_FORMAT),
        ("hello", Fault.WRONG_FORMAT),
        ("wrong-key", Fault.SILENT),
        ("connecting", Fault.WRONG_FORMAT),
    }


@pytest.mark.parametrize("extension", PLAYABLE)
def test_recordings_of_every_format_are_listened_to(settings: PromptSettings, extension: str) -> None:
    square = array("h", [sound.FULL if i % 40 < 20 else -sound.FULL for i in range(8000)])
    for name, samples in {"offer": tone(1), "closed": tone(1, 0.0), "full": square, "digit-1": tone(3)}.items():
        convert(record(settings, f"{name}.wav", samples), extension)
    heard = {(found.name, found.fault) for found in check(settings) if found.fault is not Fault.MISSING}
    too_long = {(f"digit-1{tone}", Fault.TOO_LONG) for tone in ("", "-comma", "-end")}
    assert heard == {("closed", Fault.SILENT), ("full", Fault.CLIPPED)} | too_long


def test_own_words_for_no_prompt_are_found(settings: PromptSettings) -> None:
    settings = replace(settings, texts={"en": {"goodbye": "Bye.", "godbye": "Bye.", "greeting-sales": "Hello."}})
    assert [found.name for found in check(settings) if found.fault is Fault.UNUSED] == ["godbye"]


def convert(wav: Path, extension: str) -> None:
    """Into another of the formats that Asterisk plays."""
    if extension == ".wav":
        return
    kind = {".sln": "raw", ".gsm": "gsm"}.get(extension, "al" if extension.startswith(".al") else "ul")
    to = wav.with_suffix(extension)
    subprocess.run(["sox", "-D", str(wav), "-t", kind, str(to)], check=True, capture_output=True)
    wav.unlink()


def test_without_sox_a_recording_is_not_judged_rather_than_bad(
    settings: PromptSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert(record(settings, "offer.wav"), ".gsm")
    monkeypatch.setenv("PATH", "")
    (found,) = [found for found in check(settings) if found.name == "offer"]
    assert found.fault is Fault.NOT_JUDGED
    assert "sox is not installed" in found.detail


def test_missing_prompts_are_reported_with_their_text(settings: PromptSettings) -> None:
    missing = {problem.name: problem.detail for problem in check(settings) if problem.fault is Fault.MISSING}
    assert len(missing) == len(inventory(settings))
    assert "Thank you, and goodbye." in missing["goodbye"]


def test_the_inventory_shows_where_each_prompt_comes_from(settings: PromptSettings) -> None:
    build(settings, only=["goodbye"])
    record(settings, "offer.wav")
    rows = {row.name: row.source for row in inventory(settings)}
    assert (rows["goodbye"], rows["offer"], rows["not-now"]) == (Source.BUILT, Source.RECORDED, Source.MISSING)

"""Phrases as an operator types them, and what is heard of them."""

from __future__ import annotations

import math
import subprocess
from array import array
from pathlib import Path

import pytest

from callbackd.domain.phrase import (
    CallAgainIn,
    CallAt,
    CallbackHello,
    CallWithin,
    Crisis,
    Day,
    Digits,
    Fixed,
    Greeting,
    LanguageChoice,
    Menu,
    Phrase,
    Position,
    SlotChoice,
    WaitAboveHour,
    WaitBelow,
    WayOut,
)
from callbackd.prompts import catalog, listen, sound
from callbackd.prompts.example import EXAMPLES, NotUnderstood, understood
from callbackd.prompts.languages import LANGUAGES
from callbackd.prompts.render import Named
from callbackd.prompts.store import PLAYABLE

PHRASES: dict[str, Phrase] = {
    "greeting": Greeting("sales"),
    "hello": CallbackHello("sales"),
    "crisis": Crisis("sales"),
    "menu": Menu("sales"),
    "language 2 hr": LanguageChoice(2, "hr"),
    "keep-waiting": Fixed.KEEP_WAITING,
    "position 22": Position(22),
    "wait-below 7": WaitBelow(7),
    "wait-above-hour": WaitAboveHour(),
    "call-within 45": CallWithin(45),
    "call-again 20": CallAgainIn(20),
    "number +44-20(7946).0958": Digits("+442079460958"),
    "time 9:15": CallAt(Day.TODAY, 555),
    "call-at in-a-week 23:45": CallAt(Day.IN_A_WEEK, 1425),
    "way-out #": WayOut("#"),
    "slot 2 monday 00:00": SlotChoice(2, Day.MONDAY, 0),
}


@pytest.mark.parametrize("words", PHRASES)
def test_every_kind_of_phrase_can_be_asked_for(words: str):
    assert understood(words.split(), (), "sales") == (PHRASES[words],)


def test_no_kind_of_phrase_is_forgotten():
    assert {type(phrase) for phrase in PHRASES.values()} == set(Phrase.__args__)


def test_the_examples_are_understood_and_have_words():
    for example in EXAMPLES:
        (phrase,) = understood(example.split(), ())
        assert not isinstance(phrase, Named)
        assert catalog.names(phrase, LANGUAGES["en"], "GB")


def test_an_announcement_keeps_its_order_and_takes_single_prompts():
    asked = understood(["greeting", "position", "3", "digit-4-end", "offer"], {"digit-4-end"})
    assert asked == (Greeting(""), Position(3), Named("digit-4-end"), Fixed.OFFER)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("offr", r"'offr': did you mean offer"),
        ("greeting-suport", "did you mean greeting-support or"),
        ("qqqq", "callbackd prompts list"),
        ("position", "as in: position 22"),
        ("position two", "'two' is not a whole number"),
        ("time 15:37", "not a quarter of an hour"),
        ("time 24:00", "not a quarter of an hour"),
        ("call-at yesterday 9:00", "none of today, tomorrow"),
        ("slot 1 monday", "as in: slot 1 monday 9:00"),
        ("number 12ab", "not a telephone number"),
    ],
)
def test_a_word_that_is_not_understood_is_answered_with_suggestions(words: str, answer: str):
    with pytest.raises(NotUnderstood, match=answer):
        understood(words.split(), {"greeting-support"})


# --- listening


@pytest.mark.parametrize("extension", PLAYABLE)
def test_every_format_that_asterisk_plays_is_heard(tmp_path: Path, extension: str):
    tone = array("h", [int(9000 * math.sin(i / 5)) for i in range(8000)])
    sound.write(tmp_path / "tone.wav", tone)
    file = tmp_path / f"other{extension}"
    kind = {"wav": "wav", "sln": "raw", "gsm": "gsm"}.get(extension[1:], "al" if extension.startswith(".al") else "ul")
    form = ("-b", "16") if kind in ("raw", "wav") else ()
    subprocess.run(["sox", "-D", str(tmp_path / "tone.wav"), "-t", kind, *form, str(file)], check=True)
    heard = sound.measure(listen.joined([tmp_path / "tone.wav", file]))
    assert heard.seconds == pytest.approx(2, abs=0.021)
    assert heard.loudness_db == pytest.approx(sound.measure(tone).loudness_db, abs=0.5)


def test_a_file_that_is_no_sound_is_named(tmp_path: Path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF, or so")
    with pytest.raises(sound.SoundError, match=r"broken\.wav: not a wav"):
        listen.joined([tmp_path / "broken.wav"])


def test_a_missing_sox_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "one.gsm").write_bytes(bytes(33))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(sound.SoundError, match=r"one\.gsm: sox is not installed"):
        listen.joined([tmp_path / "one.gsm"])
    with pytest.raises(listen.NoSoundDevice, match="not installed"):
        listen.play(sound.silence(1))

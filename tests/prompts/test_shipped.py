"""What comes with callbackd: complete, audible, and heard where nothing better is."""

from __future__ import annotations

import json
import subprocess
from array import array
from dataclasses import replace
from pathlib import Path

import pytest

from callbackd.domain.phrase import Digits, Fixed, Greeting, Position
from callbackd.prompts import catalog, sound
from callbackd.prompts.build import build
from callbackd.prompts.check import Fault, check, inventory
from callbackd.prompts.language import Language
from callbackd.prompts.languages import LANGUAGES
from callbackd.prompts.listen import RAW
from callbackd.prompts.manner import manner
from callbackd.prompts.render import Renderer
from callbackd.prompts.settings import SHIPPED, Engine, PromptSettings
from callbackd.prompts.shipped import read_index, sound_files
from callbackd.prompts.store import Source
from lab.ship_prompts import ship, wanted

FRAME_BYTES, FRAME_SAMPLES = 33, 160
every_language = pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)


@pytest.fixture
def settings(tmp_path: Path) -> PromptSettings:
    return PromptSettings(tmp_path / "cache", tmp_path / "recordings", languages=tuple(LANGUAGES))


def sources(settings: PromptSettings, code: str = "en") -> dict[str, Source]:
    return {row.name: row.source for row in inventory(settings, [code])}


# --- the files


@every_language
def test_every_prompt_is_shipped_in_its_present_words(language: Language):
    folder = SHIPPED / language.code
    assert read_index(folder) == wanted(language), "run script/ship-prompts"
    assert sound_files(folder).keys() == wanted(language).texts.keys(), "run script/ship-prompts"


@every_language
def test_every_shipped_prompt_is_heard_well(language: Language):
    for name, samples in heard(SHIPPED / language.code).items():
        measured = sound.measure(samples)
        assert -26 < measured.loudness_db < -15, name
        assert not measured.clipped, name
        assert 0.25 < measured.seconds < manner(name).longest_s, name


def heard(folder: Path) -> dict[str, array[int]]:
    """All sounds of a folder, decoded in one go: frames of one size follow each other without headers."""
    content = {name: file.read_bytes() for name, file in sound_files(folder).items()}
    command = ["sox", "-D", "-t", "gsm", "-r", "8000", "-c", "1", "-", *RAW, "-"]
    done = subprocess.run(command, input=b"".join(content.values()), capture_output=True, check=True)
    samples, at, found = sound.from_bytes(done.stdout), 0, {}
    for name, frames in content.items():
        count, rest = divmod(len(frames), FRAME_BYTES)
        assert not rest, name
        found[name] = samples[at : at + count * FRAME_SAMPLES]
        at += count * FRAME_SAMPLES
    assert at == len(samples)
    return found


# --- what is heard


def test_with_an_empty_cache_everything_is_said(settings: PromptSettings):
    renderer = Renderer(settings, report=lambda unspoken: pytest.fail(str(unspoken)))
    for code in LANGUAGES:
        media = renderer.media([Greeting("support"), Position(3), Fixed.OFFER], code)
        assert media == tuple(f"sound:{SHIPPED}/{code}/{name}" for name in ("greeting", "position-3", "offer"))
        assert renderer.media([Digits("+447700900958")], code)


def test_recorded_wins_over_built_and_built_over_shipped(settings: PromptSettings):
    assert sources(settings)["goodbye"] is Source.SHIPPED
    assert build(settings, ["en"], only=["goodbye"], everything=True).made == 1
    assert sources(settings)["goodbye"] is Source.BUILT
    folder = settings.recordings / "en"
    folder.mkdir(parents=True)
    (folder / "goodbye.gsm").write_bytes(bytes(33))
    assert sources(settings)["goodbye"] is Source.RECORDED


@every_language
def test_a_company_is_greeted_for_without_its_name_until_its_greeting_is_built(
    settings: PromptSettings, language: Language
):
    settings = replace(settings, company="Acme")
    stand_ins = {problem.name: problem.detail for problem in check(settings, [language.code])}
    assert stand_ins.keys() == {"greeting", "hello"}
    assert f"callers hear {language.greeting('')!r}" in stand_ins["greeting"]
    assert language.greeting("Acme") in stand_ins["greeting"]
    built = build(settings, [language.code])
    assert (built.made, built.present, built.failures) == (2, len(sources(settings)) - 2, ())
    assert check(settings, [language.code]) == ()


def test_own_words_and_another_voice_are_built_although_something_is_heard(settings: PromptSettings):
    own = replace(settings, texts={"en": {"goodbye": "Bye."}})
    assert [(problem.name, problem.fault) for problem in check(own, ["en"])] == [("goodbye", Fault.STAND_IN)]
    assert build(own, ["en"], only=["goodbye", "offer"]).made == 1
    other = replace(settings, engine=Engine(voices={"en": "en-us"}))
    assert set(sources(other).values()) == {Source.STAND_IN}
    assert "the voice that comes with callbackd" in check(other, ["en"])[0].detail
    assert set(sources(other, "hu").values()) == {Source.SHIPPED}


def test_a_queues_own_words_are_missing_but_its_callers_hear_the_common_ones(settings: PromptSettings):
    own = replace(settings, texts={"en": {"greeting-sales": "Hello from sales."}})
    (problem,) = check(own, ["en"])
    assert (problem.name, problem.fault) == ("greeting-sales", Fault.MISSING)
    assert Renderer(own, report=lambda _: None).media([Greeting("sales")], "en") == (f"sound:{SHIPPED}/en/greeting",)


def test_a_file_that_was_lost_is_missing(settings: PromptSettings, tmp_path: Path):
    copy(tmp_path / "shipped/en", "goodbye", "offer")
    (tmp_path / "shipped/en/offer.gsm").unlink()
    found = sources(replace(settings, shipped=tmp_path / "shipped"))
    assert (found["goodbye"], found["offer"], found["not-now"]) == (Source.SHIPPED, Source.MISSING, Source.MISSING)


# --- making them


def copy(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True)
    for name in ("index.json", *(f"{name}.gsm" for name in names)):
        (folder / name).write_bytes((SHIPPED / "en" / name).read_bytes())


def test_only_changed_prompts_are_made_again(tmp_path: Path):
    folder, language = tmp_path / "en", LANGUAGES["en"]
    copy(folder, *catalog.texts(language, PromptSettings(Path(), Path())))
    index = json.loads((folder / "index.json").read_text())
    index["texts"]["crisis"] = "Older words."
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "crisis.gsm").write_bytes(b"old")
    (folder / "goodbye.gsm").unlink()
    (folder / "abandoned.gsm").write_bytes(b"old")
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert ship(language, folder) == (2, 1)
    changed = {file.name for file in folder.iterdir() if before.get(file.name) != file.stat().st_mtime_ns}
    assert changed == {"crisis.gsm", "goodbye.gsm", "index.json"}
    assert read_index(folder) == wanted(language)
    assert heard(folder).keys() == wanted(language).texts.keys()
    assert ship(language, folder) == (0, 0)


def test_another_voice_makes_all_prompts_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder, language, made = tmp_path / "en", LANGUAGES["en"], []
    copy(folder, *catalog.texts(language, PromptSettings(Path(), Path())))
    monkeypatch.setattr("lab.ship_prompts._make", lambda _, names, __: made.extend(names))
    ship(replace(language, voice="en-us"), folder)
    assert sorted(made) == sorted(wanted(language).texts)

"""The table of the conversation has no blank, and reads at a glance: a failure prints it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callbackd.domain.events import Party
from callbackd.domain.ids import LegId
from callbackd.domain.lives.conversation import (
    DIGITS,
    TABLE,
    After,
    Anywhere,
    Interrupt,
    Memory,
    Question,
    Readings,
    Row,
    go,
    may_interrupt,
)
from callbackd.domain.lives.dialogue import Dialogue, Stage
from callbackd.domain.phrase import Fixed

ASKS_NOTHING = [Stage.WAITING, Stage.STORING, Stage.LEAVING]
ASKS = [stage for stage in Stage if stage not in ASKS_NOTHING]


def printed() -> str:
    """The whole table, a few lines for each stage."""
    return "\n".join(_printed(stage, TABLE[stage]) for stage in Stage)


def _printed(stage: Stage, row: Row) -> str:
    meaning: dict[str, str] = {}
    for digit in DIGITS:
        act = row.act(digit).value
        meaning[act] = meaning.get(act, "") + digit
    asked = row.question.name.lower().replace("_", " ") if row.question else "nothing is asked"
    silent = [row.silence.value, f"readings: {row.readings.name.lower()}"] if row.silence else ["nobody listens"]
    silent += [f"then {row.give_up.value}"] if row.give_up else []
    lines = {
        "asks": asked,
        "keys": " · ".join(f"{digits} {act}" for act, digits in meaning.items()),
        "silence": ", ".join(silent),
        "interrupted by": ", ".join(sorted(i.name.lower() for i in row.interrupts)) or "nobody",
        "forgets": ", ".join(sorted(m.name.lower() for m in row.forgets)) or "nothing",
        "after": row.after.name.lower().replace("_", " "),
    }
    return "\n".join([stage.value, *(f"    {name:15} {text}" for name, text in lines.items())])


@pytest.mark.parametrize("stage", Stage)
def test_every_key_of_a_telephone_has_a_meaning_in_every_stage(stage):
    row = TABLE[stage]
    assert set(row.keys) <= set(DIGITS), printed()
    assert all(row.act(digit).value for digit in DIGITS), printed()


@pytest.mark.parametrize("stage", ASKS)
def test_a_stage_that_asks_knows_silence_and_an_end(stage):
    row = TABLE[stage]
    assert row.question is not None, printed()
    assert row.after is After.REPLY, printed()
    assert row.silence is not None, printed()
    assert row.give_up is not None, printed()
    assert row.readings is not Readings.NONE, printed()
    assert any(row.act(digit) is not Anywhere.IGNORE for digit in DIGITS), printed()


@pytest.mark.parametrize("stage", ASKS_NOTHING)
def test_a_stage_that_asks_nothing_waits_for_no_answer(stage):
    row = TABLE[stage]
    assert (row.question, row.silence, row.give_up, row.readings) == (None, None, None, Readings.NONE), printed()
    assert row.after is not After.REPLY, printed()


def test_every_question_that_depends_on_more_is_asked_somewhere():
    asked = {question for row in TABLE.values() for question in (row.question, row.again)}
    assert set(Question) <= asked, printed()


def test_every_act_is_used_by_some_stage():
    """An act in no row is one that nobody can bring about."""
    meant = {row.act(digit) for row in TABLE.values() for digit in DIGITS}
    meant |= {act for row in TABLE.values() for act in (row.silence, row.give_up) if act}
    enums = {type(act) for act in meant}
    assert {act for enum in enums for act in enum} == meant, printed()


def test_nothing_interrupts_the_last_words_or_a_promise_on_its_way():
    for stage in (Stage.STORING, Stage.LEAVING):
        assert not any(may_interrupt(by, dialogue(stage)) for by in Interrupt), printed()


def test_a_key_counts_before_it_is_asked_for_in_the_line_and_for_an_agents_minutes():
    """There a key binds nobody to anything new: the caller has heard the offer before, the agent's pause has begun."""
    assert [stage for stage in Stage if TABLE[stage].early_keys] == [Stage.WAITING, Stage.PAUSING], printed()


# --- what is forgotten ------------------------------------------------------------------------------------------------


def dialogue(stage: Stage) -> Dialogue:
    begun = Dialogue(LegId("anna"), Party.CALLER, stage, "en")
    return replace(begun, keyed="12", tries=2, choices=(1.0,), slot_at=5.0)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.WAITING])
def test_back_in_the_line_all_that_was_answered_is_forgotten(stage):
    back = go(dialogue(stage), Stage.WAITING)
    assert (back.keyed, back.tries, back.choices, back.slot_at) == ("", 0, (), None)


@pytest.mark.parametrize("stage", Stage)
def test_repeating_a_question_does_not_forget_how_often_it_was_asked(stage):
    assert go(dialogue(stage), stage).tries == 2


def test_the_digits_of_a_time_are_kept_while_its_day_is_asked():
    assert go(dialogue(Stage.KEYING_TIME), Stage.KEYING_DAY).keyed == "12"


def test_the_time_that_was_chosen_is_kept_while_the_number_is_asked():
    for stage in (Stage.CONFIRMING, Stage.KEYING, Stage.STORING):
        assert go(dialogue(Stage.CHOOSING), stage).slot_at == 5.0


def test_every_field_that_is_forgotten_is_a_field_of_the_dialogue():
    assert {memory for row in TABLE.values() for memory in row.forgets} == set(Memory), printed()


def test_a_fixed_question_is_a_whole_sentence():
    fixed = [row.question for row in TABLE.values() if isinstance(row.question, Fixed)]
    assert len(fixed) == len(set(fixed)) == 7, printed()


if __name__ == "__main__":
    print(printed())

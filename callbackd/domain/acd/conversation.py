"""Keys and silence: looked up in the table of the conversation, carried out by the desk that owns the act.

Questions are asked again here, for all desks alike: each reading is counted, and after the last the stage gives up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from callbackd.domain.agents.floor import Floor
from callbackd.domain.callbacks.promise import Promises
from callbackd.domain.callers.menus import Menus
from callbackd.domain.callers.rejoin import Rejoin
from callbackd.domain.callers.waiting import Waiting
from callbackd.domain.dialler.customer import Customer
from callbackd.domain.dialler.do_not_call import DoNotCall
from callbackd.domain.events import DigitPressed
from callbackd.domain.ids import LegId
from callbackd.domain.lives import conversation as table
from callbackd.domain.lives.conversation import Again, Anywhere, Question, Readings, row_of
from callbackd.domain.lives.dialogue import Dialogue
from callbackd.domain.phrase import Fixed
from callbackd.domain.speech.speaking import Speech, subject_of
from callbackd.domain.state import State
from callbackd.domain.timers import Timer


class Conversation:
    def __init__(
        self,
        state: State,
        speech: Speech,
        promises: Promises,
        rejoin: Rejoin,
        waiting: Waiting,
        menus: Menus,
        floor: Floor,
        customer: Customer,
        do_not_call: DoNotCall,
    ) -> None:
        self._state = state
        self._speech = speech
        self._promises = promises
        self._rejoin = rejoin
        self._waiting = waiting
        self._menus = menus
        self._floor = floor
        self._customer = customer
        self._do_not_call = do_not_call

    def key(self, event: DigitPressed) -> None:
        dialogue = self._state.dialogues.get(event.leg)
        if dialogue is None:
            return
        row = row_of(dialogue)
        act = row.act(event.digit)
        if dialogue.playback and dialogue.begun_at is None and not row.early_keys:
            self._ignored(dialogue, event.digit, "before the question began")
        elif act in table.BINDING and self._unheard(dialogue):
            self._ignored(dialogue, event.digit, "it binds somebody, and nobody can have heard the question yet")
        elif act is Anywhere.IGNORE:
            self._ignored(dialogue, event.digit, f"it means nothing while {dialogue.stage.value}")
        elif row.needs_place and self._speech.entry_of(dialogue) is None:
            self._speech.leave(replace(dialogue, entry=None), Fixed.GOODBYE)  # given up meanwhile: it was too old
        else:
            self._state.timers.cancel(Timer.REPLY, event.leg)
            self._obey(dialogue, act, event.digit)

    def _unheard(self, dialogue: Dialogue) -> bool:
        """Whether the question, asked for the first time, began too short a while ago to have been understood."""
        began = dialogue.begun_at if dialogue.playback and not dialogue.tries else None
        return began is not None and self._state.now < began + self._state.settings.keys.heard_s

    def no_key(self, leg: LegId) -> None:
        """The time for an answer is over."""
        dialogue = self._state.dialogues.get(leg)
        if dialogue and (act := row_of(dialogue).silence):
            self._obey(dialogue, act)

    def _ignored(self, dialogue: Dialogue, digit: str, reason: str) -> None:
        self._state.note(subject_of(dialogue), f"key {digit} ignored", reason)

    # --- acts -----------------------------------------------------------------------------------------------------

    def _obey(self, dialogue: Dialogue, act: table.Act, digit: str = "", *apology: Fixed) -> None:
        again: Again | None = None
        match act:
            case Anywhere():
                again = self._not_an_answer(dialogue, act, digit)
            case table.AtMenu():
                again = self._menus.obey(dialogue, act, digit)
            case table.InLine():
                self._waiting.obey(dialogue, act, digit)
            case table.Promising():
                again = self._promises.obey(dialogue, act, digit, *apology)
            case table.AtPromise():
                again = self._rejoin.obey(dialogue, act, digit)
            case table.ByCustomer():
                self._customer.obey(dialogue, act, digit)
            case table.ToBeLeftAlone():
                again = self._do_not_call.obey(dialogue, act)
            case table.ByAgent():
                self._floor.obey(dialogue, act, digit)
            case _:
                assert_never(act)
        if again:
            self._again(again)

    def _not_an_answer(self, dialogue: Dialogue, act: Anywhere, digit: str) -> Again | None:
        match act:
            case Anywhere.ASK_AGAIN:
                return Again(dialogue, "no key was pressed")
            case Anywhere.WRONG_KEY:
                return table.wrong_key(dialogue, digit)
            case Anywhere.IGNORE:
                pass
            case _:
                assert_never(act)
        return None

    # --- asking again ---------------------------------------------------------------------------------------------

    def _again(self, again: Again) -> None:
        """Ask once more, or after the last reading do what somebody who cannot press keys would want."""
        dialogue = replace(again.dialogue, tries=again.dialogue.tries + 1)
        apology = (again.apology,) if again.apology else ()
        row, tries = row_of(dialogue), dialogue.tries
        last = tries >= self._readings(row.readings)
        self._state.note(subject_of(dialogue), "asked no more" if last else "asked again", again.reason, tries=tries)
        if not last:
            self._ask(dialogue, *apology)
        elif row.give_up:
            self._obey(dialogue, row.give_up, "", *apology)

    def _readings(self, readings: Readings) -> int:
        match readings:
            case Readings.NONE:
                return 0
            case Readings.ONCE:
                return 1
            case Readings.TRIES:
                return table.TRIES
            case Readings.AS_SET:
                return self._state.settings.dialling.menu_readings
            case _:
                assert_never(readings)

    def _ask(self, dialogue: Dialogue, *apology: Fixed) -> None:
        row, dialogue = row_of(dialogue), table.go(dialogue, dialogue.stage)
        question = row.again or row.question
        match question:
            case Fixed():
                self._speech.say(dialogue, *apology, question)
            case Question.LANGUAGES | Question.MENU:
                self._menus.ask(dialogue, *apology)
            case Question.NUMBER:
                self._promises.read_back(dialogue, *apology)
            case Question.PROMISE:
                self._rejoin.ask(dialogue, *apology)
            case Question.TIMES:
                if not self._promises.choose(dialogue, *apology):
                    self._promises.back(dialogue, *apology)
            case None:
                pass
            case _:
                assert_never(question)

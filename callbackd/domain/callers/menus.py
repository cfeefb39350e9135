"""The desk at the entrance: it asks for the language and the queue before a caller gets a place in a line.

Callers who press nothing, or keys without a meaning, are let through after the last reading: in the default language,
to the default queue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from callbackd.domain import numbers
from callbackd.domain.events import CallArrived, Party
from callbackd.domain.lives.conversation import Again, AtMenu, go, wrong_key
from callbackd.domain.lives.dialogue import Dialogue, Stage
from callbackd.domain.phrase import Greeting, LanguageChoice, Phrase
from callbackd.domain.phrase import Menu as MenuPhrase
from callbackd.domain.settings import Menu
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State
from callbackd.domain.timers import Timer


class Menus:
    def __init__(self, state: State, speech: Speech, admit: Callable[..., None]) -> None:
        """``admit(event, greeted=…)`` takes a caller whose queue is known."""
        self._state = state
        self._speech = speech
        self._admit = admit

    def arrive(self, event: CallArrived) -> None:
        menu = self._state.settings.menus.get(event.queue)
        if menu is None:
            self._admit(event, greeted=False)
        elif event.stood_in or self._promised(event, menu):
            self._admit(replace(event, queue=menu.otherwise), greeted=False)
        else:
            state = self._state
            state.timers.set(Timer.DEAD_MAN, event.leg, state.now + state.settings.dead_man.waiting_s / 2)
            state.note(event.leg, f"asked by menu {menu.name}", "called it", number=numbers.tame(event.number))
            language = event.language or menu.language
            dialogue = Dialogue(
                event.leg, Party.CALLER, Stage.LANGUAGE, language, queue=menu.name, arrival=event, menu=menu.name
            )
            asks_language = menu.languages and not event.language
            self.ask(dialogue if asks_language else go(dialogue, Stage.MENU), Greeting(menu.name))

    def obey(self, dialogue: Dialogue, act: AtMenu, digit: str) -> Again | None:
        match act:
            case AtMenu.CHOOSE:
                return self._choose(dialogue, digit)
            case AtMenu.GO_ON:
                self._go_on(dialogue)
                return None
            case _:
                assert_never(act)

    def _choose(self, dialogue: Dialogue, digit: str) -> Again | None:
        menu, asks_language = self._menu(dialogue), dialogue.stage is Stage.LANGUAGE
        chosen = (menu.languages if asks_language else menu.choices).get(digit)
        if chosen is None:
            return wrong_key(dialogue, digit)
        if asks_language:
            self.ask(go(replace(dialogue, language=chosen), Stage.MENU))
        elif chosen in self._state.settings.menus:
            self.ask(replace(dialogue, menu=chosen, queue=chosen, tries=0))
        else:
            self._pass_on(dialogue, chosen, f"key {digit} of menu {menu.name}")
        return None

    def _go_on(self, dialogue: Dialogue) -> None:
        """Go on without an answer: in the default language to the menu, and from there to the default queue."""
        if dialogue.stage is Stage.LANGUAGE:
            self.ask(go(dialogue, Stage.MENU))
        else:
            self._pass_on(dialogue, self._menu(dialogue).otherwise, "no choice was made")

    def ask(self, dialogue: Dialogue, *before: Phrase) -> None:
        """Ask the question of the stage; a menu that asks only for the language has no more to ask."""
        menu = self._menu(dialogue)
        if dialogue.stage is Stage.LANGUAGE:
            choices = (LanguageChoice(int(key), language) for key, language in sorted(menu.languages.items()))
            self._speech.say(dialogue, *before, *choices)
        elif menu.choices:
            self._speech.say(dialogue, *before, MenuPhrase(menu.name))
        else:
            self._pass_on(dialogue, menu.otherwise, "the language is known")

    def _pass_on(self, dialogue: Dialogue, to: str, reason: str) -> None:
        state, event = self._state, dialogue.arrival
        state.note(dialogue.leg, f"passed on to {to}", reason, language=dialogue.language)
        if dialogue.leg in state.dialogues:
            self._speech.end(dialogue.leg)
        if event:
            self._admit(replace(event, queue=to, language=dialogue.language), greeted=True)

    def _menu(self, dialogue: Dialogue) -> Menu:
        return self._state.settings.menus[dialogue.menu]

    def _promised(self, event: CallArrived, menu: Menu) -> bool:
        """Whether this number has an open callback where the menu leads by default: then there is nothing to ask."""
        known = numbers.check(event.number, self._state.settings.numbers)
        group = self._state.settings.queues[menu.otherwise].group
        return isinstance(known, numbers.Allowed) and self._state.promised_to(known.number, group) is not None

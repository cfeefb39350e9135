"""Keys and silence: what a leg that we speak with answers goes to the desk whose question it is."""

from __future__ import annotations

from collections.abc import Callable

from callbackd.domain import events as ev
from callbackd.domain.agents.floor import Floor
from callbackd.domain.callbacks.promise import Promises
from callbackd.domain.callers.menus import Menus
from callbackd.domain.callers.rejoin import Rejoin
from callbackd.domain.callers.waiting import Waiting
from callbackd.domain.dialler.dial import Dial
from callbackd.domain.dialler.do_not_call import DoNotCall
from callbackd.domain.ids import LegId
from callbackd.domain.lives.dialogue import Dialogue, Stage
from callbackd.domain.state import State
from callbackd.domain.timers import Timer


class Conversation:
    def __init__(
        self,
        state: State,
        promises: Promises,
        rejoin: Rejoin,
        waiting: Waiting,
        menus: Menus,
        floor: Floor,
        dial: Dial,
        do_not_call: DoNotCall,
    ) -> None:
        self._state = state
        waiting_keys = {Stage.WAITING: waiting.key, Stage.REJOINING: rejoin.key}
        of_customers = {Stage.INVITED: do_not_call.key, Stage.POSTPONING: dial.key}
        self._keys: dict[Stage, Callable[[Dialogue, str], object]] = {
            **promises.keys,
            **waiting_keys,
            **of_customers,
            Stage.ACCEPTING: floor.key,
            Stage.LANGUAGE: menus.key,
            Stage.MENU: menus.key,
        }
        self._silences: dict[Stage, Callable[[Dialogue], None]] = {
            **dict.fromkeys([*promises.keys, Stage.REJOINING], promises.silence),
            **dict.fromkeys(of_customers, dial.silence),
            **dict.fromkeys([Stage.LANGUAGE, Stage.MENU], menus.silence),
            Stage.ACCEPTING: floor.silence,
        }

    def key(self, event: ev.DigitPressed) -> None:
        dialogue = self._state.dialogues.get(event.leg)
        if dialogue is None:
            return
        if dialogue.playback and not dialogue.begun and dialogue.stage is not Stage.WAITING:
            # In the line a key asks for a callback at any moment; elsewhere it answers a question that was heard.
            self._state.decide(dialogue.entry or event.leg, f"key {event.digit} ignored", "before the question began")
        elif handler := self._keys.get(dialogue.stage):
            self._state.timers.cancel(Timer.REPLY, event.leg)
            handler(dialogue, event.digit)
        else:
            reason = f"nothing is asked while {dialogue.stage.value}"
            self._state.decide(dialogue.entry or event.leg, f"key {event.digit} ignored", reason)

    def no_key(self, leg: LegId) -> None:
        """The time for an answer is over."""
        dialogue = self._state.dialogues.get(leg)
        if dialogue and (handler := self._silences.get(dialogue.stage)):
            handler(dialogue)

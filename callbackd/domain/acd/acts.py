"""The desk for what people and programs ask for: each act is done, or refused with the reason, and answered either way.

Nothing is done while the database is away: an act is answered once it is written down, and is in the audit. An act that
would change nothing counts as done.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from callbackd.domain import events as ev
from callbackd.domain.acd.supervision import Supervision
from callbackd.domain.agents.calls import Calls
from callbackd.domain.agents.floor import LONGEST_PAUSE_S, Floor
from callbackd.domain.callbacks.promise import Promises
from callbackd.domain.commands import Happening
from callbackd.domain.dialler.do_not_call import DoNotCall
from callbackd.domain.events import Asked, FeatureCode
from callbackd.domain.ids import AgentId, CallbackId, EntryId, QueueName
from callbackd.domain.lives.agent import Presence, PresenceTrigger
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState
from callbackd.domain.lives.switch import Switch
from callbackd.domain.numbers import e164
from callbackd.domain.settings import Reserve
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State
from callbackd.domain.timers import Timer

DONE = ""
"""No reason against it."""


class Acts:
    def __init__(
        self,
        state: State,
        speech: Speech,
        promises: Promises,
        floor: Floor,
        calls: Calls,
        do_not_call: DoNotCall,
        supervision: Supervision,
    ) -> None:
        self._state = state
        self._speech = speech
        self._promises = promises
        self._floor = floor
        self._calls = calls
        self._do_not_call = do_not_call
        self._supervision = supervision
        self._storing: dict[CallbackId, Asked] = {}
        """Who waits until a promise is in the database."""

    def hear(self, asked: Asked) -> None:
        away = "the database is away: nothing can be written down now"
        why = self._carry_out(asked) if self._state.world.database else away
        if why is not None:
            self._state.answer(asked, why)

    def stored(self, event: ev.PromiseStored | ev.PromiseNotStored) -> None:
        """The promise that somebody asked for is there, or is not."""
        if asked := self._storing.pop(event.callback, None):
            self._state.answer(asked, DONE if isinstance(event, ev.PromiseStored) else event.reason, event.callback)

    def _carry_out(self, asked: Asked) -> str | None:
        """Why it was refused; empty when it was done, None when the answer comes later."""
        match asked.act:
            case ev.RequestCallback():
                return self._request(asked.act, asked)
            case ev.MoveCallback(callback, slot_at):
                return self._move(callback, slot_at, asked)
            case ev.CancelCallback(callback):
                return self._cancel(callback, asked)
            case ev.CallNow(callback):
                return self._call_now(callback)
            case ev.AssignCallback(callback, agent):
                return self._assign(callback, agent)
            case ev.BlockNumber(number):
                self._do_not_call.blocked(ev.NumberBlocked(number, f"asked by {asked.who}: {asked.reason}"))
                return DONE if e164(number, self._state.settings.numbers) else "that is not a telephone number"
            case ev.UnblockNumber(number):
                self._do_not_call.unblocked(ev.NumberUnblocked(number))
                return DONE if e164(number, self._state.settings.numbers) else "that is not a telephone number"
            case ev.AgentAct(agent, code, back_in_s):
                return _no_return(code, back_in_s) or self._agent(agent, code, asked, back_in_s)
            case ev.Dispose(agent, disposition):
                return self._said(agent, Happening.DISPOSED, disposition)
            case ev.WriteNote(agent, text):
                return self._said(agent, Happening.NOTED, text)
            case ev.TurnSwitch(switch, on, queue):
                return self._turn(switch, on, queue, asked)
            case ev.CloseEarly(queue, until):
                return self._close(queue, until, asked)
            case ev.TakeOut(entry):
                return self._take_out(entry, asked)
            case ev.PutFirst(entry):
                return self._put_first(entry, asked)
            case _:
                assert_never(asked.act)

    # --- callbacks ----------------------------------------------------------------------------------------------------

    def _waiting(self, id: str) -> Callback | str:
        """The promise if it is waiting; otherwise why nothing can be done with it now."""
        callback = self._state.callbacks.get(CallbackId(id))
        if callback is None:
            return "there is no open callback of this id"
        if callback.state is CallbackState.DIALLING:
            return "already dialled: the customer is being rung"
        if callback.state is CallbackState.ACCEPTED:
            return "already dialled: the customer is on the line"
        if self._promises.is_storing(self._state.entries[callback.entry]):
            return "it is being moved at this moment"
        return callback

    def _request(self, act: ev.RequestCallback, asked: Asked) -> str | None:
        queue = self._state.settings.queues.get(QueueName(act.queue))
        if queue is None:
            return "there is no such queue"
        id = CallbackId(self._promises.request(queue, act.number, act.language, act.slot_at))
        if id in self._state.callbacks:  # the customer has a place already, and that is the answer
            self._state.answer(asked, DONE, id)
            return None
        if id not in self._promises.storing():
            return id
        self._storing[id] = asked
        return None

    def _move(self, id: str, slot_at: float, asked: Asked) -> str | None:
        callback = self._waiting(id)
        if isinstance(callback, str):
            return callback
        if refused := self._promises.move(callback, slot_at):
            return refused
        self._storing[callback.id] = asked
        return None

    def _cancel(self, id: str, asked: Asked) -> str:
        callback = self._waiting(id)
        if isinstance(callback, str):
            return callback
        reason = _by(asked)
        self._promises.end_promise(callback, CallbackOutcome.CANCELLED, reason)
        self._speech.close(self._state.entries[callback.entry], EntryOutcome.CANCELLED, reason)
        return DONE

    def _call_now(self, id: str) -> str:
        """Make the promise the next to be dialled, whenever it is due. Calling hours and limits still apply."""
        callback = self._waiting(id)
        if isinstance(callback, str):
            return callback
        state, entry = self._state, self._state.entries[callback.entry]
        for timer in (Timer.RETRY, Timer.ENTER):
            state.timers.cancel(timer, entry.id)
        if entry.state is EntryState.OUTSIDE:
            entry = state.move(entry.enter(state.now))
        state.put(self._first(replace(entry, slot_at=None, not_before=0.0)))
        return DONE

    def _assign(self, id: str, agent: str) -> str:
        """Give the promise to one agent alone, for as long as it lives; without an agent, to anybody again."""
        callback, state = self._waiting(id), self._state
        if isinstance(callback, str):
            return callback
        entry = state.entries[callback.entry]
        if not agent:
            state.put(replace(entry, wanted=None, wanted_until=0.0))
            return DONE
        settings = state.settings.agents.get(AgentId(agent))
        if settings is None:
            return "there is no such agent"
        if entry.queue not in settings.queues:
            return f"{agent} does not serve {entry.queue}"
        state.put(replace(entry, wanted=settings.id, wanted_until=callback.expires_at))
        return DONE

    # --- agents -------------------------------------------------------------------------------------------------------

    def _agent(self, name: str, code: FeatureCode, asked: Asked, back_in_s: float | None) -> str:
        id, floor = AgentId(name), self._floor
        agent = self._state.agents.get(id)
        if agent is None:
            return "there is no such agent"
        match code:
            case FeatureCode.EXTEND:
                return DONE if floor.extend_wrap_up(id) else "the agent is not in wrap-up"
            case FeatureCode.READY:
                floor.ready(id)
                return DONE
            case FeatureCode.CALL_IN | FeatureCode.SEND_HOME:
                if self._state.settings.agents[id].reserve is Reserve.NO:
                    return "the agent is not in reserve"
                floor.call_in(id, code is FeatureCode.CALL_IN, _by(asked))
                return DONE
            case FeatureCode.LOGIN | FeatureCode.LOGOUT | FeatureCode.PAUSE | FeatureCode.UNPAUSE:
                trigger = PresenceTrigger(code.value)
                if agent.presence is Presence.LOGGED_OUT and trigger in {
                    PresenceTrigger.PAUSE,
                    PresenceTrigger.UNPAUSE,
                }:
                    return "the agent is not logged in"
                floor.set_presence(id, trigger, asked.reason or _by(asked))
                if back_in_s is not None:
                    floor.expect_back(id, back_in_s)
                return DONE
            case _:
                assert_never(code)

    def _said(self, name: str, what: Happening, text: str) -> str:
        """Note words about the agent's call in hand, else about the last one."""
        if AgentId(name) not in self._state.agents:
            return "there is no such agent"
        self._calls.said(AgentId(name), what, text)
        return DONE

    # --- switches -----------------------------------------------------------------------------------------------------

    def _turn(self, switch: str, on: bool, queue: str, asked: Asked) -> str:
        queues = self._state.settings.queues
        if switch == "crisis":
            if queue and QueueName(queue) not in queues:
                return "there is no such queue"
            kept = [f"crisis {name}" for name in ([queue] if queue else queues)]
        elif switch in {"offering", "dialling"}:
            kept = [switch]
        else:
            return "there are three switches: offering, dialling and crisis"
        self._supervision.hear(ev.SwitchTurned(switch, on, queue, _by(asked)))
        for id in kept:
            self._state.put(Switch(id, on, self._state.now, asked.who))
        return DONE

    def _close(self, queue: str, until: float | None, asked: Asked) -> str:
        if QueueName(queue) not in self._state.settings.queues:
            return "there is no such queue"
        if until is not None and until <= self._state.now:
            return "that time is over"
        self._supervision.hear(ev.ClosedEarly(queue, until))
        self._state.put(Switch(f"closed {queue}", until is not None, self._state.now, asked.who, until))
        return DONE

    # --- places -------------------------------------------------------------------------------------------------------

    def _place(self, id: str) -> Entry | str:
        entry = self._state.entries.get(EntryId(id))
        if entry is None:
            return "there is no open place of this id"
        if entry.state is EntryState.TALKING:
            return "the caller is talking to an agent"
        return entry

    def _take_out(self, id: str, asked: Asked) -> str:
        """Send a caller to the dialplan's fallback, or cancel a promise."""
        entry = self._place(id)
        if isinstance(entry, str):
            return entry
        if callback := self._state.callback_of(entry):
            return self._cancel(callback.id, asked)
        if not asked.reason:
            return "taking a caller out needs a reason"
        if entry.leg is None or self._promises.is_storing(entry):
            return "a callback is being promised at this moment"
        self._floor.stop_ringing(entry, _by(asked))
        self._speech.close(self._state.entries[entry.id], EntryOutcome.LEFT, _by(asked))
        self._speech.send_away(entry.leg, entry.queue, _by(asked))
        return DONE

    def _put_first(self, id: str, asked: Asked) -> str:
        entry = self._place(id)
        if isinstance(entry, str):
            return entry
        if not asked.reason:
            return "putting a caller first needs a reason"
        if entry.state is EntryState.OUTSIDE:
            return "it stands outside the line, for a time that is not near"
        if first := self._first(entry):
            self._state.put(first)
        return DONE

    def _first(self, entry: Entry) -> Entry:
        """The entry with the priority that puts it before everybody else of its queue."""
        others = [e for e in self._state.entries.values() if e.queue == entry.queue and e.id != entry.id]
        head = min((self._state.order(other) for other in others), default=None)
        while head is not None and self._state.order(entry) > head:
            entry = replace(entry, priority=entry.priority + 1)
        return entry


def _no_return(code: FeatureCode, in_s: float | None) -> str:
    """Why this is no return that can be expected; empty when it is, or when none was given."""
    if in_s is None:
        return DONE
    if code is not FeatureCode.PAUSE:
        return "only an agent who pauses is expected back"
    if not 0 < in_s <= LONGEST_PAUSE_S:
        return f"the return must lie within {LONGEST_PAUSE_S / 3600:.0f} hours"
    return DONE


def _by(asked: Asked) -> str:
    return f"by {asked.who}: {asked.reason}" if asked.reason else f"by {asked.who}"

"""The desk of transfers: an agent sends the caller on, and the place follows the person to whichever leg is theirs.

The agent asks by the telephone's transfer key. The dialplan dials where the caller goes, with the rights of that
telephone; from then on the caller's leg is no longer ours. An agent who consults one of our lines, or an agent there,
gives the caller that place instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from callbackd.domain import numbers
from callbackd.domain.acd import outside
from callbackd.domain.agents.floor import Floor
from callbackd.domain.callbacks.limits import price_of
from callbackd.domain.callers.menus import Menus
from callbackd.domain.callers.waiting import Waiting
from callbackd.domain.commands import AnswerTransfer, ClaimTransfer, HangUp, NotePlace, StopMusic, Transfer
from callbackd.domain.dialler.budget import Budget
from callbackd.domain.dialler.outcome import Outcomes
from callbackd.domain.events import (
    LegReplaced,
    TransferAsked,
    TransferClaimed,
    TransferFailed,
    TransferNotClaimed,
    Transferred,
)
from callbackd.domain.ids import EntryId, LegId, SentOutId
from callbackd.domain.lives.agent import Activity
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.lives.sent_out import SentOut
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State


@dataclass(slots=True)
class _Pending:
    """The dialplan has been asked to take the caller, and has not answered."""

    to: str
    how: str
    agent_gone: bool = False
    """The agent's telephone hung up meanwhile."""


class Transfers:
    def __init__(
        self,
        state: State,
        speech: Speech,
        menus: Menus,
        waiting: Waiting,
        floor: Floor,
        outcomes: Outcomes,
        budget: Budget,
    ) -> None:
        self._state = state
        self._speech = speech
        self._menus = menus
        self._waiting = waiting
        self._floor = floor
        self._outcomes = outcomes
        self._budget = budget
        self._pending: dict[EntryId, _Pending] = {}
        self._claiming: dict[SentOutId, TransferAsked] = {}
        """Transfers to outside numbers that wait for the database to count them."""

    def pending(self, entry: Entry) -> bool:
        """Whether the entry's caller is on the way out: events about the legs end nothing meanwhile."""
        return entry.id in self._pending

    # --- asked by a telephone ---------------------------------------------------------------------------------------

    def asked(self, event: TransferAsked) -> None:
        state, entry = self._state, self._talk_of(event.leg)
        if entry is None or entry.leg is None:
            self._refuse(event.leg, "only an agent who talks to a caller transfers")
        elif not state.settings.transfers.enabled:
            self._refuse(event.leg, "the settings allow no transfers: [transfers] enabled")
        elif self.pending(entry) or self._is_counted(entry):
            state.note(event.leg, "transfer ignored", "it is under way already")
        elif entry.id in state.joining:
            self._refuse(event.leg, "another step of this call is under way")
        elif event.consult and self._stands_for_somebody(event.consult):
            state.do(AnswerTransfer(event.leg, done=True, reason="the consulted place is the caller's now"))
            self._swap(entry, event.consult)
        elif not (event.to or event.colleague):
            self._refuse(event.leg, "it names nobody to transfer to")
        elif why := self._forbidden(event):
            self._refuse(event.leg, why)
        elif (number := outside.number_of(event, state.settings)) and state.settings.transfers.counted:
            self._claim(entry, entry.leg, event, number)
        else:
            self._send(entry, event.leg, event)

    def _talk_of(self, leg: LegId) -> Entry | None:
        """The place whose agent is talking, by the leg of the agent."""
        agent = self._state.agent_of(leg)
        return self._state.entry(agent.entry) if agent and agent.activity is Activity.TALKING else None

    def _forbidden(self, event: TransferAsked) -> str:
        """Why the policy does not let a caller go there; empty when it does."""
        state = self._state
        number = outside.number_of(event, state.settings)
        return "" if number is None else outside.refusal(number, state.settings.transfers.outside, state.callable)

    # --- counted in the day's budget --------------------------------------------------------------------------------

    def _claim(self, entry: Entry, leg: LegId, event: TransferAsked, number: str) -> None:
        """Have the database count a transfer before the caller goes."""
        state = self._state
        known = numbers.e164(number, state.settings.numbers) or numbers.tame(number)
        price = price_of(known, state.settings.limits)
        sent = SentOut(state.mint.sent_out(state.now), entry.id, leg, known, state.now, price)
        state.put(sent, saved=True)
        self._claiming[sent.id] = event
        state.store(ClaimTransfer(sent))

    def _is_counted(self, entry: Entry) -> bool:
        """Whether the database is asked to count a transfer of the entry's caller."""
        return any(self._state.sent_out[id].entry == entry.id for id in self._claiming if id in self._state.sent_out)

    def claimed(self, event: TransferClaimed) -> None:
        state = self._state
        wanted, sent = self._claiming.pop(event.sent, None), state.sent_out.get(event.sent)
        self._budget.spent(event.dials, event.talk_s, event.money)
        if wanted is None or sent is None:
            return
        entry = self._talk_of(wanted.leg)
        if entry and (entry.id, entry.leg) == (sent.entry, sent.leg) and entry.id not in state.joining:
            self._send(entry, wanted.leg, wanted)
        else:
            state.put(sent.over(state.now, dialled=False))
            self._refuse(wanted.leg, "the call has changed meanwhile")

    def not_claimed(self, event: TransferNotClaimed) -> None:
        state = self._state
        wanted, sent = self._claiming.pop(event.sent, None), state.sent_out.get(event.sent)
        if event.until:
            self._budget.held(event.reason, event.until)
        if sent:
            state.put(sent.over(state.now, dialled=False))
        if wanted:
            self._refuse(wanted.leg, f"[transfers] counted: {event.reason}")

    def ended(self, leg: LegId) -> None:
        """The leg ended, or is back with us: if it was at an outside number, the time there is over."""
        for sent in [sent for sent in self._state.sent_out.values() if sent.leg == leg]:
            self._state.put(sent.over(self._state.now, dialled=sent.id not in self._claiming))

    def not_sent(self) -> None:
        """After a restart: callers who were about to leave, and talk to their agents still, were not sent anywhere."""
        state = self._state
        for sent in list(state.sent_out.values()):
            if (entry := state.entry(sent.entry)) and not self.pending(entry) and sent.id not in self._claiming:
                state.put(sent.over(state.now, dialled=False))

    # --- the way there ----------------------------------------------------------------------------------------------

    def _refuse(self, leg: LegId, reason: str) -> None:
        self._state.note(leg, "transfer refused", reason)
        self._state.do(AnswerTransfer(leg, done=False, reason=reason))

    def _send(self, entry: Entry, by: LegId, event: TransferAsked) -> None:
        state = self._state
        if entry.leg is None:
            return
        how = "attended" if event.colleague else "blind"
        to = event.to or event.colleague
        self._pending[entry.id] = _Pending(to, how)
        state.note(entry.id, "transfer asked", how, to=numbers.tame(to), agent=entry.agent)
        state.do(
            StopMusic(entry.leg),
            Transfer(
                entry.leg, by, to, event.consult, event.colleague, state.settings.transfers.context,
                state.settings.transfers.ring_s, entry.queue, entry.id, entry.arrived_at,
            ),
        )  # fmt: skip

    def done(self, event: Transferred) -> None:
        """The dialplan has the caller's leg: the conversation here is over, and the agent's wrap-up begins."""
        entry = self._state.entry_of(event.leg)
        pending = self._pending.pop(entry.id, None) if entry else None
        if entry and pending and entry.state is EntryState.TALKING:
            self._over(entry, pending.to, pending.how)

    def arrived(self, leg: LegId) -> None:
        """The caller comes in from the dialplan, perhaps before we have heard that the dialplan has the leg."""
        self.done(Transferred(leg))
        self.ended(leg)

    def failed(self, event: TransferFailed) -> None:
        """The agent keeps talking; a caller whose agent is gone by now is back at the place."""
        entry = self._state.entry_of(event.leg)
        pending = self._pending.pop(entry.id, None) if entry else None
        if entry is None or pending is None:
            return
        self._state.note(entry.id, "not transferred", event.reason, to=numbers.tame(pending.to))
        self.not_sent()
        if pending.agent_gone and entry.state is EntryState.TALKING:
            self.take_back(entry, "the agent has gone, and the transfer failed")

    def agent_gone(self, entry: Entry) -> None:
        """The agent's telephone hung up while the caller is on the way, as telephones do after a transfer."""
        self._pending[entry.id].agent_gone = True

    def forget(self, entry: Entry) -> None:
        """The caller hung up on the way."""
        self._pending.pop(entry.id, None)

    def take_back(self, entry: Entry, reason: str) -> None:
        """The caller stays with us and the agent does not: the place is as it was."""
        leg = entry.leg
        waiting = self._floor.never_joined(entry, reason, left=True)
        if leg:
            self._waiting.take_back(waiting, leg)

    def _over(self, entry: Entry, to: str, how: str) -> None:
        state = self._state
        state.note(entry.id, f"transferred, {how}", f"by {entry.agent}", to=numbers.tame(to))
        entry = state.put(replace(entry, transferred_to=to))
        self._outcomes.connected(entry)
        self._floor.talk_over(entry, "agent", left=True)

    # --- one leg in the place of another ------------------------------------------------------------------------------

    def replaced(self, event: LegReplaced) -> None:
        """Asterisk connected somebody by itself: the person who waited or talked there is another one now."""
        entry = self._talk_of(event.leg)
        if entry and entry.leg:
            # A colleague is in the agent's place, on a leg that is no agent's: both are let go together.
            self._send(entry, event.leg, TransferAsked(event.leg, "", colleague=event.name_of_channel))
        elif not self._moved(event.leg, event.by, event.number):
            self._state.note(event.by, "leg hung up", "it stands in the place of nobody")
            self._state.do(HangUp(event.by, "it stands in the place of nobody"))

    def _stands_for_somebody(self, leg: LegId) -> bool:
        dialogue = self._state.dialogue(leg)
        return self._state.entry_of(leg) is not None or (dialogue is not None and dialogue.arrival is not None)

    def _swap(self, entry: Entry, consult: LegId) -> None:
        """The agent has asked for help in a line of ours: the caller takes over the place in it."""
        leg, number = entry.leg, entry.number
        other = self._state.entry_of(consult)
        self._over(entry, other.queue if other else "a menu", "attended")
        if leg:
            self._moved(consult, leg, number, came_from=entry.id)
        self._state.do(HangUp(consult, "the caller has taken the place over"))

    def _moved(self, leg: LegId, by: LegId, number: str, came_from: EntryId | None = None) -> bool:
        """Whether ``leg`` was somebody's; then ``by`` has taken its place."""
        state, entry, dialogue = self._state, self._state.entry_of(leg), self._state.dialogue(leg)
        self._speech.end(leg)
        if entry is None:
            if dialogue is None or dialogue.arrival is None:
                return False
            self._menus.arrive(replace(dialogue.arrival, leg=by, number=number or dialogue.arrival.number))
            return True
        known = numbers.check(number, state.settings.numbers)
        number = known.number if isinstance(known, numbers.Allowed) else numbers.tame(number)
        changed = replace(entry, leg=by, number=number or entry.number, came_from=came_from or entry.came_from)
        entry = state.put(changed if entry.callback is None else replace(entry, leg=by))
        state.note(entry.id, "another leg", "the caller was connected to this place", number=entry.number)
        state.do(NotePlace(by, entry.queue, entry.arrived_at))
        if entry.state is not EntryState.TALKING:
            self._waiting.adopt(entry, by)
        elif came_from:
            self._floor.join_again(entry)
        else:
            self._speech.arm_talk(by)
        return True

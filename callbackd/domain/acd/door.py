"""The door of the domain: one event and the time go in, commands come out.

>>> acd = Acd(settings, Mint(entropy))
>>> commands = acd.handle(CallArrived(leg, "support", "+442079460123"), now)

The code that calls ``handle`` commits what must be written, carries out the rest in order, and calls it again with what
happened, at the latest at ``next_deadline()``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from callbackd.domain import events as ev
from callbackd.domain.acd.acts import Acts
from callbackd.domain.acd.conversation import Conversation
from callbackd.domain.acd.legs import Legs
from callbackd.domain.acd.supervision import Supervision
from callbackd.domain.acd.transfers import Transfers
from callbackd.domain.agents.calls import Calls
from callbackd.domain.agents.floor import Floor
from callbackd.domain.agents.phones import Phones
from callbackd.domain.callbacks.promise import Promises
from callbackd.domain.callers.direct_callback import DirectCallback
from callbackd.domain.callers.menus import Menus
from callbackd.domain.callers.rejoin import Rejoin
from callbackd.domain.callers.waiting import Waiting
from callbackd.domain.commands import Command
from callbackd.domain.dialler.customer import Customer
from callbackd.domain.dialler.dial import Dial
from callbackd.domain.dialler.do_not_call import DoNotCall
from callbackd.domain.dialler.look_ahead import LookAhead
from callbackd.domain.dialler.outcome import Outcomes
from callbackd.domain.dialler.reservation import Reservations
from callbackd.domain.dialler.trace import Trace
from callbackd.domain.dialler.trunk import Trunk
from callbackd.domain.ids import AgentId, AttemptId, CallbackId, EntryId, LegId, Mint, PlaybackId, QueueName
from callbackd.domain.line import routing
from callbackd.domain.line.eligibility import widens_at
from callbackd.domain.lives.agent import Agent
from callbackd.domain.lives.entry import EntryState
from callbackd.domain.lives.quote import Quote, Remembered
from callbackd.domain.recovery import compare as comparing
from callbackd.domain.recovery import restore, snapshot
from callbackd.domain.recovery.snapshot import AgentShown
from callbackd.domain.settings import DialPolicy, Settings
from callbackd.domain.speech.speaking import Speech
from callbackd.domain.state import State
from callbackd.domain.timers import Timer
from callbackd.domain.wait import place
from callbackd.domain.wait.estimator import Estimator
from callbackd.domain.wait.learning import Learning
from callbackd.domain.wait.ledger import Ledger
from callbackd.domain.wait.place import Places
from callbackd.domain.wait.recursion import Recursive


class Acd:
    """Automatic call distribution. Not thread-safe and not re-entrant: one writer, the runner."""

    def __init__(self, settings: Settings, mint: Mint, estimator: Estimator | None = None) -> None:
        self._state = State(settings, mint)
        expected = {name: queue.expected_handle_s for name, queue in settings.queues.items()}
        self._estimator = estimator or Recursive(expected, settings.dialling.answer_s)
        self._speech = Speech(self._state)
        self._places = Places(self._state, self._estimator)
        self._ledger = Ledger(self._state, self._places)
        self._learning = Learning(self._state, self._estimator, self._places, self._ledger)
        self._promises = Promises(self._state, self._speech, self._places, self._ledger)
        self._rejoin = Rejoin(self._state, self._speech, self._places, self._promises)
        self._direct_callback = DirectCallback(self._state)
        self._waiting = Waiting(
            self._state, self._speech, self._places, self._promises, self._rejoin, self._direct_callback, self._ledger
        )
        self._menus = Menus(self._state, self._speech, self._admit)
        self._floor = Floor(self._state, self._speech, self._waiting, self._direct_callback, self._places)
        self._calls = Calls(self._state)
        self._phones = Phones(self._state, self._waiting, self._floor)
        trunk = Trunk(self._state)
        self._outcomes = Outcomes(self._state, self._speech, self._promises, self._floor, trunk)
        self._reservations = Reservations(self._state, self._speech, self._floor, self._outcomes)
        self._customer = Customer(self._state, self._speech, self._floor, trunk, self._outcomes, self._reservations)
        self._dial = Dial(self._state, self._places, self._outcomes)
        self._look_ahead = LookAhead(self._state, self._places)
        self._trace = Trace(self._state, self._speech, self._dial, self._outcomes)
        self._do_not_call = DoNotCall(self._state, self._speech, self._promises, self._outcomes)
        self._not_rung: dict[AgentId, str] = {}
        """Why each agent who is free was not rung when somebody waited, as it was noted last."""
        self._matched: object = None
        """The state's stamp when places and agents were last matched: while it is the same, none can be."""
        self._conversation = Conversation(
            self._state,
            self._speech,
            self._promises,
            self._rejoin,
            self._waiting,
            self._menus,
            self._floor,
            self._customer,
            self._do_not_call,
        )
        self._transfers = Transfers(
            self._state, self._speech, self._menus, self._waiting, self._floor, self._outcomes, self._dial.budget
        )
        self._legs = Legs(
            self._state,
            self._speech,
            self._menus,
            self._waiting,
            self._floor,
            self._transfers,
            self._dial,
            self._customer,
            self._outcomes,
            self._trace,
        )
        self._supervision = Supervision(self._state, self._speech, self._waiting, self._dial, self._trace)
        self._acts = Acts(
            self._state,
            self._speech,
            self._promises,
            self._floor,
            self._calls,
            self._do_not_call,
            self._supervision,
        )

    # --- the door -------------------------------------------------------------------------------------------------

    def handle(self, event: ev.Event, now: float) -> tuple[Command, ...]:
        """The commands that follow from ``event``. Deadlines that came before it are served first: none is skipped."""
        self._state.now = max(now, self._state.now)  # a clock set back must not undo what has been decided
        woken = False
        while key := self._state.timers.due(self._state.now):
            self._wake(*key)
            woken = True
        self._hear(event)
        self._phones.see(self._state.changes())
        self._reservations.see(self._state.changes())
        if woken or self._state.stamp() != self._matched:
            self._match()
            self._matched = self._state.stamp()
            self._dial_ahead()
            self._note_not_rung()
        self._learning.see(self._state.changes())
        return self._state.take()

    def next_deadline(self) -> float | None:
        """When ``handle(TimePassed(), …)`` is wanted at the latest; None when nothing is pending."""
        return self._state.timers.next_at()

    @property
    def state(self) -> State:
        """The state, for laws and tests to read. A change made through it would not be written down."""
        return self._state

    @property
    def estimator(self) -> Estimator:
        """The estimator with all it has learned, to be read."""
        return self._estimator

    @property
    def playing(self) -> Mapping[PlaybackId, LegId]:
        """The playbacks that are going on, and the leg of each."""
        return self._speech.playing

    def storing(self) -> frozenset[CallbackId]:
        """The promises that are on their way to the database."""
        return self._promises.storing()

    def open_quotes(self) -> frozenset[EntryId]:
        """The entries of quotes and forecasts that have neither come true nor been given up."""
        return self._ledger.open()

    def snapshot(self, now: float) -> snapshot.Snapshot:
        self._state.now = max(now, self._state.now)
        return snapshot.take(self._state, self._places)

    def agents_shown(self, now: float) -> tuple[AgentShown, ...]:
        """The agents of a snapshot, without the work that the places cost."""
        self._state.now = max(now, self._state.now)
        return snapshot.agents(self._state)

    def free_times(self, queue: QueueName, number: str, now: float) -> tuple[float, ...]:
        """The starts of the next times that can be promised in a queue to a number; to an unknown one if empty."""
        self._state.now = max(now, self._state.now)
        return self._promises.free(self._state.settings.queues[queue], number)

    def agents(self) -> tuple[Agent, ...]:
        """All agents as they are now."""
        return tuple(self._state.agents.values())

    def believes_in(self, leg: LegId) -> bool:
        """Whether the leg is somebody's, as far as we know: its end would be news."""
        state = self._state
        sent_out = any(sent.leg == leg for sent in state.sent_out.values())
        return sent_out or any(whose(leg) is not None for whose in (state.attempt_of, state.agent_of, state.entry_of))

    def in_flight(self) -> int:
        """How many attempts are under way."""
        return len(self._state.attempts)

    def open_lives(self) -> tuple[int, int]:
        """How many callers and customers are on the line without talking yet, and how many promises are open."""
        waiting = sum(entry.live and entry.state is not EntryState.TALKING for entry in self._state.entries.values())
        return waiting, len(self._state.callbacks)

    def differences(self, polled: Iterable[ev.Event]) -> frozenset[str]:
        """Where Asterisk, as a poll found it, and our state differ, in words. Changes nothing."""
        return comparing.differences(self._state, self._trace, polled)

    def broken_laws(self) -> list[str]:
        """The invariants that do not hold, in words; anything but an empty list is a bug of ours."""
        return [
            *self._state.broken_laws(),
            *self._do_not_call.broken_laws(),
            *place.broken_laws(self._state),
        ]

    def restore(self, rows: Iterable[restore.Row], now: float, generation: int = 0) -> tuple[Command, ...]:
        """The commands that follow from taking up the rows of an earlier run, before any event.

        We keep believing that whatever was ringing, dialling or talking still is: ``LegsSeen``, which must follow, and
        the events after it correct that. ``generation`` is one more than that of the daemon before us.
        """
        self._state.now = now
        self._state.world.generation = generation
        rows = list(rows)
        restore.take_up(self._state, rows)
        self._learning.know()
        self._ledger.take_up([row for row in rows if isinstance(row, Quote)])
        for row in rows:
            if isinstance(row, Remembered):
                self._estimator.recall(row.id, row.learned)
        for entry in list(self._state.entries.values()):
            self._places.look(entry)
            self._places.watch(entry)
        self._waiting.staff_changed()
        return self._state.take()

    # --- matching -------------------------------------------------------------------------------------------------

    def _match(self) -> None:
        while match := routing.next_match(self._state):
            if match.entry.live:
                self._floor.ring(match.entry, match.agents, match.reason)
                self._reservations.served(match.entry)
            elif match.entry.state is EntryState.DIALLING:
                self._reservations.reserve(match.entry, match.agents[0])
            else:
                first = self._state.queue_of(match.entry).dial is DialPolicy.CUSTOMER_FIRST
                first = first and not self._state.world.slow
                self._dial.claim(match.entry, None if first else match.agents[0], match.reason)

    def _note_not_rung(self) -> None:
        """Agents who are free while somebody waits, each with the reason, once as long as it is the same."""
        found = routing.not_rung(self._state)
        for id, why in found.items():
            if self._not_rung.get(id) != why:
                self._state.note(id, "free and not rung", why)
        self._not_rung = found

    def _dial_ahead(self) -> None:
        """Asked when anything has changed, and again by a timer: the chance of a free agent moves with the clock."""
        while ahead := self._look_ahead.next():
            self._dial.claim(ahead[0], None, ahead[1])

    # --- events ---------------------------------------------------------------------------------------------------

    def _hear(self, event: ev.Event) -> None:
        if isinstance(event, ev.SpokenEvent):
            self._hear_spoken(event)
        elif isinstance(event, ev.LegEvent):
            self._legs.hear(event)
        elif isinstance(event, ev.StoredEvent):
            self._hear_stored(event)
        elif isinstance(event, ev.PeopleEvent):
            self._hear_of_people(event)
        elif isinstance(event, ev.HouseEvent):
            self._supervision.hear(event)
        elif isinstance(event, ev.Asked):
            self._acts.hear(event)
        elif isinstance(event, ev.CallEvent):
            self._calls.hear(event)
        elif not isinstance(event, ev.TimePassed):  # time wakes what is due anyway
            assert_never(event)

    def _hear_spoken(self, event: ev.SpokenEvent) -> None:
        match event:
            case ev.PlaybackBegan():
                self._speech.begun(event.playback)
            case ev.PlaybackEnded():
                self._speech.spoken(event.playback)
            case ev.DigitPressed():
                self._conversation.key(event)
            case _:
                assert_never(event)

    def _hear_stored(self, event: ev.StoredEvent) -> None:
        match event:
            case ev.PromiseStored():
                self._promises.stored(event)
                self._acts.stored(event)
            case ev.PromiseNotStored():
                self._promises.not_stored(event)
                self._acts.stored(event)
            case ev.AttemptClaimed():
                self._dial.claimed(event)
            case ev.AttemptNotClaimed():
                self._dial.not_claimed(event)
            case ev.TransferClaimed():
                self._transfers.claimed(event)
            case ev.TransferNotClaimed():
                self._transfers.not_claimed(event)
            case _:
                assert_never(event)

    def _hear_of_people(self, event: ev.PeopleEvent) -> None:
        match event:
            case ev.AttemptTraced():
                self._trace.traced(event)
            case ev.FeatureCodeDialled():
                self._phones.dials(event.endpoint)
                self._floor.feature_code(event)
            case ev.DeviceSeen():
                self._phones.seen(event)
            case ev.AgentDialled():
                self._direct_callback.dialled(event)
            case ev.NumberBlocked():
                self._do_not_call.blocked(event)
            case ev.NumberUnblocked():
                self._do_not_call.unblocked(event)
            case _:
                assert_never(event)

    def _admit(self, event: ev.CallArrived, *, greeted: bool) -> None:
        """The queue is known."""
        if queue := self._state.settings.queues.get(QueueName(event.queue)):
            self._outcomes.rings_in(event.number, queue.group)
        self._waiting.arrive(event, greeted=greeted)

    # --- deadlines ------------------------------------------------------------------------------------------------

    def _wake(self, timer: Timer, whose: str) -> None:
        """A deadline has come. Some only want the match that follows."""
        match timer:
            case Timer.PLAYBACK:
                self._speech.overdue(PlaybackId(whose))
            case Timer.ANNOUNCE:
                self._waiting.announce(LegId(whose))
            case Timer.DEAD_MAN:
                self._speech.dead_man(LegId(whose))
            case Timer.REPLY:
                self._conversation.no_key(LegId(whose))
            case Timer.ALONE:
                self._floor.left_alone(LegId(whose))
            case Timer.RING:
                self._legs.ring_stuck(LegId(whose))
            case Timer.ATTEMPT:
                self._dial.stuck(AttemptId(whose))
            case Timer.ACCEPTED:
                self._customer.waited_too_long(EntryId(whose))
            case Timer.TRACE:
                self._trace.look_again(AttemptId(whose))
            case Timer.WRAP_UP:
                self._floor.wrapped(AgentId(whose))
            case Timer.EXPIRE:
                self._outcomes.expire(CallbackId(whose))
            case Timer.WIDEN:
                self._widen(EntryId(whose))
            case Timer.MAX_WAIT:
                self._waiting.max_wait(EntryId(whose))
            case Timer.ENTER:
                self._near_slot(EntryId(whose))
            case Timer.EMPTY:
                self._waiting.emptied(QueueName(whose))
            case Timer.CLOSING:
                self._waiting.closing(QueueName(whose))
            case Timer.DEVICE:
                self._phones.judge(AgentId(whose))
            case Timer.LET_GO:
                self._reservations.let_go(AttemptId(whose))
            case Timer.PACE | Timer.REST | Timer.RETRY | Timer.LOOK:
                pass
            case _:
                assert_never(timer)

    def _widen(self, id: EntryId) -> None:
        """The match after this finds more agents for the entry; wakes again when there are more still."""
        entry = self._state.entries.get(id)
        if entry is None:
            self._ledger.widened(id)
        elif (at := widens_at(self._state, entry)) is not None:
            self._state.timers.set(Timer.WIDEN, id, at)

    def _near_slot(self, id: EntryId) -> None:
        if entry := self._state.entries.get(id):
            self._places.look(entry)

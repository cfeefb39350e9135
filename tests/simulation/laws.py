"""What must hold after every event of a day, each law under its name; and what must have come of everything at its end.

The laws know nothing of how the domain decides: order, wrap-up, gaps and limits are told here once more, in the
plainest way there is, from the commands that leave the door and from the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from callbackd.domain import calling
from callbackd.domain.agent import Activity, Agent, Presence
from callbackd.domain.attempt import Attempt, AttemptState
from callbackd.domain.callback import Callback, CallbackState
from callbackd.domain.commands import (
    ClaimAttempt,
    Command,
    Decided,
    DialCustomer,
    Join,
    Play,
    RingAgent,
    Save,
    StartMusic,
    StopMusic,
    StorePromise,
)
from callbackd.domain.dialogue import Stage
from callbackd.domain.eligibility import eligible, wants_one
from callbackd.domain.entry import Entry, EntryState
from callbackd.domain.events import AttemptClaimed, Event, FeatureCodeDialled, PromiseStored
from callbackd.domain.phrase import CallAt, Fixed, WaitBelow
from callbackd.domain.routing import servable
from callbackd.simulate.world import World

IN_LINE = {EntryState.WAITING, EntryState.RINGING, EntryState.DIALING}


class Broken(AssertionError):
    def __init__(self, law: str, how: str) -> None:
        self.law = law
        super().__init__(f"{law}: {how}")


class Laws:
    """Call it after every event; it remembers what it needs to judge the next one."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.agents: dict[str, Agent] = {}
        self.callbacks: dict[str, Callback] = {}
        self.attempts: dict[str, Attempt] = {}
        self.open_entries: set[str] = set()
        self.asked: dict[str, StorePromise] = {}
        self.stored: set[str] = set()
        self.open_promises: set[str] = set()
        self.claimed: set[str] = set()
        self.dialled: dict[str, str] = {}
        """Number by the leg that was dialled."""
        self.before: dict[Any, Any] = {}
        """The lives that this event changed, as they were."""
        self.changed: list[Any] = []
        self.music: set[str] = set()
        self.quoted: dict[tuple[str, str], int] = {}
        self.wrapping: dict[str, float] = {}
        """Until when an agent was promised time after a call."""
        self.now = 0.0

    def __call__(self, world: World, event: Event, commands: tuple[Command, ...]) -> None:
        self.before, self.changed = {}, []
        self._note_event(world, event)
        self._note_commands(commands)
        for law in LAWS:
            for how in law(self, world, event, commands):
                raise Broken(law.__name__, f"{how}; after {event} at {world.now}")
        for command in commands:
            if isinstance(command, DialCustomer):
                self.dialled[command.leg] = command.number
        self.now = world.now

    def _note_event(self, world: World, event: Event) -> None:
        if isinstance(event, PromiseStored):
            if wanted := self.asked.pop(event.callback, None):
                self._keep(wanted.entry)
                self._keep(wanted.callback)
            self.stored.add(event.callback)
            self.open_promises.add(event.callback)
        elif isinstance(event, AttemptClaimed):
            self.claimed.add(event.attempt)
        elif isinstance(event, FeatureCodeDialled) and event.code == "ready":
            agent = next(a.id for a in world.settings.agents.values() if a.endpoint == event.endpoint)
            self.wrapping.pop(agent, None)

    def _note_commands(self, commands: tuple[Command, ...]) -> None:
        for command in commands:
            if isinstance(command, Save):
                self._keep(command.row)
            elif isinstance(command, ClaimAttempt):
                for row in (command.entry, command.callback, command.attempt):
                    self._keep(row)
            elif isinstance(command, StorePromise):
                self.asked[command.callback.id] = command
            elif isinstance(command, StartMusic):
                self.music.add(command.leg)
            elif isinstance(command, StopMusic | Play):
                self.music.discard(command.leg)

    def _keep(self, row: Any) -> None:
        tables: dict[type, dict[str, Any]] = {
            Entry: self.entries,
            Agent: self.agents,
            Callback: self.callbacks,
            Attempt: self.attempts,
        }
        table = tables.get(type(row))
        if table is not None:
            self.before.setdefault(row.id, table.get(row.id))
            self.changed.append(row)
            table[row.id] = row
        if isinstance(row, Entry):
            (self.open_entries.add if row.open else self.open_entries.discard)(row.id)

    def at_the_end(self, world: World) -> None:
        for law in AT_THE_END:
            for how in law(self, world):
                raise Broken(law.__name__, how)


Law = Callable[[Laws, World, Event, tuple[Command, ...]], Iterator[str]]


def lives_agree(_: Laws, world: World, __: Event, ___: tuple[Command, ...]) -> Iterator[str]:
    """At most one agent talks with an entry, nobody works for nobody, places are held, promises have a place."""
    yield from world.acd.broken_laws()


def nobody_is_overtaken(laws: Laws, world: World, _: Event, __: tuple[Command, ...]) -> Iterator[str]:
    """An agent is given the first place, by priority and arrival, among those that this agent may be given.

    Held against all of an agent's queues; a customer for whom an agent was reserved before has been first then.
    """
    state = world.acd._state
    for served in laws.changed:
        if not isinstance(served, Entry) or served.state not in {EntryState.RINGING, EntryState.DIALING}:
            continue
        was = laws.before.get(served.id)
        if was is not None and (was.state is not EntryState.WAITING or (was.callback and was.leg)):
            continue  # a customer accepted: the agent had been reserved
        if wants_one(state, served) or served.agent is None:
            continue
        agent = state.agents[served.agent]
        mine = _order(world, served)
        for entry in state.entries.values():
            if servable(state, entry) and eligible(state, entry, agent) and _order(world, entry) < mine:
                yield f"{agent.id} was given {served.id} before {entry.id}"


def _order(world: World, entry: Entry) -> tuple[float, ...]:
    """Who comes first, in the plainest words."""
    queue, worth_s = world.settings.queues[entry.queue], world.settings.priority_worth_s
    if worth_s is None:
        return (-queue.priority, -entry.priority, entry.arrived_at)
    return (entry.arrived_at - (queue.priority + entry.priority) * worth_s,)


def a_place_is_kept(laws: Laws, _: World, __: Event, ___: tuple[Command, ...]) -> Iterator[str]:
    """Nothing that happens to an entry in a line changes when it arrived."""
    for entry in laws.changed:
        was = laws.before.get(entry.id)
        if isinstance(entry, Entry) and was and was.state in IN_LINE and entry.arrived_at != was.arrived_at:
            yield f"{entry.id} arrived at {was.arrived_at}, now at {entry.arrived_at}"


def promises_are_conserved(laws: Laws, world: World, _: Event, __: tuple[Command, ...]) -> Iterator[str]:
    """Every promise that was stored is open, or closed with an outcome that was written down."""
    gone = laws.open_promises - world.acd._state.callbacks.keys()
    laws.open_promises -= gone
    for id in gone:
        saved = laws.callbacks.get(id)
        if saved is None or saved.state is not CallbackState.CLOSED or saved.outcome is None:
            yield f"promise {id} is neither open nor closed"


def entries_are_conserved(laws: Laws, world: World, _: Event, __: tuple[Command, ...]) -> Iterator[str]:
    """Who entered waits, talks, or left with an outcome that was written down."""
    known = world.acd._state.entries
    for entry in laws.changed:
        if isinstance(entry, Entry) and entry.state is EntryState.CLOSED and entry.outcome is None:
            yield f"{entry.id} is closed without an outcome"
    if known.keys() != laws.open_entries:
        yield f"{known.keys() ^ laws.open_entries} are open here and closed there"


def nothing_is_dialled_without_a_stored_intent(
    laws: Laws, world: World, _: Event, commands: tuple[Command, ...]
) -> Iterator[str]:
    for dial in commands:
        if isinstance(dial, DialCustomer) and dial.attempt not in laws.claimed:
            yield f"attempt {dial.attempt} was dialled"


def nobody_is_rung_twice(laws: Laws, world: World, _: Event, commands: tuple[Command, ...]) -> Iterator[str]:
    """One telephone rings once at a time, and once per attempt."""
    dials = [command for command in commands if isinstance(command, DialCustomer)]
    for n, dial in enumerate(dials):
        if dial.leg in laws.dialled or dial.leg in {other.leg for other in dials[:n]}:
            yield f"attempt {dial.attempt} was dialled again"
        busy = [leg for leg, number in laws.dialled.items() if number == dial.number and leg in world.up]
        if busy:
            yield f"{dial.number} was dialled while {busy} is up"


def attempts_have_a_limit(laws: Laws, world: World, _: Event, __: tuple[Command, ...]) -> Iterator[str]:
    for callback in laws.changed:
        if isinstance(callback, Callback):
            limit = world.settings.queues[callback.queue].retry.max_attempts
            if callback.attempts_made > limit:
                yield f"promise {callback.id} is at attempt {callback.attempts_made} of {limit}"


def nobody_is_rung_before_the_time(laws: Laws, world: World, _: Event, commands: tuple[Command, ...]) -> Iterator[str]:
    """Not before the slot, nor in the pause after an attempt, nor at an hour at which nobody may be rung."""
    for claim in commands:
        if not isinstance(claim, ClaimAttempt):
            continue
        entry, callback = claim.entry, claim.callback
        if max(entry.not_before, callback.slot_at or 0.0) > world.now:
            yield f"{entry.id} was dialled before {max(entry.not_before, callback.slot_at or 0.0)}"
        settings, chosen = world.settings, callback.slot_at is not None
        if not calling.allowed(settings.calling, callback.number, world.now, chosen=chosen, zone=settings.zone).yes:
            yield f"{callback.number} was dialled at an hour of rest"


def agents_are_rung_only_when_there(laws: Laws, world: World, _: Event, commands: tuple[Command, ...]) -> Iterator[str]:
    """Available, free, and not in the time after a call that was promised to them."""
    by_phone = {agent.endpoint: agent.id for agent in world.settings.agents.values()}
    was: dict[str, Agent | None] = {}
    now = {id: laws.before.get(id, agent) for id, agent in laws.agents.items()}
    for command in commands:
        if isinstance(command, Save) and isinstance(command.row, Agent):
            was[command.row.id], now[command.row.id] = now.get(command.row.id), command.row
        elif isinstance(command, RingAgent):
            id = by_phone[command.endpoint]
            agent = was.get(id)
            if agent is None or agent.activity not in {Activity.IDLE, Activity.RESERVED}:
                yield f"{id} was rung while {agent.activity.value if agent else 'unknown'}"
            elif agent.presence is not Presence.AVAILABLE and agent.activity is not Activity.RESERVED:
                yield f"{id} was rung although {agent.presence.value}"
            if laws.wrapping.get(id, 0.0) > world.now:
                yield f"{id} was rung in the wrap-up until {laws.wrapping[id]}"


def wrap_up_is_given(laws: Laws, world: World, _: Event, __: tuple[Command, ...]) -> Iterator[str]:
    """Notes, from the settings, how long an agent who stopped talking is left alone; ``agents_are_rung…`` judges."""
    for agent in laws.changed:
        was = laws.before.get(agent.id)
        if isinstance(agent, Agent) and was and was.activity is Activity.TALKING and agent.activity is not was.activity:
            queue = laws.entries[was.entry].queue if was.entry in laws.entries else None
            own_s = world.settings.agents[agent.id].wrap_up_s
            if queue:
                wrap_up_s = world.settings.queues[queue].wrap_up_s if own_s is None else own_s
                laws.wrapping[agent.id] = world.now + wrap_up_s
    return
    yield


def two_at_a_time(laws: Laws, world: World, _: Event, commands: tuple[Command, ...]) -> Iterator[str]:
    """A bridge joins one caller or customer and one agent."""
    for join in commands:
        if isinstance(join, Join):
            entry = next((e for e in world.acd._state.entries.values() if e.bridge == join.bridge), None)
            if entry is None or len(join.legs) != 2 or join.legs[0] != entry.leg or join.legs[0] == join.legs[1]:
                yield f"{join.legs} were joined"


def waits_only_get_better(laws: Laws, world: World, _: Event, commands: tuple[Command, ...]) -> Iterator[str]:
    """A caller is never told a worse wait than before, in one line."""
    for play in commands:
        for phrase in play.phrases if isinstance(play, Play) else ():
            if isinstance(phrase, WaitBelow):
                told = laws.quoted.get((play.leg, play.queue), 10_000)
                laws.quoted[play.leg, play.queue] = phrase.minutes
                if phrase.minutes >= told:
                    yield f"{play.leg} was told {told} minutes, then {phrase.minutes}"


def no_promise_is_spoken_before_it_is_stored(
    laws: Laws, world: World, _: Event, commands: tuple[Command, ...]
) -> Iterator[str]:
    for play in commands:
        if isinstance(play, Play) and any(p is Fixed.PROMISE or isinstance(p, CallAt) for p in play.phrases):
            entry = world.acd._state.entries.get(play.lane)  # type: ignore[call-overload]
            if entry is None or entry.callback not in laws.stored:
                yield f"{play.leg} heard a promise"


def nobody_waits_in_silence(laws: Laws, world: World, _: Event, __: tuple[Command, ...]) -> Iterator[str]:
    for dialogue in world.acd._state.dialogues.values():
        if dialogue.stage is Stage.WAITING and dialogue.playback is None and dialogue.leg not in laws.music:
            yield f"{dialogue.leg} hears nothing"


def playbacks_are_remembered_while_they_play(
    laws: Laws, world: World, _: Event, __: tuple[Command, ...]
) -> Iterator[str]:
    """What plays belongs to a dialogue, and a dialogue plays one thing."""
    state = world.acd._state
    speaking = {dialogue.playback for dialogue in state.dialogues.values() if dialogue.playback}
    if set(state.playing) != speaking:
        yield f"playing {sorted(state.playing)}, spoken {sorted(speaking)}"


def no_deadline_is_left_behind(laws: Laws, world: World, _: Event, __: tuple[Command, ...]) -> Iterator[str]:
    at = world.acd.next_deadline()
    if at is not None and at < world.now:
        yield f"a deadline of {at} was not served"


def no_promise_outlives_its_day(laws: Laws, world: World, _: Event, __: tuple[Command, ...]) -> Iterator[str]:
    for callback in world.acd._state.callbacks.values():
        if callback.state is CallbackState.WAITING and callback.expires_at < world.now - 15:
            yield f"promise {callback.id} should have ended at {callback.expires_at}"


def time_goes_forward(laws: Laws, _: World, __: Event, commands: tuple[Command, ...]) -> Iterator[str]:
    for decided in commands:
        if isinstance(decided, Decided) and decided.at < laws.now:
            yield f"{decided.what} was decided at {decided.at}, after {laws.now}"


LAWS: tuple[Law, ...] = (
    lives_agree,
    nobody_is_overtaken,
    a_place_is_kept,
    promises_are_conserved,
    entries_are_conserved,
    nothing_is_dialled_without_a_stored_intent,
    nobody_is_rung_twice,
    attempts_have_a_limit,
    nobody_is_rung_before_the_time,
    agents_are_rung_only_when_there,
    wrap_up_is_given,
    two_at_a_time,
    waits_only_get_better,
    no_promise_is_spoken_before_it_is_stored,
    nobody_waits_in_silence,
    playbacks_are_remembered_while_they_play,
    no_deadline_is_left_behind,
    no_promise_outlives_its_day,
    time_goes_forward,
)


def everything_has_ended(laws: Laws, _: World) -> Iterator[str]:
    """Nobody waits, nothing is promised, nothing is being dialled."""
    for table, closed in (
        (laws.entries, EntryState.CLOSED),
        (laws.callbacks, CallbackState.CLOSED),
        (laws.attempts, AttemptState.CLOSED),
    ):
        yield from (f"{row.id} is {row.state.value}" for row in table.values() if row.state is not closed)


def nothing_is_left_in_the_pbx(_: Laws, world: World) -> Iterator[str]:
    if world.up:
        yield f"legs {sorted(world.up)}"
    if world.bridges:
        yield f"bridges {sorted(world.bridges)}"
    if world.acd._state.playing:
        yield f"playbacks {sorted(world.acd._state.playing)}"


def everybody_is_accounted_for(laws: Laws, world: World) -> Iterator[str]:
    """Who called has an entry, or met the promise that was there, or was sent back to the dialplan at the door."""
    met = sum(decided.what == "rang in" for decided in world.facts.decisions)
    sent = sum(
        decided.what == "sent to the dialplan" and decided.subject not in {e.leg for e in laws.entries.values()}
        for decided in world.facts.decisions
    )
    if not len(laws.entries) <= world.facts.arrived - met <= len(laws.entries) + sent:
        yield f"{world.facts.arrived} called, {len(laws.entries)} entered, {met} met their promise, {sent} sent away"
    if {callback.id for callback in laws.callbacks.values()} != laws.stored:
        yield f"{len(laws.stored)} promises were stored, {len(laws.callbacks)} written"


AT_THE_END: tuple[Callable[[Laws, World], Iterator[str]], ...] = (
    everything_has_ended,
    nothing_is_left_in_the_pbx,
    everybody_is_accounted_for,
)

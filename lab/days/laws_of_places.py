"""Laws about the line: places, the agents who are given to them, and the order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from callbackd.domain import events as ev
from callbackd.domain.commands import Decided
from callbackd.domain.ids import AgentId
from callbackd.domain.line.eligibility import eligible
from callbackd.domain.line.routing import awaits_agent, servable
from callbackd.domain.lives.agent import Activity, Agent, Presence
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.state import State
from callbackd.domain.timers import Timer
from lab.days.past import Step

_BUSY = {Activity.RESERVED, Activity.RINGING, Activity.TALKING}


def an_entry_has_at_most_one_agent(step: Step) -> Iterator[str]:
    """Several agents may be rung, one talks; the entry's state decides which it is."""
    for entry in step.touched_entries().values():
        counts = Counter(agent.activity for agent in step.agents_of(entry))
        if counts[Activity.TALKING] != (entry.state is EntryState.TALKING):
            yield f"{entry.id} is {entry.state.value} and {counts[Activity.TALKING]} agents talk with it"
        if bool(counts[Activity.RINGING]) != (entry.state is EntryState.RINGING):
            yield f"{entry.id} is {entry.state.value} and {counts[Activity.RINGING]} agents are rung for it"
        if counts[Activity.RESERVED] > (entry.state is EntryState.DIALLING):
            yield f"{entry.id} is {entry.state.value} and {counts[Activity.RESERVED]} agents are reserved for it"


def an_agent_works_for_one_open_entry(step: Step) -> Iterator[str]:
    for change in step.changes["agents"]:
        agent = change.after
        if (agent.activity in _BUSY) != (agent.entry in step.state.entries):
            yield f"{agent.id} is {agent.activity.value} for {agent.entry}"
    for change in step.entries():
        for id in step.past.working.get(change.id, ()) if change.after is None else ():
            if step.state.agents[AgentId(id)].entry == change.id:
                yield f"{id} works for {change.id}, which is closed"


def work_is_given_to_free_agents(step: Step) -> Iterator[str]:
    for before, after in step.turns:
        fresh = after.entry is not None and after.entry != before.entry
        if fresh and not (before.presence is Presence.AVAILABLE and before.activity is Activity.IDLE):
            yield f"{after.id} was {before.presence.value} and {before.activity.value} when given {after.entry}"
        if fresh and before.rest_until > step.now:
            yield f"{after.id} was left alone until {before.rest_until} when given {after.entry}"


def an_agents_phone_is_rung_once_at_a_time(step: Step) -> Iterator[str]:
    ringing = [agent.leg for change in step.changes["agents"] if (agent := change.after).leg]
    for leg, count in Counter(ringing).items():
        if count > 1:
            yield f"{leg} belongs to {count} agents"
    for before, after in step.turns:
        if before.leg and after.leg != before.leg and not _over(step, before.leg):
            yield f"{after.id} is done with {before.leg}, and nobody hung it up"


def agents_who_left_are_not_rung(step: Step) -> Iterator[str]:
    for change in step.changes["agents"]:
        if change.after.activity is Activity.RINGING and change.after.presence is not Presence.AVAILABLE:
            yield f"{change.id} is {change.after.presence.value} and rung"


def _over(step: Step, leg: str) -> bool:
    ended = isinstance(step.event, ev.LegEnded | ev.LegLeft | ev.DialRefused) and step.event.leg == leg
    unseen = isinstance(step.event, ev.LegsSeen) and leg not in step.event.legs
    told = any(getattr(command, "leg", None) == leg for command in step.commands if type(command).__name__ == "HangUp")
    return ended or unseen or told or leg in step.past.gone


def wrap_up_is_not_cut_short(step: Step) -> Iterator[str]:
    event = step.event
    by_hand = isinstance(event, ev.FeatureCodeDialled) and event.code == ev.FeatureCode.READY
    by_hand |= isinstance(event, ev.Asked) and isinstance(event.act, ev.AgentAct)
    if any(decided.what == "not connected after all" for decided in step.of(Decided)):
        return  # nobody talked, so there is nothing to wrap up
    for before, after in step.turns:
        if before.activity is Activity.TALKING and after.activity is Activity.IDLE:
            yield f"{after.id} was given no wrap-up"
        if before.activity is Activity.TALKING and after.activity is Activity.WRAP_UP:
            wanted_s = _wrap_up_s(step, before)
            if wanted_s is not None and after.wrap_up_until < step.now + wanted_s:
                yield f"{after.id} was given {after.wrap_up_until - step.now:.1f} s of wrap-up instead of {wanted_s}"
        ended = before.activity is Activity.WRAP_UP and after.activity is Activity.IDLE
        if ended and before.wrap_up_until > step.now and not by_hand:
            yield f"the wrap-up of {after.id} ended before its time"


def _wrap_up_s(step: Step, agent: Agent) -> float | None:
    entry = step.past.tables["entries"].get(agent.entry or "")
    own_s = step.state.settings.agents[agent.id].wrap_up_s
    if own_s is not None or entry is None:
        return own_s
    return step.state.settings.queues[entry.queue].wrap_up_s


def nobody_is_overtaken(step: Step) -> Iterator[str]:
    """An agent is given to an entry only if no earlier one that may be served now may have that agent.

    The order is written here a second time: callers who are owed one particular agent, then priority, then arrival.
    """
    state = step.state
    for agent, served in _given(step):
        mine = _order(state, served)
        for other in state.entries.values():
            if other.id == served.id or other.state is EntryState.TALKING or _order(state, other) >= mine:
                continue
            if (servable(state, other) or awaits_agent(state, other)) and eligible(state, other, agent):
                yield f"{agent.id} was given to {served.id} before {other.id}"


def _given(step: Step) -> Iterator[tuple[Agent, Entry]]:
    for before, after in step.turns:
        if after.entry and after.entry != before.entry and (served := step.state.entries.get(after.entry)):
            yield step.state.agents[after.id], served


def _order(state: State, entry: Entry) -> tuple[bool, float, float, str]:
    settings = state.settings
    alone = entry.wanted is not None and state.now < entry.wanted_until
    queue, own, worth_s = settings.queues[entry.queue].priority, entry.priority, settings.line.priority_worth_s
    if worth_s is not None:
        return (not alone, entry.arrived_at - worth_s * (queue + own), 0.0, entry.id)
    return (not alone, -queue * 1e6 - own, entry.arrived_at, entry.id)


def nobody_waits_while_an_agent_is_free(step: Step) -> Iterator[str]:
    state = step.state
    idle = [agent for agent in state.agents.values() if agent.activity is Activity.IDLE]
    free = [agent for agent in idle if agent.free(state.now)]
    for entry in state.entries.values() if free else ():
        if servable(state, entry) and (fit := next((a for a in free if eligible(state, entry, a)), None)):
            yield f"{entry.id} waits while {fit.id} is free"


def agents_are_given_what_they_may_serve(step: Step) -> Iterator[str]:
    """Entries of their queues, by the skills, penalties and reserves that hold after this wait; or those that wait for
    that agent alone."""
    for agent, entry in _given(step):
        if entry.wanted is None and entry.queue not in step.state.settings.agents[agent.id].queues:
            yield f"{agent.id} does not serve {entry.queue}"
        if not eligible(step.state, entry, agent):
            yield f"{agent.id} may not serve {entry.id} now"


def a_place_is_kept(step: Step) -> Iterator[str]:
    """An entry keeps its time of arrival through missed rings, failed dials, and other queues; somebody may put it
    first."""
    first = isinstance(step.event, ev.Asked) and isinstance(step.event.act, ev.PutFirst | ev.CallNow)
    for change in step.entries():
        before, after = change.before, change.after
        if before is None or after is None or before.state is EntryState.OUTSIDE:
            continue
        if after.slot_at is not None and after.slot_at != before.slot_at:
            continue  # given up for a time
        if after.arrived_at != before.arrived_at or (after.priority != before.priority and not first):
            yield f"{change.id} arrived at {before.arrived_at} and now at {after.arrived_at}"


def a_place_is_held_by_somebody(step: Step) -> Iterator[str]:
    for entry in step.touched_entries().values():
        if entry.leg is None and entry.callback not in step.state.callbacks:
            yield f"{entry.id} is held by nobody"
        if entry.leg is not None and step.state.entry_of(entry.leg) != entry:
            yield f"{entry.id} does not own its leg"


def one_place_per_person(step: Step) -> Iterator[str]:
    """A person who has a promise and rings in is met at its place."""
    event, state = step.event, step.state
    if not isinstance(event, ev.CallArrived) or event.queue not in state.settings.queues:
        return
    group = state.settings.queues[event.queue].group  # type: ignore[index]
    for promise in state.callbacks.values():
        known = step.past.tables["callbacks"].get(promise.id)
        if known and (promise.number, promise.group) == (event.number, group) and promise.state.value == "waiting":
            for change in step.entries():
                if change.before is None:
                    yield f"{event.number} holds {promise.entry} and was given {change.id}"


def entered_is_open_plus_closed(step: Step) -> Iterator[str]:
    past = step.past
    fresh = sum(change.before is None for change in step.entries())
    over = [change.id for change in step.entries() if change.after is None]
    for id in over:
        if step.closed(Entry, id) is None:
            yield f"{id} is gone, and nothing was written about how"
    still_open = past.entered + fresh - past.closed - len(over)
    if len(step.state.entries) != still_open:
        yield f"{len(step.state.entries)} are open instead of {still_open}"


def closed_rows_have_an_outcome(step: Step) -> Iterator[str]:
    for kind in step.rows_saved:
        for row in step.saved(kind) if hasattr(kind, "state") and hasattr(kind, "outcome") else ():
            if (row.state.value == "closed") != (row.outcome is not None) or (row.outcome and row.closed_at is None):
                yield f"{kind.__name__} {row.id} is {row.state.value} with {row.outcome} at {row.closed_at}"


def agents_become_free_again(step: Step) -> Iterator[str]:
    """Everything that keeps an agent from work ends by itself."""
    timers = step.state.timers
    for change in step.changes["agents"]:
        agent = change.after
        if agent.activity is Activity.WRAP_UP and not timers.is_set(Timer.WRAP_UP, agent.id):
            yield f"the wrap-up of {agent.id} never ends"
        if agent.activity is Activity.RINGING and not timers.is_set(Timer.RING, agent.leg):
            yield f"the ring of {agent.id} never ends"
        if agent.activity is Activity.IDLE and agent.rest_until > step.now and not timers.is_set(Timer.REST, agent.id):
            yield f"{agent.id} is left alone for ever"


LAWS = (
    an_entry_has_at_most_one_agent,
    an_agent_works_for_one_open_entry,
    work_is_given_to_free_agents,
    an_agents_phone_is_rung_once_at_a_time,
    agents_who_left_are_not_rung,
    wrap_up_is_not_cut_short,
    nobody_is_overtaken,
    nobody_waits_while_an_agent_is_free,
    agents_are_given_what_they_may_serve,
    a_place_is_kept,
    a_place_is_held_by_somebody,
    one_place_per_person,
    closed_rows_have_an_outcome,
    entered_is_open_plus_closed,
    agents_become_free_again,
)

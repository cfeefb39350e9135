"""Rows of the domain as the API shows them, and their versions."""

from __future__ import annotations

import hashlib

from callbackd.access import Role, Who
from callbackd.api import models
from callbackd.api.centre import Centre, Found
from callbackd.api.models import moment, moment_or_none
from callbackd.domain.ids import QueueName
from callbackd.domain.lives.agent import Agent as AgentRow
from callbackd.domain.lives.agent import Presence
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.recovery.snapshot import AgentShown, PlaceShown


def version_of(*rows: object) -> str:
    """Differs as soon as a row does; the same for everybody who asks."""
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:20]


def masked(number: str, who: Who) -> str:
    """The number, for those whose role may see it; for others its beginning and its end."""
    if who.role.covers(Role.AGENT) or not number:
        return number
    return f"{number[:3]}******{number[-4:]}" if len(number) > 9 else "******"


def status(centre: Centre) -> models.Status:
    state, missing = centre.acd.state, centre.health.missing()
    live = [entry for entry in state.entries.values() if entry.live]
    talking = sum(entry.state is EntryState.TALKING for entry in live)
    return models.Status(
        at=moment(centre.clock()),
        version=centre.version,
        ready=not missing,
        missing=missing,
        primary=centre.health.leads(),
        waiting=len(live) - talking,
        talking=talking,
        promises=len(state.callbacks),
        dialling=len(state.attempts),
        switches=models.Switches(offering=state.world.offering, dialling=state.world.dialling),
    )


def queue(centre: Centre, name: QueueName) -> models.Queue:
    state, now = centre.acd.state, centre.clock()
    settings = centre.settings.queues[name]
    live = [entry for entry in state.entries.values() if entry.queue == name and entry.live]
    waiting = [entry for entry in live if entry.state is not EntryState.TALKING]
    team = state.team(name)
    at_work = state.at_work(name)
    closed_until = state.world.closed_until.get(name)
    return models.Queue(
        name=name,
        open=state.closes_in_s(settings) != 0,
        closed_until=moment_or_none(closed_until if closed_until and closed_until > now else None),
        crisis=name in state.world.crises,
        waiting=len(waiting),
        talking=len(live) - len(waiting),
        promises=state.promises(name),
        longest_wait_s=round(max((now - entry.arrived_at for entry in waiting), default=0.0), 1),
        agents_logged_in=sum(agent.presence is not Presence.LOGGED_OUT for agent in team),
        agents_at_work=len(at_work),
        agents_free=sum(agent.free(now) for agent in at_work),
    )


def place(shown: PlaceShown, who: Who) -> models.Place:
    return models.Place(
        id=shown.entry,
        queue=shown.queue,
        position=shown.position,
        live=shown.live,
        state=EntryState(shown.state),
        number=masked(shown.number, who),
        waited_s=round(shown.waited_s, 1),
        expected_s=None if shown.p80_s is None else round(shown.p80_s, 1),
        at=moment_or_none(shown.slot_at),
    )


def standing(centre: Centre, entry: Entry, who: Who) -> models.Standing:
    return models.Standing(
        id=entry.id,
        queue=entry.queue,
        live=entry.live,
        state=entry.state,
        number=masked(entry.number, who),
        arrived_at=moment(entry.arrived_at),
        order=list(centre.acd.state.order(entry)),
        agent=entry.agent,
        callback=entry.callback,
        at=moment_or_none(entry.slot_at),
    )


def agent(centre: Centre, shown: AgentShown) -> models.Agent:
    row = centre.acd.state.agents[shown.agent]
    return models.Agent(
        id=shown.agent,
        name=shown.name,
        presence=row.presence,
        reason=row.pause_reason,
        back_at=moment_or_none(row.back_at),
        activity=row.activity,
        place=row.entry,
        phone=shown.phone,
        not_rung=shown.not_rung,
        queues=list(centre.settings.agents[shown.agent].queues),
    )


def version_of_agent(row: AgentRow) -> str:
    """Of what somebody decides about the agent; calls come and go without making another version."""
    return version_of(row.id, row.presence, row.pause_reason, row.called_in, row.wrap_up_until, row.back_at)


def callback(found: Found, who: Who) -> models.Callback:
    row, entry = found
    return models.Callback(
        id=row.id,
        place=row.entry,
        queue=row.queue,
        number=masked(row.number, who),
        state=row.state,
        outcome=row.outcome,
        created_at=moment(row.created_at),
        at=moment_or_none(row.slot_at),
        expected_by=moment_or_none(row.expected_at),
        expires_at=moment(row.expires_at),
        closed_at=moment_or_none(row.closed_at),
        attempts=row.attempts_made,
        language=row.language,
        agent=entry.wanted,
    )

"""The operations that only look."""

from __future__ import annotations

from callbackd.access import Role
from callbackd.api import models, views
from callbackd.api.centre import Centre, Found
from callbackd.api.models import moment, moment_or_none
from callbackd.api.operation import Call, Reply
from callbackd.api.problems import Fault, Kind, Problem
from callbackd.domain.ids import QueueName
from callbackd.domain.numbers import e164

_ID_CHARACTERS = frozenset("0123456789abcdefghijklmnopqrstuvwxyz")


async def status(centre: Centre, _: Call) -> Reply:
    return Reply(200, views.status(centre))


async def queues(centre: Centre, _: Call) -> Reply:
    return Reply(200, models.Page[models.Queue](items=[views.queue(centre, name) for name in centre.settings.queues]))


async def queue(centre: Centre, call: Call) -> Reply:
    return Reply(200, views.queue(centre, queue_at(centre, call)))


async def times(centre: Centre, call: Call) -> Reply:
    name, query = queue_at(centre, call), call.query
    free = centre.acd.free_times(name, e164(query.number, centre.settings.numbers) or "", centre.clock())
    return Reply(200, models.Times(free=[moment(at) for at in free]))


async def line(centre: Centre, call: Call) -> Reply:
    query: models.OfQueue = call.query
    places = centre.acd.snapshot(centre.clock()).places
    items = [views.place(shown, call.who) for shown in places if query.queue in (None, shown.queue)]
    return Reply(200, models.Page[models.Place](items=items))


async def agents(centre: Centre, call: Call) -> Reply:
    query: models.OfQueue = call.query
    found = [views.agent(centre, shown) for shown in centre.acd.agents_shown(centre.clock())]
    items = [agent for agent in found if query.queue is None or query.queue in agent.queues]
    return Reply(200, models.Page[models.Agent](items=items))


async def agent(centre: Centre, call: Call) -> Reply:
    name = call.path["agent"]
    for shown in centre.acd.agents_shown(centre.clock()):
        if shown.agent == name:
            version = views.version_of_agent(centre.acd.state.agents[shown.agent])
            return Reply(200, views.agent(centre, shown), version=version)
    raise Problem(Kind.NOT_FOUND, "there is no such agent")


async def callbacks(centre: Centre, call: Call) -> Reply:
    query: models.CallbackFilter = call.query
    number = None
    if query.number is not None:
        if not call.who.role.covers(Role.AGENT):
            raise Problem(Kind.NOT_ALLOWED, "looking for a number needs the role agent")
        number = number_of(centre, query.number, "query", "number")
    found = await centre.rows.callbacks(
        number=number,
        queue=query.queue,
        is_open={"open": True, "closed": False, "any": None}[query.state],
        before=query.cursor or "",
        limit=query.limit + 1,
    )
    shown, more = found[: query.limit], len(found) > query.limit
    following = shown[-1][0].id if more else None
    page = models.Page[models.Callback](items=[views.callback(one, call.who) for one in shown], next=following)
    return Reply(200, page)


async def callback(centre: Centre, call: Call) -> Reply:
    found = await callback_at(centre, call)
    return Reply(200, views.callback(found, call.who), version=views.version_of(*found))


async def switches(centre: Centre, _: Call) -> Reply:
    state = centre.acd.state
    now_on = {"offering": state.world.offering, "dialling": state.world.dialling}
    now_on |= {f"crisis {name}": name in state.world.crises for name in centre.settings.queues}
    closed = {f"closed {name}": name for name in centre.settings.queues}
    now = centre.clock()
    now_on |= {id: state.world.closed_until.get(name, 0.0) > now for id, name in closed.items()}
    return Reply(200, models.Page[models.Switch](items=[_switch(centre, id, on) for id, on in now_on.items()]))


def _switch(centre: Centre, id: str, on: bool) -> models.Switch:
    """Who turned it last. What callbackd switched off itself is no row, and shows as nobody's."""
    row = centre.acd.state.switches.get(id)
    if row is None or row.on is not on:
        return models.Switch(name=id, on=on, since=None, who="", until=None)
    return models.Switch(name=id, on=on, since=moment(row.at), who=row.who, until=moment_or_none(row.until))


async def do_not_call(centre: Centre, call: Call) -> Reply:
    query: models.TheNumber = call.query
    state = centre.acd.state
    row = state.blocked.get(state.tag(number_of(centre, query.number, "query", "number")))
    if row is None:
        return Reply(200, models.DoNotCall(blocked=False, since=None, why=""))
    return Reply(200, models.DoNotCall(blocked=True, since=moment(row.at), why=row.why))


def number_of(centre: Centre, raw: str, where: str, pointer: str) -> str:
    """The number in E.164, whether or not it may be called. Raises ``Problem``."""
    if number := e164(raw, centre.settings.numbers):
        return number
    raise Problem(Kind.INVALID, faults=[Fault(where, pointer, "that is not a telephone number")])


def queue_at(centre: Centre, call: Call) -> QueueName:
    """The queue that the path names. Raises ``Problem``."""
    name = QueueName(call.path["queue"])
    if name not in centre.settings.queues:
        raise Problem(Kind.NOT_FOUND, "there is no such queue")
    return name


async def callback_at(centre: Centre, call: Call) -> Found:
    """The callback that the path names, open or over. Raises ``Problem``."""
    id = call.path["callback"]
    found = await centre.rows.callback(id) if len(id) == 26 and _ID_CHARACTERS.issuperset(id) else None
    if found is None:
        raise Problem(Kind.NOT_FOUND, "there is no such callback")
    return found

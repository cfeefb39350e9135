"""The operations that change something: each is one act at the door, answered when it is committed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from callbackd.access import Role
from callbackd.api import models, views
from callbackd.api.centre import Centre, Found
from callbackd.api.desk import Answer
from callbackd.api.operation import Call, Reply
from callbackd.api.problems import Fault, Kind, Problem, of_reason
from callbackd.api.reads import callback_at, number_of, queue_at
from callbackd.domain import events as ev
from callbackd.domain.events import FeatureCode, WantedAct
from callbackd.domain.ids import AgentId, EntryId, QueueName
from callbackd.domain.lives.callback import CallbackOutcome, CallbackState
from callbackd.domain.numbers import e164

# --- callbacks --------------------------------------------------------------------------------------------------------


async def request_callback(centre: Centre, call: Call) -> Reply:
    """201 with the new callback; 200 with the one that the customer has already."""
    body: models.CallbackWanted = call.body
    if QueueName(body.queue) not in centre.settings.queues:
        raise Problem(Kind.INVALID, faults=[Fault("body", "/queue", "there is no such queue")])
    if body.language is not None and body.language not in centre.languages:
        spoken = ", ".join(sorted(centre.languages))
        raise Problem(Kind.INVALID, faults=[Fault("body", "/language", f"callbackd speaks {spoken}")])
    at = None if body.at is None else body.at.timestamp()
    number = e164(body.number, centre.settings.numbers)
    async with centre.locks.of(f"number {number}"):
        before = set(centre.acd.state.callbacks)
        act = ev.RequestCallback(body.queue, body.number, at, body.language or "")
        answer = await _asked(centre, call, act, body.queue, number or "")
    found = await centre.rows.callback(answer.subject)
    if found is None:
        raise Problem(Kind.NOT_FOUND, "it was promised, and is not there any more")
    headers = {"Location": f"/v1/callbacks/{answer.subject}"}
    made = found[0].id not in before
    return Reply(201 if made else 200, views.callback(found, call.who), headers, views.version_of(*found))


async def move_callback(centre: Centre, call: Call) -> Reply:
    body: models.NewTime = call.body
    return await _change(centre, call, lambda found: ev.MoveCallback(found[0].id, body.at.timestamp()))


async def cancel_callback(centre: Centre, call: Call) -> Reply:
    return await _change(centre, call, lambda found: ev.CancelCallback(found[0].id), CallbackOutcome.CANCELLED)


async def call_now(centre: Centre, call: Call) -> Reply:
    return await _change(centre, call, lambda found: ev.CallNow(found[0].id))


async def assign_callback(centre: Centre, call: Call) -> Reply:
    body: models.ForAgent = call.body
    return await _change(centre, call, lambda found: ev.AssignCallback(found[0].id, body.agent or ""))


async def _change(
    centre: Centre, call: Call, act: Callable[[Found], WantedAct], wanted: CallbackOutcome | None = None
) -> Reply:
    """204 with the version it has then. A callback that is over in the ``wanted`` way is what was asked for."""
    async with centre.locks.of(f"callback {call.path['callback']}"):
        found = await callback_at(centre, call)
        _still(call, views.version_of(*found))
        callback = found[0]
        if callback.state is CallbackState.CLOSED:
            if callback.outcome is wanted:
                return Reply(204, version=views.version_of(*found))
            how = callback.outcome.value if callback.outcome else "over"
            raise Problem(Kind.CALLBACK_OVER, f"the callback has ended: {how}")
        await _asked(centre, call, act(found), callback.queue, callback.number)
        changed = await callback_at(centre, call)
    return Reply(204, version=views.version_of(*changed))


# --- agents -----------------------------------------------------------------------------------------------------------


def agent_act(code: FeatureCode) -> Callable[[Centre, Call], Awaitable[Reply]]:
    """The operation that does for an agent what the code would do from the agent's own phone."""

    async def act(centre: Centre, call: Call) -> Reply:
        agent = _agent(centre, call)
        async with centre.locks.of(f"agent {agent}"):
            _still(call, views.version_of_agent(centre.acd.state.agents[agent]))
            back_in_s = call.body.back_in_s if isinstance(call.body, models.Pause) else None
            await _asked(centre, call, ev.AgentAct(agent, code, back_in_s))
            return Reply(204, version=views.version_of_agent(centre.acd.state.agents[agent]))

    return act


async def dispose(centre: Centre, call: Call) -> Reply:
    body: models.Disposition = call.body
    await _asked(centre, call, ev.Dispose(_agent(centre, call), body.disposition))
    return Reply(204)


async def write_note(centre: Centre, call: Call) -> Reply:
    body: models.Note = call.body
    await _asked(centre, call, ev.WriteNote(_agent(centre, call), body.text))
    return Reply(204)


def _agent(centre: Centre, call: Call) -> AgentId:
    """The agent that the path names. Raises ``Problem``, also when the key may not act for this one."""
    agent = AgentId(call.path["agent"])
    if agent not in centre.acd.state.agents:
        raise Problem(Kind.NOT_FOUND, "there is no such agent")
    if not call.who.role.covers(Role.SUPERVISOR) and call.who.agent != agent:
        raise Problem(Kind.NOT_ALLOWED, "this key may act only for its own agent")
    return agent


# --- switches, the line, numbers --------------------------------------------------------------------------------------


async def turn(centre: Centre, call: Call) -> Reply:
    body: models.Turn = call.body
    name = call.path["switch"]
    if name not in {"offering", "dialling"}:
        raise Problem(Kind.NOT_FOUND, "there are two switches for the whole centre: offering and dialling")
    await _asked(centre, call, ev.TurnSwitch(name, body.on))
    return Reply(204)


async def turn_crisis(centre: Centre, call: Call) -> Reply:
    body: models.Turn = call.body
    await _asked(centre, call, ev.TurnSwitch("crisis", body.on, queue_at(centre, call)))
    return Reply(204)


async def close_early(centre: Centre, call: Call) -> Reply:
    body: models.Closing = call.body
    until = None if body.until is None else body.until.timestamp()
    await _asked(centre, call, ev.CloseEarly(queue_at(centre, call), until))
    return Reply(204)


async def take_out(centre: Centre, call: Call) -> Reply:
    return await _place_act(centre, call, ev.TakeOut(call.path["place"]))


async def put_first(centre: Centre, call: Call) -> Reply:
    return await _place_act(centre, call, ev.PutFirst(call.path["place"]))


async def _place_act(centre: Centre, call: Call, act: WantedAct) -> Reply:
    if EntryId(call.path["place"]) not in centre.acd.state.entries:
        raise Problem(Kind.NOT_FOUND, "there is no open place of this id")
    await _asked(centre, call, act)
    return Reply(204)


async def block(centre: Centre, call: Call) -> Reply:
    body: models.OfNumber = call.body
    await _asked(centre, call, ev.BlockNumber(number_of(centre, body.number, "body", "/number")))
    return Reply(204)


async def unblock(centre: Centre, call: Call) -> Reply:
    body: models.OfNumber = call.body
    await _asked(centre, call, ev.UnblockNumber(number_of(centre, body.number, "body", "/number")))
    return Reply(204)


# --- the door ---------------------------------------------------------------------------------------------------------


def _still(call: Call, version: str) -> None:
    """Raises ``Problem`` when the asker has seen another version."""
    if call.if_match and call.if_match != "*" and f'"{version}"' not in call.if_match.split(", "):
        raise Problem(Kind.CHANGED_MEANWHILE, headers={"ETag": f'"{version}"'})


async def _asked(centre: Centre, call: Call, act: WantedAct, queue: str = "", number: str = "") -> Answer:
    """The answer of the door. Raises ``Problem`` when it refused, with free times where a time was the reason."""
    answer = await centre.desk.ask(call.who, act, call.body.reason)
    if answer.done:
        return answer
    problem = of_reason(answer.why)
    if problem.kind is Kind.TIME_NOT_FREE:
        free = centre.acd.free_times(QueueName(queue), number, centre.clock())
        problem.more["free"] = [models.moment(at).isoformat() for at in free]
    raise problem

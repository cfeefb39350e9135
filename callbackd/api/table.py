"""The table of operations."""

from __future__ import annotations

from callbackd.access import Role
from callbackd.api import acts, models, reads
from callbackd.api.operation import Operation
from callbackd.api.problems import Kind
from callbackd.domain.events import FeatureCode

_QUEUES, _AGENTS = models.Page[models.Queue], models.Page[models.Agent]
_PLACES, _CALLBACKS = models.Page[models.Place], models.Page[models.Callback]
_SWITCHES = models.Page[models.Switch]
_PROMISE = (Kind.REFUSED, Kind.NUMBER_NOT_ALLOWED, Kind.TIME_NOT_FREE, Kind.TOO_MANY_CALLBACKS, Kind.ALREADY_DIALLING)
_CHANGE = (Kind.REFUSED, Kind.ALREADY_DIALLING, Kind.CALLBACK_OVER)

OPERATIONS: tuple[Operation, ...] = (
    Operation("getStatus", "GET", "/v1/status", "The centre now", Role.VIEWER, reads.status, {200: models.Status}),
    Operation("listQueues", "GET", "/v1/queues", "All queues now", Role.VIEWER, reads.queues, {200: _QUEUES}),
    Operation("getQueue", "GET", "/v1/queues/{queue}", "A queue now", Role.VIEWER, reads.queue, {200: models.Queue}),
    Operation(
        "listTimes", "GET", "/v1/queues/{queue}/times", "The next free times for a callback", Role.AGENT,
        reads.times, {200: models.Times}, query=models.ForNumber,
    ),
    Operation(
        "listPlaces", "GET", "/v1/line", "Who waits, in order: callers and promises", Role.VIEWER, reads.line,
        {200: _PLACES}, query=models.OfQueue,
    ),
    Operation(
        "listAgents", "GET", "/v1/agents", "All agents now", Role.VIEWER, reads.agents, {200: _AGENTS},
        query=models.OfQueue,
    ),
    Operation(
        "getAgent", "GET", "/v1/agents/{agent}", "An agent now", Role.VIEWER, reads.agent, {200: models.Agent},
        versioned=True,
    ),
    Operation(
        "listCallbacks", "GET", "/v1/callbacks", "Callbacks, the newest first; find a customer by number", Role.VIEWER,
        reads.callbacks, {200: _CALLBACKS}, query=models.CallbackFilter,
    ),
    Operation(
        "getCallback", "GET", "/v1/callbacks/{callback}", "A callback, open or over", Role.VIEWER, reads.callback,
        {200: models.Callback}, versioned=True,
    ),
    Operation(
        "requestCallback", "POST", "/v1/callbacks", "Promise a customer a callback, at their turn or at a time",
        Role.AGENT, acts.request_callback, {201: models.Callback, 200: models.Callback}, body=models.CallbackWanted,
        problems=(*_PROMISE, Kind.NOT_FOUND),
    ),
    Operation(
        "moveCallback", "POST", "/v1/callbacks/{callback}/move", "Give a callback another time", Role.SUPERVISOR,
        acts.move_callback, {204: None}, body=models.NewTime, problems=(*_CHANGE, Kind.TIME_NOT_FREE), versioned=True,
    ),
    Operation(
        "cancelCallback", "POST", "/v1/callbacks/{callback}/cancel", "Cancel a callback", Role.SUPERVISOR,
        acts.cancel_callback, {204: None}, body=models.Reasoned, problems=_CHANGE, versioned=True,
    ),
    Operation(
        "callNow", "POST", "/v1/callbacks/{callback}/call-now", "Ring this customer next", Role.SUPERVISOR,
        acts.call_now, {204: None}, body=models.Reasoned, problems=_CHANGE, versioned=True,
    ),
    Operation(
        "assignCallback", "POST", "/v1/callbacks/{callback}/assign", "Give a callback to one agent, or to all again",
        Role.SUPERVISOR, acts.assign_callback, {204: None}, body=models.ForAgent, problems=_CHANGE, versioned=True,
    ),
    *(
        Operation(
            id, "POST", f"/v1/agents/{{agent}}/{path}", summary, Role.AGENT, acts.agent_act(code), {204: None},
            body=models.Pause if code is FeatureCode.PAUSE else models.Reasoned, problems=(Kind.REFUSED,),
            versioned=True,
        )
        for id, path, summary, code in (
            ("logIn", "log-in", "Log an agent in", FeatureCode.LOGIN),
            ("logOut", "log-out", "Log an agent out", FeatureCode.LOGOUT),
            ("pause", "pause", "Pause an agent, with a reason", FeatureCode.PAUSE),
            ("goOn", "go-on", "End an agent's pause", FeatureCode.UNPAUSE),
            ("ready", "ready", "End an agent's wrap-up", FeatureCode.READY),
            ("extendWrapUp", "extend-wrap-up", "Give an agent a longer wrap-up", FeatureCode.EXTEND),
            ("callIn", "call-in", "Call an agent in from the reserve", FeatureCode.CALL_IN),
            ("sendHome", "send-home", "Send an agent back to the reserve", FeatureCode.SEND_HOME),
        )
    ),
    Operation(
        "dispose", "POST", "/v1/agents/{agent}/disposition",
        "What the agent's call was about: the one in hand or the last",
        Role.AGENT, acts.dispose, {204: None}, body=models.Disposition,
    ),
    Operation(
        "writeNote", "POST", "/v1/agents/{agent}/note", "A note about the agent's call: the one in hand, or the last",
        Role.AGENT, acts.write_note, {204: None}, body=models.Note,
    ),
    Operation("listSwitches", "GET", "/v1/switches", "All switches", Role.VIEWER, reads.switches, {200: _SWITCHES}),
    Operation(
        "turnSwitch", "PUT", "/v1/switches/{switch}", "Turn offering or dialling on or off", Role.SUPERVISOR, acts.turn,
        {204: None}, body=models.Turn,
    ),
    Operation(
        "turnCrisis", "PUT", "/v1/queues/{queue}/crisis", "Turn a queue's crisis announcement on or off",
        Role.SUPERVISOR, acts.turn_crisis, {204: None}, body=models.Turn,
    ),
    Operation(
        "closeEarly", "PUT", "/v1/queues/{queue}/closed", "Close a queue until a time, or open it again",
        Role.SUPERVISOR, acts.close_early, {204: None}, body=models.Closing, problems=(Kind.REFUSED,),
    ),
    Operation(
        "putFirst", "POST", "/v1/line/{place}/put-first", "Put a caller or a promise before all others of its queue",
        Role.SUPERVISOR, acts.put_first, {204: None}, body=models.WithReason, problems=(Kind.REFUSED,),
    ),
    Operation(
        "takeOut", "POST", "/v1/line/{place}/take-out", "Send a caller to the fallback, or cancel a promise",
        Role.SUPERVISOR, acts.take_out, {204: None}, body=models.WithReason,
        problems=(Kind.REFUSED, Kind.ALREADY_DIALLING),
    ),
    Operation(
        "isBlocked", "GET", "/v1/do-not-call", "Whether a number must never be called", Role.AGENT, reads.do_not_call,
        {200: models.DoNotCall}, query=models.TheNumber,
    ),
    Operation(
        "block", "POST", "/v1/do-not-call", "Never call a number again; its callback is cancelled", Role.AGENT,
        acts.block, {204: None}, body=models.OfNumber,
    ),
    Operation(
        "unblock", "POST", "/v1/do-not-call/remove", "A number may be called again", Role.SUPERVISOR, acts.unblock,
        {204: None}, body=models.OfNumber,
    ),
)  # fmt: skip

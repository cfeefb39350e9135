"""The domain's commands as requests to Asterisk. What goes wrong comes back as events: trouble outside is a fact.

A request about a leg that no longer exists comes back as `LegEnded` with an unknown ending. The event stream was
usually faster and knew more, and the domain believes whichever comes first.
"""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, assert_never

import structlog

from callbackd.ari.client import Ari
from callbackd.ari.decode import PLACE_VARIABLE
from callbackd.ari.event_log import Record, evidence, no_record
from callbackd.ari.hold import Hold
from callbackd.ari.reply import Answer, Reply
from callbackd.ari.rings import Contacts, Rings
from callbackd.domain.commands import (
    Act,
    AnswerTransfer,
    ArmDeadMan,
    DialCustomer,
    DropBridge,
    HangUp,
    Join,
    LookAtPlayback,
    MakeBridge,
    NotePlace,
    Play,
    RingAgent,
    SendToFallback,
    StartMusic,
    StopMusic,
    StopPlayback,
    TraceAttempt,
    Transfer,
    lanes,
)
from callbackd.domain.events import (
    AttemptTraced,
    CallArrived,
    DialAccepted,
    DialRefused,
    DialUnknown,
    Ending,
    Event,
    Finding,
    LegAnswered,
    LegEnded,
    LegEntered,
    LegLeft,
    LegReplaced,
    LegRinging,
    LegsJoined,
    PlaybackEnded,
    RequestFailed,
    TransferFailed,
    Transferred,
)
from callbackd.domain.ids import LegId
from callbackd.domain.phrase import Phrase
from callbackd.domain.settings import Dialling
from callbackd.protocol import Step, reached

log = structlog.get_logger("ari")

Media = Callable[[tuple[Phrase, ...], str, str], Sequence[str]]
"""Turns phrases, a language and a queue into ``sound:`` addresses."""

_REMEMBERED = 4096
"""Legs that are over are remembered up to this many."""
SETTLE_S = 2.0
"""After a sign of life Asterisk is given this long to act on earlier requests (spec: settle)."""

_HANGUP = {True: "answered_elsewhere", False: "normal"}

AGENT_CONTEXT = "callbackd-agent"
"""Where agents go when they answer. It gets CBD_ENTRY, and waits a while for us when we are not there."""
OUTBOUND_CONTEXT = "callbackd-outbound"
"""Where customers go when they answer. It gets CBD_ATTEMPT, CBD_HELLO and CBD_SORRY (for Playback) and the language."""

TRANSFER_CONTEXT = "callbackd-transfer"
"""Where callers go when an agent transfers them. It gets CBD_TO and CBD_TO_CONTEXT, or CBD_COLLEAGUE."""
ASKS_US = {"PJSIP_TRANSFER_HANDLING()": "ari-only"}
"""A telephone's request to transfer comes to us; otherwise Asterisk would take the bridge apart by itself."""
STAYS = {"FORWARD_CONTEXT": "callbackd-undiverted"}
"""When a telephone diverts (302), Asterisk looks for the new number in this context, which has none. Otherwise it would
ring a stranger under an id that nobody has minted."""

LABEL = "begin"
"""Asterisk refuses a missing label (404) before anybody is rung. It does not refuse a missing priority: the customer
would be rung, and cut off on answering."""

_STEPS = {
    DialCustomer: (Step.DIAL_ASKED, Step.DIAL_ANSWERED),
    RingAgent: (Step.RING_ASKED, Step.RING_ANSWERED),
    Join: (Step.JOIN_ASKED, Step.JOIN_ANSWERED),
    TraceAttempt: (Step.TRACE_ASKED, Step.TRACE_ANSWERED),
    Transfer: (Step.TRANSFER_ASKED, Step.TRANSFER_ANSWERED),
}
_E164 = re.compile(r"\+[1-9][0-9]{4,14}")
_DIALLED = re.compile(r"[A-Za-z0-9+*#._-]{1,64}")
_CHANNEL = re.compile(r"[A-Za-z0-9_.+-]{1,32}/[A-Za-z0-9_.@+;/-]{1,128}")
_SOUND = re.compile(r"sound:[A-Za-z0-9_./-]+")


class Perform:
    """``await perform(command)`` carries a command out and returns the events that came of it, in order."""

    def __init__(
        self,
        ari: Ari,
        media: Media,
        dialling: Dialling,
        record: Record = no_record,
        withheld: Callable[[str], str] = lambda _: "anonymous",
        phones: Sequence[str] = (),
    ) -> None:
        """``record`` returns what Asterisk's event log has about a leg that is gone; ``withheld`` what the agent at an
        endpoint is shown when the caller has no number; ``phones`` are agents' endpoints, which may have
        several contacts."""
        self._ari, self._media, self._dialling, self._record = ari, media, dialling, record
        self._withheld = withheld
        self._contacts = Contacts(ari.api, phones)
        self.rings = Rings()
        self._told_missing = False
        self._told_wrong: set[str] = set()
        """Endpoints that Asterisk does not have and that have been logged."""
        self.hold = Hold(ari)
        self._over: dict[LegId, None] = {}
        """Legs whose end was reported, oldest first: a request to end them would only be told so."""

    def overhearing(self, decode: Callable[[Any], Event | None]) -> Callable[[Any], Event | None]:
        """``decode``, except that this object sees each event it returns, too."""
        return lambda raw: self.heard(decode(raw))

    def heard(self, event: Event | None) -> Event | None:
        """The same event. Forgets what was known about a leg that it ends."""
        self._contacts.overhear(event)
        match event:
            case CallArrived(leg=leg) | LegEntered(leg=leg):
                self._over.pop(leg, None)
                self.hold.entered(leg)
            case LegEnded(leg=leg):
                self._over[leg] = None
                if len(self._over) > _REMEMBERED:
                    del self._over[next(iter(self._over))]
                self.hold.forget(leg)
            case LegLeft(leg=leg) | LegReplaced(leg=leg):
                self.hold.forget(leg)
        return event

    def doubt(self) -> None:
        """The event stream was broken: legs may be elsewhere, and another Asterisk may have given their names away."""
        self._over.clear()
        self.hold.forget_all()

    async def __call__(self, act: Act) -> tuple[Event, ...]:
        asked, answered = _STEPS.get(type(act), (None, None))
        reached(asked)
        events = await self._carry_out(act)
        reached(answered)
        return events

    async def _carry_out(self, act: Act) -> tuple[Event, ...]:
        match act:
            case Play():
                return await self._play(act)
            case StopPlayback():
                return await self._stop_playback(act)
            case LookAtPlayback():
                return await self._look_at_playback(act)
            case StartMusic():
                return await self._start_music(act)
            case StopMusic():
                return await self._stop_music(act)
            case RingAgent():
                return await self._ring_agent(act)
            case DialCustomer():
                return await self._dial_customer(act)
            case TraceAttempt():
                return await self._trace(act)
            case NotePlace():
                return await self._note_place(act)
            case MakeBridge():
                return await self._make_bridge(act)
            case Join():
                return await self._join(act)
            case DropBridge():
                return await self._drop_bridge(act)
            case HangUp():
                return await self._hang_up(act)
            case ArmDeadMan():
                return await self._arm_dead_man(act)
            case SendToFallback():
                return await self._send_to_fallback(act)
            case Transfer():
                return await self._transfer(act)
            case AnswerTransfer():
                return await self._answer_transfer(act.leg, act.done)
            case _:
                assert_never(act)

    # --- speaking ---

    async def _play(self, act: Play) -> tuple[Event, ...]:
        media = list(self._media(act.phrases, act.language, act.queue))
        if act.music:
            hold = await _insist(lambda: self.hold.put(act.leg, act.music))
            if hold.reply is Reply.UNKNOWN:  # if we were killed now, silence would follow the prompt
                return (*_about(act, act.leg, hold), PlaybackEnded(act.playback))
            # A leg that is gone is reported by the next answer.
        if not media:
            return (PlaybackEnded(act.playback),)
        answer = await self._ari.api.channels.play_with_id(act.leg, act.playback, media=media)
        if answer.never_happened or answer.reply is Reply.CONFLICT:
            return (*_about(act, act.leg, answer), PlaybackEnded(act.playback))
        if answer.reply is Reply.UNKNOWN:
            return (*_about(act, act.leg, answer), *await self._look_at_playback(act))
        return _about(act, act.leg, answer)

    async def _stop_playback(self, act: StopPlayback) -> tuple[Event, ...]:
        answer = await self._ari.api.playbacks.stop(act.playback)
        return () if answer.reply is Reply.GONE else _about(act, act.leg, answer)

    async def _look_at_playback(self, act: LookAtPlayback | Play) -> tuple[Event, ...]:
        answer = await self._ari.api.playbacks.get(act.playback)
        return (PlaybackEnded(act.playback),) if answer.reply is Reply.GONE else ()

    async def _start_music(self, act: StartMusic) -> tuple[Event, ...]:
        return _about(act, act.leg, await _insist(lambda: self.hold.put(act.leg, act.music)))

    async def _stop_music(self, act: StopMusic) -> tuple[Event, ...]:
        return _about(act, act.leg, await self.hold.take(act.leg))

    # --- dialling ---

    async def _ring_agent(self, act: RingAgent) -> tuple[Event, ...]:
        contacts = await self._contacts.of(act.endpoint)
        legs = self.rings.begin(act.leg, len(contacts))
        rung = await asyncio.gather(*map(partial(self._ring, act), legs, contacts))
        self.rings.all_made(act.leg)
        if len(legs) == 1:
            return rung[0]
        dials, rest = [events[0] for events in rung], [event for events in rung for event in events[1:]]
        for dial in dials:
            if isinstance(dial, DialUnknown):  # perhaps it rings: the domain ends them all
                return (DialUnknown(act.leg, dial.reason),)
        refused = [dial for dial in dials if isinstance(dial, DialRefused)]
        if len(refused) == len(legs):
            return (DialRefused(act.leg, refused[0].reason),)
        return (DialAccepted(act.leg), *(LegEnded(dial.leg, Ending.UNREACHABLE) for dial in refused), *rest)

    async def _ring(self, act: RingAgent, leg: LegId, contact: str) -> tuple[Event, ...]:
        """Ring one telephone of an agent."""
        answer = await self._ari.ringing.channels.originate_with_id(
            leg,
            endpoint=contact,
            context=AGENT_CONTEXT,
            extension="s",
            label=LABEL,
            caller_id=_caller_id(act.caller_name, act.caller_number, self._withheld(act.endpoint)),
            timeout=math.ceil(act.ring_s),
            variables={"CBD_ENTRY": act.entry, **ASKS_US, **STAYS},
        )
        events = await self._dialled(leg, answer)
        match events[0]:
            case DialAccepted():
                self._told_wrong.discard(act.endpoint)
                return (*events, *await self._watch_ring(leg))
            case DialRefused(reason=reason):
                return (DialRefused(leg, await self._why_refused(act.endpoint) or reason),)
        return events

    async def _why_refused(self, endpoint: str) -> str:
        """Why Asterisk does not dial a phone; empty when Asterisk cannot tell.

        Its answer to the originate is the same for a phone that is off and for one that does not exist.
        """
        technology, _, resource = endpoint.partition("/")
        look = await self._ari.api.endpoints.get(technology, resource.rpartition("@")[2])
        if look.body and look.body.get("state") == "offline":
            return "the phone is not registered"
        if look.reply is not Reply.GONE:
            return ""
        if endpoint not in self._told_wrong:
            self._told_wrong.add(endpoint)
            why = "Asterisk has no such endpoint, so its agent is never rung: correct the agent's endpoint in [agents]"
            log.error("agents_endpoint_wrong", endpoint=endpoint, why=why)
        return f"Asterisk has no endpoint {endpoint}; see endpoint in [agents]"

    async def _dial_customer(self, act: DialCustomer) -> tuple[Event, ...]:
        if not _E164.fullmatch(act.number):
            return (DialRefused(act.leg, "the number is not E.164"),)
        number = act.number if self._dialling.plus else act.number[1:]
        answer = await self._ari.fresh.channels.originate_with_id(
            act.leg,
            endpoint=self._dialling.endpoint.replace("{number}", number),
            context=OUTBOUND_CONTEXT,
            extension="s",
            label=LABEL,
            caller_id=self._dialling.caller_id or None,
            timeout=math.ceil(act.ring_s),
            variables={
                **STAYS,
                "CHANNEL(language)": act.language,
                "CBD_ATTEMPT": act.attempt,
                "CBD_HELLO": self._for_playback(act.hello, act.language, act.queue),
                "CBD_SORRY": self._for_playback(act.sorry, act.language, act.queue),
            },
        )
        self._log_what_is_missing(answer)
        events = await self._dialled(act.leg, answer)
        return (*events, *await self._watch(act.leg)) if isinstance(events[0], DialAccepted) else events

    def _log_what_is_missing(self, answer: Answer[Any]) -> None:
        """Once, until a customer has been dialled again."""
        if answer.reply is Reply.GONE and not self._told_missing:
            why = f"no {OUTBOUND_CONTEXT},s with the label {LABEL} in the dialplan: nobody is rung back; "
            log.error("dialplan_missing", why=why + "include this version's extensions_callbackd.conf, dialplan reload")
        self._told_missing = answer.reply is Reply.GONE or (self._told_missing and not answer)

    async def _dialled(self, leg: LegId, answer: Answer[Any]) -> tuple[Event, ...]:
        if answer.reply is Reply.CONFLICT:
            # Our id is taken by an earlier request of ours, which has dialled. Unless we find the channel, nobody knows
            # what became of it.
            look = await self._ari.api.channels.get(leg)
            return (DialAccepted(leg),) if look else (DialUnknown(leg, f"the id is taken; a look: {look.reason}"),)
        if answer:
            return (DialAccepted(leg),)
        if answer.never_happened:
            return (DialRefused(leg, f"{answer.status or answer.reply.value} {answer.reason}"),)
        return (DialUnknown(leg, answer.reason),)

    async def _watch_ring(self, leg: LegId) -> tuple[Event, ...]:
        """Subscribe to an agent's leg. Asterisk only takes one that is there, and reports its end from then on; so a
        look is needed only when it does not."""
        if await self._subscribe(leg):
            return ()
        look = await self._ari.api.channels.get(leg)
        return (LegEnded(leg, Ending.UNKNOWN),) if look.reply is Reply.GONE else ()

    async def _watch(self, leg: LegId) -> tuple[Event, ...]:
        """Subscribe to a customer's channel in the dialplan. Only a look can show what it did before that.

        Returns nothing for a channel that has ended already, as AMI knows the cause.
        """
        await self._subscribe(leg)
        look = await self._ari.api.channels.get(leg)
        state = look.body["state"] if look.body else ""
        return (LegRinging(leg),) if state == "Ringing" else (LegAnswered(leg),) if state == "Up" else ()

    async def _subscribe(self, leg: LegId) -> bool:
        """Whether Asterisk reports what becomes of this leg."""
        answer = await self._ari.api.applications.subscribe(self._ari.address.app, event_source=[f"channel:{leg}"])
        if not answer:
            log.info("not_watched", leg=leg, why=answer.reason)
        return bool(answer)

    async def _trace(self, act: TraceAttempt) -> tuple[Event, ...]:
        """Look at the channel, and only then at the log: Asterisk may not have acted on the request yet."""
        if not await self._ari.api.asterisk.ping():
            return ()
        await asyncio.sleep(SETTLE_S)
        look = await self._ari.api.channels.get(act.leg)
        if look:
            return (AttemptTraced(act.attempt, Finding.ALIVE), *await self._watch(act.leg))
        if look.reply is not Reply.GONE:
            return ()
        return (AttemptTraced(act.attempt, await evidence(self._record, self._ari.fresh, act.leg)),)

    def _for_playback(self, phrases: tuple[Phrase, ...], language: str, queue: str) -> str:
        """The files as the dialplan's Playback() wants them. Only plain paths: this becomes part of the dialplan."""
        media = [address for address in self._media(phrases, language, queue) if _SOUND.fullmatch(address)]
        return "&".join(address.removeprefix("sound:") for address in media)

    # --- bridges ---

    async def _make_bridge(self, act: MakeBridge) -> tuple[Event, ...]:
        answer = await _insist(lambda: self._ari.api.bridges.create_with_id(act.bridge, type_="mixing"))
        # If the bridge exists, an earlier request made it. If it is missing, Join reports it and knows whom it
        # concerns.
        return () if answer.reply is Reply.CONFLICT else _noted(act, answer)

    async def _join(self, act: Join) -> tuple[Event, ...]:
        # Without this, each phone would show the number it was originated with as the other party's.
        answer = await _insist(
            lambda: self._ari.api.bridges.add_channel(
                act.bridge, channel=list(act.legs), inhibit_connected_line_updates=True
            )
        )
        if answer or await self._are_joined(act, answer):
            return (LegsJoined(act.legs),)
        gone = [leg for leg in act.legs if (await self._ari.api.channels.get(leg)).reply is Reply.GONE]
        if gone:
            return tuple(LegEnded(leg, Ending.UNKNOWN) for leg in gone)
        return (_failed(act, act.legs[0], answer),)

    async def _are_joined(self, act: Join, answer: Answer[Any]) -> bool:
        """Whether Asterisk did join them, although no answer came."""
        if answer.reply is not Reply.UNKNOWN:
            return False
        bridge = (await self._ari.api.bridges.get(act.bridge)).body
        return bridge is not None and set(act.legs) <= set(bridge["channels"])

    async def _drop_bridge(self, act: DropBridge) -> tuple[Event, ...]:
        answer = await self._ari.api.bridges.destroy(act.bridge)
        return () if answer.reply is Reply.GONE else _noted(act, answer)

    # --- one leg ---

    async def _hang_up(self, act: HangUp) -> tuple[Event, ...]:
        reason, events = _HANGUP[act.elsewhere], list[Event]()
        for leg in self.rings.under_way(act.leg):
            if leg in self._over:
                continue
            answer = await _insist(partial(self._ari.api.channels.hangup, leg, reason=reason))
            events += _about(act, leg, answer)
        return tuple(events)

    async def _arm_dead_man(self, act: ArmDeadMan) -> tuple[Event, ...]:
        answer = await self._ari.api.channels.set_channel_var(
            act.leg, variable="TIMEOUT(absolute)", value=f"{act.after_s:g}"
        )
        return _about(act, act.leg, answer)

    async def _note_place(self, act: NotePlace) -> tuple[Event, ...]:
        answer = await self._ari.api.channels.set_channel_var(
            act.leg, variable=PLACE_VARIABLE, value=f"{act.queue}:{act.arrived_at:.6f}"
        )
        return _about(act, act.leg, answer)

    async def _send_to_fallback(self, act: SendToFallback) -> tuple[Event, ...]:
        await self.hold.restore_class(act.leg)
        answer = await _insist(
            lambda: self._ari.api.channels.continue_in_dialplan(
                act.leg, context=act.context, extension=act.extension, priority=1
            )
        )
        return _about(act, act.leg, answer)

    # --- transfers ---

    async def _transfer(self, act: Transfer) -> tuple[Event, ...]:
        """Send the caller into the dialplan, which dials or connects. A number that the telephone may not dial is
        refused first."""
        if act.colleague:
            extension, refused = "attended", "" if _CHANNEL.fullmatch(act.colleague) else "no channel has such a name"
            variables = {"CBD_COLLEAGUE": act.colleague}
        else:
            context = act.context or await self._context_of(act.by)
            extension, refused = "blind", await self._undialable(act.by, context, act.to)
            variables = {"CBD_TO": act.to, "CBD_TO_CONTEXT": context, "CBD_TO_S": f"{act.ring_s:g}"}
        if not refused:
            variables |= {"CBD_QUEUE": act.queue, "CBD_FROM": f"{act.entry}:{act.arrived_at:.6f}"}
            refused = await self._goes(act.leg, extension, variables)
        reached(None if refused else Step.TRANSFER_SENT)
        if not refused and act.consult and not act.colleague:
            await self._ari.api.channels.hangup(act.consult)  # the colleague is rung for the caller now
        await self._answer_transfer(act.by, not refused)
        return (TransferFailed(act.leg, refused),) if refused else (Transferred(act.leg),)

    async def _goes(self, leg: LegId, extension: str, variables: dict[str, str]) -> str:
        """Empty when the leg is in the dialplan, else why it is not."""
        channels = self._ari.api.channels
        for name, value in variables.items():
            if not (answer := await channels.set_channel_var(leg, variable=name, value=value)):
                return f"{name}: {answer.status or answer.reply.value} {answer.reason}"
        await self.hold.restore_class(leg)
        # We still want to hear of its end, for the record.
        await self._ari.api.applications.subscribe(self._ari.address.app, event_source=[f"channel:{leg}"])
        answer = await _insist(
            lambda: channels.continue_in_dialplan(leg, context=TRANSFER_CONTEXT, extension=extension, priority=1)
        )
        return "" if answer else f"{answer.status or answer.reply.value} {answer.reason}"

    async def _context_of(self, leg: LegId) -> str:
        """The context in which the leg's telephone dials; empty if it is not a PJSIP one or Asterisk does not
        answer."""
        endpoint = await self._variable(leg, "CHANNEL(endpoint)")
        return await self._variable(leg, f"PJSIP_ENDPOINT({endpoint},context)") if _DIALLED.fullmatch(endpoint) else ""

    async def _undialable(self, leg: LegId, context: str, to: str) -> str:
        """Empty when the number leads somewhere, else why it does not."""
        if not _DIALLED.fullmatch(to):
            return "that is not a number to dial"
        if not context:
            return "it is not known in which context the telephone dials: set [transfers] context"
        there = await self._variable(leg, f"DIALPLAN_EXISTS({context},{to},1)")
        return "" if there == "1" else f"the dialplan has no {to} in {context}"

    async def _variable(self, leg: LegId, name: str) -> str:
        body = (await self._ari.api.channels.get_channel_var(leg, variable=name)).body
        return body["value"] if body else ""

    async def _answer_transfer(self, leg: LegId, done: bool) -> tuple[Event, ...]:
        states = "channel_answered" if done else "channel_unavailable"
        answer = await self._ari.api.channels.transfer_progress(leg, states=states)
        if not answer and answer.reply is not Reply.GONE:
            log.info("transfer_not_answered", leg=leg, why=answer.reason)
        return ()


async def _insist(ask: Callable[[], Awaitable[Answer[Any]]]) -> Answer[Any]:
    """The answer, of a second request when the first got none. Only for requests that may be carried out twice."""
    answer = await ask()
    return await ask() if answer.reply is Reply.UNKNOWN else answer


def _about(act: Act, leg: LegId, answer: Answer[Any]) -> tuple[Event, ...]:
    if answer:
        return ()
    return (LegEnded(leg, Ending.UNKNOWN),) if answer.reply is Reply.GONE else (_failed(act, leg, answer),)


def _failed(act: Act, leg: LegId, answer: Answer[Any]) -> RequestFailed:
    return RequestFailed(leg, type(act).__name__, f"{answer.status or answer.reply.value} {answer.reason}")


def _noted(act: Act, answer: Answer[Any]) -> tuple[Event, ...]:
    if not answer:
        log.warning("request_failed", request=type(act).__name__, lane=lanes(act)[0], why=answer.reason)
    return ()


def _caller_id(name: str, number: str, withheld: str) -> str:
    """The caller id as Asterisk parses it. Both parts come from outside: no quotes, brackets or separators may remain.

    When there is no number, words take its place; Asterisk would fill in a name of its own for an empty one.
    """
    number = "".join(c for c in number if c in "+0123456789*#")[:32]
    if not number:
        name, number = " - ".join(filter(None, (name, withheld))), "anonymous"
    name = "".join(c for c in name if c.isalnum() or c in " ._-")[:40].strip()
    return f'"{name}" <{number}>' if name else f"<{number}>"

"""Phones for tests and for the demo: callers, agents and customers with a real SIP stack, a voice and ears.

    async with Stage.around(asterisk) as stage:
        agent = await stage.agent("agent1", behaviour=answers(after=0.5))
        caller = stage.caller("+442079460001")
        await caller.dial("8001")
        await caller.hears_music()
        await caller.hears(agent)
        await caller.press("1")
        await caller.hangup()
        assert stage.spoke(caller, agent)
        print(stage.story())

SIPp does the SIP (``sipp.py``), one process for a phone; ``rtp.py`` does the audio. Each phone speaks with a tone of
its own, so what a phone heard tells whom it heard. Every wait has a limit, and one that fails shows the story so far.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import unquote

from tests.lab.judge import Fact, Talk, call_facts, meetings, tell
from tests.lab.music import NOTES
from tests.lab.rtp import TONES, VOICE, Ears, Hearing, KeyHeard, RtpEnd, Span
from tests.lab.sipp import REJECTIONS, Address, SipMessage, Sipp, answering, dialling, name_and_user

if TYPE_CHECKING:
    from tests.lab.asterisk import Asterisk

T = TypeVar("T")
Who = Literal["us", "them"]
KeysBy = Literal["rfc4733", "info"]


class PhoneFailed(AssertionError):
    """What a test waited for did not happen in time; the text has the phones' story."""


# --- one call ---------------------------------------------------------------------------------------------------


class Call:
    """One call of one phone, in or out: its facts (None until they happen; Unix times) and what one can do in it."""

    def __init__(self, stage: Stage, who: str, rtp: RtpEnd, *, outgoing: bool, keys_by: KeysBy) -> None:
        self.who = who
        """The phone, as the story names it."""
        self.outgoing = outgoing
        self.keys_by: KeysBy = keys_by
        self.rtp = rtp
        self.call_id = ""
        self.dialled = ""
        """The user part of the request's address."""
        self.from_user = ""
        self.from_display = ""
        """Who is calling, as this phone's display shows it."""
        self.invited_at: float | None = None
        self.ringing_at: float | None = None
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.ended_by: Who | None = None
        """Who hung up, refused or gave up: this phone ("us") or the other side ("them")."""
        self.status: int | None = None
        """The final answer to the INVITE: 200, 486, 487…"""
        self.reason = ""
        """The other side's Reason header at the end, where it sent one."""
        self.pressed: list[tuple[float, str]] = []
        self.messages: list[SipMessage] = []
        self._stage = stage
        self._sipp: Sipp | None = None
        self._established = False
        self._rtp_port = 0
        self._media: Address | None = None
        self._cseq = 1
        self._one_at_a_time = asyncio.Lock()
        self._changed = asyncio.Event()

    def __repr__(self) -> str:
        return f"<{self.who}: {self.state}>"

    @property
    def state(self) -> Literal["dialling", "ringing", "talking", "over"]:
        if self.ended_at is not None:
            return "over"
        if self.answered_at is not None:
            return "talking"
        return "ringing" if self.ringing_at is not None else "dialling"

    @property
    def hearing(self) -> Hearing:
        return self.rtp.hearing

    @property
    def keys_heard(self) -> str:
        """Keys that arrived at this phone as telephone events."""
        return "".join(heard.key for heard in self.rtp.keys)

    # --- waits ---

    async def is_invited(self, within: float = 5.0) -> float:
        return await self._until(lambda: self.invited_at, within, "have sent its INVITE")

    async def is_ringing(self, within: float = 5.0) -> float:
        return await self._until(lambda: self.ringing_at, within, "be ringing")

    async def is_answered(self, within: float = 10.0) -> float:
        """When both sides agree that it is answered."""
        await self._until(
            lambda: self._established or None, within, "be answered", hopeless=lambda: self.ended_at is not None
        )
        assert self.answered_at is not None
        return self.answered_at

    async def is_over(self, within: float = 10.0) -> Who:
        """Who ended it."""
        await self._until(lambda: self.ended_at, within, "be over")
        assert self.ended_by is not None
        return self.ended_by

    async def hears(
        self, other: Phone | Call | str, *, within: float = 5.0, seconds: float = 0.3, since: float | None = None
    ) -> Span:
        """The other phone's tone, ``seconds`` without a pause; at any time of the call unless ``since`` says when."""
        who = name_of(other)
        return await self._hears(who, f"hear {who}", within, seconds, since)

    async def hears_voice(self, *, within: float = 5.0, seconds: float = 0.3, since: float | None = None) -> Span:
        """A prompt: sound that is neither a phone's tone nor known music."""
        return await self._hears(VOICE, "hear a voice", within, seconds, since)

    async def hears_music(
        self, name: str = "default", *, within: float = 5.0, seconds: float = 0.3, since: float | None = None
    ) -> Span:
        return await self._hears(f"music:{name}", f"hear the music of {name!r}", within, seconds, since)

    async def hears_something(self, *, within: float = 5.0, seconds: float = 0.3, since: float | None = None) -> Span:
        return await self._hears(None, "hear anything", within, seconds, since)

    async def hears_silence(self, seconds: float = 1.0, *, within: float = 5.0) -> None:
        """Nothing at all for so long, from some moment after now on."""
        start = time.time()

        def quiet() -> bool | None:
            heard = self.hearing.spans(since=start, gap=0.1)
            return True if time.time() - (heard[-1].end if heard else start) >= seconds else None

        await self._until(quiet, within, f"hear {seconds:g} s of silence", sounds=True)

    async def gets_key(self, key: str, *, within: float = 5.0) -> KeyHeard:
        """A telephone event that Asterisk sends here."""
        return await self._until(
            lambda: next((heard for heard in self.rtp.keys if heard.key == key), None),
            within,
            f"get the key {key}",
            sounds=True,
        )

    async def _hears(self, name: str | None, what: str, within: float, seconds: float, since: float | None) -> Span:
        def found() -> Span | None:
            spans = self.hearing.spans(name, since=since or 0.0)
            return next((span for span in spans if span.seconds >= seconds), None)

        return await self._until(found, within, f"{what} for {seconds:g} s", sounds=True, hopeless=lambda: self.over)

    @property
    def over(self) -> bool:
        return self.ended_at is not None

    async def _until(
        self,
        check: Callable[[], T | None],
        within: float,
        what: str,
        *,
        sounds: bool = False,
        hopeless: Callable[[], bool] = lambda: False,
    ) -> T:
        problem = f"within {within:g} s"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while (value := check()) is None:
                    if hopeless():
                        problem = "before it was over"
                        break
                    self._changed.clear()
                    # Three frames: sounds are judged in steps of 60 ms.
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), 0.06 if sounds else None)
                else:
                    return value
        value = check()
        if value is not None:
            return value
        raise PhoneFailed(f"{self.who} should {what} {problem}, but did not.\n{self._stage.story()}")

    # --- acts ---

    async def answer(self) -> None:
        """Take an incoming call. Does nothing when it is over already."""
        if not self.over and self.answered_at is None:
            await self._until(lambda: self._rtp_port or None, 5.0, "have its audio ready")
            self._tell("XANSWER", rtp=self._rtp_port)
            await self._until(lambda: self._established or self.over or None, 5.0, "have its answer acknowledged")

    async def ring(self) -> None:
        """Tell the other side that it rings (180)."""
        if not self.over:
            self._tell("XRING")
            await self._until(lambda: self.ringing_at or self.ended_at, 5.0, "ring")

    async def reject(self, status: int = 486) -> None:
        if status not in REJECTIONS:
            raise ValueError(f"{status} is none of {sorted(REJECTIONS)}")
        if not self.over:
            self._tell(f"XREJECT{status}")
            await self.is_over(5.0)

    async def press(self, keys: str, *, hold: float = 0.1, pause: float = 0.1) -> None:
        """Press keys, the phone's way (RFC 4733 or SIP INFO). Returns when they are sent."""
        await self.is_answered(5.0)
        async with self._one_at_a_time:
            for key in keys:
                self.pressed.append((time.time(), key))
                if self.keys_by == "rfc4733":
                    await self.rtp.press(key, hold=hold, pause=pause)
                elif not await self._request("XINFO", digit=key):
                    return

    async def refer(self, to: str) -> None:
        """Blind transfer of the other side to a number."""
        await self.is_answered(5.0)
        async with self._one_at_a_time:
            await self._request("XREFER", target=to)

    async def hangup(self, within: float = 5.0) -> None:
        """Put the receiver down: BYE, or CANCEL or 603 when it was not answered. Nothing when it is over already."""
        async with self._one_at_a_time:
            for _ in range(3):
                if self.over:
                    return
                if self._sipp is None or not self._sipp.running:
                    return
                if self.answered_at is None:
                    self._tell("XCANCEL" if self.outgoing else "XREJECT603")
                else:
                    await self._until(lambda: self._established or self.over or None, within, "be acknowledged")
                    self._cseq += 1
                    self._tell("XBYE", cseq=self._cseq)
                with contextlib.suppress(TimeoutError):
                    await self._quiet_wait(lambda: self.over, within / 3)
        await self.is_over(0.01)

    def mute(self) -> None:
        """Say nothing from now on (frames of silence, as a quiet room)."""
        self.rtp.say(None)

    def speak(self) -> None:
        """Say the phone's tone."""
        self.rtp.say(self._stage.tone_of(self.who))

    async def _request(self, control: str, **headers: str) -> bool:
        """A request inside the call; whether it was answered before the call was over."""
        if self.over:
            return False
        self._cseq += 1
        wanted = f"{self._cseq} {control[1:]}"
        self._tell(control, cseq=self._cseq, **headers)
        await self._until(
            lambda: (
                self.over
                or any(
                    message.status and not message.sent and message.headers.get("cseq") == wanted
                    for message in self.messages
                )
                or None
            ),
            5.0,
            f"get an answer to {wanted}",
        )
        return not self.over

    async def _quiet_wait(self, check: Callable[[], bool], limit: float) -> None:
        async with asyncio.timeout(limit):
            while not check():
                self._changed.clear()
                await self._changed.wait()

    def _tell(self, method: str, **headers: str | int) -> None:
        assert self._sipp is not None
        self._sipp.tell(self.call_id, method, **headers)

    # --- the judge's view ---

    def gaps(self, longer_than: float = 1.0) -> list[Span]:
        """Silences between answer and end (or now): what a caller must not hear."""
        if self.answered_at is None:
            return []
        return self.hearing.gaps(self.answered_at, self.ended_at or time.time(), longer_than)

    # --- SIP ---

    def _on_message(self, message: SipMessage) -> None:
        self.messages.append(message)
        if message.method == "INVITE":
            self._on_invite(message)
        elif message.status is None:
            mine: Who = "us" if message.sent else "them"
            if message.method == "ACK":
                self._established = self._established or self.answered_at is not None
            elif message.method == "CANCEL":
                self._end(message, mine, 487)
            elif message.method == "BYE":
                self._end(message, mine, self.status)
        self._changed.set()

    def _on_invite(self, message: SipMessage) -> None:
        if message.media and not message.sent:
            self._media = message.media
        status = message.status
        if status is None:
            if self.invited_at is None:
                self.invited_at = message.at
                self.from_display, user = name_and_user(message.headers.get("from", ""))
                self.from_user, self.dialled = unquote(user), unquote(message.request_user)
        elif status in (180, 183):
            self.ringing_at = self.ringing_at or message.at
        elif status == 200 and self.answered_at is None and not self.over:
            self.answered_at, self.status = message.at, 200
        elif status >= 300 and self.answered_at is None:
            self._end(message, "us" if message.sent else "them", status)
        if self.outgoing or self.answered_at is not None:
            # A phone that is called says nothing before it answers.
            self.rtp.remote = self._media

    def _end(self, message: SipMessage, by: Who, status: int | None) -> None:
        if self.ended_at is None:
            self.ended_at, self.ended_by, self.status = message.at, by, status
            self.reason = message.headers.get("reason", "")
            self.rtp.close()

    def _lost(self) -> None:
        """The phone is gone: its power was cut."""
        if self.ended_at is None:
            self.ended_at, self.ended_by, self.reason = time.time(), "us", "the phone was switched off"
            self.rtp.close()
            self._changed.set()


# --- what a called phone does -----------------------------------------------------------------------------------

Behaviour = Callable[[Call], Awaitable[None]]
"""What a phone does with an incoming call. Write your own as ``async def behave(call: Call) -> None``."""


def answers(
    after: float = 0.2, *, talk: float | None = None, press: str = "", press_after: float = 0.5, silent: bool = False
) -> Behaviour:
    """Rings, answers after so many seconds, presses keys, and with ``talk`` hangs up that many seconds later."""

    async def behave(call: Call) -> None:
        await call.ring()
        await asyncio.sleep(after)
        if silent:
            call.mute()
        await call.answer()
        if press and not call.over:
            await asyncio.sleep(press_after)
            await call.press(press)
        if talk is not None and call.answered_at is not None:
            await asyncio.sleep(max(0.0, call.answered_at + talk - time.time()))
            await call.hangup()

    return behave


def rejects(status: int = 486, after: float = 0.1, *, ring: bool = False) -> Behaviour:
    """Refuses with a code of ``REJECTIONS``; 486 is busy."""

    async def behave(call: Call) -> None:
        if ring:
            await call.ring()
        await asyncio.sleep(after)
        await call.reject(status)

    return behave


async def rings(call: Call) -> None:
    """Rings and never answers by itself: ``await call.answer()`` or ``call.reject()`` does it by hand."""
    await call.ring()


async def stays_mute(call: Call) -> None:
    """Not even a 180 (the 100 Trying is SIPp's)."""


# --- phones -----------------------------------------------------------------------------------------------------


class Phone:
    """What callers, agents and customers have in common: a name, a tone, and calls."""

    def __init__(self, stage: Stage, name: str, *, keys_by: KeysBy = "rfc4733") -> None:
        self.name = name
        self.keys_by: KeysBy = keys_by
        self.calls: list[Call] = []
        """All calls of this phone, oldest first."""
        self._stage = stage

    def __repr__(self) -> str:
        return f"<{self.name}: {self.calls}>"

    @property
    def tone(self) -> int:
        return self._stage.tone_of(self.name)

    @property
    def call(self) -> Call:
        """The newest call."""
        if not self.calls:
            raise PhoneFailed(f"{self.name} has no call.\n{self._stage.story()}")
        return self.calls[-1]

    async def _dial(
        self, number: str, from_header: str, host: str, port: int, headers: tuple[str, ...], *, silent: bool = False
    ) -> Call:
        stage = self._stage
        rtp = RtpEnd(stage.ears, None if silent else self.tone)
        call = Call(stage, self.name, rtp, outgoing=True, keys_by=self.keys_by)
        rtp_port = await rtp.open(host, stage.rtp_ports())

        def on_message(message: SipMessage) -> None:
            call.call_id = call.call_id or message.call_id
            if message.call_id == call.call_id:
                call._on_message(message)

        call._sipp = Sipp(
            stage.file_name(self.name),
            dialling(number, from_header, rtp_port, headers=headers),
            (host, port or stage.sip_port(host)),
            stage.asterisk,
            stage.directory,
            on_message,
            single_call=True,
            control_port=stage.control_port(host),
        )
        stage._adopt(call, call._sipp)
        self.calls.append(call)
        await call._sipp.start()
        await call.is_invited()
        return call


class Caller(Phone):
    """A person outside who calls. The call's waits and acts are the caller's own: ``await caller.hears(agent)``."""

    def __init__(
        self, stage: Stage, name: str, from_header: str, host: str, port: int, keys_by: KeysBy, silent: bool
    ) -> None:
        super().__init__(stage, name, keys_by=keys_by)
        self._from, self._host, self._port, self._silent = from_header, host, port, silent

    async def dial(
        self, number: str, *, answered: bool = False, within: float = 10.0, headers: tuple[str, ...] = ()
    ) -> Call:
        """Call; returns when the INVITE is out, with ``answered`` when it is answered."""
        call = await self._dial(number, self._from, self._host, self._port, headers, silent=self._silent)
        if answered:
            await call.is_answered(within)
        return call

    # The newest call's facts, waits and acts, so that tests read as prose.

    @property
    def answered_at(self) -> float | None:
        return self.call.answered_at

    @property
    def ended_at(self) -> float | None:
        return self.call.ended_at

    @property
    def ended_by(self) -> Who | None:
        return self.call.ended_by

    async def is_answered(self, within: float = 10.0) -> float:
        return await self.call.is_answered(within)

    async def is_over(self, within: float = 10.0) -> Who:
        return await self.call.is_over(within)

    async def hears(self, other: Phone | Call | str, **limits: Any) -> Span:
        return await self.call.hears(other, **limits)

    async def hears_voice(self, **limits: Any) -> Span:
        return await self.call.hears_voice(**limits)

    async def hears_music(self, name: str = "default", **limits: Any) -> Span:
        return await self.call.hears_music(name, **limits)

    async def hears_something(self, **limits: Any) -> Span:
        return await self.call.hears_something(**limits)

    async def hears_silence(self, seconds: float = 1.0, *, within: float = 5.0) -> None:
        await self.call.hears_silence(seconds, within=within)

    async def press(self, keys: str, **how: Any) -> None:
        await self.call.press(keys, **how)

    async def hangup(self, within: float = 5.0) -> None:
        await self.call.hangup(within)

    def gaps(self, longer_than: float = 1.0) -> list[Span]:
        return self.call.gaps(longer_than)


class _Answering(Phone):
    """A phone that is called: one SIPp process, many calls."""

    def __init__(self, stage: Stage, name: str, address: Address, behaviour: Behaviour, keys_by: KeysBy) -> None:
        super().__init__(stage, name, keys_by=keys_by)
        self.address = address
        self.behaviour: Behaviour = behaviour
        """For the calls to come; change it at any time."""
        self._by_id: dict[str, Call] = {}
        self._awaited: set[int] = set()
        self._sipp: Sipp | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()

    @property
    def running(self) -> bool:
        return self._sipp is not None and self._sipp.running

    async def switch_on(self) -> None:
        """Plug the phone in (again)."""
        if self.running:
            return
        stage = self._stage
        self._sipp = Sipp(
            stage.file_name(self.name),
            answering(),
            self.address,
            stage.asterisk,
            stage.directory,
            self._on_message,
            control_port=stage.control_port(self.address[0]),
        )
        stage._processes.append(self._sipp)
        await self._sipp.start()

    async def switch_off(self) -> None:
        """Pull the plug: unreachable from now on, running calls die without a word."""
        if self._sipp is not None:
            await self._sipp.stop()
        for task in self._tasks:
            task.cancel()
        for call in self.calls:
            call._lost()

    async def next_call(self, within: float = 10.0, *, answered: bool = False) -> Call:
        """The oldest incoming call that this method has not returned yet."""
        call = await self._next_of(lambda call: not call.outgoing, within, "be called")
        if answered:
            await call.is_answered(within)
        return call

    async def _next_of(self, fits: Callable[[Call], bool], within: float, what: str) -> Call:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while True:
                    for call in self.calls:
                        if id(call) not in self._awaited and fits(call):
                            self._awaited.add(id(call))
                            return call
                    self._news.clear()
                    await self._news.wait()
        raise PhoneFailed(f"{self.name} should {what} within {within:g} s, but was not.\n{self._stage.story()}")

    def _who(self, message: SipMessage) -> str:
        """The name of the person who is called."""
        return self.name

    def _behaviour_for(self, call: Call) -> Behaviour:
        return self.behaviour

    def _on_message(self, message: SipMessage) -> None:
        call = self._by_id.get(message.call_id)
        if call is None:
            if message.method != "INVITE" or message.status is not None or message.sent:
                return
            who = self._who(message)
            call = Call(
                self._stage,
                who,
                RtpEnd(self._stage.ears, self._stage.tone_of(who)),
                outgoing=False,
                keys_by=self.keys_by,
            )
            call.call_id, call._sipp = message.call_id, self._sipp
            self._by_id[call.call_id] = call
            self._stage.calls.append(call)
            self.calls.append(call)
            call._on_message(message)
            task = asyncio.create_task(self._take(call), name=f"{who} takes a call")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            self._news.set()
        else:
            call._on_message(message)

    async def _take(self, call: Call) -> None:
        call._rtp_port = await call.rtp.open(self.address[0], self._stage.rtp_ports())
        call._changed.set()
        try:
            await self._behaviour_for(call)(call)
        except PhoneFailed as failed:
            # The caller may have gone at the same moment; what is left is told in the story.
            self._stage.remark(call.who, str(failed).splitlines()[0])
        except Exception as error:
            self._stage.remark(call.who, f"its behaviour broke: {error!r}")
            raise


class AgentPhone(_Answering):
    """An agent's phone: takes calls by its behaviour, and dials (feature codes) from the same identity."""

    async def dial(self, number: str, *, answered: bool = False, within: float = 10.0) -> Call:
        host = self.address[0]
        call = await self._dial(number, f'"{self.name}" <sip:{self.name}@{host}>', host, 0, ())
        if answered:
            await call.is_answered(within)
        return call

    @property
    def rung(self) -> list[Call]:
        """Incoming calls, oldest first."""
        return [call for call in self.calls if not call.outgoing]


class CustomerPhones(_Answering):
    """The phones of everybody behind a trunk: the number that is dialled tells who is called."""

    def __init__(self, stage: Stage, name: str, address: Address, behaviour: Behaviour, keys_by: KeysBy) -> None:
        super().__init__(stage, name, address, behaviour, keys_by)
        self._behaviours: dict[str, Iterator[Behaviour]] = {}

    def on(self, number: str, *behaviours: Behaviour) -> None:
        """What the phone with this number does with its first, second… call; the last one repeats."""
        self._behaviours[number] = itertools.chain(behaviours[:-1], itertools.repeat(behaviours[-1]))

    def calls_to(self, number: str) -> list[Call]:
        """All INVITEs to a number, answered or not."""
        return [call for call in self.calls if call.dialled == number]

    async def next_call_to(self, number: str, within: float = 10.0, *, answered: bool = False) -> Call:
        """The oldest call to the number that was not returned yet."""
        call = await self._next_of(lambda call: call.dialled == number, within, f"be called at {number}")
        if answered:
            await call.is_answered(within)
        return call

    def _who(self, message: SipMessage) -> str:
        return customer(unquote(message.request_user))

    def _behaviour_for(self, call: Call) -> Behaviour:
        chosen = self._behaviours.get(call.dialled)
        return next(chosen) if chosen else self.behaviour


def customer(number: str) -> str:
    """The name under which the story knows the customer with this number."""
    return f"customer {number}"


def name_of(somebody: Phone | Call | str) -> str:
    if isinstance(somebody, Phone):
        return somebody.name
    return somebody.who if isinstance(somebody, Call) else somebody


# --- the stage --------------------------------------------------------------------------------------------------


@dataclass
class _Pool:
    """Ports handed out in turn, so that one is not used again soon."""

    ports: Sequence[int]
    _at: int = 0

    def candidates(self) -> Iterator[int]:
        if not self.ports:
            yield 0
        for _ in range(len(self.ports)):
            self._at = (self._at + 1) % len(self.ports)
            yield self.ports[self._at]

    def free(self, host: str) -> int:
        for port in self.candidates():
            with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.bind((host, port))
                return int(probe.getsockname()[1])
        raise OSError(f"no free port on {host} among {self.ports}")


class Stage:
    """Where the phones of one test are: makes them, ends them all, and tells what happened.

    ``sip_ports`` are for outgoing calls, ``media_ports`` for audio (and SIPp's control); empty means any free port.
    ``music`` maps the names of music classes to their notes.
    """

    def __init__(
        self,
        asterisk: Address,
        directory: Path | None = None,
        *,
        agent_ports: dict[str, int] | None = None,
        trunk_port: int = 0,
        sip_ports: Sequence[int] = (),
        media_ports: Sequence[int] = (),
        caller_host: str = "127.0.0.1",
        caller_info_host: str | None = None,
        music: Mapping[str, Iterable[int]] = NOTES,
    ) -> None:
        self.asterisk = asterisk
        self.directory = directory or Path(tempfile.mkdtemp(prefix="phones-"))
        self.origin = time.time()
        """The story's zero."""
        self.ears = Ears(music)
        self.calls: list[Call] = []
        """All calls of all phones, by the time they began."""
        self.remarks: list[Fact] = []
        self.phones: list[Phone] = []
        self._agent_ports, self._trunk_port = agent_ports or {}, trunk_port
        self._hosts = (caller_host, caller_info_host or caller_host)
        self._sip, self._media = _Pool(sip_ports), _Pool(media_ports)
        self._tones: dict[str, int] = {}
        self._files: dict[str, int] = {}
        self._processes: list[Sipp] = []

    @classmethod
    def around(cls, asterisk: Asterisk, directory: Path | None = None) -> Stage:
        """The lab's Asterisk, with the ports of its slot."""
        from tests.lab.asterisk import CALLER_HOST, CALLER_INFO_HOST

        return cls(
            ("127.0.0.1", asterisk.sip_port),
            directory or asterisk.slot.dir / "phones",
            agent_ports=asterisk.agent_ports,
            trunk_port=asterisk.trunk_port,
            sip_ports=asterisk.caller_ports,
            media_ports=asterisk.slot.phones_rtp,
            caller_host=CALLER_HOST,
            caller_info_host=CALLER_INFO_HOST,
        )

    async def __aenter__(self) -> Stage:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Everybody hangs up, then all phones are ended."""
        running = [call for call in self.calls if not call.over]
        await asyncio.gather(*(call.hangup(2.0) for call in running), return_exceptions=True)
        for phone in self.phones:
            if isinstance(phone, _Answering):
                await phone.switch_off()
        await asyncio.gather(*(process.stop() for process in self._processes))
        for call in self.calls:
            call._lost()

    # --- phones ---

    def caller(
        self,
        number: str | None,
        *,
        display: str = "",
        name: str = "",
        from_header: str | None = None,
        keys_by: KeysBy = "rfc4733",
        silent: bool = False,
        port: int = 0,
    ) -> Caller:
        """Somebody who will ``dial()``. No number: anonymous. ``from_header``: any From, however odd, without a tag."""
        host = self._hosts[keys_by == "info"]
        if from_header is None and number is None:
            from_header = '"Anonymous" <sip:anonymous@anonymous.invalid>'
        elif from_header is None:
            from_header = (f'"{display}" ' if display else "") + f"<sip:{number}@{host}>"
        found = Caller(
            self, self._unique(name or f"caller {number or 'anonymous'}"), from_header, host, port, keys_by, silent
        )
        self.phones.append(found)
        return found

    async def agent(
        self,
        name: str,
        *,
        port: int = 0,
        behaviour: Behaviour | None = None,
        keys_by: KeysBy = "rfc4733",
        on: bool = True,
    ) -> AgentPhone:
        """An agent's phone, switched on unless ``on`` says otherwise."""
        address = ("127.0.0.1", port or self._agent_ports.get(name) or self.sip_port("127.0.0.1"))
        phone = AgentPhone(self, self._unique(name), address, behaviour or answers(), keys_by)
        self.phones.append(phone)
        if on:
            await phone.switch_on()
        return phone

    async def customers(
        self,
        *,
        port: int = 0,
        behaviour: Behaviour | None = None,
        keys_by: KeysBy = "rfc4733",
        name: str = "customers",
        on: bool = True,
    ) -> CustomerPhones:
        """Everybody behind the trunk. ``behaviour`` is for the numbers that ``.on(number, …)`` does not name."""
        address = ("127.0.0.1", port or self._trunk_port or self.sip_port("127.0.0.1"))
        phones = CustomerPhones(self, self._unique(name), address, behaviour or answers(), keys_by)
        self.phones.append(phones)
        if on:
            await phones.switch_on()
        return phones

    # --- the judge ---

    def now(self) -> float:
        """For ``since``."""
        return time.time()

    def facts(self) -> list[Fact]:
        """Everything that happened, in order."""
        facts = [fact for call in self.calls for fact in call_facts(call)]
        return sorted([*facts, *self.remarks], key=lambda fact: fact.at)

    def story(self) -> str:
        """``facts()`` as lines to read."""
        return tell(self.facts(), self.origin)

    def talks(self) -> list[Talk]:
        """Who spoke with whom, and when: both heard the other's tone at the same time."""
        return meetings(self.calls)

    def spoke(self, one: Phone | Call | str, other: Phone | Call | str) -> list[Talk]:
        """The talks of two phones."""
        pair = {name_of(one), name_of(other)}
        return [talk for talk in self.talks() if {talk.one, talk.other} == pair]

    def remark(self, who: str, text: str, at: float | None = None) -> None:
        """Put a sentence of one's own into the story."""
        self.remarks.append(Fact(at or time.time(), who, text))

    # --- for the phones ---

    def tone_of(self, name: str) -> int:
        if name not in self._tones:
            self._tones[name] = tone = TONES[len(self._tones) % len(TONES)]
            self.ears.learn(tone, name)
        return self._tones[name]

    def rtp_ports(self) -> Iterator[int]:
        return self._media.candidates()

    def sip_port(self, host: str) -> int:
        return self._sip.free(host)

    def control_port(self, host: str) -> int:
        return self._media.free(host)

    def file_name(self, name: str) -> str:
        plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "phone"
        self._files[plain] = count = self._files.get(plain, 0) + 1
        return f"{plain}-{count}"

    def _unique(self, name: str) -> str:
        taken = {phone.name for phone in self.phones}
        names = itertools.chain([name], (f"{name} #{number}" for number in itertools.count(2)))
        return next(each for each in names if each not in taken)

    def _adopt(self, call: Call, process: Sipp) -> None:
        self.calls.append(call)
        self._processes.append(process)

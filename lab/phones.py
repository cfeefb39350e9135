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

SIPp does the SIP (``sipp.py``), one process per phone; ``rtp.py`` does the audio; ``call.py`` has what one can wait for
and do in a call; ``judge.py`` turns it all into sentences. Each phone speaks with a tone of its own, so the tone that a
phone heard shows whom it heard. Every wait has a limit, and a wait that fails shows the story so far.

There are 52 tones; later phones use them again from the first, agents keep theirs, and a ``silent`` caller needs none.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lab.call import Call, KeysBy, PhoneFailed, Who, name_of
from lab.judge import Fact, Talk, call_facts, meetings, tell
from lab.music import NOTES
from lab.rtp import TONES, Ears, RtpEnd, Span
from lab.sipp import Address, SipMessage, Sipp, answering, crowding, dialling

if TYPE_CHECKING:
    from lab.asterisk import Asterisk

__all__ = [
    "AgentPhone",
    "Behaviour",
    "Call",
    "Caller",
    "CustomerPhones",
    "Phone",
    "PhoneFailed",
    "Stage",
    "answers",
    "customer",
    "first_heard",
    "name_of",
    "presses_one",
    "rejects",
    "rings",
    "stays_mute",
]

# --- what a called phone does -----------------------------------------------------------------------------------

Behaviour = Callable[[Call], Coroutine[Any, Any, None]]
"""What a phone does with an incoming call. Write your own as ``async def behave(call: Call) -> None``."""


def answers(
    after: float = 0.2, *, talk: float | None = None, press: str = "", press_after: float = 0.5, silent: bool = False
) -> Behaviour:
    """Rings, answers after ``after`` seconds, presses keys, and with ``talk`` hangs up that many seconds later."""

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


def presses_one() -> Behaviour:
    """A person who hears the hello and the menu and presses 1, and presses it again when nothing happens."""
    return presses("1")


def presses(key: str) -> Behaviour:
    """A person who hears the hello and the menu and presses a key, again and again until the call is over."""

    async def behave(call: Call) -> None:
        await answers(after=0.3)(call)
        await call.hears_voice(within=2)
        while not call.over:
            await asyncio.sleep(2.0)
            await call.press(key)

    return behave


async def rings(call: Call) -> None:
    """Rings and never answers by itself: ``await call.answer()`` or ``call.reject()`` does it by hand."""
    await call.ring()


async def stays_mute(call: Call) -> None:
    """Sends no answer, not even a 180 (the 100 Trying is SIPp's)."""


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
                call.on_message(message)

        call._sipp = Sipp(
            stage.file_name(self.name),
            dialling(number, from_header, rtp_port, headers=headers, key_events=self.keys_by != "tones"),
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
    """A person outside who calls. It has the waits and acts of its newest call: ``await caller.hears(agent)``."""

    def __init__(
        self, stage: Stage, name: str, from_header: str, host: str, port: int, keys_by: KeysBy, silent: bool
    ) -> None:
        super().__init__(stage, name, keys_by=keys_by)
        self._from, self._host, self._port, self._silent = from_header, host, port, silent

    async def dial(
        self,
        number: str,
        *,
        answered: bool = False,
        within: float = 10.0,
        patience: float | None = None,
        headers: tuple[str, ...] = (),
    ) -> Call:
        """Call. Returns when the INVITE has been sent; with ``answered``, when it has been answered.

        With ``patience`` the caller hangs up after this many seconds, answered or not. ``headers`` are whole lines.
        """
        call = await self._dial(number, self._from, self._host, self._port, headers, silent=self._silent)
        if patience is not None:
            self._stage.later(patience, call.hangup)
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

    async def hears_signal(self, **limits: Any) -> Span:
        return await self.call.hears_signal(**limits)

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
        """For future calls; change it at any time."""
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
            self.on_message,
            control_port=stage.control_port(self.address[0]),
        )
        stage.processes.append(self._sipp)
        await self._sipp.start()

    async def switch_off(self) -> None:
        """Pull the plug: unreachable from now on, and running calls die without a BYE."""
        if self._sipp is not None:
            await self._sipp.stop()
        for task in self._tasks:
            task.cancel()
        for call in self.calls:
            call.lost()

    async def next_call(self, within: float = 10.0, *, answered: bool = False) -> Call:
        """The oldest incoming call that this method has not returned yet."""
        call = await self.next_of(lambda call: not call.outgoing, within, "be called")
        if answered:
            await call.is_answered(within)
        return call

    async def next_of(self, fits: Callable[[Call], bool], within: float, what: str) -> Call:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while True:
                    for call in self.calls:
                        if id(call) not in self._awaited and fits(call):
                            self._awaited.add(id(call))
                            return call
                    self._news.clear()
                    await self._news.wait()
        raise PhoneFailed(
            f"{self.name} should {what} within {within:g} s, but was not.\n{self._stage.story()}{self._stage.broken()}"
        )

    def _who(self, message: SipMessage) -> str:
        """The story's name for the person who is called."""
        return self.name

    def _behaviour_for(self, call: Call) -> Behaviour:
        return self.behaviour

    def on_message(self, message: SipMessage) -> None:
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
            call.on_message(message)
            task = asyncio.create_task(self._take(call), name=f"{who} takes a call")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            self._news.set()
        else:
            call.on_message(message)

    async def _take(self, call: Call) -> None:
        call.rtp_port = await call.rtp.open(self.address[0], self._stage.rtp_ports())
        call.changed.set()
        try:
            await self._behaviour_for(call)(call)
        except PhoneFailed as failed:
            # The caller may have gone at the same moment; anything else goes into the story.
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
    """The phones of everybody behind a trunk: the number that is dialled decides who is called."""

    def __init__(self, stage: Stage, name: str, address: Address, behaviour: Behaviour, keys_by: KeysBy) -> None:
        super().__init__(stage, name, address, behaviour, keys_by)
        self._behaviours: dict[str, Iterator[Behaviour]] = {}

    def on(self, number: str, *behaviours: Behaviour) -> None:
        """Set what the phone with this number does with its first, second… call; the last one repeats."""
        self._behaviours[number] = itertools.chain(behaviours[:-1], itertools.repeat(behaviours[-1]))

    def calls_to(self, number: str) -> list[Call]:
        """All INVITEs to a number, answered or not."""
        return [call for call in self.calls if call.dialled == number]

    async def next_call_to(self, number: str, within: float = 10.0, *, answered: bool = False) -> Call:
        """The oldest call to the number that this method has not returned yet."""
        call = await self.next_of(lambda call: call.dialled == number, within, f"be called at {number}")
        if answered:
            await call.is_answered(within)
        return call

    def _who(self, message: SipMessage) -> str:
        return customer(unquote(message.request_user))

    def _behaviour_for(self, call: Call) -> Behaviour:
        chosen = self._behaviours.get(call.dialled)
        return next(chosen) if chosen else self.behaviour


async def first_heard(listener: Caller | Call, *others: AgentPhone, within: float = 15.0) -> AgentPhone:
    """The agent's phone that the listener hears first."""
    waits = {asyncio.create_task(listener.hears(other, within=within)): other for other in others}
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
    first = done.pop()
    first.result()
    return waits[first]


def customer(number: str) -> str:
    """The story's name for the customer with this number."""
    return f"customer {number}"


# --- the stage --------------------------------------------------------------------------------------------------


@dataclass
class _Pool:
    """Ports handed out in turn, so that none is reused soon."""

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


class Crowd:
    """Callers whose sound all goes to one socket that nobody reads."""

    def __init__(self, host: str, rtp_port: int) -> None:
        self.answered: set[str] = set()
        """Call-IDs."""
        self.over: set[str] = set()
        self._sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sink.bind((host, rtp_port))

    @property
    def rtp_port(self) -> int:
        return int(self._sink.getsockname()[1])

    def on_message(self, message: SipMessage) -> None:
        if message.method == "INVITE" and message.status == 200:
            self.answered.add(message.call_id)
        elif message.method == "BYE" or (message.status or 0) >= 300:
            self.over.add(message.call_id)

    def close(self) -> None:
        self._sink.close()


class Stage:
    """The phones of one test: makes them, ends them all, and shows what happened.

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
        self._own_directory = None if directory else tempfile.TemporaryDirectory(prefix="phones-")
        self.directory = directory or Path(self._own_directory.name if self._own_directory else "")
        self.origin = time.time()
        """The zero of the story's clock, Unix seconds."""
        self.ears = Ears(music)
        self.calls: list[Call] = []
        """All calls of all phones, in the order in which they began."""
        self.remarks: list[Fact] = []
        self.phones: list[Phone] = []
        self._agent_ports, self._trunk_port = agent_ports or {}, trunk_port
        self._hosts = (caller_host, caller_info_host or caller_host)
        self._sip, self._media = _Pool(sip_ports), _Pool(media_ports)
        self._tones: dict[str, int] = {}
        self._files: dict[str, int] = {}
        self.processes: list[Sipp] = []
        self._crowds: list[Crowd] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def around(cls, asterisk: Asterisk, directory: Path | None = None) -> Stage:
        """A stage for the lab's Asterisk, with the ports of its slot."""
        from lab.asterisk import CALLER_HOST, CALLER_INFO_HOST

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
        for task in self._tasks:
            task.cancel()
        running = [call for call in self.calls if not call.over]
        await asyncio.gather(*(call.hangup(2.0) for call in running), return_exceptions=True)
        for phone in self.phones:
            if isinstance(phone, _Answering):
                await phone.switch_off()
        await asyncio.gather(*(process.stop() for process in self.processes))
        for crowd in self._crowds:
            crowd.close()
        for call in self.calls:
            call.lost()
        if self._own_directory:
            self._own_directory.cleanup()

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
        """Somebody who will ``dial()``; anonymous without a number. ``from_header`` is any From, however odd, without a
        tag."""
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

    async def crowd(self, numbers: Sequence[str], to: str) -> Crowd:
        """Many people who call, twenty a second, and wait until they are hung up on. Nobody listens to what they
        hear."""
        host = self._hosts[0]
        found = Crowd(host, self._media.free(host))
        sipp = Sipp(
            self.file_name("crowd"),
            crowding(to, found.rtp_port),
            (host, self.sip_port(host)),
            self.asterisk,
            self.directory,
            found.on_message,
            numbers=tuple(numbers),
            control_port=self.control_port(host),
        )
        self.processes.append(sipp)
        self._crowds.append(found)
        await sipp.start()
        return found

    # --- the judge ---

    def now(self) -> float:
        """The time now, to be used as ``since``."""
        return time.time()

    def facts(self) -> list[Fact]:
        """Everything that happened, in order."""
        facts = [fact for call in self.calls for fact in call_facts(call)]
        return sorted([*facts, *self.remarks], key=lambda fact: fact.at)

    def story(self) -> str:
        """``facts()`` as lines to read."""
        return tell(self.facts(), self.origin)

    def broken(self) -> str:
        """The phones whose SIPp ended by itself, and its complaints."""
        return "".join(
            f"\n{process.name}: sipp ended with {process.exit_code}: {process.complaints()}"
            for process in self.processes
            if process.exit_code
        )

    def talks(self) -> list[Talk]:
        """Who spoke with whom, and when: each heard the other's tone at the same time."""
        return meetings(self.calls)

    def spoke(self, one: Phone | Call | str, other: Phone | Call | str) -> list[Talk]:
        """The talks of two phones."""
        pair = {name_of(one), name_of(other)}
        return [talk for talk in self.talks() if {talk.one, talk.other} == pair]

    def remark(self, who: str, text: str, at: float | None = None) -> None:
        """Add a sentence to the story."""
        self.remarks.append(Fact(at or time.time(), who, text))

    # --- for the phones ---

    def later(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        """Do something after this many seconds, unless the stage is closed first."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            await act()

        task = asyncio.create_task(wait())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _next_tone(self) -> int:
        """A tone, reused from the first when all are taken, but never an agent's: agents stay while customers go."""
        agents = {tone for name, tone in self._tones.items() if name.startswith("agent")}
        free = [tone for tone in TONES if tone not in agents]
        return free[(len(self._tones) - len(agents)) % len(free)]

    def tone_of(self, name: str) -> int:
        if name not in self._tones:
            self._tones[name] = tone = self._next_tone()
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
        self.processes.append(process)

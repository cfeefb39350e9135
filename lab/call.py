"""One call of one phone: what happened in it, what to wait for, what to do."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import quote, unquote

from lab.rtp import SIGNAL, VOICE, Hearing, KeyHeard, RtpEnd, Span
from lab.sipp import REJECTIONS, Address, SipMessage, Sipp, name_and_user

if TYPE_CHECKING:
    from lab.phones import Phone, Stage

T = TypeVar("T")
Who = Literal["us", "them"]
KeysBy = Literal["rfc4733", "info", "tones"]


class PhoneFailed(AssertionError):
    """What a test waited for did not happen in time; the text holds the phones' story."""


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
        """The other side's Reason header at the end, if it sent one."""
        self.pressed: list[tuple[float, str]] = []
        self.remarks: list[tuple[float, str]] = []
        """Sentences that this call adds to the story."""
        self.messages: list[SipMessage] = []
        self._stage = stage
        self._sipp: Sipp | None = None
        self._established = False
        self._held = False
        self.rtp_port = 0
        self._media: Address | None = None
        self._cseq = 1
        self._one_at_a_time = asyncio.Lock()
        self.changed = asyncio.Event()

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
        return await self._until(
            lambda: self.invited_at,
            within,
            "send or get its INVITE",
            # SIPp may have failed, and then sends nothing.
            often=True,
            hopeless=lambda: self._sipp is not None and self._sipp.exit_code is not None,
        )

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
        """When the other phone's tone was heard for ``seconds`` without a pause; at any time of the call, or from
        ``since`` on."""
        who = name_of(other)
        return await self._hears(who, f"hear {who}", within, seconds, since)

    async def hears_voice(self, *, within: float = 5.0, seconds: float = 0.3, since: float | None = None) -> Span:
        """When a prompt was heard: sound that is neither a phone's tone nor known music."""
        return await self._hears(VOICE, "hear a voice", within, seconds, since)

    async def hears_music(
        self, name: str = "default", *, within: float = 5.0, seconds: float = 0.3, since: float | None = None
    ) -> Span:
        return await self._hears(f"music:{name}", f"hear the music of {name!r}", within, seconds, since)

    async def hears_signal(self, *, within: float = 5.0, seconds: float = 0.2, since: float | None = None) -> Span:
        """When a tone of the network was heard: ringing, busy, congestion. It is never taken for a voice."""
        return await self._hears(SIGNAL, "hear a signal tone", within, seconds, since)

    async def hears_something(self, *, within: float = 5.0, seconds: float = 0.3, since: float | None = None) -> Span:
        """When anything but silence was heard."""
        return await self._hears(None, "hear anything", within, seconds, since)

    async def hears_silence(self, seconds: float = 1.0, *, within: float = 5.0) -> None:
        """Wait until nothing was heard for this long, counted from now at the earliest."""
        start = time.time()

        def quiet() -> bool | None:
            heard = self.hearing.spans(since=start, gap=0.1)
            return True if time.time() - (heard[-1].end if heard else start) >= seconds else None

        await self._until(quiet, within, f"hear {seconds:g} s of silence", often=True)

    async def gets_key(self, key: str, *, within: float = 5.0) -> KeyHeard:
        """The telephone event that Asterisk sends here for the key."""
        return await self._until(
            lambda: next((heard for heard in self.rtp.keys if heard.key == key), None),
            within,
            f"get the key {key}",
            often=True,
        )

    async def _hears(self, name: str | None, what: str, within: float, seconds: float, since: float | None) -> Span:
        def found() -> Span | None:
            spans = self.hearing.spans(name, since=since or 0.0)
            return next((span for span in spans if span.seconds >= seconds), None)

        return await self._until(found, within, f"{what} for {seconds:g} s", often=True, hopeless=lambda: self.over)

    @property
    def over(self) -> bool:
        return self.ended_at is not None

    async def _until(
        self,
        check: Callable[[], T | None],
        within: float,
        what: str,
        *,
        often: bool = False,
        hopeless: Callable[[], bool] = lambda: False,
    ) -> T:
        problem = f"within {within:g} s"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while (value := check()) is None:
                    if hopeless():
                        problem = "before it was over"
                        break
                    self.changed.clear()
                    # Three frames: sounds are judged in steps of 60 ms.
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self.changed.wait(), 0.06 if often else None)
                else:
                    return value
        value = check()
        if value is not None:
            return value
        raise PhoneFailed(
            f"{self.who} should {what} {problem}, but did not.\n{self._stage.story()}{self._stage.broken()}"
        )

    # --- acts ---

    async def answer(self) -> None:
        """Answer an incoming call. Does nothing when it is over already."""
        if not self.over and self.answered_at is None:
            await self._until(lambda: self.rtp_port or None, 5.0, "have its audio ready")
            self._tell("XANSWER", rtp=self.rtp_port)
            await self._until(lambda: self._established or self.over or None, 5.0, "have its answer acknowledged")

    async def ring(self) -> None:
        """Tell the other side that it rings (180)."""
        if not self.over:
            self._tell("XRING")
            await self._until(lambda: self.ringing_at or self.ended_at, 5.0, "ring")

    async def reject(self, status: int = 486) -> None:
        if status not in REJECTIONS:
            raise ValueError(f"{status} is not one of {sorted(REJECTIONS)}")
        if not self.over:
            self._tell(f"XREJECT{status}")
            await self.is_over(5.0)

    async def press(self, keys: str, *, hold: float = 0.1, pause: float = 0.1) -> None:
        """Press keys in the phone's own way (RFC 4733, SIP INFO, or tones in the audio). Returns when they are sent."""
        await self.is_answered(5.0)
        async with self._one_at_a_time:
            for key in keys:
                self.pressed.append((time.time(), key))
                if self.keys_by == "rfc4733":
                    await self.rtp.press(key, hold=hold, pause=pause)
                elif self.keys_by == "tones":
                    await self.rtp.play_key(key, pause=pause)
                elif await self._request("XINFO", digit=key):
                    # No finger is faster, and Asterisk plays each key for its whole length before it takes the next.
                    await asyncio.sleep(hold + pause)
                else:
                    return

    async def refer(self, to: str) -> None:
        """Transfer the other side blindly to a number, or to a whole address ``number@host:port?Replaces=…``."""
        await self.is_answered(5.0)
        if "@" not in to:
            to = f"{to}@127.0.0.1"  # the PBX does not look at the host, only at the number
        async with self._one_at_a_time:
            self.remarks.append((time.time(), f"transfers the call to {to}"))
            await self._request("XREFER", target=to)

    async def refer_to(self, consult: Call) -> None:
        """Attended transfer: connect the other side with the party of this phone's other call."""
        told = next(m for m in consult.messages if m.status == 200 and m.method == "INVITE")
        of_to, of_from = (re.search(r";tag=([^;>\s]+)", told.headers[header]) for header in ("to", "from"))
        assert of_to
        assert of_from
        replaces = f"{consult.call_id};to-tag={of_to[1]};from-tag={of_from[1]}"
        await self.refer(f"{consult.dialled}@127.0.0.1?Replaces={quote(replaces, safe='')}")

    async def is_told_of_transfer(self, within: float = 5.0) -> int:
        """The status in the last NOTIFY about the transfer that this phone asked for."""

        def final() -> int | None:
            bodies = [m.body for m in self.messages if m.method == "NOTIFY" and m.status is None]
            found = [re.search(r"SIP/2\.0 ([2-6]\d\d)", body) for body in bodies]
            return next((int(status[1]) for status in found if status), None)

        return await self._until(final, within, "be told what became of the transfer")

    async def hold(self) -> None:
        """Put the other side on hold; this phone sends nothing meanwhile."""
        await self._renegotiate("sendonly")

    async def resume(self) -> None:
        await self._renegotiate("sendrecv")

    async def _renegotiate(self, direction: str) -> None:
        await self.is_answered(5.0)
        async with self._one_at_a_time:
            self._held = direction != "sendrecv"
            self.remarks.append((time.time(), "puts the call on hold" if self._held else "takes the call back"))
            await self._request("XINVITE", direction=direction)

    async def hangup(self, within: float = 5.0) -> None:
        """Put the receiver down: BYE, or CANCEL or 603 when it was not answered. Does nothing when it is over
        already."""
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
        """Be silent from now on (frames of silence, like a quiet room)."""
        self.rtp.say(None)

    def speak(self) -> None:
        """Send the phone's tone from now on."""
        self.rtp.say(self._stage.tone_of(self.who))

    async def _request(self, control: str, **headers: str) -> bool:
        """Whether a request inside the call was answered before the call was over."""
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
                self.changed.clear()
                await self.changed.wait()

    def _tell(self, method: str, **headers: str | int) -> None:
        assert self._sipp is not None
        self._sipp.tell(self.call_id, method, **headers)

    # --- the judge's view ---

    def gaps(self, longer_than: float = 1.0) -> list[Span]:
        """Silences between answer and end (or now, as far as we have listened), which a caller must not hear."""
        if self.answered_at is None:
            return []
        return self.hearing.gaps(self.answered_at, self.ended_at or self.rtp.listened_until, longer_than)

    # --- SIP ---

    def on_message(self, message: SipMessage) -> None:
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
        self.changed.set()

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
            # A phone that is called sends no sound before it answers.
            self.rtp.remote = None if self._held else self._media

    def _end(self, message: SipMessage, by: Who, status: int | None) -> None:
        if self.ended_at is None:
            self.ended_at, self.ended_by, self.status = message.at, by, status
            self.reason = message.headers.get("reason", "")
            self.rtp.close()

    def lost(self) -> None:
        """The phone is gone: its power was cut."""
        if self.ended_at is None:
            self.ended_at, self.ended_by, self.reason = time.time(), "us", "the phone was switched off"
            self.rtp.close()
            self.changed.set()


def name_of(somebody: Phone | Call | str) -> str:
    """The name that the story uses for a phone, or for the phone of a call; a name stays as it is."""
    if isinstance(somebody, str):
        return somebody
    return somebody.who if isinstance(somebody, Call) else somebody.name

"""The phones' mouths and ears: an RTP end that speaks a tone of its own, sends keys, and records what it hears.

Tones are multiples of 50 Hz, so that every 20 ms frame of a tone is a whole number of periods and looks like any other:
Asterisk passes ulaw on untouched, and most frames are recognised by looking them up. The rest (mixed, transcoded,
speech) are measured with Goertzel's sums. Nothing is measured before somebody asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import operator
import random
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

FRAME_S = 0.02
FRAME = 160
RATE = 8000
SILENCE = b"\xff" * FRAME
TONES = tuple(range(800, 3400, 50))
"""The tones of phones, in hertz: above the notes of the lab's music and Asterisk's beep."""
KEYS = "0123456789*#ABCD"
_KEY_PAYLOAD = 101
_KEYPAD = ("123A", "456B", "789C", "*0#D")
_ROWS = (697, 770, 852, 941)
_COLUMNS = (1209, 1336, 1477, 1633)


def _decode_table() -> tuple[int, ...]:
    table = []
    for code in range(256):
        bits = ~code & 0xFF
        magnitude = (((bits & 0x0F) << 3) + 0x84 << ((bits & 0x70) >> 4)) - 0x84
        table.append(-magnitude if bits & 0x80 else magnitude)
    return tuple(table)


_LINEAR = _decode_table()


def _encode(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 0x84
    exponent = max(magnitude.bit_length() - 8, 0)
    return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0F)) & 0xFF


def tone_frame(hertz: int, level: int = 6000) -> bytes:
    """20 ms of a tone; frame after frame of it joins without a click when ``hertz`` is a multiple of 50."""
    return bytes(_encode(round(level * math.sin(2 * math.pi * hertz * n / RATE))) for n in range(FRAME))


def key_frames(key: str, seconds: float) -> list[bytes]:
    """A key's two tones (ITU-T Q.23), without a click from frame to frame."""
    row, column = next((row, keys.index(key)) for row, keys in zip(_ROWS, _KEYPAD, strict=True) if key in keys)
    both = [
        _encode(sum(round(6000 * math.sin(2 * math.pi * hertz * n / RATE)) for hertz in (row, _COLUMNS[column])))
        for n in range(round(seconds / FRAME_S) * FRAME)
    ]
    return [bytes(both[start : start + FRAME]) for start in range(0, len(both), FRAME)]


# --- hearing ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Span:
    """Something heard from ``start`` to ``end`` (Unix time)."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start

    def overlap(self, other: Span) -> float:
        """Seconds during which both were heard, 0 if never."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))


QUIET = frozenset[str]()
VOICE = "voice"
SIGNAL = "signal"
"""The name of ringing, busy and other tones of the network."""


@dataclass
class Ears:
    """Names the sounds in a frame of ulaw: tones, ``music:<class>``, ``signal``, ``voice`` (all others), or nothing.

    One instance serves all phones of a stage, so that a frame is measured only once, whichever phone hears it.
    """

    music: Mapping[str, Iterable[int]] = field(default_factory=dict)
    """The notes of each music class. Without them music counts as voice."""
    signals: tuple[tuple[int, ...], ...] = ((425,), (440, 480), (480, 620), (350, 440))
    """Frequencies that together make a signal of a telephone network."""
    tones: dict[int, str] = field(default_factory=dict)

    _known: dict[bytes, frozenset[str]] = field(default_factory=dict, repr=False)
    _waves: dict[tuple[int, ...], list[list[float]]] = field(default_factory=dict, repr=False)

    def learn(self, hertz: int, name: str) -> None:
        """From now on ``hertz`` is ``name``'s voice."""
        if self.tones.get(hertz) != name:
            self.tones[hertz] = name
            self._known.clear()

    def name(self, frame: bytes) -> frozenset[str]:
        found = self._known.get(frame)
        if found is None:
            if len(self._known) > 50_000:
                self._known.clear()
            found = self._known[frame] = self._measure(frame)
        return found

    def _measure(self, frame: bytes) -> frozenset[str]:
        samples = [_LINEAR[code] for code in frame]
        count = len(samples)
        energy = sum(map(operator.mul, samples, samples))
        if count < 8 or energy < count * 60 * 60:
            return QUIET
        shares = {hertz: self._share(samples, (hertz,), energy) for hertz in self.tones}
        loud = {hertz: share for hertz, share in shares.items() if share > 0.15}
        if sum(loud.values()) > 0.75:
            return frozenset(self.tones[hertz] for hertz in loud)
        notes = [(f"music:{name}", (hertz,)) for name, scale in self.music.items() for hertz in scale]
        notes += [(SIGNAL, signal) for signal in self.signals if len(signal) == 1]
        # Single frequencies first: a pair would explain a single one as well.
        for group in (notes, [(SIGNAL, signal) for signal in self.signals if len(signal) > 1]):
            share, name = max(((self._share(samples, hertz, energy), name) for name, hertz in group), default=(0, ""))
            if share > 0.9:
                return frozenset({name})
        return frozenset({VOICE})

    def _share(self, samples: list[int], hertz: tuple[int, ...], energy: int) -> float:
        """The part of the frame's energy that these frequencies explain together, 0 to 1 (least squares)."""
        waves = self._waves.get(hertz)
        if waves is None:
            waves = self._waves[hertz] = _orthonormal(hertz)
        found = [sum(map(operator.mul, samples, wave)) for wave in waves]
        return float(sum(map(operator.mul, found, found)) * FRAME / (len(samples) * energy))


def _orthonormal(hertz: Iterable[int]) -> list[list[float]]:
    """Waves of a frame's length that span the sines of these frequencies, whatever their phases."""
    waves: list[list[float]] = []
    for frequency in hertz:
        for wave in (math.cos, math.sin):
            line = [wave(2 * math.pi * frequency * n / RATE) for n in range(FRAME)]
            for other in waves:
                along = sum(map(operator.mul, line, other))
                line = [here - along * there for here, there in zip(line, other, strict=True)]
            length = math.sqrt(sum(map(operator.mul, line, line)))
            waves.append([here / length for here in line])
    return waves


@dataclass
class Hearing:
    """What one phone heard during one call, frame by frame."""

    ears: Ears
    _frames: list[tuple[float, bytes]] = field(default_factory=list, repr=False)
    _named: list[tuple[float, frozenset[str]]] = field(default_factory=list, repr=False)
    _levels: list[float] = field(default_factory=list, repr=False)
    _wake: asyncio.Event | None = field(default=None, repr=False)

    def add(self, at: float, frame: bytes) -> None:
        self._frames.append((at, frame))
        if self._wake is not None:
            self._wake.set()

    async def more(self) -> None:
        """Wait for the next frame."""
        self._wake = self._wake or asyncio.Event()
        self._wake.clear()
        await self._wake.wait()

    @property
    def frames(self) -> int:
        """How many frames of audio arrived, quiet ones included."""
        return len(self._frames)

    @property
    def first_at(self) -> float | None:
        """When the first packet of audio came, quiet or not; None if none did."""
        return self._frames[0][0] if self._frames else None

    def levels(self) -> list[float]:
        """How loud each frame was."""
        for _, frame in self._frames[len(self._levels) :]:
            self._levels.append(sum(abs(_LINEAR[code]) for code in frame) / len(frame))
        return self._levels

    def _names(self) -> list[tuple[float, frozenset[str]]]:
        for at, frame in self._frames[len(self._named) :]:
            self._named.append((at, self.ears.name(frame)))
        return self._named

    def names(self) -> set[str]:
        """The names of all sounds that were heard: phones' names, ``music:…``, ``voice``."""
        candidates = set().union(*(names for _, names in self._names()))
        return {name for name in candidates if self.spans(name)}

    def spans(self, name: str | None = None, *, since: float = 0.0, gap: float | None = None) -> list[Span]:
        """When ``name`` was heard (None: anything but silence).

        Pauses of up to ``gap`` seconds do not split a span: 0.3 for tones (a pressed key interrupts them), 0.4 for
        voice and music. Anything shorter than 0.1 s is a crackle, not a sound.
        """
        if gap is None:
            gap = 0.4 if name is None or name == VOICE or name.startswith("music:") else 0.3
        spans: list[Span] = []
        for at, names in self._names():
            if at < since or not (names if name is None else name in names):
                continue
            if spans and at - spans[-1].end <= gap:
                spans[-1] = Span(spans[-1].start, at + FRAME_S)
            else:
                spans.append(Span(at, at + FRAME_S))
        if name in (VOICE, SIGNAL) or (name or "").startswith("music:"):
            spans = [span for span in spans if self._dense(span, str(name))]
        return [span for span in spans if span.seconds >= 0.1]

    def _dense(self, span: Span, name: str) -> bool:
        """Whether the sound fills its span. A voice does; the joints between two notes of music, or a vowel that
        happens to be a pure note, do not."""
        inside = [names for at, names in self._named if span.start <= at < span.end and names]
        return sum(name in names for names in inside) >= 0.5 * len(inside)

    def seconds(self, name: str | None = None, *, since: float = 0.0) -> float:
        return sum(span.seconds for span in self.spans(name, since=since))

    def gaps(self, start: float, end: float, longer_than: float = 1.0) -> list[Span]:
        """The silences between two moments: nothing audible, whether packets came or not."""
        edges = [start]
        edges += [at for at, names in self._names() if names and start <= at <= end]
        edges.append(end)
        return [Span(before, after) for before, after in pairwise(edges) if after - before > longer_than]


# --- speaking ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class KeyHeard:
    at: float
    key: str


class _Pacer:
    """One 20 ms clock for all RTP ends of an event loop; it catches up after waking late."""

    _of: dict[asyncio.AbstractEventLoop, _Pacer] = {}  # noqa: RUF012

    def __init__(self) -> None:
        self.ends: set[RtpEnd] = set()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def here(cls) -> _Pacer:
        loop = asyncio.get_running_loop()
        for other in [loop for loop in cls._of if loop.is_closed()]:
            del cls._of[other]
        return cls._of.setdefault(loop, cls())

    def join(self, end: RtpEnd) -> None:
        self.ends.add(end)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="rtp pacer")

    async def _run(self) -> None:
        due = time.monotonic()
        while self.ends:
            for end in list(self.ends):
                end.tick()
            due += FRAME_S
            late = time.monotonic() - due
            if late > 0.2:
                due = time.monotonic()
            await asyncio.sleep(max(0.0, -late))


class RtpEnd(asyncio.DatagramProtocol):
    """One call's audio. It sends as soon as ``remote`` is known: ``tone``, or silence when that is None."""

    def __init__(self, ears: Ears, tone: int | None = None) -> None:
        self.hearing = Hearing(ears)
        self.keys: list[KeyHeard] = []
        """Telephone events that arrived here."""
        self.remote: tuple[str, int] | None = None
        self.sent = 0
        self.listened_until = time.time()
        """Sound after this moment has not been heard yet: this process was busy, perhaps with judging earlier sound."""
        self.say(tone)
        self._ssrc = random.getrandbits(32)
        self._sequence = random.getrandbits(15)
        self._timestamp = random.getrandbits(31)
        self._events: deque[tuple[int, int, bool, bool] | bytes | None] = deque()
        """Packets of keys to send instead of audio: (event, duration, is the end, is the start); audio; None for a
        pause."""
        self._idle = asyncio.Event()
        self._idle.set()
        self._key_timestamp = 0
        self._last_key: tuple[int, int] | None = None
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, host: str, ports: Iterable[int] = (0,)) -> int:
        """The port on which it listens: the first of ``ports`` that is free."""
        for port in ports:
            channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            channel.setblocking(False)
            try:
                channel.bind((host, port))
            except OSError:
                channel.close()
                continue
            # The loop may be busy for a moment, and no packet may be lost because of that.
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=channel)
            _Pacer.here().join(self)
            return int(channel.getsockname()[1])
        raise OSError(f"no free RTP port on {host}")

    def say(self, tone: int | None) -> None:
        """Send this from the next frame on: a tone in Hz, or None for silence."""
        self.tone = tone
        self._frame = SILENCE if tone is None else tone_frame(tone)

    async def press(self, keys: str, *, hold: float = 0.1, pause: float = 0.1) -> None:
        """Send keys as RFC 4733 events; returns when the last one is on its way."""
        for key in keys:
            event = KEYS.index(key.upper())
            steps = max(1, round(hold / FRAME_S))
            for step in range(1, steps + 1):
                self._events.append((event, step * FRAME, False, step == 1))
            self._events.extend([(event, steps * FRAME, True, False)] * 3)
            self._events.extend([None] * max(1, round(pause / FRAME_S)))
            self._idle.clear()
        await self._idle.wait()

    async def play_key(self, key: str, *, hold: float = 0.12, pause: float = 0.1) -> None:
        """Send the key's two tones as audio; returns when they are on their way."""
        self._events.extend([SILENCE, *key_frames(key, hold), SILENCE])
        self._events.extend([None] * max(1, round(pause / FRAME_S)))
        self._idle.clear()
        await self._idle.wait()

    def close(self) -> None:
        _Pacer.here().ends.discard(self)
        self._events.clear()
        self._idle.set()
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    # --- the clock and the socket ---

    def tick(self) -> None:
        """Send what is due in this 20 ms."""
        self.listened_until = time.time()
        if self.remote is None or self._transport is None:
            return
        if not self._events or (packet := self._events.popleft()) is None:
            self._send(0, self._timestamp, self._frame)
        elif isinstance(packet, bytes):
            self._send(0, self._timestamp, packet)
        else:
            event, duration, ends, starts = packet
            if starts:
                self._key_timestamp = self._timestamp
            payload = struct.pack("!BBH", event, 0x8A if ends else 0x0A, duration)
            self._send(_KEY_PAYLOAD, self._key_timestamp, payload, marker=starts)
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF
        if not self._events:
            self._idle.set()

    def _send(self, kind: int, timestamp: int, payload: bytes, *, marker: bool = False) -> None:
        assert self._transport is not None
        self._sequence = (self._sequence + 1) & 0xFFFF
        marker = marker or self.sent == 0
        head = struct.pack("!BBHII", 0x80, kind | (0x80 if marker else 0), self._sequence, timestamp, self._ssrc)
        self.sent += 1
        with contextlib.suppress(OSError):
            self._transport.sendto(head + payload, self.remote)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        at = time.time()
        if len(data) < 12 or data[0] >> 6 != 2:
            return
        start = 12 + 4 * (data[0] & 0x0F)
        kind = data[1] & 0x7F
        if kind == 0:
            self.hearing.add(at, data[start:])
        elif kind == _KEY_PAYLOAD and len(data) >= start + 4:
            (timestamp,) = struct.unpack_from("!I", data, 4)
            # One key is many packets, and only the last three mark its end.
            if self._last_key != (timestamp, data[start]) and data[start] < len(KEYS):
                self._last_key = (timestamp, data[start])
                self.keys.append(KeyHeard(at, KEYS[data[start]]))

    def error_received(self, exc: Exception) -> None:
        """Asterisk's port closes before ours: nobody's fault."""

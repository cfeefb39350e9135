"""Turns what the phones saw and heard into sentences: a story in order of time, and who spoke with whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from lab.rtp import SIGNAL, VOICE, Span

if TYPE_CHECKING:
    from lab.call import Call


@dataclass(frozen=True)
class Fact:
    """One sentence of the story: ``who`` did or heard ``text`` at a Unix time."""

    at: float
    who: str
    text: str


@dataclass(frozen=True)
class Talk:
    """Two phones heard each other."""

    one: str
    other: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


def call_facts(call: Call) -> list[Fact]:
    """One call as sentences."""
    facts: list[Fact] = []

    def add(at: float | None, text: str) -> None:
        if at is not None:
            facts.append(Fact(at, call.who, text))

    if call.outgoing:
        add(call.invited_at, f"dials {call.dialled}")
    else:
        shown = f"{call.from_display} " if call.from_display and call.from_display != call.from_user else ""
        add(call.invited_at, f"is called; the display shows {shown}{call.from_user or 'nothing'}")
    if call.ringing_at is not None:
        add(call.ringing_at, "hears it ring" if call.outgoing else "rings")
    add(call.answered_at, "is answered" if call.outgoing else "answers")
    for at, key in call.pressed:
        add(at, f"presses {key}" + (" (INFO)" if call.keys_by == "info" else ""))
    for at, text in call.remarks:
        add(at, text)
    for heard in call.rtp.keys:
        add(heard.at, f"gets the key {heard.key}")
    add(call.ended_at, _ending(call))
    origin = call.invited_at or 0.0
    for name in sorted(call.hearing.names()):
        for span in call.hearing.spans(name, gap=2.0 if name.startswith("music:") else None):
            add(span.start, f"hears {_sound(call, name)} for {span.seconds:.1f} s")
    for gap in call.gaps():
        add(gap.start, f"hears nothing for {gap.seconds:.1f} s")
    return [fact for fact in facts if fact.at >= origin]


def _ending(call: Call) -> str:
    reason = f" ({call.reason})" if call.reason else ""
    if call.answered_at is not None:
        return ("hangs up" if call.ended_by == "us" else "is hung up") + reason
    if call.outgoing:
        return "gives up" if call.ended_by == "us" else f"is refused with {call.status}{reason}"
    return f"refuses with {call.status}" if call.ended_by == "us" else f"stops ringing, unanswered{reason}"


def _sound(call: Call, name: str) -> str:
    if name == VOICE:
        return "a voice"
    if name == SIGNAL:
        return "a signal tone"
    if name.startswith("music:"):
        return f"music ({name.removeprefix('music:')})"
    hertz = next((hertz for hertz, owner in call.hearing.ears.tones.items() if owner == name), 0)
    return f"{name} ({hertz} Hz)"


def tell(facts: Iterable[Fact], origin: float) -> str:
    """The story: a line for each fact, with seconds since ``origin``."""
    return "\n".join(f"{fact.at - origin:7.2f} s  {fact.who} {fact.text}" for fact in facts)


def meetings(calls: Sequence[Call], *, at_least: float = 0.2) -> list[Talk]:
    """All pairs who heard each other at the same time, for ``at_least`` seconds."""
    heard: dict[tuple[str, str], list[Span]] = {}
    for call in calls:
        for name in call.hearing.names():
            heard.setdefault((call.who, name), []).extend(call.hearing.spans(name, gap=1.0))
    talks = []
    for one, other in combinations(sorted({call.who for call in calls}), 2):
        for here in heard.get((one, other), []):
            for there in heard.get((other, one), []):
                if here.overlap(there) >= at_least:
                    start, end = max(here.start, there.start), min(here.end, there.end)
                    talks.append(Talk(one, other, start, end))
    return sorted(talks, key=lambda talk: talk.start)

"""Compares what Asterisk has with what we believe: where they differ, an event was lost.

Nothing is changed here. The event may still be on its way to us, but not if the difference is still there seconds
later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from callbackd.domain.dialler.trace import Trace
from callbackd.domain.events import CallArrived, DeviceSeen, Event, FeatureCodeDialled, LegEntered, LegsSeen
from callbackd.domain.ids import LegId
from callbackd.domain.lives.agent import Activity
from callbackd.domain.lives.entry import EntryState
from callbackd.domain.recovery.restore import believed_legs, strays
from callbackd.domain.state import State


def differences(state: State, trace: Trace, polled: Iterable[Event]) -> frozenset[str]:
    """Each difference, in words that stay the same while it lasts. ``polled`` is what a poll returned; see
    ``LegsSeen``."""
    return frozenset(_differences(state, trace, polled))


def _differences(state: State, trace: Trace, polled: Iterable[Event]) -> Iterator[str]:
    if not state.world.pbx:
        yield "Asterisk answers, and is believed to be away"
    for event in polled:
        match event:
            case CallArrived(leg=leg) | LegEntered(leg=leg) | FeatureCodeDialled(leg=leg):
                if not _known(state, leg):
                    yield f"{leg} arrived and was not reported"
            case DeviceSeen(endpoint=endpoint, state=seen) if state.devices.get(endpoint) is not seen:
                yield f"{endpoint} is {seen.value}"
            case LegsSeen():
                yield from _of_legs(state, trace, event)
                yield from _of_bridges(state, event)


def _known(state: State, leg: LegId) -> bool:
    """Whether we have seen this leg arrive."""
    agent = state.agent_of(leg)
    talks = agent is not None and agent.activity is Activity.TALKING
    return talks or leg in state.dialogues or state.entry_of(leg) is not None


def _of_legs(state: State, trace: Trace, seen: LegsSeen) -> Iterator[str]:
    for leg in believed_legs(state):
        entry = state.entry_of(leg)
        if not seen.has(leg):
            if not trace.is_open(leg):
                yield f"{leg} is gone"
        elif entry and leg in seen.left:
            yield f"{leg} is in the dialplan"
        elif entry and entry.state is EntryState.TALKING and entry.id not in state.joining and leg not in seen.joined:
            yield f"{leg} should be in a bridge"
    yield from (f"{leg} belongs to nobody" for leg in strays(state, seen))


def _of_bridges(state: State, seen: LegsSeen) -> Iterator[str]:
    wanted = {entry.bridge for entry in state.entries.values() if entry.bridge}
    yield from (f"the bridge {bridge} is missing" for bridge in wanted - seen.bridges)
    yield from (f"the bridge {bridge} belongs to no entry" for bridge in seen.bridges - wanted)

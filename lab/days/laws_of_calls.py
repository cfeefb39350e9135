"""Laws about calls: legs, bridges, voices, and time."""

from __future__ import annotations

from collections.abc import Iterator

from callbackd.domain import events as ev
from callbackd.domain.commands import (
    ArmDeadMan,
    Decided,
    DialCustomer,
    DropBridge,
    HangUp,
    Join,
    MakeBridge,
    Play,
    RingAgent,
    SendToFallback,
    StartMusic,
    StopPlayback,
)
from callbackd.domain.ids import LegId
from callbackd.domain.lives.dialogue import Stage
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.lives.quote import Quote, QuoteKind, QuoteOutcome
from callbackd.domain.state import State
from callbackd.domain.timers import Timer
from lab.days.past import LONGEST_PLAYBACK_S, Past, Step, never_made, waits_told

_MAKES_A_LEG = (RingAgent, DialCustomer)


def commands_are_for_legs_that_exist_or_did(step: Step) -> Iterator[str]:
    event = step.event
    known = {event.leg} if isinstance(event, ev.CallArrived | ev.FeatureCodeDialled | ev.LegEntered) else set()
    for command in step.commands:
        legs = command.legs if isinstance(command, Join) else [getattr(command, "leg", None)]
        if isinstance(command, _MAKES_A_LEG):
            asked_again = isinstance(command, DialCustomer) and never_made(step, command)
            if (command.leg in step.past.legs and not asked_again) or command.leg in known:
                yield f"{command.leg} is made twice"
            known.add(command.leg)
        for leg in legs:
            if leg and leg not in step.past.legs and leg not in known and not _seen(step, leg):
                yield f"{type(command).__name__} for {leg}, which never was"


def _seen(step: Step, leg: str) -> bool:
    return isinstance(step.event, ev.LegsSeen) and leg in step.event.legs


def every_caller_is_spoken_to(step: Step) -> Iterator[str]:
    """A caller is spoken to, or is back in the dialplan with somewhere to go; a repeated event is about a known
    call."""
    if not isinstance(step.event, ev.CallArrived):
        return
    leg = step.event.leg
    sent = any(command.leg == leg and command.extension for command in step.of(SendToFallback))
    if not sent and leg not in step.state.dialogues and step.state.entry_of(leg) is None:
        yield f"nobody answers {leg}"


def one_person_and_one_agent_are_joined(step: Step) -> Iterator[str]:
    """Only the holder of an entry and the agent who works for it are joined, while both are still there."""
    for join in step.of(Join):
        entry = next((e for e in step.state.entries.values() if e.bridge == join.bridge), None)
        agent = step.state.agents.get(entry.agent) if entry and entry.agent else None
        if entry is None or agent is None or join.legs != (entry.leg, agent.leg):
            yield f"{join.legs} are joined"
        hung_up = {command.leg for command in step.of(HangUp)}
        if over := {leg for leg in join.legs if leg in step.past.gone or leg in hung_up}:
            yield f"{over} are joined after their end"
        for leg in join.legs:
            if leg in step.past.gone:
                yield f"{leg} is joined after its end"


def bridges_end_with_their_entry(step: Step) -> Iterator[str]:
    made = {command.bridge for command in step.of(MakeBridge)}
    dropped = {command.bridge for command in step.of(DropBridge)}
    vanished = made - step.event.bridges if isinstance(step.event, ev.LegsSeen) else set()
    if again := (made & step.past.bridges) - vanished:
        yield f"{again} is made twice"
    for join in step.of(Join):
        if join.bridge not in (step.past.bridges | made):
            yield f"{join.bridge} is used and was never made"
    for change in step.entries():
        before = change.before.bridge if change.before else None
        after = change.after.bridge if change.after else None
        last = step.closed(Entry, change.id)
        over = {before, last.bridge if last else None} - {after, None}
        for bridge in over & (step.past.bridges | made) - dropped:
            yield f"{change.id} is done with {bridge}, which stays"


def one_voice_at_a_time(step: Step) -> Iterator[str]:
    playing = dict(step.past.playing)
    ended = step.event.playback if isinstance(step.event, ev.PlaybackEnded) else None
    for command in step.commands:
        if isinstance(command, StopPlayback):
            playing.pop(command.leg, None)
        elif isinstance(command, Play):
            other, since = playing.get(command.leg, (None, 0.0))
            if other and other != ended and step.now < since + LONGEST_PLAYBACK_S:
                yield f"{command.leg} hears two voices at a time"
            playing[command.leg] = (command.playback, step.now)


def a_playback_is_remembered_while_it_lasts(step: Step) -> Iterator[str]:
    """Each playback ends or its leg is gone; and each has a deadline in case no event says so."""
    state = step.state
    legs = {command.leg for command in step.commands if isinstance(command, Play | StopPlayback)}
    legs |= {step.event.leg} if hasattr(step.event, "leg") else set()
    for leg in legs:
        dialogue = state.dialogues.get(leg)
        spoken = dialogue.playback if dialogue else None
        if spoken and (step.acd.playing.get(spoken) != leg or not state.timers.is_set(Timer.PLAYBACK, spoken)):
            yield f"{spoken} is played to {leg}, and nobody waits for its end"
    gone = {step.event.leg} if isinstance(step.event, ev.LegEnded | ev.LegLeft) else set()
    over = {step.event.playback} if isinstance(step.event, ev.PlaybackEnded) else set()
    over |= {command.playback for command in step.of(StopPlayback)}
    if forgotten := {id for id, leg in step.acd.playing.items() if leg in gone or id in over} if gone or over else None:
        yield f"{forgotten} are over and remembered"


def spoken_waits_never_grow(step: Step) -> Iterator[str]:
    for play in step.of(Play):
        before = step.past.quoted.get((play.leg, play.queue))
        for minutes in waits_told(play):
            if before is not None and minutes >= before:
                yield f"{play.leg} was told {before} min, and now {minutes}"


def every_spoken_wait_is_in_the_ledger(step: Step) -> Iterator[str]:
    """Each wait that is spoken is in the ledger with the number that was spoken, and nothing else is."""
    spoken = [60.0 * minutes for play in step.of(Play) for minutes in waits_told(play) if minutes <= 60]
    begun = [quote for quote in step.saved(Quote) if quote.outcome is None and quote.kind is QuoteKind.WAIT]
    written = [quote.said_s for quote in begun if quote.said_s is not None]
    if sorted(spoken) != sorted(written):
        yield f"told: {spoken}, and written down: {written}"


def a_quote_ends_once(step: Step) -> Iterator[str]:
    over = [quote for quote in step.saved(Quote) if quote.outcome is not None]
    for quote in over:
        if quote.id in step.past.over_quotes:
            yield f"{quote.id} is over for the second time"
        if (quote.came_s is None) != (quote.outcome is QuoteOutcome.UNKNOWN):
            yield f"{quote.id} is {quote.outcome.value} after {quote.came_s}"


def nobody_is_left_in_silence(step: Step) -> Iterator[str]:
    """A caller who waits hears something or soon will, and Asterisk is shown that we live."""
    state = step.state
    leg: LegId | None = getattr(step.event, "leg", None)
    dialogue = state.dialogues.get(leg) if leg else None
    entry = state.entries.get(dialogue.entry) if dialogue and dialogue.entry else None
    if leg is None or dialogue is None or entry is None or entry.leg != leg or entry.state is EntryState.TALKING:
        return
    timers = state.timers
    if dialogue.stage is Stage.WAITING and not dialogue.playback:
        if not timers.is_set(Timer.ANNOUNCE, leg):
            yield f"nobody speaks to {leg} any more"
        if leg not in step.past.music and all(music.leg != leg for music in step.of(StartMusic)):
            yield f"{leg} hears nothing"
    if not timers.is_set(Timer.DEAD_MAN, leg):
        yield f"nobody shows Asterisk that we live for {leg}"


def asterisk_is_shown_that_we_live(step: Step) -> Iterator[str]:
    """We show it in time, even in the middle of a menu; otherwise Asterisk would take the caller from us."""
    leg = getattr(step.event, "leg", None)
    if leg in step.past.gone:
        return  # Asterisk is back, and the dialplan has just set the clock
    if leg in step.state.dialogues and not any(isinstance(command, ArmDeadMan) for command in step.commands):
        yield from unshown(step.state, step.past, leg)


def unshown(state: State, past: Past, leg: str) -> Iterator[str]:
    shown = past.armed.get(leg)
    if (
        shown is not None
        and state.timers.is_set(Timer.DEAD_MAN, leg)
        and state.now > shown + state.settings.dead_man.waiting_s
    ):
        yield f"{leg} for {state.now - shown:.0f} s"


def time_never_goes_back(step: Step) -> Iterator[str]:
    if step.state.now < step.past.now:
        yield f"it is {step.state.now} after {step.past.now}"
    for decided in step.of(Decided):
        if decided.at != step.state.now:
            yield f"decided at {decided.at}, and it is {step.state.now}"
    deadline = step.state.timers.next_at()
    if deadline is not None and deadline < step.past.now:
        yield f"the deadline of {deadline} is over"


LAWS = (
    every_caller_is_spoken_to,
    asterisk_is_shown_that_we_live,
    commands_are_for_legs_that_exist_or_did,
    one_person_and_one_agent_are_joined,
    bridges_end_with_their_entry,
    one_voice_at_a_time,
    a_playback_is_remembered_while_it_lasts,
    spoken_waits_never_grow,
    every_spoken_wait_is_in_the_ledger,
    a_quote_ends_once,
    nobody_is_left_in_silence,
    time_never_goes_back,
)

"""Speaks with a leg: one playback at a time; after its end follows what the dialogue's stage wants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from callbackd.domain import numbers
from callbackd.domain.commands import (
    ArmDeadMan,
    DropBridge,
    HangUp,
    LookAtPlayback,
    Play,
    SendToFallback,
    StartMusic,
    StopMusic,
    StopPlayback,
)
from callbackd.domain.events import Party
from callbackd.domain.ids import LegId, PlaybackId, QueueName, playback_of, playbacks_of
from callbackd.domain.lives.conversation import After, go, row_of
from callbackd.domain.lives.dialogue import Dialogue, Stage
from callbackd.domain.lives.entry import Entry, EntryOutcome, EntryState
from callbackd.domain.phrase import Digits, Phrase
from callbackd.domain.state import State
from callbackd.domain.timers import Timer

REPLY_S = 8.0
"""Seconds that a caller may think after a menu."""
_CODE_S = 3.0
"""The same for an agent who dialled a code: most have hung up by then."""
DEFAULT_MUSIC = "default"
"""Asterisk's own class, where no queue names one."""
LONGEST_PLAYBACK_S = 55.0
"""After this long, a playback whose end was never reported counts as ended: before the dead-man switch falls."""
_FRESH_S = 5.0
"""A dead-man switch that was armed within this time is not armed again before speaking."""
BEGIN_PER_S = 20
"""The most announcements that begin within a second. Two hundred callers are spoken to within ten seconds."""
_WITHOUT_PBX_S = 30.0
"""While Asterisk is away, callers who talk are looked after this often."""
_REMEMBERED = 4096


class Speech:
    def __init__(self, state: State) -> None:
        self._state = state
        self._stagger = Stagger()
        self._played: Counter[LegId] = Counter()
        """How many playbacks each leg has had."""
        self._playing: dict[PlaybackId, LegId] = {}

    @property
    def playing(self) -> Mapping[PlaybackId, LegId]:
        """The playbacks that are going on, and the leg of each."""
        return self._playing

    def begin(self, entry: Entry, leg: LegId, stage: Stage = Stage.WAITING) -> Dialogue:
        """A dialogue with the live holder of an entry."""
        known = numbers.check(entry.number, self._state.settings.numbers)
        return self.keep(
            Dialogue(
                leg,
                Party.CUSTOMER if entry.callback else Party.CALLER,
                stage,
                entry.language,
                entry=entry.id,
                queue=entry.queue,
                number=known.number if isinstance(known, numbers.Allowed) else "",
            )
        )

    def say(self, dialogue: Dialogue, *phrases: Phrase) -> Dialogue:
        """The dialogue with a new playback to its leg, which cuts off the old one. Its end comes back as ``spoken``."""
        state = self._state
        dialogue = self.hush(dialogue)
        playback = playback_of(dialogue.leg, self._played[dialogue.leg], state.world.generation)
        self._played[dialogue.leg] += 1
        dialogue = self.keep(replace(dialogue, playback=playback, begun_at=None))
        self._playing[playback] = dialogue.leg
        state.timers.cancel(Timer.REPLY, dialogue.leg)
        state.timers.cancel(Timer.ANNOUNCE, dialogue.leg)
        state.timers.set(Timer.PLAYBACK, playback, state.now + LONGEST_PLAYBACK_S)
        self._arm_before_speaking(dialogue)
        music = self._music(dialogue)
        state.do(Play(dialogue.leg, playback, phrases, dialogue.language, dialogue.queue, music))
        return dialogue

    def stop_leftovers(self, leg: LegId) -> None:
        """Stop any playback of an earlier daemon: it would block the leg."""
        self._state.do(
            *(StopPlayback(leg, playback) for playback in playbacks_of(leg, self._state.world.generation + 1))
        )

    def hush(self, dialogue: Dialogue) -> Dialogue:
        """Stop the playback, so that nothing blocks the leg."""
        if dialogue.playback is None:
            return dialogue
        self._forget_playback(dialogue.playback)
        self._state.do(StopPlayback(dialogue.leg, dialogue.playback))
        return self.keep(replace(dialogue, playback=None))

    def begun(self, playback: PlaybackId) -> None:
        """A playback can be heard."""
        dialogue = self._state.dialogue(self._playing.get(playback))
        if dialogue and dialogue.playback == playback:
            self.keep(replace(dialogue, begun_at=self._state.now))

    def spoken(self, playback: PlaybackId) -> None:
        """A playback is over: do what the stage wants next."""
        leg = self._forget_playback(playback)
        dialogue = self._state.dialogues.get(leg) if leg else None
        if dialogue is None:
            return
        dialogue = self.keep(replace(dialogue, playback=None))
        after = row_of(dialogue).after
        match after:
            case After.MUSIC:
                self.wait_on(dialogue)
            case After.HANG_UP:
                self._state.do(HangUp(dialogue.leg, "all is said"))
            case After.REPLY:
                self._state.timers.set(Timer.REPLY, dialogue.leg, self._state.now + self._reply_s(dialogue))
            case After.NOTHING:
                pass
            case _:
                assert_never(after)

    def overdue(self, playback: PlaybackId) -> None:
        """No end was reported. If the playback still goes on, it is stopped now: it would block the leg."""
        dialogue = self._state.dialogue(self._playing.get(playback))
        if dialogue:
            self._state.do(StopPlayback(dialogue.leg, playback))
        self.spoken(playback)

    def doubt(self) -> None:
        """The event stream was broken: playbacks may have ended unnoticed."""
        for dialogue in list(self._state.dialogues.values()):
            if dialogue.playback:
                self.begun(dialogue.playback)  # as far as we know
                self._state.do(LookAtPlayback(dialogue.leg, dialogue.playback))

    def end(self, leg: LegId) -> Dialogue | None:
        """Forget the dialogue and stop its playback: the leg is gone, or talks to an agent now."""
        dialogue = self._state.dialogues.get(leg)
        if dialogue is None:
            return None
        self.hush(dialogue)
        self._state.drop_dialogue(leg)
        for timer in (Timer.ANNOUNCE, Timer.REPLY, Timer.DEAD_MAN):
            self._state.timers.cancel(timer, leg)
        return dialogue

    def gone(self, leg: LegId) -> None:
        """The leg is gone. Asterisk may give its name to another, which has had no playback yet."""
        self.end(leg)
        self._played.pop(leg, None)

    def leave(self, dialogue: Dialogue, *phrases: Phrase) -> None:
        """Say last words, then hang up."""
        self.say(go(dialogue, Stage.LEAVING), *phrases)

    def wait_on(self, dialogue: Dialogue) -> None:
        """Music until the next announcement; with pauses between announcements counted from the end of the last."""
        entry = self.entry_of(dialogue)
        if entry is None:
            return
        queue = self._state.queue_of(entry)
        self._state.do(StartMusic(dialogue.leg, queue.music))
        pause_s = queue.announcements.every_s if dialogue.announced else queue.announcements.first_after_s
        self.announce_at(dialogue.leg, self._state.now + pause_s)

    def announce_at(self, leg: LegId, at: float) -> None:
        """The next announcement, or soon after when too many others are due then."""
        self._state.timers.set(Timer.ANNOUNCE, leg, self._stagger.moment(at, self._state.now))

    def to_waiting(self, dialogue: Dialogue, *phrases: Phrase) -> None:
        """Back to waiting in the line, whatever was going on, perhaps with a few words first."""
        dialogue = self.keep(go(dialogue, Stage.WAITING))
        self._state.timers.cancel(Timer.REPLY, dialogue.leg)
        if phrases:
            self.say(dialogue, *phrases)
        else:
            self.wait_on(self.hush(dialogue))

    def close(self, entry: Entry, outcome: EntryOutcome, reason: str) -> None:
        """The entry's life is over; its dialogue is not: there may be last words."""
        state = self._state
        state.note(entry.id, f"closed: {outcome.value}", reason, waited_s=round(state.now - entry.arrived_at, 1))
        for timer in (Timer.RETRY, Timer.ENTER, Timer.WIDEN, Timer.MAX_WAIT):
            state.timers.cancel(timer, entry.id)
        if entry.leg and entry.state is EntryState.TALKING:
            state.timers.cancel(Timer.DEAD_MAN, entry.leg)
        if entry.bridge:
            state.do(DropBridge(entry.bridge, entry.leg))
        state.move(entry.close(outcome, state.now))

    def send_away(self, leg: LegId, extension: str, reason: str, context: str | None = None) -> None:
        """Back to the dialplan: to the fallback, unless another context is named.

        The fallback ends the music and the dead-man switch itself. Another context belongs to the house, and knows
        neither.
        """
        self._state.note(leg, "sent to the dialplan", reason, extension=extension)
        self.end(leg)
        if context:
            self._state.do(StopMusic(leg), ArmDeadMan(leg, 0.0))
        self._state.do(SendToFallback(leg, context or self._state.settings.dead_man.fallback_context, extension))

    # --- signs of life ----------------------------------------------------------------------------------------------

    def dead_man(self, leg: LegId) -> None:
        state, dialogue, entry = self._state, self._state.dialogues.get(leg), self._state.entry_of(leg)
        if dialogue is None:
            if entry and entry.state is EntryState.TALKING and state.world.pbx:
                self.arm_talk(leg)
            elif entry and entry.state is EntryState.TALKING:  # nothing reaches Asterisk now; half the time is left
                state.timers.set(Timer.DEAD_MAN, leg, state.now + _WITHOUT_PBX_S)
            return
        if dialogue.playback:  # Asterisk sets no variable while it plays, and all else for the leg would wait for that
            state.timers.set(Timer.DEAD_MAN, leg, state.now + 1.0)
        else:
            self.arm(dialogue)

    def _arm_before_speaking(self, dialogue: Dialogue) -> None:
        """Arm it now: while callers press their way from menu to menu there is hardly a moment without a playback."""
        at, half_s = self._state.timers.when(Timer.DEAD_MAN, dialogue.leg), self._state.settings.dead_man.waiting_s / 2
        if at is not None and at < self._state.now + half_s - _FRESH_S:
            self.arm(dialogue)

    def arm(self, dialogue: Dialogue) -> None:
        state = self._state
        state.do(ArmDeadMan(dialogue.leg, state.settings.dead_man.waiting_s))
        state.timers.set(Timer.DEAD_MAN, dialogue.leg, state.now + state.settings.dead_man.waiting_s / 2)

    def arm_talk(self, leg: LegId) -> None:
        """The long time-out of a caller who talks, again and again at half its time for as long as they talk."""
        after_s = self._state.settings.dead_man.talking_s
        self._state.do(ArmDeadMan(leg, after_s))
        self._state.timers.set(Timer.DEAD_MAN, leg, self._state.now + after_s / 2)

    def found_talking(self, leg: LegId) -> None:
        """Arm it at once: after a restart nobody knows when the time-out of this caller was last set."""
        if not self._state.timers.is_set(Timer.DEAD_MAN, leg):
            self.arm_talk(leg)

    # --- small things -----------------------------------------------------------------------------------------------

    def entry_of(self, dialogue: Dialogue) -> Entry | None:
        """The place this dialogue is about; None when it is gone, or another leg of the same person holds it now."""
        entry = self._state.entry(dialogue.entry)
        return entry if entry and entry.leg in {None, dialogue.leg} else None

    def spoken_number(self, number: str) -> Digits:
        return Digits(numbers.national_digits(number, self._state.settings.numbers.region))

    def _music(self, dialogue: Dialogue) -> str:
        """The class of music for a leg: the queue's, or the default for callers who have not chosen one; none for
        agents."""
        if dialogue.party is Party.AGENT:
            return ""
        queue = self._state.settings.queues.get(QueueName(dialogue.queue))
        return queue.music if queue else DEFAULT_MUSIC

    def keep(self, dialogue: Dialogue) -> Dialogue:
        self._state.put_dialogue(dialogue)
        return dialogue

    def _reply_s(self, dialogue: Dialogue) -> float:
        settings = self._state.settings
        match dialogue.party:
            case Party.AGENT:
                agent = self._state.agent_of(dialogue.leg)
                return settings.agents[agent.id].accept_s if agent else _CODE_S
            case Party.CUSTOMER:
                return settings.dialling.key_s
            case Party.CALLER:
                return REPLY_S
            case _:
                assert_never(dialogue.party)

    def _forget_playback(self, playback: PlaybackId) -> LegId | None:
        self._state.timers.cancel(Timer.PLAYBACK, playback)
        return self._playing.pop(playback, None)


def subject_of(dialogue: Dialogue) -> str:
    return dialogue.entry or dialogue.leg


class Stagger:
    """Hands out moments: the wanted one while there is room, else the next with room.

    Callers who came at one moment are not spoken to at one moment: Asterisk would read and transcode for all of them.
    Moments are handed out when an announcement is planned, and nothing is counted when it is due: so nobody is put off
    twice.
    """

    def __init__(self, per_s: int = BEGIN_PER_S) -> None:
        self._per_s = per_s
        self._taken: set[int] = set()

    @property
    def remembered(self) -> int:
        """How many moments it holds as taken."""
        return len(self._taken)

    def moment(self, wanted: float, now: float) -> float:
        """Takes it. The moments of those who are gone by then stay taken: nobody misses a twentieth of a second."""
        if len(self._taken) > _REMEMBERED:
            self._taken = {slot for slot in self._taken if slot >= int(now * self._per_s)}
        slot = first = int(wanted * self._per_s)
        while slot in self._taken:
            slot += 1
        self._taken.add(slot)
        return wanted if slot == first else slot / self._per_s

"""A claim of AMI becomes an event once ARI confirms it.

AMI's events hold a caller's number unescaped, and a number with line breaks in it forges other events. ARI writes JSON,
and answers about one channel at a time: a leg is gone when ARI has no such channel; a telephone dials when its channel
and the one it dials exist under the names, and with the number, that were claimed. A claim that ARI does not confirm
costs one look and has no effect; a claim about a leg we do not have, or a telephone that is no agent's, not even that.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog

from callbackd.ami.decode import Decode, TelephoneDialled, TelephoneDials
from callbackd.ari.generated import Channel
from callbackd.ari.reply import Answer, Reply
from callbackd.domain.events import AgentDialled, Event, LegEnded
from callbackd.domain.ids import LegId

Look = Callable[[str], Awaitable[Answer[Channel]]]
"""ARI's answer about the channel with this unique id."""

LOOKS_S = (0.02, 0.1, 0.4, 1.5)
"""Pauses before each look at a leg that AMI claims is gone. Usually ARI reports it before the first look."""
AT_ONCE = 256
"""At most this many claims are checked at a time; the rest are dropped, as if AMI had been silent."""
REMIND_S = 60.0

T = TypeVar("T")

log = structlog.get_logger("ami")


class Hearsay:
    """Give ``hear`` to the AMI client. ``refuted`` counts the claims that ARI did not confirm."""

    def __init__(
        self,
        look: Look,
        post: Callable[[Event], None],
        believed: Callable[[LegId], bool],
        telephones: Callable[[str], bool],
    ) -> None:
        """``believed`` returns whether we think a leg exists, ``telephones`` whether an endpoint is an agent's."""
        self._look = look
        self._post = post
        self._believed = believed
        self._telephones = telephones
        self._decode = Decode()
        self._dials: dict[str, tuple[TelephoneDials, asyncio.Task[bool]]] = {}
        """Calls of agents' telephones that are ringing the other party, by the unique id of the far channel."""
        self._checking: set[asyncio.Task[Any]] = set()
        self._beginnings = False
        """Whether AMI has reported the beginning of a call, or the log has complained that it does not."""
        self._complained_at: dict[str, float] = {}
        self.refuted: Counter[str] = Counter()

    @property
    def dropped(self) -> Counter[str]:
        """How many events were not even claims, by reason."""
        return self._decode.dropped

    def hear(self, fields: dict[str, Any]) -> None:
        """Take one event of AMI. An event of ours is posted later, once it is confirmed, or never."""
        match self._decode(fields):
            case LegEnded() as claim if self._believed(claim.leg):
                self._check(self._ended(claim))
            case TelephoneDials() as claim if claim.far not in self._dials and self._telephones(claim.endpoint):
                self._beginnings = True
                if task := self._check(self._dials_out(claim)):
                    self._dials[claim.far] = claim, task
                    self._forget_oldest()
            case TelephoneDialled() as claim if claim.far in self._dials:
                self._check(self._dialled(claim, *self._dials.pop(claim.far)))
            case TelephoneDialled() as claim if not self._beginnings and self._telephones(claim.endpoint):
                self._beginnings = True
                why = "AMI reports how agents' own calls end, not that they begin: direct callback ignores them; "
                log.warning("ami_without_beginnings", why=why + "add DialBegin to the eventfilter of manager.conf")
            case _:
                pass

    def _check(self, checking: Coroutine[Any, Any, T]) -> asyncio.Task[T] | None:
        if len(self._checking) >= AT_ONCE:
            checking.close()
            self._complain("more events than can be checked")
            return None
        task = asyncio.create_task(checking, name="hearsay")
        self._checking.add(task)
        task.add_done_callback(self._checking.discard)
        return task

    def _forget_oldest(self) -> None:
        """The end of a call may never be reported, for example when the connection broke meanwhile."""
        if len(self._dials) > AT_ONCE:
            del self._dials[next(iter(self._dials))]

    async def _ended(self, claim: LegEnded) -> None:
        there = False
        for pause_s in LOOKS_S:
            await asyncio.sleep(pause_s)
            if not self._believed(claim.leg):
                return  # ARI was faster
            answer = await self._look(claim.leg)
            if answer.reply is Reply.GONE:
                self._post(claim)
                return
            there = bool(answer)
        if there:
            self._complain("the end of a leg that still exists")

    async def _dials_out(self, claim: TelephoneDials) -> bool:
        near, far = await asyncio.gather(self._look(claim.channel), self._look(claim.far))
        if near.body and far.body and _is_named(near.body, claim.name) and _is_dialled(far.body, claim):
            return True
        self._dials.pop(claim.far, None)
        self._complain("a call of a telephone that is making none")
        return False

    async def _dialled(self, claim: TelephoneDialled, dials: TelephoneDials, checked: asyncio.Task[bool]) -> None:
        if not await checked:
            return
        far = await self._look(claim.far) if claim.answered else None
        talked = far is not None and far.body is not None and far.body["state"] == "Up"
        self._post(AgentDialled(dials.endpoint, dials.number, talked))

    def _complain(self, what: str) -> None:
        """Logged once a minute for each kind: somebody who forges events must not fill the disk as well."""
        self.refuted[what] += 1
        now = asyncio.get_running_loop().time()
        if now - self._complained_at.get(what, -REMIND_S) >= REMIND_S:
            self._complained_at[what] = now
            why = f"AMI reported {what}; ARI does not confirm it: forged by a caller's number, or long over"
            log.warning("ami_not_believed", why=why, times=self.refuted[what])


def _is_named(channel: Channel, name: str) -> bool:
    return channel["name"] == name


def _is_dialled(channel: Channel, claim: TelephoneDials) -> bool:
    """Whether Dial() made this channel to reach this number. A channel that came from outside never runs AppDial."""
    dials = channel["dialplan"]["app_name"].startswith("AppDial")
    return dials and _is_named(channel, claim.far_name) and channel["caller"]["number"] == claim.number

"""Laws about what people ask for: every act is answered, done as a whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from callbackd.domain import events as ev
from callbackd.domain.commands import Answered
from callbackd.domain.ids import EntryId
from callbackd.domain.lives.entry import EntryState
from lab.days.past import Step


def acts_are_answered(step: Step) -> Iterator[str]:
    """At once, or when the promise that was asked for is in the database. Never twice."""
    answered = [answer.request for answer in step.of(Answered)]
    for request in answered:
        if request not in step.past.asked and not _is_asked(step, request):
            yield f"{request} was answered, and nobody waits for it"
    now = isinstance(step.event, ev.Asked) and not isinstance(step.event.act, ev.RequestCallback | ev.MoveCallback)
    if now and step.event.request not in answered:  # type: ignore[union-attr]
        yield f"{step.event} was not answered"


def _is_asked(step: Step, request: str) -> bool:
    return isinstance(step.event, ev.Asked) and step.event.request == request


def a_refused_act_changes_nothing(step: Step) -> Iterator[str]:
    """No promise, and nobody's place in the line; agents may have been given work at the same moment."""
    if not isinstance(step.event, ev.Asked) or any(answer.done for answer in step.of(Answered)):
        return
    places = [c for c in step.entries() if c.after is None or (c.before and c.after.priority != c.before.priority)]
    for answer in step.of(Answered):
        for change in (*step.callbacks(), *places):
            yield f"{answer.act} was refused ({answer.why}) and changed {change.id}"


def who_is_put_first_is_first(step: Step) -> Iterator[str]:
    if not isinstance(step.event, ev.Asked) or not isinstance(step.event.act, ev.PutFirst):
        return
    state, entry = step.state, step.state.entries.get(EntryId(step.event.act.entry))
    if entry is None or not any(answer.done for answer in step.of(Answered)):
        return
    for other in state.entries.values():
        before = other.queue == entry.queue and state.order(other) < state.order(entry)
        if before and other.state is not EntryState.TALKING:
            yield f"{entry.id} was put first and stands behind {other.id}"


LAWS = (acts_are_answered, a_refused_act_changes_nothing, who_is_put_first_is_first)

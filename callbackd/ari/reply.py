"""Asterisk's answer to a request, in our words: sorted once, here, so that no code above reads status codes.

Code branches on the `Reply`; the `Answer` carries it with the body and Asterisk's own sentence for the log.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T", covariant=True)


class Reply(Enum):
    """The kinds of answer. None of them is raised: each is something a telephone exchange does on an ordinary day."""

    OK = "ok"
    GONE = "gone"
    """404: the channel, bridge or playback does not exist (any more)."""
    REFUSED = "refused"
    """Another 4xx: Asterisk understood and refuses; asking again changes nothing."""
    CONFLICT = "conflict"
    """409: the id is taken, or the channel has left Stasis. After an originate it is only a hint: look with GET."""
    PBX_ERROR = "pbx_error"
    """5xx: Asterisk could not (unreachable endpoint, shutting down). Nothing was made."""
    NOT_AUTHORISED = "not_authorised"
    """401/403: wrong user or password, or a read-only user."""
    UNREACHABLE = "unreachable"
    """No connection was made, so the request never left. Nothing happened at the other end."""
    UNKNOWN = "unknown"
    """The request may have left, but no complete answer came: it may or may not have been carried out."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """One answer: `body` is the parsed JSON, if OK and there is any; `reason` is Asterisk's or the system's
    sentence."""

    reply: Reply
    body: T | None = None
    status: int = 0
    reason: str = ""

    def __bool__(self) -> bool:
        return self.reply is Reply.OK

    @property
    def never_happened(self) -> bool:
        """True when the request certainly changed nothing. Not for CONFLICT: it needs a look."""
        return self.reply not in (Reply.OK, Reply.CONFLICT, Reply.UNKNOWN)


class Send(Protocol):
    """How the generated operations reach Asterisk: `query` may hold None (left out), bools, numbers and lists."""

    async def __call__(
        self, method: str, path: str, query: dict[str, Any] | None = None, body: Any = None
    ) -> Answer[Any]: ...


def reply_of(status: int, *, is_json: bool) -> Reply:
    """The kind of an HTTP status. A 404 that `is_json` comes from ARI; any other from the web server: there is no
    ARI."""
    if 200 <= status < 300:
        return Reply.OK
    if status == 404:
        return Reply.GONE if is_json else Reply.PBX_ERROR
    if status == 409:
        return Reply.CONFLICT
    if status in (401, 403):
        return Reply.NOT_AUTHORISED
    return Reply.REFUSED if 400 <= status < 500 else Reply.PBX_ERROR

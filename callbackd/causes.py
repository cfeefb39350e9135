"""How a call ended and whose trouble it was, from the two numbers Asterisk gives: shared by ARI and AMI.

The SIP status is the far end's own word and goes first; the Q.850 cause is Asterisk's translation, or all we have when
there was no SIP. Trouble of the trunk (CONGESTION) is kept apart from trouble of the number, because only the latter
may use up a promise's attempts. Some refusals can mean one number or a whole trunk: several in a row show which. The
table with its sources is ``docs/causes.md``; a test compares the two.
"""

from enum import StrEnum

from callbackd.domain.events import Ending


class Whose(StrEnum):
    """Whose trouble an ending is."""

    TRUNK = "trunk"
    NUMBER = "number"
    EITHER = "either"
    """The number's; the trunk's when several numbers in a row are refused in this way."""
    NOBODY = "nobody"
    """Hung up in good order, or nothing is known."""


_SIP = {
    **dict.fromkeys((486, 600), (Ending.BUSY, Whose.NUMBER)),
    **dict.fromkeys((408, 480), (Ending.NO_ANSWER, Whose.NUMBER)),
    **dict.fromkeys((603, 607), (Ending.REJECTED, Whose.NUMBER)),
    **dict.fromkeys((403, 433, 608), (Ending.REJECTED, Whose.EITHER)),
    **dict.fromkeys((404, 410, 484, 485, 604), (Ending.UNREACHABLE, Whose.EITHER)),
    487: (Ending.NORMAL, Whose.NOBODY),  # the answer to our own CANCEL
}
"""Every other final status says nothing about the customer: authentication, codecs, overload."""

_Q850 = {
    **dict.fromkeys((7, 16, 26, 30, 31), (Ending.NORMAL, Whose.NOBODY)),
    17: (Ending.BUSY, Whose.NUMBER),
    **dict.fromkeys((18, 19), (Ending.NO_ANSWER, Whose.NUMBER)),
    **dict.fromkeys((21, 24, 55), (Ending.REJECTED, Whose.NUMBER)),
    **dict.fromkeys((20, 23, 27), (Ending.UNREACHABLE, Whose.NUMBER)),
    **dict.fromkeys((1, 4, 5, 14, 22, 28), (Ending.UNREACHABLE, Whose.EITHER)),
    **dict.fromkeys((2, 3, 6, 8, 9, 25, 29), (Ending.CONGESTION, Whose.TRUNK)),
}
"""The causes of the classes "normal event"; those above 31, except 55 and 127, are about resources, services, messages
and protocols."""


def judged(cause: int, tech_cause: int) -> tuple[Ending, Whose]:
    """How it ended and whose trouble that is; ``cause`` is Q.850, ``tech_cause`` the SIP status, 0 if not given."""
    if said := _SIP.get(tech_cause):
        return said
    if tech_cause >= 400 or (31 < cause < 127 and cause not in _Q850):
        return Ending.CONGESTION, Whose.TRUNK
    return _Q850.get(cause, (Ending.UNKNOWN, Whose.NOBODY))


def ending(cause: int, tech_cause: int) -> Ending:
    """How it ended, without whose trouble it was."""
    return judged(cause, tech_cause)[0]

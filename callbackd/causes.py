"""How a call ended, from the two numbers Asterisk gives: shared by the adapters that are told (ARI and AMI).

The SIP status is the far end's own word and goes first; the Q.850 cause is Asterisk's translation, or what we have when
there was no SIP. Trouble of the trunk (CONGESTION) is told from trouble of the customer, because only the latter may
use up a promise's attempts.
"""

from callbackd.domain.events import Ending

_SIP = {
    **dict.fromkeys((486, 600), Ending.BUSY),
    **dict.fromkeys((408, 480), Ending.NO_ANSWER),
    **dict.fromkeys((403, 433, 603, 607, 608), Ending.REJECTED),
    **dict.fromkeys((404, 410, 484, 485, 604), Ending.UNREACHABLE),
    487: Ending.NORMAL,  # the answer to our own CANCEL
}
_Q850 = {
    **dict.fromkeys((16, 26, 31), Ending.NORMAL),
    17: Ending.BUSY,
    **dict.fromkeys((18, 19), Ending.NO_ANSWER),
    21: Ending.REJECTED,
    **dict.fromkeys((1, 2, 3, 20, 22, 27, 28), Ending.UNREACHABLE),
    **dict.fromkeys((34, 38, 41, 42, 44, 47, 50, 58, 66, 88), Ending.CONGESTION),
}


def ending(cause: int, tech_cause: int) -> Ending:
    """`cause` is Q.850, `tech_cause` the SIP status; 0 where not told."""
    if said := _SIP.get(tech_cause):
        return said
    if tech_cause >= 400:  # a status that says nothing about the customer: authentication, codecs, overload
        return Ending.CONGESTION
    return _Q850.get(cause, Ending.UNKNOWN)

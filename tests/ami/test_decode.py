"""AMI's events as 22.10.1 sends them, as claims to be checked; and the table of causes that ARI shares."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbackd.ami.decode import Decode, TelephoneDialled, TelephoneDials
from callbackd.causes import ending
from callbackd.domain.events import Ending, LegEnded
from callbackd.domain.ids import LegId

LEG = "cbd-01m82wf2rv5dzcc9qgmfds9e8f"
HANGUP = {
    "Event": "Hangup",
    "Privilege": "call,all",
    "Channel": "PJSIP/trunk-0000005a",
    "ChannelState": "0",
    "ChannelStateDesc": "Down",
    "CallerIDNum": "+442079460123",
    "Language": "en",
    "Context": "from-callers",
    "Uniqueid": LEG,
    "Linkedid": LEG,
    "Cause": "17",
    "Cause-txt": "User busy",
    "TechCause": "486",
    "content": "",
}


def ended(how: Ending, cause: int, tech_cause: int) -> LegEnded:
    return LegEnded(LegId(LEG), how, cause, tech_cause)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ended(Ending.BUSY, 17, 486)),
        ({"Cause": "34", "TechCause": "503"}, ended(Ending.CONGESTION, 34, 503)),
        ({"ChannelStateDesc": "Ringing", "Cause": "19", "TechCause": "480"}, ended(Ending.NO_ANSWER, 19, 480)),
        ({"ChannelStateDesc": "Up", "Cause": "0", "TechCause": ""}, ended(Ending.NORMAL, 0, 0)),
        ({"Cause": "16", "TechCause": ""}, ended(Ending.NORMAL, 16, 0)),
        ({"Uniqueid": "1795393218.74"}, None),
        ({"Cause": "19", "TechCause": "480"}, None),
    ],
    ids=["busy", "trunk", "no answer", "hung up", "cancelled", "not ours", "left to ARI"],
)
def test_a_hangup_becomes_an_event_of_the_domain(changes: dict[str, str], told: LegEnded | None) -> None:
    decode = Decode()
    assert decode({**HANGUP, **changes}) == told
    assert not decode.dropped


def test_an_event_without_tech_cause_is_as_good() -> None:
    fields = {key: value for key, value in HANGUP.items() if key != "TechCause"}
    assert Decode()(fields) == ended(Ending.BUSY, 17, 0)


@pytest.mark.parametrize("name", ["Shutdown", "shutdown", "FullyBooted", "Reload"])
def test_nothing_on_the_manager_line_decides_whether_asterisk_lives(name: str) -> None:
    assert Decode()({"Event": name, "Shutdown": "Cleanly", "Restart": "False"}) is None


@pytest.mark.parametrize(
    "uniqueid", ["cbd-", "cbd-x", f"{LEG}0", LEG.upper(), f"{LEG}/../x", f"{LEG}\n", [LEG, LEG], None, "", 7]
)
def test_an_id_that_we_cannot_have_minted_is_no_leg(uniqueid: Any) -> None:
    assert Decode()({**HANGUP, "Uniqueid": uniqueid}) is None


@given(
    st.dictionaries(st.sampled_from([*HANGUP, "Shutdown"]), st.one_of(st.none(), st.text(max_size=4), st.just(["x"])))
)
def test_a_spoilt_event_never_raises(changes: dict[str, Any]) -> None:
    Decode()({**HANGUP, **changes})
    Decode()(changes)


def test_reasons_do_not_grow_with_what_is_sent() -> None:
    decode = Decode()
    for number in range(100):
        decode({**HANGUP, "Cause": f"x{number}"})
        decode({"Event": f"x{number}"})
    assert len(decode.dropped) == 2


@pytest.mark.parametrize(
    ("cause", "tech_cause", "how"),
    [
        (16, 0, Ending.NORMAL),
        (26, 0, Ending.NORMAL),
        (0, 487, Ending.NORMAL),
        (17, 0, Ending.BUSY),
        (21, 600, Ending.BUSY),
        (18, 0, Ending.NO_ANSWER),
        (19, 480, Ending.NO_ANSWER),
        (18, 408, Ending.NO_ANSWER),
        (21, 0, Ending.REJECTED),
        (21, 403, Ending.REJECTED),
        (21, 603, Ending.REJECTED),
        (1, 404, Ending.UNREACHABLE),
        (20, 0, Ending.UNREACHABLE),
        (22, 410, Ending.UNREACHABLE),
        (28, 484, Ending.UNREACHABLE),
        (34, 503, Ending.CONGESTION),
        (38, 500, Ending.CONGESTION),
        (27, 502, Ending.CONGESTION),
        (21, 401, Ending.CONGESTION),
        (58, 488, Ending.CONGESTION),
        (42, 0, Ending.CONGESTION),
        (0, 0, Ending.UNKNOWN),
        (127, 0, Ending.UNKNOWN),
    ],
)
def test_the_far_ends_word_goes_before_asterisks_translation(cause: int, tech_cause: int, how: Ending) -> None:
    assert ending(cause, tech_cause) is how


DIAL = {
    "Channel": "PJSIP/desk-2-0000000b",
    "Uniqueid": "1795393218.74",
    "DestChannel": "PJSIP/trunk-0000000c",
    "DestCallerIDNum": "+442079460101",
    "DestUniqueid": "1795393218.75",
}
BEGIN, END = {"Event": "DialBegin", **DIAL}, {"Event": "DialEnd", **DIAL, "DialStatus": "BUSY"}
DIALS = TelephoneDials(
    "1795393218.74", "PJSIP/desk-2-0000000b", "1795393218.75", "PJSIP/trunk-0000000c", "+442079460101"
)


def test_a_telephones_own_call_makes_a_claim_at_its_beginning_and_its_end() -> None:
    decode = Decode()
    assert decode(BEGIN) == DIALS
    assert DIALS.endpoint == "PJSIP/desk-2"
    assert decode(END) == TelephoneDialled("PJSIP/desk-2-0000000b", "1795393218.75", answered=False)
    assert decode({**END, "DialStatus": "ANSWER"}) == TelephoneDialled(
        "PJSIP/desk-2-0000000b", "1795393218.75", answered=True
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"DestUniqueid": LEG},
        {"Channel": ""},
        {"Channel": "PJSIP/a\x85b-1"},
        {"Uniqueid": "1/2"},
        {"DestUniqueid": "../bridges"},
        {"DestCallerIDNum": ""},
        {"DestCallerIDNum": None},
        {"DestUniqueid": ["1795393218.75", "1795393218.76"]},
    ],
    ids=["ours", "nobody's", "no name", "no id", "a path", "no number", "no number told", "two ids"],
)
def test_an_event_that_cannot_be_checked_is_no_claim(changes: dict[str, Any]) -> None:
    assert Decode()({**BEGIN, **changes}) is None


@given(
    st.dictionaries(
        st.sampled_from([*BEGIN, *END]), st.one_of(st.none(), st.text(max_size=4), st.lists(st.text(), max_size=2))
    )
)
def test_a_spoilt_call_never_raises(changes: dict[str, Any]) -> None:
    Decode()({**BEGIN, **changes})
    Decode()({**END, **changes})

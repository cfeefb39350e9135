"""Presence by feature code."""

from __future__ import annotations

from callbackd.domain.commands import Play
from callbackd.domain.lives.agent import Activity, Presence
from callbackd.domain.phrase import Fixed
from tests.builders import ANNA, Centre


def said_to_phone(centre):
    return centre.last(Play).phrases[0]


def test_login_pause_unpause_logout():
    centre = Centre()
    steps = [
        ("login", Presence.AVAILABLE, Fixed.AGENT_LOGGED_IN),
        ("pause", Presence.PAUSED, Fixed.AGENT_PAUSED),
        ("unpause", Presence.AVAILABLE, Fixed.AGENT_UNPAUSED),
        ("logout", Presence.LOGGED_OUT, Fixed.AGENT_LOGGED_OUT),
    ]
    for code, presence, said in steps:
        centre.dials("alice", code)
        assert centre.agents["alice"].presence is presence
        assert said_to_phone(centre) is said


def test_pausing_without_being_logged_in_is_answered_not_now():
    centre = Centre()
    centre.dials("alice", "pause")
    assert said_to_phone(centre) is Fixed.NOT_NOW
    assert centre.reasons("pause ignored") == ["not logged in"]


def test_the_same_code_twice_is_answered_the_same():
    centre = Centre()
    centre.dials("alice", "login")
    centre.dials("alice", "login")
    assert said_to_phone(centre) is Fixed.AGENT_LOGGED_IN


def test_a_phone_that_belongs_to_nobody_is_reported():
    centre = Centre()
    centre.dials("mallory", "login")
    assert said_to_phone(centre) is Fixed.NOT_AN_AGENT
    assert "mallory" not in centre.agents


def test_an_unknown_code_is_refused_by_name():
    centre = Centre()
    centre.dials("alice", "dance")
    assert "'dance' is none of login" in centre.reasons("feature code refused")[0]


def test_paused_and_logged_out_agents_are_not_rung():
    centre = Centre()
    centre.logs_in("alice", "bob")
    centre.dials("alice", "pause")
    centre.dials("bob", "logout")
    centre.calls("anna")
    assert centre.rung() == []
    centre.dials("alice", "unpause")
    assert centre.rung() == [f"alice:{ANNA}"]


def test_an_agent_who_logs_out_while_talking_keeps_talking_and_gets_no_new_call():
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    centre.dials("alice", "logout")
    assert centre.agents["alice"].activity is Activity.TALKING
    centre.hangs_up("anna")
    centre.calls("next")
    centre.wait(60)
    assert len(centre.rung()) == 1

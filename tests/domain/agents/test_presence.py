"""Presence by feature code."""

from __future__ import annotations

import pytest

from callbackd.domain.commands import Play
from callbackd.domain.events import FeatureCodeDialled
from callbackd.domain.ids import AgentId, LegId
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


# --- when a paused agent will be back ---------------------------------------------------------------------------------


def pausing() -> tuple[Centre, str]:
    """Alice has dialled the code of a pause and is asked for the minutes; and her leg."""
    centre = Centre()
    centre.logs_in("alice")
    centre.dials("alice", "pause")
    assert centre.last(Play).phrases == (Fixed.AGENT_PAUSED, Fixed.AGENT_BACK_WHEN)
    return centre, centre.last(Play).leg


@pytest.mark.parametrize("ends", ["#", "a pause"])
def test_minutes_after_the_code_say_when_the_agent_will_be_back(ends):
    centre, leg = pausing()
    centre.presses(leg, "15")
    centre.wait(3) if ends == "a pause" else centre.presses(leg, ends)
    assert centre.agents["alice"].back_at == centre.now + 900
    assert said_to_phone(centre) is Fixed.AGENT_BACK_NOTED
    centre.hears_out(leg)
    assert centre.hung_up(leg)


def test_an_agent_who_keys_nothing_is_paused_and_hung_up_on():
    centre, leg = pausing()
    centre.hears_out(leg)
    centre.wait(3)
    assert centre.hung_up(leg)
    assert centre.agents["alice"].presence is Presence.PAUSED
    assert centre.agents["alice"].back_at is None


@pytest.mark.parametrize("keyed", ["0#", "721#", "99999999#"])
def test_minutes_that_cannot_be_meant_are_not_taken(keyed):
    centre, leg = pausing()
    centre.presses(leg, keyed)
    assert said_to_phone(centre) is Fixed.NOT_NOW
    assert centre.agents["alice"].presence is Presence.PAUSED
    assert centre.agents["alice"].back_at is None


def test_minutes_may_be_dialled_with_the_code():
    centre = Centre()
    centre.logs_in("alice")
    centre.hear(FeatureCodeDialled(LegId("code"), "pause", "PJSIP/alice", "15"))
    assert centre.last(Play).phrases == (Fixed.AGENT_PAUSED, Fixed.AGENT_BACK_NOTED)
    assert centre.agents["alice"].back_at == centre.now + 900


def test_somebody_who_is_back_is_expected_no_more():
    centre, leg = pausing()
    centre.presses(leg, "15#")
    centre.dials("alice", "unpause")
    assert centre.agents["alice"].back_at is None


def test_minutes_keyed_after_the_pause_is_over_are_not_taken():
    centre, leg = pausing()
    centre.presses(leg, "15")
    centre.dials("alice", "unpause")
    centre.presses(leg, "#")
    assert said_to_phone(centre) is Fixed.NOT_NOW
    assert centre.agents["alice"].back_at is None


def test_a_restart_keeps_when_an_agent_will_be_back():
    centre, leg = pausing()
    centre.presses(leg, "15#")
    back_at = centre.agents["alice"].back_at
    centre.restarts()
    assert centre.acd.state.agents[AgentId("alice")].back_at == back_at

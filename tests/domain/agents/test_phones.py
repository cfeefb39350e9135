"""What an agent's phone does outside the queue: own calls, and being off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from callbackd.domain.commands import RingAgent
from callbackd.domain.events import DeviceSeen, DeviceState, Ending
from callbackd.domain.lives.agent import Activity, Presence
from callbackd.domain.settings import EntryRules, Exit, Ringing, Way
from callbackd.domain.wait.place import place_of
from tests.builders import ANNA, BEN, Centre, agent, queue, settings


def phone(centre: Centre, state: DeviceState, endpoint: str = "PJSIP/alice") -> None:
    centre.hear(DeviceSeen(endpoint, state))


def centre_of(*names: str, **more: Any) -> Centre:
    centre = Centre(settings(agents=[agent(name) for name in names], **more))
    centre.logs_in(*names)
    return centre


def shown(centre: Centre, name: str = "alice") -> str:
    return next(a.phone for a in centre.acd.snapshot(centre.now).agents if a.agent == name)


# --- own calls --------------------------------------------------------------------------------------------------------


def test_an_agent_on_a_call_outside_the_queue_is_not_rung_but_the_next_is():
    centre = centre_of("alice", "bob")
    phone(centre, DeviceState.IN_USE)
    centre.calls("anna")
    assert centre.rung() == [f"bob:{ANNA}"]
    assert shown(centre) == "own call"
    assert centre.reasons("on an own call")


def test_the_end_of_the_own_call_frees_the_agent_at_once():
    centre = centre_of("alice")
    phone(centre, DeviceState.IN_USE)
    centre.calls("anna")
    assert centre.rung() == []
    phone(centre, DeviceState.FREE)
    assert centre.rung() == [f"alice:{ANNA}"]
    assert shown(centre) == ""


def test_an_agent_who_dials_a_code_is_rung_when_that_call_is_over():
    centre = Centre(settings(agents=[agent("alice")]))
    phone(centre, DeviceState.FREE)
    centre.calls("anna")
    centre.logs_in("alice")
    assert centre.rung() == [], "the telephone still hears that the code was understood"
    phone(centre, DeviceState.IN_USE)
    phone(centre, DeviceState.FREE)
    assert centre.rung() == [f"alice:{ANNA}"]


def test_one_of_our_calls_is_not_an_own_call_whatever_the_phone_reports():
    centre = centre_of("alice")
    centre.calls("anna")
    phone(centre, DeviceState.IN_USE)
    centre.answers("alice")
    phone(centre, DeviceState.IN_USE)
    centre.wait(60)
    assert shown(centre) == ""
    assert not centre.agents["alice"].own_call
    assert centre.reasons("own call") == []


def test_after_our_call_the_phone_is_given_time_to_say_that_it_is_free():
    centre = centre_of("alice")
    centre.calls("anna")
    phone(centre, DeviceState.IN_USE)
    centre.answers("alice")
    centre.calls("ben", BEN)
    centre.hangs_up("anna")
    centre.wait(1)
    assert not centre.agents["alice"].own_call
    assert centre.rings("alice") == [ANNA]
    phone(centre, DeviceState.FREE)
    centre.wait(30)
    assert centre.rings("alice") == [ANNA, BEN]
    assert centre.reasons("own call") == []


def test_a_second_call_on_the_phone_outlasts_ours_and_is_seen_as_an_own_call():
    centre = Centre(settings([queue(wrap_up_s=0.0)], [agent("alice")]))
    centre.logs_in("alice")
    centre.calls("anna")
    phone(centre, DeviceState.IN_USE)
    centre.answers("alice")
    centre.calls("ben", BEN)
    centre.hangs_up("anna")
    assert centre.rings("alice") == [ANNA], "not before it is known what the phone does"
    centre.wait(3)
    assert shown(centre) == "own call"
    phone(centre, DeviceState.FREE)
    assert centre.rings("alice") == [ANNA, BEN]


def test_a_device_state_that_comes_after_our_ring_still_belongs_to_that_ring():
    centre = centre_of("alice")
    centre.calls("anna")
    centre.hangs_up("anna")
    phone(centre, DeviceState.IN_USE)
    assert not centre.agents["alice"].own_call
    phone(centre, DeviceState.FREE)
    centre.wait(5)
    assert centre.reasons("own call") == []


def test_an_own_call_during_wrap_up_keeps_the_agent_from_the_next_caller():
    centre = centre_of("alice")
    centre.calls("anna")
    centre.answers("alice")
    centre.hangs_up("anna")
    centre.wait(5)
    phone(centre, DeviceState.IN_USE)
    centre.calls("ben", BEN)
    centre.wait(60)
    assert centre.agents["alice"].activity is Activity.IDLE
    assert centre.rings("alice") == [ANNA]
    phone(centre, DeviceState.FREE)
    assert centre.rings("alice") == [ANNA, BEN]


@pytest.mark.parametrize(
    ("house", "own", "rung"), [(False, None, 0), (True, None, 1), (False, True, 1), (True, False, 0)]
)
def test_ring_in_use_is_set_for_all_or_for_one(house, own, rung):
    agents = [agent("alice", ring_in_use=own)]
    centre = Centre(settings(agents=agents, ringing=Ringing(ring_in_use=house)))
    centre.logs_in("alice")
    phone(centre, DeviceState.IN_USE)
    centre.calls("anna")
    assert len(centre.rung()) == rung


def test_another_phone_of_the_agent_counts_too():
    centre = Centre(settings(agents=[agent("alice", phones=("PJSIP/desk",))]))
    centre.logs_in("alice")
    phone(centre, DeviceState.IN_USE, "PJSIP/desk")
    centre.calls("anna")
    assert centre.rung() == []
    phone(centre, DeviceState.OFF, "PJSIP/desk")
    assert centre.rung() == [f"alice:{ANNA}"], "the phone that is dialled is there"


def test_a_phone_behind_a_trunk_and_an_unknown_state_say_nothing():
    centre = Centre(settings(agents=[replace(agent("alice"), endpoint="PJSIP/+447700900001@trunk")]))
    assert centre.settings.watched() == ()
    centre = centre_of("alice")
    phone(centre, DeviceState.UNKNOWN)
    centre.calls("anna")
    assert centre.rung() == [f"alice:{ANNA}"]


@pytest.mark.parametrize("state", [DeviceState.IN_USE, DeviceState.OFF])
def test_an_agent_who_cannot_be_rung_counts_as_paused_in_the_estimate(state):
    centre = centre_of("bob", "alice")
    phone(centre, state)
    centre.calls("ben", BEN)
    centre.answers("bob")
    centre.calls("anna")
    place = place_of(centre.acd.state, centre.entry("anna"))
    assert (place.free, len(place.busy), place.paused) == (0, 1, 1)


# --- a phone that is off ----------------------------------------------------------------------------------------------


def test_an_agent_whose_phone_is_off_is_away_and_comes_back_by_itself():
    centre = centre_of("alice")
    phone(centre, DeviceState.OFF)
    centre.calls("anna")
    assert centre.rung() == []
    assert shown(centre) == "away"
    assert centre.agents["alice"].presence is Presence.AVAILABLE
    phone(centre, DeviceState.FREE)
    assert centre.rung() == [f"alice:{ANNA}"]


def test_with_everybody_away_callers_leave_as_when_all_are_paused():
    rules = EntryRules(all_paused=Exit(Way.DIALPLAN, "voicemail"))
    centre = Centre(settings([queue(rules=rules)], [agent("alice")]))
    centre.logs_in("alice")
    phone(centre, DeviceState.OFF)
    centre.calls("anna")
    assert centre.reasons("sent to the dialplan")


@pytest.mark.parametrize("back", [False, True])
def test_a_pause_for_missed_rings_is_lifted_with_the_phone_where_that_is_set(back):
    centre = centre_of("alice", ringing=Ringing(rona_limit=1, return_with_phone=back))
    centre.calls("anna")
    centre.misses("alice")
    assert centre.agents["alice"].presence is Presence.PAUSED
    phone(centre, DeviceState.OFF)
    assert centre.agents["alice"].presence is Presence.PAUSED, "while the phone is off"
    phone(centre, DeviceState.FREE)
    assert (centre.agents["alice"].presence is Presence.AVAILABLE) is back


def test_an_agent_is_free_since_the_end_of_an_own_call_and_of_being_away():
    for state in (DeviceState.IN_USE, DeviceState.OFF):
        centre = centre_of("alice", "bob")
        phone(centre, state)
        centre.wait(60)
        phone(centre, DeviceState.FREE)
        centre.calls("anna")
        assert centre.rung() == [f"bob:{ANNA}"], "bob has been free for longer"


def test_a_pause_of_the_agents_own_is_never_lifted():
    centre = centre_of("alice", ringing=Ringing(return_with_phone=True))
    centre.dials("alice", "pause")
    phone(centre, DeviceState.OFF)
    phone(centre, DeviceState.FREE)
    assert centre.agents["alice"].presence is Presence.PAUSED


# --- coming back ------------------------------------------------------------------------------------------------------


def test_an_own_call_outlives_a_restart_and_its_end_is_seen():
    centre = centre_of("alice")
    phone(centre, DeviceState.IN_USE)
    centre.restarts()
    phone(centre, DeviceState.IN_USE)
    centre.calls("anna")
    assert centre.rung() == []
    phone(centre, DeviceState.FREE)
    assert centre.rung() == [f"alice:{ANNA}"]


def test_an_own_call_that_ended_while_we_were_away_is_over():
    centre = centre_of("alice")
    phone(centre, DeviceState.IN_USE)
    centre.restarts()
    phone(centre, DeviceState.FREE)
    centre.calls("anna")
    assert centre.rung() == [f"alice:{ANNA}"]


def test_a_device_state_that_was_not_reported_is_a_difference():
    centre = centre_of("alice")
    phone(centre, DeviceState.IN_USE)
    seen = DeviceSeen("PJSIP/alice", DeviceState.FREE)
    assert centre.acd.differences([seen]) == {"PJSIP/alice is free"}
    centre.hear(seen)
    assert centre.acd.differences([seen]) == frozenset()


def test_a_busy_line_and_a_free_phone_take_turns_for_a_while():
    """Rings, refusals and states in any order leave the agent rung again in the end."""
    centre = centre_of("alice")
    centre.calls("anna")
    for state in (DeviceState.IN_USE, DeviceState.FREE) * 3:
        phone(centre, state)
        centre.hangs_up(centre.last(RingAgent).leg, Ending.BUSY)
        centre.wait(6)
    phone(centre, DeviceState.FREE)
    centre.wait(6)
    assert centre.agents["alice"].activity is Activity.RINGING

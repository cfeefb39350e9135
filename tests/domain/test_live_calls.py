"""From the caller's first word to the agent's wrap-up."""

from __future__ import annotations

from callbackd.domain.commands import (
    Act,
    ArmDeadMan,
    DropBridge,
    HangUp,
    Join,
    LookAtPlayback,
    MakeBridge,
    Play,
    RingAgent,
    SendToFallback,
    StartMusic,
    StopMusic,
    StopPlayback,
    lanes,
)
from callbackd.domain.events import DialRefused, Ending, LegLeft, PbxBack, PbxLost, RequestFailed
from callbackd.domain.ids import LegId
from callbackd.domain.lives.agent import Activity, Presence
from callbackd.domain.lives.entry import EntryOutcome, EntryState
from callbackd.domain.phrase import Fixed, Greeting, Position, WaitBelow
from callbackd.domain.settings import Announcements, Offer, Strategy
from tests.builders import ANNA, BEN, SALES, SUPPORT, Centre, agent, number, queue, settings


def test_a_caller_is_greeted_then_hears_music_and_position_and_wait():
    centre = Centre()
    centre.logs_in("alice")
    centre.dials("alice", "pause")
    centre.logs_in("bob")
    centre.calls("first", BEN)
    centre.answers("bob")
    centre.calls("anna")
    assert centre.heard("anna") == [Greeting("support")]
    centre.hears_out("anna")
    assert centre.last(StartMusic).leg == "anna"
    centre.wait(0)
    assert centre.heard("anna")[1:] == [Position(1), WaitBelow(5), Fixed.OFFER]  # alice may come back first


def test_announcements_repeat_and_a_worse_wait_is_not_announced():
    centre = Centre()
    centre.anna_waits()
    centre.hears_out("anna")
    centre.wait(29)
    assert centre.heard("anna").count(Position(1)) == 1
    for n in range(3):
        centre.calls(f"vip{n}", number(n), priority=5)
    centre.wait(1)
    assert centre.heard("anna").count(Position(4)) == 1
    assert sum(isinstance(phrase, WaitBelow) for phrase in centre.heard("anna")) == 1


def test_nothing_is_said_about_the_wait_when_nobody_works():
    centre = Centre()
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(0)
    assert not any(isinstance(phrase, WaitBelow) for phrase in centre.heard("anna"))


def test_after_a_broken_event_stream_we_ask_which_playbacks_still_go_on():
    centre = Centre()
    centre.calls("anna")
    greeting = centre.last(Play, leg="anna").playback
    centre.calls("ben", BEN)
    centre.hangs_up("ben")
    centre.hear(PbxLost("cut"))
    looked = [command for command in centre.hear(PbxBack()) if isinstance(command, LookAtPlayback)]
    assert [(look.leg, look.playback) for look in looked] == [("anna", greeting)]


def test_an_announcement_that_comes_due_while_an_agent_is_rung_waits_for_the_end_of_the_ring():
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(3)
    assert centre.heard("anna") == [Greeting("support")]
    centre.hangs_up(centre.ring_of("alice"), Ending.NO_ANSWER, cause=19)
    centre.wait(5)
    assert Position(1) in centre.heard("anna")


def test_with_nothing_to_announce_the_music_goes_on():
    silent = Announcements(first_after_s=0.0, every_s=0.0, position=False, wait=False)
    centre = Centre(settings([queue(announcements=silent, offer=Offer(enabled=False))]))
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(10)
    assert centre.heard("anna") == [Greeting("support")]


def test_a_free_agent_is_rung_with_the_customers_number_and_connected():
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    ring = centre.last(RingAgent)
    assert (ring.endpoint, ring.caller_number) == ("PJSIP/alice", ANNA)
    assert centre.entry().state is EntryState.RINGING
    centre.answers("alice")
    bridge = centre.last(MakeBridge).bridge
    assert centre.last(Join) == Join(bridge, (LegId("anna"), ring.leg))
    assert centre.entry().state is EntryState.TALKING
    assert centre.agents["alice"].activity is Activity.TALKING


def test_a_playback_or_music_that_blocks_a_leg_is_stopped_before_the_bridge():
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    done = [type(c) for c in centre.answers("alice") if isinstance(c, Act) and "anna" in lanes(c)]
    assert done == [StopPlayback, StopMusic, Join, ArmDeadMan]


def test_the_agent_who_was_free_longest_is_rung():
    centre = Centre()
    centre.logs_in("bob", "alice")
    centre.calls("anna")
    assert centre.rung() == [f"bob:{ANNA}"]


def test_no_answer_goes_to_the_next_agent_and_keeps_the_place():
    centre = Centre()
    centre.logs_in("alice", "bob")
    centre.calls("anna")
    before = centre.entry()
    centre.hangs_up(centre.ring_of("alice"), Ending.NO_ANSWER, cause=19)
    assert centre.rung() == [f"alice:{ANNA}", f"bob:{ANNA}"]
    assert (centre.entry().id, centre.entry().arrived_at) == (before.id, before.arrived_at)
    assert centre.agents["alice"].misses == 1


def test_the_only_agent_is_left_alone_for_a_moment_then_rung_again():
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    centre.hangs_up(centre.ring_of("alice"), Ending.REJECTED)
    assert len(centre.rung()) == 1
    centre.wait(5)
    assert len(centre.rung()) == 2


def test_rings_not_answered_in_a_row_pause_the_agent():
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    for _ in range(3):
        centre.hangs_up(centre.ring_of("alice"), Ending.NO_ANSWER)
        centre.wait(5)
    assert centre.agents["alice"].presence is Presence.PAUSED
    assert "not answered" in centre.agents["alice"].pause_reason
    assert len(centre.rung()) == 3


def test_an_answered_ring_forgives_the_missed_ones():
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    centre.hangs_up(centre.ring_of("alice"), Ending.NO_ANSWER)
    centre.wait(5)
    centre.answers("alice")
    assert centre.agents["alice"].misses == 0


def test_ring_all_rings_every_free_agent_and_the_first_to_answer_gets_the_caller():
    centre = Centre(settings([queue(strategy=Strategy.RING_ALL)], [agent("alice"), agent("bob"), agent("carol")]))
    centre.logs_in("alice", "bob", "carol")
    centre.calls("anna")
    assert centre.rung() == [f"alice:{ANNA}", f"bob:{ANNA}", f"carol:{ANNA}"]
    centre.answers("bob")
    assert centre.hung_up(centre.ring_of("alice"))
    assert centre.hung_up(centre.ring_of("carol"))
    assert not centre.hung_up(centre.ring_of("bob"))
    assert all(hang_up.elsewhere for hang_up in centre.all(HangUp, leg=centre.ring_of("alice")))
    assert centre.agents["alice"].misses == 0
    assert centre.entry().agent == "bob"


def test_ring_all_of_agents_who_all_refuse_keeps_the_caller_waiting():
    centre = Centre(settings([queue(strategy=Strategy.RING_ALL)]))
    centre.logs_in("alice", "bob")
    centre.calls("anna")
    centre.hangs_up(centre.ring_of("alice"), Ending.BUSY)
    assert centre.entry().state is EntryState.RINGING
    centre.hangs_up(centre.ring_of("bob"), Ending.BUSY)
    assert centre.entry().state is EntryState.WAITING
    centre.wait(5)
    assert len(centre.rung()) == 4


def test_an_agent_who_answers_too_late_is_hung_up():
    centre = Centre(settings([queue(strategy=Strategy.RING_ALL)]))
    centre.logs_in("alice", "bob")
    centre.calls("anna")
    late = centre.ring_of("bob")
    centre.answers("alice")
    centre.answers("bob")
    assert centre.hung_up(late)
    assert len(centre.joined()) == 1


UNGREETED = Announcements(greet_if_free=False, first_after_s=0.0)


def test_a_caller_for_whom_an_agent_is_free_is_not_greeted_where_the_queue_does_without():
    centre = Centre(settings([queue(announcements=UNGREETED)]))
    centre.logs_in("alice")
    centre.calls("anna")
    assert centre.rung() == [f"alice:{ANNA}"]
    centre.answers("alice")
    assert not centre.all(Play, leg="anna")
    assert [act.legs for act in centre.all(Join)] == [("anna", centre.ring_of("alice"))]


def test_callers_for_whom_no_agent_is_free_are_greeted_all_the_same():
    centre = Centre(settings([queue(announcements=UNGREETED)]))
    centre.logs_in("alice")
    centre.calls("anna")
    centre.calls("ben", BEN)
    assert centre.heard("ben")[0] == Greeting(SUPPORT)


def test_a_caller_who_was_not_greeted_is_told_the_wait_when_the_agent_does_not_answer():
    centre = Centre(settings([queue(announcements=UNGREETED)]))
    centre.logs_in("alice")
    centre.calls("anna")
    centre.hangs_up(centre.ring_of("alice"), Ending.NO_ANSWER, cause=19)
    centre.wait(6)
    assert centre.heard("anna")


def test_the_caller_hangs_up_and_the_agent_has_wrap_up_then_is_free():
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    centre.wait(60)
    centre.hangs_up("anna")
    assert centre.hung_up(centre.ring_of("alice"))
    assert centre.all(DropBridge)
    assert centre.entry().outcome is EntryOutcome.SERVED
    assert centre.agents["alice"].activity is Activity.WRAP_UP
    centre.calls("ben", BEN)
    assert len(centre.rung()) == 1
    centre.wait(10)
    assert centre.rung()[-1] == f"alice:{BEN}"


def test_the_agent_hangs_up_and_the_caller_is_not_left_in_silence():
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    centre.hangs_up(centre.ring_of("alice"))
    assert centre.hung_up("anna")
    assert centre.agents["alice"].activity is Activity.WRAP_UP


def test_a_caller_who_hangs_up_waiting_has_abandoned():
    centre = Centre()
    centre.calls("anna")
    centre.wait(20)
    centre.hangs_up("anna")
    assert centre.entry().outcome is EntryOutcome.ABANDONED


def test_a_caller_who_hangs_up_while_agents_ring_frees_them():
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    centre.hangs_up("anna")
    assert centre.hung_up(centre.ring_of("alice"))
    assert centre.agents["alice"].activity is Activity.IDLE
    assert centre.agents["alice"].misses == 0


def test_agents_of_two_queues_take_the_higher_priority_then_the_earlier_arrival():
    both = agent("alice", SUPPORT, SALES)
    centre = Centre(settings([queue(SUPPORT), queue(SALES, priority=5)], [both]))
    centre.calls("anna", ANNA, SUPPORT)
    centre.now += 1
    centre.calls("ben", BEN, SALES)
    centre.now += 1
    centre.calls("cora", "+442079460103", SALES)
    centre.logs_in("alice")
    for leg in ("ben", "cora", "anna"):
        centre.answers("alice")
        assert centre.joined()[-1][0] == leg
        centre.hangs_up(leg)
        centre.wait(10)


def test_an_agent_is_rung_only_for_their_own_queues():
    centre = Centre(settings([queue(SUPPORT), queue(SALES)], [agent("alice", SALES)]))
    centre.logs_in("alice")
    centre.calls("anna", ANNA, SUPPORT)
    assert centre.rung() == []


def test_a_phone_that_cannot_be_rung_counts_as_missed():
    centre = Centre()
    centre.logs_in("alice", "bob")
    centre.calls("anna")
    centre.hear(DialRefused(centre.ring_of("alice"), "500 Allocation failed"))
    assert centre.rung()[-1] == f"bob:{ANNA}"


def test_a_ring_whose_end_is_never_reported_ends_all_the_same():
    centre = Centre()
    centre.logs_in("alice", "bob")
    centre.calls("anna")
    lost = centre.ring_of("alice")
    centre.wait(20)
    assert centre.hung_up(lost)
    assert centre.rung()[-1] == f"bob:{ANNA}"


def test_an_unknown_queue_goes_to_the_dialplans_fallback_with_the_reason():
    centre = Centre()
    centre.calls("anna", to="suport")
    assert centre.last(SendToFallback).extension == "suport"
    assert "no queue is called 'suport'" in centre.reasons("sent to the dialplan")[0]
    assert centre.entries == {}


def test_a_malformed_number_does_no_harm():
    centre = Centre()
    for leg, shown in [("a", ""), ("b", "anonymous"), ("c", "<script>"), ("d", "+" * 500), ("e", "00\r\nX: 1")]:
        centre.calls(leg, shown)
    assert len(centre.entries) == 5
    assert all(len(entry.number) <= 32 for entry in centre.entries.values())


def test_a_repeated_arrival_gives_no_second_place():
    centre = Centre()
    centre.calls("anna")
    centre.calls("anna")
    assert len(centre.entries) == 1


def test_keys_nobody_asked_for_are_ignored_with_a_reason():
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    centre.presses("anna", "5")
    assert centre.reasons("key 5 ignored")
    centre.answers("alice")
    centre.presses("anna", "1*#")
    assert centre.callbacks == {}


def test_the_dead_man_switch_is_armed_again_while_the_caller_waits_but_not_during_playback():
    centre = Centre(settings([queue(announcements=Announcements(first_after_s=5.0))]))
    centre.calls("anna")
    centre.wait(31)
    assert centre.all(ArmDeadMan) == []
    centre.hears_out("anna")
    centre.wait(1)
    assert centre.last(ArmDeadMan).after_s == 60


def test_the_dead_man_switch_is_armed_between_two_things_that_are_said_without_a_pause():
    """A caller who goes from menu to menu by key would otherwise be taken away in the middle of them."""
    centre = Centre(settings([queue(announcements=Announcements(first_after_s=5.0), offer=Offer(waited_s=0.0))]))
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(5)
    for _ in range(20):
        centre.now += 9
        centre.presses("anna", "1")  # the offer, and the number read back
        centre.now += 9
        centre.presses("anna", "0")
        about_her = [type(command) for command in centre.said if getattr(command, "leg", "") == "anna"]
        assert about_her[-2:] == [ArmDeadMan, Play]


def test_a_call_that_the_dialplan_took_back_is_not_hung_up():
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    centre.hear(LegLeft(LegId("anna")))
    assert not centre.hung_up(centre.ring_of("alice")), "whoever took the caller may be taking the agent, too"
    centre.wait(1)
    assert not centre.hung_up("anna")
    assert centre.hung_up(centre.ring_of("alice"))


def test_an_agent_whom_the_dialplan_takes_with_the_caller_is_not_hung_up_nor_rung_meanwhile():
    centre = Centre(settings(agents=[agent("alice")], queues=[queue(wrap_up_s=0)]))
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    leg = centre.ring_of("alice")
    centre.calls("ben", BEN)
    centre.hear(LegLeft(LegId("anna")))
    assert centre.rings("alice") == [ANNA]
    centre.hear(LegLeft(leg))
    centre.wait(1)
    assert not centre.hung_up(leg)
    assert centre.rings("alice") == [ANNA, BEN]


def test_a_bridge_that_fails_sends_the_caller_to_the_fallback_instead_of_silence():
    centre = Centre()
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    centre.hear(RequestFailed(LegId("anna"), "Join", "409 not in Stasis"))
    assert centre.last(SendToFallback).leg == "anna"
    assert not centre.hung_up("anna")


def test_nobody_is_rung_while_asterisk_is_away():
    centre = Centre()
    centre.calls("anna")
    centre.hear(PbxLost("socket closed"))
    centre.logs_in("alice")
    assert centre.rung() == []
    centre.hear(PbxBack())
    assert centre.rung() == [f"alice:{ANNA}"]


def test_a_playback_whose_end_is_never_reported_does_not_silence_the_caller():
    centre = Centre()
    centre.calls("anna")
    centre.wait(60)
    assert centre.all(StartMusic)


def test_the_last_words_to_an_agents_phone_end_with_a_hang_up():
    centre = Centre()
    centre.dials("alice", "login")
    leg = centre.last(Play).leg
    assert centre.heard(leg) == [Fixed.AGENT_LOGGED_IN]
    centre.hears_out(leg)
    assert centre.last(HangUp).leg == leg

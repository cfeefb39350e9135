"""The dead-man switch of people who talk is renewed for as long as they do, and not a moment longer."""

from __future__ import annotations

from callbackd.domain.commands import ArmDeadMan
from callbackd.domain.events import LegHeld, PbxBack, PbxLost
from callbackd.domain.ids import LegId
from callbackd.domain.timers import Timer
from tests.builders import Centre, agent, settings

TALKING_S = 4 * 3600.0
ARMED = {"leg": "anna", "after_s": TALKING_S}


def talking() -> Centre:
    centre = Centre(settings(agents=[agent("alice")]))
    centre.logs_in("alice")
    centre.calls("anna")
    centre.answers("alice")
    return centre


def test_the_dead_man_switch_is_renewed_at_half_its_time_again_and_again():
    centre = talking()
    for n in range(1, 6):
        assert len(centre.all(ArmDeadMan, **ARMED)) == n
        centre.sleeps(TALKING_S / 2)


def test_a_caller_on_hold_is_looked_after_as_well():
    centre = talking()
    centre.hear(LegHeld(LegId("anna")))
    centre.sleeps(TALKING_S / 2)
    assert len(centre.all(ArmDeadMan, **ARMED)) == 2


def test_a_customer_who_was_called_back_is_looked_after_as_well():
    centre = talking()
    centre.now += 1
    centre.calls("ben")
    centre.hears_out("ben")
    centre.takes_callback("ben")
    centre.hangs_up("anna")
    centre.wait(10)
    leg = centre.customer_answers()
    centre.presses(leg, "1")
    centre.answers("alice")
    centre.sleeps(TALKING_S / 2)
    assert len(centre.all(ArmDeadMan, leg=leg, after_s=TALKING_S)) == 2


def test_nothing_is_renewed_when_the_talk_is_over():
    centre = talking()
    centre.hangs_up("anna")
    assert not centre.acd.state.timers.is_set(Timer.DEAD_MAN, "anna")
    centre.sleeps(TALKING_S)
    assert len(centre.all(ArmDeadMan, **ARMED)) == 1


def test_after_a_restart_the_dead_man_switch_is_renewed_at_once_as_nobody_knows_its_age():
    centre = talking()
    centre.sleeps(100)
    centre.restarts()
    assert len(centre.all(ArmDeadMan, **ARMED)) == 2
    centre.sleeps(TALKING_S / 2)
    assert len(centre.all(ArmDeadMan, **ARMED)) == 3


def test_the_dead_man_switch_is_renewed_as_soon_as_asterisk_is_back():
    centre = talking()
    centre.hear(PbxLost("cut"))
    centre.sleeps(TALKING_S / 2 + 100)
    assert len(centre.all(ArmDeadMan, **ARMED)) == 1
    centre.hear(PbxBack())
    centre.sleeps(30)
    assert len(centre.all(ArmDeadMan, **ARMED)) == 2

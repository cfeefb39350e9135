"""What pages and programs are shown of the call centre."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callbackd.domain.ids import AgentId
from callbackd.domain.recovery.snapshot import AgentShown, PlaceShown
from callbackd.domain.settings import Announcements
from callbackd.domain.wait.place import Places
from tests.builders import ANNA, BEN, SALES, SUPPORT, Centre, agent, number, queue, settings


def test_one_pass_shows_for_each_place_what_asking_for_it_alone_would():
    rarely = Announcements(first_after_s=600.0, every_s=600.0)
    team = [agent("alice", SUPPORT, SALES), agent("bob", SUPPORT)]
    centre = Centre(settings([queue(announcements=rarely), queue(SALES, priority=1, announcements=rarely)], team))
    centre.logs_in("alice", "bob")
    for n in range(12):
        centre.calls(f"c{n}", number(n), to=SALES if n % 3 else SUPPORT, priority=n % 2)
        centre.wait(5)
        if n in {0, 3}:
            centre.answers("bob" if n else "alice")
    state, estimator = centre.acd.state, centre.acd.estimator
    shown = centre.acd.snapshot(centre.now)
    assert [(place.queue, place.position) for place in shown.places if place.state == "waiting"]
    for place in shown.places:
        alone = Places(state, estimator).estimate(state.entries[place.entry])
        assert alone
        assert place.p80_s == pytest.approx(alone.p80_s)
    for queue_ in (SUPPORT, SALES):
        waiting = [place.position for place in shown.places if place.queue == queue_ and place.state == "waiting"]
        assert waiting == sorted(waiting)


def test_everybody_is_shown_as_they_are():
    centre = Centre(settings([queue(wrap_up_s=0.0)], [agent("alice")]))
    centre.logs_in("alice")
    centre.calls("ben", BEN)
    centre.answers("alice")
    centre.calls("anna")
    centre.hears_out("anna")
    centre.wait(30)
    shown = centre.acd.snapshot(centre.now)
    talks, waits = centre.entry(BEN), centre.entry(ANNA)
    by_entry = {place.entry: replace(place, p80_s=None) for place in shown.places}
    assert by_entry == {
        talks.id: PlaceShown(talks.id, SUPPORT, 1, True, "talking", BEN, 30.0, None, None),
        waits.id: PlaceShown(waits.id, SUPPORT, 1, True, "waiting", ANNA, 30.0, None, None),
    }
    assert shown.agents == (AgentShown(AgentId("alice"), "Alice", "available", "talking", talks.id, "", "", ""),)
    assert (shown.open_promises, shown.open_attempts, shown.database, shown.pbx) == (0, 0, True, True)
    centre.takes_callback("anna")
    centre.hangs_up("ben")
    (place,) = (later := centre.acd.snapshot(centre.now)).places
    assert (place.live, place.state, later.open_promises, later.open_attempts) == (False, "dialling", 1, 1)

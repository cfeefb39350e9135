"""An estimate is computed once for a place while nothing has changed that it depends on."""

from __future__ import annotations

from callbackd.domain.wait.recursion import Recursive
from tests.builders import ANNA, BEN, Centre, agent, number, queue, settings


class Counting(Recursive):
    """The estimator in use, and how often it was asked."""

    asked = 0

    def estimate(self, place, now):
        Counting.asked += 1
        return super().estimate(place, now)


def busy_centre() -> Centre:
    Counting.asked = 0
    centre = Centre(settings([queue()], [agent("alice")]), estimator=Counting)
    centre.logs_in("alice")
    centre.calls("anna", ANNA)
    centre.answers("alice")
    return centre


def test_one_announcement_asks_once_for_its_number_its_offer_and_its_record():
    centre = busy_centre()
    centre.calls("ben", BEN)
    for nth in (1, 2):
        before = Counting.asked
        while len(centre.reasons("announced")) < nth:
            centre.hears_out("ben")
            centre.wait(1)
    assert Counting.asked == before + 1


def test_another_place_needs_an_estimate_of_its_own():
    centre = busy_centre()
    centre.calls("ben", BEN)
    before = Counting.asked
    centre.calls("carla", number(3))
    assert Counting.asked > before

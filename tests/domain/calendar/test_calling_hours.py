"""When customers may be rung: by the clock where their number lives."""

from __future__ import annotations

from dataclasses import replace

import phonenumbers.tzdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbackd.domain.calendar import wall
from callbackd.domain.calendar.calling_hours import allowed, next_allowed
from callbackd.domain.settings import Calling, Span
from tests.when import LONDON, NEW_YORK, ZAGREB, local, utc, week

LAW = Calling(week("09:00-20:00", "10:00-17:00"))
IN_LONDON, IN_NEW_YORK, IN_ZAGREB = "+442079460101", "+12125550123", "+385912345678"
IN_PORTUGAL = "+351912345678"
"""A mobile: on the mainland, or on the Azores an hour behind it."""
IN_RUSSIA = "+79161234567"
"""A mobile anywhere from Kaliningrad to Kamchatka, ten hours apart."""
NOWHERE = "+883510000000"


def may(number, at, *, calling=LAW, chosen=False, zone=LONDON):
    return allowed(calling, number, at, chosen=chosen, zone=zone).yes


def next_at(number, at, *, calling=LAW, chosen=False, zone=LONDON):
    return next_allowed(calling, number, at, chosen=chosen, zone=zone)


@pytest.mark.parametrize(
    ("number", "zone", "at", "usually", "chosen"),
    [
        (IN_LONDON, LONDON, "2027-01-12 07:59", False, False),
        (IN_LONDON, LONDON, "2027-01-12 08:00", False, True),
        (IN_LONDON, LONDON, "2027-01-12 09:00", True, True),
        (IN_LONDON, LONDON, "2027-01-12 19:59", True, True),
        (IN_LONDON, LONDON, "2027-01-12 20:00", False, True),
        (IN_LONDON, LONDON, "2027-01-12 21:00", False, False),
        (IN_LONDON, LONDON, "2027-01-16 09:00", False, True),
        (IN_LONDON, LONDON, "2027-01-16 10:00", True, True),
        (IN_LONDON, LONDON, "2027-01-16 17:00", False, True),
        (IN_LONDON, LONDON, "2027-01-17 12:00", False, False),
        (IN_LONDON, LONDON, "2027-03-26 12:00", False, False),
        (IN_NEW_YORK, NEW_YORK, "2027-01-12 08:59", False, True),
        (IN_NEW_YORK, NEW_YORK, "2027-01-12 09:00", True, True),
        (IN_NEW_YORK, NEW_YORK, "2027-07-05 12:00", False, False),
        (IN_NEW_YORK, NEW_YORK, "2027-03-26 12:00", True, True),
        (IN_ZAGREB, ZAGREB, "2027-06-22 12:00", False, False),
        (NOWHERE, LONDON, "2027-01-12 09:00", True, True),
        (NOWHERE, LONDON, "2027-03-26 12:00", True, True),
        ("", LONDON, "2027-01-12 08:59", False, True),
        ("anonymous", LONDON, "2027-01-12 20:59", False, True),
    ],
)
def test_a_customer_is_rung_by_the_clock_at_home(number, zone, at, usually, chosen):
    now = local(at, zone)
    assert (may(number, now), may(number, now, chosen=True)) == (usually, chosen)


@pytest.mark.parametrize(("at", "yes"), [("09:30", False), ("10:00", True), ("19:30", True), ("20:00", False)])
def test_a_number_of_several_zones_is_rung_when_all_of_them_allow_it(at, yes):
    assert may(IN_PORTUGAL, local(f"2027-01-12 {at}", "Europe/Lisbon")) == yes


def test_a_number_of_unknown_zone_goes_by_the_clock_of_the_site():
    now = utc("2027-01-12 08:30")
    assert (may(NOWHERE, now, zone=ZAGREB), may(NOWHERE, now, zone=LONDON)) == (True, False)


def test_customers_are_rung_on_holidays_if_set():
    assert may(IN_LONDON, local("2027-03-26 12:00", LONDON), calling=replace(LAW, holidays=False))


def test_no_calling_hours_are_all_hours():
    assert allowed(None, IN_LONDON, utc("2027-01-17 03:00"), chosen=False, zone=LONDON).yes
    assert next_at(IN_LONDON, 5.0, calling=None) == 5.0


def test_a_chosen_time_never_narrows_the_hours():
    early = Calling(week("06:00-22:00"), chosen=Span(8 * 60, 21 * 60))
    assert may(IN_LONDON, local("2027-01-12 06:30", LONDON), calling=early, chosen=True)
    assert may(IN_LONDON, local("2027-01-12 21:30", LONDON), calling=early, chosen=True)


@pytest.mark.parametrize(
    ("number", "at", "said"),
    [
        (IN_LONDON, "2027-01-12 12:00", "inside the calling hours"),
        (IN_LONDON, "2027-01-12 22:00", "it is Tue 22:00 in Europe/London: outside the calling hours"),
        (IN_NEW_YORK, "2027-01-12 12:00", "it is Tue 07:00 in America/New_York: outside the calling hours"),
        (IN_LONDON, "2027-03-26 12:00", "it is Fri 12:00 in Europe/London: a holiday"),
    ],
)
def test_the_answer_names_the_clock_it_went_by(number, at, said):
    assert allowed(LAW, number, utc(at), chosen=False, zone=LONDON).reason == said


@pytest.mark.parametrize(
    ("number", "now", "chosen", "next_one"),
    [
        (IN_LONDON, "2027-01-12 12:00", False, "2027-01-12 12:00"),
        (IN_LONDON, "2027-01-12 20:00", False, "2027-01-13 09:00"),
        (IN_LONDON, "2027-01-12 20:00", True, "2027-01-12 20:00"),
        (IN_LONDON, "2027-01-16 17:00", False, "2027-01-18 09:00"),
        (IN_LONDON, "2027-03-25 20:00", False, "2027-03-27 10:00"),
        (IN_LONDON, "2027-03-27 17:00", False, "2027-03-29 08:00"),
        (IN_NEW_YORK, "2027-01-12 12:00", False, "2027-01-12 14:00"),
        (IN_PORTUGAL, "2027-01-12 21:30", False, "2027-01-13 10:00"),
        (IN_RUSSIA, "2027-01-13 12:00", False, "2027-01-14 07:00"),
    ],
)
def test_the_next_time_to_ring(number, now, chosen, next_one):
    assert next_at(number, utc(now), chosen=chosen) == utc(next_one)


def test_zones_that_never_agree_have_no_next_time():
    mornings = Calling(week("09:00-12:00"))
    assert next_at(IN_RUSSIA, utc("2027-01-12 12:00"), calling=mornings) is None


def test_a_week_without_hours_has_no_next_time():
    assert next_at(IN_LONDON, utc("2027-01-12 12:00"), calling=Calling(week()), chosen=True) is None


def test_every_zone_that_a_number_can_have_is_known():
    names = {name for zones in phonenumbers.tzdata.TIMEZONE_DATA.values() for name in zones} - {"Etc/Unknown"}
    assert len(names) > 200
    assert {name for name in names if not wall.day_of(0.0, name)} == set()


@given(
    st.sampled_from([IN_LONDON, IN_NEW_YORK, IN_ZAGREB, IN_PORTUGAL, IN_RUSSIA, NOWHERE]),
    st.floats(utc("2027-01-01 00:00"), utc("2027-12-31 00:00")),
    st.booleans(),
)
def test_the_next_time_is_allowed_and_none_before_it_is(number, now, chosen):
    later = next_at(number, now, chosen=chosen)
    assert later is not None
    assert may(number, later, chosen=chosen)
    assert not any(may(number, now + (later - now) * n / 40, chosen=chosen) for n in range(40) if now < later)

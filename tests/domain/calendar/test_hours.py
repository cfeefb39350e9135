"""Opening hours by the clock on the wall: open, until when, why not; clock changes, holidays, midnights."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbackd.domain.calendar import hours, wall
from callbackd.domain.calendar.hours import Opening, Reason, closes_at, next_open, open_seconds, opening
from callbackd.domain.settings import Hours, Span
from tests.when import HOUR, KOLKATA, LONDON, LORD_HOWE, NEW_YORK, ZAGREB, local, spans, utc, week

OFFICE = Hours(LONDON, week("09:00-17:30", "10:00-14:00"))
DAY_AND_NIGHT = Hours(LONDON, week("00:00-24:00", "00:00-24:00", "00:00-24:00"))
DAY_S = 24 * HOUR


def shown(answer: Opening, zone: str) -> str:
    until = "never" if answer.until is None else f"{wall.local(answer.until, zone):%a %d %H:%M}"
    return f"{answer.reason.value} until {until}"


@pytest.mark.parametrize(
    ("now", "answer"),
    [
        ("2027-01-11 08:59", "closed until Mon 11 09:00"),
        ("2027-01-11 09:00", "open until Mon 11 17:30"),
        ("2027-01-11 17:29", "open until Mon 11 17:30"),
        ("2027-01-11 17:30", "closed until Tue 12 09:00"),
        ("2027-01-15 17:30", "closed until Sat 16 10:00"),
        ("2027-01-16 14:00", "closed until Mon 18 09:00"),
        ("2027-01-17 12:00", "closed until Mon 18 09:00"),
    ],
)
def test_a_week_has_its_openings(now, answer):
    assert shown(opening(OFFICE, local(now, LONDON)), LONDON) == answer


def test_without_hours_it_is_always_open():
    assert opening(None, utc("2027-01-17 03:00")) == Opening(True, None, Reason.OPEN)
    assert open_seconds(None, 5.0, 65.0) == 60.0


def test_hours_that_never_open_are_closed_and_end_nowhere():
    assert opening(Hours(LONDON, week()), utc("2027-01-17 03:00")) == Opening(False, None, Reason.CLOSED)
    assert open_seconds(Hours(LONDON, week()), 0.0, 10 * DAY_S) == 0.0


def test_a_span_over_midnight_is_one_opening():
    night = Hours(LONDON, week("00:00-02:00 22:00-24:00", "00:00-02:00"))
    assert shown(opening(night, local("2027-01-12 23:00", LONDON)), LONDON) == "open until Wed 13 02:00"
    assert shown(opening(night, local("2027-01-13 01:00", LONDON)), LONDON) == "open until Wed 13 02:00"


def test_day_and_night_never_closes():
    for now in ("2027-01-12 23:59", "2027-10-31 01:30", "2027-12-31 12:00"):
        assert opening(DAY_AND_NIGHT, local(now, LONDON)) == Opening(True, None, Reason.OPEN)


def test_day_and_night_closes_for_a_holiday_only():
    closing = replace(DAY_AND_NIGHT, country="GB", subdivision="ENG")
    assert shown(opening(closing, local("2027-01-12 12:00", LONDON)), LONDON) == "open until Fri 26 00:00"
    assert shown(opening(closing, local("2027-03-26 12:00", LONDON)), LONDON) == "holiday until Sat 27 00:00"


def test_pauses_close():
    lunch = Hours(LONDON, week("09:00-12:00 13:00-17:00"))
    assert shown(opening(lunch, local("2027-01-12 11:00", LONDON)), LONDON) == "open until Tue 12 12:00"
    assert shown(opening(lunch, local("2027-01-12 12:30", LONDON)), LONDON) == "closed until Tue 12 13:00"


def test_spans_that_touch_are_one_opening():
    shifts = Hours(LONDON, week("09:00-13:00 13:00-17:00"))
    assert shown(opening(shifts, local("2027-01-12 11:00", LONDON)), LONDON) == "open until Tue 12 17:00"


@pytest.mark.parametrize(
    ("name", "changes", "now", "answer"),
    [
        ("of England", {"country": "GB", "subdivision": "ENG"}, "2027-03-29 10:00", "holiday until Tue 30 09:00"),
        ("not of Scotland", {"country": "GB", "subdivision": "SCT"}, "2027-03-29 10:00", "open until Mon 29 17:30"),
        ("of Scotland", {"country": "GB", "subdivision": "SCT"}, "2027-11-30 10:00", "holiday until Wed 01 09:00"),
        ("of Croatia", {"country": "HR"}, "2027-06-22 10:00", "holiday until Wed 23 09:00"),
        ("of nobody", {}, "2027-03-29 10:00", "open until Mon 29 17:30"),
        (
            "of the house",
            {"holidays": frozenset({date(2027, 1, 12)})},
            "2027-01-12 10:00",
            "holiday until Wed 13 09:00",
        ),
        ("at its end", {"holidays": frozenset({date(2027, 1, 12)})}, "2027-01-13 00:00", "closed until Wed 13 09:00"),
        (
            "with hours of its own",
            {"country": "GB", "subdivision": "ENG", "days": {date(2027, 3, 29): spans("10:00-12:00")}},
            "2027-03-29 10:30",
            "open until Mon 29 12:00",
        ),
        (
            "after hours of its own",
            {"country": "GB", "subdivision": "ENG", "days": {date(2027, 3, 29): spans("10:00-12:00")}},
            "2027-03-29 12:30",
            "closed until Tue 30 09:00",
        ),
        (
            "a short day",
            {"days": {date(2027, 1, 12): spans("09:00-12:00")}},
            "2027-01-12 13:00",
            "closed until Wed 13 09:00",
        ),
        ("a day off", {"days": {date(2027, 1, 12): ()}}, "2027-01-12 10:00", "closed until Wed 13 09:00"),
        (
            "an open Sunday",
            {"days": {date(2027, 1, 17): spans("12:00-13:00")}},
            "2027-01-16 15:00",
            "closed until Sun 17 12:00",
        ),
    ],
)
def test_a_day_is_judged_by_its_own_hours_then_holidays_then_the_week(name, changes, now, answer):
    assert shown(opening(replace(OFFICE, **changes), local(now, LONDON)), LONDON) == answer


def test_hours_that_differ_only_in_a_day_of_their_own_are_told_apart():
    now = local("2027-01-12 10:00", LONDON)
    assert opening(OFFICE, now).open
    assert not opening(replace(OFFICE, days={date(2027, 1, 12): ()}), now).open


@pytest.mark.parametrize(
    ("now", "closed_until", "answer"),
    [
        ("2027-01-12 15:00", "2027-01-12 24:00", "closed early until Wed 13 09:00"),
        ("2027-01-12 15:00", "2027-01-12 16:00", "closed early until Tue 12 16:00"),
        ("2027-01-12 16:00", "2027-01-12 16:00", "open until Tue 12 17:30"),
        ("2027-01-12 20:00", "2027-01-13 11:00", "closed until Wed 13 11:00"),
        ("2027-01-12 20:00", "2027-01-12 21:00", "closed until Wed 13 09:00"),
    ],
)
def test_a_supervisor_closes_early(now, closed_until, answer):
    until = local(closed_until.replace("12 24:00", "13 00:00"), LONDON)
    assert shown(opening(OFFICE, local(now, LONDON), until), LONDON) == answer


def test_a_supervisor_closes_what_is_always_open():
    assert opening(None, 100.0, 200.0) == Opening(False, 200.0, Reason.CLOSED_EARLY)
    assert next_open(None, 100.0, 200.0) == 200.0


def test_the_next_opening_is_now_when_it_is_open():
    now = local("2027-01-12 10:00", LONDON)
    assert (next_open(OFFICE, now), closes_at(OFFICE, now)) == (now, local("2027-01-12 17:30", LONDON))
    assert closes_at(OFFICE, now, now + 60) is None, "a supervisor closed it early"


def test_a_closed_queue_has_no_closing_time():
    assert closes_at(OFFICE, local("2027-01-12 08:00", LONDON)) is None


# --- clock changes ----------------------------------------------------------------------------------------------------
# London 2027-03-28 01:00 GMT -> 02:00, 2027-10-31 02:00 BST -> 01:00; Zagreb at the same instants, an hour later shown.


@pytest.mark.parametrize(
    ("zone", "sunday", "opens", "closes", "name"),
    [
        (LONDON, "00:00-24:00", "2027-03-28 00:00", "2027-03-28 23:00", "a day of 23 hours"),
        (LONDON, "00:30-03:00", "2027-03-28 00:30", "2027-03-28 02:00", "over the gap, an hour shorter"),
        (LONDON, "01:30-03:00", "2027-03-28 01:00", "2027-03-28 02:00", "a start in the gap begins after it"),
        (LONDON, "00:00-01:30", "2027-03-28 00:00", "2027-03-28 01:00", "an end in the gap is its beginning"),
        (LONDON, "02:00-03:00", "2027-03-28 01:00", "2027-03-28 02:00", "right after the gap"),
        (LONDON, "00:00-24:00", "2027-10-30 23:00", "2027-11-01 00:00", "a day of 25 hours"),
        (LONDON, "00:30-03:00", "2027-10-30 23:30", "2027-10-31 03:00", "over the doubled hour, an hour longer"),
        (LONDON, "01:00-02:00", "2027-10-31 00:00", "2027-10-31 02:00", "the doubled hour, both passes"),
        (LONDON, "01:15-01:45", "2027-10-31 00:15", "2027-10-31 01:45", "within it, from first to last"),
        (LONDON, "00:00-01:00", "2027-10-30 23:00", "2027-10-31 00:00", "up to the doubled hour"),
        (LONDON, "02:00-03:00", "2027-10-31 02:00", "2027-10-31 03:00", "after the doubled hour"),
        (ZAGREB, "01:00-04:00", "2027-03-28 00:00", "2027-03-28 02:00", "shorter"),
        (ZAGREB, "02:30-04:00", "2027-03-28 01:00", "2027-03-28 02:00", "a start in the gap"),
        (ZAGREB, "01:00-04:00", "2027-10-30 23:00", "2027-10-31 03:00", "longer"),
        (NEW_YORK, "01:00-04:00", "2027-03-14 06:00", "2027-03-14 08:00", "shorter"),
        (NEW_YORK, "01:30-04:00", "2027-11-07 05:30", "2027-11-07 09:00", "longer"),
        (LORD_HOWE, "01:00-03:00", "2027-10-02 14:30", "2027-10-02 16:00", "half an hour shorter"),
        (LORD_HOWE, "01:00-03:00", "2027-04-03 14:00", "2027-04-03 16:30", "half an hour longer"),
        (KOLKATA, "09:00-17:00", "2027-03-28 03:30", "2027-03-28 11:30", "no summer time, half an hour off"),
    ],
)
def test_on_the_day_of_a_clock_change_the_wall_counts(zone, sunday, opens, closes, name):
    sundays = Hours(zone, week("", "", sunday))
    assert next_open(sundays, utc(opens) - 1) == utc(opens)
    assert closes_at(sundays, utc(opens)) == utc(closes)
    assert not opening(sundays, utc(closes)).open


def test_a_span_that_the_clock_skips_is_none():
    sundays = Hours(LONDON, week("", "", "01:10-01:50"))
    assert next_open(sundays, utc("2027-03-28 00:00")) == local("2027-04-04 01:10", LONDON)
    assert open_seconds(sundays, utc("2027-03-28 00:00"), utc("2027-03-29 00:00")) == 0.0


def test_a_holiday_begins_and_ends_at_midnight_there():
    closed = Hours(NEW_YORK, week("00:00-24:00", "00:00-24:00", "00:00-24:00"), country="US")
    assert closes_at(closed, utc("2027-07-04 12:00")) is None
    assert opening(closed, local("2027-07-04 12:00", NEW_YORK)).reason is Reason.HOLIDAY
    assert next_open(closed, local("2027-07-04 12:00", NEW_YORK)) == local("2027-07-06 00:00", NEW_YORK)


# --- whatever the hours -----------------------------------------------------------------------------------------------

YEAR = st.floats(utc("2027-01-01 00:00"), utc("2027-12-31 00:00"))


@st.composite
def day_spans(draw):
    edges = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    return tuple(Span(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False))


HOURS = st.builds(
    Hours,
    st.sampled_from([LONDON, ZAGREB, NEW_YORK, KOLKATA, LORD_HOWE, "America/Havana", "Africa/Cairo", "America/Nuuk"]),
    st.tuples(*[day_spans()] * 7),
    country=st.sampled_from(["", "GB", "HR"]),
    days=st.dictionaries(st.dates(date(2027, 3, 1), date(2027, 4, 30)), day_spans(), max_size=3),
)
"""Havana, Cairo and Nuuk change their clocks at midnight."""


@given(HOURS, st.lists(YEAR, min_size=3, max_size=3).map(sorted))
def test_open_seconds_add_up(configured, instants):
    first, middle, last = instants
    parts = open_seconds(configured, first, middle) + open_seconds(configured, middle, last)
    assert parts == pytest.approx(open_seconds(configured, first, last))


@given(HOURS, YEAR)
def test_the_next_opening_is_open_and_nothing_before_it_is(configured, now):
    opens = next_open(configured, now)
    assert opens is None or opening(configured, opens).open
    horizon = now + 30 * DAY_S if opens is None else opens
    assert not any(opening(configured, at).open for at in between(now, horizon))


@given(HOURS, YEAR)
def test_an_opening_lasts_exactly_until_its_end(configured, now):
    closes = closes_at(configured, now)
    if closes is not None:
        assert all(opening(configured, at).open for at in between(now, closes))
        assert not opening(configured, closes).open


@given(HOURS, YEAR)
def test_open_is_what_the_wall_shows_except_in_a_doubled_hour(configured, now):
    shown = wall.local(now, configured.zone)
    if shown.utcoffset() == shown.replace(fold=not shown.fold).utcoffset():
        day, minute = shown.date(), shown.hour * 60 + shown.minute
        usual = () if hours.holiday(configured, day) else configured.week[day.weekday()]
        there = any(span.start <= minute < span.end for span in configured.days.get(day, usual))
        assert opening(configured, now).open == there


def between(start, end):
    """Instants from ``start`` up to before ``end``."""
    return (start + (end - start) * n / 40 for n in range(40) if start < end)

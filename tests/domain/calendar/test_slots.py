"""Times that can be promised: which are free, which one a keyed time means, how they are said."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbackd.domain.calendar import calling_hours as calling
from callbackd.domain.calendar import hours, wall
from callbackd.domain.calendar.slots import Book, Refused, Slot, Why, at, capacity_of, free, judge, spoken
from callbackd.domain.phrase import Day
from callbackd.domain.settings import Calling, Hours, Slots
from tests.when import HOUR, KOLKATA, LONDON, LORD_HOWE, NEW_YORK, ZAGREB, local, utc, week

OFFICE = Hours(LONDON, week("09:00-17:30", "10:00-14:00"))
BOOK = Book(Slots(), OFFICE, LONDON)
MONDAY = local("2027-01-11 09:10", LONDON)


def with_slots(book=BOOK, **changes):
    return replace(book, slots=replace(book.slots, **changes))


def starts(slots, zone=LONDON):
    return [f"{wall.local(slot.start, zone):%a %H:%M}" for slot in slots]


def why(book, now, day, hhmm):
    answer = at(book, now, day, hhmm)
    return answer.reason if isinstance(answer, Refused) else starts([answer], book.zone)[0]


# --- what is free -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "changes", "now", "choices"),
    [
        ("an hour ahead at least", {}, "2027-01-11 09:10", ["Mon 10:30", "Mon 11:00", "Mon 11:30"]),
        ("an hour to the second", {}, "2027-01-11 09:30", ["Mon 10:30", "Mon 11:00", "Mon 11:30"]),
        ("over the evening", {}, "2027-01-11 15:45", ["Mon 17:00", "Tue 09:00", "Tue 09:30"]),
        ("over the weekend", {}, "2027-01-16 12:20", ["Sat 13:30", "Mon 09:00", "Mon 09:30"]),
        ("by the quarter", {"length_s": 900.0}, "2027-01-11 09:10", ["Mon 10:15", "Mon 10:30", "Mon 10:45"]),
        ("wholly before closing", {"length_s": 3600.0}, "2027-01-11 14:45", ["Mon 16:00", "Tue 09:00", "Tue 10:00"]),
        ("as many as set", {"choices": 1}, "2027-01-11 09:10", ["Mon 10:30"]),
        ("at once", {"lead_s": 0.0}, "2027-01-11 09:10", ["Mon 09:30", "Mon 10:00", "Mon 10:30"]),
        ("today only", {"horizon_days": 0}, "2027-01-11 15:45", ["Mon 17:00"]),
        ("switched off", {"enabled": False}, "2027-01-11 09:10", []),
        (
            "a time that is never free",
            {"exceptions": {"11:00": 0}},
            "2027-01-11 09:10",
            ["Mon 10:30", "Mon 11:30", "Mon 12:00"],
        ),
        (
            "a day that is not free",
            {"exceptions": {"2027-01-11": 0}},
            "2027-01-11 09:10",
            ["Tue 09:00", "Tue 09:30", "Tue 10:00"],
        ),
    ],
)
def test_the_next_free_slots_are_offered(name, changes, now, choices):
    assert starts(free(with_slots(**changes), local(now, LONDON))) == choices


def test_a_full_slot_is_left_out():
    eleven = local("2027-01-11 11:00", LONDON)
    assert starts(free(replace(BOOK, booked=[eleven]), MONDAY)) == ["Mon 10:30", "Mon 11:00", "Mon 11:30"]
    assert starts(free(replace(BOOK, booked=[eleven, eleven]), MONDAY)) == ["Mon 10:30", "Mon 11:30", "Mon 12:00"]


def test_promises_of_another_slot_length_count_where_they_lie():
    booked = [local("2027-01-11 10:45", LONDON), local("2027-01-11 11:15", LONDON)]
    assert starts(free(with_slots(replace(BOOK, booked=booked), capacity=1), MONDAY))[0] == "Mon 11:30"


def test_more_times_follow_the_last_one_that_was_read_out():
    first = free(BOOK, MONDAY)
    assert starts(free(BOOK, MONDAY, after=first[-1].start)) == ["Mon 12:00", "Mon 12:30", "Mon 13:00"]


def test_nobody_is_promised_a_time_outside_their_calling_hours():
    law = Calling(week("09:00-20:00"))
    in_new_york = replace(
        BOOK, allowed=lambda at: calling.allowed(law, "+12125550123", at, chosen=True, zone=LONDON).yes
    )
    assert starts(free(in_new_york, MONDAY)) == ["Mon 13:00", "Mon 13:30", "Mon 14:00"]


def test_nobody_is_promised_a_time_when_a_supervisor_has_closed():
    closed = replace(BOOK, closed_until=local("2027-01-12 09:15", LONDON))
    assert starts(free(closed, MONDAY)) == ["Tue 09:30", "Tue 10:00", "Tue 10:30"]


def test_nothing_is_free_without_opening_hours():
    assert free(replace(BOOK, hours=Hours(LONDON, week())), MONDAY) == []


def test_always_open_gives_every_slot_of_the_horizon():
    assert (
        len(free(with_slots(replace(BOOK, hours=None), lead_s=0.0), local("2027-01-11 00:00", LONDON), choices=999))
        == 8 * 48
    )


# --- capacity ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "capacity"),
    [
        ("2027-01-11 10:00", 2),
        ("2027-01-11 09:00", 5),
        ("2027-01-12 09:00", 4),
        ("2027-01-13 09:00", 1),
        ("2027-01-13 10:00", 1),
    ],
)
def test_the_closest_exception_counts(start, capacity):
    slots = Slots(exceptions={"2027-01-13": 1, "monday 09:00": 5, "09:00": 4})
    assert capacity_of(slots, local(start, LONDON), LONDON) == capacity


# --- a keyed time -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "hhmm", "answer"),
    [
        (0, "1530", "Mon 15:30"),
        (0, "1545", "Mon 15:30"),
        (1, "0900", "Tue 09:00"),
        (5, "1330", "Sat 13:30"),
        (7, "0900", "Mon 09:00"),
        (0, "1000", Why.TOO_SOON),
        (0, "0830", Why.TOO_SOON),
        (1, "0830", Why.CLOSED),
        (0, "1730", Why.CLOSED),
        (6, "1200", Why.CLOSED),
        (3, "1100", Why.FULL),
        (4, "1100", Why.CALLING_HOURS),
        (2, "1100", Why.CLOSED),
        (8, "0900", Why.TOO_FAR),
        (-1, "0900", Why.NO_SUCH_TIME),
        (0, "2560", Why.NO_SUCH_TIME),
        (0, "2400", Why.NO_SUCH_TIME),
        (0, "930", Why.NO_SUCH_TIME),
        (0, "09300", Why.NO_SUCH_TIME),
        (0, "", Why.NO_SUCH_TIME),
        (0, "١٢٣٠", Why.NO_SUCH_TIME),
    ],
)
def test_a_keyed_time_means_the_slot_around_it_or_is_refused_with_a_reason(day, hhmm, answer):
    friday = local("2027-01-15 11:00", LONDON)
    book = replace(
        with_slots(exceptions={"wednesday 11:00": 0}),
        booked=[local("2027-01-14 11:00", LONDON)] * 2,
        allowed=lambda start: start != friday,
    )
    assert why(book, MONDAY, day, hhmm) == answer


def test_no_time_can_be_keyed_when_times_are_off():
    assert why(with_slots(enabled=False), MONDAY, 1, "1000") is Why.OFF


def test_a_slot_is_judged_again_when_it_is_promised():
    (slot,) = free(BOOK, MONDAY, choices=1)
    assert judge(BOOK, slot, MONDAY) is None
    assert judge(replace(BOOK, booked=[slot.start, slot.start]), slot, MONDAY) is Why.FULL
    assert judge(BOOK, slot, slot.start) is Why.TOO_SOON
    assert judge(with_slots(horizon_days=1), Slot(slot.start + 48 * HOUR, 1800.0), MONDAY) is Why.TOO_FAR


# --- clock changes ----------------------------------------------------------------------------------------------------
# London 2027-03-28 01:00 GMT -> 02:00, 2027-10-31 02:00 BST -> 01:00.

ROUND_THE_CLOCK = Book(Slots(lead_s=0.0, capacity=1), None, LONDON)


@pytest.mark.parametrize(
    ("zone", "length_s", "now", "first"),
    [
        (LONDON, 1800.0, "2027-03-28 00:30", ["00:30", "02:00", "02:30"]),
        (LONDON, 3600.0, "2027-03-28 00:00", ["00:00", "02:00", "03:00"]),
        (LONDON, 7200.0, "2027-03-28 00:00", ["00:00", "02:00", "04:00"]),
        (LONDON, 1800.0, "2027-10-31 00:30", ["00:30", "01:00", "01:30", "01:00", "01:30", "02:00"]),
        (LONDON, 7200.0, "2027-10-31 00:00", ["00:00", "02:00", "04:00"]),
        (ZAGREB, 1800.0, "2027-03-28 01:30", ["01:30", "03:00", "03:30"]),
        (ZAGREB, 1800.0, "2027-10-31 01:30", ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]),
        (NEW_YORK, 1800.0, "2027-03-14 01:30", ["01:30", "03:00", "03:30"]),
        (LORD_HOWE, 1800.0, "2027-04-04 01:00", ["01:00", "01:30", "01:30", "02:00"]),
        (KOLKATA, 1800.0, "2027-03-28 01:30", ["01:30", "02:00", "02:30"]),
    ],
)
def test_a_skipped_hour_has_no_slots_and_a_doubled_one_has_them_twice(zone, length_s, now, first):
    book = with_slots(replace(ROUND_THE_CLOCK, zone=zone), length_s=length_s)
    found = free(book, local(now, zone), choices=len(first))
    assert [start[4:] for start in starts(found, zone)] == first
    assert_apart(found)


def test_each_pass_of_a_doubled_time_is_a_slot_of_its_own():
    now = utc("2027-10-30 12:00")
    first, second = utc("2027-10-31 00:30"), utc("2027-10-31 01:30")
    assert at(ROUND_THE_CLOCK, now, 1, "0130") == Slot(first, 1800.0)
    assert at(replace(ROUND_THE_CLOCK, booked=[first]), now, 1, "0130") == Slot(second, 1800.0)
    assert at(replace(ROUND_THE_CLOCK, booked=[first, second]), now, 1, "0130") == Refused(Why.FULL)


def test_a_time_that_the_clock_skips_does_not_exist():
    now = utc("2027-03-27 12:00")
    assert why(ROUND_THE_CLOCK, now, 1, "0130") is Why.NO_SUCH_TIME
    assert why(ROUND_THE_CLOCK, now, 1, "0200") == "Sun 02:00"


def test_a_slot_that_a_clock_change_would_overlap_is_cut_short():
    now = utc("2027-03-28 00:00")
    assert at(with_slots(ROUND_THE_CLOCK, length_s=7200.0), now, 0, "0030") == Slot(utc("2027-03-28 00:00"), HOUR)


# --- how it is said ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("2027-01-11 15:30", (Day.TODAY, 930)),
        ("2027-01-12 00:00", (Day.TOMORROW, 0)),
        ("2027-01-13 09:15", (Day.WEDNESDAY, 555)),
        ("2027-01-17 09:00", (Day.SUNDAY, 540)),
        ("2027-01-18 09:00", (Day.IN_A_WEEK, 540)),
    ],
)
def test_a_slot_is_said_as_people_say_it(start, said):
    assert spoken(local(start, LONDON), MONDAY, LONDON) == said


def test_the_day_that_is_said_is_that_of_the_place():
    late = local("2027-01-11 23:30", LONDON)
    assert spoken(late, MONDAY, LONDON) == (Day.TODAY, 1410)
    assert spoken(late, MONDAY, ZAGREB) == (Day.TOMORROW, 30)


@pytest.mark.parametrize("start", ["2027-01-10 23:30", "2027-01-19 00:00"])
def test_a_day_that_has_no_word_is_a_mistake_of_ours(start):
    with pytest.raises(ValueError, match="cannot be said"):
        spoken(local(start, LONDON), MONDAY, LONDON)


# --- whatever the settings --------------------------------------------------------------------------------------------

BOOKS = st.builds(
    Book,
    st.builds(
        Slots,
        length_s=st.sampled_from([900.0, 1800.0, 2700.0, 3600.0, 5400.0, 7200.0, 28800.0]),
        capacity=st.integers(1, 3),
        exceptions=st.dictionaries(st.sampled_from(["09:00", "sunday 01:30", "2027-03-28"]), st.integers(0, 2)),
        lead_s=st.sampled_from([0.0, 3600.0, 86400.0]),
        horizon_days=st.integers(0, 7),
    ),
    st.sampled_from(
        [None, OFFICE, Hours(LONDON, week("00:00-02:00 20:00-24:00", "00:00-24:00", "00:30-03:00"), country="GB")]
    ),
    st.just(LONDON),
)
INSTANTS = st.floats(utc("2027-03-20 00:00"), utc("2027-04-02 00:00")) | st.floats(
    utc("2027-10-25 00:00"), utc("2027-11-02 00:00")
)


@given(BOOKS, INSTANTS)
def test_every_free_slot_can_be_kept(book, now):
    found = free(book, now, choices=9)
    for slot in found:
        assert slot.start >= now + book.slots.lead_s
        assert hours.open_seconds(book.hours, slot.start, slot.end) == pytest.approx(slot.length_s)
        assert wall.day_of(slot.start, LONDON) <= wall.day_of(now, LONDON) + timedelta(days=book.slots.horizon_days)
        assert wall.minute_of(slot.start, LONDON) % 15 == 0
    assert_apart(found)


@given(BOOKS, INSTANTS)
def test_taking_what_is_free_until_nothing_is_overbooks_nothing(book, now):
    book = with_slots(book, horizon_days=min(book.slots.horizon_days, 1))
    taken: Counter[float] = Counter()
    while found := free(replace(book, booked=sorted(taken.elements())), now, choices=1):
        taken[found[0].start] += 1
    assert all(count == capacity_of(book.slots, start, LONDON) for start, count in taken.items())


@given(BOOKS, INSTANTS)
def test_every_time_that_is_read_out_can_be_keyed(book, now):
    for slot in free(book, now, choices=5):
        shown = wall.local(slot.start, LONDON)
        day = (shown.date() - wall.day_of(now, LONDON)).days
        keyed = at(book, now, day, f"{shown:%H%M}")
        assert isinstance(keyed, Slot)
        assert wall.minute_of(keyed.start, LONDON) == wall.minute_of(slot.start, LONDON)


def assert_apart(found):
    for slot, following in pairwise(found):
        assert slot.end <= following.start

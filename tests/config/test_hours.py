"""Hours, calling hours and slots as the operator writes them: what they become, and how mistakes are named."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from callbackd.config.build import settings_of
from callbackd.config.file import read
from callbackd.config.mistakes import ConfigError
from callbackd.config.words import WEEKDAYS
from callbackd.domain.ids import QueueName
from callbackd.domain.settings import Calling, Hours, Slots, Span
from lab.daemon import lab_config, toml
from tests.config.test_file import GOOD, ROOT, mistakes, written
from tests.when import LONDON, ZAGREB, spans, week

OFFICE = '[hours.office]\nmonday = ["09:00-17:30"]\n'
KEPT = GOOD.replace("[queues.support]", '[queues.support]\nhours = "office"')


def loaded(tmp_path, text):
    return settings_of(read(written(tmp_path, text)))


def support_hours(tmp_path, hours, site=""):
    return loaded(tmp_path, KEPT + site + hours).queues["support"].hours


# --- what they become -------------------------------------------------------------------------------------------------


def test_without_a_word_it_is_always_open_and_customers_are_rung_by_the_law(tmp_path):
    settings = loaded(tmp_path, GOOD)
    assert settings.zone == "UTC"
    assert settings.calling == Calling(week("09:00-20:00", "10:00-17:00"), chosen=Span(480, 1260), holidays=True)
    assert settings.queues["support"].hours is None
    assert settings.queues["support"].slots == Slots()


def test_hours_are_a_week_with_its_exceptions(tmp_path):
    text = """
    [hours.office]
    monday = ["13:00-17:30", "09:00-12:00"]
    zone = "Europe/Zagreb"
    country = "GB"
    subdivision = "SCT"
    holidays = ["2026-12-24"]
    [hours.office.days]
    "2026-12-31" = ["09:00-12:00"]
    "2027-01-02" = []
    """
    assert support_hours(tmp_path, text) == Hours(
        ZAGREB,
        (spans("09:00-12:00 13:00-17:30"), (), (), (), (), (), ()),
        country="GB",
        subdivision="SCT",
        holidays=frozenset({date(2026, 12, 24)}),
        days={date(2026, 12, 31): spans("09:00-12:00"), date(2027, 1, 2): ()},
    )


def test_hours_keep_the_clock_of_the_site(tmp_path):
    site = f'[site]\nzone = "{LONDON}"\n'
    assert support_hours(tmp_path, OFFICE, site).zone == LONDON
    assert loaded(tmp_path, KEPT + site + OFFICE).zone == LONDON


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ('friday = ["22:00-02:00"]', {4: "22:00-24:00", 5: "00:00-02:00"}),
        ('sunday = ["22:00-02:00"]', {6: "22:00-24:00", 0: "00:00-02:00"}),
        ('friday = ["22:00-02:00"]\nsaturday = ["02:00-03:00"]', {4: "22:00-24:00", 5: "00:00-02:00 02:00-03:00"}),
        ('friday = ["20:00-00:00"]', {4: "20:00-24:00"}),
        ('friday = ["00:00-24:00"]', {4: "00:00-24:00"}),
    ],
)
def test_time_after_midnight_belongs_to_the_next_weekday(tmp_path, text, becomes):
    found = support_hours(tmp_path, f"[hours.office]\n{text}\nmonday = ['09:00-17:00']\n").week
    weekly = {0: "09:00-17:00"} | becomes
    weekly[0] = becomes.get(0, "") + " 09:00-17:00"
    assert found == tuple(spans(weekly.get(day, "")) for day in range(7))


def test_calling_hours_can_be_set(tmp_path):
    text = '[calling]\nmonday = ["10:00-18:00"]\nsaturday = []\nchosen = "07:00-22:00"\nholidays = false\n'
    calling = loaded(tmp_path, GOOD + text).calling
    assert calling.week == (spans("10:00-18:00"), *week("09:00-20:00")[1:])
    assert (calling.chosen, calling.holidays) == (Span(420, 1320), False)


def test_customers_may_be_rung_always(tmp_path):
    assert loaded(tmp_path, GOOD + "[calling]\nalways = true\n").calling is None


def test_slots_can_be_set(tmp_path):
    text = """
    [queues.support.slots]
    length_s = 900
    capacity = 4
    lead_s = "PT30M"
    horizon_days = 3
    choices = 2
    exceptions = { "2026-12-23" = 1, "monday 09:15" = 0, "09:15" = 2 }
    """
    exceptions = {"2026-12-23": 1, "monday 09:15": 0, "09:15": 2}
    expected = Slots(True, 900.0, 4, exceptions, 1800.0, 3, 2)
    assert loaded(tmp_path, GOOD + text).queues["support"].slots == expected


def test_the_example_shows_the_defaults_of_the_calling_hours(tmp_path):
    example = settings_of(read(ROOT / "asterisk-config/callbackd.toml"))
    assert example.calling == loaded(tmp_path, GOOD).calling
    assert example.queues[QueueName("support")].hours is not None


def test_the_laboratories_ring_at_night(tmp_path):
    addresses = {"ari_url": "http://127.0.0.1:8088/ari", "ari_user": "lab", "ari_password": "x"}
    asterisk: Any = SimpleNamespace(**addresses, ami_port=5038, ami_user="lab", ami_password="x", event_log=tmp_path)
    assert loaded(tmp_path, toml(lab_config(asterisk, tmp_path, "embedded"))).calling is None
    assert settings_of(read(ROOT / "docker/callbackd/callbackd.toml")).calling is None


# --- how mistakes are named -------------------------------------------------------------------------------------------


def hours(text):
    return KEPT + "[hours.office]\n" + text


def slots(text, queue=GOOD):
    return queue + "[queues.support.slots]\n" + text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (KEPT, "queues.support.hours: there is no 'office'; add [hours.office] or take it out"),
        (hours(""), "hours.office: never open; give a weekday or one of the days a span"),
        (hours('[hours.office.days]\n"2026-12-31" = []'), "hours.office: never open"),
        (
            hours('monday = ["09:00-12:00", "11:30-13:00"]'),
            "hours.office: monday: 09:00-12:00 and 11:30-13:00 overlap; write them as one",
        ),
        (hours('sunday = ["22:00-03:00"]\nmonday = ["02:00-09:00"]'), "monday: 00:00-03:00 and 02:00-09:00 overlap"),
        (hours('monday = ["9-5"]'), "hours.office.monday.0: write a span as '09:00-17:30', not '9-5'"),
        (hours('monday = ["09:00-25:00"]'), "09:00-25:00: the times of a day are 00:00 to 24:00"),
        (hours('monday = ["09:60-17:00"]'), "09:60-17:00: the times of a day are 00:00 to 24:00"),
        (hours('monday = ["24:00-09:00"]'), "24:00-09:00: the times of a day are 00:00 to 24:00"),
        (hours('monday = ["09:00-09:00"]'), "09:00-09:00: has no length; write 00:00-24:00 for the whole day"),
        (hours("monday = [9]"), "write a span as '09:00-17:30', not 9"),
        (hours('monday = "09:00-17:30"'), "hours.office.monday: input should be a valid list"),
        (hours('mondy = ["09:00-17:30"]'), "hours.office.mondy: unknown key; did you mean 'monday'?"),
        (
            hours('[hours.office.days]\n"2026-12-31" = ["22:00-02:00"]'),
            "22:00-02:00: the end is before the start; time after midnight belongs to the next day",
        ),
        (hours('[hours.office.days]\n"2026-12-31" = ["09:00-12:00", "10:00-11:00"]'), "overlap; write them as one"),
        (hours('[hours.office.days]\n"2026-13-31" = ["09:00-12:00"]'), "hours.office.days.2026-13-31"),
        (hours('monday = ["09:00-17:30"]\nholidays = ["Christmas"]'), "hours.office.holidays.0"),
        (
            GOOD + '[site]\nzone = "Europe/Londn"\n',
            "site.zone: no such time zone; did you mean 'Europe/London'? (it is 'Europe/Londn')",
        ),
        (GOOD + '[site]\nzone = "../../etc/passwd"\n', "no such time zone; write it as Area/City"),
        (hours('monday = ["09:00-17:30"]\nzone = "Mars"'), "hours.office.zone: no such time zone"),
        (hours('monday = ["09:00-17:30"]\ncountry = "XX"'), "hours.office.country: its public holidays are not known"),
        (
            hours('monday = ["09:00-17:30"]\ncountry = "GB"\nsubdivision = "KENT"'),
            "hours.office: subdivision: 'KENT' is not known; one of ENG, NIR, SCT, WLS",
        ),
        (hours('monday = ["09:00-17:30"]\nsubdivision = "ENG"'), "set the country it belongs to"),
        (hours('monday = ["09:00-17:30"]\ncountry = "HR"\nsubdivision = "ZG"'), "HR has none"),
        (GOOD + '[calling]\nchosen = "21:00-08:00"\n', "calling.chosen: 21:00-08:00: the end is before"),
        (
            GOOD + '[calling]\nmonday = ["20:00-08:00"]\n',
            "calling.monday.0: 20:00-08:00: the end is before",
        ),
        (
            GOOD + "[calling]\n" + "".join(f"{day} = []\n" for day in WEEKDAYS),
            "calling: no hour is left to ring anybody",
        ),
        (slots("capacity = 0"), "queues.support.slots.capacity: input should be greater than or equal to 1"),
        (slots("length_s = 1200"), "queues.support.slots.length_s: write whole quarter hours"),
        (slots("length_s = 0"), "write whole quarter hours"),
        (slots("length_s = 900.5"), "write whole quarter hours"),
        (slots("length_s = 6300"), "whole quarter hours that divide the day"),
        (slots("horizon_days = 8"), "queues.support.slots.horizon_days: input should be less than or equal to 7"),
        (slots("choices = 4"), "queues.support.slots.choices"),
        (
            slots('horizon_days = 2\nlead_s = "P3D"'),
            "queues.support.slots: lead_s: reaches beyond horizon_days",
        ),
        (slots('exceptions = { "Christmas" = 0 }'), "exceptions: 'Christmas': write '2026-12-24', 'monday 09:00' or"),
        (slots('exceptions = { "2026-02-30" = 0 }'), "exceptions: '2026-02-30': there is no such day"),
        (slots('exceptions = { "09:10" = 0 }'), "exceptions: '09:10': no slot starts then; they start every 30 min"),
        (slots('exceptions = { "24:00" = 0 }'), "exceptions: '24:00': no slot starts then"),
        (slots('exceptions = { "09:00" = -1 }'), "queues.support.slots.exceptions.09:00"),
        (
            hours('sunday = ["09:00-17:30"]'),
            "queues.support.slots: no slot ever lies inside [hours.office] and the calling hours; change these",
        ),
        (
            slots("length_s = 3600", hours('monday = ["09:00-09:45"]\n')),
            "queues.support.slots: no slot ever lies inside",
        ),
        (slots('exceptions = { "09:00" = 0 }', hours('monday = ["09:00-09:45"]\n')), "no slot ever lies inside"),
        (slots("length_s = 86400"), "queues.support.slots: no slot ever lies inside the calling hours"),
    ],
)
def test_a_mistake_names_the_field_and_the_way_out(tmp_path, text, said):
    found = mistakes(tmp_path, text)
    assert any(said in sentence for sentence in found), found


@pytest.mark.parametrize(
    "text",
    [
        slots("enabled = false", hours('sunday = ["09:00-17:30"]\n')),
        hours('[hours.office.days]\n"2027-05-03" = ["09:00-17:30"]'),
        hours('monday = ["07:00-09:00"]'),
        hours('monday = ["23:00-09:00"]'),
        slots("horizon_days = 0", hours('tuesday = ["09:00-17:30"]\n')),
        slots("length_s = 86400\n[calling]\nalways = true"),
    ],
)
def test_slots_that_can_be_kept_are_accepted(tmp_path, text):
    assert loaded(tmp_path, text).queues["support"].slots


def test_mistakes_of_several_sections_are_named_at_once(tmp_path):
    found = mistakes(
        tmp_path,
        KEPT
        + """
        [queues.support.slots]
        capacity = 0
        [hours.office]
        tuesday = ["9-5"]
        zone = "Moon/Base"
        country = "ZZ"
        [calling]
        chosen = "never"
        """,
    )
    assert len(found) == 5


def test_hours_that_no_queue_uses_are_checked_too(tmp_path):
    with pytest.raises(ConfigError, match="never open"):
        read(written(tmp_path, GOOD + "[hours.spare]\n"))


# --- rosters ----------------------------------------------------------------------------------------------------------


def test_a_roster_is_a_section_of_hours_by_the_clock_of_the_agents_queue(tmp_path):
    shifts = '[hours.early]\nmonday = ["09:00-12:00", "12:30-16:00"]\n'
    zone = OFFICE + 'zone = "Europe/Zagreb"\n'
    text = KEPT.replace("[agents.alice]", '[agents.alice]\nroster = "early"') + zone + shifts
    settings = loaded(tmp_path, text)
    assert settings.rosters == {"alice": Hours(ZAGREB, (spans("09:00-12:00 12:30-16:00"), (), (), (), (), (), ()))}
    named = loaded(tmp_path, text + 'zone = "Europe/London"\n')
    assert named.rosters["alice"].zone == LONDON


def test_a_roster_that_is_not_there_is_named(tmp_path):
    text = GOOD.replace("[agents.alice]", '[agents.alice]\nroster = "early"')
    assert mistakes(tmp_path, text) == ["agents.alice.roster: there is no 'early'; add [hours.early] or take it out"]

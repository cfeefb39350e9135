"""What the network claims a number is, and which numbers may be dialled, over the numbering plans of all regions."""

from __future__ import annotations

from functools import cache

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType, shortnumberinfo

from callbackd.domain.numbers import Allowed, check, tame
from callbackd.domain.settings import Numbers


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        ("+44 (20) 7946-0101", "+442079460101"),
        ("*50#", "*50#"),
        ("anonymous", ""),
        ('"><script>1', ""),
        ("7" * 40, ""),
        ("+442079460008@evil.host", ""),
        ("+442079460008?????Event: Shutdown", ""),
        ("\u0660\u0662\u0660", ""),
        ("+44207946\n0101", ""),
        ("", ""),
    ],
)
def test_a_claimed_number_is_kept_completely_or_not_at_all(claimed, kept):
    assert tame(claimed) == kept


GB = Numbers(region="GB")


def allowed(raw: str, settings: Numbers = GB) -> str | None:
    """The number that would be dialled."""
    checked = check(raw, settings)
    return checked.number if isinstance(checked, Allowed) else None


JUNK = ["@evil.host", ";ext=12", ",1", "&PJSIP/agent1", "/n", "x", "#", "*", "?", "+", "w9", *"\n\t\0\x85"]


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("number", ["+442079460008", "02079460008"])
def test_a_number_with_junk_is_refused_wherever_it_stands(number, junk):
    assert allowed(number) == "+442079460008"
    for raw in (number + junk, junk + number, number[:7] + junk + number[7:]):
        if raw != "+02079460008":
            assert allowed(raw) is None, raw
        assert allowed(tame(raw)) is None or "*" in raw or "#" in raw or raw == "++442079460008", raw


@given(st.text(alphabet=st.sampled_from("0123456789+ ()-.*#@;,/nx\r\n"), max_size=24))
def test_the_number_dialled_has_exactly_the_digits_that_were_written(raw):
    """A country code or a trunk prefix is all that may be put before them or taken away."""
    for claimed in (raw, tame(raw)):
        if number := allowed(claimed):
            written = "".join(c for c in claimed if c.isdigit())
            assert written.endswith(number.removeprefix("+44")), (claimed, number)
            assert set(claimed) <= set("0123456789+ ()-."), claimed


# --- the numbering plans of all the world -----------------------------------------------------------------------------

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
TWINS = {
    "AX": {"FI"},
    "BL": {"GP"},
    "CC": {"AU"},
    "CX": {"AU"},
    "EH": {"MA"},
    "GG": {"GB"},
    "IM": {"GB"},
    "JE": {"GB"},
    "MF": {"BL", "GP"},
    "SJ": {"NO"},
    "VA": {"IT"},
}
"""Regions that share numbers, not only a calling code: nothing in the number tells which of the two it is."""
SHARED = ("+4456",)
"""Corporate networks: a range of all the British islands."""
KINDS = [PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.VOIP]
NEVER = [
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.PERSONAL_NUMBER,
    PhoneNumberType.PAGER,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
]


@cache
def example(region: str, kind: int) -> str | None:
    number = phonenumbers.example_number_for_type(region, kind)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if number else None


@pytest.mark.parametrize("region", REGIONS)
def test_a_number_of_another_region_is_refused(region):
    code = phonenumbers.country_code_for_region(region)
    for elsewhere in REGIONS if region == "GB" else phonenumbers.region_codes_for_country_code(code):
        for number in filter(None, (example(elsewhere, kind) for kind in KINDS)):
            if allowed(number, Numbers(region=region)) and elsewhere != region:
                shared = elsewhere in TWINS and region in TWINS[elsewhere]
                assert shared, f"{number} of {elsewhere} would be dialled in {region}"
                assert region != "GB" or number.startswith(SHARED), number


@pytest.mark.parametrize("region", REGIONS)
def test_no_number_is_dialled_that_costs_or_belongs_to_nobody(region):
    numbers = list(filter(None, (example(region, kind) for kind in NEVER)))
    assert [n for n in numbers if allowed(n, Numbers(region=region))] == []


@pytest.mark.parametrize(
    ("region", "number", "its"),
    [
        ("MA", "+212528812345", "EH"),
        ("MA", "+212528912345", "EH"),
        ("GB", "+447924123456", "IM"),
        ("GB", "+447524123456", "IM"),
        ("GB", "+447624123456", "IM"),
        ("GB", "+441534123456", "JE"),
        ("US", "+18765551234", "JM"),
        ("US", "+16135550123", "CA"),
    ],
)
def test_a_calling_code_does_not_make_a_region(region, number, its):
    assert allowed(number, Numbers(region=region)) is None
    both = frozenset({region, its})
    assert allowed(number, Numbers(region=region, allowed_regions=both)) in (number, None)


def test_a_number_of_two_regions_is_dialled_where_the_second_is_allowed():
    assert allowed("+212528812345", Numbers(region="MA", allowed_regions=frozenset({"MA", "EH"})))
    assert allowed("+212528812345", Numbers(region="EH"))


EMERGENCY = (
    "112 911 999 000 110 119 118 117 100 101 102 103 104 105 108 111 113 115 116 120 122 123 128 131 133 141 144 190 "
    "191 192 193 15 17 18 066 060 995 997 998 199 197 194 180 150 155 158"
)


@pytest.mark.parametrize("region", REGIONS)
def test_no_emergency_call_and_none_that_becomes_one_is_dialled(region):
    """Some networks connect as soon as the first digits are those: what follows does not make another number of it."""
    settings = Numbers(region=region)
    for emergency in EMERGENCY.split():
        assert allowed(emergency, settings) is None
        for more in ("0", "00", "112", "555", "1234"):
            if shortnumberinfo.connects_to_emergency_number(emergency + more, region):
                assert allowed(emergency + more, settings) is None, emergency + more


@pytest.mark.parametrize("region", ["AT", "LU", "NU", "TK", "GB", "DE"])
def test_a_number_that_may_be_an_extension_is_not_a_number(region):
    for extension in (*map(str, range(1000, 10_000, 37)), "101", "20", "7", "12345", "1110"):
        assert allowed(extension, Numbers(region=region)) is None, extension


def test_a_short_number_in_full_is_a_number():
    assert allowed("+6834000", Numbers(region="NU")) == "+6834000"

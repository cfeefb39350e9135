"""Whom we may call (spec/security.md): any doubt refuses, and only the rebuilt digits are ever dialled."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers  # not its light edition, which does not know in which time zones a number may be
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType

from callbackd.domain.settings import Numbers

# Otherwise the first number of each country would be looked up on the disk, when there may be no file left to open.
phonenumbers.PhoneMetadata.load_all()
for _country in phonenumbers.SUPPORTED_SHORT_REGIONS:
    phonenumbers.PhoneMetadata.short_metadata_for_region(_country)

_WRITTEN = re.compile(r"(?=.{1,20}\Z)[ (]*\+?[0-9 ().-]+", re.ASCII)
_CLAIMED = re.compile(r"[0-9+*# ().-]{1,32}", re.ASCII)

_SHORTEST = 6
"""Digits. In some plans shorter ones are numbers; without a country code they are some house's extensions as well."""

_ELSEWHERE = {"+2125288": "EH", "+2125289": "EH", "+447524": "IM", "+447924": "IM"}
"""Ranges that phonenumbers assigns to two regions, of which it names the wrong one first."""

_CALLED = {
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
}


@dataclass(frozen=True, slots=True)
class Allowed:
    number: str
    """In E.164 with +, rebuilt from what was understood."""


@dataclass(frozen=True, slots=True)
class Refused:
    reason: str


@lru_cache(maxsize=4096)
def check(raw: str, settings: Numbers) -> Allowed | Refused:
    """Whether ``raw``, as keyed or as claimed by the network, may be dialled; asked at the request and at the dial."""
    parsed = _parsed(raw, settings)
    if isinstance(parsed, Refused):
        return parsed
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    region = _region(number, parsed)
    allowed = settings.allowed_regions or frozenset({settings.region})
    if not phonenumbers.is_valid_number(parsed):
        return Refused("no such number in the numbering plan")
    if region not in allowed:
        return Refused(f"region {region or 'unknown'} is not allowed")
    kind = phonenumbers.number_type(parsed)
    if kind not in _CALLED:
        return Refused(f"numbers of the kind {PhoneNumberType.to_string(kind)} are not called")
    if number in settings.own:
        return Refused("this is one of our own numbers")
    if any(number.startswith(prefix) for prefix in settings.deny_prefixes):
        return Refused("the number is on the deny list")
    return Allowed(number)


def _region(number: str, parsed: PhoneNumber) -> str | None:
    elsewhere = next((region for range_, region in _ELSEWHERE.items() if number.startswith(range_)), None)
    return elsewhere or phonenumbers.region_code_for_number(parsed)


def e164(raw: str, settings: Numbers) -> str | None:
    """The number that is meant, in E.164, whether or not it may be called; None when it is not a number."""
    parsed = _parsed(raw, settings)
    if isinstance(parsed, Refused):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def tag(number: str, key: bytes) -> str:
    """A stand-in for a number that is not kept itself: HMAC-SHA256 of its E.164 form, in hexadecimal.

    Without the key nobody can try all numbers until one fits, nor find a number again: a lost key is not replaced.
    """
    return hmac.digest(key, number.encode(), "sha256").hex()


def national_digits(number: str, region: str) -> str:
    """The digits people at home in ``region`` expect to hear: national for their own numbers, with + for others."""
    parsed = phonenumbers.parse(number, region)
    if phonenumbers.region_code_for_number(parsed) != region:
        return number
    national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(character for character in national if character.isdigit())


def _parsed(raw: str, settings: Numbers) -> PhoneNumber | Refused:
    if not _WRITTEN.fullmatch(raw):
        return Refused(
            "withheld" if not raw else "not a telephone number: only digits, + ( ) . - and at most 20 of them"
        )
    if "+" not in raw:
        digits = "".join(c for c in raw if c.isdigit())
        if len(digits) < _SHORTEST:
            return Refused("too short to be told from an extension")
        if phonenumbers.connects_to_emergency_number(digits, settings.region):
            return Refused("whoever dials it as it stands may reach the emergency services")
    try:
        return phonenumbers.parse(raw, settings.region)
    except NumberParseException as error:
        return Refused(f"not a telephone number: {error}")


def tame(raw: str) -> str:
    """The number that the network claimed, without separators, if it may be a number or an extension; else empty.

    It is kept completely or not at all: the rest of a junk number would be another number, perhaps of somebody who
    never called.
    """
    return "".join(c for c in raw if c in "+0123456789*#") if _CLAIMED.fullmatch(raw) else ""

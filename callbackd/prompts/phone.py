"""How a telephone number is divided into groups when it is read out."""

from __future__ import annotations

import re

import phonenumbers

_RUN = re.compile(r"\+?[0-9]+")


def groups(number: str, region: str, longest: int, long_first: bool) -> tuple[str, ...]:
    """``+447700900958`` becomes ``+44 7700 900 958``.

    A number belongs to a country, and its owner knows it in that country's groups; only groups that are too long for
    one breath, and numbers of no known plan, are cut by the listener's language. Raises ``ValueError`` for anything but
    digits with at most a leading ``+``.
    """
    if not _RUN.fullmatch(number):
        raise ValueError("a telephone number with something other than digits in it")
    return tuple(part for run in _national_groups(number, region) for part in _cut(run, longest, long_first))


def _national_groups(number: str, region: str) -> list[str]:
    kind = phonenumbers.PhoneNumberFormat
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return [number]
    form = kind.INTERNATIONAL if number.startswith("+") else kind.NATIONAL
    runs = _RUN.findall(phonenumbers.format_number(parsed, form))
    # Formatting may add or drop a trunk prefix; what is read back must be exactly what will be dialled.
    return runs if "".join(runs) == number else [number]


def _cut(run: str, longest: int, long_first: bool) -> list[str]:
    """The parts of a run of digits: as few as ``longest`` allows, and as even as possible."""
    parts = -(-len(run.lstrip("+")) // longest)
    size, longer = divmod(len(run.lstrip("+")), parts)
    sizes = [size + 1] * longer + [size] * (parts - longer)
    if not long_first:
        sizes.reverse()
    sizes[0] += run.startswith("+")
    ends = [sum(sizes[: i + 1]) for i in range(parts)]
    return [run[end - size : end] for end, size in zip(ends, sizes, strict=True)]

"""Whose trouble an ending is: the table of the code is the table of the page, for every status and every cause."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from callbackd.ari.decode import Decode
from callbackd.causes import Whose, judged
from callbackd.domain.commands import DialCustomer
from callbackd.domain.events import DialAccepted, Ending, LegEnded
from tests.builders import Centre
from tests.domain.callbacks.test_promise import dialled

PAGE = (Path(__file__).parents[1] / "docs/causes.md").read_text()
ROW = re.compile(r"^\| ([0-9, -]+) \| (\w+) \| (\w+) \|", re.MULTILINE)


def written(heading: str) -> dict[int, tuple[str, str]]:
    """What the page has for each number under a heading; none stands there twice."""
    found: dict[int, tuple[str, str]] = {}
    for codes, how, whose in ROW.findall(PAGE.partition(f"## {heading}")[2].partition("\n## ")[0]):
        for part in codes.split(","):
            first, _, last = part.strip().partition("-")
            for code in range(int(first), int(last or first) + 1):
                assert code not in found, f"{code} stands on the page twice"
                found[code] = (how, whose)
    return found


def test_every_sip_status_is_judged_as_the_page_has_it():
    page = written("SIP")
    assert page.keys() == set(range(400, 700))
    assert {code: (how.value, whose.value) for code in page for how, whose in [judged(0, code)]} == page


def test_every_cause_is_judged_as_the_page_has_it():
    page = written("Q.850")
    assert page.keys() == set(range(1, 128))
    assert {cause: (how.value, whose.value) for cause in page for how, whose in [judged(cause, 0)]} == page


def test_the_status_goes_before_the_cause():
    assert all(judged(cause, 486) == (Ending.BUSY, Whose.NUMBER) for cause in range(128))


CALL = {"id": "cbd-01hzzzzzzzzzzzzzzzzzzzzzzz", "state": "Down"}
RANG = {"type": "Dial", "peer": CALL, "dialstatus": "PROGRESS"}


def ends(*before: Mapping[str, object], **causes: int) -> LegEnded:
    decode = Decode()
    for raw in before:
        decode(raw)
    event = decode({"type": "ChannelDestroyed", "channel": CALL, **causes})
    assert isinstance(event, LegEnded)
    assert decode.remembered() == 0
    return event


HEARD = [{"type": "ChannelHangupRequest", "channel": CALL, "tech_cause": code} for code in (408, 480)]


@pytest.mark.parametrize(
    ("before", "causes", "how"),
    [
        ([], {"cause": 19, "tech_cause": 480}, Ending.CONGESTION),
        ([HEARD[1]], {"cause": 19, "tech_cause": 480}, Ending.NO_ANSWER),
        ([RANG], {"cause": 19, "tech_cause": 480}, Ending.NO_ANSWER),
        ([], {"cause": 18, "tech_cause": 408}, Ending.CONGESTION),
        ([HEARD[0]], {"cause": 18, "tech_cause": 408}, Ending.CONGESTION),
        ([RANG, HEARD[0]], {"cause": 18, "tech_cause": 408}, Ending.NO_ANSWER),
    ],
)
def test_nothing_at_all_is_the_trunks(before, causes, how):
    assert ends(*before, **causes).ending is how


def charged_for(**causes: int) -> bool:
    """Whether one customer's call that rang, and ended so, used up an attempt."""
    centre: Centre = dialled()
    leg = centre.last(DialCustomer).leg
    centre.hear(DialAccepted(leg))
    told = ends(RANG, **causes)
    centre.hear(LegEnded(leg, told.ending, told.cause, told.tech_cause, told.perhaps_trunk))
    return centre.callback().attempts_made == 1


def test_one_customers_call_costs_an_attempt_exactly_when_it_is_not_the_trunks():
    sip = {code: whose for code, (_, whose) in written("SIP").items()}
    assert {code: charged_for(tech_cause=code) for code in sip} == {code: sip[code] != "trunk" for code in sip}
    q850 = {cause: whose for cause, (_, whose) in written("Q.850").items()}
    assert {cause: charged_for(cause=cause) for cause in q850} == {c: q850[c] != "trunk" for c in q850}

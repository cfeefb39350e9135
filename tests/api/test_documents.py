"""The description is the table's: every operation, every status; the page needs nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from callbackd.api import openapi, page
from callbackd.api.problems import Kind, of_reason
from callbackd.api.table import OPERATIONS
from callbackd.domain import events as ev
from callbackd.domain.commands import Answered
from callbackd.domain.events import Asked
from callbackd.domain.settings import Slots
from tests.builders import ANNA, SUPPORT, Centre, queue, settings

ROOT = Path(__file__).parents[2]


def test_the_description_that_is_checked_in_is_the_generated_one():
    path = ROOT / "docs/openapi.json"
    assert path.read_text() == openapi.text("1"), "run: python -m callbackd.api.openapi > docs/openapi.json"


def test_every_operation_has_an_id_of_its_own_and_a_route_of_its_own():
    assert len({operation.id for operation in OPERATIONS}) == len(OPERATIONS)
    assert len({(operation.method, operation.path) for operation in OPERATIONS}) == len(OPERATIONS)


def test_every_problem_has_a_way_out_and_a_status_of_an_error():
    for kind in Kind:
        assert 400 <= kind.value.status < 600
        assert kind.value.way_out.endswith(".")
    assert len({kind.slug for kind in Kind}) == len(Kind)


def test_the_page_shows_all_of_it_and_loads_nothing_from_elsewhere():
    shown = page.html("1")
    assert all(f'id="{operation.id}"' in shown for operation in OPERATIONS)
    assert all(f'id="{kind.slug}"' in shown for kind in Kind)
    assert "<script" not in shown
    assert re.findall(r'(?:src|href)="(?!/v1/|#)', shown) == []


def test_the_document_for_people_names_every_operation():
    told = (ROOT / "docs/api.md").read_text()
    assert [operation.id for operation in OPERATIONS if f"`{operation.path}`" not in told] == []


def refused(centre, act, request="r"):
    """Why the door refuses the act."""
    answers = [c for c in centre.hear(Asked(request, "kim", "api", act)) if isinstance(c, Answered)]
    assert not answers[-1].done
    return answers[-1].why


def test_each_reason_of_the_door_is_the_problem_that_it_means():
    """The kind of problem is known by how the reason begins: were it worded anew, this fails."""
    centre = Centre(settings([queue(SUPPORT, slots=Slots(enabled=True))]))
    nosuch = "0" * 26
    for act, kind in (
        (ev.CancelCallback(nosuch), Kind.CALLBACK_OVER),
        (ev.RequestCallback("nosuch", ANNA), Kind.NOT_FOUND),
        (ev.RequestCallback(SUPPORT, "+449061234567"), Kind.NUMBER_NOT_ALLOWED),
        (ev.RequestCallback(SUPPORT, ANNA, 1.0), Kind.TIME_NOT_FREE),
        (ev.BlockNumber("x"), Kind.NUMBER_NOT_ALLOWED),
        (ev.AgentAct("nosuch", ev.FeatureCode.LOGIN), Kind.NOT_FOUND),
        (ev.AgentAct("alice", ev.FeatureCode.EXTEND), Kind.REFUSED),
    ):
        assert of_reason(refused(centre, act)).kind is kind, act
    centre.logs_in("alice")
    centre.hear(Asked("r2", "kim", "api", ev.RequestCallback(SUPPORT, ANNA)))
    dialled = refused(centre, ev.CancelCallback(centre.callback().id))
    assert of_reason(dialled).kind is Kind.ALREADY_DIALLING
    centre.hear(ev.DatabaseLost())
    assert of_reason(refused(centre, ev.TurnSwitch("dialling", on=False))).kind is Kind.NOT_NOW

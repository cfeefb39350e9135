"""Commands: which wait for which."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

import pytest

from callbackd.domain.commands import Act, DropBridge, Join, TraceAttempt, lanes
from callbackd.domain.ids import AttemptId, BridgeId, LegId

BRIDGE, CALLER, AGENT = BridgeId("bridge"), LegId("caller"), LegId("agent")


@pytest.mark.parametrize(
    ("act", "waits_for"),
    [
        (Join(BRIDGE, (CALLER, AGENT)), ("bridge", "caller")),
        (DropBridge(BRIDGE), ("bridge",)),
        (DropBridge(BRIDGE, CALLER), ("bridge", "caller")),
        (TraceAttempt(CALLER, AttemptId("attempt")), ("attempt",)),
    ],
)
def test_a_command_waits_for_those_about_its_bridge_and_the_leg_that_must_be_still(act, waits_for):
    assert lanes(act) == waits_for


@pytest.mark.parametrize("kind", [kind for kind in get_args(Act) if "bridge" not in {f.name for f in fields(kind)}])
def test_any_other_command_waits_for_those_about_its_leg(kind):
    if kind is not TraceAttempt:
        assert lanes(kind(*(CALLER if f.name == "leg" else f.name for f in fields(kind)))) == (CALLER,)

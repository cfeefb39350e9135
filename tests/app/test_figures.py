"""The numbers beside the loop: counted with each step, told once a quarter hour, and never in a call's way."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from structlog.testing import capture_logs

from callbackd.app.figures import Figures
from callbackd.app.runner import Runner
from callbackd.domain.acd import Acd
from callbackd.domain.commands import Changed
from callbackd.domain.events import CallArrived, LegEnded, TimePassed
from callbackd.domain.ids import CallbackId, EntryId, LegId, Mint, QueueName
from callbackd.domain.lives.entry import Entry, EntryState
from tests.builders import ANNA, SALES, SUPPORT, T0, queue, settings


class Nothing:
    async def commit(self, writes):
        return []


def loop(times, watch):
    now = iter(times)
    return Runner(Acd(HOUSE, Mint(b"")), Nothing(), asyncio.Queue(), lambda act: None, lambda: next(now), [watch])


HOUSE = settings([queue(SUPPORT), queue(SALES)])


async def test_watchers_get_each_step_with_its_commands_and_its_time():
    told = []
    runner = loop([T0, T0 + 1], lambda *step: told.append(step))
    await runner.turn([CallArrived(LegId("leg"), "support", ANNA), LegEnded(LegId("leg"))])
    assert [(type(event), now) for event, _, now in told] == [(CallArrived, T0), (LegEnded, T0 + 1)]
    assert all(any(isinstance(command, Changed) for command in commands) for _, commands, _ in told)


async def test_a_quarter_hour_is_one_line_per_queue():
    figures = Figures(HOUSE)
    runner = loop([T0, T0 + 60, T0 + 61, T0 + 899, T0 + 901], figures)
    with capture_logs() as lines:
        await runner.turn(
            [CallArrived(LegId("a"), "support", ANNA), LegEnded(LegId("a")), CallArrived(LegId("b"), "support", ANNA)]
        )
        await runner.turn([TimePassed(), TimePassed()])
    support, sales = [line for line in lines if line["event"] == "quarter_hour"]
    assert (support["subject"], sales["subject"], support["log_level"]) == ("support", "sales", "info")
    assert {name: support[name] for name in ("minutes", "entered", "waiting", "abandoned", "within_20_s")} == {
        "minutes": 15,
        "entered": 2,
        "waiting": 1,
        "abandoned": 1,
        "within_20_s": 0.0,
    }
    assert "within_20_s" not in sales, "a rate without cases is not told"
    assert sales["entered"] == 0


def test_rows_open_before_a_restart_are_waiting_now():
    figures = Figures(HOUSE)
    entry = Entry(EntryId("e"), SUPPORT, T0 - 10, leg=LegId("leg"), number=ANNA)
    talking = replace(entry, id=EntryId("t"), state=EntryState.TALKING)
    promised = replace(entry, id=EntryId("p"), leg=None, callback=CallbackId("c"))
    figures.take_up([entry, talking], [Changed(None, promised)], T0)
    assert figures.metrics.standing(SUPPORT) == (1, 1)
    assert figures.metrics.standing(SALES) == (0, 0)


def test_a_fault_in_counting_is_logged_and_stops_nothing():
    row = Entry(EntryId("e"), QueueName("nosuch"), T0, leg=LegId("leg"))
    figures = Figures(HOUSE)
    with capture_logs() as lines:
        figures(CallArrived(LegId("leg"), "support", ANNA), [Changed(None, row)], T0)
    assert [(line["event"], line["step"], line["log_level"]) for line in lines] == [
        ("not_counted", "CallArrived", "error")
    ]

"""Indexes answer as a scan would, and a law finds it when they do not."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from callbackd.domain.ids import EntryId
from callbackd.domain.lives.entry import Entry, EntryState
from callbackd.domain.state.index import Index, Lines, standing
from tests.builders import SALES, SUPPORT, T0, Centre


def by_arrival(entry):
    return (-entry.priority, entry.arrived_at, entry.id)


moves = st.lists(
    st.tuples(
        st.sampled_from([EntryId(f"e{n}") for n in range(6)]),
        st.sampled_from([SUPPORT, SALES]),
        st.sampled_from(list(EntryState)),
        st.integers(0, 1),
        st.integers(0, 5),
        st.integers(0, 8),
    ),
    max_size=40,
)


@given(moves)
def test_a_line_is_what_sorting_its_places_gives_whatever_becomes_of_them(moves):
    lines, entries, now = Lines(by_arrival), {}, 0.0
    for id, queue, state, priority, arrived_at, pauses in moves:
        now += 1
        entry = Entry(id, queue, arrived_at, priority, state=state, not_before=now + pauses - 4)
        lines.put(entry, now)
        entries[id] = entry
        for name in (SUPPORT, SALES):
            there = [e for e in entries.values() if e.queue == name and standing(e, now)]
            assert list(lines.of(name, now)) == sorted(map(by_arrival, there))
        assert lines.agrees(entries.values(), now)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["x", "y", None])), max_size=30))
def test_an_index_is_what_a_scan_finds(puts):
    index: Index[str, str | None, str] = Index(lambda row: row)
    rows = {}
    for id, row in puts:
        index.put(id, row)
        rows[id] = row
        assert index.agrees(rows.items())
        assert {*index.of("x")} == {id for id, row in rows.items() if row == "x"}


def test_a_row_put_beside_the_indexes_is_found():
    centre = Centre()
    centre.calls("anna")
    entry = centre.entry()
    assert centre.acd.broken_laws() == []
    state = centre.acd.state
    state.entries[EntryId("planted")] = replace(entry, id=EntryId("planted"), arrived_at=T0 - 1)
    broken = centre.acd.broken_laws()
    assert "the lines are not what a scan finds" in broken
    assert any(what.startswith("the index of ") for what in broken)

"""How much may be asked for, counted by a real PostgreSQL in the transaction of the promise."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from callbackd.db import tables
from callbackd.db.journal import Journal
from callbackd.db.load import open_rows
from callbackd.domain.commands import Changed, ClaimTransfer, StorePromise
from callbackd.domain.events import (
    AttemptClaimed,
    AttemptNotClaimed,
    Event,
    PromiseNotStored,
    PromiseStored,
    TransferClaimed,
    TransferNotClaimed,
)
from callbackd.domain.ids import AttemptId, CallbackId, EntryId, LegId, SentOutId
from callbackd.domain.lives.attempt import AttemptOutcome, AttemptState
from callbackd.domain.lives.callback import Callback, CallbackOutcome, CallbackState
from callbackd.domain.lives.entry import EntryOutcome
from callbackd.domain.lives.sent_out import SentOut
from callbackd.domain.settings import Limits
from lab.lives import ANNA, NOW, at_another_time, claim, closed, count, promised

pytestmark = pytest.mark.postgres
HOUR_S, DAY_S = 3600.0, 86400.0


@pytest.fixture
async def journal(engine, right):
    return Journal(engine, right, limits=Limits())


def asked(n: int, number: str = ANNA, at: float = NOW, **more: Any) -> StorePromise:
    """The n-th promise, asked for at a time, of a group of its own, so that only the limits count."""
    promise = promised(n, number)
    return replace(promise, callback=replace(promise.callback, created_at=at, group=f"group-{n}"), **more)


async def stored(journal: Journal, *promises: StorePromise) -> list[bool]:
    answers = [answer for promise in promises for answer in await journal.commit([promise])]
    assert all(isinstance(answer, PromiseStored) or answer.too_many for answer in answers)  # type: ignore[union-attr]
    return [isinstance(answer, PromiseStored) for answer in answers]


async def test_a_number_may_be_asked_for_twice_within_an_hour(journal, engine):
    assert await stored(journal, asked(1), asked(2), asked(3, at=NOW + 3599)) == [True, True, False]
    assert await count(engine, tables.callback) == await count(engine, tables.request) == 2
    assert await stored(journal, asked(4, at=NOW + 3601)) == [True]


async def test_the_reason_comes_back(journal):
    await journal.commit([asked(1), asked(2)])
    why = "2 callbacks to this number were asked for within an hour, as many as allowed"
    assert await journal.commit([asked(3)]) == [PromiseNotStored(CallbackId("callback-3"), why, too_many=True)]


async def test_a_number_may_be_asked_for_four_times_within_a_day(journal):
    hourly = [asked(n, at=NOW + 2 * HOUR_S * n) for n in range(5)]
    assert await stored(journal, *hourly) == [True] * 4 + [False]
    assert await stored(journal, asked(6, at=NOW + DAY_S + 1)) == [True]


async def test_a_caller_may_ask_for_three_other_numbers_within_a_day(journal):
    def number(n: int) -> str:
        return f"+44207{n}460101"

    mallory = [asked(n, number(n), asked_by="+442079990000") for n in range(4)]
    assert await stored(journal, *mallory) == [True] * 3 + [False]
    assert await stored(journal, asked(5, number(5), asked_by="+442079990001"), asked(6, number(6))) == [True, True]
    later = asked(7, number(7), NOW + DAY_S + 1, asked_by="+442079990000")
    assert await stored(journal, later) == [True]


async def test_callers_who_withhold_their_numbers_are_not_one_caller(journal):
    assert await stored(journal, *(asked(n, f"+44207{n}460101") for n in range(6))) == [True] * 6


async def test_ten_numbers_of_a_block_may_be_asked_for_within_an_hour(journal):
    block = [asked(n, f"+4420794601{n:02d}") for n in range(11)]
    assert await stored(journal, *block) == [True] * 10 + [False]
    assert await stored(journal, asked(12, "+442079470101"), asked(13, "+442079460199", NOW + 3601)) == [True, True]


async def test_a_promise_that_is_moved_is_not_asked_for_again(journal, engine):
    first = asked(1)
    assert await stored(journal, first, at_another_time(first), at_another_time(first, NOW + 9000)) == [True] * 3
    assert await count(engine, tables.request) == 1


async def test_callbacks_that_we_owe_are_promised_without_limit_and_not_counted(journal, engine):
    assert await stored(journal, asked(1), asked(2), asked(3, unasked=True)) == [True] * 3
    assert await count(engine, tables.request) == 2


async def test_a_promise_that_is_over_still_counts_as_a_request(journal):
    """A stranger's promise that is cancelled each time is how a telephone was rung twelve times."""
    for n in (1, 2):
        promise = asked(n)
        over = replace(
            promise.callback, state=CallbackState.CLOSED, outcome=CallbackOutcome.CANCELLED, closed_at=NOW + n
        )
        await journal.commit([promise])
        await journal.commit([Changed(promise.callback, over)])
    assert await stored(journal, asked(3)) == [False]


async def test_a_restart_forgets_nothing(engine, right):
    for n in (1, 2):
        await Journal(engine, right, limits=Limits()).commit([asked(n)])
    assert await stored(Journal(engine, right, limits=Limits()), asked(3)) == [False]


async def test_twenty_at_once_are_counted_one_after_the_other(engine, right):
    """Each in a connection of its own: without a lock none would count the others."""

    async def one(n: int) -> Sequence[object]:
        return await Journal(engine, right, limits=Limits()).commit([asked(n)])

    answers = await asyncio.gather(*(one(n) for n in range(20)))
    assert sum(isinstance(answer, PromiseStored) for (answer,) in answers) == 2


async def test_setting_the_clock_back_allows_no_more_calls(journal):
    assert await stored(journal, asked(1), asked(2), asked(3, at=NOW - 2 * HOUR_S)) == [True, True, False]


async def test_a_promise_that_was_refused_leaves_nothing(journal, engine):
    await journal.commit([asked(1), asked(2), asked(3)])
    rows = "SELECT count(*) FROM entry WHERE id = :id"
    async with engine.connect() as connection:
        assert (await connection.execute(text(rows), {"id": EntryId("entry-3")})).scalar_one() == 0


async def test_without_limits_it_is_counted_and_not_refused(engine, right):
    assert await stored(Journal(engine, right), *(asked(n) for n in range(5))) == [True] * 5
    assert await count(engine, tables.request) == 5


# --- what is dialled --------------------------------------------------------------------------------------------------

LONDON = Limits(dials_day=3, minutes_day=10.0, late_least=2, zone="Europe/London", block_hour=99)
CONNECTED: dict[str, Any] = {"state": AttemptState.CLOSED, "outcome": AttemptOutcome.CONNECTED}
NO_KEY: dict[str, Any] = {"state": AttemptState.CLOSED, "outcome": AttemptOutcome.NO_KEY}
NO_ANSWER: dict[str, Any] = {"state": AttemptState.CLOSED, "outcome": AttemptOutcome.NO_ANSWER}
MIDNIGHT = 1_800_057_600.0
"""In London, after NOW."""


def number(n: int) -> str:
    return f"+4420794602{n:02d}"


async def dials(journal: Journal, n: int, at: float = NOW, word_at: float = 0.0, **ends: Any) -> Event:
    """The n-th promise is made and dialled at a time; with ``ends`` its attempt ends in this way."""
    promise = asked(n, number(n), at)
    await journal.commit([promise])
    wanted = claim(promise, n)
    wanted = replace(wanted, attempt=replace(wanted.attempt, claimed_at=at), word_at=word_at)
    (answer,) = await journal.commit([wanted])
    if ends:
        await journal.commit([Changed(wanted.attempt, replace(wanted.attempt, **ends))])
    return answer


@pytest.fixture
async def london(engine, right):
    return Journal(engine, right, limits=LONDON)


async def test_no_more_customers_are_dialled_on_one_day_than_allowed(london, engine):
    told = [await dials(london, n) for n in range(3)]
    assert [answer.dials for answer in told if isinstance(answer, AttemptClaimed)] == [1, 2, 3]
    why = "3 dials today, 3 allowed"
    assert await dials(london, 3) == AttemptNotClaimed(AttemptId("attempt-3"), why, until=MIDNIGHT)
    assert await count(engine, tables.attempt) == 3
    rows = [row for row in await open_rows(engine) if isinstance(row, Callback) and row.number == number(3)]
    assert [(row.state, row.attempts_made) for row in rows] == [(CallbackState.WAITING, 0)]


async def test_a_new_day_begins_at_midnight_of_the_site(london):
    for n in range(3):
        await dials(london, n)
    assert isinstance(await dials(london, 3, MIDNIGHT - 1), AttemptNotClaimed)
    assert await dials(london, 4, MIDNIGHT) == AttemptClaimed(AttemptId("attempt-4"), dials=1)


async def test_an_attempt_that_never_left_is_not_counted(london):
    over: dict[str, Any] = {"state": AttemptState.CLOSED, "closed_at": NOW}
    for n in range(4):
        await dials(london, n, outcome=AttemptOutcome.NOT_DIALLED, **over)
    await dials(london, 4, outcome=AttemptOutcome.CONGESTION, **over)
    answer = await dials(london, 5)
    assert isinstance(answer, AttemptClaimed)
    assert answer.dials == 2


async def test_minutes_are_counted_from_the_answer_to_the_end_of_the_conversation(london):
    await dials(london, 0, answered_at=NOW + 10, closed_at=NOW + 20, **CONNECTED)
    place = replace(closed(asked(0).entry), outcome=EntryOutcome.SERVED, closed_at=NOW + 310)
    await london.commit([Changed(None, place)])
    menu: dict[str, Any] = {"state": AttemptState.CLOSED, "outcome": AttemptOutcome.NO_KEY, "answered_at": NOW + 10}
    await dials(london, 1, closed_at=NOW + 40, **menu)
    answer = await dials(london, 2, NOW + 600)
    assert isinstance(answer, AttemptClaimed)
    assert answer.talk_s == 330.0


async def test_a_conversation_that_goes_on_counts_up_to_now(london):
    await dials(london, 0, answered_at=NOW, closed_at=NOW + 5, **CONNECTED)
    why = "10 minutes used today, 10 allowed"
    assert await dials(london, 1, NOW + 600) == AttemptNotClaimed(AttemptId("attempt-1"), why, until=MIDNIGHT)


def pressed(at: float, after_s: float | None, **more: Any) -> dict[str, Any]:
    """A customer who pressed 1, and for whom an agent was rung this long after."""
    served_at = None if after_s is None else at + after_s
    return {"state": AttemptState.ACCEPTED, "answered_at": at, "accepted_at": at, "served_at": served_at, **more}


async def test_when_too_many_customers_waited_for_an_agent_a_supervisor_must_decide(london):
    await dials(london, 0, **pressed(NOW, 0.0))
    await dials(london, 1, **pressed(NOW, 2.5))
    why = "1 of 2 customers had no agent within 2 s, and that is too many"
    assert await dials(london, 2, NOW + 60) == AttemptNotClaimed(AttemptId("attempt-2"), why, stop=True)
    answer = await dials(london, 3, NOW + 60, word_at=NOW + 30)
    assert isinstance(answer, AttemptClaimed), "whoever waited before the supervisor's word counts no more"
    assert answer.answered == 0


async def test_a_customer_for_whom_nobody_has_been_rung_yet_has_waited_until_now(london):
    await dials(london, 0, **pressed(NOW, None))
    gone: dict[str, Any] = {"state": AttemptState.CLOSED, "outcome": AttemptOutcome.ABANDONED}
    await dials(london, 1, **pressed(NOW, None, closed_at=NOW + 1) | gone)
    answer = await dials(london, 2, NOW + 2)
    assert isinstance(answer, AttemptClaimed)
    assert (answer.answered, answer.late) == (2, 0)
    assert isinstance(await dials(london, 3, NOW + 3), AttemptNotClaimed)


async def test_customers_who_waited_are_forgotten_after_a_day(london):
    for n in (0, 1):
        await dials(london, n, **pressed(NOW, 10.0))
    assert isinstance(await dials(london, 2, NOW + DAY_S - 1), AttemptNotClaimed)
    answer = await dials(london, 3, NOW + DAY_S + 1)
    assert isinstance(answer, AttemptClaimed)
    assert answer.answered == 0


async def test_a_restart_forgets_no_dial(engine, right):
    for n in range(3):
        await dials(Journal(engine, right, limits=LONDON), n)
    assert isinstance(await dials(Journal(engine, right, limits=LONDON), 3), AttemptNotClaimed)


async def test_money_is_counted_by_begun_minutes_at_the_price_of_the_dial(engine, right):
    journal = Journal(engine, right, limits=replace(LONDON, dials_day=9, money_day=1.0, rates={"+44": 0.1}))
    await dials(journal, 0, answered_at=NOW, closed_at=NOW + 61, price=0.25, **NO_KEY)
    await dials(journal, 1, closed_at=NOW + 30, price=0.25, **NO_ANSWER)
    answer = await dials(journal, 2, NOW + 100, answered_at=NOW + 100, closed_at=NOW + 101, price=0.1, **CONNECTED)
    assert isinstance(answer, AttemptClaimed)
    assert answer.money == pytest.approx(0.5)
    sent = replace(sent_out(3, NOW + 100), price=0.1)
    assert isinstance((await journal.commit([ClaimTransfer(sent)]))[0], TransferClaimed)
    answer = await dials(journal, 4, NOW + 101)
    assert isinstance(answer, AttemptClaimed)
    assert answer.money == pytest.approx(0.7), "the customer who talks, and the caller who was sent out"
    why = "1.10 EUR spent today, 1.00 allowed"
    at = NOW + 100 + 150
    assert await dials(journal, 5, at) == AttemptNotClaimed(AttemptId("attempt-5"), why, until=MIDNIGHT)
    refused = TransferNotClaimed(SentOutId("sent-6"), why, until=MIDNIGHT)
    assert await journal.commit([ClaimTransfer(sent_out(6, at))]) == [refused]
    assert isinstance(await dials(journal, 7, MIDNIGHT), AttemptClaimed)


# --- callers whom agents send out -------------------------------------------------------------------------------------


def sent_out(n: int, at: float = NOW) -> SentOut:
    return SentOut(SentOutId(f"sent-{n}"), EntryId(f"entry-{n}"), LegId(f"leg-{n}"), number(n), at)


async def test_transfers_and_customers_share_the_days_dials(london, engine):
    assert await dials(london, 0) == AttemptClaimed(AttemptId("attempt-0"), dials=1)
    assert await london.commit([ClaimTransfer(sent_out(1))]) == [TransferClaimed(SentOutId("sent-1"), dials=2)]
    assert await dials(london, 2) == AttemptClaimed(AttemptId("attempt-2"), dials=3)
    why = "3 dials today, 3 allowed"
    refused = TransferNotClaimed(SentOutId("sent-3"), why, until=MIDNIGHT)
    assert await london.commit([ClaimTransfer(sent_out(3))]) == [refused]
    assert await count(engine, tables.sent_out) == 1
    assert await london.commit([ClaimTransfer(sent_out(4, MIDNIGHT))]) == [
        TransferClaimed(SentOutId("sent-4"), dials=1)
    ]


async def test_a_transfer_that_came_to_nothing_is_not_counted(london):
    for n in range(3):
        await london.commit([ClaimTransfer(sent_out(n))])
        await london.commit([Changed(sent_out(n), sent_out(n).over(NOW, dialled=False))])
    assert await dials(london, 4) == AttemptClaimed(AttemptId("attempt-4"), dials=1)


async def test_the_minutes_of_a_transfer_run_until_its_end_is_seen(engine, right):
    london = Journal(engine, right, limits=replace(LONDON, dials_day=9))
    await london.commit([ClaimTransfer(sent_out(0))])
    await london.commit([Changed(sent_out(0), sent_out(0).over(NOW + 120))])
    await london.commit([ClaimTransfer(sent_out(1, NOW + 200))])
    answer = await dials(london, 2, NOW + 260)
    assert isinstance(answer, AttemptClaimed)
    assert answer.talk_s == 180.0
    why = "10 minutes used today, 10 allowed"
    refused = TransferNotClaimed(SentOutId("sent-3"), why, until=MIDNIGHT)
    assert await london.commit([ClaimTransfer(sent_out(3, NOW + 200 + 480))]) == [refused]


async def test_customers_who_waited_for_an_agent_stop_no_transfer(london):
    for n in (0, 1):
        await dials(london, n, **pressed(NOW, 10.0))
    assert isinstance(await dials(london, 2), AttemptNotClaimed)
    assert await london.commit([ClaimTransfer(sent_out(3))]) == [TransferClaimed(SentOutId("sent-3"), dials=3)]

"""Agents send callers on, and colleagues connect them, with the transfer keys of real telephones."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from lab.daemon import NO_TIMES
from lab.house import ANNA, BEN, CORA, House
from lab.phones import answers, presses_one, rejects, rings

pytestmark = pytest.mark.e2e

OFFER = {"estimated_wait_s": 5, "waited_s": 60}
SUPPORT = {"wrap_up_s": 0, "ring_s": 4, "offer": OFFER, "announcements": {"every_s": 5}, "slots": NO_TIMES}
QUEUES = {"support": SUPPORT, "sales": {"wrap_up_s": 0, "ring_s": 4, "slots": NO_TIMES}}
ONE = {"agent1": {"endpoint": "PJSIP/agent1", "queues": ["support"]}}
TWO = ONE | {"agent2": {"endpoint": "PJSIP/agent2", "queues": ["sales"]}}


def hangs_up_when_told(house: House, ring) -> None:
    """As telephones do when the transfer has worked."""

    async def hang_up():
        if await ring.is_told_of_transfer(within=10) < 300:
            await ring.hangup()

    house.stage.later(0, hang_up)


async def talking(house: House, number: str = ANNA):
    """A caller who talks to agent1."""
    one = await house.agent("agent1", answers(after=0.2))
    anna = await house.calls(number)
    await anna.hears(one)
    return anna, one, one.rung[-1]


@pytest.mark.parametrize("to", ["agent3", "8002"])
async def test_a_blind_transfer_takes_the_caller_there_and_the_agent_is_free(open_house, to):
    house = await open_house(queues=QUEUES, agents=TWO)
    anna, one, ring = await talking(house)
    named = await house.agent("agent2" if to == "8002" else "agent3", answers(after=0.2), logs_in=to == "8002")
    since = house.stage.now()
    await ring.refer(to)
    hangs_up_when_told(house, ring)
    await anna.hears(named, since=since, within=15)
    assert await ring.is_told_of_transfer() == 200
    ben = await house.calls(BEN)
    await ben.hears(one, within=5)
    assert not anna.call.over
    assert anna.gaps(longer_than=2.0) == []


async def test_an_attended_transfer_connects_the_caller_with_the_colleague(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    anna, one, ring = await talking(house)
    colleague, consult = await consults(house, one, ring)
    since = house.stage.now()
    await ring.refer_to(consult)
    hangs_up_when_told(house, ring)
    await anna.hears(colleague, since=since, within=5)
    assert await ring.is_told_of_transfer() == 200
    ben = await house.calls(BEN)
    await ben.hears(one, within=5)
    assert not anna.call.over


async def test_a_colleague_who_queued_for_a_caller_connects_her_to_the_place(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    anna, reception, consult = await to_reception(house)
    await house.daemon.said("joined the line")
    await reception.rung[0].refer_to(consult)
    await house.daemon.said("another leg")
    one = await house.agent("agent1", answers(after=0.2))
    await anna.hears(one, within=10)


async def test_a_colleague_who_reached_an_agent_connects_the_caller_with_the_agent(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    one = await house.agent("agent1", answers(after=0.2))
    anna, reception, consult = await to_reception(house)
    await consult.hears(one, within=8)
    since = house.stage.now()
    await reception.rung[0].refer_to(consult)
    await anna.hears(one, since=since, within=5)
    assert not anna.call.over


async def consults(house: House, one, ring):
    """The agent has the other side on hold and talks to agent3, who is no agent of ours."""
    colleague = await house.agent("agent3", answers(after=0.2), logs_in=False)
    await ring.hold()
    consult = await one.dial("agent3", answered=True)
    await consult.hears(colleague)
    return colleague, consult


async def called_back(house: House):
    """A customer who was called back and talks to agent1."""
    customers = await house.stage.customers(behaviour=presses_one())
    anna = await house.calls(ANNA)
    await house.takes_callback(anna)
    one = await house.agent("agent1", answers(after=0.2))
    call = await customers.next_call_to(ANNA, within=15, answered=True)
    await call.hears(one, within=20)
    return call, one, one.rung[-1]


async def test_a_customer_who_was_called_back_is_sent_on_like_a_caller(open_house):
    house = await open_house(queues=QUEUES, agents=TWO)
    customer, one, ring = await called_back(house)
    two = await house.agent("agent2", answers(after=0.2))
    since = house.stage.now()
    await ring.refer("8002")
    hangs_up_when_told(house, ring)
    await customer.hears(two, since=since, within=15)
    assert await house.rows("SELECT outcome FROM callback") == [{"outcome": "completed"}]
    rows = await house.rows("SELECT queue, transferred_to, came_from FROM entry ORDER BY id")
    assert [(row["queue"], row["transferred_to"]) for row in rows] == [("support", "8002"), ("sales", "")]
    assert rows[0]["came_from"] is None
    assert rows[1]["came_from"]
    ben = await house.calls(BEN)
    await ben.hears(one, within=5)


async def test_a_customer_with_a_colleague_is_left_in_peace_by_our_look(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    customer, one, ring = await called_back(house)
    colleague, consult = await consults(house, one, ring)
    since = house.stage.now()
    await ring.refer_to(consult)
    hangs_up_when_told(house, ring)
    await customer.hears(colleague, since=since, within=5)
    await house.daemon.kill()  # a daemon that comes back looks at every leg
    await house.daemon.start()
    since = house.stage.now()
    await customer.hears(colleague, since=since, within=5)
    assert not customer.over


@pytest.mark.parametrize("to", ["agent4", "agent6", "*50"])
async def test_callers_whom_nobody_takes_are_back_at_their_place(open_house, to):
    house = await open_house(queues=QUEUES, agents=ONE, transfers={"ring_s": 2})
    anna, one, ring = await talking(house)
    await house.stage.agent("agent4", behaviour=rejects(486))
    await house.stage.agent("agent6", behaviour=rings)
    await ring.refer(to)
    hangs_up_when_told(house, ring)
    await ring.is_over(within=10)
    since = house.stage.now()
    await anna.hears(one, since=since, within=15)
    rows = await house.rows("SELECT arrived_at, came_from FROM entry ORDER BY id")
    assert rows[0]["arrived_at"] == rows[1]["arrived_at"]
    assert rows[1]["came_from"]


@pytest.mark.parametrize("to", ["nobody", "999999"])
async def test_a_number_that_leads_nowhere_is_refused_and_they_keep_talking(open_house, to):
    house = await open_house(queues=QUEUES, agents=ONE)
    anna, one, ring = await talking(house)
    await ring.refer(to)
    assert await ring.is_told_of_transfer() >= 400
    since = house.stage.now()
    await anna.hears(one, since=since)
    await ring.hangup()
    assert await anna.call.is_over() == "them"


async def test_settings_without_transfers_refuse_them(open_house):
    house = await open_house(queues=QUEUES, agents=ONE, transfers={"enabled": False})
    anna, one, ring = await talking(house)
    await ring.refer("agent3")
    assert await ring.is_told_of_transfer() >= 400
    await anna.hears(one, since=house.stage.now())


ABROAD = "+12025550123"


async def test_a_caller_goes_outside_only_to_a_number_that_we_may_call(open_house):
    house = await open_house(queues=QUEUES, agents=ONE, transfers={"outside": "checked"})
    anna, one, ring = await talking(house)
    outside = await house.stage.customers(behaviour=answers(after=0.2))
    await ring.refer(ABROAD)
    assert await ring.is_told_of_transfer() == 503
    refused = await house.daemon.said("transfer refused")
    assert refused["reason"] == '[transfers] outside = "checked": region US is not allowed'
    await anna.hears(one, since=house.stage.now())
    assert outside.calls == []
    second = await house.joins(BEN)
    await anna.hangup()
    await second.hears(one, within=10)
    await one.rung[-1].refer(CORA)
    hangs_up_when_told(house, one.rung[-1])
    call = await outside.next_call_to(CORA, within=10)
    await second.hears(call, within=5)
    assert await one.rung[-1].is_told_of_transfer() == 200


@pytest.mark.parametrize(("number", "code"), [(ABROAD, 503), (CORA, 200)])
async def test_a_colleague_outside_is_judged_by_the_number_that_was_dialled(open_house, number, code):
    house = await open_house(queues=QUEUES, agents=ONE, transfers={"outside": "checked"})
    anna, one, ring = await talking(house)
    outside = await house.stage.customers(behaviour=answers(after=0.2))
    await ring.hold()
    consult = await one.dial(number, answered=True)
    call = await outside.next_call_to(number, within=10)
    await consult.hears(call)
    since = house.stage.now()
    await ring.refer_to(consult)
    assert await ring.is_told_of_transfer() == code
    if code == 200:
        await anna.hears(call, since=since, within=5)
    else:
        await ring.resume()
        await anna.hears(one, since=house.stage.now(), within=5)


async def test_transfers_outside_share_the_days_dials_with_customers(open_house):
    house = await open_house(queues=QUEUES, agents=ONE, transfers={"counted": True}, limits={"dials_day": 1})
    anna, one, ring = await talking(house)
    outside = await house.stage.customers(behaviour=answers(after=0.2))
    second = await house.joins(BEN)
    await ring.refer(CORA)
    hangs_up_when_told(house, ring)
    call = await outside.next_call_to(CORA, within=10)
    await anna.hears(call, within=5)
    assert await house.rows("SELECT number, dialled, closed_at FROM sent_out") == [
        {"number": CORA, "dialled": True, "closed_at": None}
    ]
    await second.hears(one, within=10)
    again = one.rung[-1]
    await again.refer(CORA)
    assert await again.is_told_of_transfer() == 503
    refused = await house.daemon.said("transfer refused")
    assert refused["reason"] == "[transfers] counted: 1 dials today, 1 allowed"
    await second.hears(one, since=house.stage.now())
    there = f"SELECT dialled FROM sent_out WHERE leg = (SELECT leg FROM entry WHERE number = '{ANNA}')"
    assert await house.rows(f"{there} AND closed_at IS NULL") == [{"dialled": True}]
    await anna.hangup()
    assert await house.row(f"{there} AND closed_at IS NOT NULL") == {"dialled": True}
    assert len(outside.calls) == 1


async def test_a_transfer_while_on_hold_leaves_no_hold_music(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    anna, _, ring = await talking(house)
    colleague = await house.agent("agent3", answers(after=0.2), logs_in=False)
    await ring.hold()
    await anna.hears_music(within=5)
    await ring.refer("agent3")
    hangs_up_when_told(house, ring)
    await anna.hears(colleague, within=10, seconds=2)


async def test_a_callers_attempt_to_transfer_has_no_effect(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    colleague = await house.agent("agent3", answers(after=0.2), logs_in=False)
    anna, one, _ = await talking(house)
    ben = await house.joins(BEN)
    await ben.call.refer("agent3")
    await anna.call.refer("agent3")
    assert await ben.call.is_told_of_transfer() >= 400
    assert await anna.call.is_told_of_transfer() >= 400
    await anna.hears(one, since=house.stage.now())
    assert colleague.rung == []
    assert not ben.call.over


@pytest.mark.parametrize("reached", [False, True])
async def test_an_agent_who_consults_another_queue_gives_the_caller_that_place(open_house, reached):
    house = await open_house(queues=QUEUES, agents=TWO)
    anna, one, ring = await talking(house)
    await ring.hold()
    if reached:
        two = await house.agent("agent2", answers(after=0.2))
    consult = await one.dial("8002", answered=True)
    if reached:
        await consult.hears(two, within=8)
    else:
        await house.daemon.said("joined the line", reason="called sales")
    since = house.stage.now()
    await ring.refer_to(consult)
    hangs_up_when_told(house, ring)
    if not reached:
        await house.daemon.said("another leg")
        two = await house.agent("agent2", answers(after=0.2))
    await anna.hears(two, since=since, within=10)
    ben = await house.calls(BEN)
    await ben.hears(one, within=5)
    rows = await house.rows("SELECT number, came_from FROM entry WHERE queue = 'sales'")
    assert [row["number"] for row in rows] == [ANNA]
    assert rows[0]["came_from"]
    assert not anna.call.over


async def test_a_consultation_given_up_changes_nothing(open_house):
    house = await open_house(queues=QUEUES, agents=TWO)
    anna, one, ring = await talking(house)
    await ring.hold()
    consult = await one.dial("8002", answered=True)
    await consult.hears_voice()
    await consult.hangup()
    await ring.resume()
    await anna.hears(one, since=house.stage.now())


async def test_a_transfer_before_the_colleague_answers_rings_on_for_the_caller(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    anna, one, ring = await talking(house)
    colleague = await house.agent("agent3", rings, logs_in=False)
    await ring.hold()
    await one.dial("agent3")
    await colleague.next_call(within=5)
    await ring.refer("agent3")
    hangs_up_when_told(house, ring)
    second = await colleague.next_call(within=5)
    await second.answer()
    await anna.hears(colleague, within=5)


async def channel_of(house: House, name: str) -> str:
    """The first channel of an endpoint, as a panel sees it."""
    lines = (await house.asterisk.cli("core show channels concise")).splitlines()
    return next(line.split("!")[0] for line in lines if line.startswith(f"PJSIP/{name}-"))


async def test_a_panel_that_redirects_the_caller_sets_the_agent_free(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    anna, one, ring = await talking(house)
    colleague = await house.agent("agent3", answers(after=0.2), logs_in=False)
    await redirect(house, "trunk-in")
    await anna.hears(colleague, within=5)
    assert await ring.is_over() == "them"
    ben = await house.calls(BEN)
    await ben.hears(one, within=5)
    assert not anna.call.over


async def test_a_panel_that_redirects_the_agent_leaves_the_caller_in_the_line(open_house):
    house = await open_house(
        queues=QUEUES, agents=TWO | {"agent4": {"endpoint": "PJSIP/agent4", "queues": ["support"]}}
    )
    anna, _, ring = await talking(house)
    colleague = await house.agent("agent3", answers(after=0.2), logs_in=False)
    four = await house.agent("agent4", answers(after=0.2))
    await redirect(house, "agent1")
    await ring.hears(colleague, within=5)
    await anna.hears(four, within=20)


@pytest.mark.parametrize("who", ["agent1", "trunk-in"])
async def test_a_transfer_ordered_by_a_panel_takes_the_caller_there(open_house, who):
    """AMI's BlindTransfer names either end; Asterisk takes the caller's leg out of our bridge."""
    house = await open_house(queues=QUEUES, agents=ONE)
    anna, one, _ = await talking(house)
    colleague = await house.agent("agent3", answers(after=0.2), logs_in=False)
    await ami(house, "BlindTransfer", Channel=await channel_of(house, who), Context="lab-agents", Exten="agent3")
    if who == "agent1":
        await anna.hears(colleague, within=5)
        ben = await house.calls(BEN)
        await ben.hears(one, within=5)
        assert not anna.call.over
    else:
        ring = await colleague.next_call()
        await ring.hears(one, within=5)


async def redirect(house: House, who: str) -> None:
    """A panel moves one channel to agent3's extension."""
    await ami(
        house, "Redirect", Channel=await channel_of(house, who), Context="lab-agents", Exten="agent3", Priority="1"
    )


async def ami(house: House, action: str, **fields: str) -> str:
    """What a panel asks of Asterisk, and the answer."""
    user, password = f"{house.asterisk.ami_user}-fetch", house.asterisk.ami_password
    reader, writer = await asyncio.open_connection("127.0.0.1", house.asterisk.ami_port)
    for name, rest in (("Login", {"Username": user, "Secret": password, "Events": "off"}), (action, fields)):
        lines = [f"Action: {name}", *(f"{key}: {value}" for key, value in rest.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    assert "Success" in answer, answer
    return answer


async def to_reception(house: House):
    """A caller on hold at the reception, and the receptionist's own call to the queue."""
    reception = await house.agent("agent5", answers(after=0.2), logs_in=False)
    anna = await house.calls(ANNA, "8100")
    await anna.hears(reception)
    await reception.rung[0].hold()
    consult = await reception.dial("8001", answered=True)
    return anna, reception, consult


async def test_a_panel_that_redirects_both_legs_lets_both_go(open_house):
    """AMI's Redirect with ExtraChannel: neither leg is ours any more, and nobody is hung up on."""
    house = await open_house(queues=QUEUES, agents=ONE)
    anna, one, ring = await talking(house)
    three = await house.agent("agent3", answers(after=0.2), logs_in=False)
    six = await house.agent("agent6", answers(after=0.2), logs_in=False)
    caller, agent = await channel_of(house, "trunk-in"), await channel_of(house, "agent1")
    there = {"Context": "lab-agents", "Exten": "agent3", "Priority": "1"}
    extra = {"ExtraContext": "lab-agents", "ExtraExten": "agent6", "ExtraPriority": "1"}
    await ami(house, "Redirect", Channel=caller, ExtraChannel=agent, **there, **extra)
    await anna.hears(three, within=5)
    await ring.hears(six, within=5)
    await ring.hangup()
    ben = await house.calls(BEN)
    await ben.hears(one, within=10)
    assert not anna.call.over


@pytest.mark.parametrize("who", ["agent1", "trunk-in"])
async def test_an_attended_transfer_ordered_by_a_panel_loses_nobody(open_house, who):
    """Whatever Asterisk makes of AMI's Atxfer on a leg in our bridge: both keep talking."""
    house = await open_house(queues=QUEUES, agents=ONE)
    anna, one, _ = await talking(house)
    await house.agent("agent3", answers(after=0.2), logs_in=False)
    since = house.stage.now()
    channel = await channel_of(house, who)
    with suppress(AssertionError):  # whatever Asterisk answers
        await ami(house, "Atxfer", Channel=channel, Context="lab-agents", Exten="agent3")
    await anna.hears(one, since=since + 3.0, within=8)
    assert await house.rows("SELECT state FROM entry") == [{"state": "talking"}]
    await anna.hangup()
    ben = await house.calls(BEN)
    await ben.hears(one, within=10)


# --- three at once ----------------------------------------------------------------------------------------------------


async def test_three_people_whom_the_agents_telephone_mixes_are_two_calls_to_us(open_house):
    """The telephone holds the caller, calls a colleague, and then has both: Asterisk sees two calls and no transfer."""
    house = await open_house(queues=QUEUES, agents=ONE)
    anna, one, ring = await talking(house)
    colleague, consult = await consults(house, one, ring)
    since = house.stage.now()
    await ring.resume()
    await anna.hears(one, since=since, within=5)
    await consult.hears(colleague, since=since, within=5)
    assert await house.rows("SELECT state, agent FROM entry") == [{"state": "talking", "agent": "agent1"}]
    ben = await house.calls(BEN)
    await consult.hangup()
    await anna.hears(one, since=house.stage.now(), within=5)
    assert len(one.rung) == 1, "Ben waits for as long as they talk"
    await anna.hangup()
    await ben.hears(one, within=10)


# --- and callbackd is killed -----------------------------------------------------------------------------------------


async def test_killed_while_the_colleague_rings_the_caller_gets_there_and_the_agent_is_free(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    anna, one, ring = await talking(house)
    colleague = await house.agent("agent3", rings, logs_in=False)
    await ring.refer("agent3")
    hangs_up_when_told(house, ring)
    call = await colleague.next_call(within=5)
    await house.daemon.kill()
    await call.answer()
    await anna.hears(colleague, within=5)
    await house.daemon.start()
    ben = await house.calls(BEN)
    await ben.hears(one, within=15)
    assert not anna.call.over
    assert anna.gaps(longer_than=2.0) == []


async def test_a_transfer_while_callbackd_is_away_leaves_caller_and_agent_talking(open_house):
    house = await open_house(queues=QUEUES, agents=ONE)
    anna, one, ring = await talking(house)
    await house.agent("agent3", answers(after=0.2), logs_in=False)
    await house.daemon.kill()
    since = house.stage.now()
    await ring.refer("agent3")
    await anna.hears(one, since=since + 1.0, within=5)
    await house.daemon.start()
    await anna.hears(one, since=house.stage.now(), within=5)
    await anna.hangup()
    ben = await house.calls(BEN)
    await ben.hears(one, within=15)

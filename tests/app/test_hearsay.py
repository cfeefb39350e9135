"""What AMI claims is checked by ARI: true claims become events, forged ones have no effect and cost little."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from callbackd.app import hearsay
from callbackd.app.hearsay import Hearsay
from callbackd.ari.reply import Answer, Reply
from callbackd.domain.events import AgentDialled, Ending, Event, LegEnded
from callbackd.domain.ids import Mint

MINT = Mint(b"hearsay")
LEG, OTHER = MINT.leg(1_800_000_000.0), MINT.leg(1_800_000_000.0)
NEAR, FAR = "1795393218.74", "1795393218.75"


def hangup(leg: str, **changes: str) -> dict[str, Any]:
    return {
        "Event": "Hangup",
        "Uniqueid": leg,
        "ChannelStateDesc": "Down",
        "Cause": "17",
        "TechCause": "486",
        **changes,
    }


def dial(event: str, **changes: str) -> dict[str, Any]:
    return {
        "Event": event,
        "Channel": "PJSIP/agent1-0000000b",
        "Uniqueid": NEAR,
        "DestChannel": "PJSIP/trunk-0000000c",
        "DestCallerIDNum": "+442079460101",
        "DestUniqueid": FAR,
        "DialStatus": "BUSY",
        **changes,
    }


def channel(id: str, name: str, number: str, app: str, state: str = "Ring") -> dict[str, Any]:
    return {"id": id, "name": name, "caller": {"number": number}, "dialplan": {"app_name": app}, "state": state}


class House:
    """Asterisk's channels by id, and the legs that we believe in."""

    def __init__(self) -> None:
        self.channels: dict[str, Any] = {}
        self.reply: Reply | None = None
        self.believed = {LEG}
        self.looks: list[str] = []
        self.told: list[Event] = []
        self.hearsay = Hearsay(self.look, self.told.append, self.believed.__contains__, lambda e: e == "PJSIP/agent1")

    async def look(self, id: str) -> Answer[Any]:
        self.looks.append(id)
        await asyncio.sleep(0)
        if self.reply:
            return Answer(self.reply)
        found = self.channels.get(id)
        return Answer(Reply.OK, found) if found else Answer(Reply.GONE, status=404)

    def telephone_dials(self, state: str = "Ringing") -> None:
        self.channels = {
            NEAR: channel(NEAR, "PJSIP/agent1-0000000b", "agent1", "Dial"),
            FAR: channel(FAR, "PJSIP/trunk-0000000c", "+442079460101", "AppDial", state),
        }

    async def hears(self, *events: dict[str, Any]) -> list[Event]:
        """The events that come of these, after everything has been checked."""
        for fields in events:
            self.hearsay.hear(fields)
        while running := [task for task in asyncio.all_tasks() if task.get_name() == "hearsay"]:
            await asyncio.wait(running)
        return self.told


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(hearsay, "LOOKS_S", (0.0, 0.0, 0.0))
    return House()


async def test_the_end_of_a_leg_that_is_gone_is_believed_with_its_causes(house: House) -> None:
    assert await house.hears(hangup(LEG)) == [LegEnded(LEG, Ending.BUSY, 17, 486)]


async def test_the_end_of_a_leg_that_lives_is_not_believed(house: House) -> None:
    house.channels[LEG] = channel(LEG, "PJSIP/trunk-1", "", "AppDial")
    with capture_logs() as said:
        assert await house.hears(*[hangup(LEG)] * 50) == []
    assert house.hearsay.refuted.total() == 50
    assert [line["event"] for line in said] == ["ami_not_believed"], "the log is not filled by whoever forges"


async def test_a_leg_that_goes_between_two_looks_is_gone(house: House) -> None:
    house.channels[LEG] = channel(LEG, "PJSIP/trunk-1", "", "AppDial")
    asyncio.get_running_loop().call_soon(lambda: asyncio.get_running_loop().call_soon(house.channels.clear))
    assert await house.hears(hangup(LEG)) == [LegEnded(LEG, Ending.BUSY, 17, 486)]


async def test_nobody_is_asked_about_legs_that_are_nobodys(house: House) -> None:
    assert await house.hears(hangup(OTHER), hangup("cbd-x"), hangup(NEAR)) == []
    assert house.looks == []


async def test_an_end_that_ari_reports_first_is_not_reported_again(house: House) -> None:
    house.hearsay.hear(hangup(LEG))
    house.believed.clear()
    assert await house.hears() == []


@pytest.mark.parametrize("reply", [Reply.UNREACHABLE, Reply.UNKNOWN, Reply.PBX_ERROR, Reply.NOT_AUTHORISED])
async def test_without_an_answer_nothing_is_believed(house: House, reply: Reply) -> None:
    house.reply = reply
    assert await house.hears(hangup(LEG), dial("DialBegin"), dial("DialEnd")) == []


async def test_an_agents_own_unanswered_call_is_reported(house: House) -> None:
    house.telephone_dials()
    await house.hears(dial("DialBegin"))
    house.channels.clear()
    told = await house.hears(dial("DialEnd"), dial("DialEnd"))
    assert told == [AgentDialled("PJSIP/agent1", "+442079460101", talked=False)]


async def test_an_agents_own_call_that_is_answered_is_a_conversation_when_the_other_is_there(house: House) -> None:
    house.telephone_dials("Up")
    told = await house.hears(dial("DialBegin"), dial("DialEnd", DialStatus="ANSWER"))
    assert told == [AgentDialled("PJSIP/agent1", "+442079460101", talked=True)]


async def test_an_answer_while_it_still_rings_is_no_conversation(house: House) -> None:
    house.telephone_dials()
    told = await house.hears(dial("DialBegin"), dial("DialEnd", DialStatus="ANSWER"))
    assert told == [AgentDialled("PJSIP/agent1", "+442079460101", talked=False)]


@pytest.mark.parametrize(
    "changes",
    [
        {"DestCallerIDNum": "+442079460999"},
        {"DestChannel": "PJSIP/trunk-0000000d"},
        {"Uniqueid": "1795393218.99"},
        {"DestUniqueid": "1795393218.99"},
        {"Channel": "PJSIP/agent1-0000000c"},
        {"Channel": "PJSIP/agent2-0000000b"},
        {"Uniqueid": FAR},
    ],
    ids=["number", "far name", "near id", "far id", "near name", "nobody's telephone", "the same twice"],
)
async def test_a_call_that_is_not_exactly_as_claimed_has_no_effect(house: House, changes: dict[str, str]) -> None:
    house.telephone_dials()
    assert await house.hears(dial("DialBegin", **changes), dial("DialEnd", **changes)) == []


async def test_a_caller_from_outside_does_not_count_as_dialled_by_an_agent(house: House) -> None:
    """Forgers can name a channel of their own, with a number of their own, and an agent's channel that is up."""
    house.telephone_dials()
    house.channels[FAR]["dialplan"]["app_name"] = "Queue"
    assert await house.hears(dial("DialBegin"), dial("DialEnd")) == []


async def test_an_end_without_a_beginning_has_no_effect_and_logs_once_what_may_be_wrong(house: House) -> None:
    house.telephone_dials("Up")
    with capture_logs() as said:
        assert await house.hears(*[dial("DialEnd", DialStatus="ANSWER")] * 5) == []
    assert [line["event"] for line in said] == ["ami_without_beginnings"]
    assert "DialBegin" in said[0]["why"]


async def test_a_flood_is_checked_up_to_a_number_at_a_time_and_forgotten_beyond(house: House) -> None:
    events = [dial("DialBegin", DestUniqueid=f"1.{n}") for n in range(3 * hearsay.AT_ONCE)]
    assert await house.hears(*events) == []
    assert len(house.looks) == 2 * hearsay.AT_ONCE
    house.telephone_dials("Up")
    told = await house.hears(dial("DialBegin"), dial("DialEnd", DialStatus="ANSWER"))
    assert told == [AgentDialled("PJSIP/agent1", "+442079460101", talked=True)]


async def test_calls_whose_end_is_never_reported_do_not_pile_up(house: House) -> None:
    house.telephone_dials()
    for n in range(2 * hearsay.AT_ONCE):
        house.channels[f"1.{n}"] = {**house.channels[FAR], "id": f"1.{n}"}
        await house.hears(dial("DialBegin", DestUniqueid=f"1.{n}"))
    ends = [dial("DialEnd", DestUniqueid=f"1.{n}") for n in range(2 * hearsay.AT_ONCE)]
    assert len(await house.hears(*ends)) <= hearsay.AT_ONCE

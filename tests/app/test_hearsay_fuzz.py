"""All that reads AMI, from the bytes on the wire to the domain's door, fed with anything that the line can carry.

Whatever comes, in whatever pieces: the line comes back, later events are read, and nothing is reported of a leg that is
up, of a leg that is not ours, or of a telephone that dials nobody.
"""

from __future__ import annotations

import asyncio
from typing import Any
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from callbackd import reconnect
from callbackd.ami import client
from callbackd.ami.client import Address, Ami, Link
from callbackd.app import hearsay
from callbackd.app.hearsay import Hearsay
from callbackd.ari.reply import Answer, Reply
from callbackd.domain.events import Event, LegEnded
from callbackd.domain.ids import LegId, Mint
from tests.ami.test_client import FakeManager, event, serving
from tests.listener import Listener

MINT = Mint(b"fuzz of AMI")
GONE, LIVES, UNKNOWN = (MINT.leg(1_800_000_000.0) for _ in range(3))
LONGEST = 4096
PATIENCE_S = 5.0

REST = [
    ("DestUniqueid", "1.2"),
    ("Channel", "PJSIP/agent1-1"),
    ("DestChannel", "PJSIP/trunk-2"),
    ("ChannelStateDesc", "Up"),
    ("Cause", "16"),
    ("DialStatus", "ANSWER"),
]

names = st.sampled_from(["Hangup", "DialBegin", "DialEnd", "Shutdown", "FullyBooted", "shutdown", "Reload", "x"])
keys = st.sampled_from(
    [
        "Uniqueid",
        "DestUniqueid",
        "Channel",
        "DestChannel",
        "DestCallerIDNum",
        "DialStatus",
        "Cause",
        "TechCause",
        "ChannelStateDesc",
        "Event",
        "Response",
        "ActionID",
        "Message",
        "EventList",
        "Linkedid",
        "content",
        "CommandID",
    ]
)
values = st.one_of(
    st.sampled_from([GONE, LIVES, UNKNOWN, "cbd-", "1.1", "1.2", "PJSIP/agent1-1", "PJSIP/trunk-2", "+442079460101"]),
    st.sampled_from(["ANSWER", "17", "486", "Up", "Down", "start", "Success", "Error", "Follows", "Complete", ""]),
    st.text(max_size=20),
)
fields = st.lists(st.tuples(keys, values), max_size=12)
forged = st.builds(lambda name, lines: lines_of([("Event", name), *lines]), names, fields)
in_a_number = st.builds(lambda before, what: before + b"\r\n\r\n" + what, st.binary(max_size=10), forged)
true = st.builds(
    lambda name, leg, number: (
        lines_of([("Event", name), ("Uniqueid", leg), *REST]) + b"DestCallerIDNum: " + number + b"\r\n\r\n"
    ),
    st.sampled_from(["Hangup", "DialBegin", "DialEnd"]),
    st.sampled_from([GONE, LIVES, UNKNOWN, "1.1"]),
    st.one_of(in_a_number, st.just(b"+442079460101")),
)
giant = st.builds(lambda byte, size: byte * size, st.sampled_from([b"x", b"\r", b"\n", b": "]), st.integers(1, 3000))
pieces = st.lists(st.one_of(true, forged, in_a_number, giant, st.binary(max_size=40)), max_size=12)
cuts = st.lists(st.integers(1, 400), min_size=1, max_size=8)


def lines_of(lines: list[tuple[str, str]]) -> bytes:
    return "".join(f"{key}: {value}\r\n" for key, value in lines).encode(errors="replace")


class Heard(Listener):
    """The reader and the events it makes; ARI knows one leg of ours that is up, and no telephone that dials."""

    def __init__(self) -> None:
        super().__init__(PATIENCE_S)
        self.told: list[Event] = []
        self.marks: set[str] = set()
        believed = {GONE, LIVES}
        self.hearsay = Hearsay(self.look, self.told.append, believed.__contains__, lambda e: e == "PJSIP/agent1")

    async def look(self, id: str) -> Answer[Any]:
        channel = {"name": "PJSIP/agent1-1", "state": "Up", "caller": {"number": ""}, "dialplan": {"app_name": "Dial"}}
        return Answer(Reply.OK, channel) if id in (LIVES, "1.1") else Answer(Reply.GONE, status=404)

    def event(self, fields: dict[str, Any]) -> None:
        self.marks.add(str(fields["Event"]))
        self.hearsay.hear(fields)
        self.news.set()


async def hear(stream: bytes, cuts: list[int]) -> list[Event]:
    async with serving(FakeManager()) as fake:
        heard = Heard()
        ami = Ami(Address("127.0.0.1", fake.port, "callbackd", "secret"), heard.event, heard.link)
        running = asyncio.create_task(ami.run())
        await heard.until(lambda: Link.CONNECTED in heard.links)
        n = 0
        while stream:
            size = cuts[n % len(cuts)]
            fake.say(stream[:size])
            stream, n = stream[size:], n + 1
            await asyncio.sleep(0)
        fake.say(b"\r\n\r\n")
        # What was sent may have ended the connection: it comes back, and what is sent then is read.
        async with asyncio.timeout(PATIENCE_S):
            while "Mark" not in heard.marks:
                fake.say(event("Mark"))
                await asyncio.sleep(0.01)
        while checking := [task for task in asyncio.all_tasks() if task.get_name() == "hearsay"]:
            await asyncio.wait(checking)
        ended = running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert not ended, "whatever is said, the daemon goes on"
        return heard.told


@settings(max_examples=60, deadline=None)
@given(pieces, cuts)
def test_the_connection_survives_anything_on_the_line_and_false_claims_have_no_effect(
    stream: list[bytes], cuts: list[int]
) -> None:
    with (
        mock.patch.object(client, "LONGEST_MESSAGE", LONGEST),
        mock.patch.object(reconnect, "FIRST_S", 0.01),
        mock.patch.object(hearsay, "LOOKS_S", (0.0, 0.0)),
    ):
        told = asyncio.run(hear(b"".join(stream), cuts))
    assert {told_of(event) for event in told} <= {GONE}


def told_of(event: Event) -> LegId | None:
    return event.leg if isinstance(event, LegEnded) else None

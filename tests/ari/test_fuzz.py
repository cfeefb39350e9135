"""All that reads ARI, from the frames of the event stream to the domain's events, fed with what no Asterisk sends."""

from __future__ import annotations

import asyncio
import json
from typing import Any, get_args
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from callbackd.ari import client
from callbackd.ari.client import Address, Ari, Link
from callbackd.ari.decode import Decode
from callbackd.domain import events
from lab.mangle import Frame, Mangler
from tests.ari.fake_asterisk import FakeAsterisk, serving
from tests.ari.test_decode import ALL
from tests.listener import Listener

RECORDED = [json.dumps(raw) for raw in ALL]
MARK = {"type": "Mark"}
PATIENCE_S = 60.0
"""How long the two ends of the line wait for each other: a busy machine must not look like garbage on the line."""

mangled = st.builds(
    lambda frame, seed: [frame for _, frame in Mangler(seed)(frame)], st.sampled_from(RECORDED), st.integers(0)
)
junk = st.builds(lambda frame: [frame], st.one_of(st.binary(max_size=40), st.text(max_size=40)))
streams = st.lists(st.one_of(mangled, mangled, junk), max_size=12)


class Heard(Listener):
    """What the reader hands on, and what Decode makes of it."""

    def __init__(self) -> None:
        super().__init__(PATIENCE_S)
        self.decode = Decode()
        self.told: list[events.Event] = []
        self.marks: list[Any] = []

    def event(self, raw: dict[str, Any]) -> None:
        if raw["type"] == "Mark":
            self.marks.append(raw.get("n"))
            self.news.set()
        elif event := self.decode(raw):
            self.told.append(event)


async def hear(stream: list[list[Frame]]) -> Heard:
    heard = Heard()
    async with (
        serving(FakeAsterisk()) as fake,
        Ari(Address(fake.url, "callbackd", "secret"), limit_s=PATIENCE_S) as ari,
    ):
        running = asyncio.create_task(ari.run(heard.event, heard.link))
        await heard.until(lambda: heard.links)
        websocket = fake.websockets[-1]
        for n, frames in enumerate(stream):
            for frame in frames:
                await (websocket.send_bytes(frame) if isinstance(frame, bytes) else websocket.send_str(frame))
            await fake.say(MARK | {"n": n})
        await fake.say(MARK | {"n": "last"})
        await heard.until(lambda: "last" in heard.marks)
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return heard


@settings(max_examples=30)
@given(streams)
def test_an_event_that_no_asterisk_sends_costs_only_itself(stream: list[list[Frame]]) -> None:
    with mock.patch.object(client, "HEARTBEAT_S", PATIENCE_S), mock.patch.object(client, "HELLO_S", PATIENCE_S):
        heard = asyncio.run(hear(stream))
    assert heard.links == [Link.CONNECTED], "the stream is not opened anew for it"
    assert heard.marks == [*range(len(stream)), "last"], "what comes between is read"
    assert all(isinstance(event, get_args(events.Event)) for event in heard.told)

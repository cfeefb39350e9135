"""What is sent to systemd, and that its watchdog is not fed while a part of the daemon is stuck."""

from __future__ import annotations

import asyncio
import socket
from functools import partial

import pytest
from structlog.testing import capture_logs

from callbackd.app import notify
from callbackd.app.notify import Notifier, Watchdog


@pytest.fixture
def systemd(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        yield listening, str(tmp_path / "notify")


async def idle():
    pass


def heard(listening):
    told = []
    while True:
        try:
            told.append(listening.recv(4096).decode())
        except BlockingIOError:
            return told


def test_ready_status_and_stopping(systemd):
    listening, address = systemd
    notifier = Notifier(address)
    notifier.ready("works")
    notifier.status("waits")
    notifier.status("waits")
    notifier.stopping()
    assert heard(listening) == ["READY=1", "STATUS=works", "STATUS=waits", "STOPPING=1\nSTATUS=stopping"]


async def test_the_status_shows_how_we_are_then_what_we_do_and_changes_with_them(systemd, monkeypatch):
    monkeypatch.setattr(notify, "TELL_EVERY_S", 0.0)
    listening, address = systemd
    notifier, doing = Notifier(address), iter(["1 waiting", "1 waiting", "2 waiting"])
    notifier.ready("works")
    with pytest.raises(RuntimeError, match="StopIteration"):
        await notify.keep_telling(notifier, lambda: next(doing))
    notifier.status("without Asterisk")
    assert [line.removeprefix("STATUS=") for line in heard(listening)[1:]] == [
        "works",
        "works; 1 waiting",
        "works; 2 waiting",
        "without Asterisk; 2 waiting",
    ]


def test_without_systemd_nothing_is_sent(monkeypatch, tmp_path):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", "10000000")
    assert Notifier().watchdog_s == 0.0
    Notifier().ready("works")
    Notifier(str(tmp_path / "gone")).ready("nobody listens there any more")


@pytest.mark.parametrize(("given", "seconds"), [("10000000", 10.0), ("", 0.0), ("soon", 0.0)])
def test_the_watchdog_is_fed_as_often_as_systemd_wants(given, seconds):
    assert Notifier("/run/x", given).watchdog_s == seconds


def test_a_part_that_does_not_move_starves_the_watchdog_and_is_named_once(systemd):
    listening, address = systemd
    moved = {"loop": 100.0, "reader": 100.0}
    watchdog = Watchdog(Notifier(address), {part: partial(moved.__getitem__, part) for part in moved}, idle)
    with capture_logs() as lines:
        watchdog.look(105.0, 7.5)
        assert heard(listening) == ["WATCHDOG=1"]
        moved["loop"] = 110.0
        watchdog.look(110.0, 7.5)
        watchdog.look(112.0, 7.5)
        assert heard(listening) == []
        moved["reader"] = 113.0
        watchdog.look(113.0, 7.5)
    assert heard(listening) == ["WATCHDOG=1"]
    assert [line["parts"] for line in lines if line["event"] == "stuck"] == ["reader"]


async def test_the_watchdog_pokes_and_feeds_while_it_runs(systemd):
    listening, address = systemd
    poked = asyncio.Event()

    async def poke():
        poked.set()

    now = asyncio.get_running_loop().time
    watching = asyncio.create_task(Watchdog(Notifier(address, "200000"), {"loop": now}, poke).run())
    async with asyncio.timeout(5):
        await poked.wait()
        while not (told := heard(listening)):
            await asyncio.sleep(0.01)
    watching.cancel()
    assert told[0] == "WATCHDOG=1"

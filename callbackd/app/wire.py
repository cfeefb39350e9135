"""All wiring on one screen: the domain, the database, Asterisk, and the loop between them.

Events meet in one inbox: every part puts its own there, and only the loop takes them out. What the loop decides leaves
by the outbox, which puts the resulting events back into the inbox. So no part waits for one that is made after it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from callbackd.ami.client import Ami
from callbackd.ami.client import Link as AmiLink
from callbackd.api.desk import Desk
from callbackd.api.feed import Feed
from callbackd.app.asking import asked_by_people
from callbackd.app.daemon import Daemon
from callbackd.app.database import Database
from callbackd.app.ends import Asked
from callbackd.app.fetch_back import FetchBack
from callbackd.app.figures import Figures
from callbackd.app.given import Given
from callbackd.app.hearsay import Hearsay
from callbackd.app.housekeeping import Housekeeping
from callbackd.app.lamps import Lamps
from callbackd.app.notify import Notifier
from callbackd.app.outbox import Outbox
from callbackd.app.record import Recorder
from callbackd.app.recovery import Recovery
from callbackd.app.reload import Reload
from callbackd.app.runner import Runner, Watch
from callbackd.app.vitals import Vitals
from callbackd.app.watermark import Watermark
from callbackd.ari.client import Ari
from callbackd.ari.decode import Decode as AriDecode
from callbackd.ari.event_log import EventLog, no_record
from callbackd.ari.fallback import stranded
from callbackd.ari.perform import Perform
from callbackd.ari.reply import Answer
from callbackd.ari.resync import resync
from callbackd.config.build import prompt_settings
from callbackd.db.journal import Journal
from callbackd.db.personal import forget
from callbackd.db.right import Right
from callbackd.domain.acd import Acd
from callbackd.domain.events import Event
from callbackd.domain.ids import Mint
from callbackd.prompts.render import Renderer, Unspoken

log = structlog.get_logger("callbackd")


def wire(
    given: Given,
    database: Database,
    right: Right,
    ari: Ari,
    *,
    asked: Asked,
    reload: Reload,
    notifier: Notifier,
    clock: Callable[[], float],
) -> Daemon:
    """The daemon, ready to ``run``. Expects the right taken and ``ari`` open; sends and reads nothing itself."""
    config, settings = given.config, given.settings
    entropy = os.urandom(16)
    acd = Acd(settings, Mint(entropy))
    inbox: asyncio.Queue[Event] = asyncio.Queue()
    watermark = Watermark(config.state_dir)
    desk = Desk(inbox.put_nowait, lambda: acd.state.world.database)
    journal = Journal(database.engine, right, watermark.stored, settings.limits, desk.answered)
    figures = Figures(database.engine, settings, clock, lambda: journal.complete_until)
    night = partial(forget, database.engine, config.keeping, clock)
    housekeeping = Housekeeping(figures.quarter_hour, night, config.site.zone)
    perform = _perform(given, ari)
    post = perform.rings.before(inbox.put_nowait)
    outbox = Outbox(perform, post)
    perform.rings.hang_up = outbox.put
    lamps = Lamps(_lamp(ari), acd.agents)
    feed = Feed()
    watching: list[Watch] = [
        lamps.watch,
        feed.watch,
        *([Recorder(config.log.record, entropy)] if config.log.record else []),
    ]
    runner = Runner(acd, journal, inbox, outbox.put, lambda: round(clock(), 6), watching)
    hearsay = Hearsay(ari.api.channels.get, post, acd.believes_in, settings.is_agents)
    ami = Ami(given.ami, hearsay.hear, _not_needed)
    fetch_back = FetchBack(partial(stranded, ari.api, settings.dead_man.fallback_context, settings.queues), ami)
    vitals = Vitals(acd, runner, journal, ari, inbox.put_nowait)
    return Daemon(
        given=given,
        asked=asked,
        reload=reload,
        notifier=notifier,
        clock=clock,
        database=database,
        right=right,
        acd=acd,
        api=asked_by_people(given, database, right, acd, desk, feed, vitals, clock),
        vitals=vitals,
        inbox=inbox,
        watermark=watermark,
        journal=journal,
        housekeeping=housekeeping,
        runner=runner,
        outbox=outbox,
        ari=ari,
        ami=ami,
        recovery=_recovery(given, ari, notifier, acd, post, perform, fetch_back),
        fetch_back=fetch_back,
    )


def _perform(given: Given, ari: Ari) -> Perform:
    """What carries commands out on Asterisk, with the prompts that it plays and the log that it asks."""
    config, settings = given.config, given.settings
    renderer = Renderer(prompt_settings(config), _unspoken)
    record = EventLog(config.ari.event_log) if config.ari.event_log else no_record
    return Perform(
        ari,
        renderer.media,
        settings.dialling,
        record,
        lambda phone: renderer.withheld(settings.language_at(phone)),
        settings.watched(),
    )


def _recovery(
    given: Given,
    ari: Ari,
    notifier: Notifier,
    acd: Acd,
    post: Callable[[Event], None],
    perform: Perform,
    fetch_back: FetchBack,
) -> Recovery:
    """What holds the domain against Asterisk: after each connection, and every half minute."""
    return Recovery(
        perform.overhearing(AriDecode()),
        partial(resync, ari.api, given.config.ari.app, given.settings.watched()),
        post,
        notifier,
        acd.differences,
        caught_up=(perform.doubt, fetch_back.begin),
        broken_laws=acd.broken_laws,
    )


def _lamp(ari: Ari) -> Callable[[str, str], Awaitable[Answer[None]]]:
    return lambda device, state: ari.api.device_states.update(device, device_state=state)


def _not_needed(_: AmiLink, __: str) -> None:
    """The client logs what becomes of its connection; nothing else depends on it."""


def _unspoken(what: Unspoken) -> None:
    log.error("not_spoken", language=what.language, what=what.what, reason=f"{what.reason}; callbackd prompts build")

"""The commands about the centre now: ``callbackd status|queues|line|switch``, ``agents …``, ``callbacks …``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from callbackd.cli.common import DEFAULT, MISUSED, ConfigPath, read_config
from callbackd.cli.local import ask
from callbackd.config.sections import Config

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
Reason = Annotated[str, typer.Option("--reason", "-r", help="For the audit.")]
OfQueue = Annotated[str, typer.Option("--queue", "-q", help="Only this queue.")]
AgentName = Annotated[str, typer.Argument(help="Its name in the config.")]
Id = Annotated[str, typer.Argument(help="Its id; callbackd callbacks list shows it.")]

agents = typer.Typer(help="All agents now; log them in and out, pause them.", invoke_without_command=True)
callbacks = typer.Typer(help="Find, make, move and cancel callbacks.", no_args_is_help=True)


def status(config: ConfigPath = DEFAULT, as_json: AsJson = False) -> None:
    """How the centre is: ready or what is missing, who waits, what is switched off."""
    found = ask(read_config(config), "GET", "/v1/status")
    if as_json:
        return _print_json(found)
    off = [name for name, on in found["switches"].items() if not on]
    typer.echo("ready" if found["ready"] else f"not ready: {'; '.join(found['missing'])}")
    typer.echo(
        f"{found['waiting']} waiting, {found['talking']} talking, {found['promises']} promises, "
        f"{found['dialling']} customers being rung"
    )
    typer.echo(f"switched off: {', '.join(off)}" if off else "offering and dialling are on")
    return None


def queues(config: ConfigPath = DEFAULT, as_json: AsJson = False) -> None:
    """All queues now."""
    found = ask(read_config(config), "GET", "/v1/queues")
    head = ("queue", "open", "waiting", "longest", "talking", "promises", "free", "at work", "logged in")
    _print(found, as_json, head, lambda one: (
        one["name"], _yes(one["open"]), one["waiting"], _span(one["longest_wait_s"]), one["talking"], one["promises"],
        one["agents_free"], one["agents_at_work"], one["agents_logged_in"],
    ))  # fmt: skip


def line(config: ConfigPath = DEFAULT, queue: OfQueue = "", as_json: AsJson = False) -> None:
    """Who waits, in order: callers and promises."""
    settings = read_config(config)
    found = ask(settings, "GET", "/v1/line", queue=queue)
    head = ("queue", "", "number", "who", "state", "waited", "ahead", "at", "id")
    _print(found, as_json, head, lambda one: (
        one["queue"], one["position"] or "-", one["number"] or "withheld", "caller" if one["live"] else "promise",
        one["state"], _span(one["waited_s"]), _span(one["expected_s"]), _clock(settings, one["at"]), one["id"],
    ))  # fmt: skip


def switch(
    name: Annotated[str, typer.Argument(help="offering or dialling.")],
    position: Annotated[str, typer.Argument(help="on or off.")],
    config: ConfigPath = DEFAULT,
    reason: Reason = "",
) -> None:
    """Turn offering or dialling on or off. A restart keeps it."""
    if position not in {"on", "off"}:
        typer.echo("say on or off", err=True)
        raise typer.Exit(MISUSED)
    ask(read_config(config), "PUT", f"/v1/switches/{name}", {"on": position == "on", "reason": reason})
    typer.echo(f"{name} is {position}")


# --- agents -----------------------------------------------------------------------------------------------------------


@agents.callback()
def list_agents(
    context: typer.Context, config: ConfigPath = DEFAULT, queue: OfQueue = "", as_json: AsJson = False
) -> None:
    if context.invoked_subcommand:
        return
    found = ask(read_config(config), "GET", "/v1/agents", queue=queue)
    head = ("agent", "presence", "reason", "activity", "phone", "why not rung")
    _print(found, as_json, head, lambda one: (
        one["id"], one["presence"], one["reason"], one["activity"], one["phone"], one["not_rung"],
    ))  # fmt: skip


def _agent_command(path: str, done: str, help_: str) -> None:
    def command(agent: AgentName, config: ConfigPath = DEFAULT, reason: Reason = "") -> None:
        ask(read_config(config), "POST", f"/v1/agents/{agent}/{path}", {"reason": reason})
        typer.echo(f"{agent} {done}")

    agents.command(path, help=help_)(command)


for _path, _done, _help in (
    ("log-in", "is logged in", "Log an agent in."),
    ("log-out", "is logged out", "Log an agent out."),
    ("pause", "is paused", "Pause an agent; say why with --reason."),
    ("go-on", "goes on", "End an agent's pause."),
    ("ready", "is ready", "End an agent's wrap-up."),
):
    _agent_command(_path, _done, _help)


# --- callbacks --------------------------------------------------------------------------------------------------------


@callbacks.command("list")
def list_callbacks(
    config: ConfigPath = DEFAULT,
    number: Annotated[str, typer.Option("--number", "-n", help="Only this customer's.")] = "",
    queue: OfQueue = "",
    state: Annotated[str, typer.Option(help="open, closed or any.")] = "open",
    as_json: AsJson = False,
) -> None:
    """Callbacks, the newest first."""
    settings = read_config(config)
    found = ask(settings, "GET", "/v1/callbacks", number=number, queue=queue, state=state, limit="200")
    head = ("id", "queue", "number", "state", "asked", "at", "attempts")
    _print(found, as_json, head, lambda one: (
        one["id"], one["queue"], one["number"], one["outcome"] or one["state"], _clock(settings, one["created_at"]),
        _clock(settings, one["at"]) or "at their turn", one["attempts"],
    ))  # fmt: skip
    if found.get("next") and not as_json:
        typer.echo("there are more: name a --queue or a --number")


@callbacks.command()
def show(id: Id, config: ConfigPath = DEFAULT, as_json: AsJson = False) -> None:
    """One callback, open or over."""
    _show(ask(read_config(config), "GET", f"/v1/callbacks/{id}"), as_json)


@callbacks.command()
def create(
    queue: Annotated[str, typer.Argument(help="The queue whose agents will talk to the customer.")],
    number: Annotated[str, typer.Argument(help="The customer's, as it is written at home or with +.")],
    config: ConfigPath = DEFAULT,
    at: Annotated[str, typer.Option(help="A free time, 2026-12-01T10:00; by default at the customer's turn.")] = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Promise a customer a callback. One who has a place already keeps it."""
    settings = read_config(config)
    wanted = {"queue": queue, "number": number, "at": _moment(settings, at) if at else None, "reason": reason}
    _show(ask(settings, "POST", "/v1/callbacks", wanted), as_json)


@callbacks.command()
def move(
    id: Id,
    at: Annotated[str, typer.Argument(help="A free time: 2026-12-01T10:00, by the site's clock.")],
    config: ConfigPath = DEFAULT,
    reason: Reason = "",
) -> None:
    """Give a callback another time."""
    settings = read_config(config)
    ask(settings, "POST", f"/v1/callbacks/{id}/move", {"at": _moment(settings, at), "reason": reason})
    typer.echo(f"moved to {at}")


@callbacks.command()
def cancel(id: Id, config: ConfigPath = DEFAULT, reason: Reason = "") -> None:
    """Cancel a callback."""
    ask(read_config(config), "POST", f"/v1/callbacks/{id}/cancel", {"reason": reason})
    typer.echo("cancelled")


@callbacks.command()
def now(id: Id, config: ConfigPath = DEFAULT, reason: Reason = "") -> None:
    """Ring this customer next. Calling hours and limits still apply."""
    ask(read_config(config), "POST", f"/v1/callbacks/{id}/call-now", {"reason": reason})
    typer.echo("next to be rung")


@callbacks.command()
def assign(
    id: Id,
    agent: Annotated[str, typer.Argument(help="The one agent whom it is for; none: all again.")] = "",
    config: ConfigPath = DEFAULT,
    reason: Reason = "",
) -> None:
    """Give a callback to one agent alone, or to all again."""
    ask(read_config(config), "POST", f"/v1/callbacks/{id}/assign", {"agent": agent or None, "reason": reason})
    typer.echo(f"for {agent} alone" if agent else "for all agents")


# --- how it is shown --------------------------------------------------------------------------------------------------


def _print_json(found: object) -> None:
    typer.echo(json.dumps(found, indent=1, ensure_ascii=False))


def _print(
    found: Mapping[str, Any], as_json: bool, head: Sequence[str], row: Callable[[Mapping[str, Any]], Iterable[object]]
) -> None:
    if as_json:
        return _print_json(found["items"])
    rows = [tuple(head), *(tuple("" if cell is None else str(cell) for cell in row(one)) for one in found["items"])]
    widths = [max(len(cells[n]) for cells in rows) for n in range(len(head))]
    for cells in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    return None


def _show(found: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        return _print_json(found)
    for name, value in found.items():
        if value is not None:
            typer.echo(f"{name.replace('_', ' ')}: {value}")
    return None


def _moment(config: Config, written: str) -> str:
    """The time with its zone: the site's, unless another is written. Exits when it is no time."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        typer.echo(f"{written} is no time: write 2026-12-01T10:00", err=True)
        raise typer.Exit(MISUSED) from None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(config.site.zone))).isoformat()


def _clock(config: Config, moment: str | None) -> str:
    """The time by the site's clock; empty for none."""
    if moment is None:
        return ""
    return f"{datetime.fromisoformat(moment).astimezone(ZoneInfo(config.site.zone)):%Y-%m-%d %H:%M}"


def _span(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds // 60:.0f}:{seconds % 60:02.0f}"


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"

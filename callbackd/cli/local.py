"""Asks the running daemon by its socket file, for the commands that look at the line or change something."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

import typer

from callbackd.api.server import SOCKET
from callbackd.cli.common import MISUSED, REFUSED
from callbackd.config.sections import Config

_PATIENCE_S = 15.0
_MEND_IT = {400, 404, 405, 413, 415, 422}
"""Statuses of mistakes in the command; other refusals may be over in a moment."""


class _Local(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("callbackd", timeout=_PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_PATIENCE_S)
        folder = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY)
        try:  # by the directory: the whole path may be too long for a socket
            self.sock.connect(f"/proc/self/fd/{folder}/{self._path.name}")
        finally:
            os.close(folder)


def ask(
    config: Config, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str | None
) -> dict[str, Any]:
    """What the daemon answered; empty where it only did what was asked. Prints a refusal and exits otherwise."""
    wanted = {name: value for name, value in query.items() if value}
    address = quote(path) + (f"?{urlencode(wanted)}" if wanted else "")
    connection = _Local(config.state_dir / SOCKET)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, address, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
    except (FileNotFoundError, ConnectionRefusedError):
        _end(REFUSED, f"no callbackd works for {config.state_dir}: start it, or see systemctl status callbackd")
    except PermissionError:
        _end(REFUSED, f"{config.state_dir / SOCKET} is for root and for callbackd's own user: use sudo")
    except (OSError, http.client.HTTPException) as error:
        _end(REFUSED, f"callbackd does not answer: {error or type(error).__name__}")
    finally:
        connection.close()
    shown: dict[str, Any] = json.loads(text) if text else {}
    if answer.status >= 400:
        _end(MISUSED if answer.status in _MEND_IT else REFUSED, _in_words(shown))
    return shown


def _in_words(problem: Mapping[str, Any]) -> str:
    told = [str(problem.get("detail", "it was refused"))]
    told += [f"  {fault['pointer'].removeprefix('/')}: {fault['detail']}" for fault in problem.get("errors", ())]
    told += [f"  free: {', '.join(problem['free'])}"] if problem.get("free") else []
    return "\n".join([*told, f"  {problem['way_out']}"] if "way_out" in problem else told)


def _end(status: int, why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(status)

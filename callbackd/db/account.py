"""The system user as which the private PostgreSQL runs, and what that user may reach."""

from __future__ import annotations

import os
import pwd
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


class NoAccount(Exception):
    """There is no user to run PostgreSQL as. The message names the way out."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system user the server runs as."""

    uid: int
    gid: int
    name: str

    @classmethod
    def of(cls, data: Path) -> Self:
        """Our own account; for root, the owner of existing data, else an account without privileges."""
        if os.geteuid() != 0:
            return cls._named(os.geteuid())
        if data.exists() and (uid := data.stat().st_uid) != 0:
            return cls._named(uid)
        for name in ("postgres", "nobody"):
            with suppress(KeyError):
                return cls._named(pwd.getpwnam(name).pw_uid)
        raise NoAccount("PostgreSQL does not run as root, and there is no user postgres or nobody: create one")

    @classmethod
    def _named(cls, uid: int) -> Self:
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            raise NoAccount(f"user id {uid} has no name, and PostgreSQL wants one: add it to /etc/passwd") from None
        return cls(entry.pw_uid, entry.pw_gid, entry.pw_name)

    def become(self) -> dict[str, Any]:
        """Arguments for ``subprocess``, with almost none of our environment: PGPORT and NOTIFY_SOCKET are not for
        it."""
        lent = {"user": self.uid, "group": self.gid, "extra_groups": []} if os.geteuid() == 0 else {}
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        quiet = {"env": kept | {"LC_ALL": "C"}, "cwd": "/", "stdin": subprocess.DEVNULL}
        return quiet | lent | {"umask": 0o077, "start_new_session": True}

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, **self.become())  # noqa: S603 - no shell, no input

    def obstacle(self, path: Path) -> Path | None:
        """The first directory on the way to ``path`` that this user may not enter, or ``path`` itself if they may not
        execute it; None when nothing is in the way."""
        ask = 'for p; do test -x "$p" || { printf %s "$p"; exit; }; done'
        closed = self.run("/bin/sh", "-c", ask, "sh", *reversed(path.parents), path).stdout
        return Path(closed) if closed else None

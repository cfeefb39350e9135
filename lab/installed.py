"""Which Asterisk to test with: the system's own when it is new enough, else the one that script/setup unpacked.

It uses only the standard library: script/setup runs it as a program before anything else is installed. It prints the
version and exits with 0, or exits with 1.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

NEW_ENOUGH = {20: 20, 22: 10}
"""For each major version the oldest minor one with all that callbackd uses: ari-only transfers, an ACL for ARI, AMI's
filters."""


class Installed(NamedTuple):
    """An Asterisk that any user can start, from wherever it is."""

    command: tuple[str, ...]
    version: str
    modules: Path
    data: Path
    """Its astdatadir: documentation, sounds, rest-api."""


def cache_root() -> Path:
    """Where script/setup puts a Debian with Asterisk in it. The directory need not exist."""
    cache = os.environ.get("CALLBACKD_CACHE")
    if not cache:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        cache = str(Path(home) / "callbackd")
    return Path(cache).absolute() / "asterisk-sid"


def find_asterisk() -> Installed | None:
    """The system's Asterisk if it is new enough, else the one in the cache, else None."""
    return _system() or in_root(cache_root())


def in_root(root: Path) -> Installed | None:
    """The Asterisk in another system's root directory, started by that system's own loader and libraries, without a
    chroot."""
    for loader in sorted(root.glob("usr/lib/*/ld-linux-*.so.*")):
        libraries = loader.parent
        command = (
            str(loader),
            "--library-path",
            f"{libraries}:{libraries / 'pulseaudio'}",
            str(root / "usr/sbin/asterisk"),
        )
        return _look(command, libraries / "asterisk/modules", root / "usr/share/asterisk")
    return None


def _system() -> Installed | None:
    path = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin:/usr/local/sbin")
    if not path:
        return None
    prefix = Path(path).resolve().parents[1]
    homes = [*prefix.glob("lib/*/asterisk/modules"), prefix / "lib64/asterisk/modules", prefix / "lib/asterisk/modules"]
    modules = next((home for home in homes if (home / "res_ari.so").exists()), None)
    datas = (prefix / "share/asterisk", Path("/usr/share/asterisk"), Path("/var/lib/asterisk"))
    data = next((data for data in datas if (data / "documentation").exists()), datas[-1])
    return _look((path,), modules, data) if modules else None


def _look(command: tuple[str, ...], modules: Path, data: Path) -> Installed | None:
    try:
        told = subprocess.run(
            [*command, "-V"], capture_output=True, text=True, timeout=20, check=False, start_new_session=True
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"Asterisk ((\d+)\.(\d+)\S*)", told)
    if not match or not _new_enough(int(match[2]), int(match[3])) or not (modules / "res_ari.so").exists():
        return None
    return Installed(command, match[1], modules, data)


def _new_enough(major: int, minor: int) -> bool:
    return major > max(NEW_ENOUGH) or minor >= NEW_ENOUGH.get(major, sys.maxsize)


if __name__ == "__main__":
    found = find_asterisk()
    if found is None:
        sys.exit(1)
    print(found.version, found.command[-1])

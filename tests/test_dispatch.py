"""A new event, timer, stage or command that nobody answers is an error of mypy, not of the running daemon.

A copy of the package is given one more of each, and mypy is asked once. It must name each newcomer wherever its kind is
dispatched, and report nothing else.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHECKED = ["domain", "ari/perform.py", "simulate/pbx.py", "simulate/world.py", "db/journal.py"]


@dataclass(frozen=True)
class Newcomer:
    name: str
    file: str
    union: str
    """The start of the line to which it is added: a union's, or the head of an enum."""
    answered_by: tuple[str, ...]
    """The files that dispatch its kind."""

    def plant(self, package: Path) -> None:
        file = package / self.file
        source = file.read_text()
        head = re.search(rf"^{re.escape(self.union)}.*\n", source, re.MULTILINE)
        assert head, f"no line begins with {self.union!r} in {self.file}"
        if self.union.startswith("class "):
            changed = f'{head[0]}    {self.name} = "newcomer"\n'
        else:
            known = (
                head[0].replace("= (", f"= ({self.name} |")
                if "(" in head[0]
                else head[0].replace("=", f"= {self.name} |")
            )
            changed = f"@dataclass(frozen=True, slots=True)\nclass {self.name}:\n    leg: LegId\n\n\n{known}"
        file.write_text(source.replace(head[0], changed, 1))


NEWCOMERS = [
    Newcomer("ForNobody", "domain/events.py", "Event =", ("domain/acd/door.py",)),
    Newcomer("ForLegs", "domain/events.py", "LegEvent =", ("domain/acd/legs.py",)),
    Newcomer("ForSpeech", "domain/events.py", "SpokenEvent =", ("domain/acd/door.py",)),
    Newcomer("ForPromises", "domain/events.py", "StoredEvent =", ("domain/acd/door.py",)),
    Newcomer("ForPeople", "domain/events.py", "PeopleEvent =", ("domain/acd/door.py",)),
    Newcomer("ForTheHouse", "domain/events.py", "HouseEvent =", ("domain/acd/supervision.py",)),
    Newcomer("FRESH_TIMER", "domain/timers.py", "class Timer(", ("domain/acd/door.py",)),
    Newcomer("FRESH_STAGE", "domain/lives/dialogue.py", "class Stage(", ("domain/lives/conversation.py",)),
    Newcomer("FRESH_QUESTION", "domain/lives/conversation.py", "class Question(", ("domain/acd/conversation.py",)),
    Newcomer("FRESH_FOLLOW_UP", "domain/lives/conversation.py", "class After(", ("domain/speech/speaking.py",)),
    Newcomer("FRESH_ANYWHERE", "domain/lives/conversation.py", "class Anywhere(", ("domain/acd/conversation.py",)),
    Newcomer("FRESH_AT_MENU", "domain/lives/conversation.py", "class AtMenu(", ("domain/callers/menus.py",)),
    Newcomer("FRESH_PROMISING", "domain/lives/conversation.py", "class Promising(", ("domain/callbacks/promise.py",)),
    Newcomer("FRESH_AT_PROMISE", "domain/lives/conversation.py", "class AtPromise(", ("domain/callers/rejoin.py",)),
    Newcomer("FRESH_CUSTOMER", "domain/lives/conversation.py", "class ByCustomer(", ("domain/dialler/customer.py",)),
    Newcomer("FRESH_AGENT", "domain/lives/conversation.py", "class ByAgent(", ("domain/agents/floor.py",)),
    Newcomer("FreshAct", "domain/commands.py", "Act =", ("domain/commands.py", "ari/perform.py", "simulate/pbx.py")),
    Newcomer("FreshWrite", "domain/commands.py", "Write =", ("simulate/world.py", "db/journal.py")),
]


def complaints(package: Path) -> list[str]:
    """What mypy has against the package, a line each. Its cache outlives the test: most files are as it knows them."""
    options = ["--strict", "--no-error-summary", "--no-pretty", f"--cache-dir={ROOT / '.mypy_cache/dispatch'}"]
    files = [f"callbackd/{file}" for file in CHECKED]
    asked = [sys.executable, "-m", "mypy", "--config-file=", "--follow-imports=silent", *options, *files]
    done = subprocess.run(asked, cwd=package.parent, capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if " error: " in line]


def test_an_event_without_a_handler_is_named_wherever_its_kind_is_dispatched(tmp_path: Path) -> None:
    package = tmp_path / "callbackd"
    shutil.copytree(ROOT / "callbackd", package, ignore=shutil.ignore_patterns("__pycache__"))
    for newcomer in NEWCOMERS:
        newcomer.plant(package)
    found = {(line.split(":")[0].removeprefix("callbackd/"), named(line)) for line in complaints(package)}
    assert found == {(file, newcomer.name) for newcomer in NEWCOMERS for file in newcomer.answered_by}


def named(line: str) -> str:
    """The newcomer that a complaint is about; the whole complaint when it is about something else."""
    return next((n.name for n in NEWCOMERS if n.name in line and "assert_never" in line), line)

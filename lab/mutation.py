"""Runs mutmut over modules of the domain and lists the survivors by file and line, with what was changed."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DOMAIN = Path("callbackd/domain")
# mutmut works on a copy: it writes beside the files it reads, and takes its settings only from pyproject.toml.
COPY = ROOT / ".cache/mutation"
# The stub of a name that mutmut makes: module, x or xǁClassǁ, function, number.
_NAME = re.compile(r"(?P<module>[\w.]+)\.x(?:_|ǁ(?P<owner>\w+)ǁ)(?P<function>\w+)__mutmut_\d+")
_EVERY = re.compile(r"--every=([1-9]\d*)")
_HUNK = re.compile(r"@@ -(\d+)")
_TEXT = re.compile(r"""[rf]*("[^"]*"|'[^']*')|\bNone\b""")

# Changes are tried in forks of a process that has run all tests: what it has cached would hide them.
_FORGETS = """

def pytest_sessionstart():
    import sys

    for name, module in list(sys.modules.items()):
        if name.startswith("callbackd."):
            for value in vars(module).values():
                if hasattr(type(value), "cache_clear"):
                    value.cache_clear()
"""


class Survivor(NamedTuple):
    file: Path
    line: int
    was: list[str]
    became: list[str]

    @property
    def prose(self) -> bool:
        """True when only the wording differs: tests check reasons and texts only where somebody reads them."""
        return [_TEXT.sub("", line) for line in self.was] == [_TEXT.sub("", line) for line in self.became]

    def __str__(self) -> str:
        changes = [f"    - {line.strip()}" for line in self.was] + [f"    + {line.strip()}" for line in self.became]
        return "\n".join([f"{self.file}:{self.line}", *changes])


def main(arguments: list[str]) -> int:
    """The exit status: 0 when mutmut ran, whatever survived. This is a list to read, not a threshold."""
    every = next((int(found[1]) for argument in arguments if (found := _EVERY.fullmatch(argument))), 1)
    modules = [argument.removesuffix(".py") for argument in arguments if not argument.startswith("--")]
    for module in modules:
        if not (ROOT / DOMAIN / f"{module}.py").is_file():
            sys.exit(f"mutation: {DOMAIN}/{module}.py does not exist; name modules as in script/mutation dialler/retry")
    _copy([f"{DOMAIN}/{module}.py" for module in modules] or [f"{DOMAIN}/*"])
    at_a_time = os.environ.get("CALLBACKD_MUTANTS", "1")
    with suppress(KeyboardInterrupt):  # ends the run early; the survivors so far are listed
        subprocess.run([*_mutmut("run", *_sample(every)), "--max-children", at_a_time], cwd=COPY, check=True)

    ends = _ends()
    survivors = sorted(_survivor(name) for name, end in ends if end == "survived")
    shown = [one for one in survivors if "--prose" in arguments or not one.prose]
    print(*shown, sep="\n")
    print(", ".join(f"{count} {end}" for end, count in sorted(Counter(end for _, end in ends).items())), end="; ")
    print(f"{len(survivors) - len(shown)} survivors not shown: only wording was changed")
    return 0


def _copy(mutated: list[str]) -> None:
    shutil.rmtree(COPY, ignore_errors=True)
    for folder in ("callbackd", "lab", "tests"):
        shutil.copytree(ROOT / folder, COPY / folder, ignore=shutil.ignore_patterns("__pycache__", "sounds"))
    settings = {
        "source_paths": ["callbackd/domain"],
        "only_mutate": mutated,
        "also_copy": ["callbackd", "lab"],
        "pytest_add_cli_args_test_selection": ["tests/domain"],
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    text = "\n".join([(ROOT / "pyproject.toml").read_text(), "[tool.mutmut]", "track_dependencies = false", *lines])
    (COPY / "pyproject.toml").write_text(text + "\n")
    with (COPY / "tests/conftest.py").open("a") as conftest:
        conftest.write(_FORGETS)


def _sample(every: int) -> list[str]:
    """The names of one change in this many; none when all are to be tried."""
    if every == 1:
        return []
    subprocess.run(_mutmut("run", "no such change"), cwd=COPY, check=False, capture_output=True)  # makes, tries none
    return [name for name, _ in _ends()[::every]]


def _ends() -> list[list[str]]:
    """Name and end of each change."""
    return [line.strip().rsplit(": ", 1) for line in _said("results", "--all", "true").splitlines() if ": " in line]


def _survivor(name: str) -> Survivor:
    parts = _NAME.fullmatch(name)
    assert parts, name
    file = Path(parts["module"].replace(".", "/") + ".py")
    start = _start_of(file, parts["owner"], parts["function"])
    changes = [line for line in _said("show", name).splitlines() if not line.startswith(("---", "+++", "# "))]
    hunk = next(index for index, line in enumerate(changes) if line.startswith("@@"))
    first = next(index for index, line in enumerate(changes) if line.startswith("-"))
    within = _HUNK.match(changes[hunk])
    assert within, changes[hunk]
    line = start + int(within[1]) - 1 + (first - hunk - 1)
    was, became = ([line[1:] for line in changes if line.startswith(sign)] for sign in "-+")
    return Survivor(file, line, was, became)


def _start_of(file: Path, owner: str | None, function: str) -> int:
    """The line of a function's ``def``."""
    inside: list[ast.stmt] = ast.parse((ROOT / file).read_text()).body
    if owner:
        inside = next(node.body for node in inside if isinstance(node, ast.ClassDef) and node.name == owner)
    return next(node.lineno for node in inside if isinstance(node, ast.FunctionDef) and node.name == function)


def _said(*words: str) -> str:
    return subprocess.run(_mutmut(*words), cwd=COPY, check=True, capture_output=True, text=True).stdout


def _mutmut(*words: str) -> list[str]:
    return [sys.executable, "-m", "mutmut", *words]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

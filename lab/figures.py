"""The figures of the house: how the code is divided, how far one call travels in it, what is longest.

Works on any checkout, older layouts included: it reads files, and drives one call through that checkout's own test
double of a call centre.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lab.rules import reaches

# Runs inside the checkout under examination. A border is crossed when a file of the domain calls into another one;
# the standard library and the code that dataclasses generate between the two do not count.
_ONE_CALL = """
import sys
from collections import Counter
from tests.builders import Centre

inside = "/callbackd/domain/"
crossed, seen = Counter(), set()

def file_of(frame):
    return frame.f_code.co_filename.partition(inside)[2]

def room(file):
    return file.removesuffix(".py").partition("/")[0]

def watch(frame, event, argument):
    here = event == "call" and file_of(frame)
    if not here:
        return
    seen.add(here)
    caller = frame.f_back
    while caller and not file_of(caller):
        caller = caller.f_back
    if caller and file_of(caller) != here:
        crossed[file_of(caller), here] += 1

def told(what, act):
    crossed.clear(), seen.clear()
    sys.setprofile(watch)
    act()
    sys.setprofile(None)
    rooms = sum(count for (a, b), count in crossed.items() if room(a) != room(b))
    print(f"{what}: {crossed.total()} crossings between files, {rooms} of them between rooms, in {len(seen)} files")

centre = Centre()
centre.logs_in("alice")
def served():
    centre.calls("anna")
    centre.answers("alice")
busy = Centre()
told("one call that arrives and waits", lambda: busy.calls("anna"))
told("one call that arrives, rings an agent and is answered", served)
"""


def main(arguments: list[str]) -> None:
    root = Path(arguments[0] if arguments else ".").resolve()
    for line in (*_folders(root), *_imports(root), *_one_call(root), *_sizes(root), *_privates(root)):
        print(line)


def _folders(root: Path) -> Iterator[str]:
    domain = root / "callbackd/domain"
    rooms = [path for path in domain.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))]
    yield f"rooms of the domain (folders, and files beside them): {len(rooms) - 1}"
    counts = Counter(str(file.parent.relative_to(root)) for file in _files(root / "callbackd"))
    yield "files per folder: " + ", ".join(f"{folder} {count}" for folder, count in counts.most_common())


def _imports(root: Path) -> Iterator[str]:
    domain = root / "callbackd/domain"
    between_files, between_rooms = 0, Counter[tuple[str, str]]()
    for file in _files(domain):
        here = file.relative_to(domain).with_suffix("").parts
        for there in _imported_here(file, domain):
            between_files += there != here
            if there[0] != here[0]:
                between_rooms[here[0], there[0]] += 1
    yield (
        f"imports inside the domain: {between_files} between files, {between_rooms.total()} of them between rooms"
        f" ({len(between_rooms)} pairs of rooms)"
    )


def _imported_here(file: Path, domain: Path) -> set[tuple[str, ...]]:
    """The files of the domain that a file imports, as paths without suffix; ``from package import module`` counts."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("callbackd.domain"):
            base = tuple((node.module or "").split(".")[2:])
            for alias in node.names:
                deeper = domain.joinpath(*base, alias.name)
                found.add((*base, alias.name) if deeper.with_suffix(".py").exists() or deeper.is_dir() else base)
    return {one for one in found if one}


def _one_call(root: Path) -> Iterator[str]:
    done = subprocess.run([sys.executable, "-c", _ONE_CALL], cwd=root, capture_output=True, text=True, check=False)
    yield from done.stdout.splitlines() if done.returncode == 0 else [f"one call: {done.stderr.splitlines()[-1]}"]


def _sizes(root: Path) -> Iterator[str]:
    files = [file for file in _files(root / "callbackd") if file.name != "generated.py"]
    lines = {file: len(file.read_text().splitlines()) for file in files}
    functions = {
        f"{node.name} in {file.relative_to(root)}": (node.end_lineno or node.lineno) - node.lineno + 1
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    longest, largest = max(functions, key=functions.__getitem__), max(lines, key=lines.__getitem__)
    yield f"longest function: {longest}, {functions[longest]} lines"
    yield f"largest file: {largest.relative_to(root)}, {lines[largest]} lines"
    in_domain = {file: count for file, count in lines.items() if "domain" in file.parts}
    largest = max(in_domain, key=in_domain.__getitem__)
    yield f"largest file of the domain: {largest.relative_to(root)}, {lines[largest]} lines"


def _privates(root: Path) -> Iterator[str]:
    folders = ("callbackd", "tests", "lab")
    counts = {
        folder: sum(len(reaches(file.read_text(), own=folder != "callbackd")) for file in _files(root / folder))
        for folder in folders
    }
    told = ", ".join(f"{folder} {count}" for folder, count in counts.items())
    yield f"reaches into privates of others: {told}"


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


if __name__ == "__main__":
    main(sys.argv[1:])

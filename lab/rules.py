"""What a source file may not do, read from its syntax tree: each function returns its findings, "line: what".

The domain is kept pure by an allow list: a module that nobody thought of is refused until it is listed with a reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

# Everything the domain imports, and why that keeps it a function of its events.
PURE = {
    "__future__": "a switch of the compiler",
    "annotated_types": "limits as plain values, which others read",
    "bisect": "computes",
    "callbackd.domain": "checked by the same rule",
    "collections": "containers",
    "collections.abc": "types",
    "dataclasses": "plain values",
    "datetime": "arithmetic; the calls that read the clock or the machine's time zone are refused below",
    "enum": "names",
    "functools": "computes",
    "hashlib": "computes; ids follow from the entropy handed in",
    "heapq": "computes",
    "hmac": "computes; ids follow from the entropy handed in",
    "holidays": "a table of dates, the same for everybody who has the same version",
    "itertools": "computes",
    "math": "computes",
    "phonenumbers": "a table of numbering plans, the same for everybody who has the same version",
    "re": "computes",
    "types": "read-only views",
    "typing": "types",
    "zoneinfo": "the table of time zones; the files it reads are data, like holidays'",
}

# Builtins that reach outside, run text, or differ from one process to the next.
_REFUSED_NAMES = frozenset(
    {"open", "print", "input", "exec", "eval", "compile", "breakpoint", "__import__", "globals", "hash"}
)
# The clock and the machine's time zone, whatever the name of the class that has them.
_CLOCK_CALLS = frozenset({"now", "utcnow", "today", "time", "monotonic", "perf_counter", "localtime"})
_CLOCK_CLASSES = frozenset({"datetime", "date"})

# Names with an underscore that are public all the same, by their documentation.
_PUBLIC = frozenset({"_replace", "_asdict", "_fields", "_make", "_mapping"})
_BY_NAME = frozenset({"getattr", "setattr", "hasattr", "delattr"})


def impurities(source: str) -> list[str]:
    """Everything in a file of the domain that the domain may not do."""
    return [f"{node.lineno}: {what}" for node, what in _impurities(ast.parse(source))]


def reaches(source: str, *, own: bool = False) -> list[str]:
    """Every use of a private name of another object or another module, by attribute, import or string.

    With ``own``, classes of one file may use each other's.
    """
    tree = ast.parse(source)
    mine = _defined(tree) if own else set()
    return [f"{node.lineno}: {what}" for node, name, what in _reaches(tree) if name not in mine]


def imported(source: str) -> set[str]:
    """The modules a file imports, anywhere in it, by their full names."""
    return {module for _, module in _imports(ast.parse(source))}


def _impurities(tree: ast.AST) -> Iterator[tuple[ast.stmt | ast.expr, str]]:
    for importing, module in _imports(tree):
        if module not in PURE and not module.startswith("callbackd.domain."):
            yield importing, f"imports {module}"
    for node in ast.walk(tree):
        match node:
            case ast.AsyncFunctionDef() | ast.AsyncFor() | ast.AsyncWith() | ast.Await():
                yield node, "awaits"
            case ast.Global():
                yield node, "keeps state in a module"
            case ast.Name(id=name, ctx=ast.Load()) if name in _REFUSED_NAMES:
                yield node, f"uses {name}"
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in _CLOCK_CLASSES and name in _CLOCK_CALLS:
                yield node, f"reads the clock: {owner}.{name}"
            case ast.Call(func=ast.Attribute(attr=name)) if name in {"now", "utcnow", "today"}:
                yield node, f"reads the clock: {ast.unparse(node.func)}()"
            case ast.Call(func=ast.Attribute(attr="astimezone"), args=[], keywords=[]):
                yield node, "reads the machine's time zone: astimezone()"
            case ast.Call(func=ast.Attribute(attr="fromtimestamp"), args=[_], keywords=[]):
                yield node, "reads the machine's time zone: fromtimestamp() without a zone"


def _reaches(tree: ast.AST) -> Iterator[tuple[ast.stmt | ast.expr, str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                pass
            case ast.Attribute(attr=name) if _private(name):
                yield node, name, ast.unparse(node)
            case ast.ImportFrom(module=module, names=names):
                yield from ((node, "", f"{module}.{alias.name}") for alias in names if _private(alias.name))
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)) if called in _BY_NAME:
                for argument in node.args[:2]:
                    if isinstance(argument, ast.Constant) and _private(str(argument.value).rpartition(".")[2]):
                        yield node, "", ast.unparse(node)


def _defined(tree: ast.AST) -> set[str]:
    """The private methods and attributes of the classes of a file."""
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                names.add(name)
    return names


def _private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in _PUBLIC


def _imports(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node, alias.name) for alias in names)
            case ast.ImportFrom(module=module, level=level):
                yield node, "." * level + (module or "")

"""Prints the figures of coverage by package."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path


def main(figures: Path) -> None:
    packages: dict[str, Counter[str]] = {}
    for file, of_file in json.loads(figures.read_text())["files"].items():
        for package in (str(Path(file).parent), "all"):
            packages.setdefault(package, Counter()).update(of_file["summary"])
    for package, of in sorted(packages.items(), key=lambda item: (item[0] == "all", item[0])):
        lines, branches = of["num_statements"], of["num_branches"]
        shares = of["covered_lines"] / max(lines, 1), of["covered_branches"] / max(branches, 1)
        print(f"{package:30} lines {shares[0]:4.0%} of {lines:5}   branches {shares[1]:4.0%} of {branches:4}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

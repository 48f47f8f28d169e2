"""Which of the project's own files a bundle needs to answer: the service, and what the model's pickle refers to.

A model file holds no code. A bundle that is served after stages/lib/features.py has changed would answer otherwise, or
not at all; so it brings its code along.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("stages", "service")


def files_needed(model: bytes, root: Path = Path()) -> list[str]:
    """Paths relative to `root`: all of service/, the modules that the pickle `model` names, and what either imports."""
    start = [
        p.relative_to(root).as_posix()
        for p in (root / "service").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    ]
    start += [f"{name.decode().replace('.', '/')}.py" for name in set(re.findall(rb"stages(?:\.\w+)+", model))]
    found: set[str] = set()
    while start:
        path = start.pop()
        if path in found or not (root / path).is_file():
            continue
        found.add(path)
        if path.endswith(".py"):
            start += imported((root / path).read_text("utf-8"))
    return sorted(found)


def imported(source: str) -> Iterator[str]:
    """Files of the project that a module's text imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.split(".")[0] in PACKAGES:
                parts = name.split(".")
                yield f"{'/'.join(parts)}.py"
                yield from ("/".join([*parts[:i], "__init__.py"]) for i in range(1, len(parts) + 1))

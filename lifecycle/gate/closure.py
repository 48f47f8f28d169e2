"""Which of the project's own files a bundle needs to answer: the service, and what the model's pickle refers to.

A model file holds no code. A bundle that is served after custom/features.py has changed would answer otherwise, or
not at all; so it brings its code along.
"""

from __future__ import annotations

import ast
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGES = ("lifecycle", "custom", "service")


def files_needed(model: Any, root: Path = Path()) -> list[str]:
    """Paths relative to `root`: all of service/, the modules that `model`, as it is pickled, refers to, and what either imports."""
    start = [
        p.relative_to(root).as_posix()
        for p in (root / "service").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    ]
    start += [file for name in modules_of(model) for file in files_of(name)]
    found: set[str] = set()
    while start:
        path = start.pop()
        if path in found or not (root / path).is_file():
            continue
        found.add(path)
        if path.endswith(".py"):
            start += imported((root / path).read_text("utf-8"))
    return sorted(found)


class References(pickle.Pickler):
    """Notes the module of each class and function that a pickle refers to; what it writes goes nowhere."""

    def __init__(self) -> None:
        super().__init__(Nowhere())
        self.modules: set[str] = set()

    def reducer_override(self, obj: Any) -> Any:
        named = obj if isinstance(obj, type) or callable(obj) else type(obj)
        self.modules.add(getattr(named, "__module__", None) or type(obj).__module__)
        self.modules.add(type(obj).__module__)
        return NotImplemented


class Nowhere:
    def write(self, data: Any) -> int:
        return len(data)


def modules_of(model: Any) -> list[str]:
    """The project's modules that the model's pickle refers to."""
    references = References()
    references.dump(model)
    return sorted(name for name in references.modules if name.split(".")[0] in PACKAGES)


def files_of(module: str) -> Iterator[str]:
    """Where a module of the project may lie, and the packages above it."""
    parts = module.split(".")
    yield f"{'/'.join(parts)}.py"
    yield from ("/".join([*parts[:i], "__init__.py"]) for i in range(1, len(parts) + 1))


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
                yield from files_of(name)

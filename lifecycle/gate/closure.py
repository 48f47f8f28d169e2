"""Which of the project's own files a bundle needs to answer: the service, and what the model's pickle refers to.

A model file holds no code. A bundle that is served after custom/features.py has changed would answer otherwise, or
not at all; so it brings its code along.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from lifecycle.ground.errors import UserError

PACKAGES = ("lifecycle", "custom", "service")


def files_needed(model: Path, root: Path = Path()) -> list[str]:
    """Paths relative to `root`: all of service/, the modules that loading the model's folder needs, and what either imports."""
    start = [
        p.relative_to(root).as_posix()
        for p in (root / "service").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    ]
    start += [f"{name.replace('.', '/')}.py" for name in modules_of(model, root)]
    found: set[str] = set()
    while start:
        path = start.pop()
        if path in found or not (root / path).is_file():
            continue
        found.add(path)
        if path.endswith(".py"):
            start += imported((root / path).read_text("utf-8"))
    return sorted(found)


def modules_of(model: Path, root: Path) -> list[str]:
    """The project's modules that a process has which did nothing but load the model."""
    code = f"import sys; from lifecycle.model.store import load_model; load_model({str(model)!r}); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, encoding="utf-8", errors="replace"
    )
    if done.returncode:
        raise UserError(f"{model} cannot be loaded: {done.stderr.strip().splitlines()[-1]}")
    return [name for name in done.stdout.split() if name.split(".")[0] in PACKAGES]


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

"""Serving alone: what the service imports when it starts is in requirements-serve.txt."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from lifecycle.gate.alone import named, plain
from tests.scratch import ROOT

OWN = ("service", "lifecycle")
LATER = {"scored_file.py"}  # imported once `score` has made sure of pyarrow, which serving does without


def imported(path: Path) -> set[str]:
    """The modules that a file imports when it is imported: not those of a function, nor those for types alone."""
    found: set[str] = set()
    todo: list[ast.stmt] = list(ast.parse(path.read_text("utf-8")).body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo += node.orelse
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.ClassDef):
            todo += node.body
    return found


def file_of(module: str) -> Path | None:
    path = ROOT / module.replace(".", "/")
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((one for one in candidates if one.is_file()), None)


def reached(starts: list[Path]) -> dict[str, set[str]]:
    """{package of others: files that import it} of what the files import, and what these import."""
    found: dict[str, set[str]] = {}
    done: set[Path] = set()
    todo = list(starts)
    while todo:
        path = todo.pop()
        if path in done:
            continue
        done.add(path)
        for module in imported(path):
            top = module.partition(".")[0]
            if top in OWN:
                todo += filter(None, [file_of(module)])
            elif top and top not in sys.stdlib_module_names:
                found.setdefault(top, set()).add(path.relative_to(ROOT).as_posix())
    return found


def test_what_serving_imports_is_in_its_lock():
    lock = named(ROOT / "requirements-serve.txt")
    owners = packages_distributions()
    packages = reached([path for path in (ROOT / "service").glob("*.py") if path.name not in LATER])
    assert {"numpy", "pandas", "fastapi"} <= set(packages), "the walk finds what is surely there"
    lacking = {
        package: sorted(files)
        for package, files in packages.items()
        if not lock & {plain(name) for name in owners.get(package, [package])}
    }
    assert lacking == {}

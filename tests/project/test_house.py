"""Who may import whom, where you write: custom/ and stages/. dvc.yaml runs a stage with the code that it names, no other."""

import ast

import pytest

ALLOWED = {"custom": {"custom", "lifecycle"}, "stages": {"custom", "lifecycle"}}
HOUSE = {"custom", "stages", "lifecycle", "service", "actions", "tests"}


def imported(path):
    """Names of the packages that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_what_its_law_allows(root, room):
    doors = {(path.name, name) for path in (root / room).rglob("*.py") for name in imported(path)}
    assert {(file, name) for file, name in doors if name in HOUSE - ALLOWED[room]} == set()


def test_the_engine_does_not_know_what_is_built_on_it(root):
    doors = {(path.name, name) for path in (root / "lifecycle").rglob("*.py") for name in imported(path)}
    assert {(file, name) for file, name in doors if name in HOUSE - {"lifecycle"}} == set()

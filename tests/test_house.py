"""The rooms and the doors between them, and dvc.yaml's account of them, held against what the files import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
HOUSE = ("custom", "stages", "lifecycle", "service", "actions")
ROOMS = sorted(p.parent.name for p in (ROOT / "lifecycle").glob("*/__init__.py"))
# who may import whom, beside itself; a room of the engine goes by its folder
LAWS = {
    "custom": {"lifecycle"},
    "stages": {"lifecycle", "custom"},
    "actions": {"lifecycle", "service", "custom"},
    "service": {"lifecycle/ground", "lifecycle/table", "lifecycle/model"},
    "lifecycle/ground": set(),
    "lifecycle/table": {"lifecycle/ground"},
    "lifecycle/model": {"lifecycle/ground", "lifecycle/table"},
}
NEVER = dict.fromkeys(("evaluate", "gate", "report", "monitor"), "lifecycle/search")


def imported(path: Path) -> set[Path]:
    """Files of the project that `path` imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        files = {ROOT / f"{name.replace('.', '/')}.py" for name in names if name.split(".")[0] in HOUSE}
        found |= {file for file in files if file.is_file()}
    return found


def room(path: Path) -> str:
    """`lifecycle/table` of a file in there, `stages` of a stage."""
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[:2]) if parts[0] == "lifecycle" and len(parts) > 2 else parts[0]


def dependency(path: Path) -> str:
    """What dvc.yaml calls it: the room, but of what is the user's the file, so that a new feature repeats no `define`."""
    return path.relative_to(ROOT).as_posix() if room(path) == "custom" else room(path)


def may(here: str, there: str) -> bool:
    allowed = LAWS.get(here, {f"lifecycle/{name}" for name in ROOMS})
    return there == here or there in allowed or there.split("/")[0] in allowed


def sources() -> list[Path]:
    return sorted(path for name in HOUSE for path in (ROOT / name).rglob("*.py"))


def test_each_room_imports_only_what_its_law_allows():
    doors = {(path, other) for path in sources() for other in imported(path)}
    broken = sorted(
        f"{a.relative_to(ROOT)} imports {b.relative_to(ROOT)}" for a, b in doors if not may(room(a), room(b))
    )
    assert broken == []


def test_judging_reporting_and_watching_know_nothing_of_the_search():
    doors = {(path, other) for path in sources() for other in imported(path)}
    assert [str(a) for a, b in doors if NEVER.get(room(a).removeprefix("lifecycle/")) == room(b)] == []


def closure(path: Path) -> set[Path]:
    """`path`, the project's own files that it imports, and those that these import."""
    seen, todo = set(), {path}
    while todo:
        one = todo.pop()
        seen.add(one)
        todo |= imported(one) - seen
    return seen


@pytest.mark.parametrize("name", STAGES)
def test_the_code_that_dvc_yaml_names_for_a_stage_is_what_it_imports_no_more_no_less(name):
    needed = {dependency(file) for file in closure(ROOT / f"stages/{name}.py")} - {"stages"}
    if "models/candidate" in STAGES[name]["deps"] or name == "train":
        needed.add("custom")  # the model refers to the user's add_features
    if name == "deploy":
        needed.add("service")  # goes into the bundle as it is
    if "custom" in needed:
        needed = {one for one in needed if not one.startswith("custom/")}
    named = {dep for dep in STAGES[name]["deps"] if dep.split("/")[0] in HOUSE} - {f"stages/{name}.py"}
    assert named == needed


@pytest.mark.parametrize(
    ("name", "needless"),
    [
        ("define", {"sklearn", "scipy", "matplotlib", "joblib"}),
        ("clean", {"sklearn", "scipy", "matplotlib", "joblib"}),
        ("split", {"sklearn", "scipy", "matplotlib", "joblib"}),
        ("train", {"matplotlib"}),
        ("evaluate", {"matplotlib"}),
        ("validate", {"matplotlib"}),
        ("report", {"sklearn", "pyarrow.parquet"}),
        ("monitor", {"matplotlib", "sklearn"}),
    ],
)
def test_a_stage_starts_without_the_libraries_that_it_does_not_need(name, needless):
    code = f"import sys, stages.{name}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert needless & set(loaded.stdout.split()) == set()


def test_no_two_classes_go_by_one_name():
    names = [
        node.name
        for path in sources()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    assert sorted({name for name in names if names.count(name) > 1}) == []

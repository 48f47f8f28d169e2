"""dvc.yaml tells the truth: what a stage imports is a dep of it, and what it does not need it does not import."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lifecycle.gate.closure import imported

ROOT = Path(__file__).parents[1]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def closure(path: Path) -> set[Path]:
    """The project's own files that `path` imports, at its top or inside a function, and those that these import."""
    seen, todo = set(), {path}
    while todo:
        one = todo.pop()
        seen.add(one)
        names = (ROOT / name for name in imported(one.read_text(encoding="utf-8")))
        todo |= {file for file in names if file.is_file()} - seen
    return seen


@pytest.mark.parametrize("name", STAGES)
def test_a_change_in_any_file_that_a_stage_imports_runs_it_again(name):
    needed = {f.relative_to(ROOT).as_posix() for f in closure(ROOT / f"stages/{name}.py")}
    lacking = needed - set(STAGES[name]["deps"]) - {"stages/__init__.py", "stages/lib/__init__.py"}
    assert not lacking, f"dvc.yaml: {name} imports {sorted(lacking)}, which are no deps of it"


@pytest.mark.parametrize("name", STAGES)
def test_each_python_dep_is_there(name):
    assert [d for d in STAGES[name]["deps"] if d.endswith((".py", ".txt", ".html")) and not (ROOT / d).is_file()] == []


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
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert needless & set(loaded) == set()

"""Which files of the project a bundle brings along."""

from pathlib import Path

import pytest

from lifecycle.gate.closure import files_needed, modules_of
from lifecycle.model.calibrate import Calibration


@pytest.fixture
def add_features(monkeypatch):
    """The user's own function of a table, as custom/features.py may have one."""

    def add_features(frame):
        return frame

    add_features.__module__, add_features.__qualname__ = "custom.features", "add_features"
    monkeypatch.setattr("custom.features.add_features", add_features)
    return add_features


def test_the_modules_are_those_that_the_pickle_refers_to(add_features):
    assert modules_of([{"calibration": Calibration(1.0, 0.0)}, "text", 1.5]) == ["lifecycle.model.calibrate"]
    assert modules_of((add_features, Calibration)) == ["custom.features", "lifecycle.model.calibrate"]


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def test_what_these_import_comes_along_at_the_top_or_inside_a_function_and_nothing_else(tmp_path, add_features):
    write(
        tmp_path,
        custom__features="import custom.tables\n",
        custom__tables="def late():\n    from lifecycle.table import units\n",
        custom__unused="",
        lifecycle__table__units="",
        lifecycle__report__page="",
        service__app="",
    )
    (tmp_path / "custom/__init__.py").touch()
    assert files_needed(add_features, tmp_path) == [
        "custom/__init__.py",
        "custom/features.py",
        "custom/tables.py",
        "lifecycle/table/units.py",
        "service/app.py",
    ]

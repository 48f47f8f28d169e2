"""drill: the monitor is tried on the project's own rows, and one that cannot see fails."""

import contextlib
import io
import os
import re

import pytest
import yaml

from actions import drill
from lifecycle.ground.errors import stage
from tests.watched import write_bundle


def run(folder, **changes):
    """(exit status, what it printed)"""
    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text("utf-8"))
    for block, values in changes.items():
        params[block] |= values
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    out, before = io.StringIO(), os.getcwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out):
            stage(drill.main)
    except SystemExit as end:
        return 1, out.getvalue() + str(end.code)
    finally:
        os.chdir(before)
    return 0, out.getvalue()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_fault_is_caught_and_a_clean_control_is_calm(tmp_path, task):
    code, said = run(write_bundle(tmp_path, task, n=800))
    assert code == 0, said
    assert len(re.findall(r"caught: (?:warn|retrain)", said)) == len(drill.FAULTS), said
    assert "0 alarms" in said


def test_a_monitor_that_cannot_see_fails(tmp_path):
    folder = write_bundle(tmp_path, "binary")
    blind = dict.fromkeys(yaml.safe_load((folder / "params.yaml").read_text("utf-8"))["monitor"]["rules"], "ok")
    code, said = run(folder, monitor={"rules": blind})
    assert code == 1 and "shifted column was missed" in said and "flipped labels was missed" in said


def test_a_monitor_that_cries_wolf_fails(tmp_path):
    code, said = run(
        write_bundle(tmp_path, "binary"),
        monitor={"false_alarms": 0.5, "min_effect": 0, "min_auc": 0.5, "min_correlation": 0},
    )
    assert code == 1 and "clean controls raise an alarm" in said, said


def test_a_fault_that_is_not_required_may_be_missed(tmp_path):
    folder = write_bundle(tmp_path, "binary")
    code, said = run(folder, monitor={"min_labels": 10_000}, drill={"required": ["shifted column"]})
    assert code == 0 and "MISSED" in said


def test_it_writes_nothing(tmp_path):
    folder = write_bundle(tmp_path, "binary")
    before = sorted(p for p in folder.rglob("*"))
    run(folder)
    assert sorted(p for p in folder.rglob("*")) == before


def test_no_bundle_and_an_unknown_fault_are_one_line(tmp_path):
    code, said = run(write_bundle(tmp_path, "binary"), drill={"required": ["flood"]})
    assert code == 1 and "there are shifted column" in said
    (tmp_path / "models/bundle/model.joblib").unlink()
    code, said = run(tmp_path, drill={"required": []})
    assert code == 1 and "no bundle to try" in said


def test_with_few_rows_a_missed_fault_is_told_and_fails_nothing(tmp_path):
    code, said = run(write_bundle(tmp_path, "binary", n=60), monitor={"min_labels": 10_000})
    assert code == 0 and "MISSED" in said and "30 rows are too few" in said

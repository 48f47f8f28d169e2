"""train on the real tables beside this repository: no warning, the right task, better than the naive baseline."""

import csv
import os
import subprocess
import sys

import pytest

from lifecycle.ground.files import read_json
from tests.scratch import ROOT, run_stages, scratch

SHARED = ROOT.parent / "shared/datasets"
TABLES = list(csv.DictReader((SHARED / "catalogue.csv").read_text("utf-8").splitlines())) if SHARED.exists() else []
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not TABLES, reason=f"{SHARED} is not there: nothing real was tried")]


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t["name"])
def test_train_warns_of_nothing_and_beats_the_baseline(tmp_path, table):
    candidates = {"candidates": read_candidates(), "folds": 5, "repeats": 1, "time_budget": 20}
    folder = scratch(tmp_path, (SHARED / table["file"]).read_bytes(), table["target"], train=candidates)
    run_stages(folder, "define", "clean", "split")
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error::RuntimeWarning,error::UserWarning,error::FutureWarning",
    }
    done = subprocess.run([sys.executable, "-m", "stages.train"], cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    facts = read_json(folder / "models/candidate/candidate.json")
    assert facts["task"] == table["task"]
    assert facts["oof_score"] < facts["oof_baseline"] and facts["name"] != "naive baseline"


def read_candidates():
    import yaml

    return yaml.safe_load((ROOT / "params.yaml").read_text("utf-8"))["train"]["candidates"]

"""The bundle: complete, deterministic, alone; none where the gate failed."""

import json
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from tests.service import build


@pytest.fixture
def copy(project, tmp_path):
    return shutil.copytree(project, tmp_path / "copy")


def hashes(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_bundle_holds_what_serves_and_says_so_in_its_manifest(folder):
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert {*manifest["files"], "manifest.json"} == set(hashes(folder))
    for name in (
        "model.joblib",
        "contract.yaml",
        "golden.json",
        "requirements.txt",
        "MODEL_CARD.md",
        "reference.parquet",
    ):
        assert name in manifest["files"]
    assert set(manifest["data"]) == {"data/contract.yaml", "data/train.parquet", "data/test.parquet"}
    assert {"python", "scikit-learn", "numpy", "pandas"} <= set(manifest["versions"])


def test_the_same_inputs_give_the_same_bytes(copy, folder):
    assert "answered alike" in build.run(copy, "deploy")
    assert hashes(copy / "models" / "bundle") == hashes(folder)


def test_a_candidate_that_failed_the_gate_yields_nothing_but_the_reasons(copy):
    path = copy / "reports" / "validation.json"
    gate = json.loads(path.read_text("utf-8"))
    gate["passed"] = gate["checks"][0]["passed"] = False
    path.write_text(json.dumps(gate), "utf-8")
    assert "gate failed" in build.run(copy, "deploy")
    assert [p.name for p in (copy / "models" / "bundle").iterdir()] == ["REFUSED.md"]
    assert gate["checks"][0]["name"] in (copy / "models" / "bundle" / "REFUSED.md").read_text("utf-8")


def test_a_bundle_that_answers_otherwise_alone_is_not_made(copy, folder):
    """The code that goes along is the code that was trained with: here a feature that only one of them has."""
    features = copy / "custom" / "features.py"
    own = """
import os


def add_features(frame):
    frame["size"] = frame["size"] + (5.0 if "code" in __file__ else 0.0)
    return frame
"""
    features.write_text(own, "utf-8")
    build.run(copy, "train")
    done = subprocess.run(
        [sys.executable, "-m", "stages.deploy"],
        cwd=copy,
        env=build.environment(),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1 and "fresh process" in done.stderr and "Traceback" not in done.stderr
    assert hashes(copy / "models" / "bundle") == hashes(folder), "the earlier bundle stays as it was"


def test_golden_rows_hold_the_odd_ones_too(folder, bundle):
    rows = build.golden(folder)["rows"]
    assert rows[-3] == dict.fromkeys(rows[0])
    assert rows[-1]["size"] > 100 and "never seen" in rows[-2]["place"]
    assert bundle.golden_difference() == 0


def test_the_reference_is_the_test_rows_with_their_answers(project, folder, bundle):
    reference, test = pd.read_parquet(folder / "reference.parquet"), pd.read_parquet(project / "data" / "test.parquet")
    pd.testing.assert_frame_equal(reference[test.columns], test)
    assert (reference[["__p_0__", "__p_1__"]].to_numpy() == bundle.model.predictions(test)).all()


def test_a_regressions_reference_has_one_answer(regression):
    assert "__answer__" in pd.read_parquet(regression / "models" / "bundle" / "reference.parquet")


def test_the_model_card_is_one_that_the_hub_reads(folder):
    _, front, text = (folder / "MODEL_CARD.md").read_text("utf-8").split("---\n", 2)
    front = yaml.safe_load(front)
    assert front["pipeline_tag"] == "tabular-classification"
    assert {m["type"] for m in front["model-index"][0]["results"][0]["metrics"]} >= {"log_loss", "roc_auc"}
    for heading in ("## Data", "## Metrics", "## Slices", "## Limits", "## Acceptance"):
        assert heading in text


def test_dvc_yaml_names_all_the_code_that_a_bundle_brings_along(folder):
    deps = set(yaml.safe_load((build.ROOT / "dvc.yaml").read_text("utf-8"))["stages"]["deploy"]["deps"])
    code = {p.relative_to(folder / "code").as_posix() for p in (folder / "code").rglob("*") if p.is_file()}
    lacking = {path for path in code if not any(path.startswith(f"{dep}/") for dep in deps)} - {"lifecycle/__init__.py"}
    assert lacking == set(), "deploy would not run again when these change"


def test_a_released_model_that_is_not_here_is_not_taken_for_none(copy):
    (copy / "models" / "champion" / "bundle.dvc").write_text("outs:\n- path: bundle\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "stages.validate"],
        cwd=copy,
        env=build.environment(),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1 and "`dvc pull models/champion/bundle.dvc`" in done.stderr.replace("\\", "/")

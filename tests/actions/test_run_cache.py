"""DVC's run cache: what an experiment has made before costs nothing again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.scratch import scratch

ROOT = Path(__file__).parents[2]
HOUSE = (
    "actions",
    "custom",
    "lifecycle",
    "service",
    "stages",
    "dvc.yaml",
    "requirements.txt",
    "requirements-serve.txt",
)
LIFECYCLE = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]
TABLE = "size,rooms,sold\n" + "".join(
    f"{n * 7 % 83},{n % 5},{'yes' if n * 7 % 83 > 40 else 'no'}\n" for n in range(200)
)


def outputs(stage, *kinds):
    """(path, settings) of what the stage writes."""
    entries = [entry for kind in kinds for entry in LIFECYCLE[stage].get(kind, [])]
    return [next(iter(entry.items())) if isinstance(entry, dict) else (entry, {}) for entry in entries]


@pytest.mark.parametrize("stage", ["train", "evaluate", "validate", "deploy"])
def test_no_output_of_a_stage_that_takes_long_persists(stage):
    """DVC leaves such a stage out of its run cache (dvc issues 10589, 4861)."""
    assert not [path for path, settings in outputs(stage, "outs", "metrics", "plots") if settings.get("persist")]


@pytest.mark.parametrize("stage", ["train", "deploy"])
def test_what_git_keeps_is_a_metric_or_a_plot(stage):
    """DVC leaves a stage with another output that it does not cache out of its run cache (dvc pull request 8738)."""
    assert not [path for path, settings in outputs(stage, "outs") if settings.get("cache") is False]


def run(*command, cwd):
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def project(tmp_path):
    """A table and the house, under DVC."""
    place = scratch(tmp_path / "project", TABLE, "sold")
    for name in HOUSE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, place / name)
    run(sys.executable, "-m", "dvc", "init", "-q", "--no-scm", cwd=place)
    return place


def train_with(project, choose):
    """What `dvc repro train` says with train.choose set so."""
    path = project / "params.yaml"
    params = yaml.safe_load(path.read_text("utf-8"))
    params["train"]["choose"] = choose
    path.write_text(yaml.safe_dump(params, sort_keys=False), "utf-8")
    return run(sys.executable, "-m", "dvc", "repro", "train", cwd=project)


@pytest.mark.slow
def test_a_setting_tried_before_is_not_trained_again(project):
    written = [Path("models/candidate/model.joblib"), *(Path(p) for p, _ in outputs("train", "metrics", "plots"))]
    assert "Running stage 'train'" in train_with(project, "linear")
    before = {path: (project / path).read_bytes() for path in written}
    assert "Running stage 'train'" in train_with(project, "boosting")
    said = train_with(project, "linear")
    assert "Stage 'train' is cached" in said and "Running stage 'train'" not in said
    assert {path: (project / path).read_bytes() for path in written} == before

"""DVC's run cache: what an experiment has made before costs nothing again; and what a stage that failed had taken away comes back."""

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
    ".dvcignore",
    ".gitignore",
    "dvc.yaml",
    "pyproject.toml",
    "requirements.txt",
    "requirements-serve.txt",
)
TABLE = "size,age,sold\n" + "".join(
    f"{n * 37 % 101},{n * 13 % 97},{'yes' if (n * 37 % 101 > 50) != (n % 11 == 0) else 'no'}\n" for n in range(600)
)
LONG = ("train", "evaluate", "validate", "deploy")


@pytest.fixture(scope="module")
def lifecycle(tmp_path_factory):
    """{stage: its outputs, as DVC reads them} of dvc.yaml."""
    from dvc.repo import Repo

    place = tmp_path_factory.mktemp("lifecycle")
    shutil.copyfile(ROOT / "dvc.yaml", place / "dvc.yaml")
    shutil.copyfile(ROOT / "params.yaml", place / "params.yaml")
    with Repo.init(str(place), no_scm=True) as repository:
        return {stage.name: stage.outs for stage in repository.index.stages}


@pytest.mark.parametrize("stage", LONG)
def test_a_stage_that_takes_long_can_come_from_the_run_cache(lifecycle, stage):
    """As DVC decides it: `_can_hash` of dvc/stage/cache.py, and `no_cache_outs` of Stage.run (dvc issues 10589, 4861, 8738)."""
    assert not [out.def_path for out in lifecycle[stage] if out.persist or out.protocol != "local"]
    assert not [out.def_path for out in lifecycle[stage] if not out.use_cache and not (out.is_metric or out.is_plot)]


@pytest.mark.parametrize("stage", ["define", "clean", "split", "report", "monitor"])
def test_what_the_others_made_stays_where_they_fail(lifecycle, stage):
    assert all(out.persist for out in lifecycle[stage])


def run(*command, cwd, check=True):
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "."}
    env |= {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, encoding="utf-8")
    assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def repro(project, **settings):
    """What `dvc repro deploy` says with these parameters of `train`."""
    path = project / "params.yaml"
    params = yaml.safe_load(path.read_text("utf-8"))
    params["train"] |= settings
    path.write_text(yaml.safe_dump(params, sort_keys=False), "utf-8")
    return run(sys.executable, "-m", "dvc", "repro", "deploy", cwd=project)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A table and the house, under DVC and Git, after a first run."""
    place = scratch(tmp_path_factory.mktemp("run_cache") / "project", TABLE, "sold")
    for name in HOUSE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, place / name)
    (place / "models/champion").mkdir(parents=True)
    shutil.copyfile(ROOT / "models/champion/README.md", place / "models/champion/README.md")
    run("git", "init", "-q", cwd=place)
    run(sys.executable, "-m", "dvc", "init", "-q", cwd=place)
    run(sys.executable, "-m", "dvc", "add", "-q", "data/raw", cwd=place)
    said = repro(place, choose="linear")
    assert all(f"Running stage '{stage}'" in said for stage in LONG)
    run("git", "add", "-A", cwd=place)
    run("git", "commit", "-qm", "The first model", cwd=place)
    return place


@pytest.fixture
def project(made, tmp_path):
    return shutil.copytree(made, tmp_path / "project", symlinks=True)


def outputs(project, *stages):
    """{file: bytes} of all that these stages wrote."""
    entries = yaml.safe_load((project / "dvc.lock").read_text("utf-8"))["stages"]
    places = [project / out["path"] for stage in stages for out in entries[stage]["outs"]]
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*")) if file.is_file()]
    return {file.relative_to(project).as_posix(): file.read_bytes() for file in files}


@pytest.mark.slow
def test_an_experiment_made_before_is_not_made_again(project):
    before = outputs(project, *LONG)
    assert {"models/bundle/manifest.json", "reports/validation.json", "reports/plots/curve.csv"} < before.keys()
    said = repro(project, choose="boosting")
    assert all(f"Running stage '{stage}'" in said for stage in LONG)
    assert outputs(project, "train") != {name: before.get(name) for name in outputs(project, "train")}
    said = repro(project, choose="linear")
    assert all(f"Stage '{stage}' is cached" in said for stage in LONG), said
    assert not any(f"Running stage '{stage}'" in said for stage in LONG), said
    assert outputs(project, *LONG) == before
    assert run("git", "status", "--porcelain", cwd=project) == ""


@pytest.mark.slow
@pytest.mark.parametrize("stage", LONG)
def test_what_a_failed_stage_had_taken_away_comes_back_by_the_doctor(project, stage):
    before = outputs(project, *LONG)
    path = project / f"stages/{stage}.py"
    text = path.read_text("utf-8")
    path.write_text(text.replace("def main() -> None:\n", "def main() -> None:\n    raise SystemExit('broken')\n"))
    said = run(sys.executable, "-m", "dvc", "repro", "deploy", cwd=project, check=False)
    assert "broken" in said and outputs(project, *LONG) != before
    assert "`make doctor`" in run(sys.executable, "-m", "actions.doctor", "--look", cwd=project)
    said = run(sys.executable, "-m", "actions.doctor", cwd=project)
    assert f"which `{stage}` had taken away to make it anew, is back" in said
    assert outputs(project, *LONG) == before
    path.write_text(text)
    assert "Running stage" not in run(sys.executable, "-m", "dvc", "repro", "deploy", cwd=project)

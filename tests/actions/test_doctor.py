"""doctor: what a stop can leave is mended and said; what is the user's own, or of a process that runs, is left alone."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import time

import psutil
import pytest
import yaml

from actions import doctor
from actions.registry import changed_paths
from lifecycle.ground.errors import stage
from tests.scratch import ROOT

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="NO GIT: apt-get install git")
LOCK = "schema: '2.0'\nstages:\n  train:\n    cmd: python train.py\n    outs:\n    - path: models/candidate\n      hash: md5\n      md5: {md5}\n"


def run(*command, place):
    subprocess.run(command, cwd=place, check=True, capture_output=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    place = tmp_path_factory.mktemp("doctor") / "project"
    (place / "models/candidate").mkdir(parents=True)
    (place / "models/candidate/model.joblib").write_text("a model")
    (place / "pyproject.toml").write_text('[project]\nname = "toy"\n')
    run("git", "init", "-q", place=place)
    run("git", "config", "user.email", "a@b.c", place=place)
    run("git", "config", "user.name", "Ada", place=place)
    run(sys.executable, "-m", "dvc", "init", "-q", place=place)
    run(sys.executable, "-m", "dvc", "add", "-q", "models/candidate", place=place)
    pointer = place / "models/candidate.dvc"
    md5 = yaml.safe_load(pointer.read_text())["outs"][0]["md5"]
    pointer.unlink()
    (place / "dvc.lock").write_text(LOCK.format(md5=md5))
    (place / "reports").mkdir()
    (place / "reports/metrics.json").write_text("{}")
    run("git", "add", "-A", place=place)
    run("git", "commit", "-qm", "Start", place=place)
    return place


@pytest.fixture
def project(whole, tmp_path, monkeypatch):
    place = shutil.copytree(whole, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "argv", ["doctor"])
    return place


def mended(*arguments):
    sys.argv[1:] = arguments
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        stage(doctor.main)
    assert not changed_paths()
    return out.getvalue()


def nobody():
    """The number of a process that does not run."""
    return next(n for n in range(99_999, 1, -1) if not psutil.pid_exists(n))


def test_where_nothing_was_stopped_nothing_changes(project):
    assert mended() == "doctor: all is well\n"


def test_locks_that_were_cut_off_are_taken_away(project):
    (project / ".dvc/tmp").mkdir(exist_ok=True)
    (project / ".dvc/tmp/rwlock").write_text('{"models/bundle": {"wri')
    (project / ".git/index.lock").write_text("")
    said = mended()
    assert "rwlock, which was cut off, is gone" in said and "index.lock, which a stopped git left, is gone" in said
    assert not (project / ".dvc/tmp/rwlock").exists() and not (project / ".git/index.lock").exists()


def locked_by(project, pid, age):
    """DVC's table of locked paths, written `age` seconds ago."""
    path = project / ".dvc/tmp/rwlock"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"read": {"data": [{"pid": pid, "cmd": "dvc repro"}]}, "write": {}}))
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_a_lock_whose_process_ended_before_another_got_its_number_is_taken_away(project):
    path = locked_by(project, os.getpid(), age=10 * 365 * 86400)
    assert "names an ended process whose number another one has now" in mended() and not path.exists()


def test_a_lock_of_a_process_that_runs_stays(project):
    path = locked_by(project, os.getpid(), age=0)
    assert mended() == "doctor: all is well\n" and path.exists()


@pytest.mark.parametrize("text", ["schema: '2.0'\nstages:\n  train:\n    outs:\n", "schema: '2", "", "<<<<<<< HEAD\n"])
def test_a_cut_dvc_lock_is_the_commit_s_again(project, text):
    whole = (project / "dvc.lock").read_text()
    (project / "dvc.lock").write_text(text)
    assert "dvc.lock, which was cut off, is the commit's again" in mended()
    assert (project / "dvc.lock").read_text() == whole


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        (".dvc/tmp/rwlock", '{"models/bundle": {"wri', "rwlock was cut off"),
        ("dvc.lock", "schema: '2.0'\nstages:\n  train:\n    outs:\n", "dvc.lock is cut off"),
        (".git/index.lock", "", "a lock of git is left"),
    ],
)
def test_asked_to_look_it_names_itself_and_mends_nothing(project, path, text, told):
    (project / path).parent.mkdir(exist_ok=True)
    (project / path).write_text(text)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        sys.argv[1:] = ["--look"]
        stage(doctor.main)
    assert told in out.getvalue() and "`make doctor` (python -m actions.doctor) mends that" in out.getvalue()
    assert (project / path).read_text() == text


@pytest.mark.skipif(os.name == "nt" or not shutil.which("make"), reason="NO MAKE: apt-get install make")
def test_make_repro_names_the_doctor_where_it_can_mend_what_stopped_it(project):
    """The project's own Makefile, with this Python in place of its environment."""
    shutil.copyfile(ROOT / "Makefile", project / "Makefile")
    (project / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    (project / "dvc.yaml").write_text("stages:\n  train:\n    cmd: echo trained\n")
    (project / "dvc.lock").write_text("schema: '2.0'\nstages:\n  train:\n    outs:\n")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["make", "repro", "--old-file=.venv/ready"], cwd=project, env=env, capture_output=True, encoding="utf-8"
    )
    assert done.returncode != 0
    assert "dvc.lock is cut off; `make doctor` (python -m actions.doctor) mends that" in done.stdout


def test_where_nothing_was_stopped_a_look_says_nothing(project):
    assert mended("--look") == ""


def test_half_made_files_and_folders_go_and_what_was_being_replaced_comes_back(project):
    gone = nobody()
    (project / f"reports/.report.html.{gone}.tmp").write_text("half")
    (project / f".scored.csv.{gone}.tmp").write_text("half")
    (project / f"models/.bundle.{gone}.tmp").mkdir()
    (project / f"models/.bundle.{gone}.old").mkdir()
    (project / f"models/.bundle.{gone}.old/model.joblib").write_text("the bundle before")
    mine = project / f"reports/.metrics.json.{os.getpid()}.tmp"
    mine.write_text("this process is writing it")
    (project / f".dvc/tmp/release-{gone}").mkdir(parents=True)
    said = mended()
    assert "bundle, which was just being replaced, is back as it was" in said and "clone of a stopped release" in said
    assert (project / "models/bundle/model.joblib").read_text() == "the bundle before"
    left = {p.name for p in project.rglob(".*tmp") if ".git" not in p.parts and ".dvc" not in p.parts}
    assert left == {mine.name}


def test_outputs_that_a_failed_stage_had_taken_away_come_back(project):
    shutil.rmtree(project / "models/candidate")
    assert "models/candidate, which `train` had taken away to make it anew, is back" in mended()
    assert (project / "models/candidate/model.joblib").read_text() == "a model"


def test_code_compiled_into_a_bundle_goes(project):
    cache = project / "models/bundle/code/service/__pycache__"
    cache.mkdir(parents=True)
    (cache / "app.cpython-311.pyc").write_bytes(b"anything")
    assert "__pycache__, which no manifest names, is gone" in mended() and not cache.exists()

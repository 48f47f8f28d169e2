"""The generated repository's workflows, step by step as GitHub's runner would, with a bare repository and a folder as remotes.

What a step needs of GitHub (actions, gh, docker) is left out here; every `run:` is executed as it stands.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.released import ROOT, copy_of_it, run, table

pytestmark = pytest.mark.slow
BOT = {
    "GIT_AUTHOR_NAME": "CI",
    "GIT_AUTHOR_EMAIL": "ci@example.org",
    "GIT_COMMITTER_NAME": "CI",
    "GIT_COMMITTER_EMAIL": "ci@example.org",
}


@pytest.fixture(scope="module")
def pushed(tmp_path_factory):
    """(project, bare repository): code on one, data and models on a DVC remote."""
    top = tmp_path_factory.mktemp("workflows")
    project = copy_of_it(tmp_path_factory, top / "project")
    run(top, "git", "init", "-q", "--bare", "-b", "main", "origin.git")
    for command in (
        f"git remote add origin {top / 'origin.git'}", f"dvc remote add -q -d storage {top / 'storage'}", "git add -A",
        "git commit -qm Remotes", "dvc push -q", "git push -q --follow-tags origin main", "git push -q --tags origin",
    ):  # fmt: skip
        run(project, *command.split())
    return project, top / "origin.git"


@pytest.fixture
def remote(pushed, tmp_path):
    """(project, bare repository) of its own for one test."""
    top = tmp_path / "remote"
    shutil.copytree(pushed[1].parent, top, symlinks=True)
    project, origin = top / "project", top / "origin.git"
    run(project, "git", "remote", "set-url", "origin", str(origin))
    # the storage is shared by all copies: it only grows
    return project, origin


def workflow(name):
    return yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text("utf-8"))


def run_job(name, job, origin, place, ref="main", **env):
    """Check out `ref` anew and run the job's steps; (the clone, the job's summary)."""
    run(place, "git", "clone", "-q", str(origin), "checkout")
    clone, files = place / "checkout", {k: place / k for k in ("GITHUB_STEP_SUMMARY", "GITHUB_ENV")}
    run(clone, "git", "checkout", "-q", ref)
    for file in files.values():
        file.write_text("")
    told = workflow(name)["jobs"][job]
    given = dict.fromkeys(told.get("env", {}), "") | {k: str(v) for k, v in files.items()} | env
    for step in told["steps"]:
        added = dict(line.split("=", 1) for line in files["GITHUB_ENV"].read_text().splitlines())
        if "run" not in step or "pip install" in step["run"]:
            continue
        if step.get("if") == "env.SKIP != '1'" and added.get("SKIP") == "1":
            continue
        assert "${{" not in step["run"], "an expression in a script is a hole: hand it over in env"
        done = run(clone, "bash", "-eo", "pipefail", "-c", step["run"], env=given | added)
        (place / "said").open("a", encoding="utf-8").write(done.stdout)
    return clone, files["GITHUB_STEP_SUMMARY"].read_text("utf-8")


def test_a_pull_request_is_reproduced_and_its_effect_is_told(remote, tmp_path):
    project, origin = remote
    base = run(project, "git", "rev-parse", "HEAD").stdout.strip()
    run(project, "git", "switch", "-q", "-c", "try")
    text = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(re.sub(r"max_iter: 60", "max_iter: 20", text))
    for command in ("dvc repro -q", "git add -A", "git commit -qm Try", "dvc push -q", "git push -q origin try"):
        run(project, *command.split())
    clone, summary = run_job("pipeline", "reproduce", origin, tmp_path, "origin/try", BASE=base)
    assert "train.candidates.boosting.max_iter" in summary and "Gate passed" in summary
    assert "| reports/metrics.json" in summary
    assert (clone / "reports/report.html").exists()
    # everything came from the remote's cache: nothing was trained again
    assert run(clone, "git", "status", "--porcelain", "models", "data").stdout == ""


def test_without_a_dvc_remote_the_workflows_warn_and_stop(remote, tmp_path):
    project, origin = remote
    run(project, "dvc", "remote", "remove", "storage")
    run(project, "git", "commit", "-qam", "No remote")
    run(project, "git", "push", "-q", "origin", "main")
    for name, job in (("pipeline", "reproduce"), ("monitor", "monitor")):
        place = tmp_path / name
        place.mkdir()
        assert run_job(name, job, origin, place)[1] == ""
        assert "::warning::" in (place / "said").read_text("utf-8")
        assert (place / "GITHUB_ENV").read_text() == "SKIP=1\n"


def live(project, batch):
    batch.to_parquet(project / "data/live/2025-04.parquet")
    for command in (
        "dvc add -q data/live/2025-04.parquet",
        "git add data/live",
        "git commit -qm Live",
        "dvc push -q",
        "git push -q origin main",
    ):
        run(project, *command.split())


def test_the_schedule_says_ok_where_nothing_changed(remote, tmp_path):
    project, origin = remote
    live(project, table(300, 2, "2025-04-01"))
    _, summary = run_job("monitor", "monitor", origin, tmp_path)
    assert "Monitoring: ok" in summary and "checks on 300 live rows found nothing" in summary
    assert "retrain" not in run(origin, "git", "branch", "--list").stdout
    assert "Live rows, and what" in run(origin, "git", "log", "-1", "--format=%s", "main").stdout


def test_the_schedule_makes_a_branch_that_can_be_released_elsewhere(remote, tmp_path):
    project, origin = remote
    live(project, table(400, 2, "2025-04-01", turned=True))
    _, summary = run_job("monitor", "monitor", origin, tmp_path)
    assert "Monitoring: retrain" in summary
    branch = run(origin, "git", "branch", "--list", "--format=%(refname:short)", "retrain/*").stdout.split()
    assert len(branch) == 1
    # again, before anybody has merged it: nothing is made twice
    again = tmp_path / "again"
    again.mkdir()
    run_job("monitor", "monitor", origin, again)
    assert run(origin, "git", "branch", "--list", "--format=%(refname:short)", "retrain/*").stdout.split() == branch
    # a colleague merges, releases and pushes; the tag's workflow checks it
    colleague = tmp_path / "colleague"
    run(tmp_path, "git", "clone", "-q", str(origin), str(colleague))
    for command in (
        f"git merge -q --ff-only origin/{branch[0]}",
        "dvc pull -q",
        f"{sys.executable} -m actions.release",
    ):
        run(colleague, *command.split(), env=BOT)
    run(colleague, "dvc", "push", "-q")
    run(colleague, "git", "push", "-q", "--follow-tags", "origin", "main")
    tags = [t for t in run(origin, "git", "tag", "--list", "*@v*").stdout.split() if t.endswith("v1.1.0")]
    assert len(tags) == 1
    place = tmp_path / "release"
    place.mkdir()
    _, summary = run_job("release", "release", origin, place, tags[0], GITHUB_REF_NAME=tags[0])
    assert tags[0] in summary


def test_the_crontab_line_does_the_whole_loop(remote, tmp_path):
    from service.log import PredictionLog, new_ids

    project, _ = remote
    readme = (
        ROOT / "{{cookiecutter.project}}/README.md" if (ROOT / "cookiecutter.json").exists() else ROOT / "README.md"
    ).read_text("utf-8")
    line = re.search(r"^ +17 4 \* \* 1 (.*)$", readme, re.MULTILINE)[1]
    log = PredictionLog(f"sqlite:///{project}/data/log/predictions.db")
    rows = table(400, 2, "2025-04-01", turned=True).to_dict("records")
    ids = new_ids(len(rows))
    from datetime import datetime, timedelta

    answers = [
        {"id": i, "time": datetime(2025, 4, 1) + timedelta(hours=n), "version": "v1.0.0", "request": "r", "flags": "{}",
         "row": json.dumps({k: v for k, v in row.items() if k != "good"}), "answer": "[0.5, 0.5]", "label": '"yes"'}
        for n, (i, row) in enumerate(zip(ids, rows, strict=True))
    ]  # fmt: skip
    log.write(answers)
    log.write_truths([{"id": i, "value": row["good"]} for i, row in zip(ids, rows, strict=True)])
    log.close()
    command = re.sub(r"cd \S+", f"cd {project}", line)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-c", command], env={"PATH": path, "HOME": str(tmp_path), **BOT}, capture_output=True, encoding="utf-8"
    )
    said = done.stdout + done.stderr + "".join(p.read_text() for p in (project / ".dvc/tmp").glob("*.log"))
    assert done.returncode == 0, said
    assert "retrain/live-" in run(project, "git", "branch", "--list").stdout, said

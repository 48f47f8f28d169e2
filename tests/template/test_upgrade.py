"""A project made by the template of 0.1.0, with code of its own and a release, taken to this one as CHANGELOG.md says."""

import contextlib
import json
import re
import shutil
import subprocess
import sys

import httpx
import pandas as pd
import pytest

from tests.released import table
from tests.service.running import free_port, wait
from tests.template.bake import ROOT, commit, root_files, run

pytestmark = pytest.mark.slow
OLD = "5f63b36"  # the last commit of 0.1.0
KNN = """
def knn(y, hyper, random_state):
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(**hyper)

"""


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """The template with its past, and what stands here as its newest commit."""
    if run("git", "cat-file", "-e", f"{OLD}^{{commit}}", cwd=ROOT, check=False).returncode:
        pytest.skip(f"this clone has no commit {OLD} (a shallow one): the upgrade was NOT tried")
    copy = tmp_path_factory.mktemp("history") / "cookiecutter-ml-lifecycle"
    run("git", "clone", "-q", "--no-checkout", ROOT, copy, cwd=ROOT)
    run("git", "symbolic-ref", "HEAD", "refs/heads/main", cwd=copy)
    for name in root_files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    run("git", "add", "-A", cwd=copy)
    if run("git", "status", "--porcelain", cwd=copy).stdout:
        commit(copy, "As it stands")
    return copy


SOURCE = "source: {query: '', database_url: DATABASE_URL}"


def edit(path, *changes):
    text = path.read_text("utf-8")
    for old, new in changes:
        assert old in text, f"{path} has no {old!r}"
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")


@pytest.fixture
def old(history, tmp_path, env):
    """The old project: features and a family of its own, changed parameters, v1.0.0 in production."""
    table(600, 1, "2025-01-01").to_csv(tmp_path / "bakes.csv", index=False)
    answers = {"project_name": "Old", "data": str(tmp_path / "bakes.csv"), "target": "good"}
    command = ("cruft", "create", history, "--checkout", OLD, "--no-input", "--extra-context", json.dumps(answers))
    run(*command, cwd=tmp_path, env=env)
    project = tmp_path / "old"
    edit(project / ".cruft.json", (f'"checkout": "{OLD}"', '"checkout": null'))
    edit(
        project / "stages/lib/features.py",
        ("    return frame\n", '    frame["hot"] = frame["heat"] * (frame["size"] > 0)\n    return frame\n'),
    )
    edit(
        project / "stages/lib/candidates.py",
        ("\nCANDIDATES = {\n", f'{KNN}\nCANDIDATES = {{\n    "knn": Candidate("linear", knn),\n'),
    )
    edit(
        project / "params.yaml",
        ("owner: ''", "owner: Ada"),
        ("time_budget: 60", "time_budget: 6"),
        ("    linear: {C: 1.0, alpha: 1.0}\n", "    linear: {C: 1.0, alpha: 1.0}\n    knn: {n_neighbors: 15}\n"),
    )
    run("dvc", "repro", "-q", cwd=project, env=env)
    commit(project, "The first model")
    run(sys.executable, "-m", "actions.release", cwd=project, env=env)
    return project


def commands():
    """The lines of CHANGELOG.md that take a project from 0.1 to 0.2."""
    part = (ROOT / "CHANGELOG.md").read_text("utf-8").partition("### From 0.1 to 0.2")[2].partition("\n#")[0]
    return [line.strip().split("  #")[0] for line in re.findall(r"^    (.+)$", part, re.MULTILINE)]


def test_an_older_project_is_brought_over_with_what_its_people_wrote(old, env):
    assert any(line.startswith("cruft update") for line in commands())
    for command in commands():
        if not command.startswith(("make", "python -m pip")):
            run("bash", "-ec", command.replace("cruft update", "cruft update -y"), cwd=old, env=env)
    assert 'frame["hot"]' in (old / "custom/features.py").read_text("utf-8")
    assert "def knn" in (old / "stages/lib/candidates.py").read_text("utf-8"), "left for its owner to move"
    # by hand: the own family into the file that is its place now
    edit(
        old / "custom/candidates.py",
        ("CANDIDATES: dict[str, Family] = {}", f'{KNN}\nCANDIDATES = {{"knn": Family("linear", knn)}}'),
    )
    shutil.rmtree(old / "stages/lib")
    # by hand: the keys that must be there, whose lines stood beside an edited one
    refused = (old / "params.yaml.rej").read_text("utf-8")
    assert "+  identity: []" in refused and "+  coverage: 0.9" in refused
    edit(
        old / "params.yaml",
        ("  exclude: []", "  capacity: ''\n  tolerance: ''\n  protected: []\n  exclude: []"),
        ("\ndefine:\n", f"\n{SOURCE}\n\ndefine:\n  encoding: ''\n  sheet: ''\n  max_broken: 0.05\n"),
        ("  seed: 1 ", "  identity: []\n  random_state: '' "),
        ("  max_size_mb: 100\n", "  max_size_mb: 100\n  max_memory_gb: 4\n  repeats: 10\n  coverage: 0.9\n"),
    )
    params = (old / "params.yaml").read_text("utf-8")
    assert "owner: Ada" in params and "knn: {n_neighbors: 15}" in params and "time_budget: 6" in params

    served = run(sys.executable, "-m", "actions.check", "v1.0.0", cwd=old, env=env).stdout
    assert "answered alike" in served
    run("dvc", "repro", "-q", cwd=old, env=env)
    assert "knn" in (old / "reports/leaderboard.csv").read_text("utf-8")
    run(sys.executable, "-m", "pytest", "-q", cwd=old, env=env)
    still_in_production(old, env)


def still_in_production(old, env):
    """The model of 0.1.0 is served, scores a table, judges the candidate and is watched, by the actions and stages of today."""
    run(sys.executable, "-m", "actions.check", "v1.0.0", cwd=old, env=env)
    checks = {c["name"]: c for c in json.loads((old / "reports/validation.json").read_text("utf-8"))["checks"]}
    judged = checks["not worse than the champion"]
    assert isinstance(judged["measured"], float), judged
    assert "the champion was released before the rows it learned were recorded" in judged["why"]
    rows = table(200, 7, "2025-05-01")
    rows.drop(columns="good").to_csv(old / "new.csv", index=False)
    said = run(sys.executable, "-m", "actions.score", "new.csv", "scored.csv", cwd=old, env=env).stdout
    assert "200 rows answered by v1.0.0" in said
    scored = pd.read_csv(old / "scored.csv")
    with served(old, env) as address:
        asked = json.loads(rows.drop(columns="good").head(3).to_json(orient="records"))
        answer = httpx.post(f"{address}/predict", json={"rows": asked}, timeout=30).json()
    assert answer["version"] == "v1.0.0"
    assert [one["prediction"] for one in answer["predictions"]] == scored["prediction"].head(3).tolist()
    rows.to_csv(old / "data/live/2025-05-31.csv", index=False)
    run("dvc", "repro", "-q", "monitor", cwd=old, env=env)
    watched = json.loads((old / "reports/monitoring.json").read_text("utf-8"))
    assert watched["live_labelled"] == 200 and watched["verdict"] in ("ok", "warn")
    assert watched["about"][0]["bundle"] == "models/champion/bundle"


@contextlib.contextmanager
def served(project, env):
    """The address at which actions.serve answers for the champion."""
    port = free_port()
    command = [sys.executable, "-m", "actions.serve"]
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8"}
    process = subprocess.Popen(command, cwd=project, env={**env, "PORT": str(port)}, **how)
    try:
        wait(process, f"http://127.0.0.1:{port}/health/ready")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=30)

"""The main job, as a user does it: a table becomes a validated model, with no line of code edited."""

import csv
import io
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests.template.bake import DATASETS, commit, generate, run

pytestmark = pytest.mark.slow

telco = pytest.mark.skipif(
    not (DATASETS / "telco_churn.csv").exists(), reason=f"{DATASETS} is not here: the real tables were NOT tried"
)


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    """(folder, environment) of a user"""
    home = tmp_path_factory.mktemp("user")
    (home / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PYTEST"))}
    return home, kept | {"HOME": str(home), "PATH": path}


@pytest.fixture(scope="module")
def example(template, user):
    """(the example, generated, reproduced and committed; its environment; what the run had changed)"""
    home, env = user
    generate(template, home, env)
    project = home / "bakery"
    run("dvc", "repro", cwd=project, env=env)
    changed = run("git", "status", "--porcelain", "-uall", cwd=project, env=env).stdout.splitlines()
    commit(project, "The first run")
    return project, env, changed


def measured(project):
    return json.loads((project / "reports/metrics.json").read_text("utf-8"))


def check_model(project):
    """Better than the naive baseline, past the gate, and with a page for people."""
    metrics, gate = measured(project), json.loads((project / "reports/validation.json").read_text("utf-8"))
    assert metrics["score"] < metrics["baseline"]  # log loss: less is better
    assert gate["passed"] is True, gate
    assert (project / "reports/report.html").stat().st_size > 10_000
    cleaning = json.loads((project / "reports/cleaning.json").read_text("utf-8"))
    assert cleaning["rows_in"] == cleaning["clean"] + cleaning["quarantined"] + cleaning["duplicates"] > 0


def test_the_example_becomes_a_model_that_passes_its_gate(example):
    check_model(example[0])


def test_a_run_leaves_only_its_outputs_and_the_second_does_nothing(example):
    project, env, changed = example
    assert changed
    assert [
        c
        for c in changed
        if not c[3:].startswith(("reports/", "data/contract.yaml", "data/datapackage.json", "dvc.lock"))
    ] == []
    assert "up to date" in run("dvc", "repro", cwd=project, env=env).stdout


def test_a_generated_project_passes_its_own_lint(example):
    project, env, _ = example
    run("ruff", "check", ".", cwd=project, env=env)
    run("ruff", "format", "--check", ".", cwd=project, env=env)


def test_a_generated_project_passes_its_own_tests(example):
    project, env, _ = example
    run(sys.executable, "-m", "pytest", "-q", cwd=project, env=env)


FAULTS = {
    "a row is lost": "return frame.iloc[1:]",
    "rows are sorted": "return frame.sort_values(list(frame.columns))",
    "a row is compared with the others": "return frame.assign(mean=float(frame.notna().mean().mean()) + len(frame))",
    "the index is another": "frame.reset_index(drop=True, inplace=True)\n    return frame",
    "what is not known is no row": "return frame.dropna(how='all')",
    "a column of no dtype": "return frame.assign(pair=[(1, 2)] * len(frame))",
}


@pytest.mark.parametrize("body", FAULTS.values(), ids=FAULTS)
def test_a_project_s_own_tests_find_features_that_would_answer_otherwise_in_production(example, body):
    project, env, _ = example
    place = project / "custom/features.py"
    before = place.read_text("utf-8")
    try:
        place.write_text(f"def add_features(frame):\n    {body}\n", "utf-8")
        command = (sys.executable, "-m", "pytest", "-q", "tests/test_custom.py")
        assert run(*command, cwd=project, env=env, check=False).returncode == 1
    finally:
        place.write_text(before, "utf-8")


def test_a_newer_linter_retrains_nothing(example):
    project, env, _ = example
    lock = project / "requirements-tools.txt"
    before = lock.read_text("utf-8")
    try:
        newer = re.sub(r"^ruff==.*$", "ruff==99.0.0", before, flags=re.MULTILINE)
        assert newer != before
        lock.write_text(newer, "utf-8")
        assert "up to date" in run("dvc", "status", cwd=project, env=env).stdout
    finally:
        lock.write_text(before, "utf-8")


def test_a_generated_project_passes_its_own_pre_commit(example):
    project, env, _ = example
    run("pre-commit", "run", "--all-files", cwd=project, env=env)


@pytest.mark.skipif(os.name == "nt", reason="the workflow's job runs on Linux")
def test_the_workflows_commands_tell_a_pull_request_what_it_does_to_the_metrics(example, tmp_path):
    project, env, _ = example
    steps = yaml.safe_load((project / ".github/workflows/pipeline.yml").read_text("utf-8"))["jobs"]["reproduce"][
        "steps"
    ]
    commands = {step.get("name"): step["run"] for step in steps if "run" in step}
    base = run("git", "rev-parse", "HEAD", cwd=project, env=env).stdout.strip()
    here = env | {"BASE": base, "GITHUB_ENV": str(tmp_path / "env"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}

    run("git", "clone", "-q", project, tmp_path / "without", cwd=tmp_path, env=env)
    told = run("bash", "-ec", commands["Fetch data and models"], cwd=tmp_path / "without", env=here).stdout
    assert "::warning::data/raw is not here" in told and (tmp_path / "env").read_text() == "SKIP=1\n"

    run("dvc", "remote", "add", "-d", "--local", "storage", tmp_path / "store", cwd=project, env=env)
    run("dvc", "push", cwd=project, env=env)
    run("git", "clone", "-q", project, clone := tmp_path / "with", cwd=tmp_path, env=env)
    run("dvc", "remote", "add", "-d", "storage", tmp_path / "store", cwd=clone, env=env)
    params = (clone / "params.yaml").read_text("utf-8")
    (clone / "params.yaml").write_text(params.replace("test_size: 0.2", "test_size: 0.3"), "utf-8")
    for name in ("Fetch data and models", "Reproduce", "What changed"):
        run("bash", "-ec", commands[name], cwd=clone, env=here)
    summary = (tmp_path / "summary").read_text("utf-8")
    assert "split.test_size" in summary and "| reports/metrics.json" in summary and "rows_test" in summary


@telco
def test_a_table_of_ones_own_experiments_and_their_comparison(template, user):
    home, env = user
    table = DATASETS / "telco_churn.csv"
    generate(template, home, env, project_name="Telco churn", data=table, target="Churn")
    project = home / "telco-churn"
    run("dvc", "repro", cwd=project, env=env)
    check_model(project)
    first = measured(project)
    commit(project, "The first run")

    run("dvc", "exp", "run", "-S", "train.time_budget=20", cwd=project, env=env)
    run("dvc", "exp", "run", "--temp", "-S", "split.random_state=2", cwd=project, env=env)
    shown = run("dvc", "exp", "show", "--csv", cwd=project, env=env).stdout
    rows = list(csv.DictReader(io.StringIO(shown)))
    tried = {
        (row["train.time_budget"], row["split.random_state"]): row for row in rows if row["typ"].startswith("branch")
    }
    assert set(tried) == {("20", ""), ("20", "2")}  # --temp starts from the workspace
    assert all(float(row["score"]) < float(row["baseline"]) for row in tried.values())
    assert measured(project)["rows_test"] == first["rows_test"]  # what --temp tried is not in the workspace
    assert "time_budget" in run("dvc", "params", "diff", cwd=project, env=env).stdout

    compared = run(
        "make", "compare", "-o", ".venv/ready", "BIN=" + str(Path(sys.executable).parent), cwd=project, env=env
    )
    for words in ("log_loss (lower is better)", "naive baseline", "gate passed", "split.random_state 2"):
        assert words in compared.stdout
    assert "data/raw" not in compared.stdout


@telco
def test_make_new_goes_from_a_clone_to_a_reproduced_project(template, user):
    home, env = user
    run("git", "clone", "-q", template, home / "clone" / "template", cwd=home, env=env)
    shutil.copy(DATASETS / "telco_churn.csv", home / "clone/template/churn.csv")
    # the set-up itself is what `make test` has just done; here it is this Python's
    ready = ("-o", ".venv/ready", "BIN=" + str(Path(sys.executable).parent))
    run(
        "make",
        "new",
        'NAME=It\'s 1 "churn"',
        "DATA=churn.csv",
        "TARGET=Churn",
        *ready,
        cwd=home / "clone/template",
        env=env,
    )
    check_model(home / "clone/it-s-1-churn")

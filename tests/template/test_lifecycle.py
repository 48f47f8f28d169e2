"""The main job, as a user does it: a table becomes a validated model, with no line of code edited."""

import csv
import io
import json
import os
import re
import shutil
import sys

import pytest

from tests.template.bake import READY, commit, generate, run, user_env

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    """(folder, environment) of a user"""
    home = tmp_path_factory.mktemp("user")
    return home, user_env(home, home)


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


def test_make_new_goes_from_a_clone_to_a_reproduced_project(telco):
    check_model(telco.project)


def test_a_table_of_ones_own_experiments_and_their_comparison(telco, user, tmp_path):
    """In a folder whose path has blanks, the queue as well."""
    _, env = user
    project = shutil.copytree(telco.project, tmp_path / "my models/telco churn", symlinks=True)
    first = measured(project)
    commit(project, "The first run")

    run("dvc", "exp", "run", "-S", "train.time_budget=20", cwd=project, env=env)
    swept = run("make", "sweep", "SWEEP=-S 'split.random_state=2'", "JOBS=1", *READY, cwd=project, env=env).stdout
    shown = run("dvc", "exp", "show", "--csv", cwd=project, env=env).stdout
    rows = list(csv.DictReader(io.StringIO(shown)))
    tried = {
        (row["train.time_budget"], row["split.random_state"]): row for row in rows if row["typ"].startswith("branch")
    }
    assert set(tried) == {("20", ""), ("20", "2")}  # what is queued starts from the workspace
    assert all(float(row["score"]) < float(row["baseline"]) for row in tried.values())
    assert measured(project)["rows_test"] == first["rows_test"]  # what was queued is not in the workspace
    assert "time_budget" in run("dvc", "params", "diff", cwd=project, env=env).stdout

    _, named, compared = swept.rpartition("log_loss (lower is better)")
    assert named and "data/raw" not in compared
    for words in ("naive baseline", "gate passed", "split.random_state 2"):
        assert words in compared


def test_make_new_takes_a_name_with_quotes_and_a_table_beside(template, user):
    """What reproduces it is tried above: here `python` says where it was called, and with what."""
    home, env = user
    clone = home / "clone/template"
    run("git", "clone", "-q", template, clone, cwd=home, env=env)
    (clone / "churn.csv").write_text("tenure,Churn\n" + "1,yes\n2,no\n" * 30)
    (home / "bin").mkdir()
    (home / "bin/python").write_text('#!/bin/sh\necho "called in $(pwd -P) with $*"\n')
    (home / "bin/python").chmod(0o755)
    path = os.pathsep.join([str(home / "bin"), env["PATH"]])
    asked = ('NAME=It\'s 1 "churn"', "DATA=churn.csv", "TARGET=Churn")
    said = run("make", "new", *asked, *READY, cwd=clone, env={**env, "PATH": path, "PWD": str(clone)}).stdout
    project = home / "clone/it-s-1-churn"
    assert f"called in {project.resolve()} with -m actions.repro" in said
    assert (project / "data/raw/churn.csv").exists() and 'It\'s 1 "churn"' in (project / "README.md").read_text("utf-8")

"""`make try`: an edit against the last commit's, in seconds, with an interval and one of three words."""

import importlib
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from lifecycle.ground.errors import UserError
from tests.released import copy_of_it, run

tried = importlib.import_module("actions.try")  # its name is a word of Python's
rng = np.random.default_rng(1)
Y = rng.integers(0, 2, 400)


def side(closeness: float, rows=None, y=Y) -> "tried.OneSide":
    """One side, whose predictions are so close to the outcome."""
    p = 0.5 + closeness * (y - 0.5) + 0.05 * np.random.default_rng(2).normal(size=len(y))
    rows = np.arange(len(y)) if rows is None else rows
    return tried.OneSide(
        "good, binary, no/yes", "log_loss", "linear", rows, y, np.stack([1 - p, p], axis=1), np.ones(len(y))
    )


@pytest.mark.parametrize(("now", "word"), [(0.6, "better"), (0.2, "worse"), (0.4, "no difference")])
def test_the_verdict_is_one_of_three_words(now, word):
    assert f"try: {word}: gain" in tried.verdict(side(0.4), side(now), "HEAD")


def test_only_rows_of_both_sides_are_compared():
    fewer = side(0.4, rows=np.arange(100, 400), y=Y[100:])
    assert "300 rows of 400, those of both" in tried.verdict(side(0.4), fewer, "HEAD")


def test_another_question_is_not_compared():
    other = replace(side(0.4), question="price, regression, ")
    with pytest.raises(UserError, match="not comparable: HEAD predicts price, regression"):
        tried.verdict(other, side(0.4), "HEAD")


def test_what_differs_is_named(tmp_path):
    for folder, folds, code in (("then", 5, "a"), ("now", 3, "b")):
        (tmp_path / folder / "custom").mkdir(parents=True)
        (tmp_path / folder / "custom/features.py").write_text(code)
        (tmp_path / folder / "params.yaml").write_text(f"train: {{folds: {folds}, candidates: {{linear: {{C: 1}}}}}}\n")
    assert tried.changes(tmp_path / "then", tmp_path / "now") == ["custom/features.py", "params.yaml: train.folds"]


def test_only_what_shapes_the_rows_makes_them_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert tried.other_rows(["params.yaml: problem.exclude"], "HEAD")
    assert not tried.other_rows(["params.yaml: train.folds", "custom/features.py"], "HEAD")


@pytest.mark.slow
def test_an_edit_is_tried_and_nothing_is_written(tmp_path, tmp_path_factory):
    project = copy_of_it(tmp_path_factory, tmp_path / "project")

    def call(check=True):
        return run(project, sys.executable, "-m", "actions.try", check=check)

    assert "there is nothing to try" in call().stdout
    features = project / "custom/features.py"
    features.write_text("def add_features(frame):\n    return frame.drop(columns=['heat'])\n")
    before = subprocess.run(["git", "status", "--porcelain"], cwd=project, capture_output=True).stdout
    said = call().stdout
    assert "custom/features.py changed since HEAD" in said and "try: worse: gain -" in said
    params = project / "params.yaml"
    features.write_text("add_features = None\n")
    params.write_text(params.read_text().replace("exclude: []", "exclude: [heat]"))
    assert "params.yaml: problem.exclude" in (said := call().stdout) and "try: worse: gain -" in said
    run(project, "git", "checkout", "params.yaml")
    features.write_text("def add_features(frame):\n    return frame.drop(columns=['het'])\n")
    failed = call(check=False)
    assert failed.returncode == 1 and "custom/features.py:2: add_features fails (KeyError" in failed.stderr
    assert "Traceback" not in failed.stderr
    after = subprocess.run(["git", "status", "--porcelain"], cwd=project, capture_output=True).stdout
    assert after == before == b" M custom/features.py\n"

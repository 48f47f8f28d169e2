"""make compare says what differs and which is better, at 80 columns, from what Git keeps alone."""

import json
import re
import subprocess

import numpy as np
import pytest
import yaml

from actions import compare
from lifecycle.ground.errors import UserError
from tests.report.test_report import Page


def git(folder, *arguments):
    given = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    return subprocess.run(given, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def write(folder, score, folds, rows="aaa", metric="log_loss"):
    (folder / "reports/plots").mkdir(parents=True, exist_ok=True)
    found = {"value": score, "low": score - 0.03, "high": score + 0.03, "baseline": 0.6}
    slices = [{"where": [["place", "north"]], "skill": score, "score": 0.5, "baseline": 0.6}]
    evaluation = {"metric": metric, "score": found, "classes": ["no", "yes"], "slices": slices, "n_rows": 300}
    (folder / "reports/evaluation.json").write_text(json.dumps([evaluation]))
    (folder / "reports/validation.json").write_text(json.dumps({"passed": score < 0.5, "checks": []}))
    (folder / "reports/plots/calibration.csv").write_text("predicted,observed\n0.1,0.2\n0.8,0.7\n")
    points = {"chart": ["roc", "roc"], "label": ["yes", "yes"], "x": [0, 1], "y": [0, 1]}
    (folder / "reports/plots/detail.json").write_text(json.dumps(points))
    noise = np.random.default_rng(1).normal(size=200) * 0.03
    own = np.random.default_rng(folds).normal(size=200) * 0.004
    scores = " ".join(f"{one:.6g}" for one in score + noise + own)
    facts = {"metric": metric, "n_bootstrap": 200, "confidence": 0.95, "random_state": 1, "scores": scores}
    (folder / "reports/plots/resampled.json").write_text(json.dumps(facts))
    (folder / "params.yaml").write_text(yaml.safe_dump({"train": {"folds": folds, "choose": ""}}))
    outs = {"stages": {"split": {"outs": [{"path": "data/test.parquet", "md5": rows}]}}}
    (folder / "dvc.lock").write_text(yaml.safe_dump(outs))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A commit, an experiment on it, one that only waits, and a changed work tree."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "flats"\n')
    git(tmp_path, "init", "-q")
    write(tmp_path, 0.45, 5)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    first = git(tmp_path, "rev-parse", "HEAD")
    write(tmp_path, 0.55, 3, rows="bbb")
    git(tmp_path, "commit", "-qam", "tried")
    git(tmp_path, "update-ref", f"refs/exps/{first[:2]}/{first[2:]}/other-draw", "HEAD")
    git(tmp_path, "update-ref", "refs/exps/celery/stash", "HEAD")
    git(tmp_path, "reset", "-q", "--hard", first)
    write(tmp_path, 0.41, 10)
    return tmp_path


def test_each_side_has_its_score_and_what_it_has_otherwise(project, capsys):
    compare.main()
    out = capsys.readouterr().out
    assert all(len(line) <= 80 for line in out.splitlines())
    assert "log_loss (lower is better)" in out
    assert "train.folds 3 (not 10)" in out
    assert "train.choose" not in out
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert "0.4100 [0.3800, 0.4400] / 0.6000" in lines["work tree"]
    assert "gate FAILED, other rows" in lines["other-draw"]
    assert "3 side by side" in out


def test_on_the_same_rows_the_difference_is_surer_than_the_scores(project, capsys):
    """Scores 0.41 and 0.45 have intervals that overlap; their resamples rise and fall together."""
    compare.main()
    out = capsys.readouterr().out
    assert re.search(r"worse than work tree by 0\.0400 \[0\.03\d\d, 0\.05\d\d\], on the same test rows", out)
    assert "other-draw" in out
    assert out.count("on the same test rows") == 1  # of the commit; the experiment has other rows
    text = Page((project / "reports/compare.html").read_text("utf-8")).text
    assert "Difference from work tree" in text
    assert "paired resamples" in text


def test_a_block_that_one_side_lacks_is_one_change(project, capsys):
    params = {"train": {"folds": 10, "choose": "", "candidates": {"trees": {"depth": 3, "leaf": 5}}}}
    (project / "params.yaml").write_text(yaml.safe_dump(params))
    compare.main()
    out = capsys.readouterr().out
    assert "train.candidates left out" in out
    assert "depth" not in out


def test_a_difference_that_may_be_chance_is_called_none(project, capsys):
    write(project, 0.4505, 10)
    compare.main()
    assert "no clear difference from work tree: 0.0005 [" in capsys.readouterr().out


@pytest.mark.parametrize("left_out", ["resampled.json", "another draw"])
def test_where_resamples_are_no_pairs_no_difference_is_made_up(project, capsys, left_out):
    path = project / "reports/plots/resampled.json"
    facts = json.loads(path.read_text())
    path.unlink()
    if left_out == "another draw":
        path.write_text(json.dumps(facts | {"random_state": 2}))
    compare.main()
    assert "on the same test rows" not in capsys.readouterr().out


def test_the_page_says_the_project_and_each_commit(project):
    compare.main()
    text = Page((project / "reports/compare.html").read_text("utf-8")).text
    assert "Project flats." in text
    assert f"last commit (commit {git(project, 'rev-parse', '--short=7', 'HEAD')})" in text


def test_the_page_needs_no_network_and_draws_what_is_compared(project):
    compare.main()
    html = (project / "reports/compare.html").read_text("utf-8")
    page = Page(html)
    for text in ("work tree", "last commit", "other-draw", "experiment, other test rows", "place = north", "ROC curve"):
        assert text in page.text
    assert "http" not in html.replace("http-equiv", "")
    assert "script" not in page.tags


def test_another_metric_is_named_and_left_out_of_the_page(project, capsys):
    write(project, 0.8, 10, metric="roc_auc")
    compare.main()
    assert "2 of another metric left out" in capsys.readouterr().out


def test_without_an_evaluation_the_cure_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "flats"\n')
    git(tmp_path, "init", "-q")
    with pytest.raises(UserError, match="reports/evaluation.json is missing"):
        compare.sides()

"""`make repro` ends with where the project stands: what is good, what is not, what to commit and what comes next."""

import json
import subprocess

import pytest

from actions import status
from lifecycle.ground.errors import UserError

PASSED = [{"name": "beats the naive baseline", "measured": 0.12, "required": "> 0", "passed": True, "why": ""}]
FAILED = [{"name": "criteria: roc_auc", "measured": 0.71, "required": ">= 0.8", "passed": False, "why": ""}]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A repository of one commit whose reports say this."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(status, "champion_version", lambda: "v1.0.0")
    for key in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(key, raising=False)
    subprocess.run(["git", "init", "-q"], check=True)
    (tmp_path / "reports").mkdir()

    def told(checks=PASSED, verdict="no data", committed=True):
        score = {"value": 0.42421, "low": 0.39654, "high": 0.45199, "baseline": 0.58371}
        (tmp_path / "reports/evaluation.json").write_text(
            json.dumps([{"metric": "log_loss", "n_rows": 1402, "score": score}])
        )
        gate = {"passed": checks is PASSED, "checks": checks}
        (tmp_path / "reports/validation.json").write_text(json.dumps(gate))
        (tmp_path / "reports/monitoring.json").write_text(json.dumps({"verdict": verdict}))
        subprocess.run(["git", "add", "-A"], check=True)
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        subprocess.run(["git", *who, "commit", "-qm", "as it stands", "--allow-empty"], check=True)
        if not committed:
            (tmp_path / "params.yaml").write_text("x: 1\n")
        return dict(status.lines())

    return told


def test_the_score_stands_beside_the_baseline(project):
    assert project()["score"] == "log_loss 0.4242 [0.3965, 0.4520], naive baseline 0.5837, 1,402 test rows"


def test_a_failed_gate_names_its_checks_and_nothing_is_to_be_released(project):
    told = project(FAILED)
    assert told["gate"] == "FAILED: criteria: roc_auc (0.71, required >= 0.8)"
    assert "release" not in told["next"] and "params.yaml" in told["next"]


def test_what_is_not_committed_is_to_be_committed(project):
    assert "git add -A && git commit" in project(committed=False)["commit"]


def test_a_commit_that_holds_everything_says_so(project):
    assert project()["commit"].startswith("nothing")


def test_a_new_bundle_is_to_be_released_and_a_released_one_served(project, tmp_path, monkeypatch):
    (tmp_path / "models/bundle").mkdir(parents=True)
    monkeypatch.setattr(status, "folder_hash", lambda folder: "1.dir")
    monkeypatch.setattr(status, "pointer_at", lambda reference: "outs:\n- md5: 2.dir\n")
    assert project()["next"].startswith("make release") and "v1.0.0 is in production" in project()["next"]
    monkeypatch.setattr(status, "folder_hash", lambda folder: "2.dir")
    assert project()["next"].startswith("make serve") and "v1.0.0 is in production" in project()["next"]


def test_a_verdict_that_asks_for_it_is_followed_by_a_retraining(project):
    told = project(verdict="retrain")
    assert told["monitor"] == "retrain" and told["next"].startswith("make retrain")


def test_before_the_first_run_it_says_what_makes_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="evaluation.json is missing; `dvc repro` makes it"):
        list(status.lines())


README = "# Mine\n\nWords of mine.\n\n<!-- status -->\nold\n<!-- /status -->\n\nMore | of mine.\n"


def test_the_readme_says_what_the_reports_say_and_what_is_yours_stays(project, tmp_path):
    project()
    (tmp_path / "reports/cleaning.json").write_text(
        json.dumps({"rows_in": 1450, "clean": 1402, "quarantined": 40, "duplicates": 8})
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "data/contract.yaml").write_text("problem: {target: 'a|b', task: binary}\nfields: []\n")
    (tmp_path / "README.md").write_text(README)
    status.write_status()
    once = (tmp_path / "README.md").read_text("utf-8")
    assert once.startswith("# Mine\n\nWords of mine.\n") and once.endswith("\n\nMore | of mine.\n")
    assert "| Predicts | a\\|b (binary) |" in once and "old" not in once
    assert "| Data | 1,450 rows: 1,402 clean, 40 set aside, 8 duplicates |" in once
    assert "log_loss 0.4242" in once and "| Gate | passed, 1 checks |" in once
    status.write_status()
    assert (tmp_path / "README.md").read_text("utf-8") == once


def test_a_readme_without_a_place_for_it_is_left_alone(project, tmp_path):
    project()
    (tmp_path / "README.md").write_text("# Mine\n")
    status.write_status()
    assert (tmp_path / "README.md").read_text("utf-8") == "# Mine\n"

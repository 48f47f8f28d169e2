"""A run ends with where the project stands."""

from lifecycle.ground.files import write_json
from lifecycle.report import standing

SCORE = {"value": 0.42421, "low": 0.39654, "high": 0.45199, "baseline": 0.58371}
CHECK = {"name": "criteria: roc_auc", "measured": 0.71, "required": ">= 0.8", "passed": False, "why": ""}


def test_the_last_stage_ends_a_run_with_where_the_project_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(standing.SAID_AFTERWARDS, raising=False)
    assert list(standing.summary()) == []  # a stage run alone, before there is anything to say
    write_json("reports/evaluation.json", [{"metric": "log_loss", "n_rows": 1402, "score": SCORE}])
    write_json("reports/validation.json", {"passed": False, "checks": [CHECK]})
    write_json("reports/monitoring.json", {"verdict": "warn"})
    _, score, gate, page, commit, after = standing.summary()
    assert score == "score    log_loss 0.4242 [0.3965, 0.4520], naive baseline 0.5837, 1,402 test rows"
    assert gate == "gate     FAILED: criteria: roc_auc (0.71, required >= 0.8)"
    assert page.endswith("reports/report.html, reports/monitoring.html") and "git commit" in commit
    assert "actions.status" in after
    monkeypatch.setenv(standing.SAID_AFTERWARDS, "1")
    assert list(standing.summary()) == []  # `make repro` says it, with what Git knows

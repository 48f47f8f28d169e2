"""A project generated into a folder of a larger repository, in which others have changes of their own that are not committed."""

import json
import sys

import pytest
import yaml

from tests.released import table
from tests.scratch import QUICK
from tests.template.bake import commit, generate, run

pytestmark = pytest.mark.slow


def test_release_and_retraining_work_and_leave_what_is_changed_elsewhere_alone(template, tmp_path, env):
    top = tmp_path / "company"
    (top / "shop").mkdir(parents=True)
    (top / "README.md").write_text("One repository for all.\n")
    (top / "shop/app.py").write_text("print('shop')\n")
    run("git", "init", "-q", "-b", "main", top, cwd=tmp_path, env=env)
    commit(top, "The shop")
    table(700, 1, "2025-01-01").to_csv(tmp_path / "bakes.csv", index=False)
    generate(template, top / "ml", env, project_name="Ovens", data=str(tmp_path / "bakes.csv"), target="good")
    project = top / "ml/ovens"
    params = yaml.safe_load((project / "params.yaml").read_text("utf-8"))
    for block, values in QUICK.items():
        params[block] |= values
    (project / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), "utf-8")
    run("dvc", "repro", "-q", cwd=project, env=env)
    commit(project, "The first model")

    # others are at work
    (top / "README.md").write_text("One repository for all, and more.\n")
    (top / "shop/new.py").write_text("")
    elsewhere = run("git", "status", "--porcelain", cwd=top).stdout
    assert elsewhere.split() == ["M", "README.md", "??", "shop/new.py"]
    said = run(sys.executable, "-m", "actions.release", cwd=project, env=env).stdout
    assert "ovens@v1.0.0 is in prod" in said and run("git", "status", "--porcelain", cwd=top).stdout == elsewhere

    table(400, 2, "2025-04-01", turned=True).to_csv(project / "data/live/a.csv", index=False)
    run("dvc", "repro", "-q", "monitor", cwd=project, env=env)
    assert json.loads((project / "reports/monitoring.json").read_text("utf-8"))["verdict"] == "retrain"
    said = run(sys.executable, "-m", "actions.retrain", cwd=project, env=env).stdout
    assert "retrain: better" in said, said
    command = next(line.split(maxsplit=1)[1] for line in said.splitlines() if line.startswith("release:"))
    said = run("sh", "-ec", command, cwd=project, env=env).stdout
    assert "ovens@v1.1.0 is in prod" in said, said
    assert run("git", "status", "--porcelain", cwd=top).stdout == elsewhere
    files = run("git", "show", "--name-only", "--format=", "HEAD~1", "HEAD", cwd=top).stdout.split()
    assert files and all(name.startswith("ml/ovens/") for name in files)
    assert "v1.1.0" in run(sys.executable, "-m", "actions.check", cwd=project, env=env).stdout
    # live rows are this machine's own, and in no commit: nothing else is left to do
    status = json.loads(run("dvc", "status", "--json", cwd=project, env=env).stdout)
    assert status == {"monitor": [{"changed deps": {"data/live": "modified"}}]}
    (project / "dvc.lock").write_text("cut")
    assert "dvc.lock" in run(sys.executable, "-m", "actions.doctor", cwd=project, env=env).stdout
    assert "answered alike" in run(sys.executable, "-m", "actions.check", cwd=project, env=env).stdout
    assert run("git", "status", "--porcelain", cwd=top).stdout == elsewhere

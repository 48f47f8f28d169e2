"""The root is itself a project: its dvc.lock speaks of the code and the reports that are committed beside it."""

import hashlib

import pytest
import yaml

from tests.template.bake import ROOT, root_files, run

LOCK = yaml.safe_load((ROOT / "dvc.lock").read_text("utf-8"))["stages"]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]


def test_every_stage_has_run():
    assert set(LOCK) == set(STAGES)


@pytest.mark.parametrize("name", STAGES)
def test_what_is_locked_is_what_is_committed(name):
    """`dvc repro` in the root and a commit of dvc.lock are due where this fails."""
    ours = set(root_files())
    known = [d for d in LOCK[name]["deps"] + LOCK[name].get("outs", []) if d["path"] in ours]
    assert known
    stale = [d["path"] for d in known if hashlib.md5((ROOT / d["path"]).read_bytes()).hexdigest() != d["md5"]]
    assert stale == []


@pytest.mark.slow
def test_a_fresh_clone_gives_the_bytes_that_are_locked(template, tmp_path, env):
    """Every md5 of dvc.lock but those of what the clock said: another machine's processor may round the models otherwise."""
    clone = tmp_path / "clone"
    run("git", "clone", "-q", template, clone, cwd=tmp_path)
    run("dvc", "repro", cwd=clone, env=env)
    again = yaml.safe_load((clone / "dvc.lock").read_text("utf-8"))["stages"]
    for name in ("define", "clean", "split"):
        assert again[name] == LOCK[name]
    run("dvc", "repro", "--force", cwd=clone, env=env)
    third = yaml.safe_load((clone / "dvc.lock").read_text("utf-8"))["stages"]
    timed = {"reports/timings.json", "reports/latency.json"}

    def hashes(stages):
        return {o["path"]: o["md5"] for s in stages.values() for o in s["outs"] if o["path"] not in timed}

    assert hashes(third) == hashes(again) and len(hashes(again)) > 15


def test_what_is_reproduced_is_not_mixed_where_two_branches_meet(tmp_path, env):
    """A dvc.lock with conflict marks stops `dvc repro`, which would make the right one."""
    made = ("dvc.lock", "data/contract.yaml", "reports/report.html", "reports/plots/curve.csv")

    def git(*arguments, check=True):
        return run("git", *arguments, cwd=tmp_path, env=env, check=check).stdout

    def commit(text):
        for name in made:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(f"first\n{text}\nlast\n")
        git("add", ".gitattributes", *made)
        git("commit", "-qm", text)

    git("init", "-q", "-b", "main")
    (tmp_path / ".gitattributes").write_text((ROOT / ".gitattributes").read_text("utf-8"), "utf-8")
    commit("ours")
    git("switch", "-qc", "anna")
    commit("anna's")
    git("switch", "-q", "main")
    commit("ben's")
    git("merge", "anna", check=False)
    assert git("diff", "--name-only", "--diff-filter=U").split() == sorted(made)
    assert {(tmp_path / name).read_text() for name in made} == {"first\nben's\nlast\n"}

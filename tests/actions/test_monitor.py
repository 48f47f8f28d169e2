"""monitor, the action: what earlier looks found is remembered, whoever made them and whatever became of their batches."""

import json
import shutil
import subprocess

import pytest

from actions import monitor
from lifecycle.monitor.history import HISTORY, make_places, read_history


def look(live, *batches, model="m" * 64):
    about = {"model": model, "live": live, "version": "v1.0.0", "metric": "rmse"}
    return {"about": [about], "batches": [{"file": b, "rows": 9, "looked_at": 9, "labelled": 0} for b in batches]}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Outside Git, and the batches there now have the hash `now`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(monitor, "digest", lambda: "now")
    monkeypatch.setattr(monitor, "model_digest", lambda folder: "m" * 64)
    (tmp_path / "reports").mkdir()
    return tmp_path


def write(folder, content):
    (folder / "reports/monitoring.json").write_text(content if isinstance(content, str) else json.dumps(content))


def commit(folder):
    if not (folder / ".git").exists():
        subprocess.run(["git", "init", "-q"], check=True)
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "add", "-A"], check=True)
    subprocess.run(["git", *who, "commit", "-q", "--no-verify", "-m", "look"], check=True)


def remembered():
    return [one["batch"] for one in read_history()]


def test_an_earlier_look_is_remembered_and_the_present_one_is_not(here):
    write(here, look("before", "june.csv"))
    assert monitor.remember() == 1 and remembered() == ["june.csv"]
    write(here, look("now", "june.csv", "july.csv"))
    text = (here / HISTORY).read_bytes()
    assert monitor.remember() == 0 and (here / HISTORY).read_bytes() == text, (
        "a second look at the same changes nothing"
    )


def test_looks_that_nobody_remembered_are_found_in_git(here):
    for month in ("april", "may"):
        write(here, look(month, f"{month}.csv"))
        commit(here)
    write(here, look("now", "june.csv"))
    assert monitor.remember() == 2 and remembered() == ["april.csv", "may.csv"]


def test_a_history_that_was_removed_with_its_folder_is_made_again_from_git(here):
    for month in ("april", "may"):
        write(here, look(month, f"{month}.csv"))
        commit(here)
    monitor.remember()
    shutil.rmtree(here / HISTORY.parent)
    make_places()
    assert (here / HISTORY.parent).is_dir() and (here / "data/live").is_dir()
    assert monitor.remember() == 2 and remembered() == ["april.csv", "may.csv"]


def test_what_is_remembered_stays_when_git_has_it_no_more(here):
    write(here, look("before", "june.csv"))
    monitor.remember()
    write(here, look("later", "july.csv"))
    monitor.remember()
    assert remembered() == ["july.csv", "june.csv"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"batches": [], "about": []}'])
def test_a_report_that_says_nothing_is_passed_over(here, text):
    write(here, text)
    assert monitor.remember() == 0 and not (here / HISTORY).exists()


def test_nothing_was_looked_at_yet(here):
    assert monitor.remember() == 0

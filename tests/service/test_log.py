"""The prediction log: an answer is in the file that its path names, and what is to be forgotten is gone."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from service.log import LogError, PredictionLog, new_ids
from service.retention import first_kept
from tests.service.build import ROW, environment
from tests.service.running import running


def record(**more):
    fixed = {"version": "v1", "request": "r", "flags": "{}", "answer": "[0.5, 0.5]", "label": '"yes"'}
    now = datetime.now(UTC).replace(tzinfo=None)
    return {"id": new_ids(1)[0], "time": now, "row": json.dumps(ROW), **fixed, **more}


@pytest.fixture
def log(tmp_path):
    log = PredictionLog(f"sqlite:///{tmp_path}/log/predictions.db")
    yield log
    log.close()


def ids_in(path):
    with sqlite3.connect(path) as file:
        return {id_ for (id_,) in file.execute("SELECT id FROM predictions")}


# ---- the file is moved, removed or replaced while it is written to ---------------------------------------------


def move_file(path):
    path.rename(path.with_name("old.db"))


def remove_folder(path):
    shutil.rmtree(path.parent)


def move_folder(path):
    path.parent.rename(path.parent.with_name("old"))


def put_another_in_its_place(path):
    move_file(path)
    path.touch()


def remove_what_sqlite_keeps_beside(path):
    path.with_name(path.name + "-wal").unlink()


KINDS = [move_file, remove_folder, move_folder, put_another_in_its_place, remove_what_sqlite_keeps_beside]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody move a file that is open")
@pytest.mark.parametrize("happens", KINDS)
def test_what_is_written_is_in_the_file_that_the_path_names(log, happens):
    log.write([record(), record()])
    happens(log.path)
    later = [record() for _ in range(5)]
    for one in later:
        log.write([one])
    assert {one["id"] for one in later} <= ids_in(log.path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody move a file that is open")
def test_where_no_file_can_be_made_again_the_log_says_so(log):
    log.write([record()])
    move_file(log.path)
    log.path.mkdir()
    with pytest.raises(LogError):
        log.write([record()])
    log.path.rmdir()
    log.write([after := record()])
    assert ids_in(log.path) == {after["id"]}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody move a file that is open")
def test_a_file_that_was_moved_keeps_all_that_was_written_to_it(log, tmp_path):
    before = [record() for _ in range(3)]
    log.write(before)
    log.path.rename(tmp_path / "old.db")
    log.write([record()])
    assert {one["id"] for one in before} <= ids_in(tmp_path / "old.db")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody move a file that is open")
@pytest.mark.parametrize("happens", [move_file, remove_folder])
def test_every_answer_of_a_running_service_is_in_its_log(folder, tmp_path, happens):
    path = tmp_path / "log" / "predictions.db"
    with running(folder, PREDICTION_LOG=f"sqlite:///{path}") as (_, address):
        httpx.post(f"{address}/predict", json={"rows": [ROW]})
        happens(path)
        said = [httpx.post(f"{address}/predict", json={"rows": [ROW]}).json() for _ in range(25)]
        assert httpx.get(f"{address}/health/ready").status_code == 200
    assert all(one["logged"] for one in said)
    assert {one["predictions"][0]["id"] for one in said} <= ids_in(path)


# ---- ready means that the next answer would be logged ----------------------------------------------------------


def test_a_log_of_another_version_is_refused_at_the_start(folder, tmp_path):
    with sqlite3.connect(tmp_path / "p.db") as file:
        file.execute("CREATE TABLE predictions (id TEXT PRIMARY KEY, time DATETIME, row TEXT)")
    command = [sys.executable, "-m", "service", folder]
    env = environment(PREDICTION_LOG=f"sqlite:///{tmp_path}/p.db", PYTHONPATH=folder / "code")
    done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "its table predictions has no column version" in done.stderr and "move the old one away" in done.stderr


def test_a_rehearsal_leaves_nothing(log):
    log.rehearse([record(), record()])
    assert log.count() == 0


def test_a_rehearsal_fails_where_a_write_would(log):
    with sqlite3.connect(log.path) as file:
        file.execute("CREATE TRIGGER full BEFORE INSERT ON predictions BEGIN SELECT RAISE(ABORT, 'no more'); END")
    with pytest.raises(LogError, match="no more"):
        log.rehearse([record()])


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of POSIX")
def test_a_service_whose_disk_is_full_is_not_ready(folder, tmp_path):
    settings = {"PREDICTION_LOG": f"sqlite:///{tmp_path}/p.db", "limits": {"RLIMIT_FSIZE": 600_000}}
    with running(folder, **settings) as (_, address):
        statuses = [httpx.post(f"{address}/predict", json={"rows": [ROW] * 100}).status_code for _ in range(30)]
        ready = httpx.get(f"{address}/health/ready")
    assert statuses[0] == 200 and statuses[-1] == 503
    assert ready.status_code == 503 and "prediction log" in ready.json()["faults"][0]


# ---- forgetting --------------------------------------------------------------------------------------------------


def test_days_leave_the_log_whole_and_only_those_that_are_over(log):
    now = datetime(2026, 5, 31, 12)
    days = [record(time=now - timedelta(days=i)) for i in range(5)]
    log.write(days)
    assert log.forget_days_before(first_kept(2, now)) == 2
    assert ids_in(log.path) == {one["id"] for one in days[:3]}


def test_a_running_service_forgets_what_is_older_than_it_may_keep(folder, tmp_path):
    url = f"sqlite:///{tmp_path}/p.db"
    log = PredictionLog(url)
    old = record(time=datetime.now(UTC).replace(tzinfo=None) - timedelta(days=40))
    log.write([old, record()])
    with running(folder, PREDICTION_LOG=url, LOG_KEEP_DAYS=30) as (_, address):
        httpx.post(f"{address}/predict", json={"rows": [ROW]})
        deadline = datetime.now() + timedelta(seconds=30)
        while old["id"] in ids_in(tmp_path / "p.db") and datetime.now() < deadline:
            pass
    assert old["id"] not in ids_in(tmp_path / "p.db") and log.count() == 2
    log.close()


def test_one_person_s_rows_are_found_by_a_cell_of_theirs(log):
    ada, number, other = (record(row=json.dumps({"who": who})) for who in ("Ada Lovelace", 17, "Adam"))
    log.write([ada, number, other])
    assert log.find("who", "Ada Lovelace") == [ada["id"]] and log.find("who", "17") == [number["id"]]
    assert log.find("nobody", "x") == []


def test_what_is_forgotten_is_in_no_byte_of_the_file(log):
    person = record(row=json.dumps({"who": "Ada Lovelace"}))
    log.write([person, *(record() for _ in range(50))])
    log.write_truths([{"id": person["id"], "value": "yes"}])
    assert log.forget([person["id"], "0" * 32]) == 1
    for file in log.path.parent.iterdir():
        if not file.name.endswith("-shm"):
            content = file.read_bytes()
            assert b"Ada Lovelace" not in content and person["id"].encode() not in content
    assert log.count() == 50 and os.path.getsize(log.path) > 0


# ---- the write-ahead log ---------------------------------------------------------------------------------------


class LongLog:
    """A connection to one of 30 pages. A checkpoint has brought in all that there were when it began; of what was written
    meanwhile it says nothing."""

    def __init__(self):
        self.driver_connection, self.asked = self, []

    def execute(self, statement):
        self.asked.append(statement)
        return self

    def fetchone(self):
        return 0, 30, 30

    def invalidate(self):
        pass


@pytest.mark.parametrize("pages", [20, 40])
def test_a_long_write_ahead_log_begins_anew_although_somebody_always_writes(log, monkeypatch, pages):
    connection = LongLog()
    monkeypatch.setattr("service.log.LONG_PAGES", pages)
    monkeypatch.setattr(log.engine, "raw_connection", lambda: connection)
    log._checkpoint()
    assert ("PRAGMA wal_checkpoint(RESTART)" in connection.asked) == (30 > pages)


@pytest.mark.skipif(sys.platform == "win32", reason="a file in use cannot be moved on Windows")
def test_what_somebody_still_keeps_out_of_a_moved_file_is_waited_for(log):
    reader = sqlite3.connect(log.path, isolation_level=None, check_same_thread=False)
    reader.execute("BEGIN").execute("SELECT count(*) FROM predictions").fetchone()
    answered, last = record(), record()
    log.write([answered])  # after what the reader sees, so no checkpoint brings it into the file
    moved = log.path.rename(log.path.with_name("moved.db"))
    assert not log.write_at_once([last])  # this is the event loop's, which is not to wait
    threading.Timer(0.2, reader.close).start()
    log.write([last])
    assert answered["id"] in ids_in(moved) and ids_in(log.path) == {last["id"]}

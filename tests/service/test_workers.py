"""Several processes behind one port: one log, one set of metrics, and one that dies is replaced."""

import contextlib
import re
import signal
import sys
import time

import httpx
import psutil
import pytest

from service.log import PredictionLog
from tests.service.build import ROW
from tests.service.running import running

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")]


def ask(address, n):
    """Answers, each over a connection of its own, so that both processes get some."""
    return [httpx.post(f"{address}/predict", json={"rows": [ROW]}, timeout=30) for _ in range(n)]


def workers(process):
    """Those that answer; multiprocessing keeps a further child."""
    found = []
    for child in psutil.Process(process.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie is one of them
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


def counted(address):
    text = httpx.get(f"{address}/metrics").text
    found = re.findall(r'^lifecycle_predict_requests_total\{route="/predict",status="200"\} (\S+)$', text, re.MULTILINE)
    return sum(map(float, found))


def test_they_share_port_log_and_metrics_and_a_killed_one_comes_back(folder, tmp_path):
    url = f"sqlite:///{tmp_path}/p.db"
    with running(folder, PREDICTION_LOG=url, WORKERS=2) as (process, address):
        said = ask(address, 40)
        assert {answer.status_code for answer in said} == {200}
        assert counted(address) == 40
        (first, _) = before = workers(process)
        first.send_signal(signal.SIGKILL)
        time.sleep(0.5)
        said += ask(address, 20)
        until = time.monotonic() + 60
        while len(alive := workers(process)) < 2:
            assert time.monotonic() < until
            time.sleep(0.2)
        assert {p.pid for p in alive} != {p.pid for p in before}
        assert counted(address) == 60, "figures of the one that died count on"
    ids = {answer.json()["predictions"][0]["id"] for answer in said}
    log = PredictionLog(url)
    (records,) = log.read_day(log.days()[0])
    assert ids == {record["id"] for record in records}
    log.close()


def test_they_end_with_the_process_that_started_them(folder, tmp_path):
    with running(folder, PREDICTION_LOG=f"sqlite:///{tmp_path}/p.db", WORKERS=2) as (process, _):
        children = workers(process)
        assert len(children) == 2
        process.kill()
        _, left = psutil.wait_procs(children, timeout=20)
    assert not left

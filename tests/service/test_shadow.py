"""Another version beside the one that answers."""

import contextlib
import json
import re
import shutil
import time

import httpx
import psutil
import pytest

from service.log import PredictionLog
from tests.service import build
from tests.service.running import running


@pytest.mark.slow
def test_a_shadow_s_answers_are_logged_beside(folder, project, tmp_path):
    other = shutil.copytree(project, tmp_path / "other")
    path = other / "params.yaml"
    path.write_text(path.read_text("utf-8").replace("C: 1.0", "C: 0.001"), "utf-8")
    build.run(other, "train", "evaluate", "validate", "deploy")
    url = f"sqlite:///{tmp_path}/p.db"
    arguments = ["--version", "v1.0.0", "--shadow", str(other / "models" / "bundle"), "--shadow-version", "v1.1.0"]
    with running(folder, *arguments, PREDICTION_LOG=url) as (_, address):
        said = httpx.post(f"{address}/predict", json={"rows": [build.ROW] * 3}).json()
        log = PredictionLog(url)
        for _ in range(100):
            (records,) = log.read_day(log.days()[0])
            if all(r["shadow"] for r in records):
                break
            time.sleep(0.1)
    assert said["version"] == "v1.0.0" and {r["version"] for r in records} == {"v1.0.0"}
    expected = build_answer(other, build.ROW)
    assert [json.loads(r["shadow"])["v1.1.0"] for r in records] == [expected] * 3
    assert json.loads(records[0]["answer"]) != expected


def build_answer(place, row):
    from service.bundle import Bundle

    return Bundle(place / "models" / "bundle").predictor.answers([row] * 3)[0].tolist()


@contextlib.contextmanager
def shadowed(folder, tmp_path):
    """(the service's process, its address, the shadow's process): a bundle that is its own shadow."""
    arguments = ["--shadow", str(folder), "--shadow-version", "v1.1.0"]
    with running(folder, *arguments, PREDICTION_LOG=f"sqlite:///{tmp_path}/p.db") as (process, address):
        (shadow,) = psutil.Process(process.pid).children()
        yield process, address, shadow


@pytest.mark.slow
def test_a_shadow_that_hangs_delays_nobody_and_its_gaps_are_counted(folder, tmp_path):
    with shadowed(folder, tmp_path) as (_, address, shadow):
        shadow.suspend()
        with httpx.Client() as client:
            for _ in range(100):
                said = client.post(f"{address}/predict", json={"rows": [build.ROW] * 100})
                assert said.status_code == 200 and said.json()["logged"]
            for _ in range(300):
                client.post(f"{address}/predict", json={"rows": [build.ROW]})
        metrics = httpx.get(f"{address}/metrics").text
        shadow.resume()
    left_out = float(re.search(r"^lifecycle_shadow_left_out_rows_total (\S+)$", metrics, re.MULTILINE)[1])
    assert 0 < left_out < 10_300


@pytest.mark.slow
def test_a_service_whose_shadow_has_died_still_stops(folder, tmp_path):
    with shadowed(folder, tmp_path) as (process, address, shadow):
        shadow.kill()
        with httpx.Client() as client:
            for _ in range(300):  # more than the queue holds
                assert client.post(f"{address}/predict", json={"rows": [build.ROW]}).status_code == 200
        process.terminate()
        process.wait(timeout=20)

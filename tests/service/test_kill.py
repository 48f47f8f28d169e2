"""An answer that says 200 is in the log, also where the process is killed in the midst of it."""

import asyncio
import json

import httpx
import pytest

from service.log import PredictionLog
from tests.service.build import ROW
from tests.service.running import running


async def ask_until_it_dies(address, process, answers):
    """Sixteen clients at once; the ids of every answer that came whole. Killed after the first hundred."""

    async def client(http):
        while True:
            try:
                said = (await http.post(f"{address}/predict", json={"rows": [ROW, ROW]})).json()
            except (httpx.TransportError, json.JSONDecodeError):
                return
            answers.extend(p["id"] for p in said["predictions"])
            if len(answers) >= 200 and process.poll() is None:
                process.kill()

    async with httpx.AsyncClient() as http:
        await asyncio.gather(*(client(http) for _ in range(16)))


def killed_under_load(folder, url):
    answers = []
    with running(folder, PREDICTION_LOG=url) as (process, address):
        asyncio.run(ask_until_it_dies(address, process, answers))
        assert process.wait(10) == -9
    log = PredictionLog(url)
    logged = {r["id"] for day in log.days() for part in log.read_day(day) for r in part}
    log.close()
    assert len(answers) >= 200 and set(answers) <= logged


@pytest.mark.parametrize("again", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in range(1, 6))])
def test_kill_9_under_load_loses_no_answer(folder, tmp_path, again):
    killed_under_load(folder, f"sqlite:///{tmp_path}/predictions.db")


def test_it_ends_in_order_when_asked_to(folder, tmp_path):
    with running(folder, PREDICTION_LOG=f"sqlite:///{tmp_path}/p.db") as (process, address):
        assert httpx.post(f"{address}/predict", json={"rows": [ROW]}).status_code == 200
        process.terminate()
        process.wait(20)
        said = process.stdout.read()
    assert "Traceback" not in said and not (tmp_path / "p.db-wal").exists(), "the log is closed and whole"

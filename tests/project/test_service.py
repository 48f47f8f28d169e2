"""The service, in a process of its own on the bundle: golden rows over HTTP, and what it refuses."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

CLOSE = 1e-9  # another processor may differ in the last digits


@pytest.fixture(scope="module")
def address(bundle, environment, tmp_path_factory):
    """http://127.0.0.1:PORT of a service that is ready; its log goes away with the test."""
    place = tmp_path_factory.mktemp("service")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"HOST": "127.0.0.1", "PORT": str(port), "API_KEY": "", "PREDICTION_LOG": f"sqlite:///{place}/log.db"}
    command = [sys.executable, "-m", "service", str(bundle)]
    with (place / "output").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=place, env=environment | own, stdout=output, stderr=output)
        try:
            wait(f"http://127.0.0.1:{port}/health/ready", process, place / "output")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def wait(address, process, output, seconds=40):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, output.read_text("utf-8")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:  # not listening yet, or not ready yet
            time.sleep(0.1)
    raise AssertionError(f"not ready within {seconds} s: {output.read_text('utf-8')}")


def ask(address, rows):
    """(status, what it said)"""
    body = json.dumps({"rows": rows}).encode()
    request = urllib.request.Request(f"{address}/predict", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.fixture(scope="module")
def golden(bundle):
    return json.loads((bundle / "golden.json").read_text("utf-8"))


def answers(golden):
    """Probabilities in the classes' order, or the value of a regression, a list a row."""
    return [answer if isinstance(answer, list) else [answer] for answer in golden["answers"]]


def numbers(prediction, contract):
    """The same of what was answered over HTTP."""
    if contract.problem.task == "regression":
        return [prediction["prediction"]]
    return [prediction["probabilities"][name] for name in contract.problem.classes]


def test_the_golden_rows_get_their_answers(address, golden, contract):
    status, said = ask(address, golden["rows"])
    assert status == 200, said
    assert [numbers(p, contract) for p in said["predictions"]] == [pytest.approx(a, rel=CLOSE) for a in answers(golden)]


def test_a_row_alone_gets_the_answer_that_it_got_among_others(address, golden, contract):
    for i in (0, len(golden["rows"]) // 2, -1):
        (alone,) = ask(address, [golden["rows"][i]])[1]["predictions"]
        assert numbers(alone, contract) == pytest.approx(answers(golden)[i], rel=CLOSE)


def test_a_cell_of_another_type_is_refused_by_row_and_column(address, golden, contract):
    name = contract.features[0].name
    status, said = ask(address, [golden["rows"][0], golden["rows"][0] | {name: {"not": "a cell"}}])
    assert status == 422 and name in json.dumps(said, ensure_ascii=False)

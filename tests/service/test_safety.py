"""What the service must not do, whatever it is sent."""

import json
import subprocess
import sys

import pytest

from service.settings import Settings
from tests.service.build import ROW, environment

KEY = "correct horse battery staple"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 400])
def test_numbers_that_json_does_not_have_are_refused_in_json(serve, number):
    body = json.dumps({"rows": [ROW]}).replace("20.5", number)
    answer = serve().post("/predict", body)
    assert answer.status_code == 422
    assert json.loads(answer.text, parse_constant=pytest.fail)["faults"][0]["column"] == "size"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"rows": []}',
        b'{"rows": [[]]}',
        b"\xff\xfe",
        b'{"rows":' + b"[" * 100_000,
        b'{"rows": [{"\\ud800": 1}]}',
    ],
)
def test_what_is_no_request_is_refused_in_a_sentence(serve, body):
    answer = serve().post("/predict", body)
    assert answer.status_code == 422 and answer.json()["faults"][0]["fault"]


def test_a_body_too_large_is_refused_also_where_its_length_is_not_told(serve):
    client = serve(MAX_BODY_BYTES=2000)
    assert client.post("/predict", b"x" * 3000).status_code == 413

    async def pieces():
        for _ in range(50):
            yield b" " * 100

    answer = client.request("POST", "/predict", content=pieces(), headers={"content-type": "application/json"})
    assert answer.status_code == 413 and "2000 bytes" in answer.json()["error"]


def test_too_many_rows_are_refused(serve):
    client = serve(MAX_ROWS=3)
    assert client.post("/predict", {"rows": [ROW] * 3}).status_code == 200
    assert client.post("/predict", {"rows": [ROW] * 4}).status_code == 422


def test_more_than_can_wait_is_told_to_come_again(serve):
    client = serve(MAX_WAITING_ROWS=5)
    client.service.engine.waiting = 5
    answer = client.post("/predict", {"rows": [ROW]})
    assert answer.status_code == 503 and "try again" in answer.json()["error"]


def test_long_requests_leave_room_for_short_ones(serve):
    client = serve(MAX_WAITING_ROWS=1000)
    client.service.engine.waiting = client.service.engine.waiting_long = 1000
    assert client.post("/predict", {"rows": [ROW] * 40}).status_code == 503
    assert client.post("/predict", {"rows": [ROW]}).status_code == 200


def test_a_thousand_faults_make_a_short_answer(serve):
    answer = serve().post("/predict", {"rows": [{"x": 1}] * 1000})
    assert answer.status_code == 422 and len(answer.json()["faults"]) == 100 and "first 100" in answer.json()["error"]


def test_a_page_of_another_site_cannot_post_here(serve):
    headers = {"content-type": "text/plain"}  # what a browser sends without asking first
    answer = serve().request("POST", "/predict", content=json.dumps({"rows": [ROW]}), headers=headers)
    assert answer.status_code == 415


def test_the_key_is_asked_for_where_one_is_set(serve):
    client = serve(API_KEY=KEY)
    for headers in ({}, {"X-API-Key": "wrong"}, {"X-API-Key": KEY + "x"}, {"X-API-Key": "\xe9"}):
        raw = {k: v.encode("latin-1") for k, v in headers.items()}
        answer = client.request("POST", "/predict", json={"rows": [ROW]}, headers=raw)
        assert answer.status_code == 401 and "X-API-Key" in answer.json()["error"]
    closed = ("/", "/docs", "/openapi.json", "/page.json", "/model", "/metrics", "/v2", "/v2/models/flats", "/feedback")
    for path in (*closed, "/nothing"):
        assert client.get(path).status_code == 401
    assert client.request("POST", "/predict", json={"rows": [ROW]}, headers={"X-API-Key": KEY}).status_code == 200
    for path in ("/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"):
        assert client.get(path).status_code == 200


def test_no_row_of_the_training_data_is_shown(serve, folder):
    client = serve()
    rows = json.loads((folder / "golden.json").read_text("utf-8"))["rows"]
    said = [client.get("/page.json").json()["row"]]
    said += client.get("/openapi.json").json()["components"]["schemas"]["PredictRequest"]["examples"][0]["rows"]
    assert said[0] == said[1] and said[0] not in rows
    assert client.post("/predict", {"rows": said}).json()["predictions"][0]["flags"] == {}, "but it is a usual one"
    for row in rows:
        assert row["note"] is None or row["note"] not in client.get("/").text + json.dumps(said)


def test_without_the_key_the_pages_ask_for_it_and_show_nothing_else(serve):
    client = serve(API_KEY=KEY)
    for path in ("/", "/docs"):
        answer = client.get(path)
        assert answer.status_code == 401 and 'type="password"' in answer.text
        assert not any(column in answer.text for column in ("rooms", "heated", "A flat"))
        assert client.get(path, headers={"X-API-Key": KEY}).status_code == 200
    document = client.get("/openapi.json", headers={"X-API-Key": KEY}).json()
    assert document["paths"]["/predict"]["post"]["security"] == [{"APIKeyHeader": []}]
    assert "security" not in document["paths"]["/health/ready"]["get"]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "localhost.", "[::2]"]
)
def test_on_loopback_a_name_that_is_not_the_machine_s_own_is_refused(serve, host):
    answer = serve().get("/model", headers={"Host": host})
    assert answer.status_code == 421 and "ALLOWED_HOSTS" in answer.json()["error"]


@pytest.mark.parametrize("host", ["localhost", "LocalHost:8000", "127.0.0.1:80", "[::1]:8000", "[::1]"])
def test_on_loopback_its_own_names_are_answered(serve, host):
    assert serve().get("/model", headers={"Host": host}).status_code == 200


def test_other_names_are_the_operator_s_to_allow(serve):
    further = {"ALLOWED_HOSTS": "model.example.org, other.example"}
    assert serve(**further).get("/model", headers={"Host": "model.example.org:443"}).status_code == 200
    for open_to_others in ({"API_KEY": KEY}, {"HOST": "0.0.0.0", "ALLOW_OPEN": True}):
        headers = {"Host": "any.example", "X-API-Key": KEY}
        assert serve(**open_to_others).get("/model", headers=headers).status_code == 200


def test_no_inside_is_shown_when_something_breaks(serve, monkeypatch):
    client = serve()
    monkeypatch.setattr(client.service.bundle.model, "decide", lambda _: 1 / 0)
    answer = client.post("/predict", {"rows": [ROW]})
    assert answer.status_code == 500
    assert "Traceback" not in answer.text and "ZeroDivision" not in answer.text and "/" not in answer.json()["error"]
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    monkeypatch.undo()
    assert client.post("/predict", {"rows": [ROW]}).status_code == 200, "the engine lives on"


def test_a_request_id_is_taken_over_only_where_it_is_harmless(serve):
    client = serve()
    assert client.get("/health/live", headers={"X-Request-ID": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert client.get("/health/live", headers={"X-Request-ID": "a b<script>"}).headers["x-request-id"] != "a b<script>"


@pytest.mark.parametrize("path", ["/docs/../app.py", "/docs/%2e%2e/app.py", "/docs/..%2fcore.py", "/nothing"])
def test_nothing_but_its_own_files_is_served(serve, path):
    answer = serve().get(path)
    assert answer.status_code == 404 and set(answer.json()) == {"error", "request_id"}


def test_it_does_not_start_open_to_others_without_a_key():
    assert "API_KEY" in Settings(HOST="0.0.0.0").refusal()
    assert not Settings(HOST="0.0.0.0", API_KEY=KEY).refusal()
    assert not Settings(HOST="0.0.0.0", ALLOW_OPEN=True).refusal()
    assert not Settings().refusal()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"HOST": "0.0.0.0"}, "set one, or ALLOW_OPEN=true"),
        ({"PORT": "many"}, "PORT is 'many'; it takes a whole number"),
        ({"LOG_REQUIRED": "perhaps"}, "true or false"),
        ({"PREDICTION_LOG": "mysql://secret@host/x"}, "sqlite and postgresql are supported"),
    ],
)
def test_a_wrong_setting_is_one_line(project, folder, settings, says):
    done = subprocess.run(
        [sys.executable, "-m", "service", folder],
        cwd=project,
        env=environment(**settings),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 1 and says in done.stderr and done.stderr.count("\n") == 1 and "secret" not in done.stderr


def test_the_short_way_to_an_answer_counts_and_refuses_as_the_others_do(serve):
    client = serve()
    assert client.post("/predict", {"rows": [ROW]}).status_code == 200
    assert client.post("/predict", {"rows": []}).status_code == 422
    assert client.get("/predict").status_code == 405
    ids = {client.post("/predict", {"rows": [ROW]}).headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5
    told = client.get("/metrics").text
    assert 'lifecycle_predict_requests_total{route="/predict",status="200"} 6.0' in told
    assert 'lifecycle_predict_requests_total{route="/predict",status="422"} 1.0' in told

"""The prediction log on a real PostgreSQL server, which the test starts: loopback, a folder of its own, an unprivileged user."""

import glob
import json
import os
import pwd
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from service.log import LogError, PredictionLog
from tests.service.build import ROW
from tests.service.running import free_port, running
from tests.service.test_kill import killed_under_load

pytestmark = pytest.mark.slow
BIN = shutil.which("initdb") or next(iter(sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True)), None)
SKIP = "NO POSTGRESQL: apt-get install postgresql, or the log on PostgreSQL is not tested"


class Server:
    def __init__(self, place):
        self.place, self.port, self.bin = place, free_port(), Path(BIN).parent
        self.user = None
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self.user = next(u for u in ("postgres", "nobody") if _has(u))
            shutil.chown(place, self.user)
        self._run("initdb", "-D", place / "data", "-U", "log", "-A", "trust", "-E", "UTF8")

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.place}"
        self._run("pg_ctl", "-D", self.place / "data", "-w", "-l", self.place / "server.log", "-o", options, "start")
        return self

    def stop(self, mode="fast"):
        self._run("pg_ctl", "-D", self.place / "data", "-w", "-m", mode, "stop")

    @property
    def url(self):
        return f"postgresql://log@127.0.0.1:{self.port}/postgres"

    def _run(self, name, *arguments):
        program = shutil.which(name) or self.bin / name
        env = {**os.environ, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            [program, *arguments],
            user=self.user,
            env=env,
            cwd=self.place,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert done.returncode == 0, done.stderr


def _has(user):
    try:
        return bool(pwd.getpwnam(user))
    except KeyError:
        return False


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if not BIN:
        pytest.skip(SKIP)
    place = tmp_path_factory.mktemp("pg")
    for parent in (place, *place.parents[:3]):  # pytest's folders are its user's alone
        if parent.stat().st_uid == os.geteuid() and "pytest" in str(parent):
            parent.chmod(0o755)
    server = Server(place)
    server.start()
    yield server
    server.stop("immediate")


@pytest.fixture
def empty(server):
    """The server with no table in it."""
    from service.log import tables

    log = PredictionLog(server.url)
    tables.drop_all(log.engine)
    log.close()
    return server


def test_answers_and_true_values_are_kept_as_on_sqlite(empty, serve):
    client = serve(PREDICTION_LOG=empty.url)
    odd = ROW | {"note": "Straße \N{SNOWMAN} '; DROP TABLE predictions; --", "place": None}
    said = client.post("/predict", {"rows": [ROW, odd]}).json()["predictions"]
    assert client.post("/feedback", {"labels": [{"id": said[1]["id"], "value": "no"}]}).status_code == 200
    log = PredictionLog(empty.url)
    (records,) = log.read_day(log.days()[0])
    assert [r["id"] for r in records] == [p["id"] for p in said]
    assert json.loads(records[1]["row"]) == odd and records[1]["truth"] == '"no"' and records[0]["truth"] is None
    assert json.loads(records[0]["answer"]) == list(said[0]["probabilities"].values())


def test_kill_9_under_load_loses_no_answer(empty, folder):
    killed_under_load(folder, empty.url)


def test_several_services_share_one_log(empty, folder):
    with running(folder, PREDICTION_LOG=empty.url) as (_, one), running(folder, PREDICTION_LOG=empty.url) as (_, other):
        for address in (one, other):
            assert httpx.post(f"{address}/predict", json={"rows": [ROW]}).status_code == 200
    assert PredictionLog(empty.url).count() == 2


def test_a_server_that_comes_back_is_used_again(empty, serve):
    client = serve(PREDICTION_LOG=empty.url)
    assert client.post("/predict", {"rows": [ROW]}).status_code == 200
    empty.stop()
    answer = client.post("/predict", {"rows": [ROW]})
    assert answer.status_code == 503 and "127.0.0.1" not in answer.text
    ready = client.get("/health/ready")
    assert ready.status_code == 503 and "postgresql" in ready.text and "127.0.0.1" not in ready.text
    empty.start()
    assert client.post("/predict", {"rows": [ROW]}).status_code == 200
    assert client.get("/health/ready").status_code == 200
    assert PredictionLog(empty.url).count() == 2


def test_a_server_that_is_not_there_is_one_line_without_the_password():
    with pytest.raises(LogError) as error:
        PredictionLog("postgresql://log:secret@127.0.0.1:1/postgres")
    assert "secret" not in str(error.value) and "does not answer" in str(error.value)

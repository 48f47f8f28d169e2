"""Slow clients, and many of them, on a service in a process of its own: the others are answered."""

import contextlib
import re
import socket
import sys
import time

import httpx
import pytest

from service.clients import TURNED_AWAY, Clients
from service.measures import Measures
from service.settings import Settings
from tests.service.build import ROW
from tests.service.running import running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
HEAD = b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@contextlib.contextmanager
def client(address, *sent):
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        for data in sent:
            connection.sendall(data)
        yield connection


def until_closed(connection):
    """What comes before the service ends the connection."""
    said = b""
    while data := connection.recv(65_536):
        said += data
    return said


@pytest.fixture(scope="module")
def address(folder, tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('log')}/p.db"
    quick = {"HEADER_SECONDS": 1, "BODY_SECONDS": 1, "IDLE_SECONDS": 1}
    with running(folder, PREDICTION_LOG=url, **quick) as (_, address):
        yield address


def test_who_sends_nothing_is_let_go(address):
    with client(address) as connection:
        assert b" 408 " in until_closed(connection)


def test_headers_that_do_not_end_are_not_waited_for(address):
    with client(address, HEAD) as connection:
        assert until_closed(connection).startswith(b"HTTP/1.1 408 ")


def test_headers_that_come_a_byte_at_a_time_are_not_waited_for_either(address):
    with client(address, HEAD) as connection, pytest.raises(OSError):
        for _ in range(40):
            connection.sendall(b"X")
            time.sleep(0.1)


def test_a_body_that_does_not_end_is_not_waited_for(address):
    with client(address, HEAD, b"Content-Length: 100\r\n\r\n", b'{"rows"') as connection:
        assert until_closed(connection).startswith(b"HTTP/1.1 408 ")


def test_a_connection_without_a_further_request_is_closed_quietly(address):
    with client(address, b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as connection:
        said = until_closed(connection)
    assert said.startswith(b"HTTP/1.1 200 ") and said.count(b"HTTP/1.1") == 1


def test_an_answer_that_nobody_takes_in_is_given_up(address):
    request = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    size = int(httpx.get(f"{address}/docs/swagger-ui-bundle.js").headers["content-length"])
    with client(address, request * 20) as connection:
        time.sleep(3)
        taken = 0
        with contextlib.suppress(ConnectionResetError):
            while data := connection.recv(65_536):
                taken += len(data)
    assert taken < 20 * size


def test_a_client_that_keeps_its_connection_and_asks_in_time_is_served(address):
    with httpx.Client() as http:
        for _ in range(3):
            assert http.post(f"{address}/predict", json={"rows": [ROW]}).status_code == 200
            time.sleep(0.3)


def test_above_the_limit_it_is_busy_and_says_so(folder, tmp_path):
    settings = {"PREDICTION_LOG": f"sqlite:///{tmp_path}/p.db", "MAX_CONNECTIONS": 5}
    with running(folder, **settings) as (_, address), contextlib.ExitStack() as held:
        for _ in range(5):
            held.enter_context(client(address, HEAD))
        answer = httpx.get(f"{address}/health/live")
        assert answer.status_code == 503 and "connections" in answer.json()["error"]
        time.sleep(1.5)  # by now the service has waited for them long enough to let another have their place
        assert httpx.post(f"{address}/predict", json={"rows": [ROW]}).status_code == 200


class Newcomer:
    """Has said nothing yet."""

    app = None

    def __init__(self, clients):
        self.waits_since, self.clients = time.monotonic(), clients

    def end(self):
        self.clients.open.discard(self)


def test_a_burst_of_clients_that_say_nothing_leaves_descriptors_however_quickly_it_comes():
    clients = Clients(Settings(MAX_CONNECTIONS=500), Measures("flats", "v1.0.0"))
    burst = [Newcomer(clients) for _ in range(5000)]
    for one in burst:
        clients.admit(one)
    assert burst[-1] in clients.open and len(clients.open) <= 500 + TURNED_AWAY


@pytest.mark.slow
def test_many_slow_clients_and_few_descriptors_leave_health_and_predict_answering(folder, tmp_path):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4000, hard), hard))
    settings = {"PREDICTION_LOG": f"sqlite:///{tmp_path}/p.db", "limits": {"RLIMIT_NOFILE": 1024}}
    try:
        with running(folder, **settings) as (process, address), contextlib.ExitStack() as held:
            for _ in range(1500):
                held.enter_context(client(address, HEAD))
            time.sleep(1.5)
            with httpx.Client(timeout=20) as http:
                for _ in range(20):
                    assert http.get(f"{address}/health/ready").status_code == 200
                    assert http.post(f"{address}/predict", json={"rows": [ROW]}).status_code == 200
                metrics = http.get(f"{address}/metrics").text
            assert process.poll() is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert 0 < float(re.search(r"^lifecycle_connections (\S+)$", metrics, re.MULTILINE)[1]) <= 1024

"""The short way to an answer: what it answers, the ordinary way answers, too."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from service.clients import Connection
from tests.service.build import ROW

ONE = json.dumps({"rows": [ROW]}).encode()
JSON_TYPE = b"content-type: application/json"


class Transport(asyncio.Transport):
    """Keeps what is written, piece by piece."""

    def __init__(self):
        super().__init__({"sockname": ("127.0.0.1", 8000), "peername": ("127.0.0.1", 50000)})
        self.pieces, self.closed, self.left = [], False, 0

    def write(self, data):
        self.pieces.append(bytes(data))

    def close(self):
        self.closed = True

    abort = close

    def is_closing(self):
        return self.closed

    def get_write_buffer_size(self):
        return self.left

    def pause_reading(self):
        pass

    resume_reading = pause_reading


def request(body=ONE, *headers, path=b"/predict", method=b"POST"):
    about = headers or (JSON_TYPE,)
    lines = [b"%s %s HTTP/1.1" % (method, path), b"host: 127.0.0.1", *about, b"content-length: %d" % len(body)]
    return b"\r\n".join([*lines, b"", body])


def said(client, *parts, short=True, answers=1, paused=False):
    """What a connection writes when `parts` have come, one after the other; `short`: with the short way; `paused`: nobody takes it in
    at first."""
    app = client.service_app
    ways, client.service.clients.short_way = client.service.clients.short_way, None
    if short:
        client.service.clients.short_way = ways

    async def connected():
        config = Config(app, log_level="warning", lifespan="off")
        config.load()
        transport = Transport()
        connection = Connection(config, ServerState(), {"clients": client.service.clients})
        connection.connection_made(transport)
        if paused:
            connection.pause_writing()
        for part in parts:
            connection.data_received(part)
            await asyncio.sleep(0)
        if paused:
            while client.service.log.count() == 0:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)
            transport.before = len(transport.pieces)
            connection.resume_writing()
        until = asyncio.get_running_loop().time() + 20
        while len(read(transport)) < answers and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.001)
        connection.connection_lost(None)
        return transport

    transport = asyncio.run(connected())
    client.service.clients.short_way = ways
    return transport


def read(transport):
    """(status, headers, JSON) of each whole answer."""
    found, left = [], b"".join(transport.pieces)
    while b"\r\n\r\n" in left:
        head, left = left.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        size = int(headers["content-length"])
        if len(left) < size:
            break
        found.append((int(first.split()[1]), headers, json.loads(left[:size])))
        left = left[size:]
    return found


def alike(answer):
    """Without what differs from one request to the next."""
    status, headers, content = answer
    for name in ("x-request-id", "date"):
        headers.pop(name, None)
    content.pop("request_id", None)
    for prediction in content.get("predictions", []):
        prediction.pop("id")
    return status, headers, content


@pytest.fixture
def client(serve, request):
    client = serve(**getattr(request, "param", {}))
    client.service_app = client.transport.app
    return client


KINDS = {
    "one row": [request()],
    "a few rows": [request(json.dumps({"rows": [ROW] * 20}).encode())],
    "more rows than are answered in one turn": [request(json.dumps({"rows": [ROW] * 40}).encode())],
    "in pieces": [request()[:60], request()[60:200], request()[200:]],
    "the connection is to end": [request(ONE, JSON_TYPE, b"connection: close")],
    "no row": [request(b'{"rows": []}')],
    "no JSON": [request(b"{")],
    "nothing": [request(b"")],
    "a cell that cannot be read": [request(json.dumps({"rows": [ROW | {"heated": "maybe"}]}).encode())],
    "another type": [request(ONE, b"content-type: text/plain")],
    "another site": [request(ONE, b"content-type: text/plain", b"origin: http://evil.example")],
    "another name": [request().replace(b"host: 127.0.0.1", b"host: evil.example")],
    "another method": [request(b"", method=b"GET")],
    "with reasons": [request(path=b"/predict?explain=false")],
}


@pytest.mark.parametrize("name", KINDS)
def test_both_ways_answer_alike(client, name):
    short, ordinary = said(client, *KINDS[name]), said(client, *KINDS[name], short=False)
    (one,), (other,) = read(short), read(ordinary)
    assert alike(one) == alike(other) and short.closed == ordinary.closed


@pytest.mark.parametrize("client", [{"API_KEY": "secret"}], indirect=True)
@pytest.mark.parametrize("key", [b"x-api-key: secret", b"x-api-key: other", b"x-other: 1"])
def test_both_ways_ask_for_the_key(client, key):
    asked = request(ONE, JSON_TYPE, key)
    (one,), (other,) = read(said(client, asked)), read(said(client, asked, short=False))
    assert alike(one) == alike(other)
    assert one[0] == (200 if key.endswith(b"secret") else 401)


def test_the_answer_of_one_row_is_one_piece_and_in_the_log(client):
    transport = said(client, request(ONE, JSON_TYPE, b"x-request-id: mine"))
    assert len(transport.pieces) == 1
    ((status, headers, content),) = read(transport)
    (records,) = client.service.log.read_day(client.service.log.days()[0])
    assert status == 200 and content["logged"] and headers["x-request-id"] == content["request_id"] == "mine"
    assert [r["id"] for r in records] == [content["predictions"][0]["id"]]


@pytest.mark.parametrize("short", [True, False])
def test_an_offer_of_another_protocol_is_passed_over(client, short):
    offer = (b"connection: Upgrade, HTTP2-Settings", b"upgrade: h2c", b"http2-settings: AAMAAABkAAQCAAAAAAIAAAAA")
    asked = request(ONE, JSON_TYPE, *offer)
    head = asked.index(b"\r\n\r\n") + 4
    for cut in (0, 30, head - 1, head, head + 1, len(asked) - 1, len(asked)):
        both = asked + asked
        found = read(said(client, both[:cut], both[cut:], short=short, answers=2))
        assert [status for status, _, _ in found] == [200, 200]
    asked = asked.replace(b"Upgrade, ", b"Upgrade, close, ")
    transport = said(client, asked, short=short)
    assert [status for status, _, _ in read(transport)] == [200] and transport.closed


def test_requests_that_come_together_are_answered_in_their_order(client):
    asked = [request(ONE, JSON_TYPE, b"x-request-id: r%d" % i) for i in range(5)]
    found = read(said(client, b"".join(asked), answers=5))
    assert [content["request_id"] for _, _, content in found] == [f"r{i}" for i in range(5)]


def test_who_does_not_take_in_answers_gets_no_further_ones(client):
    transport = said(client, request(), paused=True)
    assert transport.before == 0 and read(transport)[0][0] == 200


def test_what_breaks_on_the_short_way_shows_no_inside_and_is_counted(client, monkeypatch):
    def breaks(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(client.service, "content", breaks)
    ((status, _, content),) = read(said(client, request()))
    assert status == 500 and "secret" not in json.dumps(content)
    assert client.service.engine.waiting == 0
    told = client.get("/metrics").text
    assert 'lifecycle_predict_requests_total{route="/predict",status="500"} 1.0' in told


def test_who_leaves_before_the_body_is_there_is_counted(client):
    said(client, request()[:-5], answers=0)
    assert 'lifecycle_predict_requests_total{route="/predict",status="499"} 1.0' in client.get("/metrics").text


def connected(client, use):
    """What `use(connection, transport)` gives, where it is called in an event loop."""

    async def call():
        config = Config(client.service_app, log_level="warning", lifespan="off", timeout_keep_alive=0)
        config.load()
        transport = Transport()
        connection = Connection(config, ServerState(), {"clients": client.service.clients})
        connection.connection_made(transport)
        try:
            return await use(connection, transport)
        finally:
            connection.connection_lost(None)

    return asyncio.run(call())


def test_who_does_not_take_in_its_answers_is_waited_for_no_longer_for_asking_again(client):
    async def use(connection, transport):
        connection.pause_writing()
        connection.data_received(request(b"{"))
        await asyncio.sleep(0.05)
        before, ends = read(transport), connection.deadline
        connection.resume_writing()
        while not read(transport):
            await asyncio.sleep(0.001)
        return before, ends

    before, ends = connected(client, use)
    assert before == [] and ends < float("inf")


def test_a_connection_is_not_idle_while_what_came_with_a_refused_request_is_answered(client, monkeypatch):
    kept = []
    monkeypatch.setattr(client.service.engine, "ask", lambda rows, request_id, tell: kept.append(tell))

    async def use(connection, transport):
        connection.data_received(request(b"{") + request())
        await asyncio.sleep(0.05)  # longer than an idle connection is kept
        return transport.closed

    assert not connected(client, use) and len(kept) == 1


def test_who_has_yet_to_send_a_body_is_waited_for_no_longer_for_taking_in_answers(client):
    async def use(connection, transport):
        connection.pause_writing()
        connection.data_received(request()[:-5])
        connection.resume_writing()
        return connection.deadline

    assert connected(client, use) < float("inf")


@pytest.mark.parametrize("path", [b"/predict", b"/predict?explain=false"])
def test_who_leaves_while_requests_wait_for_one_another_is_written_nothing(client, path):
    async def use(connection, transport):
        connection.data_received(request(path=path) * 2)
        connection.connection_lost(None)
        while connection.tasks or client.service.engine.waiting:
            await asyncio.sleep(0.001)
        return transport.pieces

    assert connected(client, use) == []


def test_the_end_does_not_come_in_the_middle_of_an_answer(client):
    async def use(connection, transport):
        def write(data):  # and nobody takes it in
            transport.pieces.append(data)
            connection.pause_writing()

        transport.write = write
        connection.data_received(request(b"", path=b"/docs/swagger-ui-bundle.js", method=b"GET") + request()[:-5])
        while not transport.pieces:
            await asyncio.sleep(0.001)
        connection.end()
        return b"".join(transport.pieces)

    assert b" 408 " not in connected(client, use)


@pytest.mark.parametrize("left", [0, 1])
def test_the_end_waits_for_nobody_to_take_in_the_rest(client, left):
    async def use(connection, transport):
        connection.data_received(request()[:-5])
        transport.left = left  # bytes
        connection.end()
        return b"".join(transport.pieces)

    assert (b" 408 " in connected(client, use)) == (left == 0)


def test_who_does_not_take_in_the_answer_before_the_end_is_given_up(client):
    async def use(connection, transport):
        aborted = []
        transport.left, transport.abort = 1, lambda: aborted.append(True)
        connection.data_received(request(ONE, JSON_TYPE, b"connection: close"))
        while not transport.closed:
            await asyncio.sleep(0.001)
        connection.clients.end_slow()
        waited_for, connection.deadline = connection.deadline < float("inf"), 0
        connection.clients.end_slow()
        return waited_for, aborted

    assert connected(client, use) == (True, [True])


def test_an_end_that_nobody_takes_in_does_not_keep_the_connection(client):
    async def use(connection, transport):
        later = []
        connection.loop = SimpleNamespace(call_later=lambda seconds, call: later.append(call))
        connection.data_received(request()[:-5])
        connection.end()
        return later == [transport.abort]

    assert connected(client, use)


def raises(error):
    def broken(*_):
        raise error

    return broken


def answered(client, *sizes):
    """What the engine answers to requests of so many rows, one after the other."""

    async def call():
        engine = client.service.engine
        return [await asyncio.wait_for(engine.answer([ROW] * n, "mine"), 20) for n in sizes]

    return asyncio.run(call())


def test_what_breaks_once_the_rows_are_in_the_log_keeps_nobody_from_an_answer(client, monkeypatch):
    client.service.engine.after = raises(RuntimeError("shadow"))
    monkeypatch.setattr(client.service.measures, "batch_done", raises(OSError("disk full")))
    assert [part.logged for (part,) in answered(client, 1, 1)] == [True, True]
    assert client.service.engine.waiting == 0


@pytest.mark.parametrize("rows", [1, 40])
def test_an_error_that_no_future_takes_is_a_failure_like_another(client, monkeypatch, rows):
    monkeypatch.setattr(client.service.bundle.model, "predictions", raises(StopIteration()))
    with pytest.raises(RuntimeError):
        answered(client, rows)
    assert client.service.engine.waiting == client.service.engine.waiting_long == 0

"""Connections: how long a client may take, how many there may be, and what becomes of the slow ones.

uvicorn waits for ever for the rest of a request, and a process has only so many descriptors: a few hundred clients that
never finish would shut all others out.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from typing import TYPE_CHECKING, Any

import httptools
from pydantic_core import to_json
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.measures import Measures
from service.replies import reply
from service.settings import Settings

if TYPE_CHECKING:
    from typing_extensions import Buffer  # of collections.abc from Python 3.12 on

    from service.direct import Expected, ShortWay

RESERVE = 300  # descriptors for the log, the bundle's files, and connections that are just being turned away
BACKLOG = 150  # connections that come at once
TURNED_AWAY = 100  # connections at once that are told that there are too many; with BACKLOG fewer than RESERVE
PATIENCE = 1.0  # seconds after which a client that the service waits for may lose its place to another
SWEEP_SECONDS = 0.5


def raise_file_limit() -> int:
    """As many open files as the system lets this process have; how many these are."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return 100_000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = 65_536
    with contextlib.suppress(ValueError, OSError):  # macOS grants less than it states
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, hard), max(soft, hard)))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Clients:
    """All connections of this process."""

    def __init__(self, settings: Settings, measures: Measures) -> None:
        self.settings, self.measures = settings, measures
        files = raise_file_limit()
        self.most = min(settings.MAX_CONNECTIONS, max(files - RESERVE, files // 2))
        self.open: set[Connection] = set()
        self.short_way: ShortWay | None = None

    def admit(self, connection: Connection) -> None:
        """One more; at the limit it takes the place of the one that is waited for longest, or is answered 503.

        Who is answered 503 must send its request first, and may never do so: a burst of such would take the descriptors
        that are left, and the system would reset every connection that comes. Beyond a few, nobody is waited for.
        """
        if len(self.open) >= self.most:
            waited_for = [other for other in self.open if other.waits_since < math.inf]
            slowest = min(waited_for, key=lambda other: other.waits_since, default=None)
            crowded = len(self.open) >= self.most + TURNED_AWAY
            if slowest and (crowded or time.monotonic() - slowest.waits_since > PATIENCE):
                self.measures.timed_out.inc()
                slowest.end()
            else:
                self.measures.turned_away.inc()
                connection.app = _overloaded
        self.open.add(connection)

    async def sweep(self) -> None:
        """Ends those that take too long, for ever."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.measures.connections.set(len(self.open))
            self.end_slow()

    def end_slow(self) -> None:
        now = time.monotonic()
        for connection in [one for one in self.open if one.deadline < now]:
            self.measures.timed_out.inc()
            connection.end()
        for connection in self.open:
            connection.wait_for_its_end()


class Parser(httptools.HttpRequestParser):
    """Passes over an offer to go on in another protocol, as Java's client makes of HTTP/2 with its first request: httptools takes it
    up, and leaves the request's body unread."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.connection = connection
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does

    def offered(self) -> bool:
        """Whether the request that is being read makes such an offer."""
        return bool(self.should_upgrade()) and self.get_method() != b"CONNECT"

    def feed_data(self, data: Buffer) -> None:
        parser, left = self, memoryview(data)
        while True:
            try:
                super(Parser, parser).feed_data(left)
                return
            except httptools.HttpParserUpgrade as offer:
                if not parser.offered():
                    raise
                left = left[offer.args[0] :]
            head = self.connection.head_without_offer()
            parser = self.connection.parser = Parser(self.connection)  # this one may be done with the connection
            super(Parser, parser).feed_data(head)


class Connection(HttpToolsProtocol):
    """One client. `waits_since`, `deadline`: where the service waits for it; infinite where it waits for the service."""

    parser: Parser

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.parser = Parser(self)
        self.clients: Clients = self.app_state["clients"]
        self.waits_since = self.deadline = math.inf
        self.coming = False  # the body of a request whose headers are there
        self.expected: Expected | None = None  # a request that the short way answers once its body is there
        self.answering: RequestResponseCycle | None = None  # `cycle` is the last that came, and may wait for this one

    def wait(self, seconds: float) -> None:
        self.waits_since = time.monotonic()
        self.deadline = self.waits_since + seconds

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.wait(self.clients.settings.HEADER_SECONDS)
        self.clients.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.clients.open.discard(self)
        if self.expected and self.clients.short_way:
            self.clients.short_way.gone(self.expected)
        self.expected = None
        if self.answering:
            self.answering.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.deadline == math.inf:
            self.wait(self.clients.settings.HEADER_SECONDS)
        super().data_received(data)

    def head_without_offer(self) -> bytes:
        """Of the request whose headers were just read."""
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        lines += [b"%s: %s" % (name, value) for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def on_headers_complete(self) -> None:
        if self.parser.offered():  # it is read again, without the offer
            return
        self.coming = True
        self.wait(self.clients.settings.BODY_SECONDS)
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Called by uvicorn when the headers are there, or later where requests wait for one another."""
        self._unset_keepalive_if_required()  # the short way may just have refused one that came in the same piece
        self.answering = cycle
        at_once = cycle is self.cycle and cycle.more_body and app is self.config.loaded_app
        if self.clients.short_way and at_once:
            self.expected = self.clients.short_way.expects(cycle)
        if not self.expected:
            super()._start_asgi_task(cycle, app)

    def on_message_complete(self) -> None:
        if self.parser.offered():
            return
        self.coming = False
        if not self.flow.write_paused:  # else it is still to take in the answers before
            self.waits_since = self.deadline = math.inf
        super().on_message_complete()
        expected, self.expected = self.expected, None
        if expected and self.clients.short_way and not self.clients.short_way.answer(expected):
            super()._start_asgi_task(expected.cycle, self.app)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.deadline == math.inf:  # the whole request was read; uvicorn ends it when it stays idle
            self.waits_since = time.monotonic()

    def pause_writing(self) -> None:
        self.wait(self.clients.settings.BODY_SECONDS)
        super().pause_writing()

    def resume_writing(self) -> None:
        if not self.coming:
            self.waits_since = self.deadline = math.inf
        super().resume_writing()

    def wait_for_its_end(self) -> None:
        """A connection that is closed goes on until the client has taken in what was written, which it may never do."""
        if self.transport.is_closing() and self.deadline == math.inf:
            self.wait(self.clients.settings.BODY_SECONDS)

    def end(self) -> None:
        """408 where a request has begun to come and no answer is under way; in any case the end."""
        self.clients.open.discard(self)
        self.waits_since = self.deadline = math.inf
        begun = self.answering and self.answering.response_started and not self.answering.response_complete
        if begun or self.transport.get_write_buffer_size():
            self.transport.abort()  # closing it would wait for the client to take in the rest
            return
        body = to_json({"error": "the request took too long to arrive"})
        head = "HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        self.transport.close()
        # the client may not take in this either
        self.loop.call_later(self.clients.settings.BODY_SECONDS, self.transport.abort)


async def _overloaded(scope: Scope, receive: Receive, send: Send) -> None:
    answer = reply({"error": "too many connections; try again in a moment"}, 503)
    answer.headers.update({"connection": "close", "retry-after": "1"})
    await answer(scope, receive, send)

"""The short way of POST /predict: answered where the last byte of a request is read, and written where the engine has the answer.

A task, its coroutines and the ASGI messages between uvicorn and the app take longer than a row's answer, and head and body
written apart are two words with the system in place of one. What is in any way unusual goes the ordinary way, through Guard; both
ask the same functions, so that they refuse the same.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import to_json
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from service.engine import SHORT, Answered
from service.guard import HEADERS, Guard, make_id

if TYPE_CHECKING:
    from service.app import Service

PATH = "/predict"
MAX_BODY = 16_000  # bytes; a longer body has more rows than are answered in one turn
JSON = (b"content-type", b"application/json")


class Expected(NamedTuple):
    """A request whose body is still to come. `since`: when its headers were there."""

    cycle: RequestResponseCycle
    headers: dict[bytes, bytes]
    since: float


class ShortWay:
    def __init__(self, service: Service, guard: Guard) -> None:
        self.service, self.guard = service, guard

    def expects(self, cycle: RequestResponseCycle) -> Expected | None:
        """The request, of which the headers are there, if it may be answered here once its body is, too."""
        scope: Any = cycle.scope
        if scope["path"] != PATH or scope["method"] != "POST" or scope["query_string"]:
            return None
        if cycle.waiting_for_100_continue:
            return None
        if cycle.flow.write_paused:  # a client that does not take in its answers is made to wait
            return None
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        if not length.isdigit() or int(length) > MAX_BODY or self.guard.refused(scope, headers):
            return None
        return Expected(cycle, headers, time.perf_counter())

    def answer(self, expected: Expected) -> bool:
        """Whether it is answered, now or when the engine has the answer; False: it is to go the ordinary way."""
        cycle, headers, since = expected
        request_id = make_id(headers)

        def tell(outcome: Any) -> None:
            status, content = self._content(outcome, request_id)
            write(cycle, status, content, request_id)
            self.guard.observe(PATH, status, time.perf_counter() - since)

        try:
            self.service.check_type(headers)
            rows = self.service.schema.read_at_once(bytes(cycle.body))
            if len(rows) > SHORT:
                return False
            self.service.engine.ask(rows, request_id, tell)
        except Exception as error:
            tell(error)
        return True

    def gone(self, expected: Expected) -> None:
        """Who asked has left before the body was there."""
        self.guard.observe(PATH, 499, time.perf_counter() - expected.since)

    def _content(self, outcome: Answered | Exception, request_id: str) -> tuple[int, bytes]:
        """(status, JSON)."""
        if not isinstance(outcome, Exception):
            try:
                return 200, self.service.content(outcome, request_id)
            except Exception as error:
                outcome = error
        refusal = self.service.refusal(outcome) or self.guard.failure(outcome)
        return refusal.status, to_json(refusal.content(request_id))


def write(cycle: RequestResponseCycle, status: int, content: bytes, request_id: str) -> None:
    """What uvicorn does of a start and a body, in one piece."""
    if cycle.disconnected:
        return
    cycle.response_started = cycle.response_complete = True
    about = [*cycle.default_headers, (b"content-length", b"%d" % len(content)), JSON, *HEADERS]
    lines = [STATUS_LINE[status]]
    for name, value in about:
        lines += (name, b": ", value, b"\r\n")
    lines += (b"x-request-id: ", request_id.encode(), b"\r\n")
    if not cycle.keep_alive:
        lines.append(b"connection: close\r\n")
    lines += (b"\r\n", content)
    cycle.transport.write(b"".join(lines))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    cycle.on_response = _nothing  # it would hold the connection, which holds it


def _nothing() -> None:
    pass

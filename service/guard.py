"""Guard: the outermost layer of the app. Limits, API key, request id, and no word of the inside in an answer."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic_core import to_json

from service.settings import Settings

OPEN = re.compile(r"/|/docs(/.*)?|/openapi\.json|/health/(live|ready)|/v2/health/(live|ready)")
SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
]


class TooLarge(Exception):
    pass


class Guard:
    """ASGI middleware. `observe(route, status, seconds)` is called once a request."""

    def __init__(
        self,
        app: Any,
        settings: Settings,
        observe: Callable[[str, int, float], None],
        complain: Callable[[Exception], None],
    ):
        self.app, self.settings, self.observe, self.complain = app, settings, observe, complain

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started, status = time.perf_counter(), 500
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = given if SAFE_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        begun = False

        async def answer(message: dict) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                message["headers"] = [*message["headers"], *HEADERS, (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            if fault := self._refused(scope, headers):
                await say(answer, *fault, request_id)
            else:
                await self.app(scope, _limited(receive, self.settings.MAX_BODY_BYTES), answer)
        except TooLarge:
            await say(answer, 413, self._too_large(), request_id)
        except Exception as error:
            self.complain(error)
            if not begun:
                await say(
                    answer, 500, "the service failed; its own output has the details under this request id", request_id
                )
        finally:
            route = scope.get("route")
            self.observe(getattr(route, "path", "other"), status, time.perf_counter() - started)

    def _refused(self, scope: dict, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
        key = self.settings.API_KEY.encode()
        if key and not OPEN.fullmatch(scope["path"]) and not hmac.compare_digest(headers.get(b"x-api-key", b""), key):
            return 401, "the header X-API-Key is missing or wrong"
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self.settings.MAX_BODY_BYTES:
            return 413, self._too_large()
        return None

    def _too_large(self) -> str:
        return f"the body is larger than {self.settings.MAX_BODY_BYTES} bytes; send fewer rows at a time, or use batch scoring"


def _limited(receive: Callable[[], Awaitable[dict]], limit: int) -> Callable[[], Awaitable[dict]]:
    """A body that comes in pieces, of a length nobody stated, is counted as it comes."""
    seen = 0

    async def counted() -> dict:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise TooLarge
        return message

    return counted


async def say(send: Callable, status: int, error: str, request_id: str) -> None:
    body = to_json({"error": error, "request_id": request_id})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"ApiKey"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

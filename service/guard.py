"""Guard: the outermost layer of the app. Host, limits, API key, request id, and no word of the inside in an answer."""

from __future__ import annotations

import hmac
import itertools
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.replies import Refusal
from service.settings import Settings

logger = logging.getLogger("uvicorn.error")
# what a key is not asked for: whether the service lives, and Swagger UI's own files, which say nothing of this model
OPEN = re.compile(r"/health/(live|ready)|/v2/health/(live|ready)|/docs/.+")
SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# a request's own id need only be another than the others': drawing each from the system takes longer
PROCESS, _count = secrets.token_hex(6), itertools.count()
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
]


class TooLarge(Exception):
    pass


class Guard:
    """ASGI middleware. `observe(route, status, seconds)` is called once a request; `pages`: by path, those that come
    with the refusal of a key, since they have a field for it."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        observe: Callable[[str, int, float], None],
        pages: Mapping[str, ASGIApp],
    ) -> None:
        self.app, self.observe, self.pages = app, observe, pages
        self.key = settings.API_KEY.encode()
        self.hosts = {host.encode() for host in settings.allowed_hosts()}
        self.max_body = settings.MAX_BODY_BYTES
        self.too_large = Refusal(
            413, f"the body is larger than {self.max_body} bytes; send fewer rows at a time, or use batch scoring"
        )
        self.failed = Refusal(500, "the service failed; its own output has the details under this request id")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started, status = time.perf_counter(), 500
        headers = dict(scope["headers"])
        request_id = make_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        begun = False

        async def answer(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                message["headers"] = [*message["headers"], *HEADERS, (b"x-request-id", request_id.encode())]
            await send(message)

        async def refuse(refusal: Refusal) -> None:
            if not begun:
                await refusal.reply(request_id)(scope, receive, answer)

        try:
            if refusal := self.refused(scope, headers):
                page = self.pages.get(scope["path"]) if refusal.status == 401 else None
                await (page or refusal.reply(request_id))(scope, receive, answer)
            else:
                await self.app(scope, self._limited(receive), answer)
        except TooLarge:
            await refuse(self.too_large)
        except ClientDisconnect:
            status = 499  # nobody is there to answer
        except Exception as error:
            await refuse(self.failure(error))
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self.observe(route, status, time.perf_counter() - started)

    def failure(self, error: Exception) -> Refusal:
        """The answer to a request at which something broke; what, the service's own output says."""
        logger.error("failed", exc_info=error)
        return self.failed

    def refused(self, scope: Scope, headers: dict[bytes, bytes]) -> Refusal | None:
        if self.hosts and not self._known(headers.get(b"host", b"")):
            return Refusal(
                421, "this service answers to no such name; call it by localhost, or name it in ALLOWED_HOSTS"
            )
        if self.key and not OPEN.fullmatch(scope["path"]):
            if not hmac.compare_digest(headers.get(b"x-api-key", b""), self.key):
                return Refusal(401, "the header X-API-Key is missing or wrong")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self.max_body:
            return self.too_large
        return None

    def _known(self, host: bytes) -> bool:
        name, _, port = host.lower().rpartition(b":")
        if not name or not port.isdigit():  # no port, or the end of an IPv6 address
            name = host.lower()
        return name.strip(b"[]") in self.hosts

    def _limited(self, receive: Receive) -> Callable[[], Awaitable[Message]]:
        """A body that comes in pieces, of a length nobody stated, is counted as it comes."""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.max_body:
                raise TooLarge
            return message

        return counted


def make_id(headers: Mapping[bytes, bytes]) -> str:
    """The one that the client gave, or a new one."""
    given = headers.get(b"x-request-id")
    if given is not None and SAFE_ID.fullmatch(text := given.decode("latin-1")):
        return text
    return f"{PROCESS}{next(_count):08x}"

"""JSON answers."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json
from starlette.responses import Response


def reply(content: Any, status: int = 200) -> Response:
    return Response(to_json(content), status, media_type="application/json")

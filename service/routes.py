"""How routes are described and answered: the OpenAPI document is FastAPI's, the answer is the endpoint's own."""

from __future__ import annotations

from typing import Any

from fastapi import Security
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader
from starlette.routing import request_response

from service.replies import Error, Faults, Ready

KEY = APIKeyHeader(name="X-API-Key", auto_error=False)
Responses = dict[int | str, dict[str, Any]]
POSTED: Responses = {
    413: {"model": Error, "description": "the body is too large"},
    415: {"model": Error, "description": "the body is not said to be JSON"},
    422: {"model": Faults, "description": "the request breaks the contract; every fault by row and column"},
    503: {"model": Error, "description": "too many rows wait, or the prediction log cannot be written"},
}
NOT_READY: Responses = {503: {"model": Ready, "description": "not ready, and why"}}
NO_KEY: Responses = {401: {"model": Error, "description": "the header X-API-Key is missing or wrong"}}


EXPLAIN: list[dict[str, Any]] = [
    {
        "name": "explain",
        "in": "query",
        "required": False,
        "schema": {"type": "string", "pattern": "^([Tt]rue|[Ff]alse|[0-9]{1,4})$"},
        "description": "true, or a number of reasons: what moved each prediction away from the average; of at most 50 rows",
    }
]


class Route(APIRoute):
    """An endpoint takes the request and gives the response. FastAPI's handler, which would parse and validate before and
    after it, takes longer than Starlette's and has nothing left to do."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.app = request_response(self.endpoint)


def described(
    tag: str,
    summary: str,
    keyed: bool = False,
    responses: Responses | None = None,
    takes: str = "",
    query: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """What a route's decorator is told. `keyed`: it asks for the key; `takes`: the schema of its body; `query`: the
    parameters behind its question mark."""
    about: dict[str, Any] = {"tags": [tag], "summary": summary, "responses": {**(responses or {})}}
    if keyed:
        about["responses"] |= NO_KEY
        about["dependencies"] = [Security(KEY)]  # for the document: Guard asks
    if takes:
        schema = {"$ref": f"#/components/schemas/{takes}"}
        about["openapi_extra"] = {
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}
        }
    if query:
        about.setdefault("openapi_extra", {})["parameters"] = query
    return about

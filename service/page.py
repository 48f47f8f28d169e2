"""GET /: a form for people, made from the contract and filled with an example; GET /docs: Swagger UI, for programmers.

Both load nothing from outside, and nothing about the model before the key is given, where there is one.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import FastAPI, Request
from pydantic import TypeAdapter
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from lifecycle.table.contract import Field
from service.inference import REQUEST
from service.replies import reply
from service.schema import example_row

# Swagger UI's own files: FastAPI's page loads them from outside
SWAGGER = Path(fastapi_offline.__file__).parent / "static"
FILES = {"/": "page.html", "/docs": "docs.html"}
TEMPLATE = "#/components/schemas/{model}"


def asking(path: str) -> HTMLResponse:
    """The page as somebody without the key gets it: it has a field for it."""
    return _html(path, 401)


def facts(service: Any) -> dict[str, Any]:
    """What the form is made of."""
    contract = service.bundle.contract
    return {
        "name": service.name,
        "version": service.bundle.version,
        "problem": contract.problem.write(),
        "fields": [_field(field) for field in contract.features],
        "row": example_row(contract),
        "coverage": getattr(service.bundle.model.conformal, "level", None),
    }


def _field(field: Field) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    if field.minimum is not None:
        bounds = {"minimum": field.minimum, "maximum": field.maximum}
    if field.levels:
        bounds["enum"] = list(field.levels)
    return {"name": field.name, "type": field.type, "constraints": bounds}


def document(app: FastAPI, service: Any) -> dict[str, Any]:
    """FastAPI's OpenAPI document, with the schemas of the bodies that the service reads by itself."""
    content = app.openapi()
    forms: list[tuple[str, Any, TypeAdapter[Any]]] = [
        ("predict", "validation", service.schema.predict),
        ("feedback", "validation", service.schema.feedback),
        ("infer", "validation", REQUEST),
    ]
    _, bodies = TypeAdapter.json_schemas(forms, ref_template=TEMPLATE)
    content["components"]["schemas"] |= bodies["$defs"]
    return content


def add_routes(app: FastAPI, service: Any) -> None:
    pages = {path: _html(path) for path in FILES}
    described = document(app, service)

    async def people(request: Request) -> Response:
        return pages["/"]

    async def programmers(request: Request) -> Response:
        return pages["/docs"]

    async def page_facts(request: Request) -> Response:
        return reply(facts(service))

    async def openapi(request: Request) -> Response:
        return reply(described)

    for path, endpoint in (
        ("/", people),
        ("/docs", programmers),
        ("/page.json", page_facts),
        ("/openapi.json", openapi),
    ):
        app.get(path, include_in_schema=False)(endpoint)
    app.mount("/docs", StaticFiles(directory=SWAGGER))


def _html(path: str, status: int = 200) -> HTMLResponse:
    html = Path(__file__).with_name(FILES[path]).read_text("utf-8")
    script, style = _digest(html, "script"), _digest(html, "style")
    if path == "/docs":  # Swagger UI writes styles into its elements
        script, style = f"'self' {script}", "'self' 'unsafe-inline'"
    policy = (
        "default-src 'none'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors 'none'; script-src {script}; style-src {style}"
    )
    return HTMLResponse(html, status, headers={"content-security-policy": policy})


def _digest(html: str, kind: str) -> str:
    """Only the page's own script and style run: their hash is in its policy."""
    inside = html.split(f"<{kind}>", 1)[1].split(f"</{kind}>", 1)[0]
    return f"'sha256-{base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()}'"

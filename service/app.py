"""The REST service over one bundle. `create_app(bundle, settings)`; started by `python -m service BUNDLE`."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import HTTPException
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from pydantic import ValidationError
from starlette.responses import HTMLResponse, Response

from service import inference, openapi
from service.bundle import Bundle
from service.engine import Answered, Busy, Engine, Unreadable
from service.guard import Guard
from service.log import LogError, PredictionLog
from service.measures import Measures
from service.page import page
from service.replies import reply
from service.schema import MAX_FAULTS, Schema, fault_list
from service.settings import Settings

logger = logging.getLogger("uvicorn.error")
DOCS = (
    Path(fastapi_offline.__file__).parent / "static"
)  # Swagger UI's own files: FastAPI's page loads them from outside


class Service:
    """What the routes share."""

    def __init__(self, bundle: Bundle, settings: Settings, name: str) -> None:
        self.bundle, self.settings, self.name = bundle, settings, name
        self.schema = Schema(bundle.contract, settings.MAX_ROWS, bundle.golden["rows"][0])
        self.measures = Measures(name, bundle.version)
        self.log = (
            PredictionLog(settings.PREDICTION_LOG, settings.LOG_SYNC) if settings.PREDICTION_LOG != "none" else None
        )
        self.engine = Engine(
            bundle, self.log, settings.LOG_REQUIRED, settings.MAX_WAITING_ROWS, self.measures.batch_done
        )
        self.classes = bundle.model.classes if bundle.model.task != "regression" else []

    def refuse(self, request: Request, status: int, error: str, **more: Any) -> Response:
        return reply({"error": error, **more, "request_id": request.state.request_id}, status)

    def faulty(self, request: Request, faults: list[dict[str, Any]]) -> Response:
        left = len(faults) - MAX_FAULTS
        error = f"{len(faults)} faults" if len(faults) > 1 else "1 fault"
        error += f", the first {MAX_FAULTS} of them here" if left > 0 else ""
        return self.refuse(request, 422, f"the request breaks the contract: {error}", faults=faults[:MAX_FAULTS])

    async def body(self, request: Request, validator: Any) -> Any:
        """The request's JSON, validated; raises ValidationError or HTTPException 415."""
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            # also keeps a page of another site from posting here: a browser asks first for this type
            raise HTTPException(415, "send JSON, with the header Content-Type: application/json")
        return validator.validate_json(await request.body())

    async def answered(self, request: Request, rows: list[dict[str, Any]], say: Any) -> Response:
        """`say(Answered)` as JSON, or the refusal that fits."""
        try:
            return reply(say(await self.engine.answer(rows, request.state.request_id)))
        except Unreadable as error:
            return self.faulty(request, error.faults)
        except Busy:
            return self.refuse(request, 503, "too many rows are waiting; try again in a moment")
        except LogError as error:
            logger.error("not answered, since not logged: %s", error)
            return self.refuse(request, 503, "the prediction log cannot be written, so nothing is answered")

    def predictions(self, done: Answered, request_id: str) -> dict[str, Any]:
        answers = done.answers.tolist()
        out = []
        for i, id_ in enumerate(done.ids):
            one = {"id": id_, "prediction": done.labels[i]}
            if self.classes:
                one["probabilities"] = dict(zip(self.classes, answers[i], strict=True))
            out.append(one | {"flags": done.flags[i]})
        said = {"predictions": out, "model": self.name, "version": self.bundle.version, "request_id": request_id}
        return said | {"logged": done.logged and self.log is not None}

    def not_ready(self) -> list[str]:
        """Faults of the bundle and the log, checked now."""
        faults = self.bundle.faults()
        if self.log and self.settings.LOG_REQUIRED:
            try:
                self.log.check()
                self.engine.log_fault = ""
            except LogError as error:
                faults.append(str(error))
        return faults


def create_app(bundle: Bundle, settings: Settings, name: str = "model", shadow: Any = None) -> FastAPI:
    service = Service(bundle, settings, name)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if shadow:
            shadow.listen(service.engine, service.measures.left_out.inc)
        yield
        service.engine.close()
        if shadow:
            shadow.close()
        if service.log:
            service.log.close()

    app = FastAPI(
        title=name, version=bundle.version, docs_url=None, redoc_url=None, lifespan=lifespan, openapi_url=None
    )
    app.state.service = service
    app.add_middleware(
        Guard,
        settings=settings,
        observe=service.measures.request,
        complain=lambda e: logger.error("failed", exc_info=e),
    )

    @app.exception_handler(HTTPException)
    async def http_fault(request: Request, error: HTTPException) -> Response:
        answer = service.refuse(request, error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    app.add_exception_handler(404, http_fault)
    app.add_exception_handler(405, http_fault)

    @app.post("/predict")
    async def predict(request: Request) -> Response:
        try:
            rows = (await service.body(request, service.schema.predict))["rows"]
        except ValidationError as error:
            return service.faulty(request, fault_list(error))
        return await service.answered(request, rows, lambda done: service.predictions(done, request.state.request_id))

    @app.post("/feedback")
    async def feedback(request: Request) -> Response:
        try:
            labels = (await service.body(request, service.schema.feedback))["labels"]
        except ValidationError as error:
            return service.faulty(request, fault_list(error))
        if service.classes:
            wanted = ", ".join(service.classes[:20])
            odd = [i for i, label in enumerate(labels) if label["value"] not in service.classes]
            if odd:
                return service.faulty(
                    request, [{"row": i, "column": "value", "fault": f"takes one of {wanted}"} for i in odd]
                )
        if not service.log:
            return service.refuse(request, 503, "this service keeps no prediction log")
        try:
            unknown = await run_in_threadpool(service.log.write_truths, labels)
        except LogError as error:
            logger.error("feedback not written: %s", error)
            return service.refuse(request, 503, "the prediction log cannot be written; nothing was kept")
        if unknown:
            more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
            return service.refuse(request, 404, f"not in the log: {', '.join(unknown[:5])}{more}; nothing was kept")
        service.measures.truths.inc(len(labels))
        return reply({"kept": len(labels), "request_id": request.state.request_id})

    @app.get("/health/live")
    async def live() -> Response:
        return reply({"live": True})

    @app.get("/health/ready")
    async def ready() -> Response:
        faults = await run_in_threadpool(service.not_ready)
        return reply({"ready": not faults, "version": bundle.version, "faults": faults}, 503 if faults else 200)

    @app.get("/model")
    async def model() -> Response:
        card = (bundle.folder / "MODEL_CARD.md").read_text("utf-8")
        about = {"name": name, "version": bundle.version, "manifest": bundle.manifest, "contract": bundle.contract}
        return reply(about | {"card": card})

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(service.measures.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/")
    async def people() -> Response:
        return page(service)

    document = openapi.document(service)

    @app.get("/openapi.json")
    async def openapi_document() -> Response:
        return reply(document)

    @app.get("/docs")
    async def docs() -> HTMLResponse:
        files = {"swagger_js_url": "docs/swagger-ui-bundle.js", "swagger_css_url": "docs/swagger-ui.css"}
        return get_swagger_ui_html(
            openapi_url="openapi.json", title=name, swagger_favicon_url="docs/favicon.png", **files
        )

    app.mount("/docs", StaticFiles(directory=DOCS))
    inference.add_routes(app, service)
    return app

"""The REST service over one bundle. `create_app(bundle, settings)`; started by `python -m service BUNDLE`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import signal
from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from service import explanation, inference, page, retention
from service.bundle import Bundle
from service.clients import Clients
from service.direct import ShortWay
from service.engine import Answered, Busy, Engine, Unreadable
from service.explanation import Explainer
from service.guard import Guard
from service.log import LogError, PredictionLog
from service.measures import Measures
from service.readiness import Readiness
from service.replies import About, Alive, Error, Kept, Ready, Refusal, predict_response, reply
from service.routes import EXPLAIN, NOT_READY, POSTED, Responses, Route, described
from service.schema import Schema, fault_list
from service.settings import Settings

logger = logging.getLogger("uvicorn.error")

Rows = list[dict[str, Any]]
BROWSERS = (
    b"origin",
    b"sec-fetch-site",
    b"sec-fetch-mode",
    b"referer",
)  # headers that no page can keep a browser from sending


class Service:
    """What the routes share."""

    def __init__(self, bundle: Bundle, settings: Settings, name: str) -> None:
        self.bundle, self.settings, self.name = bundle, settings, name
        self.schema = Schema(bundle.contract, settings.MAX_ROWS)
        self.measures = Measures(name, bundle.version)
        self.log: PredictionLog | None = None
        if settings.PREDICTION_LOG != "none":
            self.log = PredictionLog(settings.PREDICTION_LOG, settings.LOG_SYNC)
        self.engine = Engine(bundle, self.log, settings.LOG_REQUIRED, settings.MAX_WAITING_ROWS, self.measures)
        self.explainer = Explainer(bundle.predictor, bundle.contract)
        self.readiness = Readiness(bundle, self.engine)
        self.clients = Clients(settings, self.measures)
        self.classes = list(bundle.contract.problem.classes)

    def check_type(self, headers: Mapping[bytes, bytes], any_type: bool = False) -> None:
        """That the request says it is JSON; `any_type`: or says something else, as programs of the Open Inference Protocol
        do. Raises Refusal.

        A page of another site must not post here. A browser asks first before it sends JSON for one, and of any other
        type it says that it is a browser.
        """
        kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        if kind != b"application/json" and not kind.endswith(b"+json"):
            if not any_type or any(name in headers for name in BROWSERS):
                raise Refusal(415, "send JSON, with the header Content-Type: application/json")

    async def validated(self, request: Request, validator: TypeAdapter[Any]) -> Any:
        """The request's content. Raises Refusal."""
        try:
            self.check_type(dict(request.scope["headers"]))
            return validator.validate_json(await request.body())
        except ValidationError as error:
            raise Refusal.of(fault_list(error)) from None

    async def answer(self, rows: Rows, request_id: str) -> list[Answered]:
        """Slices of the answer in their order. Raises Refusal."""
        try:
            return await self.engine.answer(rows, request_id)
        except Exception as error:
            raise self.refusal(error) or error from None

    def refusal(self, error: Exception) -> Refusal | None:
        """What is answered where `error` keeps rows from being answered; None: it is a failure of our own."""
        if isinstance(error, Refusal):
            return error
        if isinstance(error, ValidationError):
            return Refusal.of(fault_list(error))
        if isinstance(error, Unreadable):
            return Refusal.of(error.faults)
        if isinstance(error, Busy):
            return Refusal(503, "too many rows are waiting; try again in a moment")
        if isinstance(error, LogError):
            logger.error("not answered, since not logged: %s", error)
            return Refusal(503, "the prediction log cannot be written, so nothing is answered")
        return None

    # ---- routes

    async def predict(self, request: Request) -> Response:
        """The ordinary way; a few rows are answered by direct.py."""
        self.check_type(dict(request.scope["headers"]))
        try:
            rows = await self.schema.read_rows(await request.body())
        except ValidationError as error:
            raise Refusal.of(fault_list(error)) from None
        most = explanation.wanted(request.query_params)
        if most is not None:
            self.explainer.check(rows)
        request_id = request.state.request_id
        answered = await self.answer(rows, request_id)
        if most is not None:
            predictions = await self._explained(rows, answered, most)
            return reply({"predictions": predictions, **self._about(answered, request_id)})
        return Response(await self._joined(answered, request_id), media_type="application/json")

    async def _joined(self, answered: list[Answered], request_id: str) -> bytes:
        """The answer's JSON, slice by slice, so that others have their turns between."""
        pieces = []
        for part in answered:
            pieces.append(to_json(self._predictions(part))[1:-1])
            await asyncio.sleep(0)
        about = to_json(self._about(answered, request_id))
        return b'{"predictions":[' + b",".join(pieces) + b"]," + about[1:]

    def content(self, part: Answered, request_id: str) -> bytes:
        """The answer's JSON where it is in one slice."""
        return to_json({"predictions": self._predictions(part), **self._about([part], request_id)})

    def _about(self, answered: list[Answered], request_id: str) -> dict[str, Any]:
        return {
            "model": self.name,
            "version": self.bundle.version,
            "request_id": request_id,
            "logged": self.logged(answered),
        }

    async def _explained(self, rows: Rows, answered: list[Answered], most: int) -> Rows:
        """Predictions with their reasons; few, so in one piece."""
        predictions = [one for part in answered for one in self._predictions(part)]
        reasons = await self.explainer.explain(rows, most)
        for prediction, why in zip(predictions, reasons, strict=True):
            prediction["explanation"] = why
        return predictions

    def _predictions(self, part: Answered) -> Rows:
        predictions = []
        for i, (id_, label, answer) in enumerate(zip(part.ids, part.labels, part.answers, strict=True)):
            prediction = {"id": id_, "prediction": label}
            if self.classes:
                prediction["probabilities"] = dict(zip(self.classes, answer, strict=True))
            if part.sure is not None:
                prediction["set" if self.classes else "interval"] = part.sure[i]
            prediction["flags"] = part.flags[i]
            predictions.append(prediction)
        return predictions

    def logged(self, answered: list[Answered]) -> bool:
        return self.log is not None and all(part.logged for part in answered)

    async def feedback(self, request: Request) -> Response:
        labels = (await self.validated(request, self.schema.feedback))["labels"]
        if self.classes:
            wanted = f"takes one of {', '.join(self.classes[:20])}"
            odd = [i for i, label in enumerate(labels) if label["value"] not in self.classes]
            if odd:
                raise Refusal.of([{"row": i, "column": "value", "fault": wanted} for i in odd])
        if not self.log:
            raise Refusal(503, "this service keeps no prediction log")
        try:
            unknown = await run_in_threadpool(self.log.write_truths, labels)
        except LogError as error:
            logger.error("feedback not written: %s", error)
            raise Refusal(503, "the prediction log cannot be written; nothing was kept") from None
        if unknown:
            more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
            raise Refusal(404, f"not in the log: {', '.join(unknown[:5])}{more}; nothing was kept")
        self.measures.truths.inc(len(labels))
        return reply({"kept": len(labels), "request_id": request.state.request_id})

    async def live(self, request: Request) -> Response:
        return reply({"live": True})

    async def ready(self, request: Request) -> Response:
        faults = await self.readiness.faults()
        content = {"ready": not faults, "version": self.bundle.version, "faults": faults}
        return reply(content, 503 if faults else 200)

    async def model(self, request: Request) -> Response:
        card = (self.bundle.folder / "MODEL_CARD.md").read_text("utf-8")
        about = {"name": self.name, "version": self.bundle.version, "card": card}
        return reply(about | {"manifest": self.bundle.manifest, "contract": self.bundle.contract.write()})

    async def metrics(self, request: Request) -> Response:
        return Response(self.measures.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def create_app(bundle: Bundle, settings: Settings, name: str = "model", shadow: Any = None) -> FastAPI:
    service = Service(bundle, settings, name)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        if shadow:
            shadow.listen(service.engine, service.measures.left_out.inc)
        background = [asyncio.create_task(service.clients.sweep())]
        if multiprocessing.parent_process():
            background.append(asyncio.create_task(_end_with_parent()))
        if service.log and settings.LOG_KEEP_DAYS:
            background.append(asyncio.create_task(retention.keep(service.log, settings.LOG_KEEP_DAYS)))
        yield {"clients": service.clients}
        for task in background:
            task.cancel()
        service.engine.close()
        service.explainer.close()
        if shadow:
            shadow.close()
        if service.log:
            service.log.close()

    app = FastAPI(
        title=name,
        version=bundle.version,
        description=bundle.contract.problem.statement,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        generate_unique_id_function=lambda route: f"{route.name}_{route.path_format}",
    )
    app.state.service = service
    app.router.route_class = Route
    pages = {path: page.asking(path) for path in ("/", "/docs")}
    guard: dict[str, Any] = {"settings": settings, "observe": service.measures.request, "pages": pages}
    app.add_middleware(Guard, **guard)
    service.clients.short_way = ShortWay(service, Guard(app, **guard))

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return error.reply(request.state.request_id)

    async def http_fault(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        answer = Refusal(error.status_code, str(error.detail)).reply(request.state.request_id)
        answer.headers.update(error.headers or {})
        return answer

    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(404, http_fault)
    app.add_exception_handler(405, http_fault)
    add_routes(app, service)
    inference.add_routes(app, service)
    page.add_routes(app, service)
    return app


async def _end_with_parent() -> None:
    """One of several processes stops where the one that started it was killed: else it would hold the port for ever."""
    parent = multiprocessing.parent_process()
    while parent and parent.is_alive():
        await asyncio.sleep(1)
    signal.raise_signal(signal.SIGTERM)


def add_routes(app: FastAPI, service: Service) -> None:
    """The service's own routes."""
    keyed = bool(service.settings.API_KEY)
    statement = service.bundle.contract.problem.statement or "Predict"
    forgotten: Responses = {
        404: {"model": Error, "description": "an id that is not in the prediction log; nothing was kept"}
    }
    app.post(
        "/predict",
        response_model=predict_response(service.classes),
        **described("Predict", statement, keyed, POSTED, takes="PredictRequest", query=EXPLAIN),
    )(service.predict)
    app.post(
        "/feedback",
        response_model=Kept,
        **described("Feedback", "True values, by the answers' ids", keyed, POSTED | forgotten, takes="FeedbackRequest"),
    )(service.feedback)
    app.get("/health/live", response_model=Alive, **described("Health", "Does the process answer?"))(service.live)
    app.get(
        "/health/ready",
        response_model=Ready,
        **described("Health", "Would a prediction be answered now?", responses=NOT_READY),
    )(service.ready)
    app.get("/model", response_model=About, **described("About", "Manifest, contract and model card", keyed))(
        service.model
    )
    app.get("/metrics", response_class=PlainTextResponse, **described("About", "Figures for Prometheus", keyed))(
        service.metrics
    )

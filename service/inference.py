"""The Open Inference Protocol v2 over the same path, for clients that speak it (KServe, Triton, MLServer).

An input tensor is a column: `{"name": COLUMN, "shape": [n], "datatype": "FP64" | "INT64" | "BOOL" | "BYTES", "data": […]}`.
https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import asyncio
from typing import Any, NotRequired

import numpy as np
from fastapi import FastAPI, Request
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from starlette.responses import Response
from typing_extensions import TypedDict

from service.engine import SLICE, Answered
from service.replies import About, Alive, InferResponse, Ready, Refusal, reply
from service.routes import NOT_READY, POSTED, described
from service.schema import fault_list

TYPES = {"number": "FP64", "integer": "FP64", "boolean": "BOOL"}
TAG = "Open Inference Protocol"


@with_config(ConfigDict(strict=True))
class Tensor(TypedDict):
    name: str
    shape: list[int]
    datatype: str
    data: list[Any]
    parameters: NotRequired[dict[str, Any]]


@with_config(ConfigDict(strict=True, allow_inf_nan=False))
class InferRequest(TypedDict):
    inputs: list[Tensor]
    id: NotRequired[str]
    parameters: NotRequired[dict[str, Any]]
    outputs: NotRequired[list[Any]]


REQUEST = TypeAdapter(InferRequest)


def rows_of(tensors: list[Tensor], max_rows: int) -> list[dict[str, Any]]:
    """Columns to rows. Raises ValueError where lengths, shapes or names do not fit."""
    names = [t["name"] for t in tensors]
    if not tensors or len(set(names)) < len(names):
        raise ValueError("inputs takes one tensor a column, each name once")
    n = len(tensors[0]["data"])
    for t in tensors:
        if t["shape"] not in ([n], [n, 1]) or len(t["data"]) != n:
            raise ValueError(f"input {t['name']!r} needs the shape [{n}] or [{n}, 1], and as many data")
    if not 1 <= n <= max_rows:
        raise ValueError(f"send 1 to {max_rows} rows")
    return [dict(zip(names, cells, strict=True)) for cells in zip(*(t["data"] for t in tensors), strict=True)]


class Protocol:
    """The routes of one model."""

    def __init__(self, service: Any) -> None:
        self.service = service
        self.outputs: list[tuple[str, str, list[int]]] = [("prediction", "FP64", [-1])]
        if service.classes:
            self.outputs = [("prediction", "BYTES", [-1]), ("probabilities", "FP64", [-1, len(service.classes)])]

    async def server(self, request: Request) -> Response:
        return reply({"name": self.service.name, "version": self.service.bundle.version, "extensions": []})

    async def about(self, request: Request) -> Response:
        features = self.service.bundle.contract.features
        inputs = [{"name": f.name, "datatype": TYPES.get(f.type, "BYTES"), "shape": [-1]} for f in features]
        content = {"name": self.service.name, "versions": [self.service.bundle.version], "platform": "sklearn"}
        outputs = [{"name": name, "datatype": kind, "shape": shape} for name, kind, shape in self.outputs]
        return reply({**content, "inputs": inputs, "outputs": outputs})

    async def infer(self, request: Request) -> Response:
        content = await self.service.validated(request, REQUEST)
        try:
            rows = rows_of(content["inputs"], self.service.settings.MAX_ROWS)
        except ValueError as error:
            raise Refusal.of([{"row": None, "column": None, "fault": str(error)}]) from None
        answered = await self.service.answer(request, await self._checked(rows))
        return reply(self._response(answered, content.get("id", request.state.request_id)))

    async def _checked(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """`rows` by the contract's types, some at a time, so that others have their turns between. Raises Refusal."""
        checked: list[dict[str, Any]] = []
        faults = []
        for start in range(0, len(rows), SLICE):
            try:
                checked += self.service.schema.rows.validate_python(rows[start : start + SLICE])
            except ValidationError as error:
                faults += [{**fault, "row": fault["row"] + start} for fault in fault_list(error)]
            if len(rows) > SLICE:
                await asyncio.sleep(0)
        if faults:
            raise Refusal.of(faults)
        return checked

    def _response(self, answered: list[Answered], id_: str) -> dict[str, Any]:
        labels = [label for part in answered for label in part.labels]
        answers = np.concatenate([part.answers.ravel() for part in answered]).tolist()
        outputs = [
            {"name": name, "datatype": kind, "shape": [len(labels), *shape[1:]], "data": data}
            for (name, kind, shape), data in zip(self.outputs, (labels, answers), strict=False)
        ]
        about = {
            "prediction_ids": [prediction for part in answered for prediction in part.ids],
            "classes": self.service.classes,
            "logged": self.service.logged(answered),
        }
        named = {"model_name": self.service.name, "model_version": self.service.bundle.version, "id": id_}
        return {**named, "parameters": about, "outputs": outputs}


def add_routes(app: FastAPI, service: Any) -> None:
    protocol, keyed = Protocol(service), bool(service.settings.API_KEY)
    app.get("/v2", response_model=About, **described(TAG, "The server", keyed))(protocol.server)
    app.get("/v2/health/live", response_model=Alive, **described(TAG, "Does the process answer?"))(service.live)
    app.get("/v2/health/ready", response_model=Ready, **described(TAG, "Ready?", responses=NOT_READY))(service.ready)
    model = f"/v2/models/{service.name}"
    for path in (model, f"{model}/versions/{service.bundle.version}"):
        shown: dict[str, Any] = {"include_in_schema": path == model}
        app.get(path, response_model=About, **shown, **described(TAG, "Inputs and outputs", keyed))(protocol.about)
        app.get(
            f"{path}/ready", response_model=Ready, **shown, **described(TAG, "Is the model ready?", keyed, NOT_READY)
        )(service.ready)
        app.post(
            f"{path}/infer",
            response_model=InferResponse,
            **shown,
            **described(TAG, "Predict", keyed, POSTED, takes="InferRequest"),
        )(protocol.infer)

"""The Open Inference Protocol v2 over the same path, for clients that speak it (KServe, Triton, MLServer).

An input tensor is a column: `{"name": COLUMN, "shape": [n], "datatype": "FP64" | "INT64" | "BOOL" | "BYTES", "data": […]}`,
of shape [n] or [n, 1]; its data may also follow the JSON as bytes (tensors.py), and the answer's do where that is asked for.
https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import asyncio
from typing import Any, NotRequired

import numpy as np
from fastapi import FastAPI, Request
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from pydantic_core import to_json
from starlette.responses import Response
from typing_extensions import TypedDict

from service import tensors
from service.engine import SLICE, Answered
from service.replies import About, Alive, InferResponse, Ready, Refusal, reply
from service.routes import NOT_READY, POSTED, Responses, described
from service.schema import fault_list

TYPES = {"number": "FP64", "integer": "FP64", "boolean": "BOOL"}
AS_BYTES: Responses = {
    200: {"content": {"application/octet-stream": {}}, "description": "outputs, as JSON or behind it"}
}
TAG = "Open Inference Protocol"


@with_config(ConfigDict(strict=True))
class Tensor(TypedDict):
    name: str
    shape: list[int]
    datatype: str
    data: NotRequired[list[Any]]
    parameters: NotRequired[dict[str, Any] | None]


@with_config(ConfigDict(strict=True))
class Output(TypedDict):
    name: str
    parameters: NotRequired[dict[str, Any] | None]


@with_config(ConfigDict(strict=True, allow_inf_nan=False))
class InferRequest(TypedDict):
    inputs: list[Tensor]
    id: NotRequired[str | None]
    parameters: NotRequired[dict[str, Any] | None]
    outputs: NotRequired[list[Output] | None]


REQUEST = TypeAdapter(InferRequest)


def columns_of(tensors: list[Tensor], max_rows: int) -> dict[str, list[Any]]:
    """Cells by column, all of one length. Raises ValueError where lengths, shapes or names do not fit."""
    names = [t["name"] for t in tensors]
    if not tensors or len(set(names)) < len(names):
        raise ValueError("inputs takes one tensor a column, each name once")
    columns = {t["name"]: _flat(t.get("data") or []) for t in tensors}
    n = len(columns[names[0]])
    for t in tensors:
        if t["shape"] not in ([n], [n, 1]) or len(columns[t["name"]]) != n:
            raise ValueError(f"input {t['name']!r} needs the shape [{n}] or [{n}, 1], and as many data")
    if not 1 <= n <= max_rows:
        raise ValueError(f"send 1 to {max_rows} rows")
    return columns


def _flat(data: list[Any]) -> list[Any]:
    """Data of shape [n, 1] may be nested."""
    if data and all(isinstance(cell, list) and len(cell) == 1 for cell in data):
        return [cell[0] for cell in data]
    return data


class Protocol:
    """The routes of one model."""

    def __init__(self, service: Any) -> None:
        self.service = service
        self.outputs: list[tuple[str, str, list[int]]] = [("prediction", "FP64", [-1])]
        if service.classes:
            self.outputs = [("prediction", "BYTES", [-1]), ("probabilities", "FP64", [-1, len(service.classes)])]

    async def server(self, request: Request) -> Response:
        about = {"name": self.service.name, "version": self.service.bundle.version}
        return reply({**about, "extensions": ["binary_tensor_data"]})

    async def about(self, request: Request) -> Response:
        features = self.service.bundle.contract.features
        inputs = [{"name": f.name, "datatype": TYPES.get(f.type, "BYTES"), "shape": [-1]} for f in features]
        content = {"name": self.service.name, "versions": [self.service.bundle.version], "platform": "sklearn"}
        outputs = [{"name": name, "datatype": kind, "shape": shape} for name, kind, shape in self.outputs]
        return reply({**content, "inputs": inputs, "outputs": outputs})

    async def infer(self, request: Request) -> Response:
        self.service.check_type(dict(request.scope["headers"]), any_type=True)
        body = await request.body()
        try:
            text, raw = tensors.split(body, request.headers.get(tensors.LENGTH_HEADER))
            content = REQUEST.validate_json(text)
            tensors.filled(content["inputs"], raw)
            columns = columns_of(content["inputs"], self.service.settings.MAX_ROWS)
            binary = self._wanted(content)
        except ValidationError as error:
            raise Refusal.of(fault_list(error)) from None
        except ValueError as error:
            raise Refusal.of([{"row": None, "column": None, "fault": str(error)}]) from None
        answered = await self.service.answer(await self._rows(columns), request.state.request_id)
        return self._response(answered, content.get("id") or request.state.request_id, binary)

    def _wanted(self, content: InferRequest) -> dict[str, bool]:
        """Outputs asked for, all where none is named, and whether each is to be bytes. Raises ValueError."""
        by_default = bool((content.get("parameters") or {}).get("binary_data_output"))
        known = [name for name, _, _ in self.outputs]
        wanted = {}
        for output in content.get("outputs") or [{"name": name} for name in known]:
            if output["name"] not in known:
                raise ValueError(f"there is no output {output['name']!r}; there are {', '.join(known)}")
            wanted[output["name"]] = bool((output.get("parameters") or {}).get("binary_data", by_default))
        return wanted

    async def _rows(self, columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
        """Rows by the contract's types, some at a time, so that others have their turns between. Raises Refusal."""
        rows: list[dict[str, Any]] = []
        faults = []
        n = len(next(iter(columns.values())))
        for start in range(0, n, SLICE):
            cells = zip(*(column[start : start + SLICE] for column in columns.values()), strict=True)
            part = [dict(zip(columns, row, strict=True)) for row in cells]
            try:
                rows += self.service.schema.rows.validate_python(part)
            except ValidationError as error:
                faults += [{**fault, "row": fault["row"] + start} for fault in fault_list(error)]
            if n > SLICE:
                await asyncio.sleep(0)
        if faults:
            raise Refusal.of(faults)
        return rows

    def _response(self, answered: list[Answered], id_: str, wanted: dict[str, bool]) -> Response:
        """`wanted`: outputs by name, and whether each is to be bytes."""
        labels = [label for part in answered for label in part.labels]
        answers = np.concatenate([np.ravel(part.answers) for part in answered]).tolist()
        outputs, raw = [], b""
        for (name, kind, shape), data in zip(self.outputs, (labels, answers), strict=False):
            if name not in wanted:
                continue
            output: dict[str, Any] = {"name": name, "datatype": kind, "shape": [len(labels), *shape[1:]]}
            if wanted[name]:
                behind = tensors.encoded(kind, data)
                output["parameters"] = {tensors.SIZE: len(behind)}
                raw += behind
            else:
                output["data"] = data
            outputs.append(output)
        about = {
            "prediction_ids": [prediction for part in answered for prediction in part.ids],
            "classes": self.service.classes,
            "logged": self.service.logged(answered),
        }
        named = {"model_name": self.service.name, "model_version": self.service.bundle.version, "id": id_}
        text = to_json({**named, "parameters": about, "outputs": outputs})
        if not any(wanted.values()):
            return Response(text, media_type="application/json")
        return Response(
            text + raw, media_type="application/octet-stream", headers={tensors.LENGTH_HEADER: str(len(text))}
        )


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
            **described(TAG, "Predict", keyed, POSTED | AS_BYTES, takes="InferRequest"),
        )(protocol.infer)

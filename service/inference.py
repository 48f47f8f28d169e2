"""The Open Inference Protocol v2 over the same path, for clients that speak it (KServe, Triton, MLServer).

An input tensor is a column: `{"name": COLUMN, "shape": [n], "datatype": "FP64" | "INT64" | "BOOL" | "BYTES", "data": […]}`.
https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

from typing import Any, NotRequired

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from starlette.responses import Response
from typing_extensions import TypedDict

from lifecycle.table.conform import used_fields
from lifecycle.table.contract import MODEL
from service.engine import Answered
from service.replies import reply
from service.schema import fault_list

TYPES = {"number": "FP64", "integer": "FP64", "boolean": "BOOL"}


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


def metadata(service: Any) -> dict[str, Any]:
    used = used_fields(service.bundle.contract, MODEL)
    inputs = [{"name": f["name"], "datatype": TYPES.get(f["type"], "BYTES"), "shape": [-1]} for f in used]
    return {
        "name": service.name,
        "versions": [service.bundle.version],
        "platform": "sklearn",
        "inputs": inputs,
        "outputs": [{"name": n, "datatype": t, "shape": s} for n, t, s in _outputs(service)],
    }


def _outputs(service: Any) -> list[tuple[str, str, list[int]]]:
    if not service.classes:
        return [("prediction", "FP64", [-1])]
    return [("prediction", "BYTES", [-1]), ("probabilities", "FP64", [-1, len(service.classes)])]


def said(service: Any, done: Answered, request_id: str) -> dict[str, Any]:
    n = len(done.labels)
    data = [done.labels, done.answers.ravel().tolist()]
    outputs = [
        {"name": name, "datatype": kind, "shape": [n, *shape[1:]], "data": values}
        for (name, kind, shape), values in zip(_outputs(service), data, strict=False)
    ]
    about = {"prediction_ids": done.ids, "classes": service.classes, "logged": done.logged and service.log is not None}
    return {
        "model_name": service.name,
        "model_version": service.bundle.version,
        "id": request_id,
        "parameters": about,
        "outputs": outputs,
    }


def add_routes(app: FastAPI, service: Any) -> None:
    model = f"/v2/models/{service.name}"

    @app.get("/v2")
    async def server() -> Response:
        return reply({"name": service.name, "version": service.bundle.version, "extensions": []})

    @app.get("/v2/health/live")
    async def live() -> Response:
        return reply({"live": True})

    async def ready() -> Response:
        faults = await run_in_threadpool(service.not_ready)
        return reply({"ready": not faults, "faults": faults}, 503 if faults else 200)

    async def about() -> Response:
        return reply(metadata(service))

    async def infer(request: Request) -> Response:
        try:
            body = await service.body(request, REQUEST)
            rows = service.schema.rows.validate_python(rows_of(body["inputs"], service.settings.MAX_ROWS))
        except ValidationError as error:
            return service.faulty(request, fault_list(error))
        except ValueError as error:
            return service.faulty(request, [{"row": None, "column": None, "fault": str(error)}])
        id_ = body.get("id", request.state.request_id)
        return await service.answered(request, rows, lambda done: said(service, done, id_))

    for path in (model, f"{model}/versions/{service.bundle.version}"):
        app.get(path)(about)
        app.get(f"{path}/ready")(ready)
        app.post(f"{path}/infer")(infer)
    app.get("/v2/health/ready")(ready)

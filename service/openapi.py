"""The OpenAPI document: request models from the contract, and every answer that the service may give."""

from __future__ import annotations

from typing import Any

from service.inference import REQUEST

STRING, NUMBER, BOOLEAN = {"type": "string"}, {"type": "number"}, {"type": "boolean"}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None, closed: bool = True) -> dict[str, Any]:
    shape = {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}
    return {**shape, "additionalProperties": False} if closed else shape


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(about: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": about, "content": {"application/json": {"schema": schema}}}


def _body(name: str) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": _ref(name)}}}


def schemas(service: Any) -> dict[str, Any]:
    fault = _object({"row": {"type": ["integer", "null"]}, "column": {"type": ["string", "null"]}, "fault": STRING})
    flag = {"type": "string", "enum": ["missing", "unseen", "out_of_range"]}
    prediction = {
        "id": STRING,
        "prediction": {"type": "string", "enum": service.classes} if service.classes else NUMBER,
    }
    if service.classes:
        prediction["probabilities"] = _object(
            {c: {"type": "number", "minimum": 0, "maximum": 1} for c in service.classes}
        )
    prediction["flags"] = {
        "type": "object",
        "additionalProperties": flag,
        "description": "cells answered all the same, by column",
    }
    infer = REQUEST.json_schema(ref_template="#/components/schemas/{model}")
    tensors = infer.pop("$defs")
    output = _object({"name": STRING, "datatype": STRING, "shape": _array({"type": "integer"}), "data": _array({})})
    return {
        **service.schema.documents(),
        **tensors,
        "InferRequest": infer,
        "InferResponse": _object(
            {
                "model_name": STRING,
                "model_version": STRING,
                "id": STRING,
                "parameters": {"type": "object"},
                "outputs": _array(output),
            }
        ),
        "Fault": fault,
        "Error": _object({"error": STRING, "request_id": STRING}),
        "Faults": _object({"error": STRING, "faults": _array(_ref("Fault")), "request_id": STRING}),
        "PredictResponse": _object(
            {
                "predictions": _array(_object(prediction)),
                "model": STRING,
                "version": STRING,
                "request_id": STRING,
                "logged": BOOLEAN,
            }
        ),
        "Ready": _object({"ready": BOOLEAN, "faults": _array(STRING)}, {"version": STRING}),
    }


def document(service: Any) -> dict[str, Any]:
    error, faults = _ref("Error"), _ref("Faults")
    posted = {
        "413": _answer("the body is too large", error),
        "415": _answer("the body is not said to be JSON", error),
        "422": _answer("the request breaks the contract; every fault by row and column", faults),
        "503": _answer("too many rows wait, or the prediction log cannot be written", error),
    }
    keyed = {"401": _answer("the header X-API-Key is missing or wrong", error)} if service.settings.API_KEY else {}
    ready = {"200": _answer("ready", _ref("Ready")), "503": _answer("not ready, and why", _ref("Ready"))}
    live = {"200": _answer("the process answers", _object({"live": BOOLEAN}))}
    anything = {"type": "object"}
    html = {"200": {"description": "a page for people", "content": {"text/html": {"schema": STRING}}}}
    text = {"200": {"description": "for Prometheus", "content": {"text/plain": {"schema": STRING}}}}
    model = f"/v2/models/{service.name}"
    statement = service.bundle.contract["problem"]["statement"]

    def post(summary: str, request: str, answer: dict[str, Any], more: dict[str, Any] | None = None) -> dict[str, Any]:
        return {
            "post": {
                "summary": summary,
                "requestBody": _body(request),
                "responses": {"200": answer, **posted, **(more or {}), **keyed},
            }
        }

    def get(summary: str, responses: dict[str, Any], key: bool = True) -> dict[str, Any]:
        return {"get": {"summary": summary, "responses": {**responses, **(keyed if key else {})}}}

    predicted = _answer("answers in the order of the rows", _ref("PredictResponse"))
    kept = _answer("all true values were kept", _object({"kept": {"type": "integer"}, "request_id": STRING}))
    paths = {
        "/predict": post(statement or "Predict", "PredictRequest", predicted),
        "/feedback": post(
            "The true value of something predicted, by its id",
            "FeedbackRequest",
            kept,
            {"404": _answer("an id that is not in the prediction log; nothing was kept", error)},
        ),
        "/health/live": get("Does the process answer?", live, key=False),
        "/health/ready": get("Hashes, library versions, golden answers and the log, checked now", ready, key=False),
        "/model": get("Manifest, contract and model card", {"200": _answer("about the model", anything)}),
        "/metrics": get("Figures for Prometheus", text),
        "/": get("A form for people", html, key=False),
        "/v2": get("Open Inference Protocol: the server", {"200": _answer("about the server", anything)}),
        "/v2/health/live": get("Open Inference Protocol: live", live, key=False),
        "/v2/health/ready": get("Open Inference Protocol: ready", ready, key=False),
        model: get(
            "Open Inference Protocol: the model's inputs and outputs", {"200": _answer("about the model", anything)}
        ),
        f"{model}/ready": get("Open Inference Protocol: the model is ready", ready),
        f"{model}/infer": post(
            "Open Inference Protocol: predict", "InferRequest", _answer("answers", _ref("InferResponse"))
        ),
    }
    out = {
        "openapi": "3.1.0",
        "info": {"title": service.name, "version": service.bundle.version, "description": statement or ""},
        "paths": paths,
        "components": {"schemas": schemas(service)},
    }
    if keyed:
        out["components"]["securitySchemes"] = {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}
        for path, methods in paths.items():
            if path not in ("/", "/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"):
                for method in methods.values():
                    method["security"] = [{"key": []}]
    return out

"""The Open Inference Protocol: as JSON and as bytes, in its shapes; its known clients are tried in test_protocol_clients.py."""

import json
import struct

import numpy as np
import pytest

from tests.service.build import ROW

INFER = "/v2/models/flats/infer"
KINDS = {"size": "FP64", "rooms": "FP64", "heated": "BOOL", "place": "BYTES", "day": "BYTES", "note": "BYTES"}


def inputs(n=2, shape=None, **more):
    columns = {name: [value] * n for name, value in ROW.items()} | more
    return [{"name": c, "shape": shape or [n], "datatype": KINDS[c], "data": data} for c, data in columns.items()]


def raw(kind, data):
    if kind == "BYTES":
        return b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in data)
    return np.array(data, {"FP64": "<f8", "FP32": "<f4", "INT64": "<i8", "BOOL": "?"}[kind]).tobytes()


def as_bytes(tensors, **more):
    """(body, headers) of a request whose data follow the JSON."""
    behind = [raw(t["datatype"], t.pop("data")) for t in tensors]
    for tensor, data in zip(tensors, behind, strict=True):
        tensor["parameters"] = {"binary_data_size": len(data)}
    text = json.dumps({"inputs": tensors, **more}).encode()
    return text + b"".join(behind), {"Inference-Header-Content-Length": str(len(text))}


def outputs(answer):
    assert answer.status_code == 200, answer.text
    return {output["name"]: output for output in answer.json()["outputs"]}


def test_the_open_inference_protocol_answers_alike(serve):
    client = serve()
    about = client.get("/v2/models/flats").json()
    assert {t["name"]: t["datatype"] for t in about["inputs"]}["heated"] == "BOOL"
    kinds = {t["name"]: t["datatype"] for t in about["inputs"]}
    inputs = [{"name": n, "shape": [2], "datatype": kinds[n], "data": [v, v]} for n, v in ROW.items()]
    said = client.post(INFER, {"id": "mine", "inputs": inputs}).json()
    outputs = {o["name"]: o for o in said["outputs"]}
    (one,) = client.post("/predict", {"rows": [ROW]}).json()["predictions"]
    assert said["id"] == "mine" and said["model_version"] == "v1.0.0"
    assert outputs["prediction"]["data"] == [one["prediction"]] * 2 and outputs["probabilities"]["shape"] == [2, 2]
    assert outputs["probabilities"]["data"][:2] == pytest.approx(list(one["probabilities"].values()), rel=1e-12)
    assert client.get("/v2/health/live").status_code == client.get("/v2/health/ready").status_code == 200
    assert (
        client.get("/v2/models/flats/ready").status_code
        == client.get("/v2/models/flats/versions/v1.0.0").status_code
        == 200
    )
    inputs[0]["data"].pop()
    assert "shape" in client.post(INFER, {"inputs": inputs}).json()["faults"][0]["fault"]


@pytest.mark.parametrize("nested", [False, True])
def test_columns_may_be_of_shape_n_by_1(serve, nested):
    client = serve()
    tensors = inputs(shape=[2, 1])
    if nested:
        for tensor in tensors:
            tensor["data"] = [[cell] for cell in tensor["data"]]
    assert outputs(client.post(INFER, {"inputs": tensors})) == outputs(client.post(INFER, {"inputs": inputs()}))


def test_data_may_follow_the_json_as_bytes(serve):
    client = serve()
    wanted = outputs(client.post(INFER, {"inputs": inputs()}))
    body, headers = as_bytes(inputs())
    assert outputs(client.request("POST", INFER, content=body, headers=headers)) == wanted


@pytest.mark.parametrize("kind", ["FP32", "INT64"])
def test_numbers_may_be_of_any_width(serve, kind):
    client = serve()
    tensors = inputs(rooms=[3, 2])
    wanted = outputs(client.post(INFER, {"inputs": inputs(rooms=[3, 2])}))
    tensors[1]["datatype"] = kind
    body, headers = as_bytes(tensors)
    assert outputs(client.request("POST", INFER, content=body, headers=headers)) == wanted


def test_not_a_number_among_the_bytes_is_missing(serve):
    client = serve()
    wanted = outputs(client.post(INFER, {"inputs": inputs(size=[None, 20.5])}))
    body, headers = as_bytes(inputs(size=[float("nan"), 20.5]))
    assert outputs(client.request("POST", INFER, content=body, headers=headers)) == wanted


def test_the_answer_comes_as_bytes_where_that_is_asked_for(serve):
    client = serve()
    wanted = outputs(client.post(INFER, {"inputs": inputs()}))
    answer = client.post(INFER, {"inputs": inputs(), "parameters": {"binary_data_output": True}})
    length = int(answer.headers["Inference-Header-Content-Length"])
    prediction, probabilities = json.loads(answer.content[:length])["outputs"]
    behind = answer.content[length:]
    size = prediction["parameters"]["binary_data_size"]
    assert behind[:size] == raw("BYTES", wanted["prediction"]["data"]) and "data" not in prediction
    assert np.frombuffer(behind[size:], "<f8").tolist() == wanted["probabilities"]["data"]
    assert probabilities["shape"] == [2, 2]


def test_outputs_are_those_that_are_named(serve):
    client = serve()
    asked = {"inputs": inputs(), "parameters": {"binary_data_output": True}}
    only = outputs(
        client.post(INFER, asked | {"outputs": [{"name": "prediction", "parameters": {"binary_data": False}}]})
    )
    assert list(only) == ["prediction"] and len(only["prediction"]["data"]) == 2
    answer = client.post(INFER, asked | {"outputs": [{"name": "guess"}]})
    assert answer.status_code == 422 and "'guess'" in answer.json()["faults"][0]["fault"]


SPOILED = {
    "too long a header": lambda body, length: (body, str(len(body) + 1)),
    "no number": lambda body, length: (body, "ten"),
    "cut": lambda body, length: (body[:-1], length),
    "too much": lambda body, length: (body + b"\0", length),
    "no header": lambda body, length: (body, None),
    "a text cut in its length": lambda body, length: (
        body.replace(struct.pack("<I", 14), struct.pack("<I", 4000)),
        length,
    ),
    "no UTF-8": lambda body, length: (body.replace(b"quiet", b"q\xffiet"), length),
}


@pytest.mark.parametrize("name", SPOILED)
def test_bytes_that_do_not_fit_are_refused_in_a_sentence(serve, name):
    body, headers = as_bytes(inputs())
    body, length = SPOILED[name](body, headers["Inference-Header-Content-Length"])
    given = {"Inference-Header-Content-Length": length} if length else {}
    answer = serve().request("POST", INFER, content=body, headers=given)
    assert answer.status_code == 422 and isinstance(answer.json()["error"], str) and answer.json()["faults"]


@pytest.mark.parametrize("change", [{"datatype": "FP128"}, {"parameters": {"binary_data_size": -1}}, {"data": [1.0]}])
def test_a_tensor_that_contradicts_itself_is_refused(serve, change):
    tensors = inputs()
    body, headers = as_bytes(tensors)
    length = int(headers["Inference-Header-Content-Length"])
    tensors[0] |= change
    text = json.dumps({"inputs": tensors}).encode()
    headers = {"Inference-Header-Content-Length": str(len(text))}
    answer = serve().request("POST", INFER, content=text + body[length:], headers=headers)
    assert answer.status_code == 422 and "'size'" in answer.json()["faults"][0]["fault"]


@pytest.mark.parametrize("headers", [{}, {"content-type": "application/octet-stream"}, {"content-type": "text/plain"}])
def test_a_program_need_not_say_that_it_sends_json_and_a_browser_must(serve, headers):
    client = serve()
    body = json.dumps({"inputs": inputs()})
    assert client.request("POST", INFER, content=body, headers=headers).status_code == 200
    for name, value in (("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")):
        assert client.request("POST", INFER, content=body, headers=headers | {name: value}).status_code == 415


def test_a_long_request_is_answered_as_its_parts_are(serve):
    client = serve()
    sizes = [float(i) for i in range(600)]
    together = outputs(client.post(INFER, {"inputs": inputs(600, size=sizes)}))["probabilities"]["data"]
    last = outputs(client.post(INFER, {"inputs": inputs(1, size=sizes[-1:])}))["probabilities"]["data"]
    assert together[-2:] == pytest.approx(last, rel=1e-12)

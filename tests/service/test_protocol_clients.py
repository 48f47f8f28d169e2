"""The clients that people have for the Open Inference Protocol, each in an environment of its own, on golden rows."""

import json
import subprocess
import sys
import venv

import numpy as np
import pytest

from tests.service.build import environment, golden
from tests.service.running import running

pytestmark = pytest.mark.slow

# each reads {address, columns: {name: [datatype, cells]}} and prints the probabilities that it got
TRITON = """
import json, sys
import numpy as np
import tritonclient.http as client
given = json.load(sys.stdin)
NUMPY = {"FP64": np.float64, "BOOL": np.bool_, "BYTES": np.object_}
server = client.InferenceServerClient(given["address"].split("//")[1])
assert server.is_server_live() and server.is_server_ready() and server.is_model_ready("flats")
inputs = []
for name, (kind, cells) in given["columns"].items():
    tensor = client.InferInput(name, [len(cells), 1], kind)
    tensor.set_data_from_numpy(np.array(cells, NUMPY[kind]).reshape(-1, 1), binary_data=BINARY)
    inputs.append(tensor)
outputs = None if BINARY else [client.InferRequestedOutput("probabilities", binary_data=False)]
print(json.dumps(server.infer("flats", inputs, outputs=outputs).as_numpy("probabilities").tolist()))
try:
    server.infer("flats", inputs[1:])
except Exception as error:
    assert "contract" in str(error), error
else:
    raise SystemExit("a request that lacks a column was answered")
"""
KSERVE = """
import asyncio, json, sys
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
given = json.load(sys.stdin)
NUMPY = {"FP64": np.float64, "BOOL": np.bool_, "BYTES": np.object_}
inputs = []
for name, (kind, cells) in given["columns"].items():
    tensor = InferInput(name, [len(cells)], kind)
    tensor.set_data_from_numpy(np.array(cells, NUMPY[kind]), binary_data=BINARY)
    inputs.append(tensor)
client = InferenceRESTClient(RESTConfig(protocol="v2"))
request = InferRequest("flats", inputs, parameters={"binary_data_output": BINARY})
answer = asyncio.run(client.infer(given["address"], request, model_name="flats"))
print(json.dumps(next(o for o in answer.outputs if o.name == "probabilities").as_numpy().tolist()))
"""
MLSERVER = """
import json, sys, urllib.request
import pandas as pd
from mlserver.codecs import NumpyCodec, PandasCodec
from mlserver.types import InferenceResponse
given = json.load(sys.stdin)
NUMPY = {"FP64": float, "BOOL": bool, "BYTES": object}
frame = pd.DataFrame({name: pd.Series(cells, dtype=NUMPY[kind]) for name, (kind, cells) in given["columns"].items()})
body = PandasCodec.encode_request(frame, use_bytes=False).model_dump_json().encode()
url = given["address"] + "/v2/models/flats/infer"
asked = urllib.request.Request(url, body, {"content-type": "application/json"})
answer = InferenceResponse.model_validate_json(urllib.request.urlopen(asked).read())
print(json.dumps(NumpyCodec.decode_output(next(o for o in answer.outputs if o.name == "probabilities")).tolist()))
"""
CLIENTS = {
    "triton, bytes": ("tritonclient[http]", "BINARY = True" + TRITON),
    "triton, JSON": ("tritonclient[http]", "BINARY = False" + TRITON),
    "kserve, bytes": ("kserve", "BINARY = True" + KSERVE),
    "kserve, JSON": ("kserve", "BINARY = False" + KSERVE),
    "mlserver": ("mlserver", MLSERVER),
}


@pytest.fixture(scope="session")
def python_with(tmp_path_factory):
    """python_with(package): a Python that has it."""
    made = {}

    def make(package):
        if package not in made:
            place = tmp_path_factory.mktemp("environment")
            venv.create(place, with_pip=True)
            python = place / ("Scripts" if sys.platform == "win32" else "bin") / "python"
            subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", package], check=True)
            made[package] = python
        return made[package]

    return make


@pytest.mark.parametrize("name", CLIENTS)
def test_golden_rows_are_answered_alike(python_with, folder, tmp_path, name):
    package, script = CLIENTS[name]
    python = python_with(package)
    known = golden(folder)
    # these clients cannot say that a cell is missing
    whole = [i for i, row in enumerate(known["rows"]) if None not in row.values()]
    rows = [known["rows"][i] for i in whole]
    kinds = {"size": "FP64", "rooms": "FP64", "heated": "BOOL"}
    columns = {}
    for column in rows[0]:
        kind = kinds.get(column, "BYTES")
        cells = [float(row[column]) if kind == "FP64" else row[column] for row in rows]
        columns[column] = [kind, cells]
    with running(folder, PREDICTION_LOG=f"sqlite:///{tmp_path}/p.db") as (_, address):
        done = subprocess.run(
            [python, "-c", script],
            input=json.dumps({"address": address, "columns": columns}),
            capture_output=True,
            encoding="utf-8",
            env=environment(),
        )
    assert done.returncode == 0, done.stderr
    answered = np.array(json.loads(done.stdout.splitlines()[-1]))
    assert len(rows) > 10
    assert answered == pytest.approx(np.array(known["answers"])[whole], abs=1e-9)

"""What is measured beside our service: a bare app that echoes, mlflow and BentoML, each with our model and with a scikit-learn
Pipeline of the same families, fitted on the same rows, as one writes it for them."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.environments import environment

PINNED = ("scikit-learn", "pandas", "numpy", "joblib", "pyarrow", "pyyaml", "tqdm")
QUIET = {"BENTOML_DO_NOT_TRACK": "True", "MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"}


class Server(NamedTuple):
    """`command` with PORT and WORKERS in it; `rows`: the key of the rows in a request; `model`: ours, theirs or none."""

    name: str
    model: str
    command: list[str]
    env: dict[str, str]
    path: str
    rows: str


# the limit: the same server parses the same JSON and gives an answer that is known
ECHO = """
from pydantic_core import from_json
ANSWER = {answer!r}
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({{"type": message["type"] + ".complete"}})
            if message["type"] == "lifespan.shutdown":
                return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    from_json(body)
    await send({{"type": "http.response.start", "status": 200, "headers": HEADERS}})
    await send({{"type": "http.response.body", "body": ANSWER}})
"""
OURS = """
import os, sys
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, {code!r})
import pandas as pd
from lifecycle.table.conform import conform
from lifecycle.table.contract import read_contract
from lifecycle.model.store import load_model

model, contract = load_model({bundle!r}), read_contract({bundle!r} + "/contract.yaml")

def answer(frame):
    return model.predictions(conform(frame, contract, ("feature", "time")).frame).tolist()
"""
MLFLOW = (
    OURS
    + """
import mlflow

class Wrapped(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return answer(model_input)

mlflow.models.set_model(Wrapped())
"""
)
THEIRS = """
import joblib
import pandas as pd

pipeline = joblib.load({pipeline!r})

def answer(frame):
    return pipeline.{method}(frame).tolist()
"""
BENTO = """
import bentoml

@bentoml.service(workers={workers}, traffic={{"timeout": 300, "max_concurrency": 1000}})
class Model:
    @bentoml.api
    def predict(self, rows: list[dict]) -> list:
        return answer(pd.DataFrame(rows))
"""


def pipeline_of(bundle: Path, data: Path) -> tuple[Any, str]:
    """(a Pipeline, fitted; its method) of the families of the bundle's model, with their parameters and weights."""
    import pandas as pd
    from sklearn.base import clone
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import VotingClassifier, VotingRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    from lifecycle.gate.bundle import as_cells
    from service.bundle import Bundle

    loaded = Bundle(bundle)
    contract, model = loaded.contract, loaded.model
    table = pd.read_parquet(data)
    table = table[table[contract.problem.target].notna()]
    rows = pd.DataFrame(as_cells(table, contract).to_dict("records"))  # as a request becomes a table there
    numbers = [field.name for field in contract.features if field.is_number]
    words = [field.name for field in contract.features if not field.is_number]

    def typed(kind: type) -> Any:
        return FunctionTransformer(pd.DataFrame.astype, kw_args={"dtype": kind})

    encode = make_column_transformer(
        (make_pipeline(typed(float), SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (
            make_pipeline(typed(str), OneHotEncoder(handle_unknown="ignore", max_categories=30, sparse_output=False)),
            words,
        ),
    )
    members = []
    for i, (_, fitted) in enumerate(model.members):
        estimator = getattr(fitted[-1], "estimator", fitted[-1])  # of one that scales the target, what is in it
        members.append((f"{type(estimator).__name__}-{i}", clone(estimator)))
    weights = [weight for weight, _ in model.members]
    classes = bool(contract.problem.classes)
    last = members[0][1]
    if len(members) > 1:
        last = (
            VotingClassifier(members, voting="soft", weights=weights) if classes else VotingRegressor(members, weights)
        )
    pipeline = make_pipeline(encode, last).fit(rows, table[contract.problem.target].astype(str if classes else float))
    return pipeline, "predict_proba" if classes else "predict"


def write_pipeline(bundle: Path, work: Path) -> str:
    """Its name in words; the file is pipeline.joblib."""
    import joblib

    train = bundle.parent.parent / "data/train.parquet"
    pipeline, method = pipeline_of(bundle, train if train.exists() else bundle / "reference.parquet")
    joblib.dump(pipeline, work / "pipeline.joblib")
    (work / "method").write_text(method, "utf-8")
    last = pipeline[-1]
    names = [name.partition("-")[0] for name, _ in getattr(last, "estimators", [(type(last).__name__, last)])]
    return " + ".join(names)


def servers(bundle: Path, work: Path, answer: bytes, workers: int, peers: bool = True) -> list[Server]:
    """All of them; `answer`: what ours says, which the echo says always."""
    paths = {"code": str(bundle / "code"), "bundle": str(bundle)}
    (work / "echo.py").write_text(ECHO.format(answer=answer), "utf-8")
    ours = {"PYTHONPATH": paths["code"], "PYTHONSAFEPATH": "1", "PORT": "PORT", "PYTHONDONTWRITEBYTECODE": "1"}
    ours["WORKERS"] = "WORKERS"
    log = {"PREDICTION_LOG": f"sqlite:///{work}/log-WORKERS.db"}
    full = {"PREDICTION_LOG": f"sqlite:///{work}/full-WORKERS.db", "LOG_SYNC": "full"}
    command = [sys.executable, "-m", "service", str(bundle)]
    echo = [
        sys.executable,
        "-m",
        "uvicorn",
        "echo:app",
        "--app-dir",
        str(work),
        "--port",
        "PORT",
        "--workers",
        "WORKERS",
    ]
    echo += ["--no-access-log", "--log-level", "warning", "--http", "httptools", "--loop", "uvloop"]
    found = [
        Server("echo", "none", echo, {}, "/predict", "rows"),
        Server("service", "ours", command, ours | log, "/predict", "rows"),
        Server("service, log synced to disk", "ours", command, ours | full, "/predict", "rows"),
        Server("service, no log", "ours", command, ours | {"PREDICTION_LOG": "none"}, "/predict", "rows"),
    ]
    return [*found, *_peers(paths, work, workers)] if peers else found


def _peers(paths: dict[str, str], work: Path, workers: int) -> list[Server]:
    model = [f"{p}=={version(p)}" for p in PINNED]  # the model's versions, whatever the server asks for
    mlflow, bento = environment("mlflow", ["mlflow"], model), environment("bentoml", ["bentoml"], model)
    theirs = THEIRS.format(pipeline=str(work / "pipeline.joblib"), method=(work / "method").read_text("utf-8"))
    (work / "mlflow_model.py").write_text(MLFLOW.format(**paths), "utf-8")
    method = (work / "method").read_text("utf-8")
    saves = {
        "ours": "import mlflow; mlflow.pyfunc.save_model('saved-ours', python_model='mlflow_model.py')",
        "theirs": "import joblib, mlflow.sklearn; mlflow.sklearn.save_model(joblib.load('pipeline.joblib'), 'saved-theirs', "
        f"pyfunc_predict_fn={method!r}, serialization_format='cloudpickle')",
    }
    found = []
    for kind, save in saves.items():
        if not (work / f"saved-{kind}").exists():
            done = subprocess.run(
                [mlflow / "python", "-c", save],
                cwd=work,
                env={**os.environ, **QUIET},
                capture_output=True,
                encoding="utf-8",
            )
            if done.returncode:
                sys.exit(done.stderr[-2000:])
        serve = [str(mlflow / "mlflow"), "models", "serve", "-m", f"saved-{kind}", "--env-manager", "local"]
        serve += ["-p", "PORT", "--workers", "WORKERS"]
        env = {**QUIET, "PATH": f"{mlflow}{os.pathsep}{os.environ['PATH']}"}
        found.append(Server("mlflow", kind, serve, env, "/invocations", "dataframe_records"))
    for kind, code in (("ours", OURS.format(**paths)), ("theirs", theirs)):
        name = f"bento_{kind}_{workers}"
        (work / f"{name}.py").write_text(code + BENTO.format(workers=workers), "utf-8")
        serve = [str(bento / "bentoml"), "serve", f"{name}:Model", "-p", "PORT"]
        found.append(Server("bentoml", kind, serve, QUIET, "/predict", "rows"))
    return found

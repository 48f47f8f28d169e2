"""MLmodel and python_env.yaml: with them a bundle is a model of MLflow's, in its python_function flavor, as it is.

https://mlflow.org/docs/latest/ml/model/ The files say nothing of when and where they were made: the same model, the same bytes.
"""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import lifecycle
from lifecycle.ground.files import write_yaml
from lifecycle.table.contract import Contract, Field

LOADER = "service.pyfunc"


def write_mlflow(folder: Path, contract: Contract, facts: dict[str, Any]) -> None:
    python = ".".join(platform.python_version_tuple()[:2])
    flavor = {
        "loader_module": LOADER,
        "code": "code",
        "env": {"virtualenv": "python_env.yaml"},
        "python_version": python,
    }
    inputs = [{"name": f.name, "type": kind(f), "required": True} for f in contract.features]
    answer = "double" if contract.problem.task == "regression" else "string"
    outputs = [{"name": "prediction", "type": answer, "required": True}]
    outputs += [{"name": f"probability {c}", "type": "double", "required": True} for c in contract.problem.classes]
    about = {
        "flavors": {"python_function": flavor},
        "metadata": {"lifecycle": lifecycle.__version__, "target": contract.problem.target},
        "model_uuid": facts["sha256"][:32],
        "signature": {"inputs": json.dumps(inputs), "outputs": json.dumps(outputs), "params": None},
    }
    write_yaml(folder / "MLmodel", about)
    environment = {
        "python": python,
        "build_dependencies": ["pip"],
        "dependencies": ["-r requirements.txt", "mlflow>=2.16"],
    }
    write_yaml(folder / "python_env.yaml", environment)


def kind(field: Field) -> str:
    """MLflow's name of a column's type. Of true and false it takes no missing ones, so that these come as "any"."""
    if field.is_number:
        return "double"
    return "any" if field.type == "boolean" else "string"

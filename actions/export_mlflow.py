"""Log a release to an MLflow tracking server: parameters, metrics, report, and the bundle as a model that MLflow serves.

    MLFLOW_TRACKING_URI=https://mlflow.example.org python -m actions.export_mlflow [VERSION]      or: make export-mlflow

Git stays the registry: a run is a copy, tagged with version and commit; a version that the server has is not logged twice. It
needs `pip install mlflow` (mlflow-skinny is enough), which nothing else here does.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from actions.registry import check_bundle, git, locate, name, tag
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import read_json, read_yaml
from lifecycle.table.json_rows import flat

REPORTS = (Path("reports/report.html"), Path("reports/monitoring.html"))
LONGEST = 500  # characters of a parameter


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m actions.export_mlflow", description="a release to MLflow")
    parser.add_argument("version", nargs="?", default="", help="a released version, else the champion")
    given = parser.parse_args()
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        raise UserError("MLFLOW_TRACKING_URI is not set; name the tracking server, as in http://127.0.0.1:5000")
    try:
        import mlflow
    except ImportError:
        raise UserError("this needs MLflow; `pip install mlflow-skinny`") from None
    folder, version = locate(given.version)
    if not (folder / "MLmodel").exists():
        raise UserError(
            f"{folder.as_posix()} has no file MLmodel: it was made before bundles had one, or the gate refused it"
        )
    check_bundle(folder)
    try:
        run, is_new = logged(mlflow, folder, version)
    except mlflow.exceptions.MlflowException as error:
        raise UserError(f"MLflow refused it: {str(error).splitlines()[0]}") from None
    what = f"{name()} {version or 'candidate'}"
    print(f"export: {what} is run {run}" + ("" if is_new else ", logged before") + f" on {mlflow.get_tracking_uri()}")


def logged(mlflow: Any, folder: Path, version: str) -> tuple[str, bool]:
    """(id of the run that has this bundle, whether it was made now)."""
    digest = read_json(folder / "candidate.json")["sha256"]
    mlflow.set_experiment(name())
    where = f"tags.`lifecycle.sha256` = '{digest}' and attributes.status = 'FINISHED'"
    for run in mlflow.search_runs(filter_string=where, output_format="list"):
        if run.data.tags.get("lifecycle.version", "") == version:
            return run.info.run_id, False
    with mlflow.start_run(run_name=f"{name()} {version or digest[:12]}") as run:
        mlflow.set_tags({"lifecycle.sha256": digest, "lifecycle.version": version, "lifecycle.commit": commit(version)})
        mlflow.log_params(parameters(read_yaml("params.yaml")))
        mlflow.log_metrics(figures(folder))
        for report in REPORTS:
            if report.exists():
                mlflow.log_artifact(str(report), "reports")
        mlflow.log_artifacts(str(folder), "model")
    if version:
        register(mlflow, run.info.run_id, version)
    return run.info.run_id, True


def register(mlflow: Any, run_id: str, version: str) -> None:
    """The registry's next number, with the version of Git as its tag."""
    client = mlflow.MlflowClient()
    if not any(model.name == name() for model in client.search_registered_models(f"name = '{name()}'")):
        client.create_registered_model(name())
    source = f"{client.get_run(run_id).info.artifact_uri}/model"
    client.create_model_version(name(), source, run_id, tags={"version": version})


def commit(version: str) -> str:
    try:
        return git("rev-parse", f"{tag(version)}^{{commit}}" if version else "HEAD")
    except UserError:
        return ""


def parameters(blocks: dict[str, Any]) -> dict[str, str]:
    """`train.folds` and the like; a list or an empty block as JSON."""
    return {allowed(path): as_text(value)[:LONGEST] for path, value in flat(blocks).items()}


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def figures(folder: Path) -> dict[str, float]:
    """The test rows' scores and the naive baseline's."""
    out: dict[str, float] = {}
    for metric, score in read_json(folder / "evaluation.json")["metrics"].items():
        known = {metric: score["value"], f"{metric}.low": score["low"], f"{metric}.high": score["high"]}
        known[f"{metric}.baseline"] = score["baseline"]
        out |= {allowed(key): float(value) for key, value in known.items() if value is not None}
    return out


def allowed(key: str) -> str:
    """MLflow's names have letters, digits, and _-. /"""
    return "".join(c if c.isascii() and (c.isalnum() or c in "_-. /") else "_" for c in key)


if __name__ == "__main__":
    stage(main)

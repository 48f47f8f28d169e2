"""deploy: the bundle that a service loads, and nothing else is needed to serve it: model, code, contract, golden rows.

Run: python -m stages.deploy      (reads the candidate, its evaluation and the gate's verdict; writes models/bundle/)

A candidate that failed the gate yields a folder with REFUSED.md in it and nothing to release. The bundle is loaded in a
fresh process that sees only the bundle, and must give the golden rows' answers to the last digit.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from custom.metrics import METRICS
from lifecycle.gate.bundle import BUNDLE, CANDIDATE, check_alone, golden, made_from, manifest, with_answers
from lifecycle.gate.closure import files_needed
from lifecycle.gate.mlflow_files import write_mlflow
from lifecycle.ground.errors import stage
from lifecycle.ground.files import (
    read_json,
    read_parquet,
    replacing_folder,
    write_json,
    write_parquet,
    write_text,
)
from lifecycle.ground.metrics import add_metrics
from lifecycle.ground.params import DeployParams
from lifecycle.model.learned import FILE as LEARNED
from lifecycle.model.learned import ROW, write_learned
from lifecycle.model.store import load_model
from lifecycle.report.model_card import model_card, refusal
from lifecycle.table.contract import read_contract
from lifecycle.table.some_rows import read_some


def main() -> None:
    add_metrics(METRICS)
    params, gate = DeployParams.load(), read_json("reports/validation.json")
    if not gate["passed"]:
        with replacing_folder(BUNDLE) as folder:
            write_text(folder / "REFUSED.md", refusal(gate))
        print("deploy: the gate failed, so there is no bundle to release; models/bundle/REFUSED.md says why")
        return
    contract, facts, model = read_contract(), read_json(CANDIDATE / "candidate.json"), load_model(CANDIDATE)
    test, _, said = read_some("data/test.parquet")
    if said:
        print(f"  {said}: they are what monitoring compares live rows with")
    train = read_parquet("data/train.parquet", [ROW])
    (evaluation,) = read_json("reports/evaluation.json")
    with replacing_folder(BUNDLE) as folder:
        for name in ("model.joblib", "candidate.json"):
            shutil.copyfile(CANDIDATE / name, folder / name)
        for source, name in (
            ("data/contract.yaml", "contract.yaml"),
            ("requirements-serve.txt", "requirements.txt"),
        ):
            write_text(folder / name, Path(source).read_text("utf-8"))
        write_json(folder / "evaluation.json", evaluation)
        for path in files_needed(model):
            write_text(folder / "code" / path, Path(path).read_text("utf-8"))
        rows = golden(model, test, contract, params.golden_rows)
        write_json(folder / "golden.json", rows)
        write_parquet(folder / "reference.parquet", with_answers(model, test))
        if ROW in train:
            write_learned(folder / LEARNED, train[ROW].to_numpy())
        write_text(folder / "MODEL_CARD.md", model_card(contract, facts, evaluation, gate, made_from(contract)))
        write_mlflow(folder, contract, facts)
        write_json(folder / "manifest.json", manifest(folder, facts, {}))
        if needed := check_alone(folder):
            (folder / "manifest.json").unlink()
            write_json(folder / "manifest.json", manifest(folder, facts, needed))
        n_files, size = (
            len(list(folder.rglob("*"))),
            sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6,
        )
    print(
        f"deploy: models/bundle, {n_files} files, {size:.1f} MB; {len(rows['rows'])} golden rows answered alike in a fresh process"
    )


if __name__ == "__main__":
    stage(main)

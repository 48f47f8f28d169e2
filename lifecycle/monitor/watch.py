"""monitor: is what production sends still what the model was made for, and is the model still as good as at release?

Run: python -m stages.monitor      (reads the released bundle in models/champion, else models/bundle, and data/live;
writes reports/monitoring.json, reports/monitoring.html)

Each check is a row: name, measured, expected, verdict, why. The worst of them, by the rules in params.yaml, is the
verdict: ok, warn or retrain. A changed relation between rows and target (concept drift) is seen only where labels came.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle.ground.errors import UserError
from lifecycle.ground.files import Block, read_json, read_parquet
from lifecycle.monitor.batches import read_live
from lifecycle.table.contract import read_contract

if TYPE_CHECKING:
    from lifecycle.monitor.checks import Bundle

BUNDLES = (Path("models/champion/bundle"), Path("models/bundle"))


def find_bundle() -> Path | None:
    """The released bundle, else the newest that passed the gate."""
    return next((b for b in BUNDLES if (b / "model.joblib").exists()), None)


def read_bundle(folder: Path) -> Bundle:
    from lifecycle.monitor.checks import Bundle

    contract, reference = read_contract(folder / "contract.yaml"), read_parquet(folder / "reference.parquet")
    names = [c for c in reference.columns if c == "__answer__" or c.startswith("__p_")]
    if not names:
        raise UserError(f"{folder}/reference.parquet has no answers of the model; `dvc repro deploy` makes it anew")
    answers = reference[names].to_numpy(float)
    threshold = read_json(folder / "candidate.json").get("threshold", {}).get("value", 0.5)
    return Bundle(contract, reference, answers[:, 0] if names == ["__answer__"] else answers, threshold)


def model_digest(folder: Path | None) -> str:
    """Which model a verdict is about: the next release has the same folder."""
    return read_json(folder / "candidate.json")["sha256"] if folder else ""  # `load_model` holds the file to it


def watch(folder: Path, params: Block) -> dict[str, Any]:
    # late: a project without live data waits for none of the statistics
    from lifecycle.ground.metrics import score
    from lifecycle.model.released import Released
    from lifecycle.monitor.performance import by_batch
    from lifecycle.monitor.verdict import assess

    bundle = read_bundle(folder)
    live = read_live(bundle.contract, int(params["window_rows"]))
    answers = bundle.answers[:0]
    if len(live.rows):
        with Released(folder) as model:
            answers = model.answers(live.text)
    result = assess(bundle, live, answers, params)
    by_batch(bundle, live, answers, params)
    problem = bundle.contract["problem"]
    facts = {k: problem[k] for k in ("metric", "target")} | {
        "released": score(problem["metric"], bundle.y, bundle.told(bundle.answers)),
        "naive": bundle.naive,
    }
    return result | {"about": [facts]}  # a list: what is no list, DVC shows as metrics


def nothing(reason: str) -> dict[str, Any]:
    zero = dict.fromkeys(("live_rows", "live_labelled", "alarms", "drifted_columns"), 0)
    return {"verdict": "ok", **zero, "reasons": [reason], "checks": [], "batches": []}

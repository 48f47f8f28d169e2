"""The monitor's way from a bundle and data/live to a result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lifecycle.ground.files import read_json
from lifecycle.ground.params import MonitorParams
from lifecycle.monitor.batches import read_live
from lifecycle.monitor.finding import NO_DATA

BUNDLES = (Path("models/champion/bundle"), Path("models/bundle"))


def find_bundle() -> Path | None:
    """The released bundle, else the newest that passed the gate."""
    return next((b for b in BUNDLES if (b / "model.joblib").exists()), None)


def model_digest(folder: Path | None) -> str:
    """Which model a verdict is about: the next release has the same folder."""
    if folder is None:
        return ""
    return str(read_json(folder / "candidate.json")["sha256"])  # `load_model` holds the file to it


def watch(folder: Path, params: MonitorParams) -> dict[str, Any]:
    # late: a project without live data waits for none of the statistics
    from lifecycle.model.released import Released
    from lifecycle.monitor.performance import by_batch
    from lifecycle.monitor.reference import read_reference
    from lifecycle.monitor.verdict import assess

    reference = read_reference(folder)
    live = read_live(reference.contract, params.window_rows)
    prediction = reference.prediction[:0]
    if len(live.rows):
        with Released(folder) as model:
            prediction = model.predictions(live.text)
    facts = {
        "metric": reference.metric,
        "target": reference.contract.problem.target,
        "released": reference.score,
        "naive": reference.baseline,
    }
    result = assess(reference, live, prediction, params)
    result["batches"] = by_batch(reference, live, prediction, params)
    return result | {"about": [facts]}  # a list: what is no list, DVC shows as metrics


def nothing(reason: str) -> dict[str, Any]:
    zero = dict.fromkeys(("live_rows", "live_labelled", "alarms", "drifted_columns"), 0)
    return {"verdict": NO_DATA, **zero, "reasons": [reason], "checks": [], "batches": []}

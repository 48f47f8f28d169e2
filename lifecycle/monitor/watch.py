"""The monitor's way from a bundle and data/live to a result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle.ground.files import read_json
from lifecycle.ground.params import MonitorParams
from lifecycle.model.store import MANIFEST, VERSION
from lifecycle.monitor.batches import read_live
from lifecycle.monitor.finding import NO_DATA

if TYPE_CHECKING:
    import pandas as pd

    from lifecycle.monitor.reference import Reference
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
    from lifecycle.monitor.coverage import Sure, promise_of
    from lifecycle.monitor.pictures import pictures
    from lifecycle.monitor.reference import read_reference
    from lifecycle.monitor.timeline import by_batch, interest
    from lifecycle.monitor.verdict import assess

    reference = read_reference(folder)
    live = read_live(reference.contract, params.window_rows)
    prediction, sure, promise = reference.prediction[:0], None, promise_of(folder)
    if len(live.rows):
        with Released(folder) as model:
            prediction = model.predictions(live.text)
            bounds = model.certainty(live.text) if promise else None
        if promise and bounds is not None:
            sure = Sure(promise, bounds)
    facts = {
        "metric": reference.metric,
        "target": reference.contract.problem.target,
        "released": reference.score,
        "naive": reference.baseline,
        "interest": interest(reference),
        "weight": reference.contract.weight.name if reference.contract.weight else "",
        "window": window(reference, live.rows),
    }
    result = assess(reference, live, prediction, params, sure)
    result["pictures"] = pictures(reference, live, prediction, result["checks"])
    result["batches"] = by_batch(reference, live, prediction, params)
    return result | {"about": [facts]}  # a list: what is no list, DVC shows as metrics


def provenance(folder: Path | None) -> dict[str, Any]:
    """Which model a look is about: its version and commit where it is a released one, and what it was made from and with."""
    if folder is None:
        return {}
    pointed = folder.parent / VERSION
    released = read_json(pointed) if folder == BUNDLES[0] and pointed.exists() else {}
    manifest = read_json(folder / MANIFEST) if (folder / MANIFEST).exists() else {}
    return {
        "project": released.get("project", ""),
        "version": released.get("version", ""),
        "commit": released.get("commit", ""),
        "engine": manifest.get("engine", ""),
        "data": manifest.get("data", {}),
        "versions": manifest.get("versions", {}),
    }


def window(reference: Reference, live: pd.DataFrame) -> dict[str, str]:
    """The days that the reference and the live rows cover."""
    time = reference.contract.time
    if time is None or not time.is_date:
        return {}
    out = {}
    for side, rows in (("reference", reference.rows), ("live", live)):
        moments = rows[time.name].dropna()
        if len(moments):
            out[side] = f"{moments.min():%Y-%m-%d} to {moments.max():%Y-%m-%d}"
    return out


def nothing(reason: str) -> dict[str, Any]:
    zero = dict.fromkeys(("live_rows", "live_labelled", "alarms", "drifted_columns"), 0)
    return {"verdict": NO_DATA, **zero, "reasons": [reason], "checks": [], "batches": [], "pictures": []}

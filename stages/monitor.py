"""monitor: is what production sends still what the model was made for, and is the model still as good as at release?

Run: python -m stages.monitor      (reads the released bundle in models/champion, else models/bundle, and data/live;
writes reports/monitoring.json, reports/monitoring.html)

Each check is a row: name, measured, expected, verdict, why. The worst of them, by the rules in params.yaml, is the
verdict: ok, warn or retrain. A changed relation between rows and target (concept drift) is seen only where labels came.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.lib.errors import UserError, stage
from stages.lib.files import Block, read_json, read_params, read_parquet, read_yaml, write_json, write_text
from stages.lib.live import LIVE, batch_files, digest, read_live

if TYPE_CHECKING:
    from stages.lib.checks import Bundle

BUNDLES = (Path("models/champion/bundle"), Path("models/bundle"))


def find_bundle() -> Path | None:
    """The released bundle, else the newest that passed the gate."""
    return next((b for b in BUNDLES if (b / "model.joblib").exists()), None)


def read_bundle(folder: Path) -> Bundle:
    from stages.lib.checks import Bundle

    contract, reference = read_yaml(folder / "contract.yaml"), read_parquet(folder / "reference.parquet")
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
    from stages.lib.metrics import score
    from stages.lib.model import load_model
    from stages.lib.performance import by_batch
    from stages.lib.verdict import assess

    bundle = read_bundle(folder)
    live = read_live(bundle.contract, int(params["window_rows"]))
    answers = load_model(folder).answers(live.rows) if len(live.rows) else bundle.answers[:0]
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


def main() -> None:
    from stages.lib.monitor_page import page_of

    params = read_params("monitor")
    folder = find_bundle()
    if folder is None:
        result = nothing("there is no bundle yet: the gate refused the candidate, so there is no model to watch")
    elif not batch_files():
        result = nothing(f"no live data: {LIVE} has no batch yet, so there is nothing to compare")
    else:
        result = watch(folder, params)
    about = {"bundle": folder.as_posix() if folder else "", "model": model_digest(folder), "live": digest()}
    result["about"] = [about | fact for fact in result.get("about", [{}])]
    write_json("reports/monitoring.json", result)
    write_text("reports/monitoring.html", page_of(result))
    for reason in result["reasons"][:8]:
        print(f"  {reason}")
    print(
        f"monitor: verdict {result['verdict']}; {result['live_rows']} live rows, {result['live_labelled']} labelled, {result['alarms']} of {len(result['checks'])} checks raise an alarm"
    )


if __name__ == "__main__":
    stage(main)

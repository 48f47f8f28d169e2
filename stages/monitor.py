"""monitor: is what production sends still what the model was made for, and is the model still as good as at release?

Run: python -m stages.monitor      (reads the released bundle in models/champion, else models/bundle, and data/live;
writes reports/monitoring.json, reports/monitoring.html)

Each check is a row: name, measured, expected, verdict, why. The worst of them, by the rules in params.yaml, is the
verdict: ok, warn or retrain. A changed relation between rows and target (concept drift) is seen only where labels came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle.ground.errors import stage
from lifecycle.ground.files import read_params, write_json, write_text
from lifecycle.monitor.batches import LIVE, batch_files, digest

if TYPE_CHECKING:
    pass
from lifecycle.monitor.watch import find_bundle, model_digest, nothing, watch


def main() -> None:
    from lifecycle.report.monitoring import page_of

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

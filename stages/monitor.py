"""monitor: is what production sends still what the model was made for, and is the model still as good as at release?

Run: python -m stages.monitor      (reads the released bundle in models/champion, else models/bundle, data/live, and what
earlier looks found, reports/history; writes reports/monitoring.json, reports/monitoring.html)

Each check is a row: name, measured, expected, verdict, why. The worst of them, by the rules in params.yaml, is the
verdict: ok, warn or retrain. A changed relation between rows and target (concept drift) is seen only where labels came.
"""

from __future__ import annotations

from custom.metrics import METRICS
from lifecycle.ground.errors import stage
from lifecycle.ground.files import write_json, write_text
from lifecycle.ground.metrics import add_metrics
from lifecycle.ground.params import MonitorParams
from lifecycle.monitor.batches import LIVE, batch_files, digest
from lifecycle.monitor.history import read_history, records, timeline
from lifecycle.monitor.watch import find_bundle, model_digest, nothing, provenance, watch
from lifecycle.report.monitoring import page_of
from lifecycle.report.standing import summary


def main() -> None:
    add_metrics(METRICS)
    params, folder = MonitorParams.load(), find_bundle()
    if folder is None:
        result = nothing("there is no bundle yet: the gate refused the candidate, so there is no model to watch")
    elif not batch_files():
        result = nothing(f"no live data: {LIVE} has no batch yet, so there is nothing to compare")
    else:
        result = watch(folder, params)
    about = {"bundle": folder.as_posix() if folder else "", "model": model_digest(folder), "live": digest()}
    about |= provenance(folder) | {"random_state": params.random_state}
    result["about"] = [about | fact for fact in result.get("about", [{}])]
    write_json("reports/monitoring.json", result)
    write_text("reports/monitoring.html", page_of(result, timeline(read_history(), records(result))))
    for reason in result["reasons"][:8]:
        print(f"  {reason}")
    rows = f"{result['live_rows']} live rows, {result['live_labelled']} labelled"
    alarms = f"{result['alarms']} of {len(result['checks'])} checks raise an alarm"
    print(f"monitor: verdict {result['verdict']}; {rows}, {alarms}")
    for line in summary():  # this stage is the pipeline's last
        print(line)


if __name__ == "__main__":
    stage(main)

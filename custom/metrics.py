"""Your own metrics, beside those of the engine (lifecycle/ground/metrics.py).

A function of rows and predictions, and its line in METRICS; from then on its name is as good as any other: as problem.metric
or train.metric, in problem.criteria, in the report.

    def cost_per_row(y_true, y_pred, weight):
        "Mean cost of a decision: 1 for a false alarm, 5 for a miss"
        cost = np.where(y_true == 1, 5 * (y_pred == 0), 1 * (y_pred == 1))
        return np.average(cost, weights=weight)

    METRICS = {"cost_per_row": own_metric(cost_per_row, greater_is_better=False, tasks=("binary",), needs="classes")}

`own_metric` says what the arguments are. Use `weight`: the intervals come of it. Import what takes long inside the function.
"""

from __future__ import annotations

from lifecycle.ground.metrics import Metric

METRICS: dict[str, Metric] = {}

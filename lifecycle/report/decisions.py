"""reports/decision.html: from predictions to what is done with them. Complete without its script, which moves a threshold.

A section is a template, templates/decision/NAME.html.j2; it sees `Facts` of the report, and this module as `decide`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifecycle.ground.metrics import METRICS
from lifecycle.ground.words import alike, as_scores, brief, count, exact, percent, short
from lifecycle.report import glossary, svg
from lifecycle.report.dots import Plot, Row, plot
from lifecycle.report.page import page
from lifecycle.report.provenance import of_evaluation
from lifecycle.table.contract import Contract

SECTIONS = ("threshold", "ranking", "classes", "errors", "groups", "more_rows")
PAGE = "reports/decision.html"
OUTCOMES = {
    "false_positive": "predicted {class}, but is not",
    "false_negative": "is {class}, but was missed",
    "true_positive": "is {class}, and was found (a gain)",
}


def decision_page(contract: Contract, evaluation: dict[str, Any]) -> str:
    from lifecycle.report import decisions

    facts = {"contract": contract, "evaluation": evaluation, "decision": evaluation["decision"]}
    script = "threshold.js" if evaluation["task"] == "binary" else ""
    helpers = {"decide": decisions, "words": glossary}
    title = f"Decision: {contract.problem.target}"
    return page("decision", title, SECTIONS, facts | helpers, script, of_evaluation(evaluation, PAGE))


# ---- in words -----------------------------------------------------------------------------------------------------


def positive(evaluation: dict[str, Any]) -> str:
    return brief(evaluation["classes"][1])


def share(found: Mapping[str, Any]) -> str:
    """20% (16% to 24%)."""
    if found["value"] is None:
        return short(None)
    return f"{percent(found['value'])} ({percent(found['low'])} to {percent(found['high'])})"


def amount(found: Mapping[str, Any]) -> str:
    """8.89 (7.67 to 10.1), or a size in the target's unit."""
    if found["value"] is None:
        return short(None)
    if found["low"] is None:
        return short(found["value"], 3)
    return f"{short(found['value'], 3)} ({short(found['low'], 3)} to {short(found['high'], 3)})"


def has_costs(decision: dict[str, Any]) -> bool:
    return bool(decision["costs"])


def costs_in_words(decision: dict[str, Any], evaluation: dict[str, Any]) -> str:
    name = f"“{positive(evaluation)}”"
    said = [f"{OUTCOMES[key].replace('{class}', name)}: {short(value)}" for key, value in decision["costs"].items()]
    return "; ".join(said)


def lead(evaluation: dict[str, Any]) -> str:
    """What the threshold in use does, the conclusion first."""
    decision, n = evaluation["decision"], count(evaluation["n_rows"])
    if evaluation["task"] == "multiclass":
        worst = min(decision["classes"], key=lambda one: one["recall"]["value"] if one["support"] else 2.0)
        text = f"Each of the {n} test rows is assigned its likeliest class."
        if worst["recall"]["value"] is not None:
            text += f" The class with the lowest recall is “{brief(worst['class'])}”: {percent(worst['recall']['value'])} of its {count(worst['support'])} rows are found."
        return text
    if evaluation["task"] == "regression":
        first = decision["tolerances"][0]
        return f"Of {n} test rows, {percent(first['value'])} are predicted within {tolerance(first)}."
    one = decision["points"][0]
    test, name = one["test"], f"“{positive(evaluation)}”"
    called = test["tp"] + test["fp"]
    if not called:
        return f"At a threshold of {short(one['threshold'])} none of the {n} test rows is predicted to be {name}."
    return (
        f"At a threshold of {short(one['threshold'])}, {count(called)} of the {n} test rows are predicted to be {name}: "
        f"{percent(test['precision']['value'])} of them really are (precision), which is {percent(test['recall']['value'])} of all {name} rows (recall)."
    )


def tolerance(one: Mapping[str, Any]) -> str:
    if one.get("error") is not None:
        return f"{short(one['error'])} of the actual value"
    return f"{percent(one['share'])} of the actual value"


# ---- two classes --------------------------------------------------------------------------------------------------

NAMES = {"used": "in use", "best": "best out of fold"}


def thresholds(decision: dict[str, Any]) -> dict[str, Any]:
    """The threshold in use beside the best one, on test rows and out of fold."""
    head = ["Threshold", "", "Rows", "Share selected", "Precision", "Recall"]
    if has_costs(decision):
        head.append("Cost per row")
    rows = []
    for one in decision["points"]:
        for which, said in (("test", "test"), ("out_of_fold", "out of fold")):
            if which in one:
                found = one[which]
                cells = [short(one["threshold"]), NAMES[one["name"]], said]
                cells += [share(found[key]) for key in ("selected", "precision", "recall")]
                rows.append(cells + ([amount(found["cost"])] if has_costs(decision) else []))
    return {"head": head, "rows": rows, "numeric": [0, *range(3, len(head))]}


def suggestion(decision: dict[str, Any]) -> str:
    """What the best threshold out of fold would change, with the line that sets it."""
    if len(decision["points"]) < 2:
        return "On the out-of-fold rows no threshold is better than the one in use."
    best = decision["points"][1]
    text = f"{best['why'][0].upper()}{best['why'][1:]}: {short(best['threshold'])}."
    saved = best["saved"]
    if has_costs(decision) and saved["value"] is not None:
        sure = "more than chance would explain" if saved["low"] > 0 else "but that may be chance"
        text += f" It would save {amount(saved)} per row, {sure}."
    return f"{text} To use it: train: {{threshold: {best['threshold']:g}}} in params.yaml."


def confusion(decision: dict[str, Any], evaluation: dict[str, Any]) -> dict[str, Any]:
    """Counts, and each row's shares."""
    test = decision["points"][0]["test"]
    names = [brief(one) for one in evaluation["classes"]]
    counts = [[test["tn"], test["fp"]], [test["fn"], test["tp"]]]
    rows = []
    for name, of_class in zip(names, counts, strict=True):
        total = sum(of_class)
        rows.append([name, *(f"{count(n)} ({percent(n / total)})" if total else "0" for n in of_class), count(total)])
    columns = [sum(column) for column in zip(*counts, strict=True)]
    rows.append(["all", *map(count, columns), count(sum(columns))])
    return {"head": ["Actual", *(f"predicted {name}" for name in names), "all"], "rows": rows, "numeric": [1, 2, 3]}


def by_threshold(decision: dict[str, Any], evaluation: dict[str, Any]) -> str:
    """Recall, precision and the share selected, over the threshold."""
    cuts = sorted(decision["cuts"])
    at = [one[0] for one in cuts]
    test = decision["points"][0]["test"]
    n_positive, n = test["tp"] + test["fn"], evaluation["n_rows"]
    called = [one for one in cuts if one[1] + one[2]]
    return svg.lines(
        "By threshold",
        [
            svg.Curve("recall", at, [one[1] / max(n_positive, 1) for one in cuts]),
            svg.Curve("precision", [one[0] for one in called], [one[1] / (one[1] + one[2]) for one in called]),
            svg.Curve("share selected", at, [(one[1] + one[2]) / n for one in cuts]),
        ],
        "threshold",
        "share",
        (0, 1),
        (0, 1),
        x_format=short,
        y_format=svg.percent_of,
        mark=decision["points"][0]["threshold"],
    )


def cost_by_threshold(decision: dict[str, Any], evaluation: dict[str, Any]) -> str:
    if not has_costs(decision):
        return ""
    cuts, costs = sorted(decision["cuts"]), all_costs(decision)
    test = decision["points"][0]["test"]
    n_positive, n = test["tp"] + test["fn"], evaluation["n_rows"]
    total = [
        (costs["false_positive"] * fp + costs["false_negative"] * (n_positive - tp) - costs["true_positive"] * tp) / n
        for _, tp, fp in cuts
    ]
    series = [svg.Curve("", [one[0] for one in cuts], total)]
    mark = decision["points"][0]["threshold"]
    return svg.lines("Cost by threshold", series, "threshold", "cost per row", (0, 1), mark=mark)


def all_costs(decision: dict[str, Any]) -> dict[str, float]:
    return {"false_positive": 1.0, "false_negative": 1.0, "true_positive": 0.0} | decision["costs"]


def scores(decision: dict[str, Any], evaluation: dict[str, Any]) -> str:
    found, names = decision["histogram"], evaluation["classes"]
    bars = [svg.Bars(brief(names[0]), found["negative"]), svg.Bars(brief(names[1]), found["positive"])]
    label = f"predicted probability of “{positive(evaluation)}”"
    return svg.histogram("Scores", bars, (0, 1), label, "test rows", mark=decision["points"][0]["threshold"])


def gain_chart(decision: dict[str, Any], evaluation: dict[str, Any]) -> str:
    found = decision["gain"]
    line = svg.Curve("", found["rows"], found["found"])
    return svg.lines(
        "Cumulative gain", [line], "share of the rows, the most probable first", f"share of all “{positive(evaluation)}” found",
        (0, 1), (0, 1), svg.percent_of, svg.percent_of, diagonal=True,
    )  # fmt: skip


def lift_table(decision: dict[str, Any], evaluation: dict[str, Any]) -> dict[str, Any]:
    name = f"“{positive(evaluation)}”"
    rows = []
    for one in decision["lift"]:
        cells = [
            f"{one['share']:.0%}",
            count(one["n"]),
            count(one["hits"]),
            share(one["precision"]),
            share(one["recall"]),
        ]
        rows.append([*cells, f"{one['lift']:.1f}×"])
    head = [
        "Most probable",
        "Rows",
        f"{name} rows",
        f"{name} among them (precision)",
        f"of all {name} (recall)",
        "Lift",
    ]
    return {"head": head, "rows": rows, "numeric": list(range(1, 6))}


def lift_in_words(decision: dict[str, Any], evaluation: dict[str, Any]) -> str:
    tenth = next((one for one in decision["lift"] if one["share"] == 0.1), None)
    if tenth is None:
        return ""
    name = f"“{positive(evaluation)}”"
    return (
        f"The 10% of the rows with the highest probability contain {percent(tenth['recall']['value'])} of all {name}; "
        f"{percent(tenth['precision']['value'])} of these rows are {name}."
    )


def for_script(decision: dict[str, Any], evaluation: dict[str, Any]) -> dict[str, Any]:
    """What the slider needs: no more than the page says already."""
    test = decision["points"][0]["test"]
    return {
        "cuts": sorted(decision["cuts"]),
        "positive": test["tp"] + test["fn"],
        "rows": evaluation["n_rows"],
        "costs": all_costs(decision) if has_costs(decision) else None,
        "capacity": decision["capacity"],
        "threshold": decision["points"][0]["threshold"],
        "plane": list(svg.PLANE),
    }


# ---- more classes, values -----------------------------------------------------------------------------------------


def class_table(decision: dict[str, Any]) -> dict[str, Any]:
    rows = [
        [
            brief(one["class"]),
            share(one["precision"]),
            share(one["recall"]),
            count(one["support"]),
            count(one["predicted"]),
        ]
        for one in decision["classes"]
    ]
    return {"head": ["Class", "Precision", "Recall", "Support", "Predicted"], "rows": rows, "numeric": [1, 2, 3, 4]}


def confusions(decision: dict[str, Any]) -> dict[str, Any]:
    rows = [
        [brief(one["actual"]), brief(one["predicted"]), count(one["n"]), percent(one["share"])]
        for one in decision["confusions"]
    ]
    return {"head": ["Actual", "Predicted", "Rows", "Share of the actual class"], "rows": rows, "numeric": [2, 3]}


def tolerances(decision: dict[str, Any]) -> dict[str, Any]:
    rows = [[tolerance(one), share(one)] for one in decision["tolerances"]]
    return {"head": ["Error at most", "Test rows within it"], "rows": rows, "numeric": [1]}


def errors_by(one: dict[str, Any]) -> Plot:
    """Mean absolute error of each part of a column, or of the predictions."""
    levels = one["levels"]
    texts = alike(level["mae"]["value"] for level in levels)
    rows = [
        Row(
            brief(level["level"]),
            level["mae"]["value"],
            level["mae"]["low"],
            level["mae"]["high"],
            f"({count(level['n'])})",
            text,
        )
        for level, text in zip(levels, texts, strict=True)
    ]
    return plot("mean absolute error", rows, {})


def bias_table(one: dict[str, Any]) -> dict[str, Any]:
    rows = [
        [brief(level["level"]), count(level["n"]), amount(level["bias"]), amount(level["mae"])]
        for level in one["levels"]
    ]
    head = [
        "Prediction" if not one["column"] else brief(one["column"]),
        "Rows",
        "Mean error (prediction − actual)",
        "Mean absolute error",
    ]
    return {"head": head, "rows": rows, "numeric": [1, 2, 3]}


# ---- groups -------------------------------------------------------------------------------------------------------

RATES = {
    "selection_rate": "Selection rate", "recall": "Recall (true positive rate)", "precision": "Precision",
    "false_positive_rate": "False positive rate", "accuracy": "Accuracy", "bias": "Mean error (prediction − actual)",
    "mae": "Mean absolute error",
}  # fmt: skip


def group_table(one: dict[str, Any], task: str) -> dict[str, Any]:
    shown = [key for key in RATES if one["levels"] and key in one["levels"][0]]
    rows = []
    for level in one["levels"]:
        few = "" if level["compared"] else " (too few to compare)"
        say = amount if task == "regression" else share
        cells = [f"{brief(level['level'])}{few}", count(level["n"]), *(say(level[key]) for key in shown)]
        if task == "binary":
            cells.append(f"{percent(level['predicted'])} / {share(level['observed'])}")
        rows.append(cells)
    head = [brief(one["column"]), "Rows", *(RATES[key] for key in shown)]
    if task == "binary":
        head.append("Calibration: predicted / observed")
    return {"head": head, "rows": rows, "numeric": list(range(1, len(head)))}


def parity_in_words(one: dict[str, Any]) -> str:
    ratio = one["demographic_parity_ratio"]
    if ratio is None:
        return "The selection rates cannot be compared: too few groups have enough rows, or no row is selected."
    text = f"Demographic parity ratio {exact(ratio)}"
    if one["ratio_interval"]:
        low, high = one["ratio_interval"]
        text += f" (95% interval {exact(low)} to {exact(high)})"
    verdict = "at least four fifths" if ratio >= 0.8 else "below four fifths"
    text += f", {verdict}: the lowest selection rate ({one['lowest']}) divided by the highest ({one['highest']})."
    if one["equalized_odds_difference"] is not None:
        text += f" Equalized odds difference {exact(one['equalized_odds_difference'])}: the larger of the gaps between true and between false positive rates."
    return text


# ---- would more rows help? ----------------------------------------------------------------------------------------


def learning_chart(evaluation: dict[str, Any]) -> str:
    points = (evaluation["learning"] or {}).get("points") or []
    known = [one for one in points if one["score"] is not None]
    if len(known) < 2:
        return ""
    line = svg.Curve("", [one["rows"] for one in known], [one["score"] for one in known], True)
    return svg.lines(
        "Learning curve", [line], "training rows", glossary.term(evaluation["metric"]),
        (0, 1.05 * known[-1]["rows"]), x_format=lambda value: count(round(value)),
    )  # fmt: skip


def learning_in_words(evaluation: dict[str, Any]) -> str:
    points = (evaluation["learning"] or {}).get("points") or []
    known = [one for one in points if one["score"] is not None]
    if len(known) < 2:
        return "There are too few rows to draw a learning curve."
    before, last = known[-2], known[-1]
    better = METRICS[evaluation["metric"]].greater_is_better
    step = (last["score"] - before["score"]) * (1 if better else -1)
    noise = (last["std"] ** 2 + before["std"] ** 2) ** 0.5
    name = glossary.inline(evaluation["metric"])
    was, now, spread = as_scores([before["score"], last["score"], max(before["std"], last["std"])])
    first = f"From {count(before['rows'])} to {count(last['rows'])} training rows {name} went from {was} to {now} (± {spread} between folds)."
    if step <= 0 or step < 0.5 * noise:
        return f"More rows of the same kind would hardly help. {first}"
    return f"More rows would probably help: twice as many may improve it by up to another {short(step, 2)}. {first}"

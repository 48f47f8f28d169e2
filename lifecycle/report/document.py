"""report: one self-contained page that a person reads before trusting, releasing or questioning the model.

Run: python -m stages.report      (reads data/contract.yaml, reports/*.json, reports/leaderboard.csv, reports/plots/;
writes reports/report.html). No script, nothing from the network; it prints, and follows a dark screen.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lifecycle.ground.errors import UserError
from lifecycle.ground.words import between, cut, percent, short
from lifecycle.report.page import details, element, escape, folded, listed, page, section, table
from lifecycle.report.sections import (
    WORDS,
    better_is,
    cell,
    explanation_section,
    fold_gap,
    metrics_section,
    plots_section,
    slices_section,
    worst_section,
)

SHOWN_COLUMNS, SHOWN_CANDIDATES = 40, 20


# ---- headline and problem -----------------------------------------------------------------------------------------


def headline(contract: dict, evaluation: dict, validation: dict) -> str:
    problem, failed = contract["problem"], [c for c in validation["checks"] if not c["passed"]]
    n = len(validation["checks"])
    if validation["passed"]:
        badge = element("p", f"✓ Gate passed: all {n} checks", class_="badge good")
    else:
        badge = element("p", f"✗ Gate failed: {len(failed)} of {n} checks", class_="badge bad")
    reasons = listed([f"{c['name']}: {c['why']}" for c in failed]) if failed else ""
    cards = "".join(
        f'<div class="card"><p class="figure">{escape(big)}</p><p>{escape(small)}</p></div>'
        for big, small in figures(contract, evaluation)
    )
    title = problem["statement"] or f"What is {problem['target']}?"
    return (
        f"<header><p class='over'>Model report · predicts {escape(problem['target'])}</p><h1>{escape(title)}</h1>"
        f"{badge}{reasons}<p class='lead'>{escape(verdict(evaluation))}</p><div class='cards'>{cards}</div></header>"
    )


def verdict(evaluation: dict) -> str:
    """The score beside the baseline, in words, the conclusion first."""
    metric, score, gain = evaluation["metric"], evaluation["score"], evaluation["score"]["gain"]
    name, meaning = WORDS[metric]
    rows, saw = f"{evaluation['n_rows']:,} rows", "that it never saw"
    if score["value"] is None:
        return f"{name} cannot be computed on the {rows} {saw}; choose another problem.metric, or more test rows."
    if gain["low"] is not None and gain["low"] > 0:
        first = f"Clearly better than the naive baseline, on {rows} {saw}."
    elif gain["high"] is not None and gain["high"] < 0:
        first = f"Worse than the naive baseline, on {rows} {saw}."
    else:
        first = f"On {rows} {saw} it may be no better than the naive baseline."
    naive = (
        "gives each class its share of the training rows" if evaluation["classes"] else "always answers with the mean"
    )
    value, base = (short(v, 3, zeros=True) for v in (score["value"], score["baseline"]))
    second = (
        f"{name} is {value} ({percent(evaluation['confidence'])} interval {between(score['low'], score['high'])}; {better_is(metric)} is better); "
        f"the baseline, which {naive}, has {base}"
    )
    if gain["value"] is not None:
        second += f", a difference of {short(abs(gain['value']), 3, zeros=True)}"
    return f"{first} {second}. {name} tells {meaning}."


def figures(contract: dict, evaluation: dict) -> list[tuple[str, str]]:
    """Three figures that need no statistics to read, each with what it says."""
    scores, classes = evaluation["metrics"], [cut(c, 24, middle=True) for c in evaluation["classes"]]
    rows = (f"{evaluation['n_rows']:,}", "test rows, kept apart before any model was fitted")
    if not classes:
        near, explained = scores["median_absolute_error"], percent(scores["r2"]["value"])
        off = f"half of the predictions are at least this near; the mean alone: ± {short(near['baseline'], 3)}"
        variation = f"of the variation of {contract['problem']['target']} is explained"
        return [(f"± {short(near['value'], 3)}", off), (explained, variation), rows]
    right = scores["accuracy"]
    always = f"of rows get the right class; always saying the commonest: {percent(right['baseline'])}"
    if len(classes) == 2:
        second, says = (
            scores["roc_auc"],
            f"of pairs are ranked rightly, a “{classes[1]}” row above another; guessing: 50%",
        )
    else:
        second, says = scores["balanced_accuracy"], "of rows get the right class when each class counts the same"
    return [(percent(right["value"]), always), (percent(second["value"]), says), rows]


def problem_section(contract: dict) -> str:
    problem = contract["problem"]
    labels = [
        ("Decision it serves", "decision"), ("Owner", "owner"), ("One row is", "unit"), ("Target", "target"),
        ("Task", "task"), ("Positive class", "positive"), ("Classes", "classes"), ("Metric", "metric"),
        ("A release must reach", "criteria"), ("Costs", "costs"), ("Columns not to be used", "exclude"),
    ]  # fmt: skip
    rows = []
    for label, key in labels:
        value = problem.get(key)
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items())
        elif isinstance(value, list):
            more = f" and {len(value) - 20} more" if len(value) > 20 else ""
            value = ", ".join(cut(v, 40, middle=True) for v in value[:20]) + more
        elif key == "metric":
            value = f"{value}: {WORDS[value][1]}"
        if value or key in ("decision", "owner"):
            rows.append(f"<dt>{label}</dt><dd>{escape(value) if value else '<i>not said in params.yaml</i>'}</dd>")
    notes = contract.get("notes") or []
    said = f"<h3>Decided without being asked</h3>{listed(notes[:12])}" if notes else ""
    if len(notes) > 12:
        said += details(f"{len(notes) - 12} more", listed(notes[12:]))
    return section("problem", "Problem", f"<dl>{''.join(rows)}</dl>{said}")


# ---- data ---------------------------------------------------------------------------------------------------------


def data_section(contract: dict, profile: dict, cleaning: dict, evaluation: dict) -> str:
    parts = [
        ("clean", cleaning["clean"]),
        ("quarantined", cleaning["quarantined"]),
        ("duplicates", cleaning["duplicates"]),
    ]
    total = cleaning["rows_in"]
    bar = "".join(f'<span class="{kind}" style="flex:{n}"></span>' for kind, n in parts if n)
    sum_ = " + ".join(f"<b>{n:,}</b> {kind}" for kind, n in parts)
    body = (
        f'<p class="sum"><b>{total:,}</b> rows in = {sum_}</p><div class="bar">{bar}</div>'
        f"<p>Of the clean rows, {cleaning['clean'] - evaluation['n_rows']:,} were for training and "
        f"{evaluation['n_rows']:,} for testing.</p>"
    )
    if cleaning["quarantined"]:
        reasons = sorted(cleaning["reasons"].items(), key=lambda item: (-item[1], item[0]))
        body += "<h3>Why rows were set aside</h3>" + table(["Reason", "Rows"], reasons[:20], numeric=[1])
        examples = [(e["source"], e["reason"], cut(e["record"], 160)) for e in cleaning["examples"]]
        many = f"{len(examples)} of them" if len(examples) < cleaning["quarantined"] else "All of them"
        body += details(
            f"{many}, as they came (all: data/quarantine.csv)", table(["Source", "Reason", "Record"], examples)
        )
    files = profile["files"]
    names = ", ".join(f"{f['file']} ({f['rows']:,} rows)" for f in files[:5]) + (
        f" and {len(files) - 5} more" if len(files) > 5 else ""
    )
    body += f"<h3>Columns</h3><p class='muted'>From {escape(names)}.</p>{column_table(contract, profile, cleaning)}"
    return section("data", "Data quality", body)


def column_table(contract: dict, profile: dict, cleaning: dict) -> str:
    head = ["Column", "Type", "Role", "Filled", "Distinct", "Unreadable cells", "Values", "Remark"]
    rows = []
    for field in contract["fields"]:
        facts, cells = profile["columns"].get(field["name"], {}), cleaning["cells"].get(field["name"], {})
        filled = percent(facts["filled"] / profile["rows"]) if facts and profile["rows"] else "–"
        distinct = f"{facts['distinct']:,}" if facts else "–"
        bad = cells.get("corrupt", 0) + cells.get("out_of_range", 0)
        name, reason = cut(field["name"], 40, middle=True), cut(field.get("reason") or "", 160)
        row = [name, field["type"], field["role"], filled, distinct, f"{bad:,}" if bad else ""]
        rows.append([*row, values_of(field, facts), reason])
    used = [i for i in range(len(head)) if any(row[i] for row in rows)]  # no column of blanks
    numeric = [used.index(i) for i in (3, 4, 5) if i in used]
    return folded(
        SHOWN_COLUMNS, "columns", [head[i] for i in used], [[r[i] for i in used] for r in rows], numeric=numeric
    )


def values_of(field: dict, facts: dict) -> str:
    """The range or the categories seen; examples where there are none."""
    limits = field.get("constraints") or {}
    if "minimum" in limits and "maximum" in limits:
        low, high = (short(v) if isinstance(v, int | float) else v for v in (limits["minimum"], limits["maximum"]))
        return f"{low} to {high}"
    values = limits.get("enum") or facts.get("examples") or []
    more = f", … ({len(values)})" if len(values) > 4 else ""
    return ", ".join(cut(v, 20, middle=True) for v in values[:4]) + more


# ---- model --------------------------------------------------------------------------------------------------------


def leaderboard_section(board: pd.DataFrame) -> str:
    """Every candidate that was tried, the best first; a column per fact that train wrote."""
    names = {"name": "Candidate", "score": "Cross-validated", "score_std": "± between folds", "size_mb": "Size, MB"}
    chosen = board["chosen"] == "True"
    if chosen.sum() > 1:  # the model is their blend; how much of each is in it, the weights say
        chosen &= board["name"] == "blend"
    facts = board.drop(columns="chosen")
    facts["name"] = facts["name"].where(~chosen, facts["name"] + " ← chosen")
    numeric = [i for i, c in enumerate(facts.columns) if pd.api.types.is_numeric_dtype(facts[c])]
    for column in facts.columns[numeric]:
        # scores are compared digit by digit; of the rest the size is enough, and nothing is better said by a blank
        digits, zeros = (4, True) if column == "score" else (3, False)
        facts[column] = [short(v, digits, zeros) if pd.notna(v) and v != 0 else "" for v in facts[column]]
    head = [names.get(c, c.replace("_", " ").capitalize()) for c in facts.columns]
    rows = facts.to_numpy().tolist()
    body = "<p>Each candidate was scored on training rows that it was not fitted on; the test rows had no say.</p>"
    body += folded(SHOWN_CANDIDATES, "candidates", head, rows, numeric=numeric, marked=chosen.tolist())
    return section("models", "Candidates", body)


def gate_section(validation: dict) -> str:
    rows = [
        [
            "✓\u00a0passed" if c["passed"] else "✗\u00a0failed",
            c["name"],
            cell(c["measured"]),
            cell(c["required"]),
            c["why"],
        ]
        for c in validation["checks"]
    ]
    body = table(
        ["", "Check", "Measured", "Required", "Why"], rows, marked=[not c["passed"] for c in validation["checks"]]
    )
    return section("gate", "Acceptance gate", "<p>A model that fails one of these cannot be released.</p>" + body)


def report(
    contract: dict, profile: dict, cleaning: dict, board: pd.DataFrame, evaluation: dict, plots: dict, validation: dict
) -> str:
    target = contract["problem"]["target"]
    parts = [
        headline(contract, evaluation, validation),
        problem_section(contract),
        data_section(contract, profile, cleaning, evaluation),
        leaderboard_section(board),
        metrics_section(evaluation, fold_gap(evaluation, board)),
        plots_section(evaluation, plots, target),
        slices_section(evaluation),
        explanation_section(evaluation, target),
        worst_section(evaluation),
        gate_section(validation),
    ]
    return page(f"Model report: {target}", parts)


def read_table(path: str, text: list[str]) -> pd.DataFrame:
    """A CSV as evaluate and train wrote it; the columns in `text` stay text: a class may be called "1" or "NA"."""
    if not Path(path).exists():
        raise UserError(f"{path} is missing; `dvc repro` makes it")
    numbers = {c: [""] for c in pd.read_csv(path, nrows=0).columns.difference(text)}
    return pd.read_csv(path, dtype=dict.fromkeys(text, "str"), keep_default_na=False, na_values=numbers)

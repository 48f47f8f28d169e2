"""reports/compare.html: models side by side, each beside the naive baseline on its own test rows."""

from __future__ import annotations

import csv
import json
from typing import Any

from lifecycle.evaluate.slices import ranked
from lifecycle.ground.metrics import METRICS
from lifecycle.ground.words import as_scores, brief
from lifecycle.report import glossary, svg
from lifecycle.report.dots import Plot, Row, plot
from lifecycle.report.page import page

# a section is a template, templates/comparison/NAME.html.j2
SECTIONS = ("scores", "curves", "parts")
DRAWN = 6  # curves in one picture
SLICES = 8

Side = dict[str, Any]


def better_is(metric: str) -> str:
    return glossary.better_is(metric) if metric in METRICS else "see the metric's own page"


def comparison_page(rows: list[Side]) -> str:
    """`rows`: name, kind, evaluation, passed, changes, same_rows, plots of each, the one that the others are held against first."""
    from lifecycle.report import comparison

    facts = {"rows": rows, "metric": rows[0]["evaluation"]["metric"], "compare": comparison, "words": glossary}
    return page("comparison", f"Compare: {rows[0]['evaluation']['metric']}", SECTIONS, facts)


def scores(rows: list[Side]) -> Plot:
    texts = as_scores(one["evaluation"]["score"]["value"] for one in rows)
    drawn = []
    for one, text in zip(rows, texts, strict=True):
        score = one["evaluation"]["score"]
        if score["value"] is not None:
            note = one["kind"] if one["same_rows"] else f"{one['kind']}, other test rows"
            drawn.append(
                Row(
                    brief(one["name"]),
                    score["value"],
                    score["low"],
                    score["high"],
                    f"({note})",
                    text,
                    one["passed"] is False,
                )
            )
    baseline = rows[0]["evaluation"]["score"]["baseline"]
    return plot(glossary.term(rows[0]["evaluation"]["metric"]), drawn, {"naive baseline": baseline})


def settings(rows: list[Side]) -> dict[str, Any]:
    """What each has otherwise than the first, and the gate's verdict."""
    out = []
    for one in rows:
        gate = {True: "✓ passed", False: "✗ failed", None: "–"}[one["passed"]]
        otherwise = "; ".join(one["changes"]) or ("–" if one is not rows[0] else "what the others are held against")
        out.append([brief(one["name"]), otherwise, gate])
    return {"head": ["", "Settings that differ", "Gate"], "rows": out}


def drawn(rows: list[Side]) -> list[Side]:
    return rows[:DRAWN]


def roc(rows: list[Side]) -> str:
    """Of the first class that each draws: the positive one of two."""
    lines = []
    for one in drawn(rows):
        points = json.loads(one["plots"].get("detail.json") or "{}")
        places = [i for i, chart in enumerate(points.get("chart", [])) if chart == "roc"]
        places = [i for i in places if points["label"][i] == points["label"][places[0]]]
        if places:
            lines.append(svg.Curve(one["name"], [points["x"][i] for i in places], [points["y"][i] for i in places]))
    return svg.lines("ROC", lines, "false positive rate", "true positive rate", (0, 1), (0, 1), diagonal=True)


def calibration(rows: list[Side]) -> str:
    lines = []
    for one in drawn(rows):
        found = list(csv.DictReader((one["plots"].get("calibration.csv") or "").splitlines()))
        if found:
            x, y = ([float(row[key]) for row in found] for key in ("predicted", "observed"))
            lines.append(svg.Curve(one["name"], x, y, True))
    classes = rows[0]["evaluation"]["classes"]
    ends = (0.0, 1.0) if classes else None
    return svg.lines("Calibration", lines, "predicted", "observed", ends, ends, diagonal=bool(classes))


def slices(rows: list[Side]) -> dict[str, Any]:
    """Skill on the parts where the first is weakest, of each."""
    weakest = [one for one in ranked(rows[0]["evaluation"]["slices"]) if one.get("where")][:SLICES]
    shown = drawn(rows)
    table = []
    for one in weakest:
        name = " and ".join(f"{brief(column)} = {brief(level)}" for column, level in one["where"])
        table.append([name, *(skill_on(side, one["where"]) for side in shown)])
    return {
        "head": ["Slice", *(brief(side["name"]) for side in shown)],
        "rows": table,
        "numeric": list(range(1, len(shown) + 1)),
    }


def skill_on(side: Side, where: list[Any]) -> str:
    for one in side["evaluation"]["slices"]:
        if one.get("where") == where:
            return "–" if one["skill"] is None else f"{one['skill']:.2f}"
    return "–"

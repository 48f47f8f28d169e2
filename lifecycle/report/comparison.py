"""reports/compare.html: models side by side, each beside the naive baseline on its own test rows."""

from __future__ import annotations

import csv
import json
from typing import Any

from lifecycle.evaluate.slices import ranked
from lifecycle.ground.metrics import METRICS
from lifecycle.ground.words import alike, as_scores, brief
from lifecycle.report import glossary, svg
from lifecycle.report.dots import Plot, Row, plot
from lifecycle.report.page import page
from lifecycle.report.provenance import of_evaluation, project

# a section is a template, templates/comparison/NAME.html.j2
SECTIONS = ("scores", "curves", "parts")
DRAWN = 6  # curves in one picture
SLICES = 8
CHANGES = 12  # of one side's settings

Side = dict[str, Any]


def better_is(metric: str) -> str:
    return glossary.better_is(metric) if metric in METRICS else "see the metric's own page"


def comparison_page(rows: list[Side]) -> str:
    """`rows`: name, kind, evaluation, passed, changes, same_rows, plots of each, the one that the others are held against first."""
    from lifecycle.report import comparison

    facts = {"rows": rows, "metric": rows[0]["evaluation"]["metric"], "compare": comparison, "words": glossary}
    metric = rows[0]["evaluation"]["metric"]
    return page("comparison", f"Compare: {metric}", SECTIONS, facts, provenance=provenance(rows))


def provenance(rows: list[Side]) -> str:
    """Which commit, model and rows each side is."""
    named = project()
    said = [f"Project {named}."] if named else []
    for one in rows:
        of = f" (commit {one['commit']})" if one["commit"] else ""
        said.append(
            f"{one['name']}{of}: {of_evaluation(one['evaluation']) or 'written before pages said what they are about.'}"
        )
    return " ".join(said)


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


def gains(rows: list[Side]) -> Plot | None:
    """How much better than the first each is, on the same test rows; right of zero is better, whatever the metric."""
    paired = [one for one in rows if one["gain"] is not None]
    texts = alike(one["gain"][0] for one in paired)
    drawn = []
    for one, text in zip(paired, texts, strict=True):
        value, low, high = one["gain"]
        drawn.append(Row(brief(one["name"]), value, low, high, text=text, marked=high < 0))
    if not drawn:
        return None
    name = glossary.inline(rows[0]["evaluation"]["metric"])
    return plot(f"better by ({name})", drawn, {brief(rows[0]["name"]): 0.0})


def settings(rows: list[Side]) -> dict[str, Any]:
    """What each has otherwise than the first, what that changed, and the gate's verdict."""
    out = []
    for one in rows:
        gate = {True: "✓ passed", False: "✗ failed", None: "–"}[one["passed"]]
        more = f"; and {len(one['changes']) - CHANGES} more" if len(one["changes"]) > CHANGES else ""
        otherwise = "; ".join(one["changes"][:CHANGES]) + more or (
            "–" if one is not rows[0] else "the others are compared with this one"
        )
        different = one["difference"] or ("–" if one["same_rows"] else "other test rows")
        out.append([brief(one["name"]), otherwise, different if one is not rows[0] else "–", gate])
    return {"head": ["Model", "Settings that differ", "Difference in score", "Gate"], "rows": out}


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
    }


def skill_on(side: Side, where: list[Any]) -> str:
    for one in side["evaluation"]["slices"]:
        if one.get("where") == where:
            return "–" if one["skill"] is None else f"{one['skill']:.2f}"
    return "–"

"""The monitor's page: the verdict and its reasons first, then how the model fares, then every check."""

from __future__ import annotations

from typing import Any

from lifecycle.ground.words import count, short
from lifecycle.report import glossary
from lifecycle.report.dots import Plot, Row, plot
from lifecycle.report.page import cell, page

# a section is a template, templates/monitoring/NAME.html.j2
SECTIONS = ("batches", "alarms", "checks")

FAMILIES = {
    "quality": "Is the data whole?", "columns": "Columns", "relations": "Relations between columns", "rows": "Whole rows",
    "predictions": "Predictions", "estimate": "Performance, estimated without labels", "performance": "Performance, measured on labels",
}  # fmt: skip
MARKS = {"no data": "○\u00a0no data", "ok": "✓\u00a0ok", "warn": "!\u00a0warn", "retrain": "✗\u00a0retrain"}
ADVICE = {
    "no data": "Nothing was looked at, which says nothing about the model.",
    "ok": "Nothing to do.",
    "warn": "Look at it: something changed, and nothing shows that the model suffers.",
    "retrain": "The model should be trained anew: make retrain.",
}
BATCHES_DRAWN = 24  # the latest


def page_of(result: dict[str, Any]) -> str:
    """The page of what `monitor` found; without live data it is the headline alone."""
    facts = {
        "result": result,
        "figures": figures(result),
        "mark": MARKS[result["verdict"]],
        "advice": ADVICE[result["verdict"]],
        "families": FAMILIES,
        "alarms": alarms(result["checks"]),
        "alarms_first": alarms_first,
        "table_of": table_of,
        "scores": scores,
        "term": glossary.term,
    }
    return page("monitoring", f"Monitoring: {result['verdict']}", SECTIONS, facts)


def figures(result: dict[str, Any]) -> list[tuple[str, str]]:
    """Large figures, each with what it says."""
    facts = [
        (count(result["live_rows"]), "live rows looked at"),
        (count(result["live_labelled"]), "of them with a label"),
    ]
    if result["checks"]:
        facts.append((f"{result['alarms']} of {len(result['checks'])}", "checks raise an alarm"))
    return facts


def alarms(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that are not ok: retrain, then warn."""
    found = [check for check in checks if check["verdict"] != "ok"]
    return sorted(found, key=lambda check: check["verdict"])


def alarms_first(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(checks, key=lambda check: check["verdict"] == "ok")


def table_of(checks: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [[MARKS[c["verdict"]], c["name"], measured(c), c["expected"], c["why"]] for c in checks]
    return {
        "head": ["", "Check", "Measured", "Expected", "Why"],
        "rows": rows,
        "marked": [check["verdict"] != "ok" for check in checks],
    }


def measured(check: dict[str, Any]) -> str:
    """A share of rows or cells as its limit is written, in per cent."""
    value = check["measured"]
    of_performance = check["family"] in ("estimate", "performance")
    if isinstance(value, float) and "%" in str(check["expected"]) and not of_performance:
        return f"{value:.1%}"
    return cell(value)


def scores(result: dict[str, Any]) -> Plot | None:
    """The real score of each of the latest batches that has labels, in the order of their files."""
    about = result["about"][0]
    scored = [batch for batch in result["batches"][-BATCHES_DRAWN:] if batch.get("score") is not None]
    rows = [Row(b["file"], b["score"], b["low"], b["high"], text=short(b["score"])) for b in scored]
    if not rows:
        return None
    return plot(
        glossary.term(about["metric"]), rows, {"at release": about["released"], "naive baseline": about["naive"]}
    )

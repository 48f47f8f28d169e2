"""The monitor's page: the verdict and its reasons first, then how the model fares, then every check."""

from __future__ import annotations

from typing import Any

from lifecycle.ground.words import short
from lifecycle.report.page import element, escape, folded, listed, page, section, table

FAMILY = {
    "quality": "Is the data whole?", "columns": "Columns", "relations": "Relations between columns", "rows": "Whole rows",
    "predictions": "Predictions", "estimate": "Performance, estimated without labels", "performance": "Performance, measured on labels",
}  # fmt: skip
MARK = {"ok": "✓\u00a0ok", "warn": "!\u00a0warn", "retrain": "✗\u00a0retrain"}
SAYS = {
    "ok": "Nothing to do.",
    "warn": "Look at it: something changed, and nothing shows that the model suffers.",
    "retrain": "The model should be trained anew: make retrain.",
}
SHOWN, REASONS = 12, 5


def page_of(result: dict[str, Any]) -> str:
    parts = [headline(result), *([performance(result)] if result["batches"] else [])]
    alarms = sorted((c for c in result["checks"] if c["verdict"] != "ok"), key=lambda c: c["verdict"])  # retrain, warn
    if alarms:
        parts.append(section("alarms", "Alarms", checks_table(alarms)))
    if result["checks"]:
        parts.append(section("checks", "All checks", "".join(family(result["checks"], name) for name in FAMILY)))
    return page(f"Monitoring: {result['verdict']}", parts)


def headline(result: dict[str, Any]) -> str:
    verdict = result["verdict"]
    badge = element("p", MARK[verdict], class_=f"badge {'good' if verdict == 'ok' else 'bad'}")
    facts = [
        (f"{result['live_rows']:,}", "live rows looked at"),
        (f"{result['live_labelled']:,}", "of them with a label"),
    ]
    if result["checks"]:
        facts.append((f"{result['alarms']} of {len(result['checks'])}", "checks raise an alarm"))
    cards = "".join(
        f'<div class="card"><p class="figure">{escape(big)}</p><p>{escape(small)}</p></div>' for big, small in facts
    )
    reasons = result["reasons"][:REASONS]
    if more := len(result["reasons"]) - len(reasons):
        reasons = [*reasons, f"and {more} more, below"]
    about = " · ".join(
        ["Monitoring", *(str(v) for k, v in result["about"][0].items() if k in ("bundle", "target") and v)]
    )
    return (
        f"<header><p class='over'>{escape(about)}</p><h1>Is the model still right for what production sends?</h1>{badge}"
        f"<p class='lead'>{escape(SAYS[verdict] if result['checks'] else '')}</p>{listed(reasons)}<div class='cards'>{cards}</div></header>"
    )


def performance(result: dict[str, Any]) -> str:
    """The batches in order of their files, with the real score of each that has labels."""
    from lifecycle.report import charts
    from lifecycle.report.page import figure

    about = result["about"][0]
    rows = [
        [
            b["file"],
            f"{b['rows']:,}",
            f"{b['taken']:,}",
            f"{b['looked_at']:,}",
            f"{b['labelled']:,}",
            number(b.get("score")),
        ]
        for b in result["batches"]
    ]
    drawn = [
        (b["file"], b["score"], b["low"], b["high"]) for b in result["batches"][-24:] if b.get("score") is not None
    ]
    body = table(
        ["Batch", "Rows", "In training since", "Looked at", "Labelled", about["metric"]], rows, numeric=[1, 2, 3, 4, 5]
    )
    if drawn:
        marks = {"at release": about["released"], "naive baseline": about["naive"]}
        svg = charts.intervals("score by batch", drawn, about["metric"], marks)
        body += figure(
            "Real performance by batch", "with its interval; only rows whose label is known.", svg, wide=True
        )
    note = (
        "Without labels the model can only be taken at its word: the estimate sees rows that became harder, and cannot see that "
        "the same rows now end otherwise. Labels alone show that."
    )
    return section("batches", "Batches", body + f"<p class='muted'>{escape(note)}</p>")


def family(checks: list[dict], name: str) -> str:
    mine = [c for c in checks if c["family"] == name]
    if not mine:
        return ""
    mine = sorted(mine, key=lambda c: c["verdict"] == "ok")
    return f"<h3>{escape(FAMILY[name])}</h3>" + checks_table(mine)


def checks_table(checks: list[dict]) -> str:
    rows = [[MARK[c["verdict"]], c["name"], number(c["measured"]), c["expected"], c["why"]] for c in checks]
    marked = [c["verdict"] != "ok" for c in checks]
    return folded(SHOWN, "checks", ["", "Check", "Measured", "Expected", "Why"], rows, marked=marked)


def number(value: Any) -> str:
    if value is None:
        return "–"
    return short(value) if isinstance(value, int | float) else str(value)

"""The monitor's page: the verdict first, then each alarm once, by what to do, with its picture; the course of time; all other checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from lifecycle.ground.metrics import metric
from lifecycle.ground.words import DASH, count, percent, short
from lifecycle.report import glossary
from lifecycle.report.dots import Plot, Row, plot
from lifecycle.report.page import cell, page
from lifecycle.report.strips import Strip, strip

# a section is a template, templates/monitoring/NAME.html.j2
SECTIONS = ("alarms", "timeline", "batches", "checks", "about")

FAMILIES = {
    "quality": "Is the data whole?", "columns": "Columns", "relations": "Relations between columns", "rows": "Whole rows",
    "predictions": "Predictions", "estimate": "Performance, estimated without labels", "performance": "Performance, measured on labels",
}  # fmt: skip
MARKS = {"no data": "○\u00a0no data", "ok": "✓\u00a0ok", "warn": "!\u00a0warn", "retrain": "✗\u00a0retrain"}
ADVICE = {
    "no data": "No rows were checked, so nothing is known about the model.",
    "ok": "Nothing to do.",
    "warn": "Have a look: something changed, but nothing shows that the model has become worse.",
    "retrain": "The model should be retrained: make retrain.",
}
NOT_RELEASED = "not released yet"
DRAWN = 60  # batches in the timeline, the latest
LISTED = 24  # in the table


class Todo(NamedTuple):
    """What is to be done about some alarms."""

    title: str
    how: str
    fits: Callable[[dict[str, Any]], bool]


# in this order; an alarm stands under the first that fits
TODO = (
    Todo(
        "Retrain the model",
        "make retrain trains a challenger with the newest labelled rows; it releases nothing by itself.",
        lambda check: check["verdict"] == "retrain",
    ),
    Todo(
        "Look at where the data comes from",
        "Cells, files or amounts are not as they were when the model was trained: a client, a sensor or an export may have changed.",
        lambda check: check["family"] == "quality",
    ),
    Todo(
        "Keep an eye on the performance",
        "It fell, but not enough to retrain by the rules in params.yaml.",
        lambda check: check["family"] in ("estimate", "performance"),
    ),
    Todo(
        "Find out what changed",
        "The rows differ from those the model was tested on. If the change is here to stay, labels will show what it costs.",
        lambda check: True,
    ),
)


def page_of(result: dict[str, Any], timeline: Sequence[dict[str, Any]] = ()) -> str:
    """The page of what `monitor` found; `timeline`: each batch once, from earlier looks and this one. Without live data it is
    the headline, and the timeline where there is one."""
    facts = {
        "result": result,
        "figures": figures(result),
        "mark": MARKS[result["verdict"]],
        "advice": ADVICE[result["verdict"]],
        "families": FAMILIES,
        "groups": groups(result),
        "calm": [check for check in result["checks"] if check["verdict"] == "ok"],
        "table_of": table_of,
        "side_rows": side_rows,
        "scores": scores,
        "strips": strips(result, timeline),
        "timeline": timeline,
        "drawn": min(len(timeline), DRAWN),
        "listed": LISTED,
        "provenance": provenance(result),
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


# ---- alarms -------------------------------------------------------------------------------------------------------


class AlarmGroup(NamedTuple):
    """Alarms that ask for the same; `pictures` of their columns."""

    title: str
    how: str
    checks: list[dict[str, Any]]
    pictures: list[dict[str, Any]]


def groups(result: dict[str, Any]) -> list[AlarmGroup]:
    """Each alarm once, by what to do; each picture once, with the first of its column's alarms."""
    left = [check for check in result["checks"] if check["verdict"] != "ok"]
    undrawn = list(result.get("pictures", []))
    out = []
    for todo in TODO:
        mine = [check for check in left if todo.fits(check)]
        left = [check for check in left if not todo.fits(check)]
        drawn = [picture for picture in undrawn if any(shows(picture, check) for check in mine)]
        undrawn = [picture for picture in undrawn if picture not in drawn]
        if mine:
            out.append(AlarmGroup(todo.title, todo.how, mine, drawn))
    return out


def shows(picture: dict[str, Any], check: dict[str, Any]) -> bool:
    of_predictions = check["family"] == "predictions"
    return picture["column"] == check.get("column", "") and (picture["family"] == "predictions") == of_predictions


def table_of(checks: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [[MARKS[c["verdict"]], column_of(c), c["name"], measured(c), c["expected"], c["why"]] for c in checks]
    return {
        "head": ["", "Column", "Check", "Measured", "Expected", "Why"],
        "rows": rows,
        "marked": [check["verdict"] == "retrain" for check in checks],
    }


def column_of(check: dict[str, Any]) -> str:
    """Of a check of predictions or outcomes `column` is a class."""
    if check["family"] in ("predictions", "performance"):
        return DASH
    return check.get("column") or DASH


def measured(check: dict[str, Any]) -> str:
    """A share of rows or cells as its limit is written, in per cent."""
    value = check["measured"]
    of_performance = check["family"] in ("estimate", "performance")
    if isinstance(value, float) and "%" in str(check["expected"]) and not of_performance:
        return f"{value:.1%}"
    return cell(value)


def side_rows(picture: dict[str, Any]) -> list[list[str]]:
    """The numbers under a picture: a line for each side."""
    out = []
    for side, name in (("reference", "At release"), ("live", "Live")):
        facts = picture[side]
        row = [name, count(facts["rows"]), percent(facts["missing"])]
        if "median" in picture["reference"] or "median" in picture["live"]:
            row += [short(facts.get("median")), short(facts.get("mean"))]
        out.append(row)
    return out


# ---- the course of time -------------------------------------------------------------------------------------------


def scores(result: dict[str, Any]) -> Plot | None:
    """The real score of each of the latest batches that has labels, in the order of their files."""
    about = result["about"][0]
    scored = [batch for batch in result["batches"][-LISTED:] if batch.get("score") is not None]
    rows = [Row(b["file"], b["score"], b.get("low"), b.get("high"), text=short(b["score"])) for b in scored]
    if not rows:
        return None
    return plot(
        glossary.term(about["metric"]), rows, {"at release": about["released"], "naive baseline": about["naive"]}
    )


def strips(result: dict[str, Any], timeline: Sequence[dict[str, Any]]) -> list[Strip]:
    """A line over the latest batches for each figure; a strip of which nothing is known is left out."""
    shown = list(timeline)[-DRAWN:]
    if len(shown) < 2:
        return []
    about = (result.get("about") or [{}])[0]
    name = about.get("metric") or next((one["metric"] for one in reversed(shown) if one["metric"]), "")
    ticks = [when(one) for one in shown]
    marks = releases(shown)

    def of_metric(key: str) -> list[float | None]:
        return [one[key] if one["metric"] == name else None for one in shown]

    better = ""
    if name:
        better = f"{'higher' if metric(name).greater_is_better else 'lower'} is better"
    levels = {"at release": about.get("released")}
    out = [
        strip(
            f"{glossary.term(name) if name else 'Score'}: measured on labels, and estimated without them",
            better,
            {"measured": of_metric("score"), "estimated": of_metric("estimated")},
            ticks,
            marks,
            levels,
            band=(of_metric("low"), of_metric("high")),
        ),
        strip("Columns that drifted", "", {"": [one["drifted"] for one in shown]}, ticks, marks, zero=True),
        strip("Rows", "", {"": [one["rows"] for one in shown]}, ticks, marks, zero=True),
        strip(
            str(about.get("interest") or "What was predicted").capitalize(),
            "",
            {"came true": [one["outcome"] for one in shown], "predicted": [one["predicted"] for one in shown]},
            ticks,
            marks,
        ),
    ]
    return [one for one in out if one is not None]


def when(record: dict[str, Any]) -> str:
    if record["from"] and record["from"] != record["to"]:
        return f"{record['from']} to {record['to']}"
    return str(record["from"] or record["batch"])


def releases(shown: Sequence[dict[str, Any]]) -> list[tuple[int, str]]:
    """(place, version) of the first batch that each model saw."""
    names = [one["version"] or one["model"][:7] for one in shown]
    models = [one["model"] for one in shown]
    changed = [i + 1 for i, (before, now) in enumerate(pairwise(models)) if before != now]
    return [(i, names[i]) for i in (0, *changed)]


# ---- which model, which data ----------------------------------------------------------------------------------------


def provenance(result: dict[str, Any]) -> list[tuple[str, str]]:
    """What one must know to have the same page again."""
    about = (result.get("about") or [{}])[0]
    if not about.get("bundle"):
        return []
    covered = about.get("window", {})
    versions = ", ".join(f"{name} {version}" for name, version in about.get("versions", {}).items())
    facts = [
        ("Project", about.get("project", "")),
        ("Model", " · ".join(filter(None, (about.get("version") or NOT_RELEASED, about.get("bundle"))))),
        ("Released from commit", about.get("commit", "")),
        ("Model's SHA-256", about.get("model", "")),
        ("Trained on (SHA-256)", about.get("data", {}).get("data/train.parquet", "")),
        ("Live rows' SHA-256", about.get("live", "")),
        ("Reference rows of", covered.get("reference", "")),
        ("Live rows of", covered.get("live", "")),
        ("Rows weigh by", about.get("weight", "")),
        ("Made with", " · ".join(filter(None, (about.get("engine") and f"lifecycle {about['engine']}", versions)))),
        ("Seed of the monitor's draws", str(about.get("random_state", ""))),
    ]
    return [(name, value) for name, value in facts if value]

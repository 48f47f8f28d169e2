"""Which of them is better, and in what do they differ? The work tree, the commit, experiments and releases side by side.

    python -m actions.compare      or: make compare

Prints a table of at most 80 columns, what differs before what came of it, and writes reports/compare.html, which needs no network.
What is compared is what each wrote for Git: nothing is loaded, and nothing is run. On the same test rows the difference from the
first has an interval of its own, from resamples that are pairs; scores on other test rows are marked: they do not compare.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from actions.registry import git, output_hash, run, tag, versions
from custom.metrics import METRICS as OWN_METRICS
from lifecycle.ground.errors import UserError, stage
from lifecycle.ground.files import write_text
from lifecycle.ground.metrics import METRICS, Draw, add_metrics, difference
from lifecycle.ground.words import alike, as_scores, cut
from lifecycle.report.comparison import better_is, comparison_page
from lifecycle.table.json_rows import flat

PAGE = Path("reports/compare.html")
WORKSPACE = "work tree"
RESAMPLED = "resampled.json"
NAME, CHANGES = 18, 74  # characters of a line
SHOWN = 6  # changes of one side, in the terminal


@dataclass(frozen=True)
class Side:
    """What one commit, experiment, release or the work tree says of itself. `test`: the hash of its test rows."""

    name: str
    kind: str
    evaluation: dict[str, Any]
    passed: bool | None
    settings: dict[str, Any]
    test: str
    plots: dict[str, str] = field(default_factory=dict)
    commit: str = ""


# ---- reading ------------------------------------------------------------------------------------------------------


def text_of(reference: str, path: str) -> str:
    """A file as `reference` has it, "" for the work tree's; nothing where it has none."""
    if not reference:
        here = Path(path)
        return here.read_text("utf-8") if here.exists() else ""
    try:
        return run("git", "show", f"{reference}:./{path}")
    except UserError:
        return ""


def side(name: str, kind: str, reference: str) -> Side | None:
    """None where it has no evaluation."""
    written = text_of(reference, "reports/evaluation.json")
    if not written:
        return None
    content = json.loads(written)
    evaluation = content[0] if isinstance(content, list) else content  # an object before 0.3
    gate = json.loads(text_of(reference, "reports/validation.json") or "{}")
    settings = flat(yaml.safe_load(text_of(reference, "params.yaml") or "{}") or {})
    plots = {one: text_of(reference, f"reports/plots/{one}") for one in ("detail.json", "calibration.csv", RESAMPLED)}
    test = output_hash(text_of(reference, "dvc.lock"), "split", "data/test.parquet")
    commit = git("rev-parse", "--short=7", f"{reference}^{{commit}}") if reference else ""
    return Side(name, kind, evaluation, gate.get("passed"), settings, test, plots, commit)


def experiments() -> list[tuple[str, str]]:
    """(name, commit) of each that has ended, the newest last; those queued or running are none yet."""
    listed = git("for-each-ref", "--sort=creatordate", "--format=%(refname) %(objectname)", "refs/exps")
    found = []
    for line in listed.splitlines():
        name, commit = line.split()
        parts = name.split("/")
        if len(parts) == 5 and len(parts[2]) == 2 and len(parts[3]) == 38:
            found.append((parts[4], commit))
    return found


def sides() -> list[Side]:
    wanted = [(WORKSPACE, "work tree", ""), ("last commit", "commit", "HEAD")]
    wanted += [(name, "experiment", commit) for name, commit in experiments()]
    wanted += [(version, "release", tag(version)) for version in versions()]
    found = [side(*one) for one in wanted]
    known = [one for one in found if one is not None]
    if not known:
        raise UserError("reports/evaluation.json is missing; `dvc repro` makes it")
    return known


# ---- telling ------------------------------------------------------------------------------------------------------


def differences(known: list[Side]) -> dict[str, dict[str, Any]]:
    """{setting: {name of the side: value}} of those that are not the same on all sides; those of the search alone."""
    names = sorted({name for one in known for name in one.settings})
    out = {}
    for name in names:
        values = {one.name: one.settings.get(name) for one in known}
        if len({json.dumps(value, sort_keys=True, default=str) for value in values.values()}) > 1:
            out[name] = values
    return out


def changes(one: Side, first: Side, different: dict[str, dict[str, Any]]) -> list[str]:
    """What `one` has otherwise than `first`; a block that only one of them has is one change."""
    out = []
    for name, values in different.items():
        if name not in first.settings and name in one.settings:
            out.append(f"{block(name, first)} added")
        elif name not in one.settings and name in first.settings:
            out.append(f"{block(name, one)} left out")
        elif values[one.name] != values[first.name]:
            out.append(f"{name} {shown(values[one.name])} (not {shown(values[first.name])})")
    return list(dict.fromkeys(out))


def block(name: str, without: Side) -> str:
    """The largest block around the setting `name` of which `without` has nothing."""
    parts = name.split(".")
    for length in range(1, len(parts)):
        prefix = ".".join(parts[:length])
        if not any(known == prefix or known.startswith(f"{prefix}.") for known in without.settings):
            return prefix
    return name


def shown(value: Any) -> str:
    return "''" if value in ("", None) else cut(value, 24)


def table(known: list[Side]) -> str:
    """At most 80 columns: a line for each, and below it what it has otherwise than the first, and what that changed."""
    first = known[0]
    metric = first.evaluation["metric"]
    different = differences(known)
    lines = [f"{metric} ({better_is(metric)} is better) [its interval] / naive baseline", ""]
    for one in known:
        score = one.evaluation["score"]
        lines.append(f"{cut(one.name, NAME):<{NAME}} {numbers(one, score):<34} {marks(one, first)}".rstrip())
        changed = changes(one, first, different)
        lines += [f"    {cut(change, CHANGES)}" for change in changed[:SHOWN]]
        if len(changed) > SHOWN:
            lines.append(f"    and {len(changed) - SHOWN} more settings")
        if said := difference_in_words(one, first):
            lines.append(f"    {cut(said, CHANGES)}")
    return "\n".join(lines)


def gain(one: Side, first: Side) -> tuple[float, float, float] | None:
    """How much better `one` is than `first`, with its interval; None for the first, and where the resamples are no pairs."""
    a, b = (json.loads(side.plots.get(RESAMPLED) or "{}") for side in (one, first))
    scores = [side.evaluation["score"]["value"] for side in (one, first)]
    asked = ("metric", "n_bootstrap", "confidence", "random_state")
    pairs = a and b and one.test and one.test == first.test and all(a[key] == b[key] for key in asked)
    if one is first or not pairs or None in scores or a["metric"] not in METRICS:
        return None
    draw = Draw(a["n_bootstrap"], a["confidence"], a["random_state"])
    drawn = [np.array(side["scores"].split(), dtype=float) for side in (a, b)]
    greater = METRICS[a["metric"]].greater_is_better
    return difference((scores[0], drawn[0]), (scores[1], drawn[1]), draw, greater)


def difference_in_words(one: Side, first: Side) -> str:
    """The conclusion first: better, worse, or not to be told apart; nothing where it is not known."""
    found = gain(one, first)
    if found is None:
        return ""
    if not any(found):
        return f"the same as {first.name}, on the same test rows"
    value, low, high = found
    verdict = f"no clear difference from {first.name}:"
    if low > 0:
        verdict = f"better than {first.name} by"
    elif high < 0:
        verdict, value, low, high = f"worse than {first.name} by", -value, -high, -low
    value_text, low_text, high_text = alike([value, low, high])
    return f"{verdict} {value_text} [{low_text}, {high_text}], on the same test rows"


def numbers(one: Side, score: dict[str, Any]) -> str:
    value, low, high, baseline = as_scores([score[key] for key in ("value", "low", "high", "baseline")])
    return f"{value} [{low}, {high}] / {baseline}"


def marks(one: Side, first: Side) -> str:
    gate = {True: "gate passed", False: "gate FAILED", None: ""}[one.passed]
    said = [gate]
    if one.evaluation["metric"] != first.evaluation["metric"]:
        said = [one.evaluation["metric"]]
    elif one.test != first.test:
        said.append("other rows")
    return ", ".join(part for part in said if part)


def main() -> None:
    add_metrics(OWN_METRICS)
    known = sides()
    print(table(known))
    first = known[0]
    same = [one for one in known if one.evaluation["metric"] == first.evaluation["metric"]]
    different = differences(same)
    rows = [
        {
            "name": one.name, "kind": one.kind, "evaluation": one.evaluation, "passed": one.passed, "plots": one.plots,
            "changes": changes(one, first, different), "same_rows": one.test == first.test, "gain": gain(one, first),
            "difference": difference_in_words(one, first), "commit": one.commit,
        }
        for one in same
    ]  # fmt: skip
    write_text(PAGE, comparison_page(rows))
    others = f", {len(known) - len(same)} of another metric left out" if len(same) < len(known) else ""
    print(f"\ncompare: {len(known)} side by side{others}; open {PAGE.as_posix()}")


if __name__ == "__main__":
    stage(main)

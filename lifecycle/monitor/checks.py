"""What the monitor looks at in the rows: files, columns, amount, age, faulty cells, and drift of what is in them.

A check that needs no test is a `row` of the result at once; one that may raise an alarm by chance is a Finding, which
lifecycle.monitor.verdict judges together with the others of its family.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from lifecycle.ground.files import Block
from lifecycle.ground.metrics import metric, score
from lifecycle.model.model import encode_target
from lifecycle.monitor.batches import Live
from lifecycle.monitor.drift import compare, compare_numbers, compare_relations, drift_kinds, tell_apart
from lifecycle.monitor.estimate import naive_answers
from lifecycle.monitor.faults import copies, count_faults, newest, volume
from lifecycle.table.conform import used_fields
from lifecycle.table.contract import MODEL


@dataclass
class Bundle:
    """What live rows are held against. `reference`: held-out typed rows; `answers`: the model's, (n, k) or (n,);
    `threshold`: of a binary one, from which on it says yes."""

    contract: dict[str, Any]
    reference: pd.DataFrame
    answers: np.ndarray
    threshold: float = 0.5

    def told(self, answers: np.ndarray) -> np.ndarray:
        """What the metric judges of `answers`: decisions, class codes (n,), where it judges decisions; else themselves."""
        decides = metric(self.contract["problem"]["metric"]).needs == "classes" and answers.ndim == 2
        return (answers[:, 1] >= self.threshold).astype(int) if decides and answers.shape[1] == 2 else answers

    @cached_property
    def y(self) -> np.ndarray:
        """The outcomes of the reference rows: class codes or values."""
        return encode_target(self.reference[self.contract["problem"]["target"]], self.contract)

    @cached_property
    def naive(self) -> float:
        """The naive baseline's score on the reference rows."""
        return score(self.contract["problem"]["metric"], self.y, naive_answers(self.y, self.answers))


@dataclass
class Finding:
    """One test, before it is judged: an alarm needs p below what its family may have, and an effect of at least `floor`."""

    name: str
    measured: Any
    expected: str
    p: float
    effect: float
    floor: float
    why: str  # what was seen
    column: str = ""
    rule: str = ""  # where it is not the family's


# ---- is the data whole ------------------------------------------------------------------------------------


def row(
    family: str, name: str, measured: Any, expected: str, result: str, why: str, column: str = ""
) -> dict[str, Any]:
    if isinstance(measured, float):
        measured = float(f"{measured:.4g}")
    found = {"family": family, "name": name, "measured": measured, "expected": expected, "verdict": result, "why": why}
    return found | ({"column": column} if column else {})


def simple_checks(bundle: Bundle, live: Live, params: Block) -> list[dict]:
    """What needs no test: files, columns, amount, age."""
    rules, n, out = params["rules"], len(live.rows), []
    bad = live.unreadable
    why = "; ".join(bad[:3]) if bad else f"{len(live.batches)} files"
    out.append(
        row("quality", "batches can be read", len(bad), "none that cannot", rules["quality"] if bad else "ok", why)
    )
    broken, limit = broken_lines(live), params["min_faults"]
    why = f"{sum(b['broken'] for b in live.batches):,} lines have more or fewer cells than their header"
    out.append(
        row(
            "quality",
            "lines that are no rows",
            broken,
            f"at most {limit:.0%}",
            rules["quality"] if broken > limit else "ok",
            why,
        )
    )
    for column, files in live.absent.items():
        spec = next(f for f in bundle.contract["fields"] if f["name"] == column)
        harm = rules["quality"] if spec["role"] in MODEL else "ok"
        why = f'"{column}" is not in {", ".join(files[:3])}; the model takes it as missing'
        out.append(
            row("quality", "column is there", f"absent from {len(files)} files", "in each file", harm, why, column)
        )
    few = n < params["min_rows"]
    why = (
        "too few rows to speak of drift: that is not looked for yet" if few else f"the newest {n:,} rows are looked at"
    )
    if live.taken:
        why += f"; {live.taken:,} rows that training has since taken are left out"
    out.append(row("quality", "enough live rows", n, f"at least {params['min_rows']}", "ok", why))
    if live.batches:
        size, usual = volume(live.batches, params["volume_factor"])
        factor = params["volume_factor"]
        odd = usual is not None and not usual / factor <= size <= usual * factor
        why = (
            "fewer than three earlier batches to compare with"
            if usual is None
            else f"the earlier ones have {usual:,.0f} in the middle"
        )
        out.append(
            row(
                "quality",
                "rows in the newest batch",
                size,
                f"within {factor:g} times the usual",
                rules["volume"] if odd else "ok",
                why,
            )
        )
    last, was = newest(live.rows, bundle.contract), newest(bundle.reference, bundle.contract)
    if last is not None and was is not None:
        out.append(freshness(last, was, params, pd.Timestamp(str(params["as_of"])) if params["as_of"] else None))
    return out


def broken_lines(live: Live) -> float:
    """Their share of all lines."""
    broken = sum(b["broken"] for b in live.batches)
    return broken / max(1, broken + sum(b["rows"] for b in live.batches))


def freshness(last: Any, was: Any, params: Block, as_of: Any) -> dict:
    """A stage has no clock: age is measured up to `as_of`, where it is given, else only against the reference."""
    if as_of is not None:
        age = (as_of - last).days
        old = age > params["max_age_days"]
        expected, why = (
            f"at most {params['max_age_days']} days before {as_of:%Y-%m-%d}",
            f"the newest live row is {age} days old",
        )
    else:
        old = last < was
        expected = f"not before {was:%Y-%m-%d}, the reference's newest"
        why = (
            "no row is newer than those the model was tested on"
            if old
            else "monitor.as_of is empty, so its age is not measured"
        )
    return row(
        "quality", "newest row", f"{last:%Y-%m-%d}", expected, params["rules"]["freshness"] if old else "ok", why
    )


def quality(bundle: Bundle, live: Live, params: Block) -> list[Finding]:
    if not len(live.rows):
        return []
    out = []
    for hit in count_faults(live, bundle.reference, bundle.contract):
        share, was = hit.hits / hit.n, hit.was / hit.n_was
        why = f'"{hit.column}": {hit.hits:,} of {hit.n:,} live cells, {was:.1%} in the reference' + examples(hit, live)
        expected = f"less than {params['min_faults']:.0%} above {was:.1%}"
        out.append(Finding(hit.name, share, expected, hit.p, share - was, params["min_faults"], why, hit.column))
    if len(live.rows) >= params["min_rows"]:
        share, was, p = copies(live.rows, bundle.reference, bundle.contract, params["random_state"])
        why = f"{share:.1%} of rows are copies of another, {was:.1%} in as many reference rows"
        out.append(
            Finding(
                "copied rows",
                share,
                f"less than {params['min_faults']:.0%} above {was:.1%}",
                p,
                share - was,
                params["min_faults"],
                why,
            )
        )
    return out


def examples(hit: Any, live: Live) -> str:
    masks = {"unseen categories": live.conformed.unseen, "type faults": live.conformed.corrupt}.get(hit.name, {})
    if hit.column not in masks:
        return ""
    cells = live.text[hit.column][masks[hit.column]].unique()[:3]
    return f" (such as {', '.join(repr(str(c)[:40]) for c in cells)})"


# ---- has it changed -------------------------------------------------------------------------------------------


def drift(
    bundle: Bundle, live: Live, answers: np.ndarray, labelled: np.ndarray, params: Block
) -> dict[str, list[Finding]]:
    """Columns one by one, relations between them, whole rows, predictions; and the target, where it is known."""
    contract, floor = bundle.contract, params["min_effect"]
    kinds = {c: k for c, k in drift_kinds(contract).items() if c not in live.absent}
    target, task = contract["problem"]["target"], contract["problem"]["task"]
    fields = {field.name: field for field in used_fields(contract)}
    a, b = bundle.reference, live.rows
    expected = f"less than {floor:.0%} of rows lie elsewhere"
    columns = []
    for name, kind in [*kinds.items(), (target, "number" if task == "regression" else "category")]:
        now = b[name]
        if name == target:
            if labelled.sum() < params["min_labels"]:
                continue
            now = now[labelled]
        was = a[name]
        field = fields.get(name)
        if field is not None and field.type == "boolean":
            was, now = (
                values.map({0.0: field.boolean_word(False), 1.0: field.boolean_word(True)}) for values in (was, now)
            )
        if test := compare(kind, was, now):
            what = "target" if name == target else "column"
            columns.append(
                Finding(
                    f"{what} distribution",
                    test.effect,
                    expected,
                    test.p,
                    test.effect,
                    floor,
                    f'"{name}": {test.what}',
                    name,
                )
            )
    floor_r = params["min_correlation"]
    relations = [
        Finding(
            "relation of columns",
            t.effect,
            f"moves by less than {floor_r:g}",
            t.p,
            t.effect,
            floor_r,
            f'"{one}" with "{other}": {t.what}',
            f"{one} ~ {other}",
        )
        for one, other, t in compare_relations(a, b, {c: k for c, k in kinds.items() if k != "text"})
    ]
    whole = []
    if kinds:
        t = tell_apart(a, b, kinds, int(params["classifier_rows"]), params["random_state"])
        rule = "far_rows" if t.effect >= params["far_auc"] else "rows"
        whole = [
            Finding(
                "whole rows",
                t.effect,
                f"AUC below {params['min_auc']:g}; from {params['far_auc']:g} on it is another population",
                t.p,
                t.effect,
                params["min_auc"],
                t.what,
                rule=rule,
            )
        ]
    predictions = []
    for at, label in enumerate([""] if answers.ndim == 1 else contract["problem"]["classes"]):
        if len(contract["problem"].get("classes") or []) == 2 and at == 0:
            continue  # the other class's probability says the same
        now, was = (x if x.ndim == 1 else x[:, at] for x in (answers, bundle.answers))
        t = compare_numbers(was, now)
        of = f'probability of "{label}"' if label else "predictions"
        predictions.append(
            Finding("prediction distribution", t.effect, expected, t.p, t.effect, floor, f"{of}: {t.what}", label)
        )
    return {"columns": columns, "relations": relations, "rows": whole, "predictions": predictions}

"""Is it good enough? What the evaluation says, held against the criteria, the naive baseline and the floor of slices."""

from __future__ import annotations

from typing import Any

from lifecycle.evaluate.slices import named, ranked, surely_below, weakest
from lifecycle.gate.check import Check
from lifecycle.table.contract import Problem


def check_criteria(problem: Problem, evaluation: dict[str, Any]) -> list[Check]:
    """What problem.criteria asks for, each on the test rows."""
    out = []
    for criterion in problem.required:
        value = evaluation["metrics"][criterion.metric]["value"]
        name, why = f"criterion {criterion.metric}", "params.yaml: problem.criteria"
        out.append(Check(name, value, str(criterion), criterion.holds(value), why))
    return out


def check_baseline(evaluation: dict[str, Any]) -> Check:
    """Better than the naive baseline by more than chance: the whole paired interval is above zero."""
    low = evaluation["score"]["gain"]["low"]
    passed = low is not None and low > 0
    why = "the features may say nothing about the target, or there are too few test rows to show that they do"
    if passed:
        why = "the answer of one who sees no feature must be beaten by more than the paired interval"
    return Check("beats the naive baseline", low, "lower end of the gain > 0", passed, why)


def check_slices(evaluation: dict[str, Any], floor: float) -> Check:
    """No slice is surely below the floor, given that many slices are looked at."""
    name, required = "no slice below the floor", f"no skill surely below {floor:g}"
    slices = [one for one in ranked(evaluation["slices"]) if one["skill"] is not None]
    if not slices:
        return Check(name, "no slices", required, True, "no slice has enough test rows")
    why = f"the weakest of {len(slices)} by skill over its own baseline: {weakest(slices, evaluation['slice_metric'])}"
    below = surely_below(slices, floor)
    if below and below != slices[:1]:
        why += f"; surely below: {', '.join(named(one) for one in below[:5])}"
    return Check(name, slices[0]["skill"], required, not below, why)

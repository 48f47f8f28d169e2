"""Is it good enough? What the evaluation says, held against the criteria, the naive baseline and the floor of slices."""

from __future__ import annotations

from typing import Any

from lifecycle.evaluate.decision import OutOfFold
from lifecycle.evaluate.slices import named, ranked, surely_below, weakest
from lifecycle.gate.check import Check
from lifecycle.ground.metrics import METRICS, OF_GROUPS
from lifecycle.ground.words import percent, short
from lifecycle.table.contract import Problem


def check_criteria(problem: Problem, evaluation: dict[str, Any]) -> list[Check]:
    """What problem.criteria asks for, each on the test rows."""
    out = []
    for criterion in problem.required:
        of_metric = evaluation["metrics"].get(criterion.metric)
        value = of_metric["value"] if of_metric else evaluation["judged"].get(criterion.metric)
        name, why = f"criterion {criterion.metric}", "params.yaml: problem.criteria"
        if criterion.metric in OF_GROUPS:
            why += f"; {of_groups(evaluation['groups'])}"
        out.append(Check(name, value, str(criterion), criterion.holds(value), why))
    return out


def of_groups(groups: list[dict[str, Any]]) -> str:
    """Which groups were compared, and what of."""
    said = []
    for one in groups:
        ratio = one["demographic_parity_ratio"]
        text = f"{one['column']}: too few groups with enough rows, or no row is selected"
        if ratio is not None:
            text = f"{one['column']}: the selection rate of {one['lowest']} is {percent(ratio)} of that of {one['highest']}"
        said.append(text)
    return "; ".join(said) or "no column of problem.protected is in the test rows"


def check_baseline(evaluation: dict[str, Any]) -> Check:
    """Better than the naive baseline by more than chance: the whole paired interval is above zero."""
    low = evaluation["score"]["gain"]["low"]
    passed = low is not None and low > 0
    why = "the features may say nothing about the target, or there are too few test rows to show that they do"
    if passed:
        why = "a guess that ignores every feature must be beaten by more than chance (paired interval)"
    return Check("beats the naive baseline", low, "lower end of the gain > 0", passed, why)


def check_out_of_fold(evaluation: dict[str, Any], oof: OutOfFold | None) -> Check:
    """Out of fold the candidate scores as on the test rows: within half its gain over the baseline there, or chance.

    Else a few rows decide one of the two, such as a total that was learned as a row, or the rows are not of one kind.
    """
    metric = evaluation["metric"] if METRICS[evaluation["metric"]].needs != "classes" else "log_loss"
    test, name = evaluation["metrics"][metric], f"out-of-fold {metric} is near the test's"
    if oof is None:
        return Check(name, None, "out-of-fold predictions", False, "models/candidate has none; `dvc repro train`")
    score = METRICS[metric].function(oof.y_true, oof.prediction, oof.weight)
    chance = max(test["high"] - test["value"], test["value"] - test["low"])
    near = max(abs(test["value"] - test["baseline"]) / 2, 3 * chance)
    passed = abs(score - test["value"]) <= near
    why = f"on the test rows it is {short(test['value'])}"
    if not passed:
        why += (
            "; a few rows decide one of the two (a total, a typing error: see the worst errors in the report), or the test rows "
            "are not like those it was trained on"
        )
    return Check(name, score, f"{short(test['value'])} ± {short(near)}", passed, why)


def check_slices(evaluation: dict[str, Any], floor: float) -> Check:
    """No slice is surely below the floor, given that many slices are looked at."""
    name, required = "no slice below the floor", f"no skill significantly below {floor:g}"
    slices = [one for one in ranked(evaluation["slices"]) if one["skill"] is not None]
    if not slices:
        return Check(name, "no slices", required, True, "no slice has enough test rows")
    why = f"the weakest of {len(slices)} slices, by skill over the baseline on its own rows: {weakest(slices, evaluation['slice_metric'])}"
    below = surely_below(slices, floor)
    if below and below != slices[:1]:
        why += f"; significantly below: {', '.join(named(one) for one in below[:5])}"
    return Check(name, slices[0]["skill"], required, not below, why)

"""Has it changed? Columns one by one, relations between them, whole rows, predictions; and the target, where it is known.

What is compared is in lifecycle.monitor.two_samples; here each comparison becomes a Finding.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lifecycle.ground.params import MonitorParams
from lifecycle.monitor.batches import Live
from lifecycle.monitor.finding import Finding
from lifecycle.monitor.reference import Reference
from lifecycle.monitor.two_samples import Weights, compare, compare_numbers, compare_relations, tell_apart
from lifecycle.table.contract import Contract

KINDS = {"number": "number", "integer": "number", "boolean": "category", "string": "category", "text": "text"}


def drift(
    reference: Reference, live: Live, prediction: np.ndarray, labelled: np.ndarray, params: MonitorParams
) -> dict[str, list[Finding]]:
    """Findings by family. `labelled`: mask of the live rows whose outcome is known."""
    kinds = feature_kinds(reference.contract)
    for column in live.absent:
        kinds.pop(column, None)
    columns = [changed_column(reference, live.rows, column, kind, "column", params) for column, kind in kinds.items()]
    if labelled.sum() >= params.min_labels:
        problem = reference.contract.problem
        kind = "number" if problem.task == "regression" else "category"
        columns.append(changed_column(reference, live.rows[labelled], problem.target, kind, "target", params))
    weights = weights_of(reference, live.rows)
    return {
        "columns": [finding for finding in columns if finding is not None],
        "relations": changed_relations(reference.rows, live.rows, kinds, params, weights),
        "rows": changed_rows(reference.rows, live.rows, kinds, params, weights),
        "predictions": changed_predictions(reference, prediction, params, weights),
    }


def weights_of(reference: Reference, live: pd.DataFrame) -> Weights | None:
    """Of the reference's rows and of the live ones, where the contract has a weight column."""
    before, now = reference.weight, reference.weights_of(live)
    return None if before is None or now is None else Weights(before, now)


def feature_kinds(contract: Contract) -> dict[str, str]:
    """{column: number | category | text} of the features whose distribution should stay; dates move by themselves."""
    return {f.name: KINDS[f.type] for f in contract.used(("feature",)) if f.type in KINDS}


def changed_column(
    reference: Reference, live: pd.DataFrame, column: str, kind: str, what: str, params: MonitorParams
) -> Finding | None:
    """None where too few cells are filled to compare."""
    before, now = reference.rows[column], live[column]
    field = reference.contract.by_name[column]
    if field.type == "boolean":
        words = {float(value): field.boolean_word(value) for value in (False, True)}
        before, now = before.map(words), now.map(words)
    found = compare(kind, before, now, weights_of(reference, live))
    if found is None:
        return None
    name, why = f"{what} distribution", f'"{column}": {found.what}'
    return Finding(name, found.effect, _elsewhere(params), found.p, found.effect, params.min_effect, why, column)


def changed_relations(
    reference: pd.DataFrame,
    live: pd.DataFrame,
    kinds: dict[str, str],
    params: MonitorParams,
    weights: Weights | None = None,
) -> list[Finding]:
    floor = params.min_correlation
    expected = f"moves by less than {floor:g}"
    tabular = {column: kind for column, kind in kinds.items() if kind != "text"}
    out = []
    for one, other, found in compare_relations(reference, live, tabular, weights):
        pair, why = f"{one} ~ {other}", f'"{one}" with "{other}": {found.what}'
        out.append(Finding("relation of columns", found.effect, expected, found.p, found.effect, floor, why, pair))
    return out


def changed_rows(
    reference: pd.DataFrame,
    live: pd.DataFrame,
    kinds: dict[str, str],
    params: MonitorParams,
    weights: Weights | None = None,
) -> list[Finding]:
    if not kinds:
        return []
    floor, far = params.min_auc, params.far_auc
    found = tell_apart(reference, live, kinds, params.classifier_rows, params.random_state, weights)
    expected = f"AUC below {floor:g}; from {far:g} on it is another population"
    rule = "far_rows" if found.effect >= far else "rows"
    return [Finding("whole rows", found.effect, expected, found.p, found.effect, floor, found.what, rule=rule)]


def changed_predictions(
    reference: Reference, prediction: np.ndarray, params: MonitorParams, weights: Weights | None = None
) -> list[Finding]:
    floor = params.min_effect
    out = []
    for label, now, before in by_class(reference, prediction):
        found = compare_numbers(before, now, weights)
        of = f'probability of "{label}"' if label else "predictions"
        why = f"{of}: {found.what}"
        name = "prediction distribution"
        out.append(Finding(name, found.effect, _elsewhere(params), found.p, found.effect, floor, why, label))
    return out


def by_class(reference: Reference, prediction: np.ndarray) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(class, its probability in live rows, in the reference's); of two classes the positive one, whose other says the same; of
    a regression once, without a class."""
    if prediction.ndim == 1:
        yield "", prediction, reference.prediction
        return
    classes = reference.contract.problem.classes
    for code, label in enumerate(classes):
        if len(classes) != 2 or code == 1:
            yield label, prediction[:, code], reference.prediction[:, code]


def _elsewhere(params: MonitorParams) -> str:
    return f"less than {params.min_effect:.0%} of rows lie elsewhere"
